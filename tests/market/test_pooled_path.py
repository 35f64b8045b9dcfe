"""Pooled accounts along paths of prices, held against the definitions a price at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation
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
    estimated_liquidation,
    judge,
    printed_rate,
)
from rebal.market.pooled_need import Survey, more_needed
from rebal.market.pooled_path import Levels, least_spare, levels

from .definitions import HAIR, bounds, inverse, linear, maintenance, value
from .wallets import fractions, positions

COINS = ("BTC", "ETH")
LEVERAGES = st.sampled_from((ONE, Fraction(2), Fraction(10)))


@st.composite
def collaterals(draw: st.DrawFn, price: Fraction) -> Collateral:
    """Off, whole, or up to three slices of falling ratios, beyond the last of which nothing may count."""
    counted = draw(among(*Counted))
    ratios = sorted(draw(st.lists(st.integers(0, 100), max_size=3)), reverse=True)
    edges = sorted(draw(st.sets(st.integers(1, 40), min_size=len(ratios), max_size=len(ratios))))
    unit = ONE if counted is Counted.COINS else price
    open_ended = draw(st.booleans())
    return Collateral(
        counted,
        tuple(
            Slice(None if open_ended and number == len(ratios) - 1 else edge * unit / 8, Fraction(ratio, 100))
            for number, (edge, ratio) in enumerate(zip(edges, ratios, strict=True))
        ),
    )


@st.composite
def pools(draw: st.DrawFn, *, size_rate: bool = False) -> Pool:
    rules = Rules(
        draw(among(ONE, exact("1.05"))),
        draw(among(*ClosingFee)),
        draw(st.booleans()),
        draw(among(ZERO, exact("0.1"))),
        draw(among(ZERO, exact("0.04"))),
        Printed.SHARE,
    )
    held = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(among(*Kind))
        position = draw(positions(number, kind=kind, size_rate=size_rate))
        asset = draw(among(*COINS))
        settle = asset if kind is Kind.INVERSE else "USDT"
        contract = replace(position.contract, asset=asset, settle=settle)
        held.append(Levered(replace(position, contract=contract), draw(LEVERAGES)))
    coins = []
    for asset in (*COINS, "USDT"):
        price = draw(fractions("0.98", "1.02")) if asset == "USDT" else draw(fractions("20000", "60000"))
        worth = sum((value(each.held, each.held.entry_price) for each in held if _in(each, asset)), Fraction(1))
        coins.append(Coin(asset, price, worth * draw(fractions("-0.2", "3")), draw(collaterals(price))))
    return Pool(rules, tuple(coins), tuple(held))


def _in(position: Levered, asset: str) -> bool:
    return position.held.contract.settle == asset


def paths(*, least: str = "-1") -> st.SearchStrategy[dict[str, Fraction]]:
    step = st.one_of(fractions(least, "1"), st.just(ZERO))
    together = step.map(lambda shock: dict.fromkeys(COINS, shock))
    return st.one_of(together, st.fixed_dictionaries(dict.fromkeys(COINS, step)))


def counted(coin: Coin, equity: Fraction, price: Fraction) -> Fraction:
    """Dollars of credit, slice by slice from the first."""
    if equity <= 0:
        return equity * price
    found, floor = ZERO, ZERO
    amount = equity if coin.collateral.counted is Counted.COINS else equity * price
    for each in coin.collateral.slices:
        ceiling = amount if each.up_to is None else min(amount, each.up_to)
        found += max(ZERO, ceiling - floor) * each.ratio
        floor = max(floor, ceiling)
    return found * (price if coin.collateral.counted is Counted.COINS else ONE)


def closing(position: Levered, mark: Fraction, rules: Rules) -> Fraction:
    """The fee of closing beside what the schedule itself counts, in the settlement coin."""
    held, taker = position.held, position.held.contract.taker_fee
    if rules.fee is ClosingFee.VALUE:
        return value(held, mark) * taker
    side = ONE / position.leverage * (1 if held.contracts > 0 else -1)
    share = ONE + side if held.contract.kind is Kind.INVERSE else ONE - side
    return value(held, held.entry_price) * share * taker


def spare(pool: Pool, path: Mapping[str, Fraction], t: Fraction) -> Fraction:
    """Credit less what liquidates, a share of the way, straight from the definitions."""
    prices = {coin.asset: coin.price * (1 + path.get(coin.asset, ZERO) * t) for coin in pool.coins}
    equities = {coin.asset: coin.balance for coin in pool.coins}
    required = ZERO
    for each in pool.positions:
        contract = each.held.contract
        moved = replace(each.held, mark_price=each.held.mark_price * (1 + path.get(contract.asset, ZERO) * t))
        equities[contract.settle] += contract.pnl(moved.contracts, moved.entry_price, moved.mark_price)
        asked = maintenance(moved)
        schedule = contract.maintenance
        if pool.rules.fee is not ClosingFee.SCHEDULE:
            if isinstance(schedule, Tiers):
                asked = maintenance(
                    replace(moved, contract=replace(contract, maintenance=replace(schedule, close_fee=False)))
                )
            asked += closing(each, moved.mark_price, pool.rules)
        required += asked * prices[contract.settle]
    required += (
        sum((max(ZERO, -equity) * prices[asset] for asset, equity in equities.items()), ZERO)
        * pool.rules.maintenance_on_debt
    )
    credit = sum((counted(coin, equities[coin.asset], prices[coin.asset]) for coin in pool.coins), ZERO)
    return credit - required * pool.rules.level


@given(pools(), paths())
def test_credit_meets_maintenance_at_every_level_and_nowhere_else(pool: Pool, path: dict[str, Fraction]) -> None:
    found = levels(pool, path)
    for share in found.crossings:
        before, there, after = (spare(pool, path, share + side) for side in (-HAIR, ZERO, HAIR))
        assert there == 0 or (before > 0) is not (after > 0) or (there > 0) is not (before > 0)
    last = min((-1 / step for step in path.values() if step < 0), default=Fraction(4))
    shares = [last * step / 60 for step in range(60)]
    for left, right in pairwise(shares):
        if not any(left <= share <= right for share in found.crossings):
            assert (spare(pool, path, left) > 0) is (spare(pool, path, right) > 0)


@given(pools(size_rate=True), paths())
def test_rates_that_grow_with_the_size_end_where_the_grid_sees_it(pool: Pool, path: dict[str, Fraction]) -> None:
    found = levels(pool, path)
    last = min((-1 / step for step in path.values() if step < 0), default=Fraction(4))
    shares = [last * step / 40 for step in range(40)]
    hair = Fraction(1, 10**20)
    for left, right in pairwise(shares):
        if not any(left - hair <= share <= right + hair for share in found.crossings):
            assert (spare(pool, path, left) > 0) is (spare(pool, path, right) > 0)


@given(pools(size_rate=True), paths(least="-0.9"))
def test_nowhere_on_a_path_is_less_to_spare_than_is_said(pool: Pool, path: dict[str, Fraction]) -> None:
    least = least_spare(pool, path)
    assert all(spare(pool, path, Fraction(step, 40)) >= least for step in range(41))


@given(pools(), st.lists(paths(least="-0.9"), max_size=3), LEVERAGES, st.sampled_from((*COINS, "USDT")))
def test_the_least_coins_bring_an_account_through_and_a_step_less_does_not(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction, asset: str
) -> None:
    needed = more_needed(pool, asset, paths=ways, leverage=leverage)
    if needed is None:
        assert not keeps(with_more(pool, asset, Fraction(10**9)), ways, leverage)
        return
    assert keeps(with_more(pool, asset, needed), ways, leverage)
    assert not needed or not keeps(with_more(pool, asset, needed - COIN_STEP), ways, leverage)


def with_more(pool: Pool, asset: str, more: Fraction) -> Pool:
    coins = tuple(replace(each, balance=each.balance + more) if each.asset == asset else each for each in pool.coins)
    return Pool(pool.rules, coins, pool.positions)


def keeps(pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction) -> bool:
    judged = judge(pool)
    asked = max(judged.initial_margin, judged.position_value / leverage)
    return judged.credit >= asked and all(least_by_definition(pool, way) >= 0 for way in ways)


def least_by_definition(pool: Pool, path: Mapping[str, Fraction]) -> Fraction:
    """The least to spare on a path: at its ends, and at or beside where anything could bend or jump."""
    bends = [t for t in bends_of(pool, path) if 0 <= t <= 1]
    beside = (t + side for t in bends for side in (-HAIR, ZERO, HAIR))
    return min(spare(pool, path, t) for t in (ZERO, ONE, *(t for t in beside if 0 <= t <= 1)))


def bends_of(pool: Pool, path: Mapping[str, Fraction]) -> Iterator[Fraction]:
    """Where the dollars of a coin, a straight line, meet nothing or an edge, and where a size meets a tier's bound."""
    for coin in pool.coins:
        now, then = (equity_usd(pool, coin, path, t) for t in (ZERO, ONE))
        step = path.get(coin.asset, ZERO)
        for each in (Slice(ZERO, ZERO), *coin.collateral.slices):
            if each.up_to is None:
                continue
            edge = each.up_to * coin.price if coin.collateral.counted is Counted.COINS else each.up_to
            rises = edge * step if coin.collateral.counted is Counted.COINS else ZERO
            if then - now != rises:
                yield (edge - now) / (then - now - rises)
    for position in pool.positions:
        step = path.get(position.held.contract.asset, ZERO)
        if step:
            yield from ((factor - 1) / step for factor in bounds([position.held]))


