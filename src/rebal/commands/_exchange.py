"""``rebal record exchange``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands import _asked
from rebal.commands._account import Access, beside, contracts_known, lines, read
from rebal.commands._answer import Answer, World
from rebal.commands._book import inputs_of
from rebal.commands._complete import purposes
from rebal.commands._entry import DryRun, Entered, clerk, content
from rebal.commands._entry import told as answered
from rebal.commands._options import Shown, Where
from rebal.commands._typed import pasted

if TYPE_CHECKING:
    from datetime import datetime

    from rebal.exchange.accounts import Asking
    from rebal.exchange_account import Account as Told
    from rebal.exchange_account import Happened
    from rebal.journal.adding import Added
    from rebal.journal.recording import Clerk
    from rebal.ledger import Journal
    from rebal.plan import Inputs
    from rebal.portfolio import Portfolio
    from rebal.reports.reconciliation import Reconciliation
    from rebal.reports.record import Recorded


_Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="What happened from then on, in place of all since the last."),
]
_Plan = Annotated[
    list[str] | None,
    typer.Option("--plan", metavar="FILE", help="A saved plan whose orders were placed; may be repeated."),
]
_Purpose = Annotated[
    str | None,
    typer.Option("--purpose", metavar="NAME", autocompletion=purposes, help="Of fills of no plan: rebalance or hedge."),
]


def exchange(
    world: World,
    *,
    where: Where,
    shown: Shown,
    access: Access,
    since: _Since = None,
    plan: _Plan = None,
    purpose: _Purpose = None,
    dry_run: DryRun = False,
) -> Answer:
    """Record what happened at the exchange: fills, funding, transfers, liquidations.

    Everything is recorded under the exchange's own ids, in one batch: recording it twice changes nothing. Of several
    accounts each is read at its venue, and nothing is recorded where one is not to be had. A fill counts
    for the plan that it filled, by the id that its order was sent under (see --format orders), else by contract, side
    and time; of no plan, for what is open on the contract. Asked is what happened since the last payment that came from
    the exchange, a day of it again, or since as_of. What is left out is said, and what still differs afterwards.

    --dry-run shows it first.
    """
    shown.check(world)
    aim = _asked.purpose(purpose, option="--purpose")
    first = None if since is None else _asked.day(since, option="--since")
    at = clerk(where, world, Entered(dry_run=dry_run, yes=True))
    from rebal.journal import recording, saved

    plans = [saved.read(*content(file, where, world, is_plan=True)) for file in plan or ()]
    found = read(lines(at.portfolio, world, timeout=where.timeout), access, _reading(at, first))
    events = [event for _, happened in found.values() for event in happened]
    told = {key: state for key, (state, _) in found.items()}

    def left(added: "Added") -> "Reconciliation":
        inputs = inputs_of(at.portfolio, where, world, journal=added.after)
        return _left(at.portfolio, told, added.after, inputs)

    recorded = recording.exchange(at, events, plans, purpose=aim, left=left)
    again, notes = where.again(world), (*recorded.notes, *_unlisted(recorded, at.portfolio, told))
    recorded = replace(recorded, notes=tuple(pasted(note, again) for note in notes))
    return answered(recorded, at, where=where, shown=shown, world=world)


_Read = tuple["Told", "tuple[Happened, ...]"]


def _reading(at: "Clerk", first: "datetime | None") -> "Callable[[str | None, Asking], _Read]":
    """How an account is read: what it holds now, and what happened there up to now."""
    from rebal import exchange_account, journal
    from rebal.exchange import accounts
    from rebal.journal import from_exchange

    recorded = journal.read(at.path)
    known = contracts_known(at.portfolio, recorded.entries)

    def both(key: str | None, line: "Asking") -> _Read:
        start = from_exchange.start(at.portfolio, recorded, key) if first is None else first
        state, happened = accounts.state(line), accounts.happened(line, start, at.now)
        named = tuple(exchange_account.happened_at(key, event, known) for event in happened)
        return exchange_account.at(key, state, known), named

    return both


def _left(
    portfolio: "Portfolio", told: "Mapping[str | None, Told]", journal: "Journal", inputs: "Inputs"
) -> "Reconciliation":
    """The accounts beside what the journal now adds up to."""
    from rebal.journal.fold import fold

    entries = journal.entries
    return beside(portfolio, fold(portfolio, entries).book, told, entries=entries, inputs=inputs)


def _unlisted(recorded: "Recorded", portfolio: "Portfolio", told: Iterable[str | None]) -> Iterator[str]:
    """Where something differs, what the venues list nowhere, which that may be."""
    from rebal.exchange.accounts import untold

    for venue in sorted({portfolio.account(key or "").venue or "" for key in told}) if recorded.differences else ():
        if words := untold(venue):
            yield (
                f"{venue} lists no {words}: what differs may be those; take them from its pages with rebal record "
                "funding and rebal record transfer"
            )
