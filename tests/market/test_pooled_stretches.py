"""A coin of a pooled account along paths: every stretch, end and fall by definition, whatever was walked before."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, product

import pytest

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Held
from rebal.market.pooled import ClosingFee, Coin, Collateral, Counted, Levered, Pool, Printed, Rules, Slice
from rebal.market.pooled_path import levels
from rebal.market.pooled_stretches import ends_of, fall_of, stretches

from .definitions import HAIR, inverse, linear
from .test_pooled_path import COINS, WHOLE, rules, spare, with_more

STEPS = (None, "0", "1", "-0.5", "-1")
WAYS = [
    {asset: exact(step) for asset, step in zip(COINS, steps, strict=True) if step is not None}
    for steps in product(STEPS, STEPS)
]
"""Each of two prices is not named, stands still, doubles, halves, or falls to nothing."""
OWING = Rules(exact("1.05"), ClosingFee.SCHEDULE, False, ZERO, exact("0.1"), Printed.SHARE)
GROWING = SizeRate(exact("0.01"), exact("0.001"))
UNITS = (ONE, Fraction(1, 10**6))
HUNDRED = Fraction(100)
CLOSE = Fraction(1, 10**30)


def jumping(unit: TierUnit, *ends: str) -> Tiers:
    """On the whole of a size 1, 5, 20 and 25 %, a fee of closing besides."""
    tiers = [Tier(exact(end), exact(rate)) for end, rate in zip(ends, ("0.01", "0.05", "0.2"), strict=True)]
    return Tiers(Valuation.MARK, True, Method.WHOLE, unit, (*tiers, Tier(None, exact("0.25"))))


def held(contracts: tuple[Contract, Contract], sizes: tuple[int, int], price: Fraction) -> tuple[Levered, ...]:
    """The first was entered a fifth below today's price."""
    entries = (price * 4 / 5, price)
    return tuple(
        Levered(Held(contract, Fraction(size), entry, price), ONE)
        for contract, size, entry in zip(contracts, sizes, entries, strict=True)
    )


def of_dollars(unit: Fraction, balance: str, schedules: tuple[Maintenance, Maintenance]) -> Pool:
    """Dollars worth a unit each that margin a long of 2 BTC and a short of 1 ETH, at 100 each: 40 are gained."""
    made = [
        linear(schedule, multiplier="1", taker_fee="0.001", name=asset, asset=asset)
        for schedule, asset in zip(schedules, COINS, strict=True)
    ]
    slices = (Slice(100 * unit, exact("0.9")), Slice(250 * unit, exact("0.5")), Slice(None, exact("0.1")))
    coin = Coin("USDT", unit, exact(balance), Collateral(Counted.USD, slices))
    return Pool(OWING, (coin,), held((made[0], made[1]), (2, -1), Fraction(100)))


def of_coins(unit: Fraction, balance: str, schedules: tuple[Maintenance, Maintenance]) -> Pool:
    """BTC at 100 units that margins a long of 200 units and a short of 100 on it: half a coin is gained."""
    made = [
        inverse(schedule, multiplier=unit, taker_fee="0.001", name=name)
        for schedule, name in zip(schedules, COINS, strict=True)
    ]
    slices = (Slice(exact("0.25"), ONE), Slice(Fraction(2), exact("0.5")))
    coin = Coin("BTC", 100 * unit, exact(balance), Collateral(Counted.COINS, slices))
    return Pool(OWING, (coin,), held((made[0], made[1]), (200, -100), 100 * unit))


def pools() -> Iterator[Pool]:
    """Below nothing, near it, and beyond the edges of the slices; sizes beside the ends of their tiers, or at one."""
    in_dollars = jumping(TierUnit.USD, "150", "300", "350"), jumping(TierUnit.USD, "60", "100", "170")
    in_coins = jumping(TierUnit.COIN, "1.5", "3", "6"), jumping(TierUnit.COIN, "0.6", "1", "1.5")
    for unit in UNITS:
        for owing in ("-60", "0", "160"):
            yield of_dollars(unit, owing, in_dollars)
            yield of_dollars(unit, owing, (in_dollars[0], GROWING))
        for owing in ("-0.6", "-0.1", "3"):
            yield of_coins(unit, owing, in_coins)
            yield of_coins(unit, owing, (in_coins[0], GROWING))


