"""When a rebalance trades: small books whose figures are worked out by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from exchange import carried_out
from rebal.amounts import Fraction
from rebal.book import Book, Position, opened
from rebal.findings import Code
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.desk import Desk
from rebal.planner.rebalance import off_target, outside_band
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, linear, policy, portfolio
from .test_splitting import accounts, at

F = Fraction


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def through_a_proxy(dot: str) -> Portfolio:
    """100,000 dollars in DOT at 5 and BTC at 40,000; 40 % is to be DOT, carried by lots of 1,000 dollars at half."""
    share = exact(dot) * 5 / 100000
    return portfolio(
        {"DOT": dot, "BTC": str((1 - share) * 100000 / 40000)},
        {"DOT": "0.4", "BTC": str(1 - share), "USD": str(share - Fraction(2, 5))},
        {"BTC": "40000", "DOT": "5"},
        (inverse("BTC", "1000"),),
        proxies={"DOT": ("BTC", "0.5")},
        rules=policy(band="0", min_order="0"),
    )


def test_a_proxys_lot_is_as_many_dollars_of_the_asset_as_its_beta_makes_of_it() -> None:
    # 5,999.80 dollars over: two lots of 2,000 dollars of DOT are sold, for a fee of one dollar; what is left, with
    # what the fee takes from the target, is 2,000.20: a third lot is what a plan leaves behind
    made = through_a_proxy("9199.96")
    plan = planned(made)
    assert [order.signed for order in plan.orders] == [-2]
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())


def test_less_than_a_lot_of_a_proxy_is_inside_the_band() -> None:
    # a lot of 1,000 dollars of BTC is 2,000 of DOT, 2 % of the equity
    inside = {line.asset: line.outside_band for line in planned(through_a_proxy("8399.8")).assets}
    outside = {line.asset: line.outside_band for line in planned(through_a_proxy("8400.2")).assets}
    assert (inside["DOT"], outside["DOT"]) == (False, True)


def test_a_proxys_short_is_closed_up_to_a_lot_though_nothing_may_open() -> None:
    # 44,000 of 49,900 dollars: two of the three lots are 4,000 of the 5,900, and 1,900 are less than a lot of 2,000
    btc = inverse("BTC", "1000")
    short = opened(btc, contracts=Fraction(-3), entry_price=Fraction(40000), stands_for="DOT")
    made = portfolio(
        {"DOT": "10000", "BTC": "1.25"}, {"DOT": "0.499", "BTC": "0.501"}, {"BTC": "40000", "DOT": "5"}, (btc,),
        wallets={"BTC": "0.25"}, positions=(short,), proxies={"DOT": ("BTC", "0.5")},
        rules=policy(band="0.01", min_order="0", routes=("inverse",)),
    )  # fmt: skip
    plan = planned(made)
    assert [order.signed for order in plan.orders] == [2]
    assert [finding for finding in plan.findings if finding.code is Code.UNSERVED_ASSET] == []


def test_what_other_contracts_cost_sets_nothing_in_motion() -> None:
    # BTC trades free of fees and meets its target; the 5 dollars that ETH costs take 2.50 from the target of BTC
    made = portfolio(
        {"BTC": "1.5", "ETH": "16"}, {"BTC": "0.5", "ETH": "0.5"}, {"BTC": "40000", "ETH": "2500"},
        (inverse("BTC", fee="0"), inverse("ETH", fee="0.0005")), rules=policy(band="0", min_order="0"),
    )  # fmt: skip
    plan = planned(made)
    assert [order.signed for order in plan.orders] == [-10000, 10000]
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())


def two_coins(btc: str, contract: Contract, *, band: str = "0", positions: tuple[Position, ...] = ()) -> Portfolio:
    """100,000 dollars of bitcoin and dollars, of which half is to be bitcoin; ``btc``: dollars of it above that."""
    held = (50000 + F(btc)) / 40000
    return portfolio(
        {"BTC": str(held), "USD": str(50000 - F(btc))}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (contract,),
        wallets={"BTC": "1"}, positions=positions, rules=policy(band=band, min_order="0"),
    )  # fmt: skip


@pytest.mark.parametrize(("over", "traded"), [("1100", []), ("1100.01", [-1])])
def test_a_least_order_and_two_fees_of_the_equity_are_what_a_plan_leaves_behind(over: str, traded: list[int]) -> None:
    made = two_coins(over, inverse("BTC", "1000", fee="0.0005"))
    assert [order.signed for order in planned(made).orders] == traded


def test_two_fees_widen_a_band_that_is_narrower() -> None:
    def outside(over: str) -> bool | None:
        plan = planned(two_coins(over, inverse("BTC", fee="0.0005")))
        return {line.asset: line.outside_band for line in plan.assets}["BTC"]

    assert (outside("100"), outside("100.04")) == (False, True)


def test_an_order_of_just_the_least_that_the_venue_takes_is_placed() -> None:
    assert [order.signed for order in planned(two_coins("30250", inverse("BTC", "1000", minimum="30"))).orders] == [-30]
    assert planned(two_coins("29750", inverse("BTC", "1000", minimum="30"))).orders == ()


def test_an_order_that_opens_one_contract_closes_none() -> None:
    (order,) = planned(two_coins("1500", inverse("BTC", "1000"))).orders
    assert (order.signed, order.reduce_only) == (F(-1), False)


def test_the_lot_of_the_position_in_the_way_is_what_the_band_allows_for() -> None:
    coarse = inverse("BTC", "2000", name="BTCDEC", expiry=NOW + timedelta(days=35))
    old = opened(coarse, contracts=F(-5), entry_price=F(40000))
    made = two_coins("8500", coarse, positions=(old,))
    both = replace(made, contracts={**made.contracts, "BTCUSD": inverse("BTC")})
    # 1,500 dollars below the target, of a lot of 2,000; above it the perpetual's lot of one dollar would be traded
    (short_of_it,) = [line for line in planned(both).assets if line.asset == "BTC"]
    assert (short_of_it.drift, short_of_it.outside_band) == (F("-0.015"), False)


def test_a_position_too_small_to_close_stays_and_what_opens_does_its_part() -> None:
    # 1,300 dollars over with a long of 50 in the way, whose closing is less than an order of 100: it is not left to it
    dated = inverse("BTC", name="BTCDEC", expiry=NOW + timedelta(days=35))
    small = opened(dated, contracts=F(50), entry_price=F(40000))
    made = portfolio(
        {"BTC": "2", "USD": "20000"}, {"BTC": "0.7875", "USD": "0.2125"}, {"BTC": "40000"},
        (dated, inverse("BTC", "100")), wallets={"BTC": "0.5"}, positions=(small,),
        rules=policy(band="0", min_order="100"),
    )  # fmt: skip
    assert [(order.contract, order.signed) for order in planned(made).orders] == [("BTCUSD", F(-13))]


def test_a_weight_whose_own_order_is_empty_sets_no_other_in_motion() -> None:
    # BTC is 3,000 over and outside a quarter of its 10 %, but orders below 3,500 are not wanted; ETH is inside
    made = portfolio(
        {"BTC": "0.325", "ETH": "30.4", "USD": "11000"}, {"BTC": "0.1", "ETH": "0.8", "USD": "0.1"},
        {"BTC": "40000", "ETH": "2500"}, (inverse("BTC"), inverse("ETH")),
        rules=policy(band="0.05", relative="0.25", min_order="3500"),
    )  # fmt: skip
    plan = planned(made)
    assert {line.asset: line.outside_band for line in plan.assets} == {"BTC": True, "ETH": False, "USD": False}
    assert plan.orders == ()


def test_a_book_without_equity_trades_nothing_and_has_no_weights() -> None:
    # 200,000 dollars long from 40,000, at 20,000: 5 BTC lost, 1 held
    lost = opened(inverse("BTC"), contracts=F(200000), entry_price=F(40000))
    made = portfolio(
        {"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "20000"}, (inverse("BTC"),), wallets={"BTC": "1"},
        positions=(lost,),
    )  # fmt: skip
    plan = planned(made)
    assert (plan.equity, plan.orders) == (F(-80000), ())
    assert [(line.weight, line.outside_band) for line in plan.assets] == [(None, False), (None, False)]
    assert (
        outside_band(Desk.of(made, made.statement, now=NOW))
        == off_target(Desk.of(made, made.statement, now=NOW))
        == set()
    )
    cents = replace(made, statement=Book({"BTC": F(1, 100000)}, {}, {}))
    # a lot of one dollar is more than there is of bitcoin; half of the twenty cents ought to be dollars
    assert outside(cents) == ({"USD"}, {"USD"})


def test_dollars_that_are_set_aside_count_nowhere() -> None:
    made = portfolio(
        {"BTC": "1", "USD": "10000", "USDC": "5000"}, {"BTC": "0.8", "USD": "0.2"}, {"BTC": "40000"},
        (inverse("BTC"),), aside=frozenset({"USDC"}),
    )  # fmt: skip
    plan = planned(made)
    assert (plan.equity, plan.orders) == (F(50000), ())


def test_what_the_targets_do_not_name_is_wanted_at_nothing() -> None:
    # 40,000 and 2,500: ETH is to be none of it, so its 2,500 are sold and as much of BTC is bought
    made = portfolio({"BTC": "1", "ETH": "1"}, {"BTC": "1"}, {"BTC": "40000", "ETH": "2500"},
                     (inverse("BTC", "1"), inverse("ETH", "1")))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert {order.contract: order.signed for order in plan.orders} == {"BTCUSD": 2500, "ETHUSD": -2500}


def test_a_wallet_of_a_coin_that_nobody_holds_or_prices_counts_for_nothing() -> None:
    made = portfolio({"BTC": "1"}, {"BTC": "1"}, {"BTC": "40000"}, (inverse("BTC", "1"),),
                     wallets={"BTC": "0.5", "XYZ": "3"})  # fmt: skip
    (line,) = build_plan(made, made.statement, inputs=INPUTS).accounts
    assert (line.equity, line.share_of_equity) == (Fraction(20000), Fraction(1, 2))


def test_without_equity_no_weight_is_off_its_target() -> None:
    made = portfolio({}, {"BTC": "1"}, {"BTC": "40000"}, (inverse("BTC", "1"),))
    desk = Desk.of(made, made.statement, now=NOW)
    assert (off_target(desk), outside_band(desk)) == (frozenset(), frozenset())


@pytest.mark.parametrize(("dollars", "said"), [("20000", Code.RESIDUAL), ("19990", Code.CONTRACT_TOO_LARGE)])
def test_a_weight_on_the_very_bound_of_its_band_is_inside(dollars: str, said: Code) -> None:
    # 40,000 of 100,000 dollars are five points over 35 %, and 5,000 less than a contract; without 10 dollars more so
    contracts = (inverse("BTC", "6000"), inverse("ETH", "1"))
    made = portfolio(
        {"BTC": "1", "ETH": "16", "USD": dollars}, {"BTC": "0.35", "ETH": "0.3", "USD": "0.35"},
        {"BTC": "40000", "ETH": "2500"}, contracts,
    )  # fmt: skip
    plan = planned(made)
    assert [order.asset for order in plan.orders] == ["ETH"]
    assert [found.code for found in plan.findings if found.subject == "BTC"] == [said]


def test_what_triggers_moves_with_what_goes_through_its_contract_inside_its_band() -> None:
    # of 50,000 dollars BTC is to be 30,000, DOT 9,000 of 10,000: 11,000 of one contract are sold for both
    made = portfolio(
        {"BTC": "1", "DOT": "2000"}, {"BTC": "0.6", "DOT": "0.18", "USD": "0.22"}, {"BTC": "40000", "DOT": "5"},
        (inverse("BTC", "1", fee="0"),), proxies={"DOT": ("BTC", "1")},
    )  # fmt: skip
    assert [order.signed for order in planned(made).orders] == [-11000]


@pytest.mark.parametrize(
    ("contract", "dollars", "ordered"),
    [
        (inverse("BTC"), 60, []),
        (inverse("BTC"), 102, []),
        (inverse("BTC"), 103, [F(-103)]),
        (inverse("BTC", "10"), 120, []),
        (inverse("BTC", "10"), 130, [F(-13)]),
        (inverse("BTC", "100000", lot="0.0001"), 120, []),
        (inverse("BTC", "100000", lot="0.0001"), 130, [F(-13, 10000)]),
    ],
)
def test_legs_against_each_other_on_one_contract_move_it_by_more_than_fees_and_a_lot_of_each(
    contract: Contract, dollars: int, ordered: list[Fraction]
) -> None:
    """Both coins are ten points off one way or the other, and dollars are to be had: two fees of 50, and two lots."""
    half = F(100_000 - dollars, 200_000)
    made = portfolio({"BTC": "1", "DOT": "6000"}, None, {"BTC": "40000", "DOT": "10"}, (contract,),
                     proxies={"DOT": ("BTC", "1")})  # fmt: skip
    plan = planned(replace(made, targets={"BTC": half, "DOT": half, "USD": F(dollars, 100_000)}))
    assert [each.signed for each in plan.orders] == ordered


def outside(made: Portfolio) -> tuple[set[str], set[str]]:
    """What is outside its band of what futures can aim at, and of the targets themselves."""
    desk = Desk.of(made, made.statement, now=NOW)
    return set(outside_band(desk)), set(off_target(desk))


@pytest.mark.parametrize(("uncovered", "aimed"), [("spread", {"BTC", "ETH", "ALT"}), ("refuse", {"BTC", "ALT"})])
def test_where_what_is_uncovered_is_spread_weights_are_off_what_that_leaves_them(
    uncovered: str, aimed: set[str]
) -> None:
    """ETH is 3 points under its target of 130,000 dollars; ALT's 15,000 leave it 43,125 to aim at, 6 points more."""
    made = portfolio({"BTC": "2", "ETH": "14", "ALT": "30000"}, {"BTC": "0.5", "ETH": "0.3", "ALT": "0.2"},
                     {"BTC": "40000", "ETH": "2500", "ALT": "0.5"}, (inverse("BTC"), inverse("ETH")),
                     rules=policy(uncovered=uncovered))  # fmt: skip
    assert outside(made) == (aimed, {"BTC", "ALT"})
    assert outside(replace(made, targets=None)) == (set(), set())


