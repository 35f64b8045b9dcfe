"""What a linear position is worth where its settlement currency has a price of its own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.market.contract import Contract
from rebal.planner import build_plan
from rebal.planner.exposure import value
from rebal.planner.sizing import is_below_min_order, least_lots
from rebal.portfolio import Portfolio
from rebal.stress.report import Scenario, build_stress

from .given import INPUTS, inverse, linear, policy, portfolio

F = Fraction
PERPETUAL = linear("BTC", "1")
cents = st.integers(80, 120).map(lambda n: F(n, 100))


def book(
    usdt: str | None,
    *,
    cash: frozenset[str] = frozenset({"USD", "USDT"}),
    held: str = "0",
    contracts: str = "1",
    contract: Contract = PERPETUAL,
) -> Portfolio:
    """One coin at 60,000 beside a linear position entered at 50,000, in USDT at a price."""
    made = portfolio(
        {"BTC": "1", "USDT": held},
        {"BTC": "1"} if "USDT" in cash else {"BTC": "1", "USDT": "0"},
        {"BTC": "60000", **({} if usdt is None else {"USDT": usdt})},
        (contract,),
        wallets={"USDT": held},
        positions=(opened(contract, contracts=exact(contracts), entry_price=F(50000)),),
    )
    return replace(made, cash=cash)


@pytest.mark.parametrize("cash", [frozenset({"USD", "USDT"}), frozenset({"USD"})])
def test_pnl_in_usdt_counts_at_its_price(cash: frozenset[str]) -> None:
    made = book("0.97", cash=cash)
    assert value(made, made.statement).equity == 69_700
    assert build_plan(made, made.statement, inputs=INPUTS).equity == 69_700
    report = build_stress(made, made.statement, inputs=INPUTS, scenarios=[Scenario("as it is", {})])
    (told,) = report.scenarios
    assert (told.equity_hedged, told.equity_unhedged, told.equity_rebalanced_in_spot) == (F(69_700),) * 3


def test_without_a_price_what_counts_as_dollars_is_worth_one() -> None:
    made = book(None)
    assert value(made, made.statement).equity == 70_000


def test_the_dollars_row_counts_usdt_at_its_price_and_the_weights_sum_to_one() -> None:
    made = book("0.97", held="1000")
    valued = value(made, made.statement)
    assert valued.held["USD"] == 970
    assert valued.exposures["BTC"] == 60_000 + 60_000 * F("0.97")
    assert sum(valued.exposures.values()) == valued.equity == 60_000 + 970 + 9_700


def test_pnl_in_what_is_no_dollar_is_coins_of_it() -> None:
    made = book("0.97", cash=frozenset({"USD"}), held="1000")
    valued = value(made, made.statement)
    assert valued.exposures["USDT"] == F("0.97") * 11_000
    assert valued.exposures["USD"] == -60_000 * F("0.97")
    assert sum(valued.exposures.values()) == valued.equity


@given(cents, st.integers(-3, 3).filter(bool), st.integers(0, 100_000))
def test_equity_before_is_equity_after_and_fees(price: Fraction, contracts: int, held: int) -> None:
    made = book(str(price), contracts=str(contracts), held=str(held), contract=linear("BTC", "0.1"))
    made = replace(made, targets={"BTC": F("0.5"), "USD": F("0.5")}, policy=policy(band="0.01", routes=("linear",)))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    after = sum(line.exposure_after for line in plan.assets)
    # booked figures are finite: up to a step of 1e-8 an order
    assert abs(plan.equity - after - plan.costs.fees_usd) <= len(plan.orders) * F(1, 10**8) * price
    for order in plan.orders:
        assert order.notional == order.contracts * F("0.1") * 60_000 * price


@given(cents, st.integers(-3, 3).filter(bool), st.integers(-9, 20), st.integers(-9, 20), st.booleans())
def test_a_shock_is_worth_what_the_same_trade_in_spot_is(
    price: Fraction, contracts: int, coin: int, dollar: int, is_cash: bool
) -> None:
    cash = frozenset({"USD", "USDT"}) if is_cash else frozenset({"USD"})
    made = book(str(price), contracts=str(contracts), held="10000000", cash=cash)
    shocks = {"BTC": F(coin, 10), "USDT": F(dollar, 10)}
    (told,) = build_stress(made, made.statement, inputs=INPUTS, scenarios=[Scenario("shock", shocks)]).scenarios
    x, y = shocks["BTC"], F(0) if is_cash else shocks["USDT"]
    worth = price * (1 + y)
    mark = 60_000 * (1 + x)
    assert told.equity_hedged == mark + worth * (10_000_000 + contracts * (mark - 50_000))
    assert told.equity_unhedged == mark + worth * (10_000_000 + contracts * 10_000)
    assert told.equity_rebalanced_in_spot == told.equity_unhedged + contracts * 60_000 * price * x
    assert told.difference == sum(getattr(told.made_of, key) for key in told.made_of.__dataclass_fields__)
    if not y:
        assert told.difference == 0


def test_a_leg_through_a_linear_contract_is_so_many_dollars_at_the_price() -> None:
    made = portfolio(
        {"BTC": "1", "USDT": "50000"}, {"BTC": "0.75", "USD": "0.25"}, {"BTC": "50000", "USDT": "0.5"},
        (linear("BTC", "0.001"), inverse("ETH")), wallets={"USDT": "50000"}, rules=policy(routes=("linear",)),
    )  # fmt: skip
    # 75,000 of equity: 6,250 more of BTC, at 25 dollars a contract
    (order,) = build_plan(made, made.statement, inputs=INPUTS).orders
    assert (order.contracts, order.notional) == (F(250), F(6_250))


@pytest.mark.parametrize(("usdt", "price", "lots"), [("0.99", "10", 2), ("1.01", "9.95", 1), (None, "10", 1)])
def test_the_least_order_is_counted_in_dollars_wherever_it_is_asked(usdt: str | None, price: str, lots: int) -> None:
    # 10 USDT are 9.90 dollars where one is worth 0.99, less than the least order of 10; 9.95 are 10.0495 at 1.01
    made = portfolio({"BTC": "1"}, {"BTC": "1"}, {"BTC": price, **({} if usdt is None else {"USDT": usdt})},
                     (PERPETUAL,))  # fmt: skip
    assert made.policy.min_order == 10
    assert least_lots(PERPETUAL, made) == lots
    assert [is_below_min_order(PERPETUAL, F(each), made) for each in (lots - 1, lots)] == [True, False]
