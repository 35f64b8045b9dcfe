"""What one dollar costs to hold, on either side, by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import ONE, Fraction
from rebal.market.contract import Contract
from rebal.planner.costs import carry, held_a_day, held_over, traded_usd
from rebal.policy import Sizing
from rebal.portfolio import Portfolio

from .given import NOW, inverse, linear, policy, portfolio

SIDES = ("1", "0.5", "-0.5", "-1")


def priced(contract: Contract, *, mark: str | None = None, rate: str | None = None, days: int = 30) -> Portfolio:
    made = portfolio({}, None, {"BTC": "40000", "USDT": "1"}, (contract,),
                     marks={} if mark is None else {contract.name: mark},
                     funding={} if rate is None else {contract.name: rate})  # fmt: skip
    return replace(made, policy=replace(policy(), horizon=timedelta(days=days)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("contract", [inverse("BTC", "100"), linear("BTC")])
def test_a_dollar_held_long_pays_the_funding_that_a_short_earns(contract: Contract, side: str) -> None:
    """0.01 % three times a day, whatever the size of the side; over 30 days 0.9 %, and in and out 0.05 % each."""
    sign = 1 if exact(side) > 0 else -1
    made = priced(contract, rate="0.0001")
    assert held_a_day(contract, exact(side), portfolio=made, now=NOW) == sign * exact("0.0003")
    assert held_over(contract, exact(side), portfolio=made, now=NOW) == sign * exact("0.009") + exact("0.001")
    unknown = priced(contract)
    assert held_a_day(contract, exact(side), portfolio=unknown, now=NOW) == 0
    assert held_over(contract, exact(side), portfolio=unknown, now=NOW) is None


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("days", [1, 30])
def test_a_dollar_held_on_a_dated_contract_pays_its_basis_until_it_expires(side: str, days: int) -> None:
    """50,000 above 40,000: a fifth of a dollar under notional sizing, a quarter under coin sizing."""
    sign = 1 if exact(side) > 0 else -1
    dated = inverse("BTC", "100", expiry=NOW + timedelta(days=days))
    made = priced(dated, mark="50000", days=days)
    assert held_a_day(dated, exact(side), portfolio=made, now=NOW) == sign * exact("0.2") / days
    # without a fee of delivery it is closed at the taker's
    assert held_over(dated, exact(side), portfolio=made, now=NOW) == sign * exact("0.2") + exact("0.001")
    by_coin = replace(made, policy=replace(made.policy, sizing=Sizing.COIN))
    # a dollar of spot is 1.25 of the contract's, which pays a quarter of the spot's and its fees
    assert held_over(dated, exact(side), portfolio=by_coin, now=NOW) == sign * exact("0.25") + exact("0.00125")
    delivered = replace(dated, delivery_fee=exact("0.0001"))
    assert held_over(delivered, exact(side), portfolio=made, now=NOW) == sign * exact("0.2") + exact("0.0006")


def test_what_expires_now_or_has_no_price_of_its_own_costs_nothing_that_is_known() -> None:
    gone, dated = inverse("BTC", expiry=NOW), inverse("BTC", expiry=NOW + timedelta(days=30))
    for contract, mark in ((gone, "50000"), (dated, None)):
        made = priced(contract, mark=mark)
        assert held_a_day(contract, Fraction(1), portfolio=made, now=NOW) == 0
        assert held_over(contract, Fraction(1), portfolio=made, now=NOW) is None


def test_what_has_no_price_of_its_own_pays_no_basis_though_its_dollars_are_no_dollars() -> None:
    """At 1.01 for what it settles in, a contract at the index of its coin is not above it."""
    dated = replace(linear("BTC"), expiry=NOW + timedelta(days=30), funding_interval_hours=None)
    made = priced(dated)
    made = replace(made, market=replace(made.market, prices={"BTC": Fraction(40000), "USDT": exact("1.01")}))
    for side in (1, -1):
        assert held_a_day(dated, Fraction(side), portfolio=made, now=NOW) == 0


@pytest.mark.parametrize(
    ("days", "mark", "basis"), [(None, "50000", None), (30, None, None), (30, "50000", "0.25"), (30, "40000", "0")]
)
def test_a_basis_is_what_a_dated_contract_is_off_its_index_by_a_price_of_its_own(
    days: int | None, mark: str | None, basis: str | None
) -> None:
    contract = inverse("BTC", expiry=None if days is None else NOW + timedelta(days=days))
    held = carry(contract, Fraction(-8000), beta=ONE, portfolio=priced(contract, mark=mark), now=NOW)
    assert held.basis == (None if basis is None else exact(basis))
    assert held.days_left == days


def test_what_slips_is_traded_in_at_each_roll_and_out_but_for_a_delivery() -> None:
    """8,000 dollars of a contract that lasts for 30 days, and for 91 more with each roll."""
    plain = inverse("BTC", expiry=NOW + timedelta(days=30))
    delivered = replace(plain, delivery_fee=exact("0.0001"))
    for contract, on_expiry in ((inverse("BTC"), 2), (plain, 2), (delivered, 1)):
        held = carry(contract, Fraction(-8000), beta=ONE, portfolio=priced(contract, mark="40000"), now=NOW)
        is_dated = contract.expiry is not None
        for days, times in ((10, 2), (30, on_expiry), (31, 4 if is_dated else 2), (122, 6 if is_dated else 2)):
            assert traded_usd((held, held), Fraction(days)) == 2 * 8000 * times
