"""What is open now: the statement and every entry later than it, in one pass."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from rebal import book as of
from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Book, HedgeAsked, Spot, Traded, Transfer, apply
from rebal.errors import InvalidInput, Problem
from rebal.frozen import frozen
from rebal.ledger import Difference, Entry, Fill, Funding, Ordered, Stated, Void
from rebal.market.contract import Contract
from rebal.portfolio import DOLLARS, Portfolio
from rebal.stated import contract_of

_TOLD = (Void, Stated, Difference, Ordered)
"""Entries that tell of others, of a statement or of what is to happen: what they say happened elsewhere, if at all."""


@frozen
class Folded:
    """The book that is open now.

    ``earlier``: how many of the standing entries are not later than the statement, which holds them already.
    """

    book: Book
    earlier: int = 0


def fold(portfolio: Portfolio, entries: Iterable[Entry]) -> Folded:
    """Apply to the statement the entries later than its ``as_of``, in the order of their times; voided ones never were.

    Earlier entries are a part of the statement already. Raises InvalidInput where entries meet a statement without
    ``as_of``, where a contract is no longer what an entry says it was, and where the market has no price for what is
    open.
    """
    standing = in_order(entries)
    if not standing:
        return Folded(portfolio.statement)
    as_of = dated(portfolio)
    earlier = [entry for entry in standing if entry.time <= as_of]
    later = standing[len(earlier) :]
    applied = apply(portfolio.statement, happened(portfolio, later))
    book = replace(applied.book, positions=dict(sorted(applied.book.positions.items())))
    _refuse_unpriced(book, portfolio)
    return Folded(book, len(earlier))


def reached(portfolio: Portfolio, entries: Iterable[Entry]) -> Book:
    """The book that the later entries lead to, for events that follow."""
    later = [entry for entry in in_order(entries) if entry.time > dated(portfolio)]
    return apply(portfolio.statement, happened(portfolio, later)).book


def happened(portfolio: Portfolio, entries: Iterable[Entry]) -> Iterator[of.Event]:
    """What standing entries did to the book, each contract as it is known now, else as it was when it was traded.

    Raises InvalidInput where a contract is no longer what a fill says it was.
    """
    known = {name: position.contract for name, position in portfolio.statement.positions.items()}
    for entry in entries:
        event = entry.event
        _refuse_nowhere(entry, portfolio)
        match event:
            case Fill():
                contract = known.get(event.contract) or portfolio.contracts.get(event.contract) or as_recorded(event)
                _refuse_changed(contract, event, portfolio)
                yield to_book(event, known.setdefault(event.contract, contract))
            case Funding():
                yield of.Funding(event.contract, event.settle, event.amount, event.account)
            case Void() | Stated() | Difference() | Ordered():
                pass
            case Transfer() | Spot() | HedgeAsked():
                yield event
            case _:
                assert_never(event)


def to_book(event: Fill, contract: Contract) -> of.Fill:
    """A recorded fill as what it does to a book."""
    parts = tuple(Traded(part.purpose, part.contracts, part.stands_for) for part in event.parts)
    return of.Fill(contract, event.contracts, event.price, event.fee, parts, event.margin_mode)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """What happened and stands, by time; what is of the same time in the order of recording."""
    standing = (entry for entry in entries if entry.voided_by is None and not isinstance(entry.event, _TOLD))
    return sorted(standing, key=lambda entry: (entry.time, entry.seq))


def dated(portfolio: Portfolio) -> datetime:
    """When the statement was true. Raises InvalidInput where the file does not say."""
    if portfolio.as_of is None:
        raise _invalid(
            portfolio, "as_of", "is missing, and the journal cannot tell what the statement holds already",
            "say when holdings, wallets and positions were true"
        )  # fmt: skip
    return portfolio.as_of


def repeats(portfolio: Portfolio, entries: Iterable[Entry]) -> bool:
    """Whether the statement's positions are those that the later entries led to: it holds them twice, most likely.

    Told by every contract whose net the entries changed: the statement has what the first fill met plus all fills.
    """
    if portfolio.as_of is None:
        return False
    led_to: dict[str, Fraction] = {}
    changed: dict[str, Fraction] = {}
    for entry in in_order(entries):
        event = entry.event
        if isinstance(event, Fill) and entry.time > portfolio.as_of:
            before = led_to.get(event.contract, event.contracts_before or ZERO)
            led_to[event.contract] = before + event.contracts
            changed[event.contract] = changed.get(event.contract, ZERO) + event.contracts
    moved = [name for name, contracts in changed.items() if contracts]
    stated = portfolio.statement.positions
    return bool(moved) and all((stated[name].contracts if name in stated else ZERO) == led_to[name] for name in moved)


def as_recorded(event: Fill) -> Contract:
    """The contract of a fill that no catalogue knows any more: unlisted, its margin assumed."""
    return contract_of(
        event.contract, asset=event.asset, kind=event.kind, multiplier=event.multiplier, settle=event.settle,
        expiry=event.expiry, account=event.account,
    )  # fmt: skip


def matches(contract: Contract, event: Fill) -> bool:
    """Whether a contract pays as the one that was traded did."""
    now = (contract.asset, contract.kind, contract.multiplier, contract.settle)
    return now == (event.asset, event.kind, event.multiplier, event.settle)


def _refuse_nowhere(entry: Entry, portfolio: Portfolio) -> None:
    """Raise InvalidInput for an entry that belongs to no account of the file: it was of one account, or of others."""
    event, known = entry.event, {portfolio.account_key(account.name) for account in portfolio.accounts}
    if isinstance(event, (Fill, Funding, Transfer)) and event.account not in known:
        at = f"at {event.account}" if event.account else "of before there were several accounts"
        raise _invalid(portfolio, "accounts", f"do not tell where entry {entry.id} belongs, which is {at}",
                       "say under as_of when they were true, after that entry")  # fmt: skip


def _refuse_changed(contract: Contract, event: Fill, portfolio: Portfolio) -> None:
    if not matches(contract, event):
        raise _invalid(portfolio, f"contracts.{event.contract}", "is not what the journal's fills were of",
                       f"write it under contracts: as it was, {_specification(event)}")  # fmt: skip


def _specification(event: Fill) -> str:
    return f"asset: {event.asset}, kind: {event.kind}, multiplier: {plain(event.multiplier)}, settle: {event.settle}"


def _refuse_unpriced(book: Book, portfolio: Portfolio) -> None:
    prices = portfolio.market.prices
    needed = {asset for asset, quantity in book.holdings.items() if quantity}
    pooled = {portfolio.at(account.name) for account in portfolio.pools}  # where whatever is there backs what is open
    parted = (wallet.rpartition(":") for wallet, balance in book.wallets.items() if balance)
    needed.update(asset for at, _, asset in parted if at in pooled)
    for position in book.positions.values():
        needed.update((position.contract.asset, position.contract.settle))
        needed.update(part.stands_for for part in position.parts)
    dollars = portfolio.cash | {DOLLARS}
    missing = sorted(needed - dollars - portfolio.aside - prices.keys())
    if missing:
        raise InvalidInput(
            Problem(portfolio.file, 0, 0, f"market.prices.{asset}", "is missing, and the journal has left some open",
                    None, "add its price")
            for asset in missing
        )  # fmt: skip


def _invalid(portfolio: Portfolio, path: str, problem: str, instead: str) -> InvalidInput:
    return InvalidInput([Problem(portfolio.file, 0, 0, path, problem, None, instead)])
