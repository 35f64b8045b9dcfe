"""Schedules: which tier holds a size, deductions from continuity, and what stands in where nothing is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.market.maintenance import (
    Method,
    Tier,
    Tiers,
    TierUnit,
    Valuation,
    assumed,
    continuous,
    is_continuous,
    with_deductions,
)
from rebal.market.margin import Held, beyond_last_tier, initial_margin, maintenance_margin

from .definitions import inverse, sliced

STEPS = ((Fraction(5), Fraction("0.004")), (Fraction(10), Fraction("0.005")), (None, Fraction("0.01")))


def schedule(tiers: tuple[Tier, ...], *, unit: TierUnit = TierUnit.COIN) -> Tiers:
    return Tiers(Valuation.MARK, close_fee=False, method=Method.DEDUCTION, unit=unit, tiers=tiers)


@st.composite
def steps(draw: st.DrawFn) -> tuple[tuple[Fraction | None, Fraction], ...]:
    bounds = sorted(draw(st.sets(st.integers(1, 10**6), max_size=6)))
    rates = draw(st.lists(st.integers(1, 5000), min_size=len(bounds) + 1, max_size=len(bounds) + 1, unique=True))
    ends = [Fraction(bound, 100) for bound in bounds]
    return tuple(zip((*ends, None), (Fraction(rate, 10_000) for rate in sorted(rates)), strict=True))


@given(steps(), st.integers(0, 2 * 10**6))
def test_rate_less_deduction_is_every_slice_at_its_own_rate(
    drawn: tuple[tuple[Fraction | None, Fraction], ...], cents: int
) -> None:
    tiers, size = schedule(continuous(drawn)), Fraction(cents, 100)
    holding = tiers.tier(size)
    assert is_continuous(tiers.tiers)
    assert size * holding.rate - holding.deduction == sliced(size, tiers)


@pytest.mark.parametrize(
    ("size", "number"),
    [
        ("0", 0),
        ("5", 0),
        ("5.00000001", 1),
        ("10", 1),
        ("10.1", 2),
        ("999", 2),
    ],
)
def test_a_tier_holds_its_upper_bound(size: str, number: int) -> None:
    tiers = schedule(continuous(STEPS))
    assert tiers.tier(exact(size)) is tiers.tiers[number]


def test_beyond_the_last_bound_its_rate_goes_on() -> None:
    bounded = schedule(continuous((*STEPS[:2], (Fraction(20), Fraction("0.01")))))
    assert bounded.tier(Fraction(21)) is bounded.tiers[-1]
    assert bounded.beyond(Fraction(21))
    assert not bounded.beyond(Fraction(20))
    assert not schedule(continuous(STEPS)).beyond(Fraction(10**9))


def test_deductions_replace_a_tiers_own_and_leave_its_leverage() -> None:
    own = tuple(Tier(up_to, rate, Fraction(7), Fraction(50)) for up_to, rate in STEPS)
    assert not is_continuous((own[0], Tier(None, Fraction("0.5"))))
    assert with_deductions(own) == tuple(
        Tier(tier.up_to, tier.rate, tier.deduction, Fraction(50)) for tier in continuous(STEPS)
    )


@pytest.mark.parametrize(
    ("max_leverage", "rate"),
    [(None, "0.025"), ("100", "0.025"), ("20", "0.025"), ("10", "0.05"), ("37", "0.025"), ("8", "0.0625")],
)
def test_what_stands_in_is_the_larger_of_two_and_a_half_percent_and_half_the_initial_margin(
    max_leverage: str | None, rate: str
) -> None:
    assumed.cache_clear()  # so that it is worked out here
    stand_in = assumed(None if max_leverage is None else exact(max_leverage))
    assert stand_in == Tiers(
        Valuation.MARK, close_fee=True, method=Method.WHOLE, unit=TierUnit.COIN, tiers=(Tier(None, exact(rate)),)
    )


CAPPED = (
    Tier(Fraction(5), Fraction("0.004"), max_leverage=Fraction(125)),
    Tier(Fraction(10), Fraction("0.005"), max_leverage=Fraction(50)),
)


@pytest.mark.parametrize(
    ("contracts", "cap", "beyond"),
    [
        ("50", "100", False),
        ("-51", "50", False),
        ("-101", "50", True),
    ],
)
def test_leverage_is_capped_by_the_contract_and_by_the_tier(contracts: str, cap: str, beyond: bool) -> None:
    position = Held(inverse(schedule(CAPPED)), exact(contracts), Fraction(2000), Fraction(1000))
    assert position.most_leverage == exact(cap)
    assert beyond_last_tier(position) is beyond
    assert initial_margin(position, Fraction(10)) == position.position_value / 10
    assert initial_margin(position, Fraction(125)) == position.position_value / exact(cap)


def test_an_entry_valued_size_picks_its_tier_at_the_entry() -> None:
    """51 contracts are 5.1 coins at the mark of 1,000, and 2.55 at the entry of 2,000."""
    at_entry = replace(schedule(CAPPED), valuation=Valuation.ENTRY)
    position = Held(inverse(at_entry), Fraction(51), Fraction(2000), Fraction(1000))
    assert position.most_leverage == 100
    assert maintenance_margin([position]) == Fraction("2.55") * Fraction("0.004")


def test_without_any_cap_the_leverage_asked_for_counts() -> None:
    contract = replace(inverse(assumed(None)), max_leverage=None)
    position = Held(contract, Fraction(10), Fraction(1000), Fraction(1000))
    assert initial_margin(position, Fraction(200)) == Fraction(1, 200)


def test_tiers_that_end_nowhere_before_the_last_are_not_continuous() -> None:
    endless = Tier(None, Fraction("0.01"))
    assert is_continuous((endless,))
    assert not is_continuous((endless, endless))
    bent = Tier(Fraction(10), Fraction("0.01"))
    assert is_continuous((bent, Tier(None, Fraction("0.02"), Fraction("0.1"))))
    assert not is_continuous((bent, Tier(None, Fraction("0.02"), Fraction("0.2"))))
