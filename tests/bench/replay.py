"""Measure replays: 8 coins by the hour for five years, and what one costs more for each bar; run by hand.

In ``tests``: ``python -m bench.replay``. Goals on two cores with compiled fractions: 1 s beyond reading
the files; 1,000 policies over five years of days in 60 s; 1,000 futures of a year of days in 30 s.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from planner.given import INPUTS, inverse, policy, portfolio
from rebal.amounts import Fraction
from rebal.portfolio import Band, Portfolio
from rebal.replay import report
from rebal.replay.course import DAY, Course, Rates, Track, stamp
from rebal.replay.fast import skipping
from rebal.replay.futures import Draw
from rebal.replay.sweep import Asked, Combination, Shared, outcome

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


def walks() -> None:
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


def sweeps(*, policies: int, futures: int) -> None:
    """Print seconds for each policy over five years of days, and for each future of one year of days."""
    made = book("0.02")
    terms = report.Terms(slippage=Fraction(1, 2000), check=DAY)
    bands = (replace(made.policy, band=Band(Fraction(n + 10, 1000))) for n in range(policies))
    tried = tuple(Combination({"band": str(n)}, policy, rescues=False) for n, policy in enumerate(bands))
    years = Shared(made, course(1_825, step=DAY), terms, tried)
    one = course(365, step=DAY)
    drawn = Shared(made, one, terms, tried[:1], Draw(one, 20, 1))
    for name, shared, asked in (
        ("policy", years, [Asked(n, 0, 1_825) for n in range(policies)]),
        ("future", drawn, [Asked(0, 0, 0, future=n) for n in range(futures)]),
    ):
        worked = time.process_time()
        found = [outcome(shared, each) for each in asked]
        work = (time.process_time() - worked) / len(asked)
        plans = sum(each.plans for each in found) / len(asked)
        refused = sum(each.refusals for each in found) / len(asked)
        print(f"a {name}: {work:.3f} s of work, {plans:.0f} plans, {refused:.0f} refused")


def main() -> None:
    """Print all of it."""
    walks()
    sweeps(policies=20, futures=20)


if __name__ == "__main__":
    main()
