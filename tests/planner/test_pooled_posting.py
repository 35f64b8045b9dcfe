"""What is moved into pooled accounts: each leg's own coin for its share, then dollars, then what counts best."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import FEWER
from exact import exact
from market.test_pooled_path import least_by_definition, with_more
from program import answered
from rebal.amounts import ONE, ZERO, Fraction
from rebal.findings import Code
from rebal.market.pooled import (
    ClosingFee,
    Coin,
    Collateral,
    Counted,
    Open,
    Part,
    Pool,
    Printed,
    Rules,
    Slice,
    judge,
)
from rebal.plan import Plan
from rebal.planner.build import build_plan
from rebal.planner.pooled import asked_of, paths_of, pool_of, surveyed
from rebal.planner.pooled_posting import _counting
from rebal.planner.posting import free_coins
from rebal.portfolio import Portfolio

from .test_accounts import MARKET, account, books, carried_out, inputs, planned, read

CENT = Fraction(1, 100)
THREE = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2, ETH: 14, SOL: 300, USDT: 3000}}
targets: {{BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%}}
accounts:
  bybit:
    venue: bybit
    margin: pooled
    wallets: {{}}
    collateral: {{BTC: 98%, ETH: 95%, SOL: 90%}}
{MARKET}"""
# SELL 22,600 of SOL, BUY 16,800 of ETH and 1,400 of BTC; the venue counts a fee of 2 · 0.055 % in the margin of a long
FEES = {
    "SOL": 226 * exact("0.00055"),
    "ETH": exact("6.72") * exact("0.00055"),
    "BTC": exact("0.035") * exact("0.00055"),
}
SHARES = {
    "SOL": 226 / exact("0.9"),
    "ETH": exact("6.72") * exact("1.0011") / exact("0.95"),
    "BTC": exact("0.035") * exact("1.0011") / exact("0.98"),
}


def moved(plan: Plan) -> Mapping[str, Fraction]:
    return {each.asset: each.quantity for each in plan.transfers}