def equity_usd(pool: Pool, coin: Coin, path: Mapping[str, Fraction], t: Fraction) -> Fraction:
    """Dollars of a coin, unrealised PnL among them, a share of the way."""
    equity = coin.balance
    for each in pool.positions:
        contract, mark = each.held.contract, each.held.mark_price
        if contract.settle == coin.asset:
            moved = mark * (1 + path.get(contract.asset, ZERO) * t)
            equity += contract.pnl(each.held.contracts, each.held.entry_price, moved)
    return equity * coin.price * (1 + path.get(coin.asset, ZERO) * t)


@given(pools(size_rate=True), paths(least="-0.9"))
def test_the_least_to_spare_is_where_the_definitions_have_it(pool: Pool, path: dict[str, Fraction]) -> None:
    assert abs(least_spare(pool, path) - least_by_definition(pool, path)) < Fraction(1, 10**20)


def one_long(rules: Rules, *, ratio: str = "1") -> Pool:
    """1 BTC at 40,000 that margins a long of 20,000 USD at 1 % maintenance, bought at today's price."""
    schedule = Tiers(
        Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.USD, tiers=(Tier(None, exact("0.01")),)
    )
    held = Held(inverse(schedule, multiplier="1", taker_fee="0"), Fraction(20000), Fraction(40000), Fraction(40000))
    collateral = Collateral(Counted.COINS, (Slice(None, exact(ratio)),))
    return Pool(rules, (Coin("BTC", Fraction(40000), ONE, collateral),), (Levered(held, ONE),))


