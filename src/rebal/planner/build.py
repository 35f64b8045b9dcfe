"""From a decided set of orders to the whole answer."""

from collections.abc import Iterable, Mapping

from rebal.plan import Inputs, Plan, Severity
from rebal.planner.after import after_orders, after_transfers
from rebal.planner.checks import Check, Draft, findings
from rebal.planner.collateral import accounts, post
from rebal.planner.desk import Desk, desk
from rebal.planner.exposure import value
from rebal.planner.hedging import cover
from rebal.planner.lines import asset_lines, cost_lines, hedge_lines, position_lines, wallet_lines
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.steps import placing_order, steps
from rebal.portfolio import Book, HedgeAsked, Portfolio

SCHEMA = "rebal/plan/1"


def build_plan(portfolio: Portfolio, book: Book, *, inputs: Inputs, extra: Iterable[Check] = ()) -> Plan:
    """Plan the rebalance of a book to the portfolio's targets.

    The same portfolio, book and inputs give the same plan, whatever the order they were written in. A plan with an
    error finding is ``refused``: it is to be read, not placed. ``extra``: checks of what only the caller knows.
    """
    laid = desk(portfolio, book, now=inputs.now)
    return answer("plan", laid, rebalance(laid), inputs=inputs, extra=extra)


def answer(
    command: str,
    laid: Desk,
    decided: Decided,
    *,
    inputs: Inputs,
    hedges: Mapping[str, HedgeAsked] | None = None,
    extra: Iterable[Check] = (),
) -> Plan:
    """Carry out decided orders on paper and report the book before and after.

    ``hedges``: what is asked for from now on, the book's own where None; ``extra``: the command's own checks.
    """
    portfolio, before = laid.portfolio, laid.book
    orders = placing_order(decided.orders)
    filled = after_orders(before, orders, portfolio.contracts, margin_mode=portfolio.policy.margin_mode)
    listed = accounts(before, filled, orders, portfolio=portfolio)
    posting = post(listed, before, portfolio)
    after = after_transfers(filled, posting.transfers, posting.margins)
    changed = bool(orders or posting.transfers)
    later = value(portfolio, after) if orders else laid.valued
    covers = cover(portfolio, before), cover(portfolio, after)
    standing = accounts(after, after, (), portfolio=portfolio) if changed else listed
    assets = asset_lines(portfolio, (laid.valued, covers[0]), (later, covers[1]), decided.outside.__contains__)
    wallets = wallet_lines(listed, standing, books=(before, after), portfolio=portfolio)
    positions = position_lines(before, after, portfolio, standing)
    draft = Draft(
        laid,
        decided.outcomes,
        decided.outside,
        orders,
        posting.shortages,
        tuple(position for _, position in sorted(after.positions.items())),
        assets,
        wallets,
        positions,
    )
    found = findings(draft, extra)
    return Plan(
        schema=SCHEMA,
        command=command,
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        currency="USD",
        changes=changed,
        refused=any(finding.severity is Severity.ERROR for finding in found),
        equity=laid.valued.equity,
        inputs=inputs,
        assets=assets,
        orders=orders,
        transfers=posting.transfers,
        steps=steps(posting.transfers, orders),
        wallets=wallets,
        positions=positions,
        hedges=hedge_lines(laid.book.hedges if hedges is None else hedges),
        costs=cost_lines(orders, after, portfolio),
        findings=found,
    )
