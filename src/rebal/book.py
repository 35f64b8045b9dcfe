"""What is held and open, the events that change it, and the one function that applies them.

The exchange knows one net position a contract; wallet, entry price, PnL and margin belong to it. What each purpose has
of it is counted beside, each part by its own fills. Whatever is realised, paid and received moves the coins owned, the
futures wallet of the settlement coin, and the margin of an isolated position.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from rebal.amounts import ZERO, Fraction, total
from rebal.frozen import Worked, frozen
from rebal.market.contract import Contract
from rebal.market.fill import fill
from rebal.market.margin import Held
from rebal.names import within


class Purpose(StrEnum):
    """Why a futures position is held: in place of a spot trade, or to protect."""

    REBALANCE = "rebalance"
    HEDGE = "hedge"


class MarginMode(StrEnum):
    """Whether the positions of a coin share its wallet, each have their own margin, or all coins margin everything."""

    CROSS = "cross"
    ISOLATED = "isolated"
    POOLED = "pooled"


@frozen
class Part:
    """The share of a net position that one purpose holds.

    ``contracts`` signed. ``entry_price``: of the purpose's own fills; the net entry where only a statement gives it.
    ``stands_for``: the asset that the part is exposure to, the contract's own unless it is a proxy.
    """

    purpose: Purpose
    contracts: Fraction
    entry_price: Fraction
    stands_for: str


FAR_FROM_ENTRY = 10
"""The factor between a position's entry price, which may be years old, and today's from which on one is a slip."""


@frozen
class Position(Worked):
    """One net futures position and what it is for.

    ``margin``: coins of its own when isolated, None in a cross wallet. The parts' contracts sum to the net. Purposes
    that cancel out leave a net of 0, which any entry price values at nothing: it is that of the last fill.
    """

    contract: Contract
    contracts: Fraction
    entry_price: Fraction
    margin: Fraction | None
    parts: tuple[Part, ...]

    def at(self, mark_price: Fraction) -> Held:
        """The position as margin sees it at a mark: time after time the same, so that its margin is worked out once."""
        seen: Held | None = self.__dict__.get("seen")
        if seen is None or seen.mark_price != mark_price:
            contract = self.contract
            if self.margin is not None and contract.isolated_maintenance is not None:
                contract = replace(contract, maintenance=contract.isolated_maintenance)
            seen = self.__dict__["seen"] = Held(contract, self.contracts, self.entry_price, mark_price)
        return seen

    def is_far_from(self, price: Fraction) -> bool:
        """Whether its entry price and another differ by a factor that hardly any coin moves by while one is held."""
        return max(self.entry_price / price, price / self.entry_price) > FAR_FROM_ENTRY

    def held_for(self, purpose: Purpose) -> Fraction:
        """Signed contracts of one purpose."""
        return total([part.contracts for part in self.parts if part.purpose is purpose])


@frozen
class HedgeAsked:
    """A hedge as its owner asked for it: the fraction of the coins, and the day it was meant to end.

    ``price``: the index it was asked at, if known. As an event it takes the place of what was asked before; a fraction
    of 0 asks for none.
    """

    asset: str
    fraction: Fraction
    until: datetime | None = None
    price: Fraction | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether the day has come that it was meant to end on."""
        return self.until is not None and now >= self.until

    def asks_as(self, other: "HedgeAsked | None") -> bool:
        """Whether another asks for the same, at whatever price."""
        return other is not None and (self.asset, self.fraction, self.until) == (
            other.asset, other.fraction, other.until
        )  # fmt: skip


@frozen
class Book:
    """What is held, and what is open at the accounts.

    ``holdings``: coins owned by asset; ``wallets``: coins in the futures accounts, a part of the holdings, isolated
    margins included, by asset, or by account and asset where there are several (see ``names.within``); ``positions`` by
    contract name. ``posted``: coins of a wallet that were sent to the isolated position of a contract before it is
    open, by contract name.
    """

    holdings: Mapping[str, Fraction]
    wallets: Mapping[str, Fraction]
    positions: Mapping[str, Position]
    hedges: Mapping[str, HedgeAsked] = field(default_factory=dict)
    posted: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def listed(self) -> tuple[Position, ...]:
        """Every position by contract, those too whose purposes cancel out so that the exchange shows none."""
        return tuple(position for _, position in sorted(self.positions.items()))

    @property
    def open_positions(self) -> tuple[Position, ...]:
        """The positions that the exchange shows, by contract."""
        return tuple(position for position in self.listed if position.contracts)


