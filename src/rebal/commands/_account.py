"""The accounts at the portfolio's exchanges: how each is asked, and what it is held against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

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
    from rebal.exchange import Deadline
    from rebal.exchange.accounts import Asking
    from rebal.exchange_account import Account as Told
    from rebal.findings import Finding
    from rebal.ledger import Entry
    from rebal.plan import Inputs
    from rebal.planner.review import Check, Review
    from rebal.portfolio import Account, Portfolio
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

    def checks(
        self, book: Opened, where: Where, world: World, *, down: "dict[str | None, Unavailable] | None" = None
    ) -> "tuple[Check, ...]":
        """What the accounts have otherwise than the book, for a status to tell.

        ``down``: gets by account why one is not to be had, of which nothing is told then; without it that is raised.
        Raises what ``lines`` and ``read`` do.
        """
        if not self.reconcile:
            return ()
        asked = lines(book.portfolio, world, timeout=where.timeout)
        told = read(asked, self, told_by(book.portfolio, book.entries), down=down)
        return (_differences(reconciled(book, told)),) if told else ()


def _differences(report: "Reconciliation") -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, warning
        from rebal.names import within
        from rebal.reconcile.report import is_unrecorded, place

        several = report.venue is None  # those that are not to be had may leave one of them

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
                f"has {plain(line.coins_exchange)} in the {place(line, several=several)}, and the book "
                f"{plain(line.coins)}: rebal record exchange"
            )
            figures = {"coins": line.coins, "coins_exchange": line.coins_exchange}
            subject = within(line.account if several else None, line.asset)
            yield warning(Code.ACCOUNT_DIFFERS, subject, message, **figures)

    return check


Lines = Mapping[str | None, "Asking"]
"""A line to the venue of each account, by the account's name as the book has it: None of the one that there is."""

_Answer = TypeVar("_Answer")


def lines(portfolio: "Portfolio", world: World, *, timeout: str | None) -> "Lines":
    """Lines with their keys, one deadline for all of them. Raises UsageProblem and Unavailable."""
    from rebal import venues
    from rebal.exchange import Deadline

    for account in portfolio.accounts:
        if account.venue is None or account.venue not in venues.names():
            whose = f"the account {account.name}" if portfolio.has_several else "the portfolio"
            raise UsageProblem(f"{whose} names no venue of the catalogue, so there is no account to read")
    if world.network is None or world.environment is None:
        raise Unavailable("there is no network to be had")
    _refuse_shared_keys(portfolio)
    deadline = Deadline(world.network, seconds(timeout))
    return {
        portfolio.account_key(each.name): _line(each, portfolio, world, deadline=deadline)
        for each in portfolio.accounts
    }


def _line(account: "Account", portfolio: "Portfolio", world: World, *, deadline: "Deadline") -> "Asking":
    from rebal.exchange import opened
    from rebal.exchange.accounts import Asking
    from rebal.exchange.keys import keys
    from rebal.exchange_account import named
    from rebal.market.contract import Contract

    assert account.venue is not None
    assert world.network is not None
    assert world.environment is not None
    key, known = portfolio.account_key(account.name), contracts_known(portfolio)
    venue, now = shelf(world).venue(account.venue), world.now

    def contract(name: str) -> Contract | None:
        return portfolio.contracts.get(named(key, name, known)) or venue.contract(name, now)

    secrets = keys(account.venue, world.environment, owner=_owner(account, portfolio))
    line = opened(account.venue, world.network, deadline=deadline, keys=secrets)
    return Asking(line, contract, _coins(key, portfolio), linear=_is_linear(key, portfolio))


def _coins(key: str | None, portfolio: "Portfolio") -> frozenset[str]:
    """The coins that the portfolio knows of at an account."""
    settled = {each.settle for each in portfolio.contracts.values() if key in (None, each.account)}
    return frozenset(settled | _wallets(key, portfolio))


def _wallets(key: str | None, portfolio: "Portfolio") -> set[str]:
    wallets = (wallet.rpartition(":") for wallet in portfolio.statement.wallets)
    return {asset for at, _, asset in wallets if at == (key or "")}


def _is_linear(key: str | None, portfolio: "Portfolio") -> bool:
    """Whether what is held margins linear contracts of an account."""
    from rebal.market.contract import Kind

    linear = [each for each in portfolio.contracts.values() if each.kind is Kind.LINEAR and key in (None, each.account)]
    return not {each.settle for each in linear}.isdisjoint({*portfolio.statement.holdings, *_wallets(key, portfolio)})


