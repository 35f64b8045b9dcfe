"""One leg over several accounts: each carries what it may, what is left goes on, the finest lot closes the rest."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, Fraction
from rebal.book import MarginMode, Position, Purpose, opened
from rebal.findings import Code, Finding
from rebal.market.contract import Contract
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation, continuous
from rebal.market.margin import asks_no_less
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT, candidates
from rebal.planner.collateral import NOTHING_NEEDED, Shortage
from rebal.planner.collateral import Account as Wallet
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.sizing import Leg
from rebal.planner.splitting import Offer, in_the_way
from rebal.planner.status import build_status
from rebal.policy import Policy, Prefer
from rebal.portfolio import Account, Portfolio

from .given import INPUTS, inverse, linear, policy, portfolio

PRICES = {"BTC": "40000", "ETH": "2500"}


def at(account: str, contract: Contract) -> Contract:
    """A contract as it is called where several accounts have one of its name."""
    return replace(contract, name=f"{account}:{contract.name}", account=account)


def accounts(**at_most: str) -> tuple[Account, ...]:
    """Accounts of wallets a coin in the order of the file, each with the share of equity that may sit there."""
    return tuple(Account(name, None, MarginMode.CROSS, exact(share)) for name, share in at_most.items())


def book(
    held: Mapping[str, str],
    targets: Mapping[str, str] | None,
    contracts: tuple[Contract, ...],
    listed: tuple[Account, ...],
    *,
    wallets: Mapping[str, str] | None = None,
    positions: tuple[Position, ...] = (),
    funding: Mapping[str, str] | None = None,
    rules: Policy | None = None,
) -> Portfolio:
    made = portfolio(held, targets, PRICES, contracts, wallets=wallets, positions=positions, funding=funding,
                     rules=rules)  # fmt: skip
    return replace(made, told_accounts=listed)


def planned(made: Portfolio, *, fit: bool = False) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS, fit=fit)


def hedged(made: Portfolio, fraction: str) -> Plan:
    from rebal.planner.candidates import by_asset

    found = candidates("BTC", made, by_asset(made.contracts.values()), side=SHORT, now=INPUTS.now)
    return build_hedge(made, made.statement, asks=[Ask("BTC", exact(fraction), found)], inputs=INPUTS)


def traded(plan: Plan) -> dict[str, Fraction]:
    return {order.contract: order.signed for order in plan.orders}


def told(plan: Plan, code: Code) -> list[Finding]:
    return [each for each in plan.findings if each.code is code]


HALF = {"BTC": "0.5", "USD": "0.5"}


def test_a_leg_goes_as_far_as_the_first_account_may_take_it_and_on_to_the_next() -> None:
    """40,000 dollars short of 80,000: 20 % may sit at a, which is 0.4 BTC behind 16,000; b carries 24,000."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "100")))
    plan = planned(book({"BTC": "2"}, HALF, contracts, accounts(a="0.2", b="1")))
    assert traded(plan) == {"a:BTCUSD": -160, "b:BTCUSD": -240}
    assert not plan.refused
    (row,) = [line for line in plan.assets if line.asset == "BTC"]
    assert row.weight_after is not None
    # the fees, 0.05 % of 40,000, are paid in coins
    assert row.exposure_after == 40000 - 20
    (said,) = told(plan, Code.ROUTE)
    assert said.subject == "BTC"
    assert said.message == (
        "a:BTCUSD carries 16000.00 USD of what opens, as far as accounts.a.at_most, 20 % of equity, lets coins in; the "
        "rest is on b:BTCUSD"
    )


def test_a_leg_goes_as_far_as_the_coins_of_an_isolated_corner_allow() -> None:
    """What sits at a already cannot margin at b: 0.3 BTC there carry 12,000, and 0.7 outside the other 28,000."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "100")))
    made = book({"BTC": "2"}, HALF, contracts, accounts(a="0.15", b="1"), wallets={"b:BTC": "0.3"})
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -120, "b:BTCUSD": -280}
    moved = {each.account: each.quantity for each in plan.transfers}
    # 0.3 is all that may sit at a; 0.7 and the fee of 28,000 at b, less what is there
    assert moved == {"a": exact("0.3"), "b": exact("0.70035") - exact("0.3")}


@pytest.mark.parametrize(
    ("most", "owned", "inside", "said"),
    [
        ("0.2", "1", "0", "0.4 BTC can be posted, as accounts.a.at_most, 20 % of equity, lets no more in; "),
        ("0.2", "1", "2", "2 BTC can be posted; "),
        ("1", "0.2", "0", "0.4 BTC can be posted; "),
        ("1", "1", "0", "2 BTC can be posted; "),
    ],
)
def test_what_may_sit_at_an_account_is_named_where_that_is_what_coins_lack(
    most: str, owned: str, inside: str, said: str
) -> None:
    # all of 80,000 dollars, at half a dollar of position for one of margin, ask for 4 BTC
    rules = policy(uncovered="refuse", leverage="0.5", max_at_venue=owned)
    contracts = (at("a", inverse("BTC", "100")),)
    (short,) = told(
        planned(
            book({"BTC": "2"}, {"USD": "1"}, contracts, accounts(a=most, b="1"), wallets={"a:BTC": inside}, rules=rules)
        ),
        Code.UNDER_COLLATERALISED,
    )
    assert f"the positions need 4 BTC and {said}" in short.message


def test_what_one_coin_takes_of_the_room_at_an_account_the_next_one_lacks_to_the_cent() -> None:
    # 40 % of 80,000 may sit at a: 20,000 dollars of BTC and their fee of 10 leave 11,990 for the ETH, 4.796 of them
    contracts = (at("a", inverse("BTC", "100")), at("a", inverse("ETH", "1")))
    targets = {"BTC": "0.25", "ETH": "0.25", "USD": "0.5"}
    plan = planned(book({"BTC": "1", "ETH": "16"}, targets, contracts, accounts(a="0.4", b="1")))
    assert {each.asset: each.quantity for each in plan.transfers} == {"BTC": exact("0.50025"), "ETH": exact("4.796")}


def test_what_a_lot_leaves_goes_on_to_the_next_account_with_a_finer_one() -> None:
    """39,950 short: 399 contracts of 100 dollars, and 50 of one."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1")))
    targets = {"BTC": "0.500625", "USD": "0.499375"}
    plan = planned(book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1")))
    assert traded(plan) == {"a:BTCUSD": -399, "b:BTCUSD": -50}


def test_what_is_below_the_least_order_does_not_go_on() -> None:
    """39,995 short: the last 95 dollars go on, less than 100 do not where the policy's least order is 100."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1")))
    targets = {"BTC": "0.500625", "USD": "0.499375"}
    rules = policy(min_order="100")
    plan = planned(book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1"), rules=rules))
    assert traded(plan) == {"a:BTCUSD": -399}
    (said,) = told(plan, Code.RESIDUAL)
    assert said.data["undone_usd"] == -50


@pytest.mark.parametrize(("least", "goes_on"), [("100", {}), ("95", {"b:BTCUSD": Fraction(95)})])
def test_what_closing_leaves_goes_on_where_it_is_an_order(least: str, goes_on: dict[str, Fraction]) -> None:
    """80,000 of coins less 40,000 short are 10,095 less than wanted: 100 contracts of 100 dollars, and 95 dollars."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1")))
    shorts = tuple(
        opened(each, contracts=exact(size), entry_price=Fraction(40000))
        for each, size in zip(contracts, ("-300", "-10000"), strict=True)
    )
    made = book(
        {"BTC": "2"}, {"BTC": "0.6261875", "USD": "0.3738125"}, contracts, accounts(a="1", b="1"),
        wallets={"a:BTC": "1", "b:BTC": "1"}, positions=shorts, rules=policy(min_order=least, band="0"),
    )  # fmt: skip
    assert traded(planned(made)) == {"a:BTCUSD": 100, **goes_on}


