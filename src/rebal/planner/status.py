"""Is the book still right: what drifted, what a hedge has left, what is near its end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from rebal.amounts import ZERO
from rebal.book import Book, HedgeAsked, Position, Purpose
from rebal.findings import Code, Figure, Finding, info, is_action, is_breach, percent, warning
from rebal.frozen import Later
from rebal.ledger import Realised
from rebal.plan import Inputs
from rebal.planner.candidates import SOONEST_EXPIRY
from rebal.planner.checks import findings
from rebal.planner.checks.expiry import delivered_hedges
from rebal.planner.checks.hedges import apart, rolls, stays_on
from rebal.planner.cover import cover, in_force
from rebal.planner.desk import Desk
from rebal.planner.hedge import hedge_moves
from rebal.planner.lines import cost_lines, hedge_lines
from rebal.planner.payoff import payoff_lines
from rebal.planner.rebalance import rebalance
from rebal.planner.review import Check, Review, reviewed
from rebal.planner.sizing import LeftOut
from rebal.planner.step import Outcome, standing
from rebal.portfolio import DOLLARS, Portfolio
from rebal.status import Needs, Status, summarised
from rebal.times import day_or_time, spoken

SCHEMA = "rebal/status/1"
_DOLLARS_ALONE = (
    "only orders of coins move it, and no coin is outside its band, so there is none; a smaller policy.band brings them"
)


def build_status(
    portfolio: Portfolio,
    book: Book,
    *,
    inputs: Inputs,
    realised: tuple[Realised, ...] = (),
    extra: Sequence[Check] = (),
) -> Status:
    """Say how the book stands and what it needs: ``attention`` for a breach, ``action`` for an order to place.

    ``realised``: out of the journal; ``extra``: checks of what only the caller knows.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    done = standing(portfolio, book)
    review = _review(desk, done)
    found = findings(review, (*extra, *_CHECKS, rolls(book.hedges)))
    needs = _needs(found)
    return Status(
        schema=SCHEMA,
        command="status",
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        currency=DOLLARS,
        equity=desk.valued.equity,
        inputs=inputs,
        assets=review.assets,
        wallets=review.wallets,
        positions=review.positions,
        hedges=hedge_lines(in_force(book, inputs.now)),
        realised=realised,
        findings=found,
        needs=needs,
        summary=summarised(needs, found, name=portfolio.name, equity=desk.valued.equity),
        accounts=review.accounts,
        payoff=Later(lambda: payoff_lines(review)),
        costs=cost_lines((), book, portfolio),
    )


def _review(desk: Desk, done: Outcome) -> Review:
    decided = rebalance(desk)
    kept = tuple(each for each in decided.residuals if each.left_out not in (None, LeftOut.UNSERVED, LeftOut.UNCOVERED))
    return reviewed(desk, replace(decided, residuals=kept), done, planned=False)


def _drifted(review: Review) -> Iterator[Finding]:
    traded = {part.stands_for[0] for order in review.decided.orders for part in order.parts}
    coins_too = any(line.outside_band for line in review.assets if line.asset != DOLLARS)
    for line in review.assets:
        if line.outside_band and line.drift is not None:
            off = (line.weight or ZERO) - (line.aimed_weight or ZERO) or line.drift
            over = "over" if off > 0 else "under"
            points = percent(abs(off)).removesuffix(" %")
            if line.asset in traded or (line.asset == DOLLARS and traded):
                yield warning(Code.DRIFT, line.asset, f"is {points} points {over} its weight", drift=off)
            else:
                cannot = "no order can mend it" if coins_too else _DOLLARS_ALONE
                yield info(Code.RESIDUAL, line.asset, f"is {points} points {over} its weight; {cannot}", drift=off)


def _hedges(review: Review) -> Iterator[Finding]:
    desk = review.desk
    covered = cover(desk.portfolio, desk.book)
    rolling = {asset for position in _near_expiry(review) for asset in _rolled_by(position, desk)}
    delivered = delivered_hedges(desk)
    for asset, asked in sorted(in_force(desk.book, desk.now).items()):
        if asset in delivered:
            continue
        if asked.is_over(desk.now):
            message = f"hedge was meant to end on {day_or_time(asked.until or desk.now)}"
            yield warning(Code.HEDGE_OVERDUE, asset, message, until=asked.until)
        elif hedge_moves(asset, asked.fraction, covered, desk=desk):
            now = covered.ratio(asset)
            wanted, is_now = apart(asked.fraction, now)
            message = f"hedge asked {wanted}, is {is_now}"
            data: dict[str, Figure] = {"asked": asked.fraction, "hedge_ratio": now}
            if asset in rolling:
                message += ": rolling it mends that too"
            else:
                data["contract"], data["until"] = stays_on(asked, desk)
            yield warning(Code.HEDGE_OFF, asset, message, **data)


def _expiring(review: Review) -> Iterator[Finding]:
    for position in _near_expiry(review):
        expiry = position.contract.expiry or review.desk.now
        left = expiry - review.desk.now
        when = f"{left.days} days" if left.days > 1 else spoken(left)
        hedges = tuple(_rolled_by(position, review.desk))
        message = f"expires in {when}, on {day_or_time(expiry)}: "
        message += "let it deliver, or roll it" if hedges else "roll it or let it deliver"
        yield warning(Code.EXPIRES_SOON, position.contract.name, message, expiry=expiry, days=left.days, hedges=hedges)


def _near_expiry(review: Review) -> Iterator[Position]:
    for position in review.positions_after:
        expiry = position.contract.expiry
        if expiry is not None and position.contracts and timedelta() < expiry - review.desk.now < SOONEST_EXPIRY:
            yield position


def _rolled_by(position: Position, desk: Desk) -> dict[str, HedgeAsked]:
    """The hedges in force that sit on a position and are not overdue, by asset."""
    protected = sorted({part.stands_for for part in position.parts if part.purpose is Purpose.HEDGE})
    asked = {asset: desk.book.hedges[asset] for asset in protected if asset in desk.book.hedges}
    return {asset: each for asset, each in asked.items() if not each.is_over(desk.now)}


def _needs(found: Sequence[Finding]) -> Needs:
    if any(map(is_breach, found)):
        return Needs.ATTENTION
    return Needs.ACTION if any(map(is_action, found)) else Needs.NOTHING


_CHECKS: tuple[Check, ...] = (_drifted, _hedges, _expiring)