def ends(way: Mapping[str, Fraction]) -> list[Fraction | None]:
    """How far a path is walked: once, and until a price is nothing, or on and on."""
    falling = [-1 / step for step in way.values() if step < 0]
    return [ONE, min(falling) if falling else None]


def within(start: Fraction, end: Fraction | None) -> list[Fraction]:
    return [start + (ONE * 9 if end is None else end - start) * share for share in (HAIR, exact("0.3"), 1 - HAIR)]


EVERY = pytest.mark.parametrize("number", range(len(list(pools()))))


@EVERY
def test_a_part_is_walked_by_definition_whatever_it_was_walked_on_before(number: int) -> None:
    """Every path with one part: what it keeps of one is not told of another."""
    pool = list(pools())[number]
    (part,) = pool.parts.values()
    for way in WAYS:
        for last in ends(way):
            walked = stretches(part, way, last)
            assert (walked[0].start, walked[-1].end) == (ZERO, last)
            assert all(before.end == after.start for before, after in pairwise(walked))
            told = [(each, t) for each in walked for t in within(each.start, each.end)]
            assert all(each.spare(t) == spare(pool, way, t) for each, t in told)


@EVERY
def test_a_part_falls_by_what_it_has_least_whatever_it_was_walked_on_before(number: int) -> None:
    pool = list(pools())[number]
    (part,) = pool.parts.values()
    for way in WAYS:
        for last in ends(way):
            far = [Fraction(10**3), Fraction(10**6)] if last is None else []
            told = [spare(pool, way, t) for each in stretches(part, way, last) for t in within(each.start, each.end)]
            told += [spare(pool, way, t) for t in far]
            fall = fall_of(part, way, last)
            if fall is not None:
                assert abs(part.spare - fall - min(told)) < CLOSE
                assert min(worth for _, worth in ends_of(part, way, last)) == part.spare - fall
            else:
                assert last is None or any(last * step == -1 for step in way.values())


def apart(counted: tuple[Slice, ...], way: Mapping[str, Fraction], *, nothing_at: Fraction) -> Pool:
    """Longs of 300 BTCUSD on 3 BTC and of 100 ETHUSD on 2 ETH, at 100 each, rates that grow; and dollars beside.

    So many dollars, or a debt of so many, that at a share of a path nothing is to spare.
    """
    coins = (
        Coin("BTC", Fraction(100), Fraction(3), Collateral(Counted.USD, counted)),
        Coin("ETH", Fraction(100), Fraction(2), WHOLE),
        Coin("USDT", ONE, ZERO, WHOLE),
    )
    contract = inverse(SizeRate(exact("0.01"), exact("0.01")), multiplier="1", taker_fee="0")
    held = tuple(
        Levered(Held(replace(contract, asset=asset, settle=asset), Fraction(n), Fraction(100), Fraction(100)), ONE)
        for asset, n in zip(COINS, (300, 100), strict=True)
    )
    bare = Pool(rules(), coins, held)
    dollars = replace(coins[2], balance=-spare(bare, way, nothing_at))
    return Pool(rules(), (*coins[:2], dollars), held)


@pytest.mark.parametrize(
    ("inner", "outer", "covered", "often"),
    [
        # it rises up to there, and falls from there on: it is due before and after
        ("1", "0", (False, False), 0),
        # it rises all the way: it is covered again there
        ("1", "0.5", (False, True), 1),
        # it falls up to there, where it is due, and rises again
        ("0", "1", (True, True), 2),
        # it falls all the way
        ("0.1", "0", (True, False), 1),
    ],
)
def test_where_two_growing_rates_bend_at_nothing_to_spare_it_is_due_or_covered_as_it_is_on_both_sides(
    inner: str, outer: str, covered: tuple[bool, bool], often: int
) -> None:
    """BTC doubles and ETH halves. Of BTC 300·(1 + 2·t) dollars are there: the slice of 600 ends where t is a half."""
    way = {"BTC": ONE, "ETH": exact("-0.5")}
    pool = apart((Slice(Fraction(600), exact(inner)), Slice(None, exact(outer))), way, nothing_at=exact("0.5"))
    found = levels(pool, way)
    assert spare(pool, way, exact("0.5")) == 0
    assert tuple(spare(pool, way, exact("0.5") + side) > 0 for side in (-HAIR, HAIR)) == covered
    assert len([share for share in found.crossings if abs(share - exact("0.5")) < HAIR]) == often