@frozen
class Traded:
    """What one purpose has of a fill, in signed contracts, and the asset it stands for."""

    purpose: Purpose
    contracts: Fraction
    stands_for: str


@frozen
class Fill:
    """One net fill. ``contracts`` signed, the sum of the parts'; ``fee`` in the settlement coin, positive: paid.

    ``margin_mode``: of the position, where the fill opens one.
    """

    contract: Contract
    contracts: Fraction
    price: Fraction
    fee: Fraction
    parts: tuple[Traded, ...]
    margin_mode: MarginMode


@frozen
class Funding:
    """Funding of a contract in its settlement coin, ``currency``; positive: received. ``account``: as of a transfer."""

    contract: str
    currency: str
    amount: Fraction
    account: str | None = None


@frozen
class Transfer:
    """Coins moved into the futures account (negative: out of it), to an isolated position where it names one.

    ``account``: which of several; None where there is one. ``other_account``: the one that they go to, or come from;
    None for spot, or where nobody said.
    """

    asset: str
    quantity: Fraction
    contract: str | None = None
    account: str | None = None
    other_account: str | None = None


@frozen
class Spot:
    """Coins that came (negative: went) by trade or otherwise; only this asset's. ``price``: USD per coin, if known.

    ``account`` and ``other_account``: from which to which they were on the way, of those that a network kept.
    """

    asset: str
    quantity: Fraction
    price: Fraction | None = None
    account: str | None = None
    other_account: str | None = None


Event = Fill | Funding | Transfer | Spot | HedgeAsked


@frozen
class Brought:
    """What an event brought on a contract, in its settlement coin: PnL realised, fee paid and funding received."""

    contract: str
    currency: str
    realised: Fraction = ZERO
    fee: Fraction = ZERO
    funding: Fraction = ZERO

    @property
    def coins(self) -> Fraction:
        """Coins that it adds to what is owned."""
        return self.realised - self.fee + self.funding


@frozen
class Applied:
    """The book that events lead to, and what each of them brought: None for one that is not of a contract."""

    book: Book
    brought: tuple[Brought | None, ...]


def apply(book: Book, events: Iterable[Event]) -> Applied:
    """Let events happen to a book, one after the other.

    Realised PnL is booked in steps of 1e-8 coin and average entries to 18 digits, as ``market.contract.fill`` says.
    """
    running = _Running(
        dict(book.holdings), dict(book.wallets), dict(book.positions), dict(book.hedges), dict(book.posted)
    )
    brought = tuple([running.apply(event) for event in events])
    return Applied(running.book(), brought)


def opened(
    contract: Contract,
    *,
    contracts: Fraction,
    entry_price: Fraction,
    hedge: Fraction = ZERO,
    margin: Fraction | None = None,
    stands_for: str | None = None,
) -> Position:
    """A position as a statement gives it: one net row, with the contracts of it that are protection."""
    asset = stands_for or contract.asset
    shares = ((Purpose.HEDGE, hedge), (Purpose.REBALANCE, contracts - hedge))
    parts = tuple(Part(purpose, held, entry_price, asset) for purpose, held in shares if held)
    return Position(contract, contracts, entry_price, margin, parts)


