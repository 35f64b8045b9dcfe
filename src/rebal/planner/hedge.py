"""Bring the hedge of an asset to what was asked: a target ratio, not an increment."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from rebal.amounts import ZERO, Fraction
from rebal.book import Book, HedgeAsked, Purpose
from rebal.market.contract import Contract
from rebal.plan import Inputs, Plan
from rebal.planner.build import answer
from rebal.planner.candidates import SHORT, part_held
from rebal.planner.checks.hedges import measured_anew, outlasts, refuse_over_hedge, rolled, rolls, sale_note
from rebal.planner.cover import Cover, cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, Tally, contract_moved, in_the_way, in_turn, left_behind
from rebal.planner.orders import orders_of
from rebal.planner.rebalance import Decided, outside_band
from rebal.planner.review import Check
from rebal.planner.sizing import LeftOut, Leg, Residual
from rebal.planner.step import step
from rebal.planner.targets import least_leg_usd
from rebal.portfolio import Portfolio


def build_hedge(
    portfolio: Portfolio,
    book: Book,
    *,
    asks: Sequence[Ask],
    inputs: Inputs,
    allow_over_hedge: bool = False,
    extra: Iterable[Check] = (),
) -> Plan:
    """Plan the orders that bring each asset's hedge to the fraction asked; asked again, nothing is left to do.

    Refused where more would be short than is held, unless that is allowed.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    decided = hedge(desk, asks)
    done = step(desk.portfolio, book, decided.orders, tops_up=False)
    asked = {ask.asset: HedgeAsked(ask.asset, _stands(ask, desk, done.book), _until(ask, book, desk)) for ask in asks}
    refusing = () if allow_over_hedge else (refuse_over_hedge(asked),)
    checks = (*extra, *refusing, outlasts(asked), rolled(asks), rolls(asked), measured_anew, sale_note)
    return answer(
        "hedge", desk, decided=decided, done=done, inputs=inputs, hedges={**book.hedges, **asked}, extra=checks
    )


def hedge(desk: Desk, asks: Iterable[Ask]) -> Decided:
    """Decide the legs of hedges, asset by asset, each by the first contract that has its collateral."""
    covered = cover(desk.portfolio, desk.book)
    before, tally = Tally(desk, covered), Tally(desk, covered)
    for ask in in_turn(asks, desk):
        tally.carry(ask)
    orders = orders_of(tally.legs, book=desk.book, portfolio=desk.portfolio)
    legs: dict[str, list[Leg]] = {ask.asset: [] for ask in asks}
    for leg in tally.legs:
        legs[leg.stands_for].append(leg)
    ordered = {order.contract for order in orders}
    residuals = tuple(
        _residual(ask, (before, tally), legs[ask.asset], ordered=ordered, desk=desk)
        for ask in sorted(asks, key=lambda ask: ask.asset)
    )
    return Decided(orders, residuals, outside_band(desk))


def _until(ask: Ask, book: Book, desk: Desk) -> datetime | None:
    """The day asked for, else the one that the hedge in force was asked for, while it is to come."""
    kept = book.hedges.get(ask.asset)
    if ask.until is not None or kept is None or not kept.fraction or not ask.fraction:
        return ask.until
    return kept.until if kept.until is not None and kept.until > desk.now else None


def _stands(ask: Ask, desk: Desk, after: Book) -> Fraction:
    """The fraction that an ask comes to: coins are held against the base that the orders leave."""
    base = cover(desk.portfolio, after).base(ask.asset)
    return ask.fraction if ask.coins is None or base <= 0 else ask.coins / base


def hedge_moves(asset: str, asked: Fraction, covered: Cover, *, desk: Desk) -> bool:
    """Whether a hedge has left what was asked of it by more than its band and what hedging itself leaves behind."""
    tally = Tally(desk, covered)
    tally.carry(Ask(asset, asked, desk.candidates(asset, SHORT)))
    return bool(tally.legs)


def fraction_of(asset: str, quantity: Fraction, *, portfolio: Portfolio, book: Book) -> Fraction | None:
    """Coins as a fraction of the base that a hedge of the asset is measured against; None where there is no base."""
    base = cover(portfolio, book).base(asset)
    return quantity / base if base > 0 else None


def _residual(
    ask: Ask, tallies: tuple[Tally, Tally], legs: Sequence[Leg], *, ordered: Collection[str], desk: Desk
) -> Residual:
    """What became of a hedge: what is left undone where a lot, a minimum or the lack of a contract is in its way."""
    before, after = tallies
    price, missing = desk.portfolio.price(ask.asset), before.missing(ask)
    wanted, left = -missing * price, -after.missing(ask) * price
    contract = legs[-1].contract if legs else contract_moved(ask, missing, desk)
    dropped = [leg.contract for leg in legs if leg.contract.name not in ordered]
    skipped = after.skipped.get(ask.asset)
    if dropped:
        return Residual(ask.asset, wanted, wanted, LeftOut.CANCELS, dropped[0])
    if missing > 0 and contract is None:
        return Residual(ask.asset, wanted, wanted, LeftOut.UNSERVED, None)
    if skipped is not None:
        return Residual(ask.asset, wanted, left, skipped.reason, skipped.contract)
    stuck = _stuck(ask, after, desk)
    if stuck is not None:
        return Residual(ask.asset, wanted, left, LeftOut.UNTRADABLE, stuck)
    if legs or contract is None:
        return Residual(ask.asset, wanted, ZERO, None, contract, after.passed.get(ask.asset, ()))
    if not left_behind(ask, missing, before.base(ask.asset), desk=desk):
        return Residual(ask.asset, wanted, left, LeftOut.WITHIN_HEDGE_BAND, contract)
    if before.protected(ask.asset):
        return Residual(ask.asset, wanted, ZERO, None, contract)
    too_large = abs(wanted) <= least_leg_usd(ask.asset, contract, desk.portfolio)
    reason = LeftOut.SMALLER_THAN_A_LOT if too_large else LeftOut.BELOW_MIN_ORDER
    return Residual(ask.asset, wanted, wanted, reason, contract)


def _stuck(ask: Ask, after: Tally, desk: Desk) -> Contract | None:
    """The first contract of which too much stays protected, as no order can close it; None where nothing does.

    Too much: by more than the policy's hedge_band, with all that can be closed closed.
    """
    band = desk.portfolio.policy.hedge_band * max(ZERO, after.base(ask.asset))
    closes = in_the_way(ask.asset, desk)
    if after.missing(ask) >= -band or any(after.held(each.contract, ask.asset) for each in closes):
        return None
    held = desk.positions_for.get(ask.asset, ())
    stays = (each for each in held if part_held(each, ask.asset, Purpose.HEDGE) < 0 and each not in closes)
    return next((each.contract for each in stays), None)
