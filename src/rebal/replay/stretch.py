"""Some bars ahead of a book that nobody touches: its funding, wallets and weights, in floats and whole numbers."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rebal.amounts import ZERO, Fraction
from rebal.book import Book, Funding, Position, Purpose, apply
from rebal.market.contract import Kind
from rebal.market.margin import Held
from rebal.planner.collateral import Account
from rebal.planner.exposure import beta
from rebal.portfolio import DOLLARS, Portfolio, Sizing
from rebal.replay.incidents import funding, is_mixed, open_positions
from rebal.replay.outlook import Ends, Figures, Floats, Marks, coin_value, pnl
from rebal.replay.outlook import marked as marked_at
from rebal.replay.quotes import Quotes
from rebal.replay.walk import accounts_of, funded_for

_STEPS = 10**8
_OFF, _LEAST_OFF = 1e-12, 1e-9


class Paid(NamedTuple):
    """The fundings of a position ahead: when, the bar at whose end its mark is taken, and steps of 1e-8 received."""

    times: Floats
    marked: Floats
    steps: Floats


class Stretch:
    """The bars after ``n`` up to ``last``, for a book as it stands at the end of bar ``n``."""

    def __init__(self, quotes: Quotes, figures: Figures, book: Book, *, n: int, last: int) -> None:
        self.quotes, self.figures, self.book = quotes, figures, book
        self.n, self.last = n, last
        self.laid: Portfolio = quotes.at(n)
        self.bars = np.arange(n + 1, last + 1)
        self.ends = quotes.course.start + self.bars * quotes.course.step
        self.positions: tuple[Position, ...] = tuple(open_positions(book))
        self.marks = {
            each.contract.name: Marks(each.contract, quotes, figures, bars=self.bars) for each in self.positions
        }
        self.paid = {each.contract.name: self._paid(each) for each in self.positions}
        self.accounts = accounts_of(book, self.laid)
        self._own = {each.contract for each in self.accounts if each.contract is not None}

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
        name, contract = position.contract.name, position.contract
        course = self.quotes.course
        times, rates = self.figures.rates(name)
        begin, end = np.searchsorted(times, [course.ends(self.n), course.ends(self.last)], side="right")
        times, rates = times[begin:end], rates[begin:end]
        marked = (times - course.start) // course.step
        marks = marked_at(contract, self.quotes, self.figures, bars=marked)
        value = coin_value(contract, position.contracts, marks) * rates * _STEPS
        received = -value if position.contracts > 0 else value
        steps = np.floor(received)
        unsure = np.abs(received - np.rint(received)) <= _OFF * np.abs(received) + _LEAST_OFF
        for n in np.flatnonzero(unsure):
            rate = course.rates[name].rates[int(begin) + int(n)]
            told = funding(position, rate, self.quotes.at(int(marked[n])))
            steps[n] = int(told.amount * _STEPS)
        return Paid(times, marked, steps.astype(np.int64))

    def received(self, names: Iterator[str] | tuple[str, ...], *, side: str) -> Floats:
        """Steps of 1e-8 that some contracts have received before (left) or by (right) the end of each bar."""
        together = [self.paid[name] for name in names]
        total = np.zeros(len(self.bars), dtype=np.int64)
        for each in together:
            summed = np.concatenate([[0], np.cumsum(each.steps)])
            total += summed[np.searchsorted(each.times, self.ends, side=side)]  # type: ignore[call-overload]
        return total

    def names_in(self, account: Account) -> tuple[str, ...]:
        """The contracts of a wallet."""
        return tuple(held.contract.name for held in account.held_after)

    def balances(self, account: Account, *, side: str) -> Floats:
        """The wallet without unrealised PnL, before or by the end of each bar."""
        return float(account.balance) + self.received(self.names_in(account), side=side) / _STEPS

    def factors(self, account: Account) -> tuple[Floats, Floats, Floats]:
        """Close, low and high of each bar over the marks of bar n."""
        held = account.held_after[0]
        marks, now = self.marks[held.contract.name], float(held.mark_price)
        return marks.at / now, marks.low / now, marks.high / now

    def book_at(self, bar: int) -> Book:
        """The book once every funding by the end of a bar has been booked."""
        return apply(self.book, tuple(self._fundings(self.quotes.course.ends(bar)))).book

    def book_before(self, bar: int) -> Book:
        """The same without those at the very end of the bar."""
        return apply(self.book, tuple(self._fundings(self.quotes.course.ends(bar) - 1))).book

    def _fundings(self, end: int) -> Iterator[Funding]:
        """Those by an instant, in one sum a contract."""
        for position in self.positions:
            paid = self.paid[position.contract.name]
            count = int(np.searchsorted(paid.times, end, side="right"))
            if count:
                amount = Fraction(int(paid.steps[:count].sum()), _STEPS)
                contract = position.contract
                yield Funding(contract.name, contract.settle, amount, contract.account or None)

    def unfunded(self, position: Position, bar: int) -> Iterator[tuple[int, int]]:
        """The years, each with how many of the bars up to one no funding of a perpetual is known for."""
        if position.contract.expiry is None:
            name = position.contract.name
            lacking = self.figures.unfunded(name, funded_for(self.quotes, name))[self.n + 1 : bar + 1]
            years, counts = np.unique(self.figures.years()[self.n + 1 : bar + 1][lacking], return_counts=True)
            yield from zip(years.tolist(), counts.tolist(), strict=True)


class Wallet:
    """A wallet over a stretch: whether it may end, how near it comes within each bar, and how it stands at each end."""

    def __init__(self, stretch: Stretch, account: Account) -> None:
        close, low, high = stretch.factors(account)
        alert = stretch.laid.policy.alert
        before = Ends(account, stretch.balances(account, side="left"))
        balances = stretch.balances(account, side="right")
        then = Ends(account, balances)
        with np.errstate(invalid="ignore", divide="ignore"):
            near = 1e-9
            self.may_end = before.due | (low <= before.below * (1 + near)) | (high >= before.above * (1 - near))
            self.nearest = np.fmin(1 - before.below / low, before.above / high - 1)
            self.distance = np.fmin(1 - then.below / close, then.above / close - 1)
            gained = sum(_pnl(held, stretch) for held in account.held_after)
            value = sum(_value(held, stretch) for held in account.held_after)
            margin = balances + gained
            levered = (margin <= np.abs(balances) * near) | (value >= float(alert.leverage) * margin * (1 - near))
            self.may_alert = levered | then.due | (self.distance <= float(alert.distance) + near)


def _pnl(held: Held, stretch: Stretch) -> Floats:
    return pnl(held.contract, held.contracts, held.entry_price, marks=stretch.marks[held.contract.name].at)


def _value(held: Held, stretch: Stretch) -> Floats:
    return coin_value(held.contract, held.contracts, stretch.marks[held.contract.name].at)


class Weights:
    """What a book is worth at the end of each bar, and its exposures by asset; ``off``: how large what is summed is."""

    def __init__(self, stretch: Stretch, assets: tuple[str, ...]) -> None:
        self.stretch = stretch
        laid, book = stretch.laid, stretch.book
        size = len(stretch.bars)
        self.off: Floats = np.zeros(size)
        worth = {asset: self._coins(asset) * self._price(asset) for asset in assets}
        dollars: Floats = np.zeros(size)
        for asset in book.holdings:
            if (asset in laid.cash or asset == DOLLARS) and asset not in laid.aside:
                dollars = dollars + self._coins(asset) * float(laid.price(asset))
        legs: dict[str, Floats] = {}
        for position in stretch.positions:
            contract = position.contract
            marks = stretch.marks[contract.name].at
            gained = pnl(contract, position.contracts, position.entry_price, marks=marks)
            if contract.settle in laid.cash:
                dollars = dollars + gained * float(laid.price(contract.settle))
            elif contract.settle in worth:
                worth[contract.settle] = worth[contract.settle] + gained * self._price(contract.settle)
            size_usd = float(abs(position.contracts * contract.multiplier))
            self.off = self.off + (size_usd if contract.kind is Kind.INVERSE else 0) * 2
            for asset, usd in self._legs(position):
                legs[asset] = legs.get(asset, 0.0) + usd
        self.equity: Floats = sum(worth.values()) + dollars
        self.off = self.off + sum(np.abs(each) for each in worth.values()) + np.abs(dollars)
        self.exposures = {asset: each + legs.get(asset, 0.0) for asset, each in worth.items()}
        self.exposures[DOLLARS] = self.equity - sum(self.exposures.values())

    def _coins(self, asset: str) -> Floats:
        stretch = self.stretch
        names = tuple(each.contract.name for each in stretch.positions if each.contract.settle == asset)
        owned = float(stretch.book.holdings.get(asset, ZERO))
        return owned + stretch.received(names, side="right") / _STEPS

    def _price(self, asset: str) -> Floats:
        stretch = self.stretch
        if asset in stretch.quotes.course.tracks:
            return stretch.figures.closes(asset)[stretch.bars]
        return float(stretch.laid.price(asset))

    def _legs(self, position: Position) -> Iterator[tuple[str, Floats]]:
        """Dollars of spot that the parts of a position stand in for."""
        stretch, contract = self.stretch, position.contract
        laid = stretch.laid
        mark = stretch.marks[contract.name].at
        settle = self._price(contract.settle) if contract.kind is Kind.LINEAR else 1.0
        for part in position.parts:
            if part.purpose is not Purpose.REBALANCE or part.stands_for in laid.aside:
                continue
            size = float(part.contracts * contract.multiplier)
            usd = size if contract.kind is Kind.INVERSE else size * mark * settle
            if laid.policy.sizing is Sizing.COIN:
                usd = usd * self._price(contract.asset) / (mark * settle)
            yield part.stands_for, usd / float(beta(part.stands_for, contract, laid)) + np.zeros(len(stretch.bars))