def rules(*, level: str = "1") -> Rules:
    return Rules(exact(level), ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.MULTIPLE)


def test_at_the_level_of_portfolio_margin_an_account_ends_sooner() -> None:
    # equity 60,000 f - 20,000 against 200, or 210
    assert levels(one_long(rules()), {"BTC": -ONE}).first == 1 - exact("20200/60000")
    assert levels(one_long(rules(level="1.05")), {"BTC": -ONE}).first == 1 - exact("20210/60000")


def test_a_ratio_weighs_on_what_was_gained_and_not_on_what_is_owed() -> None:
    # 0.9 (60,000 f - 20,000) = 200: below 20,000/60,000 the coin is owed, in full
    assert levels(one_long(rules(), ratio="0.9"), {"BTC": -ONE}).first == 1 - (20000 + exact("2000/9")) / 60000


def test_a_covered_short_whose_coins_outgrow_their_slices_ends_in_a_crash() -> None:
    # a short of 20,000 USD on 1 BTC: 20,000 f + 20,000 dollars; of its coins (1 + 1/f)/2 only 5 count whole
    (coin,), (position,) = one_long(rules()).coins, one_long(rules()).positions
    short = replace(position, held=replace(position.held, contracts=Fraction(-20000)))
    slices = Collateral(Counted.COINS, (Slice(Fraction(5), ONE),))
    found = levels(Pool(rules(), (replace(coin, collateral=slices),), (short,)), {"BTC": -ONE})
    # 5 · 40,000 f = 200 at f = 1/1,000
    assert found.crossings == (1 - exact("0.001"),)
    assert levels(Pool(rules(), (coin,), (short,)), {"BTC": ONE}).first is None


