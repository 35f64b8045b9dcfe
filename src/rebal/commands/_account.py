"""The account at the portfolio's exchange: how it is asked, and what it is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import World
from rebal.commands._book import Opened
from rebal.commands._market import seconds
from rebal.errors import Refused, Unavailable, UsageProblem

if TYPE_CHECKING:
    from rebal.account import Account
    from rebal.book import Book
    from rebal.exchange.accounts import Asking
    from rebal.ledger import Entry
    from rebal.plan import Inputs
    from rebal.portfolio import Portfolio
    from rebal.reports.reconciliation import Reconciliation


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Access:
    """How an account is read."""

    allow_trading_key: Annotated[
        bool,
        typer.Option("--allow-trading-key", help="Read with a key of which the exchange does not tell what it may do."),
    ] = False


def asking(portfolio: "Portfolio", world: World, access: Access, *, timeout: str | None) -> "Asking":
    """A line to the portfolio's venue with keys that only read. Raises UsageProblem, Refused and Unavailable."""
    from rebal import venues
    from rebal.exchange import Deadline, opened
    from rebal.exchange.accounts import Asking
    from rebal.exchange.keys import keys
    from rebal.market.contract import Contract

    if portfolio.venue is None or portfolio.venue not in venues.names():
        raise UsageProblem("the portfolio names no venue of the catalogue, so there is no account to read")
    if world.network is None or world.environment is None:
        raise Unavailable("there is no network to be had")
    if portfolio.several:
        raise UsageProblem("the portfolio has several accounts; an account is read for a file with one")
    venue, now = venues.venue(portfolio.venue), world.now

    def contract(name: str) -> Contract | None:
        return portfolio.contracts.get(name) or venue.contract(name, now)

    deadline = Deadline(world.network, seconds(timeout))
    line = opened(portfolio.venue, world.network, deadline=deadline, keys=keys(portfolio.venue, world.environment))
    coins = {*portfolio.statement.wallets, *(each.settle for each in portfolio.contracts.values())}
    found = Asking(line, contract, frozenset(coins & {*portfolio.holdings, *portfolio.cash, *coins}))
    _refuse_rights(found, access)
    return found


def _refuse_rights(asking: "Asking", access: Access) -> None:
    """Raise Refused for a key that may do more than read, and for one of which that is not told, unless allowed.

    What is allowed is not to be told: a key that is known to trade or withdraw is refused all the same.
    """
    from rebal.exchange import accounts

    venue, rights = asking.line.venue, accounts.rights(asking)
    if rights is None and not access.allow_trading_key:
        raise Refused(
            f"{venue} does not tell what a key may do; make one that can only read, and say so with --allow-trading-key"
        )
    if rights:
        raise Refused(
            f"{venue}: the key may {', '.join(rights)}, and reading is all it is for; make one that can only read"
        )


def reconciled(book: Opened, account: "Account") -> "Reconciliation":
    """The account beside an opened book."""
    entries = () if book.journal is None else book.journal.entries
    return beside(book.portfolio, book.book, account, entries=entries, inputs=book.inputs)


def beside(
    portfolio: "Portfolio", book: "Book", account: "Account", *, entries: "Sequence[Entry]", inputs: "Inputs"
) -> "Reconciliation":
    """The account beside the book that entries lead to."""
    from rebal.planner.status import build_status
    from rebal.reconcile.report import reconcile

    positions = build_status(portfolio, book, inputs=inputs).positions if book.positions else ()
    return reconcile(
        portfolio,
        book,
        account,
        inputs=inputs,
        liquidations={each.contract: each.liquidation_price for each in positions},
        booked=_booked(portfolio, entries),
    )


def _booked(portfolio: "Portfolio", entries: "Sequence[Entry]") -> dict[str, int]:
    """By coin, the fills and payments of funding that the book has since its statement."""
    from rebal.ledger import Fill, Funding

    counts: dict[str, int] = {}
    for entry in entries:
        later = portfolio.as_of is not None and entry.time > portfolio.as_of and entry.voided_by is None
        if later and isinstance(entry.event, Fill | Funding):
            counts[entry.event.settle] = counts.get(entry.event.settle, 0) + 1
    return counts
