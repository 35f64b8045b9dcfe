"""Positions in a wallet that holds nothing: the file may have left its wallets out."""

from dataclasses import replace

from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code, Severity
from rebal.planner import build_plan
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, portfolio

SHORT = opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000))


def book(wallets: dict[str, str]) -> Portfolio:
    contracts = (inverse("BTC"),)
    return portfolio({"BTC": "2"}, {"BTC": "1"}, {"BTC": "40000"}, contracts, wallets=wallets, positions=(SHORT,))


def missing(of: Portfolio) -> list[tuple[Severity, str, str]]:
    plan, status = build_plan(of, of.statement, inputs=INPUTS), build_status(of, of.statement, inputs=INPUTS)
    told = [
        [(each.severity, each.subject, each.message) for each in one.findings if each.code is Code.MISSING]
        for one in (plan, status)
    ]
    assert told[0] == told[1]
    return told[0]


def test_a_wallet_that_holds_nothing_is_asked_for() -> None:
    message = "positions are open and no BTC is in their wallet; if the exchange shows a balance, add wallets.BTC"
    assert missing(book({})) == missing(book({"BTC": "0"})) == [(Severity.WARNING, "BTC", message)]


def test_a_wallet_with_coins_is_not() -> None:
    assert missing(book({"BTC": "0.5"})) == []


def test_an_isolated_position_has_its_own_margin() -> None:
    of = book({})
    isolated = replace(SHORT, margin=Fraction("0.5"))
    assert missing(replace(of, statement=replace(of.statement, positions={"BTCUSD": isolated}))) == []
