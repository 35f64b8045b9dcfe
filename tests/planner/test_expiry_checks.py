"""What is said of a contract that has expired and is open still, until its delivery is recorded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Part, Position, Purpose
from rebal.findings import Code, Finding, Severity
from rebal.planner import build_plan
from rebal.planner.checks.expiry import expired
from rebal.planner.desk import Desk
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, portfolio


def book(*, hedge: int, rebalance: int, sells: bool = False) -> Portfolio:
    """So much on a contract that expired an hour ago, and where something is to be sold a perpetual to sell it on."""
    gone = inverse("BTC", name="BTCZ", expiry=NOW - timedelta(hours=1))
    parts = [Part(purpose, Fraction(size), Fraction(40000), "BTC")
             for purpose, size in ((Purpose.REBALANCE, rebalance), (Purpose.HEDGE, hedge)) if size]  # fmt: skip
    held = Position(gone, Fraction(hedge + rebalance), Fraction(40000), None, tuple(parts))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (gone, inverse("BTC")), wallets={"BTC": "0.5"},
                     positions=(held,))  # fmt: skip
    weight = (40000 + rebalance) / Fraction(40000) - (exact("0.25") if sells else 0)
    return replace(made, targets={"BTC": weight, "USD": 1 - weight})


def said(made: Portfolio) -> list[Finding]:
    return [each for each in build_plan(made, made.statement, inputs=INPUTS).findings if each.code is Code.EXPIRED]


EXPIRED = "expired on 2026-11-20T07:00:00Z, and these figures have it open: record its delivery"


def test_a_delivery_is_recorded_with_the_contracts_that_close_it() -> None:
    (each,) = said(book(hedge=-4000, rebalance=0))
    assert (each.subject, each.severity) == ("BTCZ", Severity.WARNING)
    assert each.message == f"{EXPIRED} as a fill at the delivery price"
    assert each.data == {"expiry": NOW - timedelta(hours=1), "contracts": 4000, "purpose": None}


def test_a_delivery_for_two_purposes_is_recorded_for_each() -> None:
    spot, hedge = said(book(hedge=-4000, rebalance=1000))
    assert spot.message == f"{EXPIRED} for rebalance as a fill at the delivery price"
    assert hedge.message == f"{EXPIRED} for hedge as a fill at the delivery price"
    assert [(each.data["purpose"], each.data["contracts"]) for each in (spot, hedge)] == [
        ("rebalance", Fraction(-1000)),
        ("hedge", Fraction(4000)),
    ]


@pytest.mark.parametrize(("sells", "severity"), [(False, Severity.WARNING), (True, Severity.ERROR)])
def test_nothing_is_opened_by_figures_that_have_it_open(severity: Severity, *, sells: bool) -> None:
    made = book(hedge=-4000, rebalance=0, sells=sells)
    assert bool(build_plan(made, made.statement, inputs=INPUTS).orders) is sells
    assert [each.severity for each in said(made)] == [severity]
    status = build_status(made, made.statement, inputs=INPUTS).findings
    assert [each.severity for each in status if each.code is Code.EXPIRED] == [Severity.WARNING]


@pytest.mark.parametrize(("seconds", "size", "told"), [(0, -100, True), (1, -100, False), (-1, -100, True),
                                                       (-1, 0, False)])  # fmt: skip
def test_what_is_open_has_expired_from_the_second_it_expires_on(seconds: int, size: int, *, told: bool) -> None:
    made = book(hedge=size, rebalance=0)
    (held,) = made.statement.positions.values()
    ends = replace(held, contract=replace(held.contract, expiry=NOW + timedelta(seconds=seconds)))
    statement = replace(made.statement, positions={"BTCZ": ends})
    assert list(expired(Desk.of(made, statement, now=NOW))) == ([ends] if told else [])
