"""The laws of a plan, over books of which accounts are pooled."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drawn import FEWER
from market.test_pooled_path import keeps, pools, with_more
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.book import Book
from rebal.market.pooled import Pool, judge
from rebal.market.pooled_need import Survey, more_needed
from rebal.plan import Order, Side, StepKind
from rebal.planner.build import build_plan
from rebal.planner.exposure import fees_usd, value
from rebal.planner.ladder import Ladder
from rebal.planner.pooled import paths_of, pool_of
from rebal.planner.sequence import after_orders, after_transfers
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind

from .test_accounts import COINS, CONTRACTS, MARKET, books, carried_out, inputs, planned, read

SHOCKS = st.lists(st.integers(1, 95).map(lambda points: Fraction(points, 100)), min_size=2, max_size=2, unique=True)


@FEWER
@given(text=books())
def test_what_a_plan_leaves_behind_needs_no_other_plan(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    first = planned(made)
    if first.refused:
        return
    again = build_plan(made, carried_out(first, made), inputs=inputs(made))
    assert not again.orders
    assert not again.transfers


@FEWER
@given(text=books())
def test_no_dollar_is_lost_but_in_fees(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    left = value(made, carried_out(plan, made)).equity
    fees = fees_usd([(order.fee, order.fee_currency) for order in plan.orders], made)
    # PnL is booked in steps of 1e-8 coin toward the loss, entries to 18 digits
    step = sum((COIN_STEP * made.price(order.fee_currency) for order in plan.orders), ZERO) + Fraction(1, 10**9)
    assert 0 <= plan.equity - fees - left + Fraction(1, 10**9) <= step + Fraction(1, 10**9)


@FEWER
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


@st.composite
def turning(draw: st.DrawFn) -> str:
    """A pooled account with longs and shorts that a plan may turn over, and coins beside it."""
    sizes = {coin: draw(st.integers(-9, 9)) * 1000 for coin in COINS}
    rows = [f"{{contract: {CONTRACTS[coin]}, contracts: {size}, entry_price: {COINS[coin]}}}"
            for coin, size in sizes.items() if size]  # fmt: skip
    there = {coin: f"{draw(st.integers(0, 6)) * 1000 / price:.6f}" for coin, price in COINS.items()}
    held = {
        coin: f"{float(there[coin]) + draw(st.integers(0, 20)) * 1000 / price:.6f}" for coin, price in COINS.items()
    }
    wanted = [draw(st.integers(0, 40)) for _ in COINS]
    inside, owned = (", ".join(f"{coin}: {each}" for coin, each in coins.items()) for coins in (there, held))
    shares = ", ".join(f"{coin}: {share / 2}%" for coin, share in zip(COINS, wanted, strict=True))
    return (
        f"as_of: 2026-11-20T08:00:00Z\nholdings: {{{owned}}}\n"
        f"targets: {{{shares}, USD: {100 - sum(wanted) / 2}%}}\naccounts:\n"
        f"  one: {{venue: bybit, margin: pooled, wallets: {{{inside}}},"
        f" positions: [{', '.join(rows)}]}}{MARKET}policy: {{leverage: 1}}\n"
    )


def test_each_order_that_opens_finds_its_initial_margin_where_the_last_one_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    met = Counter[str]()

    @given(text=turning())
    def finds(text: str) -> None:
        made = read(tmp_path_factory.mktemp("books"), text)
        plan = planned(made)
        if plan.refused:
            return
        book, states = made.statement, []
        for each in plan.steps:
            if each.kind is StepKind.TRANSFER:
                book = after_transfers(book, [plan.transfers[each.index]], made)
            if each.kind is StepKind.ORDER:
                order = plan.orders[each.index]
                before, book = book, after_orders(book, [order], made)
                states.append((order, abs(size(book, order)) > abs(size(before, order)), book))
        for account in made.pools:
            there = [(judge(pool_of(account, left, made)), opens)
                     for order, opens, left in states if order.account == account.name]  # fmt: skip
            if there and there[-1][0].initial_margin <= there[-1][0].credit:
                assert all(then.initial_margin <= then.credit for then, opens in there if opens)
                met["after another"] += sum(opens for _, opens in there) > 1
                met["turned over"] += any(
                    size(made.statement, order) * size(left, order) < 0
                    for order, _, left in states if order.account == account.name
                )  # fmt: skip

    finds()
    if settings().max_examples >= 50:
        assert min(met["after another"], met["turned over"]) > 2, met


def size(book: Book, order: Order) -> Fraction:
    """Contracts open of an order's contract."""
    position = book.positions.get(order.contract)
    return ZERO if position is None else position.contracts


@FEWER
@given(text=books())
def test_a_coin_of_a_pool_is_asked_for_as_far_as_the_definitions_ask_with_all_else_there(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Also of coins that no contract settles in: with so much of one the account keeps its policy, with less not."""
    made = read(tmp_path_factory.mktemp("books"), text)
    rows = {(row.account, row.currency): row for row in build_status(made, made.statement, inputs=inputs(made)).wallets}
    for account in made.pools:
        pool = pool_of(account, made.statement, made)
        ways = [dict(way) for way in paths_of(pool, made, made.policy.shock) if pool.positions]
        for coin in pool.coins:
            row = rows.get((account.name, coin.asset))
            if row is None:
                assert not coin.balance
                continue
            asked = keeps(with_more(pool, coin.asset, row.required - coin.balance), ways, made.policy.leverage)
            settles = any(each.held.contract.settle == coin.asset for each in pool.positions)
            event(f"{'settles' if settles else 'beside'}: {'some' if row.required else 'nothing'}")
            # where no amount would do all that is there is asked for
            more = with_more(pool, coin.asset, Fraction(10**9))
            assert asked or (row.required == coin.balance and not keeps(more, ways, made.policy.leverage))
            if asked and row.required:
                less = with_more(pool, coin.asset, row.required - COIN_STEP - coin.balance)
                assert not keeps(less, ways, made.policy.leverage)


@FEWER
@given(text=books())
def test_a_pool_keeps_its_policy_once_it_has_let_go_of_what_closing_frees_and_rungs_add_up_to_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    for rungs in (1, None):
        plan = build_unwind(made, made.statement, inputs=inputs(made), force=True, ladder=Ladder(rungs))
        for asset in {each.asset for each in plan.transfers}:
            told = sum((rung.frees.get(asset, ZERO) - rung.uses.get(asset, ZERO) - rung.brings.get(asset, ZERO)
                        for rung in plan.ladder), ZERO)  # fmt: skip
            assert told == -sum((each.quantity for each in plan.transfers if each.asset == asset), ZERO)
        assert all(each.quantity for each in plan.transfers)
        left = carried_out(plan, made)
        for account in made.pools:
            out = [each for each in plan.transfers if each.account == account.name and each.quantity < 0]
            pool = pool_of(account, left, made)
            event("lets go" if out else "lets nothing go")
            if out and pool.positions:
                event("lets go with something open")
                ways = [dict(way) for way in paths_of(pool, made, made.policy.shock)]
                assert keeps(pool, ways, made.policy.leverage)
                # a coin that covers an open loss is not let go: what the loss borrows was borrowed before
                assert all(pool.parts[each.asset].equity >= 0 for each in out)
