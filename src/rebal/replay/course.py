"""A course of prices: bars at even steps and the funding that was paid, each figure as the text that it was read from.

A text becomes an exact number where it is asked for; most bars of a history never are.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from rebal.amounts import Fraction, number
from rebal.frozen import frozen
from rebal.times import BEGINNING, MILLISECOND

DAY = 86_400_000
LONGEST = 40


@frozen
class Track:
    """The bars of one coin or contract, in USD; without lows and highs of their own these are the closes."""

    closes: Sequence[str]
    lows: Sequence[str]
    highs: Sequence[str]


@frozen
class Rates:
    """Funding of one contract: when, in milliseconds since 1970 and ascending, and the rate per interval."""

    times: Sequence[int]
    rates: Sequence[str]


@frozen
class Course:
    """Bars that end at ``start + n·step`` milliseconds since 1970, ``count`` of them.

    ``tracks``: by asset (spot or index) and by contract (its mark); ``rates``: by contract. What is known at the end of
    bar 0 is where a replay begins; the bar itself is over by then.
    """

    start: int
    step: int
    count: int
    tracks: Mapping[str, Track]
    rates: Mapping[str, Rates]

    def ends(self, n: int) -> int:
        """When bar n ends, in milliseconds since 1970."""
        return self.start + n * self.step

    def close(self, name: str, n: int) -> Fraction:
        """The price at the end of bar n."""
        return exactly(self.tracks[name].closes[n])

    def low(self, name: str, n: int) -> Fraction:
        """The lowest price of bar n."""
        return exactly(self.tracks[name].lows[n])

    def high(self, name: str, n: int) -> Fraction:
        """The highest price of bar n."""
        return exactly(self.tracks[name].highs[n])

    def fundings(self, name: str, first: int, last: int) -> Sequence[tuple[int, str]]:
        """Instants and rates of the fundings of a contract after one instant and up to another."""
        rates = self.rates.get(name)
        if rates is None:
            return ()
        begin, end = bisect_right(rates.times, first), bisect_right(rates.times, last)
        return tuple(zip(rates.times[begin:end], rates.rates[begin:end], strict=True))

    def between(self, first: int, last: int) -> "Course":
        """The bars from one to another, the latter left out; a course of its own."""
        tracks = {
            name: Track(track.closes[first:last], track.lows[first:last], track.highs[first:last])
            for name, track in self.tracks.items()
        }
        return Course(self.ends(first), self.step, last - first, tracks, self.rates)


def moment(milliseconds: int) -> datetime:
    """Milliseconds since 1970 as a time in UTC."""
    return BEGINNING + milliseconds * MILLISECOND


def stamp(moment: datetime) -> int:
    """A time as milliseconds since 1970."""
    return (moment - BEGINNING) // MILLISECOND


@lru_cache(maxsize=1 << 10)
def exactly(text: str) -> Fraction:
    """A figure of a history with every digit that its text has."""
    return number(text, digits=LONGEST)
