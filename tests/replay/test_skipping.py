"""The walk that skips bars says what the walk over every bar says, to the last digit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import FEWER, among
from planner.books import SETTINGS
from planner.given import INPUTS, NOW
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.portfolio import Portfolio
from rebal.replay import report, sweep
from rebal.replay.course import Course
from rebal.replay.skipping import skipping
from rebal.replay.sweep import Asked, Combination, Shared
from rebal.reports.replay import Refused, Replay

from .books import books
from .courses import adds_up, courses

F = Fraction
ENOUGH = 100


@st.composite
def asked(draw: st.DrawFn) -> tuple[Portfolio, Course, report.Terms]:
    """A book, prices to walk it through, and how."""
    made = draw(books())
    on = draw(courses(made, start=NOW, bars=draw(st.integers(2, 24)), calm=draw(st.booleans())))
    terms = report.Terms(
        slippage=F("0.0005"), check=on.step * draw(st.integers(1, 5)), refused=draw(among(*Refused)),
        spot_fee=F("0.001"), against=report.AGAINST,
    )  # fmt: skip
    return made, on, terms


def test_it_equals_the_walk_over_every_bar_to_the_last_digit() -> None:
    met: Counter[str] = Counter()

    @settings(SETTINGS, max_examples=FEWER.max_examples)
    @given(each=asked())
    def equals(each: tuple[Portfolio, Course, report.Terms]) -> None:
        made, on, terms = each
        slow = report.build_replay(made, on, terms=terms, inputs=INPUTS)
        fast = report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping)
        assert fast == slow
        assert adds_up(slow)
        met.update(shows(made, slow))

    equals()
    if settings().max_examples >= ENOUGH:
        assert {name: count for name, count in met.items() if count < 2} == {}


def shows(made: Portfolio, told: Replay) -> Mapping[str, bool]:
    """What an example is one of."""
    positions = made.statement.positions.values()
    open_then = [each.contract.expiry for each in positions if each.contract.expiry is not None]
    days = [each.until for each in made.statement.hedges.values() if each.until is not None]
    plan = told.ways[0]
    return {
        "dated": bool(open_then),
        "expired": any(expiry <= told.until for expiry in open_then),
        "isolated": any(each.margin is not None for each in positions),
        "linear": any(each.contract.kind is Kind.LINEAR for each in positions),
        "proxies": bool(made.proxies),
        "hedges": bool(made.statement.hedges),
        "hedges that end": any(until <= told.until for until in days),
        "funding": bool(plan.funding_usd),
        "liquidated": bool(told.liquidated),
        "planned again": plan.plans > 1,
        "taxed": any(way.tax_deferred_usd for way in told.ways),
        **{f"refused, {each}": bool(plan.refusals) and told.refused_is is each for each in Refused},
    }


@settings(SETTINGS, max_examples=max(1, settings().max_examples // 2))
@given(each=asked())
def test_a_replay_of_a_sweep_is_the_walk_over_every_bar(each: tuple[Portfolio, Course, report.Terms]) -> None:
    made, on, terms = each
    terms = replace(terms, against=())
    shared = Shared(made, on, terms, (Combination({}, made.policy, terms.refused),))
    brief = sweep.outcome(shared, Asked(0, 0, on.count))
    slow = report.build_replay(made, on, terms=terms, inputs=INPUTS)
    (way,) = slow.ways
    assert (brief.start, brief.end, brief.fall) == (way.equity_start, way.equity_end, way.worst_fall)
    assert (brief.plans, brief.orders, brief.refusals, brief.liquidations) == (
        way.plans, way.orders, way.refusals, way.liquidations,
    )  # fmt: skip
    assert brief.checks == slow.checks
    assert brief.drift == (None if slow.drift is None else slow.drift.mean)
    assert brief.cost == way.fees_usd + way.slippage_usd - way.funding_usd + way.liquidations_usd
    if not way.liquidations:
        assert brief.closest == (None if slow.closest is None else slow.closest.distance * 10**6)
