"""From a decided set of orders to the whole answer."""

from collections.abc import Iterable, Mapping

from rebal.frozen import frozen
from rebal.plan import Inputs, Order, Plan, Severity
from rebal.planner.after import after_orders, after_transfers
from rebal.planner.checks import findings
from rebal.planner.collateral import Account, Posting, accounts, post
from rebal.planner.desk import Desk, desk
from rebal.planner.draft import Check, Draft
from rebal.planner.exposure import value
from rebal.planner.hedging import cover
from rebal.planner.lines import asset_lines, cost_lines, hedge_lines, position_lines, wallet_lines
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.steps import placing_order, steps
from rebal.portfolio import DOLLARS, Book, HedgeAsked, Portfolio

SCHEMA = "rebal/plan/1"


def build_plan(portfolio: Portfolio, book: Book, *, inputs: Inputs, extra: Iterable[Check] = ()) -> Plan:
    """Plan the rebalance of a book to the portfolio's targets.

    The same portfolio, book and inputs give the same plan, whatever the order they were written in. A plan with an
    error finding is ``refused``: it is to be read, not placed. ``extra``: checks of what only the caller knows.
    """
    laid = desk(portfolio, book, now=inputs.now)
    return answer("plan", laid, rebalance(laid), inputs=inputs, extra=extra)


@frozen
class CarriedOut:
    """Decided orders carried out on paper: as they are placed, what is moved for them, and the book they leave.

    ``before`` and ``after``: the accounts as the book stands, and as it is left.
    """

    orders: tuple[Order, ...]
    posting: Posting
    book: Book
    before: tuple[Account, ...]
    after: tuple[Account, ...]


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
    done = carry_out(laid, decided)
    draft = _draft(laid, decided, done)
    found = findings(draft, extra)
    transfers = done.posting.transfers
    return Plan(
        schema=SCHEMA,
        command=command,
        name=laid.portfolio.name,
        venue=laid.portfolio.venue,
        as_of=laid.portfolio.as_of,
        currency=DOLLARS,
        changes=bool(done.orders or transfers),
        refused=any(finding.severity is Severity.ERROR for finding in found),
        equity=laid.valued.equity,
        inputs=inputs,
        assets=draft.assets,
        orders=done.orders,
        transfers=transfers,
        steps=steps(transfers, done.orders),
        wallets=draft.wallets,
        positions=draft.positions,
        hedges=hedge_lines(laid.book.hedges if hedges is None else hedges),
        costs=cost_lines(done.orders, done.book, laid.portfolio),
        findings=found,
    )


def carry_out(laid: Desk, decided: Decided) -> CarriedOut:
    """Fill the orders at their marks, pay their fees, and move the least coins that the policy asks for."""
    portfolio, before = laid.portfolio, laid.book
    orders = placing_order(decided.orders)
    filled = after_orders(before, orders, portfolio.contracts, margin_mode=portfolio.policy.margin_mode)
    listed = accounts(before, filled, orders, portfolio=portfolio)
    posting = post(listed, before, portfolio, tops_up=decided.tops_up)
    after = after_transfers(filled, posting.transfers, posting.margins)
    changed = orders or posting.transfers
    standing = accounts(after, after, (), portfolio=portfolio) if changed else listed
    return CarriedOut(orders, posting, after, listed, standing)


def _draft(laid: Desk, decided: Decided, done: CarriedOut) -> Draft:
    portfolio, before, after = laid.portfolio, laid.book, done.book
    then = laid.valued, cover(portfolio, before)
    now = value(portfolio, after) if done.orders else laid.valued, cover(portfolio, after)
    return Draft(
        laid,
        decided.outcomes,
        decided.beyond_policy,
        done.orders,
        done.posting.shortages,
        tuple(position for _, position in sorted(after.positions.items())),
        asset_lines(portfolio, then, now, decided.outside.__contains__),
        wallet_lines(done.before, done.after, books=(before, after), portfolio=portfolio),
        position_lines(before, after, portfolio, done.after),
    )