@given(st.integers(1, 10**6), fractions("0.5", "1"), fractions("-0.99", "5"))
def test_a_short_covered_with_its_coin_is_worth_its_dollars_at_every_price_and_counts_the_ratio_of_them(
    dollars: int, ratio: Fraction, move: Fraction
) -> None:
    """``P (N/e + N (1/P - 1/e)) = N``: at a ratio of 1 it counts N and has no end, below it counts ratio · N."""
    (coin,), (position,) = one_long(rules()).coins, one_long(rules()).positions
    held = replace(position.held, contracts=Fraction(-dollars))
    covered = held.contract.coins(held.contracts, held.entry_price)
    for each in (ONE, ratio):
        counts = Collateral(Counted.COINS, (Slice(None, each),))
        pool = Pool(rules(), (replace(coin, balance=covered, collateral=counts),), (replace(position, held=held),))
        judged = judge(pool)
        assert (judged.equity, judged.credit) == (Fraction(dollars), each * dollars)
        rate = judged.maintenance_margin / dollars
        assert least_spare(pool, {"BTC": move}) == spare(pool, {"BTC": move}, ONE) == (each - rate) * dollars
        if each > rate:
            assert [levels(pool, {"BTC": way}).first for way in (ONE, -ONE)] == [None, None]


def test_an_account_that_is_due_today_says_so() -> None:
    pool = one_long(rules(), ratio="0.005")
    assert levels(pool, {"BTC": -ONE}).first == 0
    assert levels(pool, {"BTC": -ONE}).due_now
    # 0.5 % of 40,000 dollars are the 200 that are asked: due now, and on the way neither again nor any more
    assert [levels(pool, {"BTC": step}).crossings for step in (-ONE, ONE)] == [(), ()]


def test_rates_are_printed_as_the_venues_print_them() -> None:
    share = replace(rules(), printed=Printed.SHARE)
    assert printed_rate(exact("312.699"), exact("10000"), share) == exact("0.0312")
    assert printed_rate(exact("3"), exact("10000"), rules()) == exact("10000/3")
    assert printed_rate(exact("3"), ZERO, share) is None
    assert printed_rate(ZERO, exact("3"), rules()) is None


def test_two_rates_that_grow_with_the_size_on_prices_that_move_apart_are_halved_to() -> None:
    contract = inverse(SizeRate(exact("0.01"), exact("0.1")), multiplier="1", taker_fee="0")
    other = replace(contract, asset="ETH", settle="ETH")
    coins = tuple(
        Coin(asset, Fraction(100), Fraction(3), Collateral(Counted.COINS, (Slice(None, ONE),))) for asset in COINS
    )
    held = tuple(Levered(Held(each, Fraction(300), Fraction(100), Fraction(100)), ONE) for each in (contract, other))
    pool, path = Pool(rules(), coins, held), {"BTC": exact("-0.5"), "ETH": exact("-0.25")}
    (share,) = levels(pool, path).crossings
    assert abs(spare(pool, path, share)) < Fraction(1, 10**40)


def test_an_account_without_positions_and_debts_has_no_end_even_where_nothing_is_in_it() -> None:
    (coin,) = one_long(rules()).coins
    empty = Pool(rules(), (replace(coin, balance=ZERO),), ())
    assert levels(empty, {"BTC": -ONE}) == Levels((), due_now=False)
    owed = Pool(rules(), (replace(coin, balance=-ONE),), ())
    assert levels(owed, {"BTC": -ONE}).due_now


def one_linear(rate: SizeRate, *, balance: str) -> Pool:
    """Dollars, whole, that margin a long of 1 BTC at 100, bought at today's price."""
    contract = linear(rate, multiplier="1", taker_fee="0")
    held = Held(contract, ONE, Fraction(100), Fraction(100))
    whole = Collateral(Counted.COINS, (Slice(None, ONE),))
    coins = (Coin("USDT", ONE, exact(balance), whole),)
    return Pool(rules(), coins, (Levered(held, ONE),))


def test_a_linear_rate_that_grows_with_the_size_grows_with_its_square() -> None:
    """At 100·k it asks for 100·k·(0.01 + 0.001·100·k) = k + 10·k², and 100·(k - 1) is gained."""
    grows = SizeRate(exact("0.01"), exact("0.001"))
    # 14.975 - 5 = 0.95 + 9.025 at k = 0.95, and there alone on the way down
    assert levels(one_linear(grows, balance="14.975"), {"BTC": -ONE}).crossings == (exact("0.05"),)
    # on the way up again at k = 8.95: 14.975 + 795 = 8.95 + 801.025
    assert levels(one_linear(grows, balance="14.975"), {"BTC": ONE}).crossings == (exact("7.95"),)
    # 50 - 50 - 0.5 - 2.5 at half the price, 50 - 1 - 10 today
    assert least_spare(one_linear(grows, balance="50"), {"BTC": exact("-0.5")}) == -3
    assert least_spare(one_linear(grows, balance="50"), {"BTC": ONE}) == 39


