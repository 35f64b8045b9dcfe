"""Any figure of a plan with its formula, the numbers put in, and where they are from.

The plan is carried out again by the planner's own steps on the book that it was made on. Each formula, as it stands
beside the arithmetic, is put in those numbers and has to come to the plan's own figure: where it does not, that is
said.
"""

from rebal.book import Book
from rebal.explain._exposures import assets
from rebal.explain._facts import facts
from rebal.explain._orders import costs, hedges, orders, pnl, transfers
from rebal.explain._positions import positions
from rebal.explain._wallets import wallets
from rebal.plan import Plan
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation

SCHEMA = "rebal/explain/1"
_SECTIONS = (assets, orders, transfers, wallets, positions, hedges, costs, pnl)


def derivations(plan: Plan, portfolio: Portfolio, before: Book) -> tuple[Derivation, ...]:
    """Every figure of a plan, in its order, made on ``before``."""
    known = facts(plan, portfolio, before)
    return tuple(each for section in _SECTIONS for each in section(known))


__all__ = ["SCHEMA", "derivations"]
