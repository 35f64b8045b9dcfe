"""Some bars ahead of a book that nobody touches: its marks in floats, its funding in whole numbers."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rebal.amounts import Fraction
from rebal.book import Book, Funding, Position, apply
from rebal.market.margin import Held
from rebal.planner.collateral import Account
from rebal.portfolio import Portfolio
from rebal.replay.incidents import funding, is_mixed
from rebal.replay.outlook import STEPS, Figures, Floats, ratios
from rebal.replay.quotes import Quotes
from rebal.replay.walk import accounts_of, funded_for

_OFF, _LEAST_OFF = 1e-12, 1e-9


class Paid(NamedTuple):
    """The fundings of a position ahead: the first of its contract's, steps of 1e-8 received, and their sums from 0."""

    first: int
    steps: Floats
    summed: Floats


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
        unsure = np.abs(received - np.rint(received)) <= _OFF * np.abs(received) + _LEAST_OFF
        for n in np.flatnonzero(unsure).tolist():
            rate = self.quotes.course.rates[name].rates[first + n]
            told = funding(position, rate, self.quotes.at(int(self.figures.marked(name)[first + n])))
            steps[n] = int(told.amount * STEPS)
        whole = steps.astype(np.int64)
        return Paid(first, whole, np.concatenate([[0], np.cumsum(whole)]))

    def count(self, name: str, bar: int) -> int:
        """How many fundings of a contract there are ahead by the end of a bar."""
        return int(self.figures.until(name)[1][bar]) - self.paid[name].first

    def received(self, names: Iterable[str], at: slice) -> Floats:
        """Steps of 1e-8 that some contracts have received by the end of some bars."""
        return self._received(names, at, 1)

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

    def closes(self, held: Held, at: slice) -> Floats:
        """The marks of a position at the ends of some bars, over that at the end of bar n."""
        return self._over(held, self.figures.closes, at, 0)

    def lows(self, held: Held, at: slice) -> Floats:
        """How low its mark went in some bars, in the same measure."""
        return self._over(held, self.figures.lows, at, 1)

    def highs(self, held: Held, at: slice) -> Floats:
        """How high its mark went in some bars, in the same measure."""
        return self._over(held, self.figures.highs, at, 1)

    def _over(self, held: Held, of: Callable[[str], Floats], at: slice, back: int) -> Floats:
        contract = held.contract
        name = contract.name if contract.name in self.quotes.course.tracks else contract.asset
        found = of(name)[at] / self.figures.closes(name)[self.n]
        if name == contract.name or not self.quotes.is_marked(contract):
            return found
        then = np.arange(at.start, at.stop, at.step or 1) - back
        return found * ratios(contract, self.quotes, then) / float(self.quotes.ratio(contract, self.n))
