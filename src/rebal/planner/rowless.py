"""The plan without the rows and words that show it, as a replay asks for it at every check."""

from rebal.amounts import ONE
from rebal.book import Book
from rebal.findings import Finding, Severity
from rebal.frozen import frozen
from rebal.market.margin import needed
from rebal.market.piecewise import piece_at
from rebal.market.pooled_path import is_due
from rebal.planner.checks import findings
from rebal.planner.checks.expiry import expired
from rebal.planner.checks.shortages import short_of_coins
from rebal.planner.collateral import Account
from rebal.planner.desk import Desk
from rebal.planner.pooled import pool_of
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.review import Review, reviewed
from rebal.planner.sizing import LeftOut
from rebal.planner.step import Outcome
from rebal.portfolio import Portfolio


@frozen
class BarePlan:
    """Orders and transfers as ``build_plan`` gives them, and what they come to."""

    desk: Desk
    decided: Decided
    done: Outcome

    def error(self) -> Finding | None:
        """Why ``build_plan`` would refuse it, the first of its reasons; None where it would not."""
        if self._stands:
            return None
        review = Review(self.desk, self.decided, self.done)
        if self._lacks_coins_alone:
            return next(iter(short_of_coins(review)))
        found = findings(reviewed(self.desk, self.decided, self.done))
        return found[0] if found and found[0].severity is Severity.ERROR else None

    @property
    def _stands(self) -> bool:
        """Whether plainly nothing stands against it; where that is not plain, its rows must tell."""
        ends = any(_is_due(each) for each in self.done.after) or self._pool_is_due
        return not (self.done.shortages or self._is_odd or ends)

    @property
    def _pool_is_due(self) -> bool:
        portfolio = self.desk.portfolio
        pools = (pool_of(each, self.done.book, portfolio) for each in portfolio.pools)
        return any(pool.positions and is_due(pool) for pool in pools)

    @property
    def _lacks_coins_alone(self) -> bool:
        """Whether plainly coins are missing for an order that opens, and no error comes before that one."""
        opens = any(not order.reduce_only for order in self.done.orders)
        return bool(self.done.shortages) and opens and not self._is_odd

    @property
    def _is_odd(self) -> bool:
        unserved = any(each.left_out is LeftOut.UNSERVED for each in self.decided.residuals)
        return unserved or self.desk.valued.equity <= 0 or any(expired(self.desk))


def bare_plan(desk: Desk, *, fit: bool = False) -> BarePlan:
    """Decide a rebalance and carry it out on the book, as ``build_plan`` does before it reports."""
    decided = rebalance(desk, fit=fit)
    return BarePlan(desk, decided, desk.step(decided.orders))


def desk_of(portfolio: Portfolio, book: Book) -> Desk:
    """A book at the hour of its prices."""
    assert portfolio.market.as_of is not None
    return Desk.of(portfolio, book, now=portfolio.market.as_of)


def _is_due(account: Account) -> bool:
    """Whether a wallet does not cover its maintenance margin at today's prices."""
    held = account.held_after
    return bool(held) and piece_at(needed(held), ONE).at(ONE) >= account.balance
