"""From dollars to contracts: what a leg comes to on a contract, rounded toward zero."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from rebal.amounts import ONE, ZERO, Fraction, total, toward_zero
from rebal.book import Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.candidates import Candidate, part_held, reducible, route_of
from rebal.planner.change import Stack, changed
from rebal.planner.collateral import Shortage
from rebal.planner.exposure import asset_usd, leg_value
from rebal.policy import Route
from rebal.portfolio import Portfolio


class LeftOut(StrEnum):
    """Why dollars of a leg were not traded."""

    UNSERVED = "unserved"
    SMALLER_THAN_A_LOT = "smaller than a lot"
    BELOW_MIN_ORDER = "below min_order"
    BELOW_MIN_CONTRACTS = "below min_contracts"
    WITHIN_HEDGE_BAND = "within hedge_band"
    CANCELS = "cancels against another leg"
    UNTRADABLE = "on what cannot be traded"
    UNCOVERED = "uncovered"


@frozen
class Leg:
    """Signed contracts of one contract, for one purpose, standing for one asset."""

    contract: Contract
    contracts: Fraction
    route: Route
    purpose: Purpose
    stands_for: str


@frozen
class Passed:
    """A contract that could carry a leg, but for the coins: what it would have opened, and what that lacks.

    ``carried``: signed contracts of it that it opens all the same, the rest goes elsewhere. ``capped``: whether it is
    what may sit at its account that is in the way, not the coins.
    """

    candidate: Candidate
    contracts: Fraction
    shortage: Shortage
    carried: Fraction = ZERO
    capped: bool = False


@frozen
class Residual:
    """What an asset's leg leaves undone, and why.

    ``wanted``: the whole leg in USD. ``undone``: what no order carries. ``contract``: where it would have been traded.
    ``passed``: the contracts better liked for which the coins do not do.
    """

    asset: str
    wanted: Fraction
    undone: Fraction
    left_out: LeftOut | None
    contract: Contract | None
    passed: tuple[Passed, ...] = ()


def legs_for(
    asset: str,
    dollars: Fraction,
    opening: Candidate | None,
    *,
    positions: Collection[Position],
    portfolio: Portfolio,
    now: datetime,
) -> tuple[Leg, ...]:
    """The legs that move an asset's exposure by some dollars: positions in the way first, then the opening contract.

    Rounded toward zero to the lot on every contract; what a lot is too large for is left. A position whose closing is
    less than the least order stays, as that order would be left out, and what opens elsewhere does its part as well.
    Where a position is closed whole and so little opened behind it that both are less than its venue's least order, it
    is closed alone, which a venue takes whatever its size.
    """
    legs: tuple[Leg, ...] = ()
    remaining: Fraction | None = dollars
    if positions:  # of most coins nothing is open
        legs, remaining = closing_legs(asset, dollars, opening, positions=positions, portfolio=portfolio, now=now)
    if opening is not None and remaining is not None:
        one = leg_value(opening.contract, ONE, portfolio) / opening.beta
        contracts = toward_zero(remaining / one, opening.contract.lot_size)
        opened = Leg(opening.contract, contracts, opening.route, Purpose.REBALANCE, asset)
        if contracts and not (positions and _reverses_too_little(legs, opened, positions)):
            return (*legs, opened)
    return legs


def _reverses_too_little(legs: Iterable[Leg], opened: Leg, positions: Iterable[Position]) -> bool:
    contract = opened.contract
    closed = total(leg.contracts for leg in legs if leg.contract.name == contract.name)
    is_whole = any(each.contract.name == contract.name and each.contracts == -closed for each in positions)
    return is_whole and abs(closed + opened.contracts) < contract.min_contracts


def closing_legs(
    asset: str,
    dollars: Fraction,
    opening: Candidate | None,
    *,
    positions: Iterable[Position],
    portfolio: Portfolio,
    now: datetime,
) -> tuple[tuple[Leg, ...], Fraction | None]:
    """The legs of positions in the way, and the dollars that they leave to be opened; None where one is left open.

    Of several accounts, what the lots of a position leave goes on to the next one whose lots it fills, and what all
    lots leave is closed with the finest of them (see ``change``).
    """
    legs: list[Leg] = []
    stacks: list[Stack] = []
    remaining, is_left_open = dollars, False
    for position in reducible(asset, positions, Purpose.REBALANCE, direction=dollars, portfolio=portfolio, now=now):
        contract = position.contract
        one = asset_usd(asset, contract, ONE, portfolio=portfolio)
        open_now = abs(part_held(position, asset, Purpose.REBALANCE))
        contracts = toward_zero(_nearer_zero(remaining / one, open_now), contract.lot_size)
        if abs(contracts) == open_now and _stays(contract, contracts, opening, portfolio):
            continue
        if is_left_open and _below_a_minimum(contract, contracts, portfolio):
            continue
        if contracts:
            legs.append(Leg(contract, contracts, route_of(asset, contract), Purpose.REBALANCE, asset))
            lots, most = (int(each / contract.lot_size) for each in (abs(contracts), open_now))
            stacks.append(Stack(one * contract.lot_size, lots, most, least_lots(contract, portfolio)))
        remaining -= contracts * one
        is_left_open = is_left_open or abs(contracts) < open_now
        if is_left_open and not portfolio.has_several:
            break
    if is_left_open and portfolio.has_several:
        return tuple(_with_lots(legs, changed(stacks, abs(remaining)))), None
    return tuple(legs), None if is_left_open else remaining


def _with_lots(legs: Iterable[Leg], stacks: Iterable[Stack]) -> Iterator[Leg]:
    for leg, stack in zip(legs, stacks, strict=True):
        size = stack.lots * leg.contract.lot_size
        if size:
            yield replace(leg, contracts=size if leg.contracts > 0 else -size)


def _stays(contract: Contract, contracts: Fraction, opening: Candidate | None, portfolio: Portfolio) -> bool:
    if opening is None or opening.contract.name == contract.name:
        return False
    return is_below_min_order(contract, contracts, portfolio)


def least_lots(contract: Contract, portfolio: Portfolio) -> int:
    """The lots of the least order that the venue and the policy take."""
    one = portfolio.notional_usd(contract, ONE)
    least = max(contract.lot_size, contract.min_contracts, portfolio.policy.min_order / one)
    return -int(-least // contract.lot_size)


def _below_a_minimum(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> bool:
    return abs(contracts) < contract.min_contracts or is_below_min_order(contract, contracts, portfolio)


def is_below_min_order(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> bool:
    """Whether some contracts are fewer dollars than the least order of the policy."""
    return portfolio.notional_usd(contract, contracts) < portfolio.policy.min_order


def carried_usd(leg: Leg, portfolio: Portfolio) -> Fraction:
    """Dollars that a leg moves the exposure of its asset by."""
    return asset_usd(leg.stands_for, leg.contract, leg.contracts, portfolio=portfolio)


def fully_reducing(legs: Sequence[Leg], undone: Fraction, portfolio: Portfolio) -> bool:
    """Whether reducing orders alone carry a leg, up to a lot of the last of them."""
    if not legs:
        return not undone
    last = legs[-1]
    return abs(undone) < asset_usd(last.stands_for, last.contract, last.contract.lot_size, portfolio=portfolio)


def _nearer_zero(contracts: Fraction, limit: Fraction) -> Fraction:
    return max(-limit, min(limit, contracts))
