"""Is the book still right: what drifted, what a hedge has left, what is near its end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from rebal.book import Book
from rebal.ledger import Realised
from rebal.plan import Code, Finding, Inputs, Severity
from rebal.planner.checks import findings, names_rescue
from rebal.planner.desk import Desk, desk
from rebal.planner.draft import Check, Draft, drafted, info, warning
from rebal.planner.hedge import hedge_moves, rolls
from rebal.planner.hedging import cover
from rebal.planner.lines import hedge_lines
from rebal.planner.rebalance import rebalance
from rebal.planner.routes import SOONEST_EXPIRY
from rebal.planner.sizing import LeftOut
from rebal.planner.step import standing
from rebal.planner.words import percent, usd
from rebal.portfolio import DOLLARS, Portfolio
from rebal.status import ACTIONS, BREACHES, Needs, Status

SCHEMA = "rebal/status/1"


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
    laid = desk(portfolio, book, now=inputs.now)
    draft = _draft(laid)
    found = names_rescue(findings(draft, (*extra, *_CHECKS, rolls(book.hedges))))
    needs = _needs(found)
    return Status(
        schema=SCHEMA,
        command="status",
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        currency=DOLLARS,
        equity=laid.valued.equity,
        inputs=inputs,
        assets=draft.assets,
        wallets=draft.wallets,
        positions=draft.positions,
        hedges=hedge_lines(book.hedges),
        realised=realised,
        findings=found,
        needs=needs,
        summary=_summary(needs, found, laid),
    )


def _draft(laid: Desk) -> Draft:
    decided = rebalance(laid)
    kept = tuple(each for each in decided.residuals if each.left_out not in (None, LeftOut.UNSERVED))
    done = standing(laid.portfolio, laid.book)
    return drafted(laid, replace(decided, residuals=kept), done, planned=False)


def _drifted(draft: Draft) -> Iterator[Finding]:
    traded = {part.stands_for[0] for order in rebalance(draft.desk).orders for part in order.parts}
    for line in draft.assets:
        if line.outside_band and line.drift is not None:
            over = "over" if line.drift > 0 else "under"
            points = percent(abs(line.drift)).removesuffix(" %")
            if line.asset in traded or (line.asset == DOLLARS and traded):
                message = f"is {points} points {over} its weight: rebal plan"
                yield warning(Code.DRIFT, line.asset, message, drift=line.drift)
            else:
                message = f"is {points} points {over} its weight; no order can mend it"
                yield info(Code.RESIDUAL, line.asset, message, drift=line.drift)


def _hedges(draft: Draft) -> Iterator[Finding]:
    laid = draft.desk
    covered = cover(laid.portfolio, laid.book)
    for asset, asked in sorted(laid.book.hedges.items()):
        now = covered.ratio(asset)
        if hedge_moves(asset, asked.fraction, laid):
            is_now = percent(now) if now is not None else "nothing to hedge"
            wanted = percent(asked.fraction)
            message = f"hedge asked {wanted}, is {is_now}: rebal hedge {asset} --pct {wanted.removesuffix(' %')}"
            yield warning(Code.HEDGE_OFF, asset, message, asked=asked.fraction, hedge_ratio=now)
        if asked.until is not None and laid.now >= asked.until and covered.hedged.get(asset):
            day = asked.until.date().isoformat()
            message = f"hedge was meant to end on {day}: rebal unwind {asset} --purpose hedge"
            yield warning(Code.HEDGE_OVERDUE, asset, message, until=asked.until)


def _expiring(draft: Draft) -> Iterator[Finding]:
    for position in draft.positions_after:
        expiry = position.contract.expiry
        if expiry is None or not position.contracts:
            continue
        left = expiry - draft.desk.now
        if left <= timedelta():
            message = f"expired on {expiry.date().isoformat()}: record its delivery as a fill at the delivery price"
            yield warning(Code.EXPIRES_SOON, position.contract.name, message, expiry=expiry)
        elif left < SOONEST_EXPIRY:
            message = f"expires in {left.days} days, on {expiry.date().isoformat()}: roll it or let it deliver"
            yield warning(Code.EXPIRES_SOON, position.contract.name, message, expiry=expiry, days=left.days)


def _needs(found: Sequence[Finding]) -> Needs:
    codes = {finding.code for finding in found if finding.severity is not Severity.INFO}
    if codes & BREACHES or any(finding.severity is Severity.ERROR for finding in found):
        return Needs.ATTENTION
    return Needs.ACTION if codes & ACTIONS else Needs.NOTHING


def _summary(needs: Needs, found: Sequence[Finding], laid: Desk) -> str:
    counted = [
        finding
        for finding in found
        if finding.severity is Severity.ERROR
        or (finding.severity is Severity.WARNING and finding.code in BREACHES | ACTIONS)
    ]
    counted.sort(key=lambda finding: finding.severity is not Severity.ERROR and finding.code not in BREACHES)
    what = f"{counted[0].subject} {counted[0].message}" if counted else "nothing to do"
    more = f" (and {len(counted) - 1} more)" if len(counted) > 1 else ""
    return f"{needs.value}: {laid.portfolio.name}, {usd(Fraction(laid.valued.equity))}; {what}{more}"


_CHECKS: tuple[Check, ...] = (_drifted, _hedges, _expiring)
