"""What a rebalance trades: nothing while every weight is inside its band, all legs to target once one is outside."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import Order
from rebal.planner.desk import Desk, has_collateral
from rebal.planner.drift import band_width, dollars_band_width, leg
from rebal.planner.routes import Candidate, part_held
from rebal.planner.sizing import Leg, Outcome, legs_for, orders_of, outcome
from rebal.portfolio import DOLLARS, Purpose


@frozen
class Decided:
    """Orders, what became of each leg that was wanted, and which weights are outside their band."""

    orders: tuple[Order, ...]
    outcomes: tuple[Outcome, ...]
    outside: frozenset[str]


def rebalance(desk: Desk) -> Decided:
    """Decide the legs of a rebalance.

    A weight outside its band triggers all legs to their targets, unless its own order is empty (no contract serves
    it, or a lot or a minimum is too large for it): that one is reported, and triggers nothing.
    """
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return Decided((), (), frozenset())
    wanted = _wanted(desk)
    outside = _outside(wanted, desk)
    if DOLLARS in outside:
        triggered = any(_own_order(asset, dollars, desk) for asset, dollars in wanted.items())
    else:
        triggered = any(_own_order(asset, wanted[asset], desk) for asset in sorted(outside))
    moved = wanted if triggered else {asset: wanted[asset] for asset in outside - {DOLLARS}}
    orders, outcomes = trade(moved, desk)
    return Decided(orders, outcomes, outside)


def outside_band(desk: Desk) -> frozenset[str]:
    """The assets whose weight has drifted out of its band, the dollars' row among them."""
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return frozenset()
    return _outside(_wanted(desk), desk)


def trade(wanted: Mapping[str, Fraction], desk: Desk) -> tuple[tuple[Order, ...], tuple[Outcome, ...]]:
    """Orders that move each asset's exposure by the dollars wanted, by the first route that has its collateral."""
    legs: list[Leg] = []
    chosen: dict[str, tuple[Candidate | None, tuple[Leg, ...]]] = {}
    for asset, dollars in sorted(wanted.items()):
        chosen[asset] = _carried(asset, dollars, desk, legs)
        legs += chosen[asset][1]
    orders = orders_of(legs, book=desk.book, portfolio=desk.portfolio)
    by_contract = {order.contract: order for order in orders}
    outcomes = tuple(
        outcome(asset, wanted[asset], legs=own, orders=by_contract, opening=opening, portfolio=desk.portfolio)
        for asset, (opening, own) in chosen.items()
    )
    return orders, outcomes


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


def _carriers(asset: str, dollars: Fraction, desk: Desk) -> tuple[Contract, ...]:
    """The contracts whose lots and fees an asset's weight may be off by: those that carry it, and the next to."""
    if not dollars:
        return ()
    carrying = [
        position.contract
        for position in desk.positions_for.get(asset, ())
        if part_held(position, asset, Purpose.REBALANCE)
    ]
    return (*carrying, *(candidate.contract for candidate in desk.candidates(asset)[:1]))


def _wanted(desk: Desk) -> dict[str, Fraction]:
    return {asset: leg(asset, desk.valued, desk.portfolio) for asset in desk.valued.exposures if asset != DOLLARS}


def _outside(wanted: Mapping[str, Fraction], desk: Desk) -> frozenset[str]:
    equity, portfolio = desk.valued.equity, desk.portfolio
    contracts = {asset: _carriers(asset, dollars, desk) for asset, dollars in wanted.items()}
    found = {
        asset
        for asset, dollars in wanted.items()
        if abs(dollars) > equity * band_width(asset, contracts[asset], valued=desk.valued, portfolio=portfolio)
    }
    served = [contract for carriers in contracts.values() for contract in carriers]
    dollars = leg(DOLLARS, desk.valued, portfolio)
    if abs(dollars) > equity * dollars_band_width(served, valued=desk.valued, portfolio=portfolio):
        found.add(DOLLARS)
    return frozenset(found)