def test_a_price_of_nothing_is_no_price_of_liquidation() -> None:
    """With 100 dollars to spare on one coin at 100 nothing is left to fall to; with 99 a dollar is."""
    free = SizeRate(ZERO, ZERO)
    for balance, price in (("100", None), ("99", ONE), ("101", None)):
        pool = one_linear(free, balance=balance)
        assert estimated_liquidation(pool.positions[0], pool) == price
    # a short of 20,000 dollars from 40,000 is covered by half a coin: 1/40,000 - 0.5·40,000/(20,000·40,000) is nothing
    schedule = Tiers(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.USD, tiers=(Tier(None, ZERO),))
    short = Held(inverse(schedule, multiplier="1", taker_fee="0"), Fraction(-20000), Fraction(40000), Fraction(40000))
    whole = Collateral(Counted.COINS, (Slice(None, ONE),))
    for coins, price in (("0.5", None), ("0.25", Fraction(80000)), ("0.6", None)):
        pool = Pool(rules(), (Coin("BTC", Fraction(40000), exact(coins), whole),), (Levered(short, ONE),))
        assert estimated_liquidation(pool.positions[0], pool) == price


def test_a_rate_that_grows_with_the_size_ends_an_account_of_one_coin() -> None:
    """At 100·k the 3 coins and what 300 dollars from 100 gained are 600·k - 300, and 300/k·1/100 coins are at risk.

    They ask for 0.0375·3/k + 0.15·9/k² coins, 11.25 + 135/k dollars: both are 180 at k = 0.8.
    """
    contract = inverse(SizeRate(exact("0.0375"), exact("0.15")), multiplier="1", taker_fee="0")
    held = Held(contract, Fraction(300), Fraction(100), Fraction(100))
    coin = Coin("BTC", Fraction(100), Fraction(3), Collateral(Counted.COINS, (Slice(None, ONE),)))
    pool = Pool(rules(), (coin,), (Levered(held, ONE),))
    assert levels(pool, {"BTC": exact("-0.5")}).crossings == (exact("0.4"),)
    assert least_spare(pool, {"BTC": exact("-0.6")}) == -60 - exact("11.25") - exact("337.5")


