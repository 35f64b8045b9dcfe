"""Courses of prices for tests: written out, or at random."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import Fraction, plain
from rebal.portfolio import Portfolio
from rebal.replay.course import Course, Rates, Track, stamp
from rebal.reports.replay import Replay

HOUR, DAY = 3_600_000, 86_400_000
_MOVES = [Fraction(n, 100) for n in (45, 80, 93, 97, 99, 100, 101, 103, 108, 130, 210)]
_CALM = [Fraction(n, 1000) for n in (985, 993, 999, 1000, 1002, 1007, 1016)]
_CALM_ENDS, _ENDS = [(100, 100), (99, 101)], [(100, 100), (95, 104), (70, 101), (99, 140)]
_RATES = ["0.0001", "-0.00025", "4.014e-05", "0", "0.003", "-0.0075"]


def track(closes: Sequence[str], lows: Sequence[str] | None = None, highs: Sequence[str] | None = None) -> Track:
    """Bars by their closes, and their lows and highs where they have some."""
    return Track(closes, lows or closes, highs or closes)


def course(
    tracks: Mapping[str, Track],
    *,
    start: datetime,
    step: int = DAY,
    rates: Mapping[str, Rates] | None = None,
) -> Course:
    """Bars from a start on."""
    count = len(next(iter(tracks.values())).closes)
    return Course(stamp(start), step, count, tracks, rates or {})


@st.composite
def courses(draw: st.DrawFn, made: Portfolio, *, bars: int = 12, start: datetime, calm: bool = False) -> Course:
    """Bars that wander from a portfolio's own prices, some of them far; marks of some contracts; funding of some."""
    step = draw(among(HOUR, 8 * HOUR, DAY, 3 * DAY))
    tracks = {asset: _wander(draw, price, bars, calm) for asset, price in sorted(made.market.prices.items())}
    for name, contract in sorted(made.contracts.items()):
        if draw(st.integers(0, 3)) == 0:
            off = draw(among(Fraction(1), Fraction(101, 100), Fraction(99, 100)))
            tracks[name] = _scaled(tracks[contract.asset], off)
    rates = {
        name: _paid(draw, stamp(start), stamp(start) + bars * step)
        for name, contract in sorted(made.contracts.items())
        if contract.expiry is None and draw(st.booleans())
    }
    return course(tracks, start=start, step=step, rates=rates)


def _wander(draw: st.DrawFn, price: Fraction, bars: int, calm: bool) -> Track:
    closes, lows, highs = [], [], []
    for _ in range(bars):
        before, price = price, cut(price * draw(among(*(_CALM if calm else _MOVES))))
        closes.append(plain(price))
        low, high = draw(among(*(_CALM_ENDS if calm else _ENDS)))
        lows.append(plain(cut(min(before, price) * low / 100)))
        highs.append(plain(cut(max(before, price) * high / 100)))
    return Track(closes, lows, highs)


def _scaled(bars: Track, factor: Fraction) -> Track:
    def scaled(texts: Sequence[str]) -> list[str]:
        return [plain(cut(exact(text) * factor)) for text in texts]

    return Track(scaled(bars.closes), scaled(bars.lows), scaled(bars.highs))


def cut(price: Fraction) -> Fraction:
    """A price with the digits of one: ten decimals, never nothing."""
    return max(Fraction(round(price * 10**10), 10**10), Fraction(1, 10**10))


def _paid(draw: st.DrawFn, first: int, last: int) -> Rates:
    times = list(range(first - draw(st.integers(0, 8)) * HOUR, last, 8 * HOUR))
    return Rates(times, [draw(among(*_RATES)) for _ in times])


def without_funding(made: Portfolio) -> Portfolio:
    """A portfolio whose own market tells no funding."""
    return replace(made, market=replace(made.market, funding={}))


def adds_up(told: Replay) -> bool:
    """Whether each way's equity at the end is what it began with and what is said to have come and gone."""
    return all(
        way.equity_end - way.equity_start
        == way.prices_usd + way.funding_usd - way.fees_usd - way.slippage_usd - way.liquidations_usd
        for way in told.ways
    )