def test_the_rest_of_a_leg_in_parts_is_closed_with_the_finest_lot_among_them() -> None:
    """39,990 short: 16,000 in lots of 1 are all of a's 20 %, b's 23,000 in lots of 1,000 leave 990; turned, none."""
    contracts = (at("a", inverse("BTC", "1")), at("b", inverse("BTC", "1000")))
    targets = {"BTC": "0.500125", "USD": "0.499875"}
    plan = planned(book({"BTC": "2"}, targets, contracts, accounts(a="0.2", b="1")))
    assert traded(plan) == {"a:BTCUSD": -15990, "b:BTCUSD": -24}
    assert not told(plan, Code.RESIDUAL)


def test_what_all_accounts_together_do_not_carry_is_refused_and_fitted() -> None:
    """10 % and 20 % of equity are 24,000 dollars of the 40,000."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "100")))
    made = book({"BTC": "2"}, HALF, contracts, accounts(a="0.1", b="0.2"))
    plan = planned(made)
    assert plan.refused
    assert traded(plan) == {"a:BTCUSD": -240, "b:BTCUSD": -160}
    (short,) = told(plan, Code.UNDER_COLLATERALISED)
    # 24,000 at a need 0.6 BTC, and 8,000 dollars may sit there
    assert (short.subject, short.data["missing_coins"]) == ("a:BTC", exact("0.4"))
    fitted = planned(made, fit=True)
    assert traded(fitted) == {"a:BTCUSD": -80, "b:BTCUSD": -160}
    assert not fitted.refused


def test_another_route_at_an_account_is_for_what_coins_do_not_do_not_for_lots() -> None:
    """50 dollars that a lot leaves are no reason for a linear contract; 28,000 that the coins do not carry are."""
    fine = replace(linear("BTC", "0.0001"), name="BTCUSDT", account="a")
    contracts = (at("a", inverse("BTC", "100")), fine, at("b", inverse("ETH", "1")))
    targets = {"BTC": "0.250625", "USD": "0.749375"}
    plan = planned(book({"BTC": "1", "USDT": "40000"}, targets, contracts, accounts(a="1", b="1")))
    assert traded(plan) == {"a:BTCUSD": -199}


def test_a_hedge_goes_as_far_as_the_first_account_may_take_it_and_on_to_the_next() -> None:
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1")))
    plan = hedged(book({"BTC": "2"}, None, contracts, accounts(a="0.2", b="1")), "0.5")
    assert not plan.refused
    orders = traded(plan)
    assert orders["a:BTCUSD"] == -160
    # the 8 dollars that a's fee takes of the base are not there to be hedged by half
    assert orders["b:BTCUSD"] == -23996
    (said,) = told(plan, Code.ROUTE)
    assert said.message.startswith("a:BTCUSD carries 16000.00 USD of what opens, as far as accounts.a.at_most, 20 % of")


def test_what_a_lot_of_a_hedge_leaves_goes_on_too() -> None:
    contracts = (at("a", inverse("BTC", "1000")), at("b", inverse("BTC", "1")))
    plan = hedged(book({"BTC": "2"}, None, contracts, accounts(a="1", b="1")), "0.50625")
    assert traded(plan) == {"a:BTCUSD": -40, "b:BTCUSD": -489}


def reduced(rates: Mapping[str, str], funding: Mapping[str, str] | None = None) -> dict[str, Fraction]:
    """What goes of 10,000 short at each of two accounts where 5,000 are to go."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "100")))
    positions = tuple(opened(each, contracts=Fraction(-100), entry_price=Fraction(40000)) for each in contracts)
    targets = {"BTC": "0.8125", "USD": "0.1875"}
    made = book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1"), wallets={"a:BTC": "0.5", "b:BTC": "0.5"},
                positions=positions, funding=rates)  # fmt: skip
    return traded(planned(made))


