"""What is open now: the statement and every entry later than it, in one pass."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import assert_never

from rebal import book as of
from rebal.amounts import ZERO, plain, total
from rebal.book import Book, Brought, HedgeAsked, Spot, Traded, Transfer, apply
from rebal.errors import InvalidInput, Problem
from rebal.ledger import Entry, Fill, Funding, Realised, RealisedUsd, Void
from rebal.market.contract import Contract, Kind, fill
from rebal.market.maintenance import assumed
from rebal.portfolio import DOLLARS, Portfolio


@dataclass(frozen=True, slots=True)
class Booked:
    """What one entry brought on a contract: PnL, fee paid and funding received, in coin and dollars of its time."""

    seq: int
    contract: str
    currency: str
    coin: Fraction = ZERO
    usd: Fraction = ZERO
    fee_coin: Fraction = ZERO
    fee_usd: Fraction = ZERO
    funding_coin: Fraction = ZERO
    funding_usd: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Folded:
    """The book that is open now, and what each entry that moved it, or an earlier statement's, brought.

    ``earlier``: how many of the standing entries are not later than the statement, which holds them already.
    """

    book: Book
    booked: tuple[Booked, ...]
    earlier: int = 0


def fold(portfolio: Portfolio, entries: Iterable[Entry]) -> Folded:
    """Apply to the statement the entries later than its ``as_of``, in the order of their times; voided ones never were.

    Earlier entries are a part of the statement already: they only count in what was brought, each fill against the
    position that it met when it was recorded. Raises InvalidInput where entries meet a statement without ``as_of``,
    where a contract is no longer what an entry says it was, and where the market has no price for what is open.
    """
    standing = in_order(entries)
    if not standing:
        return Folded(portfolio.statement, ())
    as_of = dated(portfolio)
    earlier = [entry for entry in standing if entry.time <= as_of]
    later = standing[len(earlier) :]
    applied = apply(portfolio.statement, happened(portfolio, later))
    book = replace(applied.book, positions=dict(sorted(applied.book.positions.items())))
    _refuse_unpriced(book, portfolio)
    booked = [*map(_settled, earlier), *map(_booked, later, applied.brought)]
    return Folded(book, tuple(line for line in booked if line is not None), len(earlier))


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
        match event:
            case Fill():
                contract = known.get(event.contract) or portfolio.contracts.get(event.contract) or as_recorded(event)
                _refuse_changed(contract, event, portfolio)
                yield to_book(event, known.setdefault(event.contract, contract))
            case Funding():
                yield of.Funding(event.contract, event.settle, event.amount)
            case Void():
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
    """The entries that stand, by time; those of the same time in the order of recording."""
    standing = (entry for entry in entries if entry.voided_by is None and not isinstance(entry.event, Void))
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


def realised(booked: Iterable[Booked]) -> tuple[Realised, ...]:
    """What the entries brought by contract, by name."""
    grouped: dict[str, list[Booked]] = {}
    for line in booked:
        grouped.setdefault(line.contract, []).append(line)
    return tuple(_realised(name, grouped[name]) for name in sorted(grouped))


def in_dollars(lines: Iterable[Realised]) -> RealisedUsd:
    """The sum over contracts; coins of different kinds only add up in dollars."""
    listed = tuple(lines)
    return RealisedUsd(
        usd=total(line.usd for line in listed),
        fees_usd=total(line.fees_usd for line in listed),
        funding_usd=total(line.funding_usd for line in listed),
        net_usd=total(line.net_usd for line in listed),
    )


def as_recorded(event: Fill) -> Contract:
    """The contract of a fill that no catalogue knows any more: unlisted, its margin assumed."""
    return Contract(
        name=event.contract, asset=event.asset, kind=event.kind, multiplier=event.multiplier, settle=event.settle,
        expiry=event.expiry, tick_size=None, lot_size=Fraction(1), min_contracts=ZERO, maker_fee=ZERO, taker_fee=ZERO,
        funding_interval_hours=None, max_leverage=None, maintenance=assumed(None), listed=False,
    )  # fmt: skip


def matches(contract: Contract, event: Fill) -> bool:
    """Whether a contract pays as the one that was traded did."""
    now = (contract.asset, contract.kind, contract.multiplier, contract.settle)
    return now == (event.asset, event.kind, event.multiplier, event.settle)


def _refuse_changed(contract: Contract, event: Fill, portfolio: Portfolio) -> None:
    if not matches(contract, event):
        raise _invalid(portfolio, f"contracts.{event.contract}", "is not what the journal's fills were of",
                       f"write it under contracts: as it was, {_specification(event)}")  # fmt: skip


def _specification(event: Fill) -> str:
    return f"asset: {event.asset}, kind: {event.kind}, multiplier: {plain(event.multiplier)}, settle: {event.settle}"


def _booked(entry: Entry, brought: Brought | None) -> Booked | None:
    match entry.event, brought:
        case Fill() as event, Brought():
            return _filled(entry.seq, event, brought.realised)
        case Funding() as event, _:
            return _funding(entry.seq, event)
        case _:
            return None


def _settled(entry: Entry) -> Booked | None:
    """What an entry of an earlier statement's time brought, by what it was recorded with."""
    event = entry.event
    if isinstance(event, Funding):
        return _funding(entry.seq, event)
    if not isinstance(event, Fill):
        return None
    held = event.contracts_before or ZERO
    made = fill(as_recorded(event), held, event.entry_before, traded=event.contracts, price=event.price)
    return _filled(entry.seq, event, made.realised)


