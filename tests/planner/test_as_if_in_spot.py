"""The coins that a hedge is a share of: what would be held, were the rebalance done in spot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import carried_out
from rebal.amounts import COIN_STEP, Fraction
from rebal.book import Fill, MarginMode, Purpose, Traded, apply, opened
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.exposure import value
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.portfolio import Portfolio

from .books import SETTINGS
from .given import INPUTS, NOW, inverse, policy, portfolio

BTC = inverse("BTC", fee="0")
HEDGED = opened(BTC, contracts=Fraction(-80000), entry_price=Fraction(80000), hedge=Fraction(-80000))


def at_half_the_price(targets: dict[str, str] | None = None) -> Portfolio:
    """2 BTC, one of them hedged at 80,000, at 40,000."""
    return portfolio(
        {"BTC": "2", "USDT": "80000"}, targets, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1.5"}, positions=(HEDGED,),
        rules=policy(leverage="2", distance="0.2"),
    )  # fmt: skip


def test_what_a_rebalance_buys_of_a_hedges_contract_is_as_if_it_were_bought_in_spot() -> None:
    """55,000 dollars are 1.375 BTC: 3.375 to hedge, though the net order has realised 0.6875 of the hedge's gain."""
    made = at_half_the_price({"BTC": "0.875", "USD": "0.125"})
    plan = build_plan(made, made.statement, inputs=INPUTS)
    (order,) = plan.orders
    after = carried_out(plan, made, made.statement)
    assert (order.signed, after.holdings["BTC"]) == (Fraction(55000), Fraction("2.6875"))
    line = plan.assets[0]
    assert (line.hedge_ratio, line.hedge_ratio_after) == (Fraction(1, 2), 1 / Fraction("3.375"))
    assert line.net_exposure_after == Fraction("2.375") * 40000

    desk = Desk.of(made, after, now=NOW)
    again = build_hedge(made, after, asks=(Ask("BTC", Fraction(1, 2), desk.candidates("BTC", SHORT)),), inputs=INPUTS)
    # 1.6875 of 3.375 are to be hedged, and 1 is
    assert [each.signed for each in again.orders] == [-27500]
    assert again.assets[0].net_exposure_after == Fraction("1.6875") * 40000


@pytest.mark.parametrize("price", ["20000", "40000", "80000"])
def test_all_that_a_long_leg_stands_for_can_be_hedged_on_its_own_contract(price: str) -> None:
    """1 BTC held and 1 bought at 40,000 instead of spot: short of 2, whatever closing the long brings or takes."""
    long = opened(BTC, contracts=Fraction(40000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": price}, (BTC,), wallets={"BTC": "1"}, positions=(long,))
    desk = Desk.of(made, made.statement, now=NOW)
    asks = (Ask("BTC", Fraction(1), desk.candidates("BTC", SHORT)),)
    plan = build_hedge(made, made.statement, asks=asks, inputs=INPUTS)
    assert [order.signed for order in plan.orders] == [-2 * int(price)]
    assert (plan.assets[0].hedge_ratio_after, plan.assets[0].net_exposure_after) == (Fraction(1), Fraction(0))
    assert not plan.refused


FILLS = st.lists(
    st.tuples(
        st.sampled_from([*Purpose]), st.integers(-5, 5).filter(bool), st.sampled_from(["20000", "40000", "70000"])
    ),
    max_size=8,
)


@SETTINGS
@given(FILLS, st.sampled_from(["15000", "40000", "90000"]))
def test_what_hedges_leave_of_the_base_is_the_net_exposure(fills: list[tuple[Purpose, int, str]], price: str) -> None:
    made = portfolio({"BTC": "9"}, None, {"BTC": price}, (BTC,), wallets={"BTC": "9"}, positions=(HEDGED,))
    events = [
        Fill(BTC, signed, Fraction(paid), Fraction(0), (Traded(purpose, signed, "BTC"),), MarginMode.CROSS)
        for purpose, size, paid in fills
        for signed in (Fraction(10000 * size),)
    ]
    book = apply(made.statement, events).book
    covered = cover(made, book)
    left = covered.base("BTC") - covered.hedged.get("BTC", Fraction(0))
    assert abs(left - value(made, book).net_exposure("BTC") / Fraction(price)) <= COIN_STEP * (len(fills) + 1)