@pytest.mark.parametrize(("dollars", "off"), [("55000", set()), ("55001", {"BTC", "USD"})])
def test_dollars_on_the_very_bound_of_their_band_are_inside(dollars: str, off: set[str]) -> None:
    bitcoin = str((100000 - exact(dollars)) / 40000)
    made = portfolio({"BTC": bitcoin, "USD": dollars}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"},
                     (inverse("BTC"),))  # fmt: skip
    assert outside(made) == (off, off)


def test_the_lot_of_what_would_be_traded_first_is_what_the_band_allows_for() -> None:
    """2,000 dollars more of the perpetual or 1 of the dated one: of what is open the nearest, else the perpetual."""
    dated = inverse("BTC", name="BTCDEC", expiry=NOW + timedelta(days=35))
    near, far = inverse("BTC", "2000", name="BTCNOV", expiry=NOW + timedelta(days=20)), dated
    opens = replace(two_coins("1500", dated), contracts={each.name: each for each in (inverse("BTC", "2000"), dated)})
    assert outside(opens)[0] == {"USD"}
    positions = tuple(opened(each, contracts=F(size), entry_price=F(40000)) for each, size in ((near, -5), (far, -100)))
    made = two_coins("8600", near, positions=positions)
    # 1,500 below the target
    assert outside(replace(made, contracts={each.name: each for each in (near, far)}))[0] == {"USD"}