def own() -> dict[str, Fraction]:
    """What each leg's own coin brings: its share and its fee, to the step above."""
    return {coin: -(-(SHARES[coin] + FEES[coin]) * 10**8 // 1) / Fraction(10**8) for coin in SHARES}


def test_each_leg_is_margined_in_its_own_coin(tmp_path: Path) -> None:
    brought, shares = moved(planned(read(tmp_path, THREE))), own()
    # what the steps of the others bring too much, the coin that counts least need not
    assert 0 <= shares["SOL"] - brought["SOL"] < exact("0.00001")
    assert {**brought, "SOL": shares["SOL"]} == shares


def test_what_the_own_coins_lack_is_posted_in_dollars_and_then_in_what_counts_best(tmp_path: Path) -> None:
    # of SOL there are 240 only: 11.2354 short, of which 90 % were to count
    made = read(tmp_path, THREE.replace("SOL: 300, USDT: 3000", "SOL: 240, USDT: 100").replace("5%, USD", "1%, USD")
                .replace("BTC: 55%", "BTC: 59%"))  # fmt: skip
    plan = planned(made)
    (short,) = (order for order in plan.orders if order.asset == "SOL")
    lacking = (short.coins / exact("0.9") + short.fee - 240) * exact("0.9") * 100
    assert lacking > 100
    brought = moved(plan)
    assert brought["SOL"] == 240
    assert brought["USDT"] == 100
    (long,) = (order for order in plan.orders if order.asset == "BTC")
    share = long.coins * exact("1.0011") / exact("0.98") + long.fee
    more = (lacking - 100) / exact("0.98") / 40000
    assert 0 <= brought["BTC"] - share - more < exact("0.00000003")


def test_coins_that_are_there_do_their_part_first(tmp_path: Path) -> None:
    # 8,000 dollars that count whole, less than which the coins that count least bring
    made = read(tmp_path, THREE.replace("USDT: 3000", "USDT: 8000").replace("{}", "{USDT: 8000}")
                .replace("5%, USD: 5%", "5%, USD: 8%").replace("BTC: 55%", "BTC: 52%"))  # fmt: skip
    plan = planned(made)
    left = carried_out(plan, made)
    pool = pool_of(made.pools[0], left, made)
    judged = judge(pool)
    assert 0 <= judged.credit - max(judged.initial_margin, judged.position_value) < CENT
    brought, (short,) = moved(plan), [order for order in plan.orders if order.asset == "SOL"]
    assert brought["ETH"] > 0
    assert brought["SOL"] < short.coins / exact("0.9")
    assert "USDT" not in brought


def test_a_leg_whose_coin_nobody_holds_is_carried_by_the_others(tmp_path: Path) -> None:
    made = read(tmp_path, THREE.replace("BTC: 2, ETH: 14, SOL: 300, USDT: 3000", "BTC: 2")
                .replace("BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%", "BTC: 70%, ETH: 30%"))  # fmt: skip
    plan = planned(made)
    assert {order.asset for order in plan.orders} == {"BTC", "ETH"}
    assert not plan.refused
    assert set(moved(plan)) == {"BTC"}
    assert set(account(plan.accounts, "bybit").debts) == {"ETH"}


def test_nothing_is_brought_of_a_coin_beyond_what_counts(tmp_path: Path) -> None:
    counts = "SOL: [{up_to: 50, ratio: 90%}, {ratio: 0%}]"
    made = read(tmp_path, THREE.replace("SOL: 90%", counts))
    plan = planned(made)
    assert not plan.refused
    assert moved(plan)["SOL"] == 50 + exact("0.1243")


ALARMED = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 1, MORE}}
targets: {{BTC: 100%, SOL: 0%, USD: 0%}}
accounts:
  bybit:
    venue: bybit
    margin: pooled
    wallets: {{BTC: 1}}
    positions: [{{contract: ETHUSD, contracts: -60000, entry_price: 2500, hedge: -60000}}]
    collateral: {{BTC: 98%, SOL: 90%}}
  other: {{venue: deribit, margin: cross, wallets: {{}}}}
{MARKET}policy: {{min_order: LEAST, band: 50%}}
"""


@pytest.mark.parametrize(
    ("free", "least", "brought"),
    [
        ("SOL: 0, USDT: 5", 10, {}),
        ("SOL: 0, USDT: 9.99", 10, {}),
        ("SOL: 0, USDT: 10", 10, {"USDT": 10}),
        ("SOL: 0, USDT: 5", 5, {"USDT": 5}),
        ("SOL: 5, USDT: 5", 10, {"SOL": 5}),
        ("SOL: 0.05, USDT: 9", 10, {}),
        # 20,800 are missing: 9 dollars, and SOL of which 90 % count
        ("SOL: 240, USDT: 9", 10, {"USDT": 9, "SOL": exact("231.01111112")}),
    ],
)
def test_less_than_an_order_is_not_brought_where_it_does_not_do(
    tmp_path: Path, free: str, least: int, brought: Mapping[str, int]
) -> None:
    """60,000 short on 39,200 of credit: what nothing trades is topped up, of several accounts with no dust."""
    text = ALARMED.replace("MORE", free).replace("LEAST", str(least))
    plan = planned(read(tmp_path, text))
    assert not plan.orders
    assert moved(plan) == brought
    lacks = [each for each in plan.findings if each.code is Code.UNDER_COLLATERALISED]
    assert bool(lacks) is (len(brought) < 2)
    # a file of one account is as it ever was
    alone = planned(read(tmp_path, text.replace("  other: {venue: deribit, margin: cross, wallets: {}}\n", "")))
    assert set(moved(alone)) == {coin for coin in ("SOL", "USDT") if f"{coin}: 0," not in free}


@FEWER
@given(text=books())
def test_what_is_brought_is_the_least_and_is_not_moved_again(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    left = carried_out(plan, made)
    for each in made.pools:
        pool = pool_of(each, left, made)
        brought = {move.asset: move.quantity for move in plan.transfers if move.account == each.name}
        for asset, quantity in brought.items():
            fees = sum((order.fee for order in plan.orders if order.fee_currency == asset), ZERO)
            if quantity > max(fees, 2 * CENT / made.price(asset)) and not plan.refused:
                assert not _keeps(with_more(pool, asset, -2 * CENT / made.price(asset)), made)
        if brought and not plan.refused:
            paid = {order.fee_currency: order.fee for order in plan.orders if order.account == each.name}
            assert _keeps(pool, made, paid)
            full = _keeps(pool, made)
            assert not full or surveyed(pool, made, level=asked_of(made)).more_needed(next(iter(brought))) == 0
    if not plan.refused:
        again = build_plan(made, left, inputs=inputs(made))
        assert again.refused or not again.transfers


def _keeps(pool: Pool, made: Portfolio, fees: Mapping[str, Fraction] | None = None) -> bool:
    """Whether an account keeps the policy, margin and leverage as before it paid its fees."""
    judged, had = judge(pool), pool
    for coin, fee in (fees or {}).items():
        had = with_more(had, coin, fee)
    asked = max(judged.initial_margin, judged.position_value / made.policy.leverage)
    return judge(had).credit >= asked and all(
        least_by_definition(pool, path) >= 0 for path in paths_of(pool, made, made.policy.shock)
    )


@pytest.mark.parametrize(("coins", "refused"), [("2", False), ("1.9999", True)])
def test_all_of_a_coin_can_be_hedged_with_it_where_it_counts_whole(tmp_path: Path, coins: str, refused: bool) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(
        f"as_of: 2026-11-20T08:00:00Z\nholdings: {{BTC: {coins}}}\naccounts:\n"
        f"  deribit: {{venue: deribit, margin: pooled, collateral: {{BTC: 100%}}}}\n{MARKET}"
    )
    at = ("-p", str(file), "--now", "2026-11-20T09:00:00Z", "--format", "json")
    done = answered("hedge", "BTC", "--notional", "80000", "--allow-over-hedge", *at)
    plan = json.loads(done.out)
    assert plan["refused"] is refused
    assert [exact(each["quantity"]) for each in plan["transfers"]] == [exact(coins)]


def test_of_no_coin_more_is_brought_than_may_sit_at_venues(tmp_path: Path) -> None:
    """Three quarters of 300 SOL, of the 251.2354 that its short takes; what it lacks is posted in dollars, then BTC."""
    plan = planned(read(tmp_path, THREE + "policy: {max_at_venue: 75%}\n"))
    assert not plan.refused
    brought = moved(plan)
    assert (brought["SOL"], brought["USDT"]) == (Fraction(225), exact("2250"))
    lacking = (226 / exact("0.9") + 226 * exact("0.00055") - 225) * exact("0.9") * 100
    assert lacking > 2250
    more = (lacking - 2250) / exact("0.98") / 40000
    assert abs(brought["BTC"] - own()["BTC"] - more) < exact("0.00000003")


@pytest.mark.parametrize("share", ["50%", "75%"])
@FEWER
@given(text=books())
def test_no_plan_brings_more_of_a_coin_than_may_sit_at_venues(
    tmp_path_factory: pytest.TempPathFactory, text: str, share: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text.replace("policy: {", f"policy: {{max_at_venue: {share}, "))
    plan = planned(made)
    for asset, owned in made.statement.holdings.items():
        inside = sum((made.statement.wallets.get(f"{each.name}:{asset}", ZERO) for each in made.accounts), ZERO)
        came = sum((each.quantity for each in plan.transfers if each.asset == asset), ZERO)
        assert came <= max(ZERO, owned * made.policy.max_at_venue - inside)


@pytest.mark.parametrize(
    ("post", "brought"),
    [
        ("[dollars, own, best]", {"SOL", "ETH", "BTC", "USDT"}),
        ("[own]", {"SOL", "ETH", "BTC"}),
        ("[best]", {"USDT", "BTC", "ETH", "SOL"}),
        ("[dollars, BTC]", {"USDT", "BTC"}),
        ("[BTC]", {"BTC"}),
    ],
)
def test_an_account_is_filled_with_what_the_policy_names(tmp_path: Path, post: str, brought: set[str]) -> None:
    made = read(tmp_path, THREE + f"policy: {{post: {post}}}\n")
    plan = planned(made)
    assert set(moved(plan)) == brought
    assert not plan.refused
    if post.startswith("[dollars"):
        assert moved(plan)["USDT"] == 3000


@pytest.mark.parametrize(
    ("named", "there"),
    [("", False), ("collateral: {SOL: 90%, USD: 100%}", True), ("policy: {post: [USD, best]}", True)],
)
def test_dollars_at_a_bank_are_no_collateral_unless_they_are_named(tmp_path: Path, named: str, there: bool) -> None:
    text = THREE.replace("SOL: 300, USDT: 3000", "SOL: 200, USD: 30000").replace("SOL: 5%, USD: 5%", "SOL: 1%, USD: 9%")
    if named.startswith("collateral"):
        text = text.replace("collateral: {BTC: 98%, ETH: 95%, SOL: 90%}", named)
    plan = planned(read(tmp_path, text + (f"{named}\n" if named.startswith("policy") else "")))
    assert plan.orders
    assert ("USD" in moved(plan)) is there


def test_where_so_much_may_sit_and_no_more_what_counts_most_is_brought(tmp_path: Path) -> None:
    # each leg's own coin would take 44,267 dollars, of which the account takes 42,920: 29 % of 148,000
    text = THREE.replace("wallets: {}", "at_most: 29%\n    wallets: {}")
    plan = planned(read(tmp_path, text))
    assert not plan.refused
    assert {each.contract: each.signed for each in plan.orders} == {"SOLUSD": -22600, "ETHUSD": 16800, "BTCUSD": 1400}
    assert account(plan.accounts, "bybit").equity <= 42920
    assert set(moved(plan)) >= {"USDT", "BTC"}
    assert planned(read(tmp_path, text + "policy: {post: [own], uncovered: refuse}\n")).refused


def test_a_policy_that_names_no_coin_that_is_held_asks_for_none_where_enough_is_there(tmp_path: Path) -> None:
    """2 BTC lie in the pool: 20,000 short take 0.51 of them, and no dollar has to come."""
    text = THREE.replace("holdings: {BTC: 2, ETH: 14, SOL: 300, USDT: 3000}", "holdings: {BTC: 2}").replace(
        "BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%", "BTC: 75%, USD: 25%"
    )
    plan = planned(read(tmp_path, text.replace("{}", "{BTC: 2}") + "policy: {post: [dollars], uncovered: refuse}\n"))
    assert [(order.contract, order.contracts) for order in plan.orders] == [("BTCUSD", Fraction(20000))]
    assert not plan.refused
    # where it is not there, what lacks is still told
    lacking = planned(read(tmp_path, text + "policy: {post: [dollars], uncovered: refuse}\n"))
    assert lacking.refused
    assert [each.subject for each in lacking.findings if each.code is Code.UNDER_COLLATERALISED] == ["USD"]


def test_an_order_that_brings_nothing_leaves_the_account_short(tmp_path: Path) -> None:
    plan = planned(
        read(tmp_path, THREE.replace("USDT: 3000", "USDT: 2999") + "policy: {post: [dollars], uncovered: refuse}\n")
    )
    assert plan.refused
    assert set(moved(plan)) == {"USDT"}


POSTS = st.permutations(["own", "dollars", "best", "BTC", "USDT"]).flatmap(
    lambda words: st.integers(1, 5).map(lambda most: words[:most])
)


@FEWER
@given(text=books(), post=POSTS)
def test_only_what_the_policy_names_is_moved_in_and_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, text: str, post: list[str]
) -> None:
    words = f"policy: {{post: [{', '.join(post)}], "
    made = read(tmp_path_factory.mktemp("books"), text.replace("at_most: 60%, ", "").replace("policy: {", words))
    plan = planned(made)
    left = carried_out(plan, made)
    for each in made.pools:
        brought = {
            move.asset: move.quantity for move in plan.transfers if move.account == each.name and move.quantity > 0
        }
        traded = {order.fee_currency for order in plan.orders if order.account == each.name}
        own = traded or {
            position.contract.settle for position in left.positions.values() if position.contract.account == each.name
        }
        ranks = {asset: rank_of(asset, post, own) for asset in (*made.statement.holdings,)}
        assert all(ranks[asset] is not None for asset in brought)
        pool = pool_of(each, left, made)
        for asset in brought:
            # what stands before it is spent, or there is more of it than counts
            for other, rank in ranks.items():
                if (
                    rank is not None
                    and "own" not in (post[rank], post[ranks[asset] or 0])
                    and rank < (ranks[asset] or 0)
                ):
                    spent = free_coins(other, left, made) * made.price(other) < CENT
                    assert (
                        spent
                        or not _counts(pool, other)
                        or brought[asset] * made.price(asset)
                        < CENT
                        + sum(
                            (order.fee * made.price(asset) for order in plan.orders if order.fee_currency == asset),
                            ZERO,
                        )
                    )


def rank_of(asset: str, post: list[str], own: set[str]) -> int | None:
    """Where in the policy's order a coin stands first."""
    means = {"best": True, "dollars": asset == "USDT", "own": asset in own, asset: True}
    return next((n for n, word in enumerate(post) if means.get(word)), None)


