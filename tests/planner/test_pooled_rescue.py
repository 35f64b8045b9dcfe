"""Pooled accounts brought out of danger by coins, by closing, by both; no alert is left that these could end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from drawn import FEWER, among
from exact import exact
from market.test_pooled_path import with_more
from program import answered, in_process
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, plain, up
from rebal.book import Book
from rebal.findings import Code, Severity
from rebal.market.pooled import judge
from rebal.plan import Plan, Rescue
from rebal.planner.exposure import equity_at
from rebal.planner.pooled import past_alert, pool_of
from rebal.planner.posting import free_coins
from rebal.planner.rescue import build_rescue
from rebal.portfolio import Account, Portfolio

from .test_accounts import MARKET, carried_out, inputs, read

F = Fraction
LONG = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 1, SOL: 60}}
accounts:
  bybit:
    venue: bybit
    wallets: {{BTC: 1}}
    positions: [{{contract: ETHUSD, contracts: 60000, entry_price: 2500}}]
    collateral: {{BTC: 98%, SOL: 90%}}
contracts: {{ETHUSD: {{leverage: 10}}}}
{MARKET}"""


def rescued(made: Portfolio, *, to_policy: bool = False) -> Plan:
    return build_rescue(made, made.statement, inputs=inputs(made), to_policy=to_policy)


def test_the_ways_stand_side_by_side(tmp_path: Path) -> None:
    plan = rescued(read(tmp_path, LONG))
    assert [(way.way, way.enough, way.chosen) for way in plan.ways] == [
        (Rescue.COINS, False, False), (Rescue.CLOSE, True, False), (Rescue.BOTH, True, True),
    ]  # fmt: skip
    coins, close, both = plan.ways
    # at leverage 1.125 of credit, halfway from alert to policy: 60,000 - n <= 1.125 (39,200 - 0.055 % n)
    assert dict(close.contracts) == {"ETHUSD": -15910}
    # 60 SOL more count 5,400 dollars: 60,000 - n <= 1.125 (44,600 - 0.055 % n)
    assert dict(both.contracts) == {"ETHUSD": -9832}
    assert [(each.asset, each.quantity) for each in both.transfers] == [("SOL", F(60))]
    assert coins.leverage_after == 60000 / exact("44600")
    assert [order.contracts for order in plan.orders] == [9832]
    assert not plan.refused
    # by name, dollars among them
    more = LONG.replace("SOL: 60}", "SOL: 60, XRP: 1}").replace("SOL: 100}", "SOL: 100, XRP: 2}")
    assert [[*way.weights] for way in rescued(read(tmp_path, more)).ways] == [["BTC", "ETH", "SOL", "USD", "XRP"]] * 3


def test_of_what_helps_as_much_the_first_by_name_is_closed(tmp_path: Path) -> None:
    """Two longs of 30,000 that differ by their names alone: as where they are one, 15,910 close."""
    more = "{contract: ETHUSDZ, contracts: 30000, entry_price: 2500}"
    terms = (
        "asset: ETH, kind: inverse, multiplier: 1, tick_size: 0.05, lot_size: 1, taker_fee: 0.055%, maker_fee: 0.02%, "
        "funding_interval: 8h, max_leverage: 100"
    )
    alike = "leverage: 10, maintenance: {tiers: [{rate: 1%}]}"
    text = (
        LONG.replace("BTC: 1, SOL: 60", "BTC: 1")
        .replace("contracts: 60000, entry_price: 2500}", f"contracts: 30000, entry_price: 2500}}, {more}")
        .replace("{ETHUSD: {leverage: 10}}", f"{{ETHUSD: {{{alike}}}, ETHUSDZ: {{{terms}, {alike}}}}}")
    )
    (way,) = rescued(read(tmp_path, text)).ways
    assert dict(way.contracts) == {"ETHUSD": F(-15910)}


def test_without_coins_what_is_open_is_closed(tmp_path: Path) -> None:
    made = read(tmp_path, LONG.replace(", SOL: 60}", "}"))
    plan = rescued(made)
    assert [(way.way, way.enough, way.chosen) for way in plan.ways] == [(Rescue.CLOSE, True, True)]
    assert plan.ways[0].realised_usd == 0
    assert not past_alert(pool_of(made.pools[0], carried_out(plan, made), made), made, made.policy.alert)
    assert not rescued(made, to_policy=True).refused


def test_an_account_of_less_than_a_dollar_is_brought_back_as_any_other(tmp_path: Path) -> None:
    text = LONG.replace("{BTC: 1, SOL: 60}", "{BTC: 0.00001, SOL: 0.02}").replace("{BTC: 1}", "{BTC: 0.00001}")
    text = text.replace("contracts: 60000", "contracts: 1")
    plan = rescued(read(tmp_path, text))
    coins, close = plan.ways
    # a dollar of position, the least there is, on 39.2 cents of credit
    assert (coins.enough, coins.chosen, close.enough, dict(close.contracts)) == (True, True, True, {"ETHUSD": F(-1)})
    few, _, both = rescued(read(tmp_path, text.replace("SOL: 0.02", "SOL: 0.002"))).ways
    # once all of it is closed nothing is owed, and no coin comes
    assert (both.way, both.enough, both.transfers) == (Rescue.BOTH, True, ())
    assert (few.currency, few.coins) == ("SOL", exact("0.002"))
    assert (few.way, few.enough, few.leverage_after) == (Rescue.COINS, False, 1 / (exact("0.392") + exact("0.18")))