def _owner(account: "Account", portfolio: "Portfolio") -> str | None:
    """Whose name an account's keys bear: its own where several are at its venue, else the venue's."""
    alone = [each.venue for each in portfolio.accounts].count(account.venue) == 1
    return None if alone else account.name


def _refuse_shared_keys(portfolio: "Portfolio") -> None:
    """Raise UsageProblem where two accounts would be read with one key: the second would be told as the first."""
    from rebal.exchange.keys import spelled

    seen: dict[str, str] = {}
    for account in portfolio.accounts:
        name = spelled(_owner(account, portfolio) or account.venue or "")
        if name in seen:
            raise UsageProblem(
                f"the accounts {seen[name]} and {account.name} would both be read with REBAL_{name}_KEY; name one of "
                "them otherwise"
            )
        seen[name] = account.name or ""


def contracts_known(portfolio: "Portfolio", entries: "Sequence[Entry]" = ()) -> Mapping[str, str]:
    """The account of each contract that the file or its journal speaks of, by the name that it has there."""
    from rebal.ledger import Fill

    fills = {entry.event.contract: entry.event.account or "" for entry in entries if isinstance(entry.event, Fill)}
    return {**fills, **{name: contract.account for name, contract in portfolio.contracts.items()}}


def told_by(portfolio: "Portfolio", entries: "Sequence[Entry]") -> "Callable[[str | None, Asking], Told]":
    """How an account is read: what it holds now, its contracts as the file and its journal call them."""
    known = contracts_known(portfolio, entries)

    def state(key: str | None, line: "Asking") -> "Told":
        from rebal import exchange_account
        from rebal.exchange import accounts

        return exchange_account.at(key, accounts.state(line), known)

    return state


def read(
    lines: "Lines",
    access: Access,
    how: "Callable[[str | None, Asking], _Answer]",
    *,
    down: "dict[str | None, Unavailable] | None" = None,
) -> "dict[str | None, _Answer]":
    """What each account tells, side by side, with keys that only read.

    ``down``: gets by account why one is not to be had, which is raised without it. Raises Refused for a key that may
    do more.
    """
    from rebal.exchange.together import together

    def ask(key: str | None, line: "Asking") -> "_Answer | Unavailable":
        refuse_rights(line, access)
        return how(key, line)

    asks = [partial(ask, key, line) for key, line in lines.items()]
    deadline = next(iter(lines.values())).line.deadline
    answers = together(asks, deadline, failed=None if down is None else lambda error: error)
    if down is not None:
        down |= {key: each for key, each in zip(lines, answers, strict=True) if isinstance(each, Unavailable)}
    return {key: each for key, each in zip(lines, answers, strict=True) if not isinstance(each, Unavailable)}


def may_ask(venue: str, access: Access) -> bool:
    """Whether a key may be used where nothing but more figures are wanted: it is told what it may do, or allowed."""
    from rebal.exchange import accounts

    return access.allow_trading_key or accounts.tells_rights(venue)


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


def reconciled(book: Opened, told: "Mapping[str | None, Told]") -> "Reconciliation":
    """The accounts beside an opened book."""
    return beside(book.portfolio, book.book, told, entries=book.entries, inputs=book.inputs)


def beside(
    portfolio: "Portfolio",
    book: "Book",
    told: "Mapping[str | None, Told]",
    *,
    entries: "Sequence[Entry]",
    inputs: "Inputs",
) -> "Reconciliation":
    """The accounts beside the book that entries lead to."""
    from rebal.planner.status import build_status
    from rebal.reconcile.report import Ends, reconcile

    positions = build_status(portfolio, book, inputs=inputs).positions if book.positions else ()
    return reconcile(
        portfolio,
        book,
        told,
        inputs=inputs,
        ends=Ends(
            {each.contract: each.liquidation_price for each in positions},
            {each.contract: each.liquidation_estimate for each in positions},
        ),
        booked=_booked(portfolio, entries),
    )


def _booked(portfolio: "Portfolio", entries: "Sequence[Entry]") -> dict[str, int]:
    """By wallet, the fills and payments of funding that the book has since its statement."""
    from rebal.ledger import Fill, Funding
    from rebal.names import within

    counts: dict[str, int] = {}
    for entry in entries:
        later = portfolio.as_of is not None and entry.time > portfolio.as_of and entry.voided_by is None
        if later and isinstance(entry.event, Fill | Funding):
            wallet = within(entry.event.account, entry.event.settle)
            counts[wallet] = counts.get(wallet, 0) + 1
    return counts
