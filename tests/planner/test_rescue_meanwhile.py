"""What is said of a rescue whose coins come from another account: how long they take, and what can be done at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner.rescue import build_rescue
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse
from .test_splitting import accounts, at, book

A, B, C = (at(name, inverse("BTC", "1", fee="0")) for name in "abc")


def endangered(
    wallets: Mapping[str, str], *, spot: str = "0", hours: Mapping[str, int] | None = None, contract: Contract = A
) -> Portfolio:
    """20,000 dollars long at a, from 40,000; ``spot``: BTC beside what the wallets hold."""
    position = opened(contract, contracts=Fraction(20000), entry_price=Fraction(40000))
    held = sum((exact(each) for each in wallets.values()), exact(spot))
    made = book({"BTC": str(held)}, None, (contract, B, C), accounts(a="1", b="1", c="1"), wallets=wallets,
                positions=(position,))  # fmt: skip
    slow = {name: timedelta(hours=n) for name, n in (hours or {}).items()}
    listed = (replace(each, withdrawal=slow.get(each.name or "", each.withdrawal)) for each in made.told_accounts)
    return replace(made, told_accounts=tuple(listed))


def rescued(made: Portfolio) -> tuple[Plan, list[Finding]]:
    plan = build_rescue(made, made.statement, inputs=INPUTS)
    return plan, [each for each in plan.findings if each.code is Code.ALERT and "hours" in each.data]


def test_until_coins_come_only_closing_ends_an_alert() -> None:
    """20,100 dollars at half the price are 1.005 BTC, of which 0.5 is lost: 0.205 beside the 0.3 that are there."""
    plan, (said,) = rescued(endangered({"a:BTC": "0.3", "b:BTC": "0.5"}, hours={"b": 3}))
    assert [each.quantity for each in plan.transfers if each.hours is not None] == [exact("0.205")]
    (close,) = [line for line in plan.ways if line.way == "close"]
    lots = -close.contracts["a:BTCUSD"]
    assert lots > 0
    assert (said.severity, said.subject, said.data["hours"]) == (Severity.WARNING, "a:BTC", 3)
    assert said.data["contracts"] == ("a:BTCUSD",)
    assert said.message == (
        "0.205 BTC from b arrive about 3h after they left, and until then it stays past its alert: only closing ends "
        f"that at once, sell {lots} a:BTCUSD"
    )


def test_less_than_an_hour_is_told_in_minutes() -> None:
    made = endangered({"a:BTC": "0.3", "b:BTC": "0.5"}, hours={"b": 3})
    third = (replace(each, withdrawal=timedelta(minutes=20)) for each in made.told_accounts)
    _, (said,) = rescued(replace(made, told_accounts=tuple(third)))
    assert said.data["hours"] == Fraction(1, 3)
    assert said.message.startswith("0.205 BTC from b arrive about 20m after they left")


def test_what_comes_from_several_accounts_takes_as_long_as_the_slowest() -> None:
    plan, (said,) = rescued(endangered({"a:BTC": "0.3", "b:BTC": "0.1", "c:BTC": "0.5"}, hours={"b": 5, "c": 2}))
    assert [(each.other_account, each.hours) for each in plan.transfers if each.hours] == [
        ("b", Fraction(5)),
        ("c", Fraction(2)),
    ]
    assert said.data["hours"] == 5
    assert said.message.startswith("0.1 BTC from b and 0.105 BTC from c arrive about 5h after they left")


@pytest.mark.parametrize(("spot", "severity"), [("0.1", Severity.INFO), ("0.02", Severity.WARNING)])
def test_what_comes_from_spot_may_end_the_alert_until_the_rest_arrives(spot: str, severity: Severity) -> None:
    """With 0.45 BTC 20,000 long are at a leverage of 1.11 and end 47 % away: past the policy, and not in alert."""
    _, (said,) = rescued(endangered({"a:BTC": "0.35", "b:BTC": "0.5"}, spot=spot, hours={"b": 3}))
    assert said.severity is severity
    assert ("what is done at once ends its alert until then" in said.message) is (severity is Severity.INFO)


def test_another_wallet_in_alert_is_none_of_what_is_waited_for() -> None:
    """As above with 0.1 in spot, and as many dollars long at c, which nothing is left for but to close."""
    made = endangered({"a:BTC": "0.35", "b:BTC": "0.055", "c:BTC": "0.35"}, spot="0.1", hours={"b": 3})
    more = opened(C, contracts=Fraction(20000), entry_price=Fraction(40000))
    made = replace(made, statement=replace(made.statement, positions={**made.statement.positions, C.name: more}))
    plan, said = rescued(made)
    assert {order.account for order in plan.orders} == {"c"}
    assert [(each.subject, each.severity) for each in said] == [("a:BTC", Severity.INFO)]


def test_where_no_order_can_be_placed_nothing_ends_it_at_once() -> None:
    gone = replace(A, listed=False)
    _, (said,) = rescued(endangered({"a:BTC": "0.3", "b:BTC": "0.5"}, contract=gone))
    assert said.message.endswith("until then it stays past its alert: nothing ends that at once")
    assert said.data["contracts"] == ()


def test_what_closing_does_at_once_counts_where_coins_and_closing_go_together() -> None:
    """0.01 BTC more come, and what is closed for 0.31 leaves 0.3 at a leverage of 1.16: past the policy alone."""
    plan, (said,) = rescued(endangered({"a:BTC": "0.3", "b:BTC": "0.01"}))
    assert plan.orders
    assert said.severity is Severity.INFO


def test_closing_that_does_not_do_is_no_way_to_end_it_at_once() -> None:
    """A dollar more that can be sold, beside 20,000 that no order closes any more."""
    gone, small = replace(A, listed=False), at("a", inverse("BTC", "1", name="BTCDEC", fee="0", minimum="10"))
    made = endangered({"a:BTC": "0.3", "b:BTC": "0.5"}, contract=gone)
    more = opened(small, contracts=Fraction(10), entry_price=Fraction(40000))
    made = replace(made, contracts={**made.contracts, small.name: small})
    made = replace(made, statement=replace(made.statement, positions={**made.statement.positions, small.name: more}))
    plan, (said,) = rescued(made)
    assert [(line.enough, bool(line.contracts)) for line in plan.ways if line.way == "close"] == [(False, True)]
    assert said.message.endswith("nothing ends that at once")


def test_nothing_is_said_where_all_that_comes_is_there_at_once() -> None:
    assert rescued(endangered({"a:BTC": "0.3"}, spot="0.5"))[1] == []