def _filled(seq: int, event: Fill, coin: Fraction) -> Booked:
    rate = _usd_per_coin(event.kind, event.price)
    return Booked(
        seq, event.contract, event.settle, coin=coin, usd=coin * rate, fee_coin=event.fee, fee_usd=event.fee * rate
    )


def _funding(seq: int, event: Funding) -> Booked:
    rate = _usd_per_coin(event.kind, event.price)
    return Booked(seq, event.contract, event.settle, funding_coin=event.amount, funding_usd=event.amount * rate)


def _usd_per_coin(kind: Kind, price: Fraction) -> Fraction:
    """Dollars of a settlement coin: an inverse contract's is its asset, a linear one's counts as dollars."""
    match kind:
        case Kind.INVERSE:
            return price
        case Kind.LINEAR:
            return Fraction(1)
        case _:
            assert_never(kind)


def _realised(name: str, lines: list[Booked]) -> Realised:
    usd = total(line.usd for line in lines)
    fees_usd = total(line.fee_usd for line in lines)
    funding_usd = total(line.funding_usd for line in lines)
    return Realised(
        contract=name,
        coin=total(line.coin for line in lines),
        usd=usd,
        fees_coin=total(line.fee_coin for line in lines),
        funding_coin=total(line.funding_coin for line in lines),
        currency=lines[-1].currency,
        fees_usd=fees_usd,
        funding_usd=funding_usd,
        net_usd=usd - fees_usd + funding_usd,
    )


def _refuse_unpriced(book: Book, portfolio: Portfolio) -> None:
    prices = portfolio.market.prices
    needed = {asset for asset, quantity in book.holdings.items() if quantity}
    for position in book.positions.values():
        needed.update((position.contract.asset, position.contract.settle))
        needed.update(part.stands_for for part in position.parts)
    dollars = portfolio.cash | {DOLLARS}
    missing = sorted(needed - dollars - portfolio.aside - prices.keys())
    if missing:
        raise InvalidInput(
            Problem(portfolio.name, 0, 0, f"market.prices.{asset}", "is missing, and the journal has left some open",
                    None, "add its price")
            for asset in missing
        )  # fmt: skip


def _invalid(portfolio: Portfolio, path: str, problem: str, instead: str) -> InvalidInput:
    return InvalidInput([Problem(portfolio.name, 0, 0, path, problem, None, instead)])
