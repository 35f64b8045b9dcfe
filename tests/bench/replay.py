"""Measure replays: 8 coins by the hour for five years, and what one costs more for each bar; run by hand.

In ``tests``: ``python -m bench.replay``. Goal on two cores with compiled fractions: 1 s beyond reading the files.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from planner.given import INPUTS, inverse, policy, portfolio
from rebal.amounts import Fraction
from rebal.portfolio import Portfolio
from rebal.replay import report
from rebal.replay.course import DAY, Course, Rates, Track, stamp
from rebal.replay.fast import skipping

HOUR = DAY // 24
START = stamp(datetime(2021, 1, 1, tzinfo=UTC))
COINS = tuple(f"C{n}" for n in range(8))


def book(band: str) -> Portfolio:
    """Eight coins of like worth, a tenth wanted in dollars."""
    targets = {**dict.fromkeys(COINS, "0.1125"), "USD": "0.1"}
    made = portfolio(
        dict.fromkeys(COINS, "1000"), targets, dict.fromkeys(COINS, "100"),
        tuple(inverse(coin) for coin in COINS), rules=policy(band=band, leverage="1", distance="0.3"),
    )  # fmt: skip
    return replace(made, market=replace(made.market, funding={}))


def course(bars: int, *, step: int, seed: int = 1) -> Course:
    """Prices that move together as coins do, and funding three times a day."""
    drawn = np.random.default_rng(seed)
    size = 0.6 * (step / (365 * DAY)) ** 0.5
    common = drawn.standard_normal(bars) * size
    tracks, rates = {}, {}
    times = list(range(START, START + bars * step, 8 * HOUR))
    for coin in COINS:
        moves = common + drawn.standard_normal(bars) * size / 8
        closes = 100 * np.exp(np.cumsum(moves))
        before = np.concatenate([[100.0], closes[:-1]])
        reach = np.exp(np.abs(drawn.standard_normal((2, bars))) * size / 2)
        lows, highs = np.minimum(before, closes) / reach[0], np.maximum(before, closes) * reach[1]
        tracks[coin] = Track(*([f"{price:.8g}" for price in each] for each in (closes, lows, highs)))
        rates[f"{coin}USD"] = Rates(times, [f"{rate:.8f}" for rate in drawn.normal(0.0001, 0.0001, len(times))])
    return Course(START, step, bars, tracks, rates)


def main() -> None:
    """Print seconds for each size."""
    terms = report.Terms(slippage=Fraction(1, 2000), check=DAY)
    for bars, step in ((43_800, HOUR), (21_900, HOUR), (1_825, DAY)):
        on = course(bars, step=step)
        for band in ("0.005", "0.02"):
            began, worked = time.perf_counter(), time.process_time()
            told = report.build_replay(book(band), on, terms=terms, inputs=INPUTS, skipping=skipping)
            spent, work = time.perf_counter() - began, time.process_time() - worked
            (way,) = told.ways
            done = f"{way.plans} plans, {way.refusals} refused"
            print(f"{bars} bars, band {band}: {spent:.2f} s ({work:.2f} s of work), {done}")


if __name__ == "__main__":
    main()
