"""When a rebalance trades: small books whose figures are worked out by hand."""

from fractions import Fraction

from exchange import carried_out
from rebal.book import opened
from rebal.plan import Code, Plan
from rebal.planner import build_plan
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, policy, portfolio


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def through_a_proxy(dot: str) -> Portfolio:
    """100,000 dollars in DOT at 5 and BTC at 40,000; 40 % is to be DOT, carried by lots of 1,000 dollars at half."""
    share = Fraction(dot) * 5 / 100000
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