def test_legs_that_need_one_another_shrink_each_as_far_as_it_helps(tmp_path: Path) -> None:
    """Two longs that each end the account alone: closing one lot of either helps the path of that one only."""
    text = LONG.replace("holdings: {BTC: 1, SOL: 60}", "holdings: {BTC: 1}").replace(
        "[{contract: ETHUSD, contracts: 60000, entry_price: 2500}]",
        "[{contract: ETHUSD, contracts: 40000, entry_price: 2500}, {contract: SOLUSD, contracts: 40000, "
        "entry_price: 100}]",
    )
    made = read(tmp_path, text.replace("ETHUSD: {leverage: 10}", "ETHUSD: {leverage: 10}, SOLUSD: {leverage: 10}"))
    plan = rescued(made)
    assert {order.contract for order in plan.orders} <= {"ETHUSD", "SOLUSD"}
    assert not plan.refused
    left = carried_out(plan, made)
    assert not past_alert(pool_of(made.pools[0], left, made), made, made.policy.alert)
    assert left.positions


def test_an_account_that_nothing_brings_back_is_said_to_be_lost(tmp_path: Path) -> None:
    made = read(tmp_path, LONG.replace("entry_price: 2500", "entry_price: 9000").replace(", SOL: 60}", "}"))
    plan = rescued(made)
    assert plan.refused
    (lost,) = [each for each in plan.findings if each.code is Code.NO_EQUITY and each.subject == "bybit"]
    # 39,200 of credit less 60,000 / 2,500 - 60,000 / 9,000 ETH at 2,500
    credit = 39200 - (24 - F(60000, 9000)) * 2500
    assert lost.data["credit_usd"] == credit
    assert lost.message == "its coins count -4133.33 USD, and no free coins lift that: nothing brings it back"
    assert not plan.ways


def test_coins_go_to_one_account_only(tmp_path: Path) -> None:
    one = LONG[LONG.index("  bybit:") : LONG.index("contracts: {ETHUSD: {lev")]
    text = LONG.replace("contracts: {ETHUSD: {leverage: 10}}\n", one.replace("  bybit:", "  other:"))
    text = text.replace("BTC: 1, SOL", "BTC: 2, SOL")
    plan = rescued(read(tmp_path, text))
    assert sum(each.quantity for each in plan.transfers if each.asset == "SOL") == 60
    assert {way.wallet for way in plan.ways if way.enough and way.chosen} == {"bybit", "other"}


COINS = {"BTC": 40000, "ETH": 2500, "SOL": 100}


SENDS = (
    "",
    "",
    "withdrawal: {BTC: {fee: 0.0002, least: 0.01}, ETH: {fee: 0.03, least: 0.5}, SOL: {least: 4}}, ",
    "withdrawal: {BTC: {fee: 0.01, least: 0.3}, ETH: {fee: 0.5, least: 5}, SOL: {fee: 3, least: 100}}, ",
)
"""What sending coins from an account takes: nothing that is said, little, or much."""


