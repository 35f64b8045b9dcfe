"""What is set at the exchange before the first order: margin mode and leverage of each contract that is opened."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, opened
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.plan import Setting
from rebal.planner import build_plan
from rebal.policy import Policy
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, policy, portfolio

HALVES = {"BTC": "0.5", "ETH": "0.5"}
PRICES = {"BTC": "40000", "ETH": "2500"}


def book(rules: Policy | None = None, leverage: str | None = None) -> Portfolio:
    """2 BTC and 16 ETH, of which 20,000 USD of BTC are sold and as many of ETH bought."""
    contracts = (inverse("BTC", leverage=leverage), inverse("ETH"))
    return portfolio({"BTC": "2", "ETH": "16"}, HALVES, PRICES, contracts, rules=rules)


def settings(of: Portfolio) -> dict[str, Setting]:
    plan = build_plan(of, of.statement, inputs=INPUTS)
    assert plan.orders
    return {each.contract: each for each in plan.settings}


def test_every_contract_that_is_opened_is_set_to_the_policy() -> None:
    cross = MarginMode.CROSS
    assert settings(book()) == {"BTCUSD": Setting("BTCUSD", cross, Fraction(1)),
                                "ETHUSD": Setting("ETHUSD", cross, Fraction(1))}  # fmt: skip


@pytest.mark.parametrize(
    ("leverage", "own", "expected"), [("3", None, "3"), ("3", "7", "7"), ("0.5", None, "1"), ("2.5", None, "2.5")]
)
def test_the_contracts_own_leverage_comes_first_and_no_venue_takes_less_than_one(
    leverage: str, own: str | None, expected: str
) -> None:
    assert settings(book(policy(leverage=leverage), own))["BTCUSD"].leverage == exact(expected)


def test_a_leverage_above_the_venues_cap_for_the_size_is_the_cap() -> None:
    capped = Tiers(
        Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.005"), max_leverage=Fraction(2)),)
    )
    of = book(policy(leverage="5"))
    small = replace(of, contracts={**of.contracts, "BTCUSD": inverse("BTC", maintenance=capped)})
    assert settings(small)["BTCUSD"].leverage == 2


def test_the_mode_is_the_policys_but_for_a_position_that_has_its_own() -> None:
    isolated = book(policy(mode=MarginMode.ISOLATED))
    assert {each.margin_mode for each in settings(isolated).values()} == {MarginMode.ISOLATED}
    held = opened(inverse("BTC"), contracts=Fraction(-5000), entry_price=Fraction(40000), margin=Fraction("0.2"))
    both = portfolio(
        {"BTC": "2", "ETH": "16"},
        HALVES,
        PRICES,
        (inverse("BTC"), inverse("ETH")),
        wallets={"BTC": "0.2"},
        positions=(held,),
    )
    assert {name: each.margin_mode for name, each in settings(both).items()} == {
        "BTCUSD": MarginMode.ISOLATED, "ETHUSD": MarginMode.CROSS,
    }  # fmt: skip


def test_what_only_reduces_is_set_already() -> None:
    held = opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000))
    over = portfolio({"BTC": "2"}, {"BTC": "1"}, PRICES, (inverse("BTC"),), wallets={"BTC": "0.6"}, positions=(held,))
    assert settings(over) == {}
