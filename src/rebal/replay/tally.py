"""What is counted on the way: where equity went, by contract and year, and how the book stood at each check."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, half_even, significant
from rebal.book import Brought, Event, Fill
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.portfolio import Portfolio

CENTS, NINTHS, MILLIONTHS = 2, 9, 6
"""Decimals to which what is told of a check is booked: dollars, weights, distances."""


@frozen
class Row:
    """The book at a check, before anything is done, each figure booked as a whole number of its decimals.

    ``equity`` in cents; ``weights`` in 1e-9, by asset; ``distance`` of the nearest wallet to its liquidation in 1e-6,
    None where none has an end; ``alert``: whether a wallet is past its alert.
    """

    bar: int
    equity: int
    weights: Mapping[str, int]
    distance: int | None
    alert: bool


@frozen
class Rows:
    """Checks one after the other, in columns; every figure as a row has it.

    ``distance`` and ``alert`` are empty where nobody asks for them.
    """

    bars: Sequence[int]
    equity: Sequence[int]
    weights: Mapping[str, Sequence[int]]
    distance: Sequence[int | None] = ()
    alert: Sequence[bool] = ()

    @classmethod
    def of(cls, row: Row) -> "Rows":
        """One check."""
        weights = {asset: (weight,) for asset, weight in row.weights.items()}
        return cls((row.bar,), (row.equity,), weights, (row.distance,), (row.alert,))

    def each(self) -> Iterator[Row]:
        """Row by row; they must have their distances."""
        columns = zip(self.bars, self.equity, self.distance, self.alert, strict=True)
        for n, (bar, equity, distance, alert) in enumerate(columns):
            yield Row(bar, equity, {asset: each[n] for asset, each in self.weights.items()}, distance, alert)


@dataclass(slots=True)
class Columns:
    """Rows in the making."""

    bars: list[int]
    equity: list[int]
    weights: dict[str, list[int]]
    distance: list[int | None]
    alert: list[bool]

    def put(self, n: int, row: Row) -> None:
        """Put a row in the place of another."""
        self.equity[n] = row.equity
        for asset, column in self.weights.items():
            column[n] = row.weights.get(asset, 0)
        if self.distance:
            self.distance[n], self.alert[n] = row.distance, row.alert

    def told(self) -> Rows:
        """The rows that were made."""
        return Rows(self.bars, self.equity, self.weights, self.distance, self.alert)


@frozen
class Gone:
    """A wallet that was liquidated: at which price of its coin (None in a wallet of several), and the coins lost."""

    time: datetime
    wallet: str
    currency: str
    price: Fraction | None
    coins: Fraction
    usd: Fraction


@frozen
class Refusal:
    """A plan that was refused, with the first of its reasons."""

    time: datetime
    code: str
    subject: str
    message: str


@frozen
class Closest:
    """The nearest that a wallet came to its liquidation, in 1e-6 of the price, in the course of a bar."""

    distance: int
    bar: int
    wallet: str


@dataclass(slots=True)
class Year:
    """What one contract brought in one year; ``realised`` and ``currency`` in its settlement coin."""

    currency: str
    fees: Fraction = ZERO
    slippage: Fraction = ZERO
    funding: Fraction = ZERO
    basis: Fraction = ZERO
    realised: Fraction = ZERO
    realised_usd: Fraction = ZERO
    fees_coin: Fraction = ZERO
    funding_coin: Fraction = ZERO
    unfunded: int = 0


@dataclass(slots=True)
class Tally:
    """Everything that one way of going through a course comes to."""

    prices: Fraction = ZERO
    funding: Fraction = ZERO
    fees: Fraction = ZERO
    slippage: Fraction = ZERO
    liquidations: Fraction = ZERO
    years: dict[tuple[int, str], Year] = field(default_factory=dict)
    checked: list[Rows] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    closest: Closest | None = None
    most: dict[str, Fraction] = field(default_factory=dict)
    plans: int = 0
    orders: int = 0
    index: dict[str, Fraction] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """The checks, row by row."""
        return [row for rows in self.checked for row in rows.each()]

    def equities(self) -> Iterator[tuple[int, int]]:
        """The bar of each check, and the equity there in cents."""
        for rows in self.checked:
            yield from zip(rows.bars, rows.equity, strict=True)

    def year(self, contract: str, currency: str, year: int) -> Year:
        """The line of a contract in a year."""
        return self.years.setdefault((year, contract), Year(currency))

    def nearer(self, found: Closest) -> None:
        """Keep the nearest call; of equals the first."""
        call = self.closest
        if call is None or (found.distance, found.bar) < (call.distance, call.bar):
            self.closest = found

    def at_venue(self, wallets: Mapping[str, Fraction]) -> None:
        """Keep the most coins that ever stood in each wallet."""
        for asset, coins in wallets.items():
            if coins > self.most.get(asset, ZERO):
                self.most[asset] = coins

    def book(self, event: Event, brought: Brought | None, laid: Portfolio, *, held: Fraction) -> None:
        """Put what an event brought under its contract and year; ``held``: contracts before it."""
        if brought is None:
            return
        rate = laid.price(brought.currency)
        time = laid.market.as_of
        assert time is not None
        line = self.year(brought.contract, brought.currency, time.year)
        line.fees += brought.fee * rate
        line.fees_coin += brought.fee
        line.funding += brought.funding * rate
        line.funding_coin += brought.funding
        line.realised += brought.realised
        line.realised_usd += brought.realised * rate
        self.fees += brought.fee * rate
        self.funding += brought.funding * rate
        if isinstance(event, Fill):
            line.basis += self._basis(event, brought.realised, held, laid) * rate

    def _basis(self, event: Fill, realised: Fraction, held: Fraction, laid: Portfolio) -> Fraction:
        """What of a realised PnL the index's move did not bring, and the average index of what is then open."""
        contract, traded = event.contract, event.contracts
        index = index_of(contract, laid)
        average = self.index.get(contract.name, index)
        closed = min(-traded, held, key=abs) if held * traded < 0 else ZERO
        after = held + traded
        if not after:
            self.index.pop(contract.name, None)
        elif not held or held * after < 0:
            self.index[contract.name] = index
        elif not closed:
            self.index[contract.name] = significant(contract.average_entry([(held, average), (traded, index)]))
        return realised - down(contract.pnl(closed, average, index), COIN_STEP) if closed else ZERO


def index_of(contract: Contract, laid: Portfolio) -> Fraction:
    """The price of a contract's coin, of a linear one in its settlement currency."""
    return laid.price(contract.asset) / (ONE if contract.settle == contract.asset else laid.price(contract.settle))


def booked(value: Fraction, places: int) -> int:
    """A figure as a whole number of units of so many decimals, half-even."""
    return half_even(value, places)
