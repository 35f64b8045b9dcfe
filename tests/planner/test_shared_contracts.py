"""Coins that are hedged through one contract: what their legs come to together, and what is left of them."""

from dataclasses import replace

from exchange import carried_out
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.policy import Sizing
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, linear, policy, portfolio

SHARED = inverse("BTC", "1", fee="0")


def book(
    holdings: dict[str, str], targets: dict[str, str], *, through: tuple[str, ...], own: tuple[str, ...] = (),
    band: str = "0", min_order: str = "0",
) -> Portfolio:  # fmt: skip
    """Coins at 100 dollars each, BTC and what goes through it at beta 1 on one contract."""
    return portfolio(
        holdings, targets, {asset: "100" for asset in holdings if asset != "USD"},
        (SHARED, *(inverse(asset, "1", fee="0") for asset in own)),
        proxies=dict.fromkeys(through, ("BTC", "1")), rules=policy(band=band, min_order=min_order),
    )  # fmt: skip


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def test_two_legs_too_small_for_an_order_each_are_none_together() -> None:
    """6 dollars of BTC and 7 of ETH, where the least order is 10."""
    made = book({"BTC": "49.94", "ETH": "49.93", "USD": "13"}, {"BTC": "0.5", "ETH": "0.5"}, through=("ETH",),
                min_order="10")  # fmt: skip
    plan = planned(made)
    assert plan.orders == ()
    assert {each.subject for each in plan.findings if each.code is Code.BELOW_MINIMUM} == {"BTC", "ETH"}


def test_legs_that_cancel_out_set_nothing_else_in_motion() -> None:
    """1,000 dollars more of BTC are 1,000 less of ETH on one contract: no order, and SOL is inside its band."""
    made = book({"BTC": "20", "ETH": "40", "SOL": "39.5", "USD": "50"}, {"BTC": "0.3", "ETH": "0.3", "SOL": "0.4"},
                through=("ETH",), own=("SOL",), band="0.05")  # fmt: skip
    plan = planned(made)
    assert plan.orders == ()
    assert {each.subject for each in plan.findings if each.code is Code.RESIDUAL and each.severity == "warning"} == {
        "BTC", "ETH",
    }  # fmt: skip


def test_what_legs_against_each_other_leave_is_no_reason_to_trade_the_others() -> None:
    """One dollar is left of 1,001 against 1,000: less than a lot of each of the two legs."""
    made = book({"BTC": "19.99", "ETH": "40", "SOL": "39.5", "USD": "51"}, {"BTC": "0.3", "ETH": "0.3", "SOL": "0.4"},
                through=("ETH",), own=("SOL",), band="0.05")  # fmt: skip
    assert planned(made).orders == ()


def test_a_leg_that_the_plan_itself_makes_room_for_is_not_left() -> None:
    """ETH's short does not fit alone, and stayed, while BTC's long and SOL's short were traded against each other.

    The plan after that found a short of ETH against BTC's long, and was refused. ETH's is the one that stands at once.
    """
    made = portfolio({"BTC": "1500", "ETH": "180000", "SOL": "2432.432", "USDT": "40000"},
                     {"BTC": "0.15", "ETH": "0.35", "SOL": "0.15", "USD": "0.35"},
                     {"BTC": "2", "ETH": "0.5", "SOL": "37"}, (inverse("BTC", "1", lot="0.1"),),
                     marks={"BTCUSD": "1.96"}, proxies={"ETH": ("BTC", "0.5"), "SOL": ("BTC", "0.5")},
                     rules=policy(band="0", min_order="0", sizing=Sizing.COIN))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert {part.stands_for for order in plan.orders for part in order.parts} == {("BTC",), ("ETH",)}
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())
    for band in ("0.05", "0.1", "0.15"):  # and so it is though ETH is within its own
        wider = replace(made, policy=policy(band=band, min_order="0", sizing=Sizing.COIN))
        assert planned(wider).orders == plan.orders


def test_the_least_order_is_judged_by_what_it_comes_to_with_the_legs_against_it() -> None:
    """A short of ETH has no coins, and 100 dollars of it less 1.5 long of BTC are below the least order, not margined.

    BTC is short by all its coins; the fee of it left BTC 1.5 dollars under its target.
    """
    made = portfolio({"BTC": "25", "ETH": "7.998", "USDT": "5000"}, {"BTC": "0", "ETH": "0.6", "USD": "0.4"},
                     {"BTC": "120", "ETH": "2500.5"}, (inverse("BTC", "1", lot="0.1", fee="0.0005"),),
                     marks={"BTCUSD": "123.6"}, proxies={"ETH": ("BTC", "1")},
                     rules=policy(band="0", min_order="100"))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert [(order.contract, order.signed) for order in plan.orders] == [("BTCUSD", Fraction(-3000))]
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.refused) == ((), False)


def test_what_another_coin_lacks_takes_no_shared_contract_apart() -> None:
    """BTC's long and SOL's short cancel out, whatever ETH finds no coins for: no second plan moves XRP."""
    short = opened(inverse("XRP", "1", lot="0.1"), contracts=Fraction(-7828), entry_price=Fraction(1, 2))
    made = portfolio({"BTC": "13.513", "ETH": "0", "SOL": "0.5", "XRP": "40000", "USDT": "5000"}, None,
                     {"BTC": "37", "ETH": "40000", "SOL": "40000", "XRP": "0.5"},
                     (inverse("BTC", "100", lot="100"), inverse("ETH", "1", lot="100"), linear("ETH", "0.1"),
                      inverse("XRP", "1", lot="0.1")),
                     wallets={"XRP": "20000"}, proxies={"SOL": ("BTC", "1")},
                     positions=(short,),
                     rules=policy(band="0.05", min_order="0", leverage="2"))  # fmt: skip
    made = replace(made, targets={asset: Fraction(share, 34) for asset, share in
                                  {"BTC": 10, "ETH": 5, "SOL": 6, "XRP": 6, "USD": 7}.items()})  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())
