"""``rebal record exchange``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands import _asked
from rebal.commands._account import Access, asking, beside
from rebal.commands._answer import Answer, World
from rebal.commands._book import inputs_of
from rebal.commands._complete import purposes
from rebal.commands._entry import DryRun, Entered, clerk, content, told
from rebal.commands._options import Shown, Where

if TYPE_CHECKING:
    from datetime import datetime

    from rebal.exchange.accounts import Asking
    from rebal.exchange_account import Account, Happened
    from rebal.journal.adding import Added
    from rebal.journal.recording import Clerk
    from rebal.ledger import Journal
    from rebal.plan import Inputs
    from rebal.portfolio import Portfolio


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

    Everything is recorded under the exchange's own ids, in one batch: recording it twice changes nothing. A fill counts
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
    line = asking(at.portfolio, world, access, timeout=where.timeout)
    account, events = _read(at, line, first)

    def ends(added: "Added") -> Iterable[str]:
        return _left(at.portfolio, account, added.after, inputs_of(at.portfolio, where, world, journal=added.after))

    recorded = recording.exchange(at, events, plans, purpose=aim, ends=ends)
    return told(recorded, at, where=where, shown=shown, world=world)


def _read(at: "Clerk", line: "Asking", first: "datetime | None") -> "tuple[Account, tuple[Happened, ...]]":
    """What the account holds now, and what happened up to now."""
    from rebal import journal
    from rebal.exchange import accounts
    from rebal.journal import from_exchange

    start = from_exchange.start(at.portfolio, journal.read(at.path)) if first is None else first
    return accounts.state(line), accounts.happened(line, start, at.now)


def _left(portfolio: "Portfolio", account: "Account", journal: "Journal", inputs: "Inputs") -> Iterable[str]:
    """What the account has otherwise than the journal now adds up to."""
    from rebal.journal.fold import fold
    from rebal.reconcile.report import differences

    entries = journal.entries
    left = beside(portfolio, fold(portfolio, entries).book, account, entries=entries, inputs=inputs)
    return (f"reconcile: {what}" for what in differences(left) or (left.summary,))