def _counts(pool: Pool, asset: str) -> bool:
    return judge(with_more(pool, asset, ONE)).credit > judge(pool).credit


@pytest.mark.parametrize(
    ("counted", "slices", "more"),
    [
        (Counted.COINS, [("50", "0.9")], "30"),
        (Counted.COINS, [("50", "0.9"), ("80", "0.5"), (None, "0")], "60"),
        (Counted.COINS, [("50", "0.9"), (None, "0.5")], None),
        (Counted.COINS, [("15", "0.9")], "0"),
        (Counted.COINS, [], "0"),
        (Counted.USD, [("5000", "0.9")], "30"),
        (Counted.USD, [("5000", "0.9"), ("8000", "0.5"), (None, "0")], "60"),
        (Counted.USD, [("1500", "0.9")], "0"),
    ],
)
def test_so_many_coins_more_count_as_their_slices_say(
    counted: Counted, slices: list[tuple[str | None, str]], more: str | None
) -> None:
    # 20 coins at 100 dollars are there
    told = tuple(Slice(None if edge is None else exact(edge), exact(ratio)) for edge, ratio in slices)
    coin = Coin("SOL", Fraction(100), Fraction(20), Collateral(counted, told))
    rules = Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.SHARE)
    assert _counting(Part(coin, Open((), coin.price, rules))) == (None if more is None else exact(more))


