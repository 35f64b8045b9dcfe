"""What is due, without the rows that show it, is what the plan says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Severity
from rebal.planner.bare import bare_plan, desk_of
from rebal.planner.build import build_plan
from rebal.planner.exposure import value, worth_in
from rebal.portfolio import DOLLARS, Portfolio

from .books import SETTINGS, books
from .given import INPUTS, NOW, inverse, portfolio, whole
from .test_accounts import books as accounts
from .test_accounts import read

F = Fraction


@SETTINGS
@given(made=books(), coins=st.sampled_from(["1", "0.5", "0.02"]))
def test_it_places_what_the_plan_does_and_is_refused_for_the_same_reason(made: Portfolio, coins: str) -> None:
    made = replace(made, market=replace(made.market, as_of=NOW), policy=replace(made.policy, max_at_venue=F(coins)))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    found = bare_plan(desk_of(made, made.statement))
    error = found.error()
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    assert (found.done.orders, found.done.transfers) == (plan.orders, plan.transfers)
    assert error == (errors[0] if errors else None)
    assert plan.refused == (error is not None)


def test_a_wallet_that_is_due_already_refuses_what_leaves_it_so() -> None:
    contract = inverse("BTC", "100", maintenance=whole("0.5"))
    held = opened(contract, contracts=F(400), entry_price=F(80000))
    made = portfolio(
        {"BTC": "1"}, {"BTC": "1"}, {"BTC": "40000"}, (contract,), positions=(held,), wallets={"BTC": "1"},
    )  # fmt: skip
    made = replace(made, targets=None, market=replace(made.market, as_of=NOW))
    error = bare_plan(desk_of(made, made.statement)).error()
    assert error is not None
    assert error == build_plan(made, made.statement, inputs=INPUTS).findings[0]


@SETTINGS
@given(text=accounts())
def test_it_is_the_same_over_several_accounts(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    told = replace(INPUTS, now=made.market.as_of or NOW)
    plan, found = build_plan(made, made.statement, inputs=told), bare_plan(desk_of(made, made.statement))
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    assert (found.done.orders, found.done.transfers) == (plan.orders, plan.transfers)
    assert found.error() == (errors[0] if errors else None)


@SETTINGS
@given(made=books())
def test_what_stands_in_each_currency_adds_up_to_the_equity(made: Portfolio) -> None:
    book = made.statement
    settles = {each.contract.settle for each in book.positions.values()}
    currencies = {*book.holdings, *settles, DOLLARS}
    assert sum(worth_in(each, made, book) for each in currencies) == value(made, book).equity


def test_what_nobody_holds_is_worth_nothing_and_needs_no_price() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, ())
    assert [worth_in(each, made, made.statement) for each in ("BTC", "XMR")] == [40000, 0]