APART = [
    ((4, 5), (-800, -100), ("-0.5", "-0.75"), 1),
    ((0, 4), (-600, 100), ("0.5", "0.25"), 1),
    ((1, 3), (600, 500), ("0.25", "-0.75"), 0),
    ((4, 2), (-300, 800), ("-0.5", "1"), 2),
    ((6, 4), (-800, -800), ("0.25", "1"), 0),
    ((8, 5), (300, -700), ("0.5", "0.25"), 0),
    ((4, 4), (-400, 800), ("1", "0.25"), 1),
    ((5, 3), (-800, -400), ("0.5", "1"), 2),
    ((7, 3), (300, 100), ("1", "-0.25"), 1),
    ((5, 6), (-800, -300), ("1", "0.25"), 1),
    ((2, 6), (-800, 400), ("0.5", "0.25"), 2),
]
"""Coins and dollars of BTC and ETH, how they move, and how often such an account becomes due or is covered again."""
GROWING, WHOLE = SizeRate(exact("0.01"), exact("0.1")), Collateral(Counted.COINS, (Slice(None, ONE),))
UNITS = [ONE, Fraction(1, 10**6), Fraction(10**6)]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("balances", "sizes", "steps", "often"), APART)
def test_two_rates_that_grow_with_the_size_end_an_account_wherever_the_definitions_have_it(
    balances: tuple[int, int], sizes: tuple[int, int], steps: tuple[str, str], often: int, unit: Fraction
) -> None:
    """Due at first and covered in the middle, covered and due, or never; whatever a dollar is worth."""
    contract, price = inverse(GROWING, multiplier=unit, taker_fee="0"), 100 * unit
    coins = tuple(Coin(asset, price, Fraction(n), WHOLE) for asset, n in zip(COINS, balances, strict=True))
    held = tuple(
        Levered(Held(replace(contract, asset=asset, settle=asset), Fraction(n), price, price), ONE)
        for asset, n in zip(COINS, sizes, strict=True)
    )
    path = dict(zip(COINS, map(exact, steps), strict=True))
    assert ends(Pool(rules(), coins, held), path, unit=unit) == often


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("balances", "sizes", "steps", "often"),
    [
        ((2, 400), (400, -3), ("1", "-0.5"), 0),
        ((4, 500), (-800, -1), ("-0.5", "-0.75"), 1),
        ((1, 500), (100, 2), ("-0.25", "-0.25"), 1),
        ((0, 400), (-600, 1), ("0.5", "0.25"), 1),
        ((4, 100), (300, 5), ("0.5", "0.5"), 1),
        ((1, 300), (600, 5), ("0.25", "-0.75"), 0),
        ((6, 400), (-800, -8), ("0.25", "1"), 0),
        ((1, 100), (400, -7), ("-0.25", "-0.5"), 1),
        ((0, 600), (100, 8), ("0.25", "-0.75"), 2),
        ((0, 100), (-300, 2), ("-0.25", "0.5"), 2),
    ],
)
def test_an_inverse_and_a_linear_rate_that_grow_with_the_size_end_it_likewise(
    balances: tuple[int, int], sizes: tuple[int, int], steps: tuple[str, str], often: int, unit: Fraction
) -> None:
    """BTC and dollars margin dollars of BTCUSD and coins of ETHUSDT, at 100 dollars each."""
    price, grows = 100 * unit, SizeRate(exact("0.01"), exact("0.001"))
    coins = (Coin("BTC", price, Fraction(balances[0]), WHOLE), Coin("USDT", unit, Fraction(balances[1]), WHOLE))
    contracts = (
        (inverse(GROWING, multiplier=unit, taker_fee="0"), price),
        (linear(grows, multiplier="1", taker_fee="0", asset="ETH"), Fraction(100)),
    )
    held = tuple(
        Levered(Held(contract, Fraction(n), mark, mark), ONE)
        for (contract, mark), n in zip(contracts, sizes, strict=True)
    )
    path = dict(zip(COINS, map(exact, steps), strict=True))
    assert ends(Pool(rules(), coins, held), path, unit=unit) == often


def ends(pool: Pool, path: Mapping[str, Fraction], *, unit: Fraction) -> int:
    """How often an account becomes due or is covered again, each time where the definitions have it."""
    found = levels(pool, path)
    assert found.due_now is (spare(pool, path, ZERO) <= 0)
    for share in found.crossings:
        before, there, after = (spare(pool, path, share + side) for side in (-HAIR, ZERO, HAIR))
        assert (before > 0) is not (after > 0)
        assert abs(there) < unit / 10**30
    last = min((-1 / step for step in path.values() if step < 0), default=Fraction(8))
    for left, right in pairwise(last * step / 40 for step in range(40)):
        between = sum(left < share <= right for share in found.crossings)
        assert ((spare(pool, path, left) > 0) is (spare(pool, path, right) > 0)) is (between % 2 == 0)
    return len(found.crossings)


def test_a_jump_between_tiers_ends_an_account() -> None:
    """At k times 40,000 a long of 30,000 dollars is 0.75/k coins, from 0.9 on at 99 %: 300 dollars become 29,700.

    1 BTC and what it gained are 70,000·k - 30,000: at k = 5/6 28,333.33.
    """
    tiers = (Tier(exact("0.9"), exact("0.01")), Tier(None, exact("0.99")))
    schedule = Tiers(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN, tiers=tiers)
    contract = inverse(schedule, multiplier="1", taker_fee="0")
    held = Held(contract, Fraction(30000), Fraction(40000), Fraction(40000))
    pool = Pool(rules(), (Coin("BTC", Fraction(40000), ONE, WHOLE),), (Levered(held, ONE),))
    assert levels(pool, {"BTC": -ONE}).crossings == (exact("1/6"),)