@pytest.mark.parametrize(
    ("rates", "first"),
    [
        ({"a:BTCUSD": "0.0001", "b:BTCUSD": "-0.0001"}, "b:BTCUSD"),
        ({"a:BTCUSD": "-0.0002", "b:BTCUSD": "-0.0001"}, "a:BTCUSD"),
        ({"a:BTCUSD": "0.0003", "b:BTCUSD": "0.0001"}, "b:BTCUSD"),
        ({}, "a:BTCUSD"),
    ],
)
def test_of_several_accounts_what_is_dearest_to_hold_is_reduced_first(rates: Mapping[str, str], first: str) -> None:
    """A short pays where the rate is below zero."""
    assert reduced(rates) == {first: 50}


def test_purposes_stay_apart_over_accounts() -> None:
    """A hedge at a is no business of a rebalance that b carries."""
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "100")))
    protected = opened(contracts[0], contracts=Fraction(-100), entry_price=Fraction(40000), hedge=Fraction(-100))
    made = book({"BTC": "2"}, HALF, contracts, accounts(a="0.125", b="1"), wallets={"a:BTC": "0.25"},
                positions=(protected,))  # fmt: skip
    plan = planned(made)
    assert traded(plan) == {"b:BTCUSD": -400}
    assert {part.purpose for order in plan.orders for part in order.parts} == {Purpose.REBALANCE}


def test_the_rest_of_a_hedge_in_parts_is_closed_with_the_finest_lot_among_them() -> None:
    """a's 16,000 in lots of 1 and b's 23,000 in lots of 1,000 leave 990 of 39,990; b a lot more and a less none."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1000", fee="0")))
    plan = hedged(book({"BTC": "2"}, None, contracts, accounts(a="0.2", b="1")), "0.499875")
    assert traded(plan) == {"a:BTCUSD": -15990, "b:BTCUSD": -24}


def test_a_hedge_that_all_accounts_together_do_not_carry_is_refused_with_what_is_missing() -> None:
    contracts = (at("a", inverse("BTC", "100", fee="0")), at("b", inverse("BTC", "100", fee="0")))
    plan = hedged(book({"BTC": "2"}, None, contracts, accounts(a="0.1", b="0.2")), "0.5")
    assert plan.refused
    assert traded(plan) == {"a:BTCUSD": -240, "b:BTCUSD": -160}
    (short,) = told(plan, Code.UNDER_COLLATERALISED)
    assert (short.subject, short.data["missing_coins"]) == ("a:BTC", exact("0.4"))


def test_of_a_hedge_at_several_accounts_the_dearest_to_hold_is_bought_back_first() -> None:
    contracts = (at("a", inverse("BTC", "100", fee="0")), at("b", inverse("BTC", "1", fee="0")))
    positions = (
        opened(contracts[0], contracts=Fraction(-200), entry_price=Fraction(40000), hedge=Fraction(-200)),
        opened(contracts[1], contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000)),
    )
    made = book({"BTC": "2"}, None, contracts, accounts(a="1", b="1"), wallets={"a:BTC": "0.6", "b:BTC": "0.6"},
                positions=positions, funding={"a:BTCUSD": "-0.0001", "b:BTCUSD": "0.0001"})  # fmt: skip
    # 9,950 to go: 9,900 in lots of 100 of what pays, and 50 of what earns
    assert traded(hedged(made, "0.375625")) == {"a:BTCUSD": 99, "b:BTCUSD": 50}


def test_a_leg_too_small_for_the_first_account_goes_to_one_with_a_finer_lot() -> None:
    """8,000 dollars off, a tenth of equity: a trades in lots of 10,000 only."""
    contracts = (at("a", inverse("BTC", "10000")), at("b", inverse("BTC", "1")))
    targets = {"BTC": "0.9", "USD": "0.1"}
    plan = planned(book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1")))
    assert traded(plan) == {"b:BTCUSD": -8000}


def test_what_the_finest_lot_cannot_do_triggers_nothing() -> None:
    contracts = (at("a", inverse("BTC", "10000")), at("b", inverse("BTC", "9000")))
    targets = {"BTC": "0.9", "USD": "0.1"}
    plan = planned(book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1")))
    assert traded(plan) == {}
    (said,) = told(plan, Code.CONTRACT_TOO_LARGE)
    assert said.data["contract"] == "b:BTCUSD"


def test_what_serves_at_one_account_alone_has_the_room_there_first() -> None:
    """15 % of 130,000 may sit at a: 19,500, of which ETH's long takes its own; BTC may go to b too."""
    contracts = (at("a", inverse("BTC", "1")), at("a", inverse("ETH", "1")), at("b", inverse("BTC", "1")))
    held, targets = {"BTC": "2", "ETH": "20"}, {"BTC": "0.5", "ETH": "0.5"}
    plan = planned(book(held, targets, contracts, accounts(a="0.15", b="1")))
    orders = traded(plan)
    assert not plan.refused
    assert orders["a:ETHUSD"] == 15000
    assert orders["a:BTCUSD"] + orders["b:BTCUSD"] == -15000
    # a long of 6 ETH at leverage 1 and at half the price needs 6.09 ETH, and the fee
    assert -orders["a:BTCUSD"] <= 19500 - 15000


def preferred(days: int, *, weight: str, fees: tuple[str, str], rates: Mapping[str, str]) -> tuple[str, list[str]]:
    """Where a leg is opened by cost, and what is told of it."""
    contracts = tuple(at(name, inverse("BTC", "1", fee=fee)) for name, fee in zip("ab", fees, strict=True))
    rules = replace(policy(), prefer=Prefer.COST, horizon=timedelta(days=days))
    targets = {"BTC": weight, "USD": str(Decimal(1) - Decimal(weight))}
    made = book({"BTC": "1", "USDT": "40000"}, targets, contracts, accounts(a="1", b="1"), funding=rates, rules=rules)
    plan = planned(made)
    (order,) = plan.orders
    return order.contract, [each.message for each in told(plan, Code.ROUTE)]