def test_of_several_accounts_the_finest_lot_of_the_route_that_is_liked_best_is_what_a_band_allows_for() -> None:
    """60 dollars over: inverse lots of 1,000 and 100, beside linear ones of 40."""
    contracts = (at("a", inverse("BTC", "1000", fee="0")), at("b", inverse("BTC", "100", fee="0")),
                 at("b", linear("BTC", "0.001", fee="0")))  # fmt: skip
    for over, off in (("60", set()), ("140", {"BTC"})):
        made = replace(two_coins(over, contracts[0]), contracts={each.name: each for each in contracts},
                       told_accounts=accounts(a="1", b="1"))  # fmt: skip
        assert outside(made)[0] - {"USD"} == off


@pytest.mark.parametrize(("over", "traded"), [("2050", []), ("2150", [F(-21)])])
def test_what_two_fees_of_a_proxy_take_of_the_equity_is_what_a_plan_leaves_behind(
    over: str, traded: list[Fraction]
) -> None:
    """1 % each of 100,000 dollars, and a lot of 100, though nobody holds the coin of the contract."""
    contract = linear("BTC", "0.0025", fee="0.01")
    held = (50000 + F(over)) / 5
    made = portfolio({"DOT": str(held), "USDT": str(50000 - F(over))}, {"DOT": "0.5", "USD": "0.5"},
                     {"DOT": "5", "BTC": "40000"}, (contract,), proxies={"DOT": ("BTC", "1")},
                     rules=policy(band="0", min_order="0"))  # fmt: skip
    assert [order.signed for order in planned(made).orders] == traded


