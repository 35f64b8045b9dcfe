"""From a decided set of orders to the whole answer."""

from collections.abc import Iterable, Mapping

from rebal.book import Book, HedgeAsked
from rebal.plan import Finding, Inputs, Plan, Severity
from rebal.planner.checks import findings
from rebal.planner.desk import Desk, desk
from rebal.planner.draft import Check, drafted
from rebal.planner.lines import cost_lines, hedge_lines, setting_lines
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.step import Outcome, step
from rebal.planner.steps import steps
from rebal.portfolio import DOLLARS, Portfolio

SCHEMA = "rebal/plan/1"


def build_plan(
    portfolio: Portfolio, book: Book, *, inputs: Inputs, fit: bool = False, extra: Iterable[Check] = ()
) -> Plan:
    """Plan the rebalance of a book to the portfolio's targets.

    The same portfolio, book and inputs give the same plan, whatever the order they were written in. A plan with an
    error finding is ``refused``: it is to be read, not placed. ``fit``: what coins do not margin whole shrinks to
    the lots that they do. ``extra``: checks of what only the caller knows.
    """
    laid = desk(portfolio, book, now=inputs.now)
    decided = rebalance(laid, fit=fit)
    done = step(laid.portfolio, book, decided.orders)
    return answer("plan", laid, decided=decided, done=done, inputs=inputs, extra=extra)


def answer(
    command: str,
    laid: Desk,
    *,
    decided: Decided,
    done: Outcome,
    inputs: Inputs,
    hedges: Mapping[str, HedgeAsked] | None = None,
    extra: Iterable[Check] = (),
) -> Plan:
    """Report what was decided, what it came to, and the book before and after.

    ``hedges``: what is asked for from now on, the book's own where None; ``extra``: the command's own checks.
    """
    draft = drafted(laid, decided, done)
    found = findings(draft, extra)
    return Plan(
        schema=SCHEMA,
        command=command,
        name=laid.portfolio.name,
        venue=laid.portfolio.venue,
        as_of=laid.portfolio.as_of,
        currency=DOLLARS,
        changes=bool(done.orders or done.transfers),
        refused=_refuse(found),
        equity=laid.valued.equity,
        inputs=inputs,
        assets=draft.assets,
        orders=done.orders,
        transfers=done.transfers,
        steps=steps(done.transfers, done.orders),
        wallets=draft.wallets,
        positions=draft.positions,
        hedges=hedge_lines(laid.book.hedges if hedges is None else hedges),
        costs=cost_lines(done.orders, done.book, laid.portfolio),
        findings=found,
        settings=setting_lines(done, laid.portfolio),
    )


def _refuse(found: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in found)