@pytest.mark.parametrize("counted", list(Counted))
def test_of_a_coin_that_is_switched_off_none_counts_though_none_is_there(counted: Counted) -> None:
    rules = Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.SHARE)
    coin = Coin("SOL", Fraction(100), ZERO, Collateral(counted, ()))
    assert _counting(Part(coin, Open((), coin.price, rules))) == 0


def test_a_fee_is_repaid_whole_though_less_than_a_step_of_its_coin_is_there(tmp_path: Path) -> None:
    """20,000 dollars margin all of it: of ETH only what its fee would borrow comes, to the step above."""
    text = THREE.replace("USDT: 3000", "USDT: 20000").replace("{}", "{USDT: 20000, ETH: 0.000000004}").replace(
        "BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%", "BTC: 50%, ETH: 25%, SOL: 18%, USD: 7%")  # fmt: skip
    plan = planned(read(tmp_path, text + "policy: {band: 1%}\n"))
    (order,) = (each for each in plan.orders if each.asset == "ETH")
    assert moved(plan)["ETH"] == order.fee
    assert dict(account(plan.accounts, "bybit").debts) == {}


def test_where_coins_come_in_for_a_fee_none_leave(tmp_path: Path) -> None:
    """Shorts of BTC and of XRP are bought back in part: the fee of the one is there, and that of the other comes."""
    text = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2, XRP: 10000}}
