"""``rebal history``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import day
from rebal.commands._book import journal_of, refuse_missing
from rebal.commands._options import Shown, Where
from rebal.errors import UsageProblem

EXAMPLES = ("rebal history", "rebal history --since 2026-11-01", "rebal history --format json --out history.json")


def history(
    world: World,
    *,
    where: Where,
    shown: Shown,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Entries and totals from then on.")
    ] = None,
) -> Answer:
    """Show the journal: what was done, what it brought, what is open, how hedges did.

    json and csv hold every column, so that 'rebal record from' can rebuild the journal from them.
    """
    shown.check(world)
    first = None if since is None else day(since, option="--since")
    portfolio = where.read(world)
    path = journal_of(where.path(world), where.journal, portfolio)
    if path is None:
        raise UsageProblem("a portfolio from stdin has no journal; give --journal FILE")
    refuse_missing(where.journal)
    from rebal import journal
    from rebal.journal import report

    files = tuple(file for file in (where.path(world), *where.market_files(), path) if file is not None)
    made = report.history(portfolio, journal.read(path), since=first, now=where.time(world))
    return shown.answer(made, world, portfolio=portfolio, inputs=files, where=where)