def test_a_size_that_is_a_tier_s_last_leaves_it_at_the_least_move() -> None:
    """30,000 dollars are 0.75 BTC at 40,000, and of more 99 % is asked; 0.5 BTC and what they gain are 20,000 today.

    Today 300 are asked of them, and 29,700 as soon as the price falls; on its way up they stay enough.
    """
    tiers = (Tier(exact("0.75"), exact("0.01")), Tier(None, exact("0.99")))
    schedule = Tiers(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN, tiers=tiers)
    contract = inverse(schedule, multiplier="1", taker_fee="0")
    held = Held(contract, Fraction(30000), Fraction(40000), Fraction(40000))
    pool = Pool(rules(), (Coin("BTC", Fraction(40000), exact("0.5"), WHOLE),), (Levered(held, ONE),))
    assert levels(pool, {"BTC": -ONE}) == Levels((ZERO,), due_now=False)
    assert levels(pool, {"BTC": -ONE}).first == 0
    assert levels(pool, {"BTC": ONE}) == Levels((), due_now=False)
    # with 1 BTC 40,000 are enough for 29,700, down to 70,000·k = 59,700
    richer = Pool(rules(), (replace(pool.coins[0], balance=ONE),), pool.positions)
    assert levels(richer, {"BTC": -ONE}).crossings == (1 - exact("597/700"),)


def test_a_debt_that_grows_is_due_where_its_margin_at_the_level_is_not_there() -> None:
    """1 BTC owed counts 1 + 1.05 · 0.1 times: 40,000 · 1.105 · 1.5 are 66,300 dollars."""
    owes = replace(rules(level="1.05"), maintenance_on_debt=exact("0.1"))
    coins = (Coin("BTC", Fraction(40000), -ONE, WHOLE), Coin("USDT", ONE, Fraction(66300), WHOLE))
    assert levels(Pool(owes, coins, ()), {"BTC": ONE}).crossings == (exact("0.5"),)
    assert least_spare(Pool(owes, coins, ()), {"BTC": ONE}) == 66300 - 88400


def test_where_nothing_is_missing_no_coin_is_missed_even_one_that_counts_nothing() -> None:
    """40,000 of credit at a leverage of a half are just enough for 20,000, and of a little less no such coin does."""
    bare = one_long(rules())
    junk = Coin("JUNK", ONE, ZERO, Collateral(Counted.COINS, (Slice(None, ZERO),)))
    pool = Pool(bare.rules, (*bare.coins, junk), bare.positions)
    for leverage, needed in ((Fraction(1, 2), ZERO), (Fraction(1, 2) - Fraction(1, 10**9), None)):
        assert more_needed(pool, "JUNK", paths=[], leverage=leverage) == needed
        assert Survey.of(pool, paths=[], leverage=leverage).keeps is (needed is not None)


@given(pools(), st.lists(paths(), max_size=2), st.sampled_from([ONE, Fraction(3), Fraction(10)]))
def test_what_an_account_lacks_of_credit_is_what_dollars_that_count_in_full_bring(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction
) -> None:
    """With so many dollars of a coin that counts whole and stands still it keeps the policy, and not with fewer."""
    lacking = Survey.of(pool, paths=ways, leverage=leverage).lacking
    if not pool.positions:
        return
    assert (lacking <= 0) is Survey.of(pool, paths=ways, leverage=leverage).keeps
    whole = Collateral(Counted.COINS, (Slice(None, ONE),))
    for more, is_enough in ((lacking, True), (lacking - Fraction(1, 10**9), False)):
        if more > 0:
            there = Pool(pool.rules, (*pool.coins, Coin("USDX", ONE, more, whole)), pool.positions)
            assert Survey.of(there, paths=ways, leverage=leverage).keeps is is_enough


