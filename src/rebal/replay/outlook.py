"""A stretch of bars in floats: where it may matter, and what is told of the checks at which it does not.

Between two events only prices and funding change. Everything here is proposed in floats beside how far they may be off;
whoever asks decides in fractions where that could tell.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rebal.amounts import ONE, Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.margin import is_inverse, needed
from rebal.market.pieces import Piece
from rebal.planner.collateral import Account
from rebal.replay.course import Course, Rates
from rebal.replay.quotes import Quotes

Floats = Any
"""An array of floats; whole numbers and truths stand in arrays too."""

_NEAR = 1e-12


class Figures:
    """A course as arrays, each made once."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._made: dict[tuple[str, str], Floats] = {}

    def closes(self, name: str) -> Floats:
        """Prices at the ends of the bars."""
        return self._array(name, "closes")

    def lows(self, name: str) -> Floats:
        """The lowest of each bar."""
        return self._array(name, "lows")

    def highs(self, name: str) -> Floats:
        """The highest of each bar."""
        return self._array(name, "highs")

    def rates(self, name: str) -> tuple[Floats, Floats]:
        """When funding was paid, and how much of the value."""
        key = name, "rates"
        if key not in self._made:
            known = self.course.rates.get(name) or Rates((), ())
            times = np.array(known.times, dtype=np.int64)
            self._made[key] = times, np.array(known.rates, dtype=object).astype(float)
        found: tuple[Floats, Floats] = self._made[key]
        return found

    def unfunded(self, name: str, span: int) -> Floats:
        """Whether no funding is known in so many milliseconds up to the end of each bar."""
        key = name, "unfunded"
        if key not in self._made:
            times, ends = self.rates(name)[0], self.course.start + np.arange(self.course.count) * self.course.step
            known = [np.searchsorted(times, at, side="right") for at in (ends, ends - span)]
            self._made[key] = known[0] == known[1]
        return self._made[key]

    def years(self) -> Floats:
        """The year in which each bar ends."""
        key = "", "years"
        if key not in self._made:
            ends = self.course.start + np.arange(self.course.count) * self.course.step
            self._made[key] = ends.astype("datetime64[ms]").astype("datetime64[Y]").astype(int) + 1970
        return self._made[key]

    def _array(self, name: str, of: str) -> Floats:
        key = name, of
        if key not in self._made:
            track = self.course.tracks[name]
            texts = getattr(track, of)
            same = of != "closes" and texts is track.closes
            self._made[key] = self.closes(name) if same else np.array(texts, dtype=object).astype(float)
        return self._made[key]


class Marks:
    """The mark of a contract over some bars, and how low and high it went in each."""

    def __init__(self, contract: Contract, quotes: Quotes, figures: Figures, *, bars: Floats) -> None:
        name = contract.name if contract.name in figures.course.tracks else contract.asset
        ratio = 1.0 if name == contract.name else _ratios(contract, quotes, bars - 1)
        self.at = marked(contract, quotes, figures, bars=bars)
        self.low = figures.lows(name)[bars] * ratio
        self.high = figures.highs(name)[bars] * ratio


def marked(contract: Contract, quotes: Quotes, figures: Figures, *, bars: Floats) -> Floats:
    """The mark of a contract at the ends of some bars."""
    if contract.name in figures.course.tracks:
        return figures.closes(contract.name)[bars]
    return figures.closes(contract.asset)[bars] * _ratios(contract, quotes, bars)


def _ratios(contract: Contract, quotes: Quotes, bars: Floats) -> Floats:
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
