"""Any figure of a plan with its formula, the numbers put in, and where they are from.

The plan is carried out again by the planner's own steps on the book that it was made on. Each formula, as it stands
beside the arithmetic, is put in those numbers and has to come to the plan's own figure: where it does not, that is
said.
"""

from rebal.amounts import ZERO
from rebal.book import Book
from rebal.explain._accounts import accounts
from rebal.explain._exposures import assets
from rebal.explain._facts import facts
from rebal.explain._given import findings, ladder, policy, realised, settings
from rebal.explain._orders import costs, hedges, orders, pnl, transfers
from rebal.explain._outlook import days, payoff
from rebal.explain._positions import positions
from rebal.explain._wallets import wallets
from rebal.explain._ways import ways
from rebal.plan import Costs, Plan
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation
from rebal.status import Status

SCHEMA = "rebal/explain/1"
_SECTIONS = (
    assets, orders, transfers, settings, wallets, accounts, positions, hedges, costs, days, pnl, ways, ladder, payoff,
    policy, findings,
)  # fmt: skip


def derivations(told: Plan | Status, portfolio: Portfolio, before: Book) -> tuple[Derivation, ...]:
    """Every figure of a plan, in its order, made on ``before``; a status is a plan that trades nothing."""
    known = facts(told if isinstance(told, Plan) else _still(told), portfolio, before)
    found = tuple(each for section in _SECTIONS for each in section(known))
    return found if isinstance(told, Plan) else (*found, *realised(told.realised))


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


__all__ = ["SCHEMA", "derivations"]
