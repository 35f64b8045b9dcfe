"""Measure replays: 8 coins by the hour for five years, policies over five years of days, futures of one; run by hand.

In ``tests``: ``python -m bench.replay`` tells the seconds of work of one answer each, in two minutes or so, and
``python -m bench.replay whole`` all that is asked for: 1,000 policies and 1,000 futures in two processes, beside their
goals. Goals on two cores with compiled fractions: 1 s beyond reading the files with 60 plans; 1,000 policies over
five years of days in 60 s, 0.12 s of processor time each; 1,000 futures of a year of days in 30 s, 0.06 s each. Beside
each figure stands how many times the floor it is, 60,000 sums of two fractions measured in the same run: seconds differ
by machine and by what else runs on it, and that does less.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from planner.given import INPUTS, inverse, policy, portfolio
from rebal import workers
from rebal.amounts import Fraction
from rebal.load.policy import usual_alert
from rebal.policy import Band
from rebal.portfolio import Portfolio
from rebal.replay import report
from rebal.replay.bootstrap import Draw
from rebal.replay.course import DAY, Course, Rates, Track, stamp
from rebal.replay.skipping import skipping
from rebal.replay.sweep import Asked, Combination, Shared, outcome
from rebal.reports.replay import Refused

HOUR = DAY // 24
START = stamp(datetime(2021, 1, 1, tzinfo=UTC))
COINS = tuple(f"C{n}" for n in range(8))
TERMS = report.Terms(slippage=Fraction(1, 2000), check=DAY)


def book(band: str, *, leverage: str = "1") -> Portfolio:
    """Eight coins of like worth, a tenth wanted in dollars; more leverage margins what narrow bands ask for."""
    targets = {**dict.fromkeys(COINS, "0.1125"), "USD": "0.1"}
    made = portfolio(
        dict.fromkeys(COINS, "1000"), targets, dict.fromkeys(COINS, "100"), tuple(inverse(coin) for coin in COINS),
        rules=policy(band=band, leverage=leverage, distance="0.3"),
    )  # fmt: skip
    rules = replace(made.policy, alert=usual_alert(made.policy.shock, made.policy.leverage))
    return replace(made, policy=rules, market=replace(made.market, funding={}))


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
    """Print what whole answers take, by bars and band; the last but one is refused on hundreds of days."""
    for bars, step, band, leverage, seed in (
        (43_800, HOUR, "0.008", "2", 2),
        (43_800, HOUR, "0.02", "1", 1),
        (43_800, HOUR, "0.01", "1", 1),
        (1_825, DAY, "0.02", "1", 1),
    ):
        on, made = course(bars, step=step, seed=seed), book(band, leverage=leverage)

        def ask(_: int, on: Course = on, made: Portfolio = made) -> tuple[int, int]:
            told = report.build_replay(made, on, terms=TERMS, inputs=INPUTS, skipping=skipping)
            return told.ways[0].plans, told.ways[0].refusals

        worked(f"{bars} bars, band {band}", 2, ask)


def policies(bands: Sequence[Fraction]) -> Shared:
    """A sweep of bands over five years of days."""
    made = book("0.02")
    tried = tuple(Combination({}, replace(made.policy, band=Band(each)), Refused.HOLD) for each in bands)
    return Shared(made, course(1_825, step=DAY), TERMS, tried)


def futures() -> Shared:
    """Futures drawn from a year of days, under one policy."""
    made, one = book("0.02"), course(365, step=DAY)
    tried = (Combination({}, replace(made.policy, band=Band(Fraction(1, 50))), Refused.HOLD),)
    return Shared(made, one, TERMS, tried, Draw(one, 20, 1))


def asked(shared: Shared, n: int) -> Asked:
    """The question of a number: a policy over all there is, or a future."""
    count = shared.course.count
    return Asked(n % len(shared.combinations), 0, count, future=None if shared.draw is None else n)


def sweeps() -> None:
    """Print what one of many policies, and of many futures, takes."""
    for of, shared in (
        ("a policy, bands of 1 to 3 points", policies([Fraction(n + 10, 1000) for n in range(0, 20, 4)])),
        ("a policy, bands of 1 to 20 points", policies([Fraction(n, 100) for n in range(1, 21, 4)])),
        ("a future", futures()),
    ):

        def ask(n: int, shared: Shared = shared) -> tuple[int, int]:
            found = outcome(shared, asked(shared, n))
            return found.plans, found.refusals

        worked(of, 10, ask)


def whole(many: int = 1_000, jobs: int = 2) -> None:
    """Print what all of it takes in several processes, and the memory of each, beside the goals."""
    for of, shared, goal in (
        (f"{many} policies, bands of 1 to 20 points", policies([Fraction(n + 100, 10_000) for n in range(1_900)]), 60),
        (f"{many} policies, bands of 1 to 3 points", policies([Fraction(n + 100, 10_000) for n in range(200)]), 60),
        (f"{many} futures", futures(), 30),
    ):
        step = len(shared.combinations) / many
        taken: list[tuple[float, int]] = []
        for count in (many // 10, many):
            began = time.perf_counter()
            with workers.hired(shared, jobs=jobs) as crew:
                questions = (asked(shared, int(n * many / count * step) if step > 1 else n) for n in range(count))
                plans = sum(each.plans for each in crew.each(outcome, questions))
            taken.append((time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
        (tenth, little), (seconds, most) = taken
        print(
            f"{of}: {seconds:.1f} s in {jobs} processes, goal {goal} s; a tenth of them {tenth:.1f} s; {plans} plans; "
            f"{most} MiB at most in a process so far, {little} with a tenth of them",
            flush=True,
        )


def main(which: Sequence[str]) -> None:
    """Print all of it."""
    walks()
    if "whole" in which:
        whole(*(int(each) for each in which[1:]))
    else:
        sweeps()


if __name__ == "__main__":
    main(sys.argv[1:])
