"""Some bars ahead of a book that nobody touches: its marks in floats, its funding in whole numbers."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rebal.amounts import Fraction
from rebal.book import Book, Funding, Position, apply
from rebal.frozen import once
from rebal.market.margin import Held
from rebal.planner.collateral import Account
from rebal.portfolio import Portfolio
from rebal.replay.incidents import funding, is_mixed
from rebal.replay.outlook import STEPS, Figures, Floats, ratios
from rebal.replay.quotes import Quotes
from rebal.replay.walk import accounts_of, funded_for

_OFF, _LEAST_OFF = 1e-12, 1e-9
_NOWHERE = np.ones(1)


class Paid(NamedTuple):
    """The fundings of a position ahead: the first of its contract's, steps of 1e-8 received, and their sums from 0."""

    first: int
    steps: Floats
    summed: Floats


class Reach(NamedTuple):
    """The lowest and highest of all bars, and the least and most at the checks, over the mark at the end of bar n.

    Without checks the last two are 1.
    """

    lowest: float
    highest: float
    least: float
    most: float


class Stretch:
    """The bars after ``n`` up to ``last`` and the checks among them, of a book as it stands at the end of bar ``n``."""

    def __init__(self, quotes: Quotes, figures: Figures, book: Book, *, n: int, last: int, every: int) -> None:
        self.quotes, self.figures, self.book = quotes, figures, book
        self.n, self.last = n, last
        self.laid: Portfolio = quotes.at(n)
        self.bars = slice(n + 1, last + 1)
        self.at = slice((n // every + 1) * every, last + 1, every)
        self.checks = range(self.at.start, self.at.stop, every)
        self.positions: tuple[Position, ...] = book.open_positions
        self.paid = {each.contract.name: self._paid(each) for each in self.positions}
        self.accounts = accounts_of(book, self.laid)
        self._met: dict[str, Floats] = {}

    @property
    def is_foreseeable(self) -> bool:
        """Whether every wallet moves as one: a coin's contracts all with its index, or one contract alone."""
        return all(self._moves_as_one(account) for account in self.accounts)

    def _moves_as_one(self, account: Account) -> bool:
        alone = len(account.held_after) == 1
        return alone or not (
            is_mixed(account) or any(self.quotes.is_marked(held.contract) for held in account.held_after)
        )

    def _paid(self, position: Position) -> Paid:
        contract, name = position.contract, position.contract.name
        _, until = self.figures.until(name)
        first, end = int(until[self.n]), int(until[self.last])
        received = self.figures.owed(contract, self.quotes)[first:end] * float(position.contracts * contract.multiplier)
        steps = np.floor(received)
        if end > first:
            over, off = received - steps, _OFF * max(received.max(), -received.min()) + _LEAST_OFF
            if over.min() <= off or over.max() >= 1 - off:
                self._correct(position, first, steps, np.flatnonzero((over <= off) | (over >= 1 - off)))
        whole = steps.astype(np.int64)
        sums = np.zeros(len(whole) + 1, dtype=np.int64)
        np.cumsum(whole, out=sums[1:])
        return Paid(first, whole, sums)

    def _correct(self, position: Position, first: int, steps: Floats, unsure: Floats) -> None:
        """Put fundings that are all but a whole number of steps as fractions have them."""
        name = position.contract.name
        for n in unsure.tolist():
            rate = self.quotes.course.rates[name].rates[first + n]
            told = funding(position, rate, self.quotes.at(int(self.figures.marked(name)[first + n])))
            steps[n] = int(told.amount * STEPS)

    def count(self, name: str, bar: int) -> int:
        """How many fundings of a contract there are ahead by the end of a bar."""
        return int(self.figures.until(name)[1][bar]) - self.paid[name].first

    def received(self, names: Iterable[str], at: slice) -> Floats:
        """Steps of 1e-8 that some contracts have received by the end of some bars."""
        return self._received(names, at, 1)

    def received_by_checks(self, name: str) -> Floats:
        """Steps of 1e-8 that a contract has received by each check, made once."""
        if name not in self._met:
            self._met[name] = self._received((name,), self.at, 1)
        return self._met[name]

    def received_before(self, names: Iterable[str], at: slice) -> Floats:
        """The same without those at the very end of the bars."""
        return self._received(names, at, 0)

    def _received(self, names: Iterable[str], at: slice, side: int) -> Floats:
        together: Floats = 0
        for name in names:
            paid = self.paid[name]
            if len(paid.steps):
                together = together + paid.summed[self.figures.until(name)[side][at] - paid.first]
        return together

    def least(self, names: Iterable[str]) -> Fraction:
        """Coins that are never passed below on the way by what some contracts receive."""
        return Fraction(sum(int(self.paid[name].summed.min()) for name in names), STEPS)

    def book_at(self, bar: int) -> Book:
        """The book once every funding by the end of a bar has been booked."""
        return apply(self.book, tuple(self._fundings(bar, 1))).book

    def book_before(self, bar: int) -> Book:
        """The same without those at the very end of the bar."""
        return apply(self.book, tuple(self._fundings(bar, 0))).book

    def _fundings(self, bar: int, side: int) -> Iterator[Funding]:
        """Those of each contract in one sum."""
        for position in self.positions:
            contract, paid = position.contract, self.paid[position.contract.name]
            count = int(self.figures.until(contract.name)[side][bar]) - paid.first
            if count > 0:
                amount = Fraction(int(paid.summed[count]), STEPS)
                yield Funding(contract.name, contract.settle, amount, contract.account or None)

    def unfunded(self, position: Position, bar: int) -> Iterator[tuple[int, int]]:
        """The years, each with how many of the bars up to one no funding of a perpetual is known for."""
        if position.contract.expiry is None:
            name, passed = position.contract.name, slice(self.n + 1, bar + 1)
            lacking = self.figures.unfunded(name, funded_for(self.quotes, name))[passed]
            if lacking.any():
                years, counts = np.unique(self.figures.years()[passed][lacking], return_counts=True)
                yield from zip(years.tolist(), counts.tolist(), strict=True)

    def reach(self, held: Held) -> Reach:
        """How far the marks of a position go on the stretch."""
        contract = held.contract
        name = self._track(held)
        if name == contract.name or not self.quotes.is_marked(contract):
            return Reach(*self._reaches[self.figures.place(name)])
        lows, highs = self.lows(held, self.bars), self.highs(held, self.bars)
        closes = self.closes(held, self.at) if len(self.checks) else _NOWHERE
        return Reach(*(float(each) for each in (lows.min(), highs.max(), closes.min(), closes.max())))

    @once
    def _reaches(self) -> list[list[float]]:
        figures = self.figures
        closes = figures.every("closes")
        met = closes[:, self.at] if len(self.checks) else closes[:, self.n : self.n + 1]
        lows, highs = (figures.every(of)[:, self.bars] for of in ("lows", "highs"))
        ends = (lows.min(axis=1), highs.max(axis=1), met.min(axis=1), met.max(axis=1))
        found: list[list[float]] = (np.array(ends) / closes[:, self.n]).T.tolist()
        return found

    def closes(self, held: Held, at: slice) -> Floats:
        """The marks of a position at the ends of some bars, over that at the end of bar n."""
        return self._over(held, self.figures.closes, at, 0)

    def lows(self, held: Held, at: slice) -> Floats:
        """How low its mark went in some bars, in the same measure."""
        return self._over(held, self.figures.lows, at, 1)

    def highs(self, held: Held, at: slice) -> Floats:
        """How high its mark went in some bars, in the same measure."""
        return self._over(held, self.figures.highs, at, 1)

    def _track(self, held: Held) -> str:
        contract = held.contract
        return contract.name if contract.name in self.quotes.course.tracks else contract.asset

    def _over(self, held: Held, of: Callable[[str], Floats], at: slice, back: int) -> Floats:
        contract, name = held.contract, self._track(held)
        found = of(name)[at] / self.figures.closes(name)[self.n]
        if name == contract.name or not self.quotes.is_marked(contract):
            return found
        then = np.arange(at.start, at.stop, at.step or 1) - back
        return found * ratios(contract, self.quotes, then) / float(self.quotes.ratio(contract, self.n))