@st.composite
def in_trouble(draw: st.DrawFn) -> str:
    """One to three accounts, most of them pools, with positions larger than their coins carry, and a few free coins."""
    names = ["one", "two", "three"][: draw(st.integers(1, 3))]
    written, inside = [], dict.fromkeys([*COINS, "USDT"], ZERO)
    for name in names:
        wallets = {coin: Fraction(draw(st.integers(0, 20)) * 1000) / price for coin, price in COINS.items()}
        wallets["USDT"] = Fraction(draw(among(0, 0, 2000)))
        worth = sum((balance * COINS.get(coin, 1) for coin, balance in wallets.items()), ZERO)
        rows = []
        for coin, price in COINS.items():
            size = int(worth * draw(st.integers(-150, 150)) / 100) if draw(st.booleans()) else 0
            entry = price * draw(st.integers(80, 125)) / 100
            hedge = draw(among(0, size, size // 2))
            if size:
                rows.append(f"{{contract: {coin}USD, contracts: {size}, entry_price: {entry}, hedge: {hedge}}}")
        for coin, balance in wallets.items():
            inside[coin] += balance
        there = ", ".join(f"{coin}: {float(balance):.8f}" for coin, balance in wallets.items() if balance)
        mode = draw(among("pooled", "pooled", "cross"))
        most = draw(among("", "", "at_most: 60%, "))
        sends = draw(among(*SENDS))
        written.append(
            f"  {name}: {{venue: bybit, margin: {mode}, {most}{sends}wallets: {{{there}}}, "
            f"positions: [{', '.join(rows)}]}}"
        )
    loose = {coin: draw(among(0, 0, 1, 10)) * Fraction(500) / COINS.get(coin, 1) for coin in inside}
    held = ", ".join(f"{coin}: {float(inside[coin] + loose[coin]) + 1e-8:.8f}" for coin in inside)
    leverage, most = draw(among("1", "2")), draw(among("100%", "90%"))
    return "\n".join(
        (
            f"as_of: 2026-11-20T08:00:00Z\nholdings: {{{held}}}\naccounts:",
            *written,
            f"{MARKET}policy: {{leverage: {leverage}, max_at_venue: {most}}}\n",
        )
    )


def loose_at(coin: str, account: Account, book: Book) -> Fraction:
    """Coins that back nothing at an account: at a pool with no position, or in a wallet with none in its coin."""
    settled = {each.contract.settle for each in book.open_positions if each.contract.account == account.name}
    backs = settled if account.pooling is not None else settled & {coin}
    return ZERO if backs else max(ZERO, book.wallets.get(f"{account.name}:{coin}", ZERO))


@FEWER
@given(text=in_trouble())
def test_a_rescue_leaves_no_alert_that_coins_or_closing_could_have_ended(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = rescued(made)
    left = carried_out(plan, made)
    lost = {each.subject for each in plan.findings if each.code is Code.NO_EQUITY}
    for each in made.pools:
        pool = pool_of(each, left, made)
        if past_alert(pool, made, made.policy.alert):
            assert each.name in lost
            for coin in made.statement.holdings:
                elsewhere = sum(
                    (other.sends(coin).arriving(loose_at(coin, other, left)) for other in made.accounts
                     if other is not each), ZERO
                )  # fmt: skip
                pool = with_more(pool, coin, free_coins(coin, left, made) + elsewhere)
            assert judge(pool).credit <= 0 or each.at_most < ONE
    for coin, owned in made.statement.holdings.items():
        before = sum((made.statement.wallets.get(f"{each.name}:{coin}", ZERO) for each in made.accounts), ZERO)
        if len(made.accounts) == 1:
            before = made.statement.wallets.get(coin, ZERO)
        moved = sum((each.quantity + (each.fee or ZERO) for each in plan.transfers if each.asset == coin), ZERO)
        assert 0 <= moved <= max(ZERO, owned * made.policy.max_at_venue - before)
        for place in made.accounts if made.has_several and not plan.orders else ():
            wallet = f"{place.name}:{coin}"
            gone = made.statement.wallets.get(wallet, ZERO) - left.wallets.get(wallet, ZERO)
            assert gone <= loose_at(coin, place, made.statement)
    _leave_as_they_may(plan, made)
    _sit_as_they_may(plan, made)
    assert all(order.reduce_only for order in plan.orders)
    again = build_rescue(made, left, inputs=inputs(made))
    assert not again.orders
    assert not again.transfers
    event("orders" if plan.orders else "coins" if plan.transfers else "lost" if plan.refused else "calm")


def _sit_as_they_may(plan: Plan, made: Portfolio) -> None:
    """No account is brought more than its share of what is owned, whichever coins come."""
    for place in made.accounts:
        came = sum(
            (each.quantity * made.price(each.asset) for each in plan.transfers if each.account == place.name), ZERO
        )
        if place.at_most < ONE and came > 0:
            event("came to what has an end")
            there = equity_at(made.at(place.name), made.statement, made)
            assert there + came <= place.at_most * plan.equity


def _leave_as_they_may(plan: Plan, made: Portfolio) -> None:
    """No fewer coins leave an account than may, and of these and their fee what is there, each out of what is loose."""
    gone: dict[tuple[str, str], Fraction] = {}
    for each in plan.transfers:
        if each.quantity < 0 and each.other_account is not None:
            place = next(other for other in made.accounts if other.name == each.account)
            said = place.sends(each.asset)
            event("sent")
            assert -each.quantity >= max(said.least or ZERO, said.costs)
            assert (each.fee or ZERO) == said.costs
            key = (each.account or "", each.asset)
            gone[key] = gone.get(key, ZERO) - each.quantity
    for (name, asset), coins in gone.items():
        place = next(other for other in made.accounts if other.name == name)
        assert coins <= loose_at(asset, place, made.statement)


TWO = LONG.replace("holdings: {BTC: 1, SOL: 60}", "holdings: {BTC: 1, SOL: 60, ETH: 8}").replace(
    "collateral: {BTC: 98%, SOL: 90%}",
    "collateral: {BTC: 98%, SOL: 90%, ETH: 100%}\n"
    "  other: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 8}}",
).replace("contracts: {ETHUSD:", "contracts: {\"bybit:ETHUSD\":")  # fmt: skip


def test_after_spot_a_pool_takes_what_backs_nothing_at_another_account(tmp_path: Path) -> None:
    """39,200 and, out of spot, 5,400 of SOL are half of it where all prices halve, and the long has lost 30,000 there.

    With maintenance of 600 and a fee of 18.15, 8,318.15 dollars are missing: of ETH at 1,250 6.65452 of the 8 that lie
    at the other account.
    """
    made = read(tmp_path, TWO)
    plan = rescued(made)
    assert [(each.account, each.other_account, each.asset, each.quantity, each.hours) for each in plan.transfers] == [
        ("other", "bybit", "ETH", exact("-6.65452"), None),
        ("bybit", None, "SOL", F(60), None),
        ("bybit", "other", "ETH", exact("6.65452"), F(2)),
    ]
    assert [(way.way, way.enough, way.chosen) for way in plan.ways] == [
        (Rescue.COINS, True, True), (Rescue.CLOSE, True, False),
    ]  # fmt: skip
    assert (plan.ways[0].currency, plan.ways[0].coins) == ("SOL", F(60))
    assert [step.kind for step in plan.steps] == ["transfer"] * 3
    (said,) = [each for each in plan.findings if each.code is Code.ALERT and "hours" in each.data]
    assert said.subject == "bybit"
    assert said.message == (
        "6.65452 ETH from other arrive about 2h after they left, and until then it stays past its alert: only closing "
        "ends that at once, sell 15910 bybit:ETHUSD"
    )
    assert not rescued(made).refused


def travelling(tmp_path: Path, said: str, *, eth: str = "8", more: str = "") -> Plan:
    """The rescue where ``said`` is known of a withdrawal of ETH, and ``more`` of the account in danger."""
    text = TWO.replace("withdrawal: 2h", f"withdrawal: {{ETH: {{{said}}}}}").replace("ETH: 8", f"ETH: {eth}")
    return rescued(read(tmp_path, text.replace("bybit:\n", f"bybit:\n    {more}\n") if more else text))


def came(plan: Plan) -> list[tuple[str | None, Fraction, Fraction | None]]:
    return [(each.account, each.quantity, each.fee) for each in plan.transfers if each.asset == "ETH"]


@pytest.mark.parametrize(
    ("said", "leaves", "arrives"),
    [
        # 6.65452 are missing, as above: no fewer may leave than 7, the fee among them
        ("fee: 0.1", "6.75452", "6.65452"),
        ("least: 7", "7", "7"),
        ("fee: 0.1, least: 7", "7", "6.9"),
        ("fee: 0.1, least: 6.75452", "6.75452", "6.65452"),
        ("least: 8", "8", "8"),
        # all that is there, with its fee
        ("fee: 1.34548, least: 8", "8", "6.65452"),
        ("fee: 2", "8", "6"),
    ],
)
def test_no_fewer_coins_leave_for_a_pool_than_may_and_their_fee_is_paid_by_what_is_there(
    tmp_path: Path, said: str, leaves: str, arrives: str
) -> None:
    plan = travelling(tmp_path, said)
    fee = exact(leaves) - exact(arrives)
    assert came(plan) == [("other", -exact(leaves), fee or None), ("bybit", exact(arrives), None)]
    assert (plan.ways[0].way, plan.ways[0].enough) == (Rescue.COINS, True)
    assert not plan.orders


@pytest.mark.parametrize(
    ("said", "eth", "more"),
    [
        # 8 are there, and 9 would have to leave
        ("least: 9", "8", ""),
        ("fee: 8", "8", ""),
        ("fee: 0.1, least: 8", "7.9", ""),
        # 95 % of 66,000 may sit there, 16,700 more than the coins and SOL: 6.68 ETH
        ("least: 6.69", "8", "at_most: 95%"),
    ],
)
def test_where_so_many_may_not_leave_or_may_not_come_closing_does_it(
    tmp_path: Path, said: str, eth: str, more: str
) -> None:
    plan = travelling(tmp_path, said, eth=eth, more=more)
    assert came(plan) == []
    assert {way.way: (way.enough, way.chosen) for way in plan.ways} == {
        Rescue.COINS: (False, False), Rescue.CLOSE: (True, False), Rescue.BOTH: (True, True),
    }  # fmt: skip
    # 60 SOL are there besides, as where nothing lies elsewhere
    assert [order.contracts for order in plan.orders] == [9832]


def test_what_is_no_whole_step_stays_where_it_is(tmp_path: Path) -> None:
    assert came(travelling(tmp_path, "fee: 2", eth="8.000000009")) == [("other", F(-8), F(2)), ("bybit", F(6), None)]


def test_of_each_account_whole_steps_are_sent(tmp_path: Path) -> None:
    text = TWO.replace("SOL: 60, ETH: 8}", "SOL: 60, ETH: 4.000000012}").replace(
        "  other: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 8}}",
        "  other: {venue: bybit, margin: cross, wallets: {ETH: 2.000000006}}\n"
        "  third: {venue: bybit, margin: pooled, wallets: {ETH: 2.000000006}}",
    )
    assert [(at, coins) for at, coins, _ in came(rescued(read(tmp_path, text)))] == [
        ("other", F(-2)), ("third", F(-2)), ("bybit", F(2)), ("bybit", F(2))
    ]  # fmt: skip


def test_what_just_fits_where_so_much_may_sit_comes(tmp_path: Path) -> None:
    plan = travelling(tmp_path, "least: 6.68", more="at_most: 95%")
    assert came(plan) == [("other", exact("-6.68"), None), ("bybit", exact("6.68"), None)]


def test_the_second_account_sends_the_rest_or_its_least(tmp_path: Path) -> None:
    """4 ETH at each of two, of 6.65452 that are missing: the second may send no fewer than 3."""
    text = TWO.replace("ETH: 8}\n", "ETH: 8}\n", 1).replace(
        "  other: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 8}}",
        "  other: {venue: bybit, margin: cross, withdrawal: {ETH: {least: 4}}, wallets: {ETH: 4}}\n"
        "  third: {venue: bybit, margin: pooled, withdrawal: {ETH: {fee: 0.5, least: 3}}, wallets: {ETH: 4}}",
    )
    assert came(rescued(read(tmp_path, text))) == [
        ("other", F(-4), None), ("third", exact("-3.15452"), exact("0.5")),
        ("bybit", F(4), None), ("bybit", exact("2.65452"), None),
    ]  # fmt: skip
    text = text.replace("fee: 0.5, least: 3}", "least: 3}")
    assert came(rescued(read(tmp_path, text)))[1] == ("third", F(-3), None)


@pytest.mark.parametrize("coins", ["6", "6.65451999"])
def test_less_than_a_coin_that_is_missing_still_comes_from_the_second_account(tmp_path: Path, coins: str) -> None:
    owned = plain(exact(coins) + 3)
    text = TWO.replace("SOL: 60, ETH: 8}", f"SOL: 60, ETH: {owned}}}").replace(
        "  other: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 8}}",
        f"  other: {{venue: bybit, margin: cross, withdrawal: 2h, wallets: {{ETH: {coins}}}}}\n"
        "  third: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 3}}",
    )
    rest = exact("6.65452") - exact(coins)
    plan = rescued(read(tmp_path, text))
    # what comes from spot first is what the row of the way tells
    assert (plan.ways[0].currency, plan.ways[0].coins) == ("SOL", F(60))
    assert came(plan) == [
        ("other", -exact(coins), None), ("third", -rest, None), ("bybit", exact(coins), None), ("bybit", rest, None)
    ]  # fmt: skip


def test_the_fee_of_a_withdrawal_is_no_coin_that_another_account_may_have(tmp_path: Path) -> None:
    """Two pools in danger and ETH at a third: what the network kept of the first one's does not come to the second."""
    pool = TWO[TWO.index("  bybit:") : TWO.index("  other:")]
    text = (
        TWO.replace("  other:", pool.replace("  bybit:", "  second:") + "  other:")
        .replace("BTC: 1, SOL: 60, ETH: 8", "BTC: 2, SOL: 60, ETH: 20")
        .replace("wallets: {ETH: 8}", "wallets: {ETH: 20}")
        .replace("withdrawal: 2h", "withdrawal: {ETH: {fee: 0.5}}")
    )
    plan = rescued(read(tmp_path, text.replace('"bybit:ETHUSD"', '"bybit:ETHUSD": {leverage: 10}, "second:ETHUSD"')))
    assert {way.wallet for way in plan.ways if way.enough and way.chosen} == {"bybit", "second"}
    assert [each.fee for each in plan.transfers if each.asset == "ETH" and each.quantity < 0] == [F(1, 2), F(1, 2)]
    assert not [each for each in plan.transfers if each.asset == "ETH" and each.other_account is None]
    assert sum(each.quantity for each in plan.transfers if each.asset == "ETH") == -1


def test_where_spot_does_nothing_travels(tmp_path: Path) -> None:
    """240 SOL count 10,800 where all prices halve: 218.15 short of the policy, and past the least of a rescue."""
    plan = rescued(read(tmp_path, TWO.replace("SOL: 60,", "SOL: 240,")))
    assert {(each.account, each.asset) for each in plan.transfers} == {("bybit", "SOL")}


def test_what_backs_a_position_elsewhere_stays_and_closing_does_the_rest(tmp_path: Path) -> None:
    text = TWO.replace("wallets: {ETH: 8}}", "wallets: {ETH: 8}, positions: "
                       "[{contract: ETHUSD, contracts: -100, entry_price: 2500}]}")  # fmt: skip
    plan = rescued(read(tmp_path, text))
    assert {(each.account, each.asset) for each in plan.transfers} == {("bybit", "SOL")}
    assert [(way.way, way.enough, way.chosen) for way in plan.ways] == [
        (Rescue.COINS, False, False), (Rescue.CLOSE, True, False), (Rescue.BOTH, True, True),
    ]  # fmt: skip


def test_what_travels_is_closed_for_first(tmp_path: Path) -> None:
    """2 ETH come and are too few; what is closed besides does not wait for them."""
    plan = rescued(read(tmp_path, TWO.replace("ETH: 8", "ETH: 2")))
    moves, orders = plan.transfers, plan.orders
    words = [
        orders[each.index].contract
        if each.kind == "order"
        else f"{moves[each.index].account} {moves[each.index].asset}"
        for each in plan.steps
    ]
    assert words == ["other ETH", "bybit SOL", "bybit:ETHUSD", "bybit ETH"]
    # 60,000 - n <= 1.125 (39,200 + 5,400 + 5,000 - 0.055 % n)
    assert [order.contracts for order in plan.orders] == [4203]


def test_every_figure_of_coins_that_travel_to_a_pool_is_derived(tmp_path: Path) -> None:
    file, plan = tmp_path / "p.yaml", tmp_path / "rescue.json"
    file.write_text(TWO)
    now = ("--now", "2026-11-20T09:00:00Z", "-p", str(file))
    assert in_process("rescue", *now, "--out", str(plan)).returncode == 0
    told = in_process("explain", str(plan), *now)
    assert told.returncode == 0, told.stderr
    assert "ways.bybit.coins.coins" in told.stdout


def test_an_account_that_closing_leaves_owing_a_fee_is_levered_no_more(tmp_path: Path) -> None:
    """39,200 of credit, of which a long from 7,204 has lost 39,178: closing it costs 33 of the 22 left."""
    made = read(tmp_path, LONG.replace("entry_price: 2500", "entry_price: 7204").replace(", SOL: 60}", "}"))
    (way,) = rescued(made).ways
    assert (way.way, dict(way.contracts)) == (Rescue.CLOSE, {"ETHUSD": F(-60000)})
    assert way.leverage_after == 0
    assert way.distance_after is None


def test_an_account_that_owes_more_than_counts_is_not_brought_back_by_closing_alone(tmp_path: Path) -> None:
    """39,200 of credit, of which a long from 8,000 has lost 41,250; 60 SOL more are 5,400."""
    plan = rescued(read(tmp_path, LONG.replace("entry_price: 2500", "entry_price: 8000")))
    assert [(way.way, way.enough) for way in plan.ways] == [(Rescue.COINS, False), (Rescue.BOTH, True)]


@pytest.mark.parametrize(
    ("there", "ways"),
    [("1", ["coins", "both"]), ("0.9999875", ["coins", "both"]), ("1.0000125", ["coins", "close", "both"])],
)
def test_closing_alone_is_a_way_as_long_as_anything_is_left(tmp_path: Path, there: str, ways: list[str]) -> None:
    """A long of 60,000 from 7,500 has lost 40,000: nothing is left of a coin of BTC, or half a dollar less or more."""
    text = LONG.replace("98%, SOL: 90%", "100%, SOL: 100%").replace("entry_price: 2500", "entry_price: 7500")
    plan = rescued(
        read(tmp_path, text.replace("BTC: 1, SOL: 60", f"BTC: {there}, SOL: 0.5").replace("BTC: 1}", f"BTC: {there}}}"))
    )
    assert [way.way.value for way in plan.ways] == ways


def test_what_closing_leaves_owing_is_paid_to_the_cent(tmp_path: Path) -> None:
    """As above on 1 BTC, closing costs 33 dollars; with 33.5 of SOL there is not enough for a dollar to stay open."""
    text = LONG.replace("98%, SOL: 90%", "100%, SOL: 100%").replace("entry_price: 2500", "entry_price: 7500")
    _, both = rescued(read(tmp_path, text.replace("SOL: 60", "SOL: 0.335"))).ways
    assert (both.way, dict(both.contracts), both.enough) == (Rescue.BOTH, {"ETHUSD": F(-60000)}, True)
    assert [(each.asset, each.quantity) for each in both.transfers] == [("SOL", exact("0.33"))]


def test_only_the_pools_that_are_named_are_rescued(tmp_path: Path) -> None:
    one = LONG[LONG.index("  bybit:") : LONG.index("contracts: {ETHUSD: {lev")]
    text = LONG.replace("contracts: {ETHUSD: {leverage: 10}}\n", one.replace("  bybit:", "  other:"))
    made = read(tmp_path, text.replace("BTC: 1, SOL", "BTC: 2, SOL"))
    for names, told in ((frozenset({"other"}), {"other"}), (None, {"bybit", "other"})):
        plan = build_rescue(made, made.statement, inputs=inputs(made), wallets=names)
        assert {way.wallet for way in plan.ways} == told


@pytest.mark.parametrize(("coins", "ways"), [("50", []), ("50.1", [Rescue.COINS, Rescue.BOTH])])
def test_an_account_that_coins_bring_to_nothing_is_lost_and_above_it_is_not(
    tmp_path: Path, coins: str, ways: list[Rescue]
) -> None:
    """Of 40,000 dollars, which count whole, a long of 60,000 from 10,000 has lost 45,000: 50 SOL are 5,000."""
    text = LONG.replace("98%, SOL: 90%", "100%, SOL: 100%").replace("entry_price: 2500", "entry_price: 10000")
    plan = rescued(read(tmp_path, text.replace("SOL: 60}", f"SOL: {coins}}}")))
    assert [way.way for way in plan.ways] == ways
    lost = [each.subject for each in plan.findings if each.code is Code.NO_EQUITY]
    assert lost == ([] if ways else ["bybit"])


@pytest.mark.parametrize(("held", "moved"), [("0.2", "0.12482584"), ("0.12482584", "0.12482584"), ("0.12", "0.12")])
def test_coins_pay_what_closing_all_of_it_leaves_owing_and_no_more(tmp_path: Path, held: str, moved: str) -> None:
    """22 dollars of credit, as above, and 33 that closing costs: 11.234325 are owed, and a SOL counts 90."""
    text = LONG.replace("entry_price: 2500", "entry_price: 7204").replace("SOL: 60}", f"SOL: {held}}}")
    both = next(way for way in rescued(read(tmp_path, text)).ways if way.way is Rescue.BOTH)
    assert (both.enough, dict(both.contracts)) == (True, {"ETHUSD": F(-60000)})
    assert [(each.asset, each.quantity) for each in both.transfers] == [("SOL", exact(moved))]


def test_of_what_lies_in_spot_no_second_coin_pays_what_the_first_does(tmp_path: Path) -> None:
    """0.1 SOL count 9 dollars of the 11.234325: ETH, of which a dollar counts whole, pays the rest."""
    text = LONG.replace("entry_price: 2500", "entry_price: 7204").replace("SOL: 60}", "SOL: 0.1, ETH: 1}")
    text = text.replace("SOL: 90%", "SOL: 90%, ETH: 100%")
    both = next(way for way in rescued(read(tmp_path, text)).ways if way.way is Rescue.BOTH)
    assert both.enough
    assert sum(each.quantity * (90 if each.asset == "SOL" else 2500) for each in both.transfers) < 12


def test_what_one_account_sends_takes_room_that_the_next_has_no_more(tmp_path: Path) -> None:
    """6.68 ETH may come, and 4 do from one account: of the other no fewer than 3 may leave."""
    text = TWO.replace("bybit:\n", "bybit:\n    at_most: 95%\n", 1).replace(
        "  other: {venue: bybit, margin: cross, withdrawal: 2h, wallets: {ETH: 8}}",
        "  other: {venue: bybit, margin: cross, withdrawal: {ETH: {least: 4}}, wallets: {ETH: 4}}\n"
        "  third: {venue: bybit, margin: pooled, withdrawal: {ETH: {least: 3}}, wallets: {ETH: 4}}",
    )
    assert came(rescued(read(tmp_path, text))) == [("other", F(-4), None), ("bybit", F(4), None)]


def test_two_accounts_in_danger_share_what_lies_loose_at_a_third_and_count_no_coin_twice(tmp_path: Path) -> None:
    """10 ETH, of which the first takes 6.65452, as above; the second has no SOL left, and lacks more than the rest."""
    pool = TWO[TWO.index("  bybit:") : TWO.index("  other:")]
    text = (
        TWO.replace("  other:", pool.replace("  bybit:", "  second:") + "  other:")
        .replace("BTC: 1, SOL: 60, ETH: 8", "BTC: 2, SOL: 60, ETH: 10")
        .replace("wallets: {ETH: 8}", "wallets: {ETH: 10}")
        .replace('"bybit:ETHUSD"', '"bybit:ETHUSD": {leverage: 10}, "second:ETHUSD"')
    )
    first, rest = exact("6.65452"), exact("3.34548")
    assert [(each.account, each.other_account, each.quantity) for each in rescued(read(tmp_path, text)).transfers
            if each.asset == "ETH"] == [
        ("other", "bybit", -first), ("bybit", "other", first), ("other", "second", -rest), ("second", "other", rest),
    ]  # fmt: skip


@pytest.mark.parametrize("words", ["rescue", "plan", "unwind", "unwind --ladder", "status", "unwind --pct 50"])
def test_of_a_coin_that_nobody_holds_a_position_can_be_closed_whole_without_a_fee(tmp_path: Path, words: str) -> None:
    """60,000 long of ETH in a pool of BTC: nothing of ETH is left where it is closed at its entry."""
    file = tmp_path / "portfolio.yaml"
    text = LONG.replace("{ETHUSD: {leverage: 10}}", "{ETHUSD: {leverage: 10, taker_fee: 0%}}").replace(
        "SOL: 60", "SOL: 100"
    )
    file.write_text(text + "targets: {BTC: 80%, SOL: 20%, ETH: 0%, USD: 0%}\n")
    done = answered(*words.split(), "-p", str(file), "--now", "2026-11-20T09:00:00Z", "--format", "json")
    told = json.loads(done.out)
    assert "refused" not in told or told["refused"] is (words == "unwind --pct 50")
    if words in ("plan", "unwind"):
        (order,) = told["orders"]
        assert (order["contracts"], order["side"], order["fee"]) == ("60000", "sell", "0")
        assert told["transfers"] == []


@pytest.mark.parametrize("least", ["ETHUSD", "SOLUSD"])
def test_a_least_order_that_is_closed_anyway_changes_nothing(tmp_path: Path, least: str) -> None:
    """Two longs of which some 7,000 and 9,000 dollars close: a dollar helps as much in an order of 1,000."""
    more = "{contract: SOLUSD, contracts: 30000, entry_price: 100}"
    text = (
        LONG.replace("BTC: 1, SOL: 60", "BTC: 1")
        .replace("contracts: 60000, entry_price: 2500}", f"contracts: 30000, entry_price: 2500}}, {more}")
        .replace("{leverage: 10}}", "{leverage: 10}, SOLUSD: {leverage: 10}}")
    )
    (way,) = rescued(read(tmp_path, text)).ways
    assert sorted(way.contracts) == ["ETHUSD", "SOLUSD"]
    assert all(-9000 < size < -6000 for size in way.contracts.values())
    # at leverage 1.125 of credit, as where all of it is ETH
    assert sum(way.contracts.values()) == -15910
    told = text.replace(f"{least}: {{leverage: 10", f"{least}: {{leverage: 10, min_contracts: 1000")
    assert told != text
    closed = rescued(read(tmp_path, told)).ways[0].contracts
    assert sum(closed.values()) == -15910
    # but for what the dollars of an order help less than its first
    assert all(abs(closed[name] - size) < 3 for name, size in way.contracts.items())


def test_the_row_of_a_way_tells_what_comes_from_spot_first_though_less_than_a_coin_leaves_an_account(
    tmp_path: Path,
) -> None:
    """As above, 8,318.15 dollars are missing, of BTC at 20,000, of which 98 % count."""
    text = TWO.replace("BTC: 1, SOL: 60, ETH: 8", "BTC: 1.5, SOL: 60").replace(
        "wallets: {ETH: 8}", "wallets: {BTC: 0.5}"
    )
    plan = rescued(read(tmp_path, text))
    brought = up(exact("8318.15") / 19600, COIN_STEP)
    assert [(each.account, each.asset, each.quantity) for each in plan.transfers] == [
        ("other", "BTC", -brought), ("bybit", "SOL", F(60)), ("bybit", "BTC", brought)
    ]  # fmt: skip
    assert (plan.ways[0].currency, plan.ways[0].coins) == ("SOL", F(60))


def test_where_one_account_sends_all_that_is_missing_the_next_sends_nothing(tmp_path: Path) -> None:
    text = TWO.replace("SOL: 60, ETH: 8}", "SOL: 60, ETH: 12}").replace(
        "wallets: {ETH: 8}}",
        "wallets: {ETH: 8}}\n  third: {venue: bybit, margin: cross, withdrawal: {ETH: {least: 3}}, wallets: {ETH: 4}}",
    )
    assert came(rescued(read(tmp_path, text))) == [
        ("other", exact("-6.65452"), None), ("bybit", exact("6.65452"), None)
    ]  # fmt: skip


@pytest.mark.parametrize(("loose", "rest"), [("6", "5.02"), ("2", "1.02"), ("0.98", None), ("0.9", None)])
def test_what_a_margin_of_the_other_account_draws_on_is_not_there_to_be_sent(
    tmp_path: Path, loose: str, rest: str | None
) -> None:
    """An isolated long of 10,000 dollars of ETH on 3.1 takes 0.98 of what lies loose beside it, and the pool the rest.

    At half the price 10,100 dollars are 8.08 ETH, of which 4 are lost.
    """
    isolated = (
        "  other: {venue: bybit, margin: isolated, withdrawal: 2h, wallets: {ETH: THERE}, "
        "positions: [{contract: ETHUSD, contracts: 10000, entry_price: 2500, margin: 3.1}]}\n"
    ).replace("THERE", plain(exact(loose) + exact("3.1")))
    text = LONG.replace("BTC: 1, SOL: 60", f"BTC: 1, SOL: 60, ETH: {plain(exact(loose) + exact('3.1'))}")
    text = text.replace("SOL: 90%}", "SOL: 90%, ETH: 100%}").replace(
        "contracts: {ETHUSD: {leverage: 10}}",
        isolated + 'contracts: {"bybit:ETHUSD": {leverage: 10}, "other:ETHUSD": '
        "{taker_fee: 0%, maintenance: {tiers: [{rate: 1%}]}}}",
    )
    drawn, moved = min(exact(loose), exact("0.98")), came(rescued(read(tmp_path, text)))
    assert [("other", -drawn, None), ("other", drawn, None)] == [each for each in moved if abs(each[1]) == drawn]
    assert [each for each in moved if abs(each[1]) != drawn] == (
        [] if rest is None else [("other", -exact(rest), None), ("bybit", exact(rest), None)]
    )


def test_an_account_that_is_lost_is_a_warning_beside_one_that_is_rescued(tmp_path: Path) -> None:
    one = LONG[LONG.index("  bybit:") : LONG.index("contracts: {ETHUSD: {lev")]
    lost = one.replace("  bybit:", "  other:").replace("entry_price: 2500", "entry_price: 90000")
    text = LONG.replace("contracts: {ETHUSD: {leverage: 10}}\n", lost).replace("BTC: 1, SOL: 60", "BTC: 2")
    plan = rescued(read(tmp_path, text))
    assert not plan.refused
    assert {order.account for order in plan.orders} == {"bybit"}
    (said,) = [
        each for each in plan.findings if each.code is Code.NO_EQUITY and "nothing brings it back" in each.message
    ]
    assert (said.subject, said.severity) == ("other", Severity.WARNING)
    alone = rescued(read(tmp_path, LONG.replace("entry_price: 2500", "entry_price: 90000")))
    assert [each.severity for each in alone.findings if "nothing brings it back" in each.message] == [Severity.ERROR]


def test_an_account_that_is_named_and_calm_says_how_it_stands(tmp_path: Path) -> None:
    """A long of 20,000 on 39,200, which nobody has to rescue."""
    made = read(tmp_path, LONG.replace("contracts: 60000", "contracts: 20000"))
    for names, told in ((None, False), (frozenset({"bybit"}), True)):
        plan = build_rescue(made, made.statement, inputs=inputs(made), wallets=names)
        near = [each.message for each in plan.findings if "needs no rescue" in each.message]
        # at k of every price 59,200 k - 20,000 are left, and 200 and a fee of 12.1 k have to be: 34.1 %
        assert near == (["needs no rescue: liquidation 65.9 % away"] if told else [])
    covered = text_of_a_covered_short()
    plan = build_rescue(read(tmp_path, covered), read(tmp_path, covered).statement, inputs=inputs(made),
                        wallets=frozenset({"bybit"}))  # fmt: skip
    said = [(each.subject, each.message) for each in plan.findings if "needs no" in each.message]
    assert said == [("bybit", "needs no rescue: never liquidated")]


def text_of_a_covered_short() -> str:
    """20,000 short of BTC on a coin of it that counts whole."""
    text = LONG.replace("contract: ETHUSD, contracts: 60000, entry_price: 2500", "contract: BTCUSD, contracts: -20000, "
                        "entry_price: 40000").replace("ETHUSD: {", "BTCUSD: {")  # fmt: skip
    return text.replace("BTC: 98%", "BTC: 100%").replace(", SOL: 60}", "}")


def test_of_lots_that_each_suffice_and_leave_as_much_the_first_by_name_is_closed(tmp_path: Path) -> None:
    """40,000 long of ETH and 20,000 of SOL on 45,080: a lot of either leaves 50,000.

    What is left to spare is least for the leverage, and the same whichever is closed.
    """
    more = "{contract: SOLUSD, contracts: 20000, entry_price: 100}"
    text = (
        LONG.replace("BTC: 1, SOL: 60", "BTC: 1.15").replace("{BTC: 1}", "{BTC: 1.15}")
        .replace("contracts: 60000, entry_price: 2500}", f"contracts: 40000, entry_price: 2500}}, {more}")
        .replace("{leverage: 10}}", "{leverage: 10, lot_size: 10000}, SOLUSD: {leverage: 10, lot_size: 10000}}")
    )  # fmt: skip
    (way,) = rescued(read(tmp_path, text)).ways
    assert dict(way.contracts) == {"ETHUSD": F(-10000)}


def test_what_a_way_closes_stands_by_name_and_hedges_with_it(tmp_path: Path) -> None:
    """15,000 long of each of four coins on 27,440, all of them alike; of BTC 10,000 are protected besides."""
    coins = {"ETH": 2500, "SOL": 100, "XRP": 2}
    rows = "{contract: BTCUSD, contracts: 5000, entry_price: 40000, hedge: -10000}"
    for coin, price in coins.items():
        rows += f", {{contract: {coin}USD, contracts: 15000, entry_price: {price}}}"
    levered = ", ".join(f"{coin}USD: {{leverage: 10}}" for coin in ("BTC", *coins))
    text = LONG.replace("{contract: ETHUSD, contracts: 60000, entry_price: 2500}", rows)
    text = text.replace("ETHUSD: {leverage: 10}", levered).replace("SOL: 100}", "SOL: 100, XRP: 2}")
    text = text.replace("BTC: 1, SOL: 60", "BTC: 0.7, SOL: 1").replace("{BTC: 1}", "{BTC: 0.7}")
    ways = {way.way: way for way in rescued(read(tmp_path, text)).ways}
    closed = [*ways[Rescue.CLOSE].contracts]
    assert len(closed) > 2
    assert closed == sorted(closed)
    # 10,000 of 28,000 that are held and 15,000 that stand for spot
    assert dict(ways[Rescue.COINS].hedge_ratios) == {"BTC": F(10000, 43000)}


def test_an_account_that_neither_coins_nor_closing_bring_back_is_said_to_stay_in_alert(tmp_path: Path) -> None:
    made = read(tmp_path, LONG.replace("SOL: 60", "SOL: 1"))
    name, held = next(iter(made.statement.positions.items()))
    gone = replace(held.contract, listed=False)
    book = replace(made.statement, positions={name: replace(held, contract=gone)})
    made = replace(made, contracts={**made.contracts, name: gone}, statement=book)
    plan = rescued(made)
    assert [(way.way, way.enough) for way in plan.ways if way.chosen] == [(Rescue.BOTH, False)]
    (said,) = [each for each in plan.findings if each.code is Code.UNDER_COLLATERALISED and each.subject == "bybit"
               and "stays" in each.message]  # fmt: skip
    assert said.message == "stays past its alert: not enough coins are free, and not all that is open can be closed"
