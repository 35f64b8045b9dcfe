"""Pooled accounts that have exactly what they need, and what they need where a dollar is worth next to nothing."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tiers, TierUnit, Valuation, continuous
from rebal.market.margin import Held
from rebal.market.pooled import (
    ClosingFee,
    Coin,
    Collateral,
    Counted,
    Levered,
    Pool,
    Printed,
    Rules,
    Slice,
    judge,
    printed_rate,
)
from rebal.market.pooled_need import Survey
from rebal.market.pooled_path import Path, least_spare, levels

from .definitions import HAIR, inverse, linear
from .test_pooled_path import LEVERAGES, WHOLE, pools, with_more
from .test_pooled_survey import EVERY, FEW, lacking, ways_of

OWING = Rules(exact("1.05"), ClosingFee.SCHEDULE, True, exact("0.1"), exact("0.04"), Printed.SHARE)
HUNDRED, HALF = Fraction(100), exact("0.5")
SLICED = Collateral(Counted.USD, (Slice(Fraction(60), exact("0.9")), Slice(None, exact("0.6"))))
CENT = Fraction(1, 100)
WAYS: tuple[Path, ...] = (
    {"BTC": -HALF, "ETH": -HALF},
    {"BTC": HALF, "ETH": HALF},
    {"BTC": -HALF},
    {"ETH": HALF},
)


def book(sizes: tuple[int, int, int], entries: tuple[int, int, int], coins: tuple[str, str, str]) -> Pool:
    """Dollars of BTCUSD and of ETHUSD and coins of ETHUSDT, marked at 100, on BTC and ETH at 100 and on dollars."""
    tiers = continuous(((Fraction(1), exact("0.01")), (Fraction(3), exact("0.03")), (None, exact("0.1"))))
    tiered = Tiers(Valuation.MARK, True, Method.DEDUCTION, TierUnit.COIN, tiers)
    one = inverse(tiered, multiplier="1", taker_fee="0.001", name="one")
    other = replace(one, name="other", asset="ETH", settle="ETH", maintenance=SizeRate(exact("0.01"), exact("0.01")))
    beside = linear(replace(tiered, unit=TierUnit.CONTRACTS), multiplier="1", taker_fee="0.001", asset="ETH")
    held = tuple(
        Levered(Held(contract, Fraction(size), Fraction(entry), HUNDRED), Fraction(5))
        for contract, size, entry in zip((one, other, beside), sizes, entries, strict=True)
        if size
    )
    there = (
        Coin("BTC", HUNDRED, exact(coins[0]), SLICED),
        Coin("ETH", HUNDRED, exact(coins[1]), SLICED),
        Coin("USDT", ONE, exact(coins[2]), WHOLE),
        Coin("USDX", ONE, ZERO, WHOLE),
    )
    return Pool(OWING, there, held)


BOOKS = {
    "long at a loss": book((200, 0, 0), (125, 100, 100), ("0.2", "0", "0")),
    "long at a gain": book((200, 0, 0), (80, 100, 100), ("-0.9", "0", "0")),
    "shorts": book((-200, -100, 0), (100, 125, 100), ("1", "0.3", "0")),
    "both ways": book((-200, 300, 0), (80, 100, 100), ("0.1", "1", "-50")),
    "all three": book((100, -100, -2), (100, 100, 90), ("0.5", "-0.2", "10")),
    "dollars": book((0, 0, 3), (100, 100, 120), ("0", "0", "20")),
}
EACH = pytest.mark.parametrize("name", BOOKS)


@EACH
@pytest.mark.parametrize("ways", [WAYS, WAYS[2:3], WAYS[3:]])
@pytest.mark.parametrize("leverage", ["0.5", "1", "30"])
def test_an_account_keeps_its_policy_up_to_the_last_dollar_that_it_needs(
    name: str, leverage: str, ways: tuple[Path, ...]
) -> None:
    """With as many dollars beside as it lacks without a coin none of that is needed, and with a cent less some is."""
    lever, kept = exact(leverage), 0
    for asset in EVERY:
        bare = with_more(BOOKS[name], asset, -BOOKS[name].parts[asset].coin.balance)
        missing = lacking(bare, ways, lever, {})
        if missing <= 0:
            continue
        for short in (ZERO, CENT):
            there = Survey.of(with_more(bare, "USDX", missing - short), paths=ways, leverage=lever)
            assert (there.lacking, there.keeps) == (short, not short)
            assert (there.more_needed(asset) == 0) is not bool(short)
            asked = Survey.of(with_more(BOOKS[name], "USDX", missing - short), paths=ways, leverage=lever)
            assert asked.balance_needed(asset) == there.more_needed(asset)
            kept += 1
    assert kept


@EACH
def test_a_part_with_other_movers_is_walked_where_it_moves_now(name: str) -> None:
    """Of an account without positions each one comes back, and goes again: all of it is as if it were made so."""
    pool = BOOKS[name]
    bare = Pool(pool.rules, pool.coins, ())
    full, empty = (Survey.of(each, paths=WAYS, leverage=ONE) for each in (pool, bare))
    for start, end in ((empty, full), (full, empty)):
        found = start
        for asset, part in end.parts.items():
            found.short()  # so that what was walked is there
            found = found.with_part(asset, part)
        assert (found.judged, found.short(), found.keeps) == (end.judged, end.short(), end.keeps)
        assert found.more_needed("BTC") == end.more_needed("BTC")


def test_where_nothing_is_open_nothing_is_asked_for_though_something_is_owed() -> None:
    owing = Survey.of(Pool(OWING, (Coin("BTC", HUNDRED, -ONE, WHOLE),), ()), paths=WAYS, leverage=ONE)
    assert (owing.keeps, owing.more_needed("BTC"), owing.lifted_by(ZERO)) == (True, ZERO, True)


def test_dollars_lift_what_is_asked_on_a_debt_that_they_pay() -> None:
    """A fifth of 200 dollars and a fee of 0.2 are asked, and a tenth on a debt of a whole coin: of 150.2 none is there.

    A dollar that pays the debt back counts, and a tenth of it is not asked any more.
    """
    (position,) = BOOKS["long at a gain"].positions
    held = replace(position.held, entry_price=HUNDRED)
    coins = (Coin("BTC", HUNDRED, -ONE, SLICED),)
    survey = Survey.of(Pool(OWING, coins, (replace(position, held=held),)), paths=(), leverage=Fraction(10))
    assert survey.judged.initial_margin - survey.judged.credit == exact("150.2")
    least = exact("150.2") / exact("1.1")
    assert (survey.lifted_by(least), survey.lifted_by(least - CENT)) == (True, False)
    # at a leverage of one 200 are asked of the position in place of 50.2
    levered = Survey(survey.parts, ONE, survey.walks)
    least = 300 / exact("1.1")
    assert (levered.lifted_by(least), levered.lifted_by(least - CENT)) == (True, False)


def in_units(pool: Pool, unit: Fraction) -> Pool:
    """The same account where a dollar is worth so much of one: as many coins, at prices so much lower."""

    def of_schedule(schedule: Maintenance) -> Maintenance:
        if isinstance(schedule, SizeRate) or schedule.unit is not TierUnit.USD:
            return schedule
        tiers = tuple(
            replace(each, up_to=None if each.up_to is None else each.up_to * unit, deduction=each.deduction * unit)
            for each in schedule.tiers
        )
        return replace(schedule, tiers=tiers)

    def of_position(each: Levered) -> Levered:
        contract, held = each.held.contract, each.held
        if contract.kind is Kind.LINEAR:
            return each  # in coins of what it settles in
        lower = replace(contract, multiplier=contract.multiplier * unit, maintenance=of_schedule(contract.maintenance))
        return replace(each, held=Held(lower, held.contracts, held.entry_price * unit, held.mark_price * unit))

    def of_coin(coin: Coin) -> Coin:
        by = ONE if coin.collateral.counted is Counted.COINS else unit
        slices = tuple(
            replace(each, up_to=None if each.up_to is None else each.up_to * by) for each in coin.collateral.slices
        )
        return replace(coin, price=coin.price * unit, collateral=replace(coin.collateral, slices=slices))

    return Pool(pool.rules, tuple(map(of_coin, pool.coins)), tuple(map(of_position, pool.positions)))


def same_in_units(pool: Pool, ways: list[Path], leverage: Fraction, unit: Fraction) -> None:
    alike = in_units(pool, unit)
    one, other = (Survey.of(each, paths=ways, leverage=leverage) for each in (pool, alike))
    assert other.lacking == one.lacking * unit
    assert other.keeps is one.keeps
    assert judge(alike).margin_ratio == judge(pool).margin_ratio
    for asset in pool.parts:
        assert other.more_needed(asset) == one.more_needed(asset)
        assert other.balance_needed(asset) == one.balance_needed(asset)
    for way in ways:
        found, there = levels(pool, way), levels(alike, way)
        assert there.due_now is found.due_now
        assert all(
            abs(one_way - other_way) < HAIR for one_way, other_way in zip(found.crossings, there.crossings, strict=True)
        )


@FEW
@given(pools(), ways_of, LEVERAGES, st.sampled_from((Fraction(1, 10**6), Fraction(10**6))))
def test_an_account_needs_as_many_coins_whatever_a_dollar_is_worth(
    pool: Pool, ways: list[Path], leverage: Fraction, unit: Fraction
) -> None:
    same_in_units(pool, ways, leverage, unit)


@EACH
def test_an_account_of_two_kinds_needs_as_many_coins_whatever_a_dollar_is_worth(name: str) -> None:
    for unit, leverage in product((Fraction(1, 10**6), Fraction(10**6)), (ONE, Fraction(30))):
        same_in_units(BOOKS[name], list(WAYS), leverage, unit)


def test_a_rate_on_less_than_a_dollar_is_printed_too() -> None:
    assert printed_rate(exact("0.003"), exact("0.5"), OWING) == exact("0.006")


def beside_dollars(dollars: str, slices: tuple[Slice, ...], rate: str) -> Pool:
    """A long of 1 BTCUSDT at 100 on 100 dollars that count by slices, and dollars beside that count whole."""
    asks = SizeRate(exact(rate), ZERO)
    held = Held(linear(asks, multiplier="1", taker_fee="0"), ONE, HUNDRED, HUNDRED)
    coins = (Coin("USDT", ONE, HUNDRED, Collateral(Counted.USD, slices)), Coin("USDX", ONE, exact(dollars), WHOLE))
    return Pool(replace(OWING, level=ONE), coins, (Levered(held, ONE),))


@pytest.mark.parametrize(
    ("dollars", "due", "crossings", "least"),
    [
        # 1.5 are asked for where the first 150 are there, and no more are there besides
        ("1.5", False, ("0.5", "10.5", "1889.5/99"), "0"),
        ("1.51", False, ("10.51", "1889.49/99"), "0.01"),
        # 1.2 until 1.2 are asked, and again where 1.2 + 100·t - 50 are 1 + t; of 10 more than that until 11.2 are
        ("1.2", False, ("0.2", "49.8/99", "10.2", "1889.8/99"), "-0.3"),
        ("1", True, ("50/99", "10", "1890/99"), "-0.5"),
    ],
)
def test_an_account_is_due_where_it_has_just_what_is_asked(
    dollars: str, due: bool, crossings: tuple[str, ...], least: str
) -> None:
    """Of 100·(1 + t) dollars 10 beyond the first 150 count and what is beyond 2,000; 1 % of the price is asked."""
    slices = (Slice(Fraction(150), ZERO), Slice(Fraction(160), ONE), Slice(Fraction(2000), ZERO), Slice(None, ONE))
    pool = beside_dollars(dollars, slices, "0.01")
    found = levels(pool, {"BTC": ONE})
    assert (found.due_now, found.crossings) == (due, tuple(map(exact, crossings)))
    assert found.first == (ZERO if due else exact(crossings[0]))
    assert least_spare(pool, {"BTC": ONE}) == exact(least)


def test_an_account_that_has_just_what_is_asked_on_its_way_and_more_ever_after_is_due_there() -> None:
    slices = (Slice(Fraction(150), ZERO), Slice(None, ONE))
    for dollars, crossings in (("1.5", (HALF,)), ("1.51", ())):
        assert levels(beside_dollars(dollars, slices, "0.01"), {"BTC": ONE}).crossings == crossings


def test_at_a_price_of_nothing_no_account_is_liquidated_that_was_covered_until_then() -> None:
    """Of 100 dollars nothing is left there; a dollar owed, and 4 % asked on it, ends it where the price is 1.04."""
    (whole,) = WHOLE.slices
    assert levels(beside_dollars("0", (whole,), "0"), {"BTC": -ONE}).crossings == ()
    assert levels(beside_dollars("-1", (whole,), "0"), {"BTC": -ONE}).crossings == (1 - exact("0.0104"),)
