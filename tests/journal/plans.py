"""Plans for the portfolio of the tests, saved and recorded."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rebal import formats
from rebal.amounts import Fraction
from rebal.formats import View
from rebal.journal import saved
from rebal.journal.adding import Added, add
from rebal.journal.fold import fold
from rebal.journal.from_plan import drafts
from rebal.journal.placed import Given, Placed
from rebal.journal.saved import SavedPlan
from rebal.ledger import Journal
from rebal.plan import Inputs, Plan
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.unwind import build_unwind
from rebal.portfolio import Portfolio

from .books import AS_OF, CONTRACTS, LATER, at, portfolio

F = Fraction
TARGETS = {"BTC": F("0.5"), "ETH": F("0.4"), "USD": F("0.1")}
HALF = F("0.5")
EMPTY = Journal()


def rebalancing(**given: Any) -> Portfolio:
    made = portfolio(**given)
    return replace(made, targets=TARGETS, contracts={name: CONTRACTS[name] for name in ("BTCUSD", "ETHUSD")})


def inputs(book: Portfolio, journal: Journal) -> Inputs:
    return Inputs(book.statement_sha256, journal.seq or None, journal.head, AS_OF, at(30), "test")


def planned(book: Portfolio, journal: Journal = EMPTY) -> Plan:
    return build_plan(book, fold(book, journal.entries).book, inputs=inputs(book, journal))


def hedged(book: Portfolio, fraction: Fraction = HALF, journal: Journal = EMPTY) -> Plan:
    now = fold(book, journal.entries).book
    asks = (Ask("BTC", fraction, Desk.of(book, now, now=AS_OF).candidates("BTC", SHORT)),)
    return build_hedge(book, now, asks=asks, inputs=inputs(book, journal))


def unwound(book: Portfolio, journal: Journal, **asked: Any) -> Plan:
    return build_unwind(book, fold(book, journal.entries).book, inputs=inputs(book, journal), force=True, **asked)


def text_of(plan: Plan) -> str:
    return formats.render("json", plan, View(width=100, colour=False))


def read(plan: Plan) -> SavedPlan:
    return saved.read(text_of(plan), "plan.json")


def record(
    plan: Plan | SavedPlan,
    book: Portfolio,
    journal: Journal = EMPTY,
    given: Sequence[Given] | None = None,
    **placed: Any,
) -> Added:
    kept = read(plan) if isinstance(plan, Plan) else plan
    return add(
        journal, drafts(kept, book, journal=journal, placed=Placed(given, **placed), time=placed.get("time") or LATER)
    )
