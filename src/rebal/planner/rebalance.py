"""What a rebalance trades: nothing while every weight is inside its band, all legs to target once one is outside."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.book import Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import Order
from rebal.planner.desk import Desk, has_collateral
from rebal.planner.drift import band_width, least_order_usd, leg, lot_usd, target
from rebal.planner.routes import Candidate, part_held, reducible
from rebal.planner.sizing import Leg, Residual, legs_for, orders_of, residual
from rebal.portfolio import DOLLARS


@frozen
class Decided:
    """Orders, what each leg that was wanted leaves undone, and which weights are off.

    ``outside``: beyond the effective band; ``beyond_policy``: beyond the policy's own, which a lot or fees may widen.
    """

    orders: tuple[Order, ...]
    residuals: tuple[Residual, ...]
    outside: frozenset[str] = frozenset()
    beyond_policy: frozenset[str] = frozenset()


def rebalance(desk: Desk) -> Decided:
    """Decide the legs of a rebalance.

    A weight outside its band triggers all legs to their targets, unless its own order is empty (no contract serves
    it, or a lot or a minimum is too large for it): that one is reported, and triggers nothing. The dollars' row has no
    order of its own.
    """
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return Decided((), ())
    wanted = _wanted(desk)
    outside, beyond_policy = _outside(wanted, desk), _beyond_policy(wanted, desk)
    if any(_triggers(asset, wanted[asset], desk) for asset in sorted(outside - {DOLLARS})):
        moved = wanted
    else:
        moved = {asset: wanted[asset] for asset in beyond_policy if not _own_order(asset, wanted[asset], desk)}
    orders, residuals = trade(moved, desk)
    return Decided(orders, residuals, outside, beyond_policy)


def outside_band(desk: Desk) -> frozenset[str]:
    """The assets whose weight has drifted out of its band, the dollars' row among them.

    The band is the larger of the policy's, two taker fees, and one lot over equity.
    """
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return frozenset()
    return _outside(_wanted(desk), desk)


def _outside(wanted: Mapping[str, Fraction], desk: Desk) -> frozenset[str]:
    portfolio, equity = desk.portfolio, desk.valued.equity
    found = {
        asset
        for asset, dollars in wanted.items()
        if abs(dollars) > equity * band_width(asset, _trades_on(asset, dollars, desk), desk.valued, portfolio)
    }
    dollars = leg(DOLLARS, desk.valued, portfolio)
    if abs(dollars) > equity * portfolio.policy.band.width(target(DOLLARS, portfolio)):
        found.add(DOLLARS)
    return frozenset(found)


def trade(wanted: Mapping[str, Fraction], desk: Desk) -> tuple[tuple[Order, ...], tuple[Residual, ...]]:
    """Orders that move each asset's exposure by the dollars wanted, by the first route that has its collateral."""
    legs: list[Leg] = []
    chosen: dict[str, tuple[Candidate | None, tuple[Leg, ...]]] = {}
    for asset, dollars in sorted(wanted.items()):
        chosen[asset] = _carried(asset, dollars, desk, legs)
        legs += chosen[asset][1]
    orders = orders_of(legs, book=desk.book, portfolio=desk.portfolio)
    by_contract = {order.contract: order for order in orders}
    residuals = tuple(
        residual(
            asset,
            wanted[asset],
            legs=own,
            orders=by_contract,
            opening=opening,
            book=desk.book,
            portfolio=desk.portfolio,
        )
        for asset, (opening, own) in chosen.items()
    )
    return orders, residuals


def _carried(
    asset: str, dollars: Fraction, desk: Desk, taken: Sequence[Leg]
) -> tuple[Candidate | None, tuple[Leg, ...]]:
    found = desk.candidates(asset)
    if not found:
        return None, _legs(asset, dollars, None, desk)
    for candidate in found if len(found) > 1 else ():
        legs = _legs(asset, dollars, candidate, desk)
        if has_collateral(legs, desk, taken=taken):
            return candidate, legs
    return found[0], _legs(asset, dollars, found[0], desk)


def _legs(asset: str, dollars: Fraction, opening: Candidate | None, desk: Desk) -> tuple[Leg, ...]:
    positions = desk.positions_for.get(asset, ())
    return legs_for(asset, dollars, opening, positions=positions, portfolio=desk.portfolio, now=desk.now)


def _own_order(asset: str, dollars: Fraction, desk: Desk) -> bool:
    found = desk.candidates(asset)
    legs = _legs(asset, dollars, found[0] if found else None, desk)
    return bool(orders_of(legs, book=desk.book, portfolio=desk.portfolio))


def _triggers(asset: str, dollars: Fraction, desk: Desk) -> bool:
    """Whether a weight outside its band sets everything in motion.

    Not where it is off by no more than a plan itself leaves behind, a least order and two fees together on what carries
    it: a plan just carried out would be planned again.
    """
    portfolio = desk.portfolio
    positions = desk.positions_for.get(asset, ())
    carrying = [each.contract for each in positions if part_held(each, asset, Purpose.REBALANCE)]
    closing = reducible(asset, positions, Purpose.REBALANCE, direction=dollars, now=desk.now)
    opening = [] if closing else [candidate.contract for candidate in desk.candidates(asset)[:1]]
    left_behind = [
        *(2 * each.taker_fee * desk.valued.equity + lot_usd(each, portfolio) for each in carrying),
        *(2 * each.taker_fee * desk.valued.equity + least_order_usd(each, portfolio) for each in opening),
    ]
    return abs(dollars) > max(left_behind, default=ZERO) and _own_order(asset, dollars, desk)


def _trades_on(asset: str, dollars: Fraction, desk: Desk) -> Contract | None:
    """The contract that a leg of an asset would be traded on first."""
    positions = desk.positions_for.get(asset, ())
    in_the_way = reducible(asset, positions, Purpose.REBALANCE, direction=dollars, now=desk.now)
    if in_the_way:
        return in_the_way[0].contract
    found = desk.candidates(asset) if dollars else ()
    return found[0].contract if found else None


def _wanted(desk: Desk) -> dict[str, Fraction]:
    return {asset: leg(asset, desk.valued, desk.portfolio) for asset in desk.valued.exposures if asset != DOLLARS}


def _beyond_policy(wanted: Mapping[str, Fraction], desk: Desk) -> frozenset[str]:
    band, portfolio = desk.portfolio.policy.band, desk.portfolio
    return frozenset(
        asset
        for asset, dollars in wanted.items()
        if abs(dollars) > desk.valued.equity * band.width(target(asset, portfolio))
    )
