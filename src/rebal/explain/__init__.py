"""Any figure of a plan with its formula, the numbers put in, and where they are from.

The plan is carried out again by the planner's own steps on the book that it was made on. Each formula, as it stands
beside the arithmetic, is put in those numbers and has to come to the plan's own figure: where it does not, that is
said.
"""

from dataclasses import replace

from rebal.amounts import ZERO
from rebal.book import Book
from rebal.explain._accounts import accounts
from rebal.explain._exposures import assets
from rebal.explain._facts import alike, facts
from rebal.explain._findings import findings
from rebal.explain._given import policy, realised, settings
from rebal.explain._orders import costs, hedges, orders, pnl, transfers
from rebal.explain._outlook import days, payoff
from rebal.explain._positions import positions
from rebal.explain._routes import comparison
from rebal.explain._rungs import ladder
from rebal.explain._scenarios import scenarios
from rebal.explain._wallets import wallets
from rebal.explain._ways import ways
from rebal.plan import Costs, Plan
from rebal.portfolio import Portfolio
from rebal.reports.comparison import Compare
from rebal.reports.explanation import Derivation, Term
from rebal.reports.stress import Stress
from rebal.status import Status

SCHEMA = "rebal/explain/1"
_SECTIONS = (
    assets, orders, transfers, settings, wallets, accounts, positions, hedges, costs, days, pnl, ways, ladder, payoff,
    policy,
)  # fmt: skip


def derivations(told: Plan | Status, portfolio: Portfolio, before: Book) -> tuple[Derivation, ...]:
    """Every figure of a plan, in its order, made on ``before``; a status is a plan that trades nothing."""
    known = facts(told if isinstance(told, Plan) else _still(told), portfolio, before)
    found = tuple(each for section in _SECTIONS for each in section(known))
    found = (*found, *findings(known, {each.figure: each.value for each in found}))
    return _pointed(found if isinstance(told, Plan) else (*found, *realised(told.realised)))


def sums(report: Compare | Stress) -> tuple[Derivation, ...]:
    """The principal figures of a comparison or of a stress test, of the parts that it tells them with."""
    return tuple(comparison(report) if isinstance(report, Compare) else scenarios(report))


def _pointed(every: tuple[Derivation, ...]) -> tuple[Derivation, ...]:
    """Terms point to a figure only where they are it, in size: of a book at another time there may be none."""
    figures = {each.figure: each.value for each in every}

    def is_it(term: Term) -> bool:
        value = figures.get(term.found or "")
        return term.found not in figures or (value is not None and alike(abs(value), abs(term.value)))

    def kept(each: Derivation) -> Derivation:
        if all(is_it(term) for term in each.terms):
            return each
        return replace(each, terms=tuple(term if is_it(term) else replace(term, found=None) for term in each.terms))

    return tuple(kept(each) for each in every)


def _still(status: Status) -> Plan:
    return Plan(
        schema="rebal/plan/1",
        command=status.command,
        name=status.name,
        venue=status.venue,
        as_of=status.as_of,
        currency=status.currency,
        changes=False,
        refused=False,
        equity=status.equity,
        inputs=status.inputs,
        assets=status.assets,
        orders=(),
        transfers=(),
        steps=(),
        wallets=status.wallets,
        positions=status.positions,
        hedges=status.hedges,
        costs=status.costs or Costs(ZERO, None, None, ()),
        findings=status.findings,
        payoff=status.payoff,
        accounts=status.accounts,
    )


__all__ = ["SCHEMA", "derivations", "sums"]