def test_without_room_at_the_venue_what_is_over_stays_as_what_is_under_does() -> None:
    """60,000 and 40,000 are to be equal: both sides of what cannot be done are alike, and both stay."""
    made = portfolio({"BTC": "1.5", "ETH": "16"}, {"BTC": "0.5", "ETH": "0.5"}, {"BTC": "40000", "ETH": "2500"},
                     (inverse("BTC"), inverse("ETH")), rules=policy(max_at_venue="0"))  # fmt: skip
    plan = planned(made)
    assert (plan.orders, plan.refused) == ((), False)
    assert {found.subject for found in plan.findings if found.code is Code.UNDER_COLLATERALISED} == {"BTC", "ETH"}


def test_what_was_shrunk_is_traded_though_another_coin_is_found_to_stay_after_it() -> None:
    """ALT has no contract; its 40,000 leave 22,500 for BTC, 11.5 points less than there are, and 7,500 for ETH.

    A twentieth of BTC's 34,000 may be posted, and margins 1,700; that leaves 5,540 for ETH, of which no coin margins
    any. BTC is 4 points off its own target then, which its band allows, and is sold all the same.
    """
    made = portfolio({"ALT": "400", "BTC": "0.85", "ETH": "0.04", "USD": "25900"},
                     {"ALT": "0.2", "BTC": "0.3", "ETH": "0.1", "USD": "0.4"},
                     {"ALT": "100", "BTC": "40000", "ETH": "2500"},
                     (inverse("BTC", fee="0"), inverse("ETH", "10", fee="0")),
                     rules=policy(max_at_venue="0.05"))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    assert [(each.contract, each.signed) for each in plan.orders] == [("BTCUSD", F(-1700))]
