"""The laws of a plan, over books of which accounts are pooled."""

from dataclasses import replace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from market.test_pooled_path import pools
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.market.pooled import Pool
from rebal.market.pooled_need import Survey, more_needed
from rebal.plan import Side
from rebal.planner.build import build_plan
from rebal.planner.exposure import fees_usd, value

from .test_accounts import books, carried_out, inputs, planned, read

SHOCKS = st.lists(st.integers(1, 95).map(lambda points: Fraction(points, 100)), min_size=2, max_size=2, unique=True)


@given(text=books())
def test_what_a_plan_leaves_behind_needs_no_other_plan(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    first = planned(made)
    if first.refused:
        return
    again = build_plan(made, carried_out(first, made), inputs=inputs(made))
    assert not again.orders
    assert not again.transfers


@given(text=books())
def test_no_dollar_is_lost_but_in_fees(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    left = value(made, carried_out(plan, made)).equity
    fees = fees_usd([(order.fee, order.fee_currency) for order in plan.orders], made)
    # PnL is booked in steps of 1e-8 coin toward the loss, entries to 18 digits
    step = sum((COIN_STEP * made.price(order.fee_currency) for order in plan.orders), ZERO) + Fraction(1, 10**9)
    assert 0 <= plan.equity - fees - left + Fraction(1, 10**9) <= step + Fraction(1, 10**9)


@given(text=books())
def test_no_order_trades_past_its_target(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    rows = {line.asset: line for line in plan.assets}
    for asset in {order.asset for order in plan.orders}:
        row = rows[asset]
        assert row.drift is not None
        ordered = sum((order.notional * (1 if order.side is Side.BUY else -1) for order in plan.orders
                       if order.asset == asset), ZERO)  # fmt: skip
        aim = (row.aimed_weight or ZERO) * plan.equity
        assert ordered * (aim - row.exposure) >= 0
        assert abs(ordered) <= abs(aim - row.exposure)


@given(pools(), SHOCKS, st.sampled_from(("BTC", "ETH", "USDT")))
def test_a_larger_distance_never_asks_for_less(pool: Pool, shocks: list[Fraction], asset: str) -> None:
    near, far = (
        more_needed(
            pool,
            asset,
            paths=[dict.fromkeys(way, shock) for way in (("BTC", "ETH"), ("BTC",), ("ETH",)) for shock in (-d, d)],
            leverage=ONE,
        )
        for d in sorted(shocks)
    )
    assert far is None or (near is not None and near <= far)


@given(pools(), SHOCKS, st.integers(1, 10**6))
def test_an_account_keeps_its_policy_where_no_coin_is_asked_for(
    pool: Pool, shocks: list[Fraction], dollars: int
) -> None:
    paths = [dict.fromkeys(("BTC", "ETH"), shock) for d in shocks for shock in (-d, d)]
    account = Survey.of(pool, paths=paths, leverage=ONE)
    for asset in account.parts:
        assert account.keeps == (account.more_needed(asset) == 0)
        # dollars that could not do if each counted in full never do in a coin
        richer = account.having(asset, dollars / account.parts[asset].coin.price)
        assert account.lifted_by(Fraction(dollars)) or not richer.keeps


@given(
    pools(), SHOCKS, st.lists(st.tuples(st.sampled_from(("BTC", "ETH", "USDT")), st.integers(-100, 100)), max_size=3)
)
def test_what_is_needed_of_a_coin_is_the_same_by_whichever_way_it_is_asked(
    pool: Pool, shocks: list[Fraction], moved: list[tuple[str, int]]
) -> None:
    """Of an account that is walked anew, and of one whose coins were moved one after the other."""
    paths = [dict.fromkeys(way, s) for way in (("BTC", "ETH"), ("BTC",), ("ETH",)) for d in shocks for s in (-d, d)]
    account, coins = Survey.of(pool, paths=paths, leverage=ONE), {coin.asset: coin for coin in pool.coins}
    for asset, percents in moved:
        more = coins[asset].balance * percents / 100
        assert account.falls
        assert account.judged
        account = account.having(asset, more)
        coins[asset] = replace(coins[asset], balance=coins[asset].balance + more)
    fresh = Pool(pool.rules, tuple(coins.values()), pool.positions)
    anew = Survey.of(fresh, paths=paths, leverage=ONE)
    assert account.judged == anew.judged
    assert account.falls == anew.falls
    assert account.short() == anew.short()
    for asset, coin in coins.items():
        without = Pool(pool.rules, tuple(each for each in fresh.coins if each is not coin), ())
        bare = replace(fresh, coins=(*without.coins, replace(coin, balance=ZERO)))
        needed = more_needed(bare, asset, paths=paths, leverage=ONE)
        event("nothing" if needed == 0 else "none" if needed is None else "some")
        assert account.balance_needed(asset) == anew.balance_needed(asset) == needed