def test_by_cost_a_leg_goes_where_fees_and_funding_over_the_horizon_are_least() -> None:
    """A short earns 0.03 % a day at a and 0.06 % at b; in and out is 0.1 % at a and 1 % at b."""
    fees, rates = ("0.0005", "0.005"), {"a:BTCUSD": "0.0001", "b:BTCUSD": "0.0002"}
    assert preferred(29, weight="0.2", fees=fees, rates=rates)[0] == "a:BTCUSD"
    # after 30 days it is -0.8 % at both: the order of the file decides
    assert preferred(30, weight="0.2", fees=fees, rates=rates)[0] == "a:BTCUSD"
    where, said = preferred(31, weight="0.2", fees=fees, rates=rates)
    assert where == "b:BTCUSD"
    assert said == [
        "over 31d a short costs, of its dollars, -0.86 % on b:BTCUSD, -0.83 % on a:BTCUSD; policy.prefer is cost"
    ]
    # a long pays what a short earns
    assert preferred(31, weight="0.8", fees=fees, rates=rates)[0] == "a:BTCUSD"


def test_by_cost_what_is_not_known_comes_last() -> None:
    where, said = preferred(90, weight="0.2", fees=("0", "0.005"), rates={"b:BTCUSD": "-0.0001"})
    assert where == "b:BTCUSD"
    assert said == [
        "over 90d a short costs, of its dollars, 3.70 % on b:BTCUSD, not known on a:BTCUSD; policy.prefer is cost"
    ]


def test_preferring_cost_changes_nothing_where_there_is_one_account() -> None:
    contracts = (inverse("BTC", "1", fee="0.01"), replace(inverse("BTC", "1", fee="0"), name="BTC2"))
    made = portfolio({"BTC": "1"}, HALF, PRICES, contracts, funding={"BTCUSD": "0", "BTC2": "0.001"})
    by_cost = replace(made, policy=replace(made.policy, prefer=Prefer.COST))
    assert traded(planned(by_cost)) == traded(planned(made))


def test_what_sits_above_what_may_is_said_and_only_leaves_as_orders_free_it() -> None:
    """0.5 of 2 BTC are a quarter of equity; a may hold a tenth."""
    contracts = (at("a", inverse("BTC", "1")), at("b", inverse("BTC", "1")))
    made = book({"BTC": "2"}, HALF, contracts, accounts(a="0.1", b="1"), wallets={"a:BTC": "0.5"})
    plan = planned(made)
    # the 20,000 that are there carry 20,000, and not a coin comes
    assert traded(plan) == {"a:BTCUSD": -20000, "b:BTCUSD": -20000}
    assert {each.account for each in plan.transfers} == {"b"}
    (said,) = told(plan, Code.AT_MOST)
    assert said.message == (
        "19990.00 USD sit here after the plan, more than accounts.a.at_most, 10 % of equity: nothing more is moved in, "
        "and out goes what orders free"
    )
    (now,) = [each for each in build_status(made, made.statement, inputs=INPUTS).findings if each.code is Code.AT_MOST]
    assert (now.data["equity_usd"], now.data["most_usd"]) == (20000, 8000)
    full = book({"BTC": "2"}, HALF, contracts, accounts(a="0.25", b="1"), wallets={"a:BTC": "0.5"})
    assert not told(planned(full), Code.AT_MOST)


def test_no_further_account_is_opened_for_what_the_finest_lot_of_those_there_can_close() -> None:
    """a's 16,000 in lots of 1 and b's 23,000 in lots of 1,000 leave 990 of 39,990, which c is not asked to take."""
    contracts = tuple(at(name, inverse("BTC", size)) for name, size in (("a", "1"), ("b", "1000"), ("c", "10")))
    listed = accounts(a="0.2", b="1", c="1")
    targets = {"BTC": "0.500125", "USD": "0.499875"}
    assert traded(planned(book({"BTC": "2"}, targets, contracts, listed))) == {"a:BTCUSD": -15990, "b:BTCUSD": -24}
    free = tuple(replace(each, taker_fee=Fraction(0)) for each in contracts)
    plan = hedged(book({"BTC": "2"}, None, free, listed), "0.499875")
    assert traded(plan) == {"a:BTCUSD": -15990, "b:BTCUSD": -24}


def test_a_profit_that_is_not_realised_takes_of_the_room_of_an_account_and_a_loss_gives_it() -> None:
    """8,000 short from 32,000 or 50,000 stand at -0.05 or +0.04 BTC: of 20,000, 18,000 or 21,600 sit at a."""
    for entry, sits in (("32000", "18000"), ("50000", "21600")):
        a, b = at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1", fee="0"))
        open_there = (opened(a, contracts=Fraction(-8000), entry_price=exact(entry)),)
        made = book({"BTC": "2"}, {"BTC": "0.3", "USD": "0.7"}, (a, b), accounts(a="0.3125", b="1"),
                    wallets={"a:BTC": "0.5"}, positions=open_there)  # fmt: skip
        most = (60000 + exact(sits)) * exact("0.3125")
        plan = planned(made)
        (line,) = [each for each in plan.accounts if each.account == "a"]
        came = sum((each.quantity for each in plan.transfers if each.account == "a"), Fraction(0))
        assert abs(line.equity - exact(sits) - came * 40000) < exact("0.001")  # entry prices are rounded
        assert -exact("0.001") < most - line.equity < 2
        assert not told(plan, Code.AT_MOST)


def test_a_sole_account_that_holds_more_than_it_may_is_told_of_as_well() -> None:
    made = book({"BTC": "2"}, HALF, (inverse("BTC", "1"),), accounts(a="0.1"), wallets={"BTC": "0.5"})
    (now,) = [each for each in build_status(made, made.statement, inputs=INPUTS).findings if each.code is Code.AT_MOST]
    assert (now.subject, now.data["equity_usd"], now.data["most_usd"]) == ("a", 20000, 8000)


