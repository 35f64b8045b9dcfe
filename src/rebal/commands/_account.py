"""The account at the portfolio's exchange: how it is asked, and what it is held against."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.amounts import plain
from rebal.commands._answer import World
from rebal.commands._book import Opened
from rebal.commands._market import seconds
from rebal.commands._options import Where, shelf
from rebal.errors import Refused, Unavailable, UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.exchange.accounts import Asking
    from rebal.exchange_account import Account
    from rebal.findings import Finding
    from rebal.ledger import Entry
    from rebal.plan import Inputs
    from rebal.planner.review import Check, Review
    from rebal.portfolio import Portfolio
    from rebal.reports.reconciliation import Reconciliation


@frozen
class Access:
    """How an account is read."""

    allow_trading_key: Annotated[
        bool,
        typer.Option("--allow-trading-key", help="Read with a key of which the exchange does not tell what it may do."),
    ] = False


@frozen
class Reconciling(Access):
    """Whether a status looks at the account as well."""

    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Hold the account at the exchange against the book as well.")
    ] = False

    def refuse_many(self) -> None:
        """Raise UsageProblem where many portfolios are asked about."""
        if self.reconcile:
            raise UsageProblem("--reconcile reads the account of one portfolio; run it for each by itself")

    def checks(self, book: Opened, where: Where, world: World) -> "tuple[Check, ...]":
        """What the account has otherwise than the book, for a status to tell. Raises what ``asking`` does."""
        if not self.reconcile:
            return ()
        from rebal.exchange import accounts

        report = reconciled(book, accounts.state(asking(book.portfolio, world, self, timeout=where.timeout)))
        return (_differences(report),)


def _differences(report: "Reconciliation") -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, warning
        from rebal.reconcile.report import is_unrecorded

        for pair in report.positions:
            figures = {"contracts": pair.contracts, "contracts_exchange": pair.contracts_exchange}
            there = f"has {plain(pair.contracts_exchange)} contracts at the exchange"
            if is_unrecorded(pair):
                message = f"{there} that nobody recorded: rebal record exchange"
                yield warning(Code.POSITION_UNRECORDED, pair.contract, message, **figures)
            elif pair.difference:
                message = f"{there}, and {plain(pair.contracts)} in the book: rebal record exchange"
                yield warning(Code.ACCOUNT_DIFFERS, pair.contract, message, **figures)
            elif not pair.agrees:
                message = "is another position at the exchange than in the book; see rebal reconcile"
                yield warning(Code.ACCOUNT_DIFFERS, pair.contract, message, **figures)
        for line in (each for each in report.coins if not each.agrees):
            message = (
                f"has {plain(line.coins_exchange)} in the {line.place} account, and the book {plain(line.coins)}: "
                "rebal record exchange"
            )
            figures = {"coins": line.coins, "coins_exchange": line.coins_exchange}
            yield warning(Code.ACCOUNT_DIFFERS, line.asset, message, **figures)

    return check


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
    if portfolio.has_several:
        raise UsageProblem("the portfolio has several accounts; an account is read for a file with one")
    venue, now = shelf(world).venue(portfolio.venue), world.now

    def contract(name: str) -> Contract | None:
        return portfolio.contracts.get(name) or venue.contract(name, now)

    deadline = Deadline(world.network, seconds(timeout))
    line = opened(portfolio.venue, world.network, deadline=deadline, keys=keys(portfolio.venue, world.environment))
    coins = {*portfolio.statement.wallets, *(each.settle for each in portfolio.contracts.values())}
    found = Asking(line, contract, frozenset(coins))
    refuse_rights(found, access)
    return found


def refuse_rights(asking: "Asking", access: Access) -> None:
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