def test_two_prices_that_move_apart_end_an_account_exactly_where_nothing_grows_with_the_size() -> None:
    """1 BTC and what 100 dollars gain are 100 - 100·t, 1 ETH and what 200 gain 100 - 75·t: 3 are asked for at 1 %."""
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, (Tier(None, exact("0.01")),))
    contract = inverse(schedule, multiplier="1", taker_fee="0")
    longs = tuple(
        Levered(Held(replace(contract, asset=asset, settle=asset), Fraction(n), Fraction(100), Fraction(100)), ONE)
        for asset, n in zip(COINS, (100, 200), strict=True)
    )
    pool = Pool(rules(), tuple(Coin(asset, Fraction(100), ONE, WHOLE) for asset in COINS), longs)
    assert levels(pool, {"BTC": exact("-0.5"), "ETH": exact("-0.25")}).crossings == (exact("197/175"),)


def test_a_tier_that_is_left_ends_a_shortage_though_nothing_is_to_spare_there_at_once() -> None:
    """30,000 dollars are 1 BTC at 30,000 and 0.9 at 33,333.33, up to which 1 % is asked, beyond 99 %.

    There 0.909 BTC are 30,300 dollars: all that is asked for then, and more from there on.
    """
    tiers = (Tier(exact("0.9"), exact("0.01")), Tier(None, exact("0.99")))
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, tiers)
    long = Held(inverse(schedule, multiplier="1", taker_fee="0"), Fraction(30000), Fraction(40000), Fraction(30000))
    pool = Pool(rules(), (Coin("BTC", Fraction(30000), exact("0.159"), WHOLE),), (Levered(long, ONE),))
    found = levels(pool, {"BTC": ONE})
    assert (found.due_now, found.crossings) == (True, (exact("1/9"),))


def peak(pool: Pool, way: Mapping[str, Fraction], last: Fraction) -> Fraction:
    """Where most is to spare, of what first rises and then falls."""
    low, high, grain = ZERO, last, 2**90
    while high - low > Fraction(8, grain):
        left, right = (Fraction(int((low * n + high * (3 - n)) / 3 * grain), grain) for n in (2, 1))
        low, high = (left, high) if spare(pool, way, left) < spare(pool, way, right) else (low, right)
    return low


@pytest.mark.parametrize(
    ("kind", "ether", "sizes", "steps"),
    [(Kind.INVERSE, "2", (-300, 800), ("-0.5", "1")), (Kind.LINEAR, "0", (100, 8), ("0.25", "-0.75"))],
)
def test_an_account_that_is_covered_on_the_way_for_a_moment_only_is_said_to_be(
    kind: Kind, ether: str, sizes: tuple[int, int], steps: tuple[str, str]
) -> None:
    """Dollars of BTCUSD on 4 BTC and of ETHUSD on ETH, or coins of ETHUSDT; both margins grow with their sizes."""
    one = inverse(SizeRate(exact("0.01"), exact("0.1")), multiplier="1", taker_fee="0")
    other = linear(GROWING, multiplier="1", taker_fee="0", asset="ETH")
    beside = replace(one, asset="ETH", settle="ETH") if kind is Kind.INVERSE else other
    margins = tuple(Coin(asset, HUNDRED, exact(n), WHOLE) for asset, n in zip(COINS, ("4", ether), strict=True))
    held = tuple(
        Levered(Held(each, Fraction(n), HUNDRED, HUNDRED), ONE) for each, n in zip((one, beside), sizes, strict=True)
    )
    way = dict(zip(COINS, map(exact, steps), strict=True))
    bare = Pool(rules(), (*margins, Coin("USDT", ONE, ZERO, WHOLE)), held)
    last = min(-1 / step for step in way.values() if step < 0)
    top = peak(bare, way, last * 99 / 100)
    assert last / 10 < top < last * 9 / 10
    for over, often in ((Fraction(1, 10**15), 2), (Fraction(-1, 10**15), 0)):
        found = levels(with_more(bare, "USDT", over - spare(bare, way, top)), way)
        assert len(found.crossings) == often
        assert all(abs(share - top) < Fraction(1, 10**6) for share in found.crossings)