def test_what_is_said_of_a_leg_that_fits_nowhere_does_not_contradict_its_refusal() -> None:
    """Two accounts at one venue, 10 % of 80,000 at the first and 20 % at the second: 16,000 of 40,000 fit nowhere."""
    contracts = (at("main", inverse("BTC", "1", fee="0")), at("second", inverse("BTC", "1", fee="0")))
    plan = planned(book({"BTC": "2"}, HALF, contracts, accounts(main="0.1", second="0.2")))
    assert plan.refused
    assert traded(plan) == {"main:BTCUSD": -24000, "second:BTCUSD": -16000}
    assert [each.message for each in told(plan, Code.ROUTE)] == [
        "main:BTCUSD carries 8000.00 USD of what opens, as far as accounts.main.at_most, 10 % of equity, lets coins in",
        "second:BTCUSD carries 16000.00 USD of what opens, as far as accounts.second.at_most, 20 % of equity, lets "
        "coins in; the rest fits nowhere, and stands on main:BTCUSD for what is missing to be told",
    ]


def held_at(sizes: Mapping[str, tuple[str, int]], hedge: int) -> Portfolio:
    """Positions of so many contracts of a size at each account, their hedge part; 2 BTC at 40,000, no fees."""
    contracts = {name: at(name, inverse("BTC", size, fee="0")) for name, (size, _) in sizes.items()}
    positions = tuple(
        opened(
            each,
            contracts=Fraction(sizes[name][1]),
            entry_price=Fraction(40000),
            hedge=Fraction(sizes[name][1] * hedge),
        )
        for name, each in contracts.items()
    )
    wallets = {f"{name}:BTC": "0.6" for name in sizes}
    targets = None if hedge else {"BTC": "0.934284", "USD": "0.065716"}
    return book({"BTC": "2"}, targets, tuple(contracts.values()), accounts(**dict.fromkeys(sizes, "1")),
                wallets=wallets, positions=positions, rules=policy(band="0.01"))  # fmt: skip


def test_what_is_closed_whole_in_fine_lots_gives_back_what_closes_the_rest_of_a_coarse_one() -> None:
    """7,990 short, 5,257.28 to stay: 590 at a and 2,100 at b leave 42.72; b a lot more and a 6 less leave 2.72."""
    made = held_at({"a": ("10", -59), "b": ("100", -74)}, hedge=0)
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": 53, "b:BTCUSD": 22}
    (said,) = told(plan, Code.RESIDUAL)
    assert (said.data["undone_usd"], said.data["lot_usd"]) == (exact("2.72"), 10)


def test_what_is_closed_whole_and_too_little_gives_nothing_back() -> None:
    """7,450 short, 5,257.28 to stay: 50 and 2,100 leave 42.72, and a lot more at b would take 57.28 of the 50 at a."""
    made = held_at({"a": ("10", -5), "b": ("100", -74)}, hedge=0)
    assert traded(planned(made)) == {"a:BTCUSD": 5, "b:BTCUSD": 21}


def test_a_hedge_that_is_bought_back_gives_back_fine_lots_for_a_coarse_one_too() -> None:
    """7,990 short for 5,257.28: as the rebalance part above."""
    made = held_at({"a": ("10", -59), "b": ("100", -74)}, hedge=1)
    assert traded(hedged(made, "0.065716")) == {"a:BTCUSD": 53, "b:BTCUSD": 22}
    few = held_at({"a": ("10", -5), "b": ("100", -74)}, hedge=1)
    assert traded(hedged(few, "0.065716")) == {"a:BTCUSD": 5, "b:BTCUSD": 21}


def test_a_wallet_in_alert_is_not_topped_up_with_less_than_an_order_that_does_not_do() -> None:
    """0.3998 of 0.4 BTC that may sit at a, with leverage 1.25 where 1 is asked: 0.0002 is 8 dollars, 0.0003 is 12."""
    a = at("a", inverse("BTC", "1", fee="0"))
    for there, sent in (("0.3998", None), ("0.3997", "0.0003")):
        position = opened(a, contracts=Fraction(-20000), entry_price=Fraction(40000))
        made = book({"BTC": "2"}, {"BTC": "0.75", "USD": "0.25"}, (a,), accounts(a="0.2", b="1"),
                    wallets={"a:BTC": there}, positions=(position,))  # fmt: skip
        plan = planned(made)
        assert not plan.orders
        assert [each.quantity for each in plan.transfers] == ([] if sent is None else [exact(sent)])
        assert told(plan, Code.UNDER_COLLATERALISED)


def tiers(*listed: Tier, method: Method = Method.DEDUCTION) -> Tiers:
    return Tiers(Valuation.MARK, True, method, TierUnit.COIN, listed)


SMALL, FIRST, REST = exact("0.002"), exact("0.01"), exact("0.2")
RISING = tiers(*continuous(((SMALL, FIRST), (None, REST))))
JUMPING = tiers(Tier(SMALL, FIRST), Tier(None, REST), method=Method.WHOLE)
CAPPED = tiers(Tier(SMALL, FIRST, max_leverage=Fraction(5)), Tier(None, FIRST, max_leverage=Fraction(2)))
GROWING = SizeRate(FIRST, Fraction(1), FIRST)
FALLING = tiers(Tier(SMALL, REST), Tier(None, FIRST), method=Method.WHOLE)
UNCAPPED = tiers(Tier(SMALL, FIRST, max_leverage=ONE), Tier(None, FIRST))
REBATED = tiers(Tier(None, FIRST, deduction=-SMALL))
SCHEDULES = (RISING, JUMPING, CAPPED, GROWING, FALLING, UNCAPPED, REBATED)


def test_a_schedule_asks_no_less_of_more_unless_a_rate_or_a_cap_says_otherwise() -> None:
    asked = {schedule: asks_no_less(inverse("BTC", maintenance=schedule)) for schedule in SCHEDULES}
    assert [asked[each] for each in (RISING, JUMPING, CAPPED, GROWING)] == [True] * 4
    assert [asked[each] for each in (FALLING, UNCAPPED, REBATED)] == [False] * 3


