"""From a decided set of orders to the whole answer."""

from collections.abc import Iterable, Mapping

from rebal.book import Book, HedgeAsked
from rebal.findings import is_error
from rebal.frozen import Later
from rebal.plan import Inputs, Plan
from rebal.planner.checks import findings
from rebal.planner.cover import in_force
from rebal.planner.desk import Desk
from rebal.planner.lines import cost_lines, hedge_lines, setting_lines
from rebal.planner.payoff import payoff_lines
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.review import Check, reviewed
from rebal.planner.sequence import steps
from rebal.planner.step import Outcome
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
    desk = Desk.of(portfolio, book, now=inputs.now)
    decided = rebalance(desk, fit=fit)
    done = desk.step(decided.orders)
    return answer("plan", desk, decided=decided, done=done, inputs=inputs, extra=extra)


def answer(
    command: str,
    desk: Desk,
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
    review = reviewed(desk, decided, done)
    found = findings(review, extra)
    return Plan(
        schema=SCHEMA,
        command=command,
        name=desk.portfolio.name,
        venue=desk.portfolio.venue,
        as_of=desk.portfolio.as_of,
        currency=DOLLARS,
        changes=bool(done.orders or done.transfers),
        refused=any(map(is_error, found)),
        equity=desk.valued.equity,
        inputs=inputs,
        assets=review.assets,
        orders=done.orders,
        transfers=done.transfers,
        steps=steps(done.transfers, done.orders, desk.portfolio, before=desk.book),
        wallets=review.wallets,
        positions=review.positions,
        hedges=hedge_lines(in_force(desk.book, desk.now) if hedges is None else hedges),
        costs=cost_lines(done.orders, done.book, desk.portfolio, transfers=done.transfers),
        findings=found,
        settings=setting_lines(done, desk.portfolio),
        payoff=Later(lambda: payoff_lines(review)),
        accounts=review.accounts,
    )