targets: {{BTC: 72%, XRP: 18%, USD: 10%}}
accounts:
  main:
    venue: bybit
    margin: pooled
    wallets: {{BTC: 1}}
    positions:
      - {{contract: BTCUSD, contracts: -20000, entry_price: 40000}}
      - {{contract: XRPUSD, contracts: -4000, entry_price: 2}}
{MARKET.replace("SOL: 100", "SOL: 100, XRP: 2")}"""
    plan = planned(read(tmp_path, text))
    assert {each.contract: each.side for each in plan.orders} == {"BTCUSD": "buy", "XRPUSD": "buy"}
    (order,) = (each for each in plan.orders if each.asset == "XRP")
    assert moved(plan) == {"XRP": order.fee}
    # of BTC alone some would go
    alone = text.replace("XRP: 18%, USD: 10%", "XRP: 16%, USD: 12%")
    plan = planned(read(tmp_path, alone))
    assert [each.contract for each in plan.orders] == ["BTCUSD"]
    assert moved(plan)["BTC"] < 0


def test_a_coin_set_aside_needs_no_price_and_is_none_of_a_pool(tmp_path: Path) -> None:
    plan = planned(read(tmp_path, THREE.replace("USDT: 3000}", "USDT: 3000, DOGE: 5}\naside: [DOGE]")))
    assert not plan.refused
    assert set(moved(plan)) == {"BTC", "ETH", "SOL"}
