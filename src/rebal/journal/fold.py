"""What is open now: the statement and every entry later than it, in one pass.

The exchange knows one net position a contract; wallet, entry price, PnL and margin belong to it. What each purpose has
of it is counted beside, each part by its own fills. Whatever is realised, paid and received moves the coins owned, the
futures wallet of the settlement coin, and the margin of an isolated position.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import assert_never

from rebal.amounts import ZERO, plain, total
from rebal.errors import InvalidInput, Problem
from rebal.ledger import Entry, Event, Fill, FillPart, Funding, Realised, RealisedUsd, Spot, Transfer, Void
from rebal.market.contract import Contract, Kind, fill
from rebal.market.maintenance import assumed
from rebal.portfolio import DOLLARS, Book, HedgeAsked, MarginMode, Part, Portfolio, Position, Purpose

_Share = tuple[Purpose, str]


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
    state = State.at(portfolio)
    as_of = dated(portfolio)
    booked = []
    for entry in standing:
        made = state.apply(entry.event, seq=entry.seq) if entry.time > as_of else _settled(entry)
        if made is not None:
            booked.append(made)
    book = state.book()
    _refuse_unpriced(book, portfolio)
    return Folded(book, tuple(booked), sum(entry.time <= as_of for entry in standing))


def reached(portfolio: Portfolio, entries: Iterable[Entry]) -> "State":
    """The state that the later entries lead to, for events that follow."""
    state = State.at(portfolio)
    for entry in in_order(entries):
        if entry.time > dated(portfolio):
            state.apply(entry.event)
    return state


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


@dataclass(slots=True)
class Net:
    """A position while it is being folded: the net, and each purpose's share as contracts and average entry."""

    contract: Contract
    contracts: Fraction = ZERO
    entry_price: Fraction | None = None
    margin: Fraction | None = None
    last_price: Fraction | None = None
    shares: dict[_Share, tuple[Fraction, Fraction]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the exchange or a purpose holds any of it."""
        return bool(self.contracts or self.shares)

    def position(self) -> Position:
        """The position as a book has it."""
        parts = [Part(purpose, held, entry, asset) for (purpose, asset), (held, entry) in sorted(self.shares.items())]
        # Purposes that cancel out leave nothing at the exchange, yet each has its part; any price values nothing at 0.
        price = self.entry_price or self.last_price
        assert price is not None
        return Position(self.contract, self.contracts, price, self.margin, tuple(parts))


@dataclass(slots=True)
class State:
    """The book on its way from the statement through the entries, one ``apply`` each."""

    portfolio: Portfolio
    holdings: dict[str, Fraction]
    wallets: dict[str, Fraction]
    nets: dict[str, Net]
    hedges: dict[str, HedgeAsked]
    posted: dict[str, Fraction] = field(default_factory=dict)

    @classmethod
    def at(cls, portfolio: Portfolio) -> "State":
        """The statement itself."""
        book = portfolio.statement
        nets = {name: _opened(position) for name, position in book.positions.items()}
        return cls(portfolio, dict(book.holdings), dict(book.wallets), nets, dict(book.hedges))

    def book(self) -> Book:
        """What is open now."""
        positions = {name: net.position() for name, net in sorted(self.nets.items()) if net.is_open}
        return Book(self.holdings, self.wallets, positions, self.hedges)

    def apply(self, event: Event, *, seq: int = 0) -> Booked | None:
        """Let an event happen, and say what it brought on a contract."""
        match event:
            case Fill():
                return self._fill(seq, event)
            case Funding():
                self._move(event.settle, event.amount, self.nets.get(event.contract))
                return _funding(seq, event)
            case Transfer():
                self._transfer(event)
            case Spot():
                self.holdings[event.asset] = self.holdings.get(event.asset, ZERO) + event.quantity
            case HedgeAsked():
                self._ask(event)
            case Void():
                pass
            case _:
                assert_never(event)
        return None

    def _fill(self, seq: int, event: Fill) -> Booked:
        net = self._net(event)
        if not net.contracts:
            self._open(net, event)
        filled = fill(net.contract, net.contracts, net.entry_price, traded=event.contracts, price=event.price)
        net.contracts, net.entry_price, net.last_price = filled.contracts, filled.entry_price, event.price
        for part in event.parts:
            _share(net, part, event.price)
        self._move(event.settle, filled.realised - event.fee, net)
        if not net.contracts and net.margin is not None:
            net.margin = ZERO  # what was left of it is in the wallet, which it never left
        return _filled(seq, event, filled.realised)

    def _net(self, event: Fill) -> Net:
        net = self.nets.get(event.contract)
        if net is None:
            contract = self.portfolio.contracts.get(event.contract) or as_recorded(event)
            net = self.nets[event.contract] = Net(contract)
        if not matches(net.contract, event):
            raise _invalid(self.portfolio, f"contracts.{event.contract}", "is not what the journal's fills were of",
                           f"write it under contracts: as it was, {_specification(event)}")  # fmt: skip
        return net

    def _open(self, net: Net, event: Fill) -> None:
        posted = self.posted.pop(event.contract, None)
        if posted is not None:
            net.margin = posted
        elif not net.shares:
            net.margin = ZERO if event.margin_mode is MarginMode.ISOLATED else None

    def _move(self, coin: str, quantity: Fraction, net: Net | None) -> None:
        self.holdings[coin] = self.holdings.get(coin, ZERO) + quantity
        self.wallets[coin] = self.wallets.get(coin, ZERO) + quantity
        if net is not None and net.margin is not None and net.contracts:
            net.margin += quantity

    def _transfer(self, event: Transfer) -> None:
        self.wallets[event.asset] = self.wallets.get(event.asset, ZERO) + event.quantity
        if event.contract is None:
            return
        net = self.nets.get(event.contract)
        if net is not None and net.contracts:
            net.margin = (net.margin or ZERO) + event.quantity
        elif event.quantity > 0:
            self.posted[event.contract] = self.posted.get(event.contract, ZERO) + event.quantity

    def _ask(self, event: HedgeAsked) -> None:
        if event.fraction:
            self.hedges[event.asset] = event
        else:
            self.hedges.pop(event.asset, None)


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


def _specification(event: Fill) -> str:
    return f"asset: {event.asset}, kind: {event.kind}, multiplier: {plain(event.multiplier)}, settle: {event.settle}"


def _opened(position: Position) -> Net:
    shares = {(part.purpose, part.stands_for): (part.contracts, part.entry_price) for part in position.parts}
    price = position.entry_price
    entry = price if position.contracts else None
    return Net(position.contract, position.contracts, entry, position.margin, price, shares)


def _share(net: Net, part: FillPart, price: Fraction) -> None:
    key = (part.purpose, part.stands_for)
    held, entry = net.shares.pop(key, (ZERO, None))
    after = fill(net.contract, held, entry, traded=part.contracts, price=price)
    if after.entry_price is not None:
        net.shares[key] = (after.contracts, after.entry_price)


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
        needed.add(position.contract.asset)
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
