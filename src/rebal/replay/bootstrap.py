"""Futures unlike the past: its bars drawn anew in blocks, coins, marks and funding together."""

from collections.abc import Sequence

import numpy as np

from rebal.frozen import Worked, frozen, once
from rebal.replay.course import Course, Rates, Track
from rebal.replay.outlook import Figures, Floats

_DIGITS = 8


@frozen
class Draw(Worked):
    """A stationary bootstrap of a course: blocks of ``block`` bars on average, their lengths geometric.

    Source: Politis and Romano, The Stationary Bootstrap (1994). Log returns of every coin and contract, their lows and
    highs and the funding of a bar are drawn together. The future of a number depends on ``seed`` and the number alone.
    """

    past: Course
    block: int
    seed: int

    def course(self, number: int) -> Course:
        """The future of a number: as long as the past, from the same prices."""
        past, bars = self.past, self._bars(number)
        tracks = {name: _track(name, self._figures, bars) for name in past.tracks}
        rates = {name: _rates(each, self._figures.times(name), past, bars=bars) for name, each in past.rates.items()}
        return Course(past.start, past.step, past.count, tracks, rates)

    @once
    def _figures(self) -> Figures:
        return Figures(self.past)

    def _bars(self, number: int) -> Floats:
        """Which bar of the past each bar of the future is, the first left as it is."""
        drawn = np.random.default_rng([self.seed, number])
        count = self.past.count - 1
        anew = drawn.random(count) < 1 / self.block
        anew[0] = True
        starts = drawn.integers(0, count, count)
        since = np.arange(count) - np.maximum.accumulate(np.where(anew, np.arange(count), 0))
        block = np.maximum.accumulate(np.where(anew, np.arange(count), 0))
        return 1 + (starts[block] + since) % count


def _track(name: str, figures: Figures, bars: Floats) -> Track:
    closes, lows, highs = figures.closes(name), figures.lows(name), figures.highs(name)
    before = closes[bars - 1]
    made = closes[0] * np.exp(np.concatenate([[0.0], np.cumsum(np.log(closes[bars] / before))]))
    low = np.concatenate([made[:1], made[:-1] * (lows[bars] / before)])
    high = np.concatenate([made[:1], made[:-1] * (highs[bars] / before)])
    return Track(_texts(made), _texts(np.minimum(low, made)), _texts(np.maximum(high, made)))


def _texts(prices: Floats) -> Sequence[str]:
    return [f"{price:.{_DIGITS}g}" for price in prices.tolist()]


def _rates(rates: Rates, times: Floats, past: Course, *, bars: Floats) -> Rates:
    """The fundings of each bar that was drawn, at their distances from its beginning."""
    begins = past.start + (bars - 1) * past.step
    first, last = (np.searchsorted(times, at, side="right") for at in (begins, begins + past.step))
    counts = last - first
    drawn = np.repeat(np.arange(len(bars)), counts)
    found = np.arange(len(drawn)) - np.repeat(np.cumsum(counts) - counts, counts) + first[drawn]
    moved = times[found] + (past.start + drawn * past.step - begins[drawn])
    return Rates(moved.tolist(), [rates.rates[n] for n in found.tolist()])
