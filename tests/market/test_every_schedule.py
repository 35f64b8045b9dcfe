"""Each kind of schedule once, whatever prices do: margin, pieces, fees and ends are those of the definitions."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.market.contract import Kind
from rebal.market.kept import kept_within
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation, continuous
from rebal.market.margin import Held, beyond_last_tier, initial_margin, maintenance_margin, needed
from rebal.market.piecewise import piece_at
from rebal.market.pooled import (
    ClosingFee,
    Levered,
    Open,
    Pool,
    Printed,
    Rules,
    closing_fee,
    maintenance_of,
    requirement_pieces,
)

from .definitions import (
    HAIR,
    ONE,
    at,
    bounds,
    initial,
    inverse,
    linear,
    maintenance,
    slack,
    unit_value,
    unrealised,
    value,
)
from .test_pooled_survey import asked_for, required

MARK = Fraction(40000)
ENTRIES = (MARK * 7 / 10, MARK, MARK * 3 / 2)
NEAR = (Fraction(1, 3), ONE, Fraction(10, 9), Fraction(4))
RATES = tuple(map(exact, ("0.01", "0.04", "0.15")))
CAPS = (Fraction(20), Fraction(6), Fraction(3, 2))
CAPLESS = (Fraction(20), None, Fraction(6))


def bare(kind: Kind, contracts: Fraction, entry: Fraction) -> Held:
    """A position of half a contract of 80,000 dollars, or of 8 coins, without a schedule yet."""
    contract = (inverse if kind is Kind.INVERSE else linear)(
        SizeRate(ZERO, ZERO), multiplier="80000" if kind is Kind.INVERSE else "8", taker_fee="0.003"
    )
    return Held(replace(contract, max_leverage=None), contracts, entry, MARK)


def scheduled(held: Held, schedule: Maintenance, *, most: Fraction | None = None) -> Held:
    return replace(held, contract=replace(held.contract, maintenance=schedule, max_leverage=most))


def tiers(held: Held, unit: TierUnit, method: Method, valuation: Valuation, *, fee: bool) -> Tiers:
    """Three tiers that end below, at and beyond a position's size today; or in the last of which prices take it."""
    size = value(held, MARK) / unit_value(held, MARK, unit)
    ends = (size * 3 / 4, size if fee else size * 5 / 4, size * 2 if fee else None)
    if method is Method.WHOLE:
        steps = tuple(Tier(end, rate) for end, rate in zip(ends, RATES, strict=True))
    else:
        steps = continuous(tuple(zip(ends, RATES, strict=True)))
    caps = CAPS if fee else CAPLESS
    steps = tuple(replace(step, max_leverage=cap) for step, cap in zip(steps, caps, strict=True))
    return Tiers(valuation, close_fee=fee, method=method, unit=unit, tiers=steps)


def every(kind: Kind) -> Iterator[Held]:
    """A position under each kind of schedule, long and short, at a profit and at a loss."""
    sides = (Fraction(1, 2), Fraction(-1, 2))
    for unit, method, valuation, fee in product(TierUnit, Method, Valuation, (False, True)):
        for contracts, entry in product(sides, ENTRIES):
            held = bare(kind, contracts, entry)
            yield scheduled(held, tiers(held, unit, method, valuation, fee=fee))
    for base, slope, first in (
        ("0.01", "0", "0.3"),
        ("0.01", "0", "0"),
        ("0.01", "0.02", "0.05"),
        ("0", "0.2", "0.01"),
    ):
        for contracts, entry in product(sides, ENTRIES):
            held = bare(kind, contracts, entry)
            grows = exact(slope) / value(held, MARK)
            yield scheduled(held, SizeRate(exact(base), grows, initial_base=exact(first)), most=Fraction(8))


KINDS = pytest.mark.parametrize("kind", list(Kind))
UNDER = {kind: tuple(every(kind)) for kind in Kind}


def y_of(held: Held, factor: Fraction) -> Fraction:
    return 1 / factor if held.contract.kind is Kind.INVERSE else factor


def factors(held: Held) -> list[Fraction]:
    """Some near today's mark, and those on either side of which another tier counts."""
    return [*NEAR, *bounds([held])]