@dataclass(slots=True)
class _Running:
    """A book while events happen to it: copied once, however many they are."""

    holdings: dict[str, Fraction]
    wallets: dict[str, Fraction]
    positions: dict[str, Position]
    hedges: dict[str, HedgeAsked]
    posted: dict[str, Fraction]

    def book(self) -> Book:
        return Book(self.holdings, self.wallets, self.positions, self.hedges, self.posted)

    def apply(self, event: Event) -> Brought | None:
        match event:
            case Fill():
                return self._fill(event)
            case Funding():
                return self._funding(event)
            case Transfer():
                self._transfer(event)
            case Spot():
                self._own(event.asset, event.quantity)
            case HedgeAsked():
                self._ask(event)
            case _:
                assert_never(event)
        return None

    def _fill(self, event: Fill) -> Brought:
        name, settle = event.contract.name, event.contract.settle
        position = self.positions.get(name)
        contracts, entry, realised = event.contracts, event.price, ZERO
        if position is not None and position.contracts:
            net = fill(event.contract, position.contracts, position.entry_price, traded=contracts, price=entry)
            contracts, entry, realised = net.contracts, net.entry_price or entry, net.realised
            margin = position.margin
        else:
            margin = _margin(position, event, posted=self.posted.pop(name, None))
        coins = realised - event.fee
        if margin is not None:
            # what is left of the margin of a position that is closed is in the wallet, which it never left
            margin = margin + coins if contracts else ZERO
        self._settle(settle, event.contract.wallet, coins)
        parts = _parts(position.parts if position is not None else (), event)
        if contracts or parts:
            self.positions[name] = Position(event.contract, contracts, entry, margin, parts)
        else:
            self.positions.pop(name, None)
        return Brought(name, settle, realised=realised, fee=event.fee)

    def _funding(self, event: Funding) -> Brought:
        self._settle(event.currency, within(event.account, event.currency), event.amount)
        position = self.positions.get(event.contract)
        if position is not None and position.contracts and position.margin is not None:
            self.positions[event.contract] = _with_margin(position, position.margin + event.amount)
        return Brought(event.contract, event.currency, funding=event.amount)

    def _transfer(self, event: Transfer) -> None:
        wallet, name = within(event.account, event.asset), event.contract
        self.wallets[wallet] = self.wallets.get(wallet, ZERO) + event.quantity
        if name is None:
            return
        position = self.positions.get(name)
        if position is not None and position.contracts:
            self.positions[name] = _with_margin(position, (position.margin or ZERO) + event.quantity)
        elif event.quantity > 0:
            self.posted[name] = self.posted.get(name, ZERO) + event.quantity

    def _settle(self, coin: str, wallet: str, quantity: Fraction) -> None:
        self._own(coin, quantity)
        self.wallets[wallet] = self.wallets.get(wallet, ZERO) + quantity

    def _own(self, coin: str, quantity: Fraction) -> None:
        self.holdings[coin] = self.holdings.get(coin, ZERO) + quantity

    def _ask(self, event: HedgeAsked) -> None:
        if event.fraction:
            self.hedges[event.asset] = event
        else:
            self.hedges.pop(event.asset, None)


def _margin(position: Position | None, event: Fill, *, posted: Fraction | None) -> Fraction | None:
    """The own margin of the position that a fill meets or opens, before the fill; None in a cross wallet."""
    if posted is not None:
        return posted
    if position is not None:
        return position.margin
    return ZERO if event.margin_mode is MarginMode.ISOLATED else None


def _with_margin(position: Position, margin: Fraction) -> Position:
    return Position(position.contract, position.contracts, position.entry_price, margin, position.parts)


def _parts(parts: tuple[Part, ...], event: Fill) -> tuple[Part, ...]:
    shares = {(part.purpose, part.stands_for): part for part in parts}
    for traded in event.parts:
        key = (traded.purpose, traded.stands_for)
        held = shares.pop(key, None)
        if held is None:
            contracts, entry = traded.contracts, event.price
        else:
            after = fill(event.contract, held.contracts, held.entry_price, traded=traded.contracts, price=event.price)
            contracts, entry = after.contracts, after.entry_price or event.price
        if contracts:
            shares[key] = Part(traded.purpose, contracts, entry, traded.stands_for)
    if len(shares) < 2:
        return tuple(shares.values())
    return tuple(sorted(shares.values(), key=lambda part: (part.purpose, part.stands_for)))
