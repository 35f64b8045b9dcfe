"""A stretch of bars in floats: where it may matter, and what is told of the checks at which it does not.

Between two events only prices and funding change. Everything here is proposed in floats beside how far they may be off;
whoever asks decides in fractions where that could tell.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rebal.amounts import ONE, Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.margin import is_inverse, needed
from rebal.market.piecewise import Piece
from rebal.planner.collateral import Account
from rebal.portfolio import Portfolio
from rebal.replay.course import LONGEST, Course, Rates, exactly
from rebal.replay.quotes import Quotes

Floats = Any
"""An array of floats; whole numbers and truths stand in arrays too."""

STEPS = 10**8
_NEAR = 1e-12
_SURE = 1e15
_SHORT = 15
_LARGEST = 4e18


class Figures:
    """A course as arrays, each made once; what walks along the same course share."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._made: dict[tuple[object, str], Any] = {}

    def closes(self, name: str) -> Floats:
        """Prices at the ends of the bars."""
        return self._array(name, "closes")

    def lows(self, name: str) -> Floats:
        """The lowest of each bar."""
        return self._array(name, "lows")

    def highs(self, name: str) -> Floats:
        """The highest of each bar."""
        return self._array(name, "highs")

    def place(self, name: str) -> int:
        """Where a coin or contract stands in what is told of all of them."""
        places: dict[str, int] = self._once(
            "", "places", lambda: {name: n for n, name in enumerate(self.course.tracks)}
        )
        return places[name]

    def every(self, of: str) -> Floats:
        """The closes, lows or highs of everything that has a track, a row each, in its place."""
        return self._once("", of, lambda: np.array([self._array(name, of) for name in self.course.tracks]))

    def matrix(self, assets: tuple[str, ...], laid: Portfolio) -> Floats:
        """Prices at the ends of the bars, a row an asset; of one without a track what the portfolio has."""
        return self._once(assets, "matrix", lambda: self._matrix(assets, laid))

    def until(self, name: str) -> tuple[Floats, Floats]:
        """How many fundings of a contract there are before the end of each bar, and by then."""
        found: tuple[Floats, Floats] = self._once(name, "until", lambda: self._until(name))
        return found

    def owed(self, contract: Contract, quotes: Quotes) -> Floats:
        """At each funding what a long of one unit receives, in steps of 1e-8: ``-r/P``, of a linear one ``-r·P``.

        A unit is a dollar of an inverse contract and a coin of a linear one.
        """
        return self._once(contract.name, "owed", lambda: self._owed(contract, quotes))

    def marked(self, name: str) -> Floats:
        """The bar at whose end the mark of each funding is taken."""
        return self._once(name, "marked", lambda: (self.times(name) - self.course.start) // self.course.step)

    def times(self, name: str) -> Floats:
        """When funding was paid."""
        return self._once(name, "times", lambda: np.array(self._rates(name).times, dtype=np.int64))

    def prices_paid(self, name: str, settle: str) -> tuple[Any, int]:
        """Prices of a coin at each funding of a contract, as whole numbers of one over the second."""
        whole, scale = self._once(settle, "whole", lambda: self._whole(settle))
        return self._once(name, settle, lambda: whole[self._within(self.marked(name))]), scale

    def unfunded(self, name: str, span: int) -> Floats:
        """Whether no funding is known in so many milliseconds up to the end of each bar."""
        return self._once(name, "unfunded", lambda: self._unfunded(name, span))

    def years(self) -> Floats:
        """The year in which each bar ends."""
        return self._once("", "years", self._years)

    def _once(self, of: object, what: str, make: Callable[[], Any]) -> Any:
        key = of, what
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _rates(self, name: str) -> Rates:
        return self.course.rates.get(name) or Rates((), ())

    def _ends(self) -> Floats:
        return self.course.start + np.arange(self.course.count) * self.course.step

    def _years(self) -> Floats:
        return self._ends().astype("datetime64[ms]").astype("datetime64[Y]").astype(int) + 1970

    def _within(self, bars: Floats) -> Floats:
        return np.clip(bars, 0, self.course.count - 1)

    def _matrix(self, assets: tuple[str, ...], laid: Portfolio) -> Floats:
        known, count = self.course.tracks, self.course.count
        rows = [self.closes(each) if each in known else np.full(count, float(laid.price(each))) for each in assets]
        return np.array(rows).reshape(len(assets), count)

    def _until(self, name: str) -> tuple[Floats, Floats]:
        times, ends = self.times(name), self._ends()
        return np.searchsorted(times, ends, side="left"), np.searchsorted(times, ends, side="right")

    def _owed(self, contract: Contract, quotes: Quotes) -> Floats:
        rates = np.array(self._rates(contract.name).rates, dtype=object).astype(float)
        marks = marked(contract, quotes, self, bars=self._within(self.marked(contract.name)))
        return -(rates / marks if contract.kind is Kind.INVERSE else rates * marks) * STEPS

    def _whole(self, name: str) -> tuple[Any, int]:
        """Prices at the ends of the bars without their points, and by how much they are multiplied for that.

        No two decimals of fifteen digits have the same float: where all texts are as short, floats tell them apart.
        """
        texts, closes = self.course.tracks[name].closes, self.closes(name)
        if max(map(len, texts)) <= _SHORT:
            for scale in (10**places for places in range(_SHORT)):
                whole = np.rint(closes * scale)
                if (whole / scale == closes).all() and whole.max() < _SURE:
                    return whole.astype(np.int64), scale
        scale = 10**LONGEST
        return np.array([int(exactly(text) * scale) for text in texts], dtype=object), scale

    def _unfunded(self, name: str, span: int) -> Floats:
        times, ends = self.times(name), self._ends()
        known = [np.searchsorted(times, at, side="right") for at in (ends, ends - span)]
        return known[0] == known[1]

    def _array(self, name: str, of: str) -> Floats:
        track = self.course.tracks[name]
        texts = getattr(track, of)
        if of != "closes" and texts is track.closes:
            return self.closes(name)
        return self._once(name, of, lambda: np.array(texts, dtype=object).astype(float))


def summed(steps: Floats, prices: Any) -> int:
    """``Σ steps·prices``, exactly."""
    if not len(steps):
        return 0
    if prices.dtype != object and float(np.abs(steps).sum()) * float(prices.max()) < _LARGEST:
        return int(steps @ prices)
    return int(steps.astype(object) @ prices.astype(object))


def marked(contract: Contract, quotes: Quotes, figures: Figures, *, bars: Floats) -> Floats:
    """The mark of a contract at the ends of some bars."""
    if contract.name in figures.course.tracks:
        return figures.closes(contract.name)[bars]
    return figures.closes(contract.asset)[bars] * ratios(contract, quotes, bars)


def ratios(contract: Contract, quotes: Quotes, bars: Floats) -> Floats:
    """The mark over the index at the ends of bars, of a contract without a track."""
    if contract.expiry is None or not quotes.is_marked(contract):
        return float(quotes.ratio(contract, 0))
    return np.array([float(quotes.ratio(contract, int(n))) for n in bars])


class Ends:
    """Where a wallet ends at each of some balances, as factors on the marks from which its pieces were made."""

    def __init__(self, account: Account, balances: Floats) -> None:
        pieces = needed(account.held_after)
        up, down = _first_above(pieces, balances), _first_below(pieces, balances)
        if is_inverse(account.held_after):
            self.below, self.above = 1 / up, 1 / down
        else:
            self.below, self.above = down, up
        self.due = _at(_holding(pieces), 1.0) >= balances * (1 - _NEAR)


def _holding(pieces: Sequence[Piece]) -> Piece:
    return next(piece for piece in pieces if piece.until is None or piece.until >= ONE)


def _at(piece: Piece, y: Floats) -> Floats:
    return float(piece.constant) + y * (float(piece.linear) + y * float(piece.quadratic))


def _roots(piece: Piece, balances: Floats) -> tuple[Floats, ...]:
    """Where a piece has each balance, ascending; nan where it never does."""
    a, b, c = float(piece.quadratic), float(piece.linear), float(piece.constant) - balances
    with np.errstate(all="ignore"):
        if not a:
            return (-c / b if b else np.full_like(c, np.nan),)
        root = np.sqrt(b * b - 4 * a * c)
        return tuple(np.sort(np.array([(-b - root) / (2 * a), (-b + root) / (2 * a)]), axis=0))


def _first_above(pieces: Sequence[Piece], balances: Floats) -> Floats:
    """The first y from 1 upwards at which the need reaches each balance; nan where it never does."""
    found, start = np.full_like(balances, np.nan), 1.0
    for piece in pieces:
        if piece.until is not None and piece.until <= ONE:
            continue
        until = np.inf if piece.until is None else float(piece.until)
        _take(found, np.where(_at(piece, start) > balances, start, np.nan))
        for root in _roots(piece, balances):
            with np.errstate(invalid="ignore"):
                inside = (root >= start * (1 - _NEAR)) & (root <= until * (1 + _NEAR))
            _take(found, np.where(inside, root, np.nan))
        start = until
    return found


def _first_below(pieces: Sequence[Piece], balances: Floats) -> Floats:
    """The first y from 1 down to 0 at which the need reaches each balance; nan where it never does."""
    found = np.full_like(balances, np.nan)
    floors = [0.0, *(float(piece.until) for piece in pieces if piece.until is not None)]
    for floor, piece in zip(reversed(floors), reversed(pieces), strict=True):
        if floor >= 1.0:
            continue
        ceiling = 1.0 if piece.until is None else min(1.0, float(piece.until))
        if ceiling < 1.0:
            _take(found, np.where(_at(piece, ceiling) >= balances, ceiling, np.nan))
        for root in reversed(_roots(piece, balances)):
            with np.errstate(invalid="ignore"):
                inside = (root > floor * (1 - _NEAR)) & (root < ceiling * (1 + _NEAR)) & (root > 0)
            _take(found, np.where(inside, root, np.nan))
    return found


def _take(found: Floats, more: Floats) -> None:
    """Keep what is found already, and take more where nothing is."""
    np.copyto(found, more, where=np.isnan(found))


def pnl(contract: Contract, contracts: Fraction, entry: Fraction, *, marks: Floats) -> Floats:
    """Unrealised PnL in the settlement coin at some marks."""
    size = float(contracts * contract.multiplier)
    return size / float(entry) - size / marks if contract.kind is Kind.INVERSE else size * (marks - float(entry))


def coin_value(contract: Contract, contracts: Fraction, marks: Floats) -> Floats:
    """Position value in the settlement coin at some marks."""
    size = float(abs(contracts) * contract.multiplier)
    return size / marks if contract.kind is Kind.INVERSE else size * marks
