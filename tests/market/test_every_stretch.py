"""Each kind of schedule in a pool, under several ways to count its coins, at every part of several paths of prices."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice, pairwise

import pytest

from exact import exact
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.market.contract import Kind
from rebal.market.pooled import ClosingFee, Coin, Collateral, Counted, Levered, Pool, Printed, Rules, Slice
from rebal.market.pooled_need import more_needed
from rebal.market.pooled_path import is_due, least_spare, levels
from rebal.market.pooled_stretches import Stretch, joined, moving_on, stands_still, stretches

from .definitions import HAIR
from .test_every_schedule import MARK, UNDER
from .test_pooled_path import keeps, least_by_definition, spare, with_more

OFF = Collateral(Counted.COINS, ())
COUNTED = (
    (Slice(None, exact("0.9")),),
    (Slice(exact("1.5"), ONE), Slice(Fraction(4), exact("0.8")), Slice(None, exact("0.5"))),
    (Slice(exact("0.5"), exact("0.95")), Slice(Fraction(3), exact("0.6"))),
    (Slice(ONE, ZERO), Slice(Fraction(2), exact("0.7")), Slice(None, ZERO)),
)
COINS = (Fraction(2), exact("0.7"), Fraction(5), -ONE / 2, ZERO)
RULES = tuple(
    Rules(exact(level), fee, False, 2 * exact(on_debt), exact(on_debt), Printed.SHARE)
    for level, fee, on_debt in (
        ("1", ClosingFee.SCHEDULE, "0"),
        ("1.05", ClosingFee.BANKRUPTCY, "0.04"),
        ("1", ClosingFee.VALUE, "0.1"),
    )
)
STEPS = (("-0.6", "0", "0"), ("1.5", "0", "-0.5"), ("-0.5", "-0.2", "0.5"), ("0.8", "0.3", "0"))
PATHS = tuple(dict(zip(("BTC", "USDT", "ETH"), map(exact, steps), strict=True)) for steps in STEPS)
PARTS_OF_A_PATH = [Fraction(n * 7 + 1, 100) for n in range(15)]
"""None of them is where anything bends."""


def pools(kind: Kind) -> Iterator[tuple[Pool, dict[str, Fraction]]]:
    """Every schedule with one of the rules, ways to count, numbers of coins and paths, each of which comes by turns."""
    slices = cycle(COUNTED)
    turns = zip(UNDER[kind], cycle(COINS), cycle(PATHS), cycle(RULES), slices, cycle(Counted), strict=False)
    for n, (held, coins, path, rules, counted, unit) in enumerate(turns):
        margin = "BTC" if kind is Kind.INVERSE else "USDT"
        price = MARK if kind is Kind.INVERSE else exact("1.01")
        worth = coins * held.position_value / (1 if n % 2 else 2)
        by = held.position_value * (price if unit is Counted.USD else ONE)
        ends = tuple(replace(each, up_to=None if each.up_to is None else each.up_to * by) for each in counted)
        coin = Coin(margin, price, worth, Collateral(unit, ends))
        beside = Coin("ETH", Fraction(3000), Fraction(n % 3 - 1), Collateral(unit, COUNTED[0]))
        there = (coin, beside, Coin("USDT", ONE, Fraction(100), OFF)) if margin == "BTC" else (coin, beside)
        # what linear contracts settle in stands still: it is a dollar
        moves = path if margin == "BTC" else {**path, "USDT": ZERO}
        yield Pool(rules, there, (Levered(held, Fraction(4)),)), moves


def holding(walked: list[Stretch], t: Fraction) -> Stretch:
    return next(each for each in walked if each.end is None or t <= each.end)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_to_spare_is_by_definition_at_every_part_of_a_path(kind: Kind) -> None:
    for pool, path in pools(kind):
        moving = [pool.parts[asset] for asset in moving_on(path, pool.moved)]
        still = [part for part in pool.parts.values() if stands_still(part, path)]
        assert len(moving) + len(still) == len(pool.parts)
        standing = sum((part.spare for part in still), ZERO)
        walked = joined([stretches(part, path, ONE) for part in moving], standing, ONE)
        assert (walked[0].start, walked[-1].end) == (ZERO, ONE)
        assert all(before.end == after.start for before, after in pairwise(walked))
        for t in PARTS_OF_A_PATH[:-1:2]:
            assert holding(walked, t).spare(t) == spare(pool, path, t)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_least_on_a_path_is_what_is_left_where_it_bends(kind: Kind) -> None:
    for pool, path in islice(pools(kind), 0, None, 3):
        assert abs(least_spare(pool, path) - least_by_definition(pool, path)) < HAIR
        assert is_due(pool) is (spare(pool, path, ZERO) <= 0)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_account_is_due_on_the_way_wherever_it_is_said_to_become_so_and_nowhere_else(kind: Kind) -> None:
    for pool, path in islice(pools(kind), 1, None, 4):
        found = levels(pool, path)
        assert found.first == (ZERO if is_due(pool) else min(found.crossings, default=None))
        for share in found.crossings:
            before, there, after = (spare(pool, path, share + side) for side in (-HAIR, ZERO, HAIR))
            assert abs(there) < HAIR or (before > 0) is not (after > 0)
        last = min((-1 / step for step in path.values() if step < 0), default=Fraction(8))
        for left, right in pairwise(last * t * 95 / 100 for t in PARTS_OF_A_PATH):
            turns = sum(left < share <= right for share in found.crossings)
            assert turns % 2 == ((spare(pool, path, left) > 0) is not (spare(pool, path, right) > 0))


LEVERAGES = (ONE, Fraction(4), Fraction(30))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("first", [0, 1])
def test_so_much_of_a_coin_is_missing_as_brings_an_account_through(kind: Kind, first: int) -> None:
    """Of the coin that margins a position and of the one beside it, where some of it is owed and where it counts."""
    many = zip(islice(pools(kind), first, None, 4), cycle((0, 1)), cycle(LEVERAGES), strict=False)
    for (pool, path), which, leverage in many:
        asset, ways = pool.coins[which].asset, [path, {"BTC": path["ETH"], "ETH": path["BTC"]}]
        needed = more_needed(pool, asset, paths=ways, leverage=leverage)
        if needed is None:
            assert not keeps(with_more(pool, asset, Fraction(10**9)), ways, leverage)
        else:
            assert keeps(with_more(pool, asset, needed), ways, leverage)
            assert not needed or not keeps(with_more(pool, asset, needed - COIN_STEP), ways, leverage)