@pytest.mark.parametrize(
    ("slices", "there", "more"),
    [
        # 40,000 dollars of credit are asked at 40,000 a coin: 32,000 of the first coin, and the rest of another at half
        ([(1, "0.8"), (None, "0.5")], "0", "1.4"),
        ([(1, "0.8"), (None, "0.5")], "0.5", "0.9"),
        ([(1, "0.8"), (None, "0.5")], "1.25", "0.15"),
        ([(1, "0.8"), (2, "0.2"), (None, "0.5")], "0", "2"),
        ([(1, "0.8"), (2, "0.1"), (None, "0.5")], "0", "2.2"),
        # a slice that counts nothing is filled all the same
        ([(1, "0"), (None, "0.5")], "0", "3"),
        ([(1, "0"), (None, "0.5")], "0.25", "2.75"),
        ([(1, "0.8"), (None, "0")], "0", None),
        ([(2, "0.5"), (None, "0")], "0", "2"),
        ([(2, "0.5")], "1", "1"),
        ([(1, "0.5")], "0", None),
    ],
)
def test_so_many_coins_bring_what_is_lacking_as_slice_after_slice_counts(
    slices: list[tuple[int | None, str]], there: str, more: str | None
) -> None:
    counted = tuple(Slice(None if up_to is None else Fraction(up_to), exact(ratio)) for up_to, ratio in slices)
    coin = Coin("BTC", Fraction(40000), exact(there), Collateral(Counted.COINS, counted))
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, exact("0.005")),))
    held = Held(inverse(schedule, multiplier="1", taker_fee="0"), Fraction(-40000), Fraction(40000), Fraction(40000))
    pool = Pool(rules(), (coin,), (Levered(held, ONE),))
    assert more_needed(pool, "BTC", paths=[], leverage=ONE) == (None if more is None else exact(more))
    in_dollars = tuple(replace(each, up_to=None if each.up_to is None else each.up_to * 40000) for each in counted)
    alike = replace(coin, collateral=Collateral(Counted.USD, in_dollars))
    assert more_needed(Pool(rules(), (alike,), pool.positions), "BTC", paths=[], leverage=ONE) == (
        None if more is None else exact(more)
    )


def test_an_account_of_cents_ends_where_one_of_thousands_of_dollars_does() -> None:
    large = one_long(rules(), ratio="0.8")
    (coin,), (position,) = large.coins, large.positions
    held = replace(position.held, contracts=position.held.contracts / 10**6)
    small = Pool(large.rules, (replace(coin, balance=coin.balance / 10**6),), (replace(position, held=held),))
    for step in (-ONE, ONE):
        assert levels(small, {"BTC": step}) == levels(large, {"BTC": step})
    # 0.8 (60,000 f - 20,000) against 200
    assert levels(small, {"BTC": -ONE}).first == 1 - exact("20250/60000")


@pytest.mark.parametrize(("leverage", "needed"), [("0.5", 30000), ("1", 10000), ("2", 0), ("4", 0)])
def test_of_one_coin_so_much_is_needed_as_the_others_lack_of_the_leverage(leverage: str, needed: int) -> None:
    """20,000 dollars of position on 0.25 BTC, and 60,000 of another coin beside; ten times levered at the venue."""
    bare = one_long(rules())
    (btc,), (position,) = bare.coins, bare.positions
    whole = Collateral(Counted.COINS, (Slice(None, ONE),))
    coins = (replace(btc, balance=Fraction(1, 4)), Coin("USDX", ONE, Fraction(60000), whole))
    pool = Pool(bare.rules, coins, (replace(position, leverage=Fraction(10)),))
    assert Survey.of(pool, paths=[], leverage=exact(leverage)).balance_needed("USDX") == needed


@pytest.mark.parametrize(("step", "owed", "on_debt", "more"), [
    # 60,000 · 0.2 - 20,000 are 8,000 owed, and 200 asked of the position: 8,200 dollars at 50 a coin, or at 100
    ("-0.5", "0", "0", "164"), ("0", "0", "0", "82"),
    # ten of them are owed besides
    ("-0.5", "10", "0", "174"), ("0", "10", "0", "92"),
    # a tenth is asked on the 8,000, and on the ten coins until they are there
    ("-0.5", "10", "0.1", "190"), ("0", "10", "0.1", "100"),
])  # fmt: skip
def test_of_a_coin_beside_as_much_is_missing_as_another_falls_by(step: str, owed: str, on_debt: str, more: str) -> None:
    bare, fall = (
        one_long(replace(rules(), maintenance_on_debt=exact(on_debt))),
        {"BTC": exact("-0.8"), "ETH": exact(step)},
    )
    for slices, needed in ((WHOLE.slices, exact(more)), ((Slice(ONE, ONE),), None), ((), None)):
        beside = Coin("ETH", Fraction(100), -exact(owed), Collateral(Counted.COINS, slices))
        pool = Pool(bare.rules, (*bare.coins, beside), bare.positions)
        assert more_needed(pool, "ETH", paths=[fall], leverage=ONE) == needed
        survey = Survey.of(pool, paths=[fall], leverage=ONE)
        assert survey.balance_needed("ETH") == (None if needed is None else needed - exact(owed))
        assert survey.short()[2] == (exact(more) + exact(owed) * exact(on_debt)) * 100 * (1 + exact(step))