THIN: dict[str, Any] = {
    "held": 30, "posted": 30, "lots": 60, "leverage": "10", "fee": "0", "mode": MarginMode.CROSS,
    "maintenance": FALLING,
}  # fmt: skip
"""Coins that carry 200 dollars short and do not carry them long, nor 1,000 short."""


@given(
    held=st.integers(1, 400),
    posted=st.integers(0, 400),
    lots=st.integers(2, 60),
    lot=st.sampled_from(["1", "7", "100"]),
    size=st.sampled_from(["1", "0.1", "5"]),
    leverage=st.sampled_from(["1", "2.5", "10"]),
    fee=st.sampled_from(["0", "0.0005", "0.02", "-0.0002"]),
    mode=st.sampled_from([MarginMode.CROSS, MarginMode.ISOLATED]),
    is_long=st.booleans(),
    maintenance=st.sampled_from(SCHEDULES),
)
@example(**THIN, lot="100", size="1", is_long=False)
@example(**THIN, lot="100", size="1", is_long=True)
@example(**THIN, lot="100", size="5", is_long=False)
# a deduction below zero asks relatively more of the least order than of all
@example(
    held=17, posted=17, lots=48, lot="7", size="1", leverage="2.5", fee="0.02", mode=MarginMode.CROSS, is_long=True,
    maintenance=REBATED,
)  # fmt: skip
def test_whether_the_least_order_fits_is_the_same_by_what_all_of_a_leg_lacks(
    held: int,
    posted: int,
    lots: int,
    lot: str,
    size: str,
    leverage: str,
    fee: str,
    mode: MarginMode,
    is_long: bool,
    maintenance: Maintenance,
) -> None:
    contract = inverse("BTC", lot, fee=fee, maintenance=maintenance, lot=size, minimum=str(2 * Decimal(size)))
    coins, there = f"{held}e-4", f"{min(held, posted)}e-4"
    made = portfolio({"BTC": coins}, {"BTC": "1"}, PRICES, (contract,), wallets={"BTC": there},
                     rules=policy(leverage=leverage, mode=mode))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    dollars = (1 if is_long else -1) * lots * contract.multiplier
    (candidate,) = desk.candidates("BTC", dollars)
    offer = Offer("BTC", dollars, (), candidate, desk, {})
    short = offer.lacking(offer.whole)
    if short and abs(offer.whole) >= offer.first:
        sign = 1 if is_long else -1
        assert offer.opens(short[0]) == offer.opens() == (not offer.lacking(sign * offer.first))


@pytest.mark.parametrize(
    ("short", "at_a", "at_b"),
    [
        # 1 of 39,001 is left by 23 of b's: a lot of a's
        ("39001", 15001, 24),
        ("39000.5", 16000, 23),
        # 24 of b's are 490 too many
        ("39510", 15510, 24),
    ],
)
def test_what_is_less_than_the_finest_lot_is_left_and_a_whole_one_is_not(short: str, at_a: int, at_b: int) -> None:
    """16,000 in lots of 1 are all of a's 20 %; b trades in lots of 1,000."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1000", fee="0")))
    share = exact(short) / 80000
    book_of = book({"BTC": "2"}, None, contracts, accounts(a="0.2", b="1"))
    made = replace(book_of, targets={"BTC": 1 - share, "USD": share})
    for plan in (planned(made), hedged(book_of, short_of(share))):
        assert traded(plan) == {"a:BTCUSD": -at_a, "b:BTCUSD": -at_b}


def short_of(share: Fraction) -> str:
    return f"{share.numerator}/{share.denominator}"


@pytest.mark.parametrize(
    ("short", "at_a", "at_b"),
    [
        # 510 are left by 500 and 23,000: b's next lot for 490 less leaves a the least order; for 491 less it would be 9
        ("24010", -10, -24),
        ("24009", -500, -23),
        ("23100", -100, -23),
    ],
)
def test_the_finest_gives_back_no_more_than_leaves_it_an_order(short: str, at_a: int, at_b: int) -> None:
    """500 dollars may sit at a, 0.625 % of 80,000."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1000", fee="0")))
    share = exact(short) / 80000
    book_of = book({"BTC": "2"}, None, contracts, accounts(a="0.00625", b="1"))
    made = replace(book_of, targets={"BTC": 1 - share, "USD": share})
    assert traded(planned(made)) == {"a:BTCUSD": at_a, "b:BTCUSD": at_b}


def test_a_coarse_lot_more_is_taken_only_where_its_account_has_the_coins() -> None:
    """23,200 dollars may sit at b, which 23 of its lots of 1,000 take; the 990 that they leave of 39,990 stay."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1000", fee="0")))
    targets = {"BTC": "0.500125", "USD": "0.499875"}
    listed = accounts(a="0.2", b="0.29")
    for plan in (planned(book({"BTC": "2"}, targets, contracts, listed)),
                 hedged(book({"BTC": "2"}, None, contracts, listed), "0.499875")):  # fmt: skip
        assert traded(plan) == {"a:BTCUSD": -16000, "b:BTCUSD": -23}
        assert not plan.refused


def test_a_long_in_parts_is_closed_with_the_finest_lot_likewise() -> None:
    """39,990 to be bought: 16,000 may sit at a, a tenth of 160,000, and margin as much at leverage 1."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("BTC", "1000", fee="0")))
    rules = policy(distance="0.3", alert=("0.2", "1.25"))
    targets = {"BTC": "0.7499375", "USD": "0.2500625"}
    made = book({"BTC": "2", "USD": "80000"}, targets, contracts, accounts(a="0.1", b="1"), rules=rules)
    assert traded(planned(made)) == {"a:BTCUSD": 15990, "b:BTCUSD": 24}