def shares_no_method(held: Held) -> bool:
    """One of those that differ in how their tiers add up only, at a profit or at a loss: initial margin is the same."""
    schedule = held.contract.maintenance
    return held.entry_price != MARK and not (isinstance(schedule, Tiers) and schedule.method is not Method.DEDUCTION)


@KINDS
def test_what_is_maintained_is_that_of_the_tier_at_each_price(kind: Kind) -> None:
    for held in UNDER[kind]:
        assert maintenance_margin([held]) == held.maintenance_now == maintenance(held)
        for factor in factors(held):
            y = y_of(held, factor)
            assert piece_at(held.maintenance, y).at(y) == maintenance(at(held, factor))
            assert piece_at(needed([held]), y).at(y) == -slack(ZERO, [held], factor)


@KINDS
def test_what_is_asked_at_first_is_that_of_the_tier_today(kind: Kind) -> None:
    for held in UNDER[kind]:
        for lever in (ONE, Fraction(5), Fraction(1000)):
            assert initial_margin(held, lever) == initial(held, lever)
        schedule = held.contract.maintenance
        if isinstance(schedule, Tiers):
            price = held.entry_price if schedule.valuation is Valuation.ENTRY else MARK
            last, size = schedule.tiers[-1].up_to, value(held, price) / unit_value(held, price, schedule.unit)
            assert beyond_last_tier(held) is (last is not None and size > last)


@KINDS
@pytest.mark.parametrize("lever", ["4", "1000"])
def test_initial_margin_is_kept_up_to_its_end(kind: Kind, lever: str) -> None:
    """On coins for each of the tiers: at the end they are what is asked, and more than that all the way to it."""
    set_to = exact(lever)
    for held in filter(shares_no_method, UNDER[kind]):

        def over(balance: Fraction, factor: Fraction, held: Held = held) -> Fraction:
            moved = at(held, factor)
            return balance + unrealised(moved) - max(initial(moved, set_to), maintenance(moved))

        for share in ("0.2", "0.9"):
            balance = held.position_value * exact(share) - min(ZERO, held.unrealised_pnl)
            ends = kept_within(balance, [held], leverage=Fraction(10**6), set_to=lambda _: set_to, shock=ZERO)
            for end, way in ((ends.below, -1), (ends.above, 1)):
                hair = ONE + way * HAIR
                last = end or Fraction(1000) ** way
                inside = [ONE + (last - ONE) * n / 4 for n in range(4)]
                inside += [each * by for each in bounds([held]) for by in (ONE / hair, ONE, hair)]
                assert all(over(balance, each) > 0 for each in inside if ONE <= each**way < last**way and end != 1)
                if end is not None:
                    assert min(over(balance, end), over(balance, end * hair)) <= HAIR


@KINDS
@pytest.mark.parametrize("fee", list(ClosingFee))
@pytest.mark.parametrize("in_initial", [False, True])
def test_a_pool_asks_for_each_schedule_what_its_venue_counts(kind: Kind, fee: ClosingFee, *, in_initial: bool) -> None:
    rules = Rules(ONE, fee, in_initial, ZERO, ZERO, Printed.SHARE)
    pool = Pool(rules, (), ())
    for held in UNDER[kind]:
        position = Levered(held, ONE if held.entry_price == MARK else Fraction(8))
        assert maintenance_of(position, rules) == required(position, pool)
        assert Open((position,), Fraction(3), rules).initial_margin == 3 * asked_for(position, pool)
        pieces = requirement_pieces(position, rules)
        for factor in factors(held)[1:]:
            y = y_of(held, factor)
            assert piece_at(pieces, y).at(y) == required(replace(position, held=at(held, factor)), pool)


def test_what_is_never_bankrupt_pays_no_fee_of_closing_there() -> None:
    """Half levered a short of an inverse contract and a long of a linear one end at no price; the others do."""
    rules = Rules(ONE, ClosingFee.BANKRUPTCY, True, ZERO, ZERO, Printed.SHARE)
    for kind, contracts, share in product(Kind, (ONE, -ONE), (Fraction(1, 2), Fraction(5))):
        held = bare(kind, contracts, MARK)
        losing = (contracts > 0) is (kind is Kind.INVERSE)
        entered = value(held, MARK) * held.contract.taker_fee
        ends = 1 + 1 / share if losing else max(ZERO, 1 - 1 / share)
        assert closing_fee(Levered(held, share), rules) == (entered * ends, ZERO)
