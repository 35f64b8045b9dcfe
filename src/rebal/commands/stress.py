"""``rebal stress``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened, opened
from rebal.commands._options import Shown, Source
from rebal.commands._shocks import scenario, strain
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.planner.review import Check
    from rebal.stress.report import Scenario

EXAMPLES = (
    "rebal stress portfolio.yaml",
    "rebal stress --shock -35% --shock BTC=-40%,ETH=-55%",
    "rebal stress --planned --format json",
    "rebal stress --funding-times 5 --for 30d --basis -2%",
)


@frozen
class Under:
    """What the book is put under, beside the ladder of shocks and the scenarios of the file."""

    shocks: Annotated[
        list[str] | None,
        typer.Option("--shock", metavar="MOVE", help="One more scenario: -35% of all coins, or BTC=-40%,ETH=-55%."),
    ] = None
    basis: Annotated[
        str | None, typer.Option("--basis", metavar="PERCENT", help="Added to every basis before prices move.")
    ] = None
    funding_times: Annotated[
        str | None,
        typer.Option("--funding-times", metavar="N", help="Today's funding so many times over; 30 days of it."),
    ] = None
    funded_for: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="How long funding is paid before prices move.")
    ] = None
    fails: Annotated[
        str | None, typer.Option("--fail", metavar="ACCOUNT", help="An account that is gone, its positions with it.")
    ] = None


def stress(
    world: World,
    *,
    source: Source,
    shown: Shown,
    under: Under,
    planned: Annotated[
        bool, typer.Option("--planned", help="The book as the plan would leave it, not as it stands.")
    ] = False,
) -> Answer:
    """Put the book under shocks: who is liquidated, what would save it.

    All coins from -80 % to +200 %, and the scenarios of the file: the book unhedged, hedged and as if rebalanced in
    spot; each wallet's margin, which is liquidated first, and the coins that would bring it through. Coins that a
    scenario does not name stay where they are. A liquidated wallet loses all that backs it.
    """
    shown.check(world)
    now = source.time(world)
    strained = strain(basis=under.basis, funding_times=under.funding_times, funded_for=under.funded_for, now=now)
    book = opened(source, world, targets_for="stress --planned" if planned else None)
    from rebal.stress.report import build_stress, scenarios_of

    held, checks = _left(under, book, planned=planned)
    report = build_stress(
        book.portfolio,
        held,
        inputs=book.inputs,
        scenarios=scenarios_of(book.portfolio, _asked(under, book)),
        strain=strained,
        planned=planned,
        extra=checks,
    )
    return shown.answer(report, world, portfolio=book.portfolio, inputs=book.files, where=source)


def _left(under: Under, book: Opened, *, planned: bool) -> "tuple[Book, tuple[Check, ...]]":
    """The book, without the account that fails where one does, and what is to be said of it."""
    if under.fails is None:
        return book.book, book.checks
    if planned:
        raise UsageProblem("--fail goes with the book as it stands, so not with --planned")
    from rebal.stress.failing import failing, without

    known = [each.name for each in book.portfolio.accounts if each.name is not None]
    if under.fails not in known:
        raise UsageProblem(f"--fail {under.fails}: is no account of this file; it has {', '.join(known) or 'no name'}")
    account = book.portfolio.account(under.fails)
    told = failing(account, book.book, book.portfolio)
    return without(account, book.book, book.portfolio), (*book.checks, told)


def _asked(under: Under, book: Opened) -> "list[Scenario]":
    return [scenario(text, book.book, book.portfolio) for text in under.shocks or ()]
