"""Sweeps over policies and starts, and futures drawn from the past."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from exact import exact
from planner.given import INPUTS, inverse, policy, portfolio
from rebal.amounts import Fraction
from rebal.policy import Band
from rebal.portfolio import Portfolio
from rebal.replay import report, sweep
from rebal.replay.bootstrap import Draw
from rebal.replay.course import DAY, Course, Rates, stamp
from rebal.replay.skipping import skipping
from rebal.replay.sweep import Asked, Combination, Outcome, Shared
from rebal.reports.replay import Refused

from .courses import HOUR, course, track

F = Fraction
START = datetime(2022, 1, 1, tzinfo=UTC)


def book() -> Portfolio:
    return portfolio(
        {"BTC": "2", "ETH": "20"}, {"BTC": "0.5", "ETH": "0.4", "USD": "0.1"}, {"BTC": "40000", "ETH": "2500"},
        (inverse("BTC", "100"), inverse("ETH", "10")), rules=policy(),
    )  # fmt: skip


def past(bars: int = 40) -> Course:
    drawn = np.random.default_rng(3)
    moves = drawn.normal(0, 0.04, (2, bars))
    paths = [at * np.exp(np.cumsum(each)) for at, each in zip((40000, 2500), moves, strict=True)]
    closes = [[f"{price:.8g}" for price in path] for path in paths]
    begins = stamp(START)
    paid = Rates([begins + n * 8 * HOUR for n in range(3 * bars)], [f"{n * 1e-6:.6f}" for n in range(3 * bars)])
    return course(
        {"BTC": track(closes[0]), "ETH": track(closes[1])}, start=START, rates={"BTCUSD": paid}
    )  # fmt: skip


def shared(*bands: str, **more: Any) -> Shared:
    made = book()
    tried = tuple(
        Combination({"band": band}, replace(made.policy, band=Band(exact(band))), Refused.HOLD) for band in bands
    )
    return Shared(made, past(), report.Terms(slippage=F("0.0005"), check=DAY), tried, **more)


def test_each_replay_of_a_sweep_is_the_replay_of_its_policy() -> None:
    given = shared("0.01", "0.2")
    for n, combination in enumerate(given.combinations):
        found = sweep.outcome(given, Asked(n, 0, given.course.count))
        told = report.build_replay(
            replace(given.portfolio, policy=combination.policy), given.course, terms=given.terms, inputs=INPUTS,
            skipping=skipping,
        )  # fmt: skip
        (way,) = told.ways
        assert (found.start, found.end, found.fall) == (way.equity_start, way.equity_end, way.worst_fall)
        assert (found.plans, found.orders, found.refusals) == (way.plans, way.orders, way.refusals)
        assert told.drift is not None
        assert found.drift == told.drift.mean
        assert found.closest == (None if told.closest is None else told.closest.distance * 10**6)
        assert found.cost == way.fees_usd + way.slippage_usd - way.funding_usd + way.liquidations_usd


@pytest.mark.parametrize("rank", sweep.PLACES)
def test_the_best_by_a_figure_stands_first_and_starts_spread_over_the_first_half(rank: str) -> None:
    given = shared("0.01", "0.03", "0.2")
    asked = list(sweep.asked_for(given, 3))
    assert [(each.combination, each.first, each.last) for each in asked[:4]] == [
        (0, 0, 40), (0, 0, 20), (0, 10, 30), (0, 20, 40),
    ]  # fmt: skip
    outcomes = [sweep.outcome(given, each) for each in asked]
    lines = sweep.combination_lines(given, outcomes, starts=3, rank=rank)
    assert [line.place for line in lines] == [1, 2, 3]
    figures: dict[str, list[Fraction]] = {
        "end": [-line.equity_end for line in lines],
        "fall": [line.worst_fall for line in lines],
        "closest": [F(-(10**9)) if line.closest is None else -line.closest for line in lines],
        "cost": [line.cost_usd for line in lines],
        "drift": [line.drift or F(0) for line in lines],
    }
    assert figures[rank] == sorted(figures[rank])
    assert any(line.frontier for line in lines)
    for line in lines:
        assert line.least_change is not None
        assert line.median_change is not None
        assert line.most_change is not None
        assert line.least_change <= line.median_change <= line.most_change
    assert sweep.best(given, lines).typed == lines[0].policy


def test_a_future_is_made_of_bars_of_the_past_with_their_funding() -> None:
    of = past()
    draw = Draw(of, block=5, seed=11)
    made = draw.course(3)
    assert (made.start, made.step, made.count) == (of.start, of.step, of.count)
    assert made.tracks["BTC"].closes == draw.course(3).tracks["BTC"].closes
    assert made.tracks["BTC"].closes != draw.course(4).tracks["BTC"].closes
    returns = {name: np.diff(np.log([float(text) for text in of.tracks[name].closes])) for name in ("BTC", "ETH")}
    moved = {name: np.diff(np.log([float(text) for text in made.tracks[name].closes])) for name in ("BTC", "ETH")}
    bars = [int(np.argmin(np.abs(returns["BTC"] - each))) for each in moved["BTC"]]
    assert [returns["BTC"][n] for n in bars] == pytest.approx(list(moved["BTC"]), abs=1e-6)
    assert [returns["ETH"][n] for n in bars] == pytest.approx(list(moved["ETH"]), abs=1e-6)
    for n, bar in enumerate(bars):
        begins, began = made.start + n * made.step, of.start + bar * of.step
        told = [(time - begins, rate) for time, rate in made.fundings("BTCUSD", begins, begins + made.step)]
        assert told == [(time - began, rate) for time, rate in of.fundings("BTCUSD", began, began + of.step)]
        assert len(told) == 3


def test_blocks_are_as_long_as_asked_on_average() -> None:
    of = past(400)
    lengths = []
    for number in range(20):
        bars = Draw(of, block=8, seed=1)._bars(number)
        broken = np.flatnonzero(np.diff(bars) != 1)
        lengths.append(len(bars) / (len(broken) + 1))
    assert np.mean(lengths) == pytest.approx(8, rel=0.15)


def test_shares_and_quantiles_have_their_standard_errors() -> None:
    def came_to(end: int, closest: int | None, dead: int, refused: int) -> Outcome:
        return Outcome(F(100), F(end), F(0), closest, F(0), None, 0, 0, refused, 1, dead)

    outcomes = [came_to(n, n * 1000, int(n < 25), int(n < 50)) for n in range(100)]
    lines = {(line.figure, line.quantile): line for line in sweep.future_lines(outcomes)}
    assert lines["liquidated", None].value == F(1, 4)
    assert lines["liquidated", None].standard_error == F("0.0433013")
    assert lines["refused", None].value == F(1, 2)
    assert lines["end", F(1, 2)].value == F(99, 2)
    # sqrt(100 * 1/4) = 5 ranks to either side
    assert lines["end", F(1, 2)].standard_error == 5
    assert lines["closest", F(1, 4)].value == F("0.02475")
    # sqrt(100 * 1/20 * 19/20) = 2.17945 ranks to either side of the rank 4.95
    assert lines["end", F(1, 20)].standard_error == F("2.17945")


def test_what_was_seen_in_no_future_or_in_all_is_not_certain() -> None:
    never, ever = ([Outcome(F(1), F(1), F(0), 1, F(0), None, 0, 0, 0, 1, dead)] * 50 for dead in (0, 1))
    for outcomes, share in ((never, F(0)), (ever, F(1))):
        line = sweep.future_lines(outcomes)[0]
        # as of half a future in fifty: sqrt(0.01 * 0.99 / 50)
        assert (line.figure, line.value, line.standard_error) == ("liquidated", share, F("0.0140712"))


def test_of_one_future_no_quantile_has_a_standard_error() -> None:
    (_, _, *lines) = sweep.future_lines([Outcome(F(1), F(2), F(0), 3, F(0), None, 0, 0, 0, 1, 0)])
    assert {line.standard_error for line in lines} == {None}
    assert {line.value for line in lines} == {F(2), F("0.000003")}


@pytest.mark.parametrize("count", [20, 50, 200])
def test_standard_errors_are_how_far_quantiles_spread_when_they_are_drawn_again(count: int) -> None:
    drawn = np.random.default_rng(8).normal(1000, 100, (600, count))
    found: dict[Fraction, list[tuple[float, float]]] = {}
    for ends in np.rint(drawn).astype(int).tolist():
        for line in sweep.future_lines([Outcome(F(1), F(n), F(0), None, F(0), None, 0, 0, 0, 1, 0) for n in ends]):
            if line.quantile is not None:
                found.setdefault(line.quantile, []).append((float(line.value), float(line.standard_error or 0)))
    assert len(found) == 5
    for q, told in found.items():
        values, errors = np.array(told).T
        # ranks are few at the ends of a few futures, where the error is told roughly
        near = 0.35 if count * min(q, 1 - q) < 2 else 0.12
        assert errors.mean() == pytest.approx(values.std(), rel=near)


def test_a_future_is_walked_like_any_course() -> None:
    draw = Draw(past(), block=5, seed=2)
    given = shared("0.05", draw=draw)
    found = sweep.outcome(given, Asked(0, 0, 0, future=7))
    told = report.build_replay(given.portfolio, draw.course(7), terms=given.terms, inputs=INPUTS)
    assert found.end == told.ways[0].equity_end