@pytest.mark.parametrize(("least", "goes_on"), [("50", {"b:BTCUSD": -50}), ("50.01", {})])
def test_what_is_left_goes_on_where_it_is_just_the_least_order(least: str, goes_on: dict[str, int]) -> None:
    contracts = (at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1")))
    targets = {"BTC": "0.500625", "USD": "0.499375"}
    made = book({"BTC": "2"}, targets, contracts, accounts(a="1", b="1"), rules=policy(min_order=least))
    assert traded(planned(made)) == {"a:BTCUSD": -399, **goes_on}


def test_contracts_are_told_in_dollars_whatever_their_lots() -> None:
    """Lots of ten contracts of ten dollars, and no room at all at c."""
    small = inverse("BTC", "10", lot="10")
    contracts = (at("c", small), at("a", small), at("b", inverse("BTC", "100")))
    listed = accounts(c="0.0001", a="0.2", b="1")
    plan = planned(book({"BTC": "2"}, HALF, contracts, listed))
    assert traded(plan) == {"a:BTCUSD": -1600, "b:BTCUSD": -240}
    assert [each.message for each in told(plan, Code.ROUTE)] == [
        "accounts.c.at_most, 0.01 % of equity, leaves no room for a short of 1 BTC on c:BTCUSD; all of it is on "
        "b:BTCUSD and a:BTCUSD",
        "a:BTCUSD carries 16000.00 USD of what opens, as far as accounts.a.at_most, 20 % of equity, lets coins in; the "
        "rest is on b:BTCUSD",
    ]
    free = tuple(replace(each, taker_fee=Fraction(0)) for each in contracts)
    assert traded(hedged(book({"BTC": "2"}, None, free, listed), "0.5")) == {"a:BTCUSD": -1600, "b:BTCUSD": -240}


def test_a_purse_is_told_once_though_several_contracts_draw_on_it() -> None:
    near = at("a", inverse("BTC", "1", name="BTCDEC", expiry=INPUTS.now + timedelta(days=35)))
    contracts = (at("a", inverse("BTC", "1")), near, at("b", inverse("BTC", "1")))
    plan = planned(book({"BTC": "2"}, HALF, contracts, accounts(a="0.0001", b="1")))
    assert traded(plan) == {"b:BTCUSD": -40000}
    assert [each.data["contract"] for each in told(plan, Code.ROUTE)] == ["a:BTCUSD"]
    free = tuple(replace(each, taker_fee=Fraction(0)) for each in contracts)
    hedge = hedged(book({"BTC": "2"}, None, free, accounts(a="0.0001", b="1")), "0.5")
    assert traded(hedge) == {"b:BTCUSD": -40000}
    assert [each.data["contract"] for each in told(hedge, Code.ROUTE)] == ["a:BTCUSD"]


def test_nothing_is_told_of_what_only_the_lots_of_another_leave() -> None:
    """39 of a's lots of 1,000 leave 990 of 39,990, for which there is no room at b; what is told is the rest."""
    contracts = (at("a", inverse("BTC", "1000", fee="0")), at("b", inverse("BTC", "1", fee="0")))
    targets = {"BTC": "0.500125", "USD": "0.499875"}
    listed = accounts(a="1", b="0.0001")
    plan = planned(book({"BTC": "2"}, targets, contracts, listed))
    assert traded(plan) == {"a:BTCUSD": -39}
    assert not plan.refused
    assert not told(plan, Code.ROUTE)
    hedge = hedged(book({"BTC": "2"}, None, contracts, listed), "0.499875")
    assert traded(hedge) == {"a:BTCUSD": -39}
    assert not hedge.refused
    assert not told(hedge, Code.ROUTE)


def test_coins_of_another_kind_at_the_same_account_carry_what_the_first_do_not() -> None:
    """Half a dollar of position for one of margin: 1 BTC carries 20,000 short, 40,000 USDT the other 20,000."""
    dollars = replace(linear("BTC", "0.0001", fee="0"), name="BTCUSDT", account="a")
    contracts = (at("a", inverse("BTC", "1", fee="0")), dollars, at("b", inverse("ETH", "1")))
    made = book({"BTC": "1", "USDT": "40000"}, {"USD": "1"}, contracts, accounts(a="1", b="1"),
                rules=policy(leverage="0.5"))  # fmt: skip
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -20000, "BTCUSDT": -5000}
    assert not plan.refused


def test_where_coins_not_what_may_sit_there_are_too_few_they_are_named() -> None:
    """A fifth of 2 BTC may leave spot, 0.4: they carry 16,000 at a, of whose 90 % there is room left."""
    contracts = (at("a", inverse("BTC", "1", fee="0")), at("b", inverse("ETH", "1")))
    made = book({"BTC": "2"}, HALF, contracts, accounts(a="0.9", b="1"), rules=policy(max_at_venue="0.2"))
    plan = planned(made, fit=True)
    assert traded(plan) == {"a:BTCUSD": -16000}
    (said,) = told(plan, Code.UNDER_COLLATERALISED)
    assert said.message.startswith("a:BTCUSD carries 16000.00 USD of what opens, as far as its 0.4 BTC go: ")
    capped = planned(book({"BTC": "2"}, HALF, contracts, accounts(a="0.15", b="1")), fit=True)
    (said,) = told(capped, Code.UNDER_COLLATERALISED)
    assert said.message.startswith(
        "a:BTCUSD carries 12000.00 USD of what opens, as far as accounts.a.at_most, 15 % of equity"
    )


def bought_back(sizes: Mapping[str, tuple[str, str, int]], closed: int) -> dict[str, Fraction]:
    """What goes of hedges where so many dollars are to: dollars of a contract, its lot, lots that are open."""
    contracts = {name: at(name, inverse("BTC", each, lot=lot, fee="0")) for name, (each, lot, _) in sizes.items()}
    held = {name: lots * contracts[name].lot_size for name, (*_, lots) in sizes.items()}
    shorts = tuple(
        opened(contracts[name], contracts=-size, entry_price=Fraction(40000), hedge=-size)
        for name, size in held.items()
    )
    wallets, listed = {f"{name}:BTC": "0.6" for name in sizes}, accounts(**dict.fromkeys(sizes, "1"))
    made = book({"BTC": "2"}, None, tuple(contracts.values()), listed, wallets=wallets, positions=shorts,
                rules=policy(min_order="0", hedge_band="0"))  # fmt: skip
    short = sum((size * contracts[name].multiplier for name, size in held.items()), Fraction(0))
    return {name.partition(":")[0]: size for name, size in traded(hedged(made, f"{short - closed}/80000")).items()}


