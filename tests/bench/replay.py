"""Measure replays: 8 coins by the hour for five years, policies over five years of days, futures of one; run by hand.

In ``tests``: ``python -m bench.replay``. Goals on two cores with compiled fractions: 1 s beyond reading the files with
60 plans; 1,000 policies over five years of days in 60 s, 0.12 s of processor time each; 1,000 futures of a year of days
in 30 s, 0.06 s each. Beside each figure stands how many times the floor it is, 60,000 sums of two fractions measured in
the same run: seconds differ by machine and by what else runs on it, and that does less.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from planner.given import INPUTS, inverse, policy, portfolio
from rebal.amounts import Fraction
from rebal.portfolio import Band, Portfolio
from rebal.replay import report
from rebal.replay.course import DAY, Course, Rates, Track, stamp
from rebal.replay.futures import Draw
from rebal.replay.skipping import skipping
from rebal.replay.sweep import Asked, Combination, Shared, outcome
from rebal.reports.replay import Refused

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


def floor() -> float:
    """Seconds of work for 60,000 sums of fractions."""
    began, found = time.process_time(), Fraction(0)
    for n in range(1, 60_000):
        found = Fraction(n, 7) + Fraction(1, n)
    assert found
    return time.process_time() - began


def worked(of: str, count: int, ask: Callable[[int], tuple[int, int]]) -> None:
    """Print the seconds of work that one of some questions takes; each answers plans and refusals."""
    least = min(floor() for _ in range(5))
    ask(0)
    began = time.process_time()
    found = [ask(n) for n in range(count)]
    spent = (time.process_time() - began) / count
    plans, refused = (sum(each[n] for each in found) / count for n in (0, 1))
    print(f"{of}: {spent:.3f} s, {spent / least:.1f} floors; {plans:.0f} plans, {refused:.0f} refused")


def walks() -> None:
    """Print what whole answers take, by bars and band."""
    terms = report.Terms(slippage=Fraction(1, 2000), check=DAY)
    for bars, step, band in ((43_800, HOUR, "0.01"), (43_800, HOUR, "0.02"), (1_825, DAY, "0.02")):
        on, made = course(bars, step=step), book(band)

        def ask(_: int, on: Course = on, made: Portfolio = made) -> tuple[int, int]:
            told = report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping)
            return told.ways[0].plans, told.ways[0].refusals

        worked(f"{bars} bars, band {band}", 2, ask)


def sweeps() -> None:
    """Print what one of many policies, and of many futures, takes."""
    made = book("0.02")
    terms = report.Terms(slippage=Fraction(1, 2000), check=DAY)
    narrow = [Fraction(n + 10, 1000) for n in range(0, 20, 4)]
    wide = [Fraction(n, 100) for n in range(1, 21, 4)]
    on, one = course(1_825, step=DAY), course(365, step=DAY)
    for of, bands, drawn in (
        ("a policy, bands of 1 to 3 points", narrow, None),
        ("a policy, bands of 1 to 20 points", wide, None),
        ("a future", [Fraction(1, 50)], Draw(one, 20, 1)),
    ):
        tried = tuple(Combination({}, replace(made.policy, band=Band(each)), Refused.HOLD) for each in bands)
        shared = Shared(made, on, terms, tried, drawn)

        def ask(n: int, shared: Shared = shared) -> tuple[int, int]:
            at = n % len(shared.combinations)
            found = outcome(shared, Asked(at, 0, 1_825, future=None if shared.draw is None else n))
            return found.plans, found.refusals

        worked(of, 10, ask)


def main() -> None:
    """Print all of it."""
    walks()
    sweeps()


if __name__ == "__main__":
    main()
