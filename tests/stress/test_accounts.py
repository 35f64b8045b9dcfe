"""The law of stress over several accounts, pooled ones among them: hedged is as good as rebalanced in spot."""

from hypothesis import event, given
from hypothesis import strategies as st

from booked import STEP
from planner.given import INPUTS
from planner.test_accounts_twin import FEW, PRICES, books
from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode
from rebal.planner import build_plan
from rebal.portfolio import Portfolio
from rebal.reports.stress import ScenarioLine
from rebal.stress.report import Scenario, build_stress

STEPS = st.sampled_from([-9, -5, -2, 0, 3, 10]).map(lambda tenths: Fraction(tenths, 10))
SCENARIOS = st.fixed_dictionaries(dict.fromkeys(PRICES, STEPS)).map(lambda moves: Scenario("drawn", moves))


def under(made: Portfolio, scenario: Scenario, *, planned: bool) -> ScenarioLine:
    (line,) = build_stress(made, made.statement, inputs=INPUTS, scenarios=[scenario], planned=planned).scenarios
    return line


@FEW
@given(made=books(), scenario=SCENARIOS)
def test_while_nothing_is_liquidated_hedged_is_as_good_as_rebalanced_in_spot(
    made: Portfolio, scenario: Scenario
) -> None:
    line = under(made, scenario, planned=False)
    if line.first_liquidated is None:
        event("pooled" if any(each.margin_mode is MarginMode.POOLED for each in made.accounts) else "others")
        assert line.equity_hedged == line.equity_rebalanced_in_spot


@FEW
@given(made=books(), scenario=SCENARIOS)
def test_a_plan_differs_from_spot_by_its_residuals_and_fees(made: Portfolio, scenario: Scenario) -> None:
    plan, line = build_plan(made, made.statement, inputs=INPUTS), under(made, scenario, planned=True)
    if line.first_liquidated is not None:
        event("liquidated")
        return
    event("orders" if plan.orders else "no orders")
    then = {coin: price * (1 + scenario.shocks[coin]) for coin, price in PRICES.items()}
    booked = sum((STEP * then[order.fee_currency] for order in plan.orders), ZERO)
    assert abs(line.difference - line.made_of.residuals_usd - line.made_of.fees_usd) <= booked
    fees = [(order.fee_currency, order.fee) for order in plan.orders]
    fees += [(each.asset, each.fee) for each in plan.transfers if each.fee]
    assert line.made_of.fees_usd == -sum((fee * then[coin] for coin, fee in fees), ZERO)