@pytest.mark.parametrize(
    ("held", "left", "bought"),
    [
        # 12 lots of 100 more for 12 of 98 less leave 5 of 29, less than a lot of 7
        (50, 29, (1, 8, 17)),
        # 13 would of 31, which are more than are tried
        (50, 31, (1, 20, 5)),
        # 11 more are all that there are
        (16, 29, (1, 20, 5)),
    ],
)
def test_of_a_hedge_so_many_coarse_lots_more_are_bought_back_as_a_dozen_and_as_there_are(
    held: int, left: int, bought: tuple[int, int, int]
) -> None:
    """7 at a, 20 lots of 98 at b, 5 of ten contracts of 10 at c, and so much that they leave."""
    sizes = {"a": ("7", "1", 1), "b": ("98", "1", 20), "c": ("10", "10", held)}
    at_a, at_b, at_c = bought
    assert bought_back(sizes, 7 + 20 * 98 + 500 + left) == {"a": at_a, "b": at_b, "c": 10 * at_c}


def test_no_more_of_a_hedge_is_bought_back_than_is_asked() -> None:
    """30 and five lots of 100 leave 60 of 590: a sixth would be 10 too many, though the 30 stayed."""
    sizes = {"a": ("30", "1", 1), "b": ("100", "1", 10)}
    assert bought_back(sizes, 590) == {"a": 1, "b": 5}
    assert bought_back(sizes, 600) == {"b": 6}


@pytest.mark.parametrize(
    ("accounts_short", "named"),
    [
        ([("a", "BTC", None), ("a", "ETH", None)], "a:ETH"),
        ([("b", "ETH", None), ("a", "BTC", None)], "a:BTC"),
        ([("b", "USDT", None), ("b", "BTC", None)], "b:BTC"),
        ([("a", "ETH", "a:OTHER"), ("a", "ETH", None)], "a:ETH"),
        ([("a", "ETH", None), ("a", "ETH", "a:ETHUSD")], "a:ETH"),
        ([("a", "ETH", "a:OTHER"), ("a", "ETH", "a:ETHUSD")], "a:ETHUSD"),
        ([("a", "ETH", "a:BEFORE"), ("a", "ETH", "a:ETHUSD")], "a:ETHUSD"),
    ],
)
def test_of_several_shortages_that_of_what_opens_is_told(
    accounts_short: list[tuple[str, str, str | None]], named: str
) -> None:
    """Of an ETH contract at a: its wallet, else its account, else the first by name, however they come."""
    contract = at("a", inverse("ETH"))
    zero, nothing = Fraction(0), NOTHING_NEEDED
    short = [
        Shortage(Wallet(coin, of, zero, (), (), at=account), ONE, zero, nothing) for account, coin, of in accounts_short
    ]
    for each in (short, short[::-1]):
        assert in_the_way(each, contract).account.name == named


@pytest.mark.parametrize(("ordered", "least"), [("-1", 5), ("-2", 1), ("-1.8", 1), ("-0.2", 9), ("-4", 1)])
def test_what_is_ordered_in_lots_of_less_than_a_contract_lacks_so_much_less_of_an_order(
    ordered: str, least: int
) -> None:
    """Two contracts are an order, which is ten lots: of five that are ordered as many are missing."""
    contract = at("a", inverse("BTC", "10", lot="0.2", minimum="2"))
    made = book({"BTC": "2"}, HALF, (contract,), accounts(a="1", b="1"))
    desk = Desk.of(made, made.statement, now=INPUTS.now).still
    (found,) = desk.candidates("BTC", Fraction(-1))
    leg = Leg(contract, exact(ordered), found.route, Purpose.REBALANCE, "BTC")
    assert Offer("BTC", Fraction(-105), (leg,), found, desk, {}).least == least


def test_a_contract_that_is_ordered_already_is_told_by_its_name() -> None:
    """One of a statement is another object than the catalogue's: a lot more of it is an order all the same."""
    contract = at("a", inverse("BTC"))
    made = book({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, (contract,), accounts(a="1", b="1"))
    desk = Desk.of(made, made.statement, now=INPUTS.now).still
    (found,) = desk.candidates("BTC", Fraction(-1))
    leg = Leg(replace(contract), Fraction(-100), found.route, Purpose.REBALANCE, "BTC")
    assert Offer("BTC", Fraction(-105), (leg,), found, desk, {}).least == 1
    assert Offer("BTC", Fraction(-105), (), found, desk, {}).least == 10


@pytest.mark.parametrize(
    ("short", "at_a", "at_b", "orders"),
    [
        ("60", "100", "1", {"b:BTCUSD": -60}),
        ("100", "100", "1", {"a:BTCUSD": -100}),
        ("160", "100", "1", {"a:BTCUSD": -160}),
        ("60", "100", "59", {"b:BTCUSD": -60}),
        ("60", "100", "61", {}),
    ],
)
def test_what_is_less_than_the_least_order_of_the_first_account_goes_where_it_is_one(
    short: str, at_a: str, at_b: str, orders: dict[str, int]
) -> None:
    contracts = (at("a", inverse("BTC", minimum=at_a, fee="0")), at("b", inverse("BTC", minimum=at_b, fee="0")))
    share = exact(short) / 40000
    made = book({"BTC": "1"}, None, contracts, accounts(a="1", b="1"), rules=policy(band="0"))
    assert traded(planned(replace(made, targets={"BTC": 1 - share, "USD": share}))) == orders
