"""From dollars to contracts: what a leg comes to on a contract, rounded toward zero, and what is left out and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from rebal.amounts import ONE, ZERO, Fraction, down, total, toward_zero, up
from rebal.book import Book, Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import Order, OrderPart, Side
from rebal.planner.change import Stack, changed
from rebal.planner.collateral import Shortage
from rebal.planner.exposure import beta, leg_value
from rebal.planner.routes import Candidate, part_held, reducible, route_of
from rebal.portfolio import Portfolio, Route


class LeftOut(StrEnum):
    """Why dollars of a leg were not traded."""

    UNSERVED = "unserved"
    SMALLER_THAN_A_LOT = "smaller than a lot"
    BELOW_MIN_ORDER = "below min_order"
    BELOW_MIN_CONTRACTS = "below min_contracts"
    WITHIN_HEDGE_BAND = "within hedge_band"
    CANCELS = "cancels against another leg"
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
    positions: Iterable[Position],
    portfolio: Portfolio,
    now: datetime,
) -> tuple[Leg, ...]:
    """The legs that move an asset's exposure by some dollars: positions in the way first, then the opening contract.

    Rounded toward zero to the lot on every contract; what a lot is too large for is left. A position whose closing is
    less than the least order stays, as that order would be left out, and what opens elsewhere does its part as well.
    """
    legs, remaining = closing_legs(asset, dollars, opening, positions=positions, portfolio=portfolio, now=now)
    if opening is not None and remaining is not None:
        one = leg_value(opening.contract, ONE, portfolio) / opening.beta
        contracts = toward_zero(remaining / one, opening.contract.lot_size)
        if contracts:
            return (*legs, Leg(opening.contract, contracts, opening.route, Purpose.REBALANCE, asset))
    return legs


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
        one = leg_value(contract, ONE, portfolio) / beta(asset, contract, portfolio)
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
            yield leg if size == abs(leg.contracts) else replace(leg, contracts=size if leg.contracts > 0 else -size)


def _stays(contract: Contract, contracts: Fraction, opening: Candidate | None, portfolio: Portfolio) -> bool:
    if opening is None or opening.contract.name == contract.name:
        return False
    return _below_min_order(contract, contracts, portfolio)


def least_lots(contract: Contract, portfolio: Portfolio) -> int:
    """The lots of the least order that the venue and the policy take."""
    one = contract.notional(ONE, portfolio.market.mark(contract))
    least = max(contract.lot_size, contract.min_contracts, portfolio.policy.min_order / one)
    return int(up(least, contract.lot_size) / contract.lot_size)


def _below_a_minimum(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> bool:
    return abs(contracts) < contract.min_contracts or _below_min_order(contract, contracts, portfolio)


def _below_min_order(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> bool:
    return portfolio.notional_usd(contract, abs(contracts)) < portfolio.policy.min_order


def carried_usd(leg: Leg, portfolio: Portfolio) -> Fraction:
    """Dollars that a leg moves the exposure of its asset by."""
    return leg_value(leg.contract, leg.contracts, portfolio) / beta(leg.stands_for, leg.contract, portfolio)


def orders_of(legs: Iterable[Leg], *, book: Book, portfolio: Portfolio) -> tuple[Order, ...]:
    """One order a contract, net over its legs; an order below a minimum is left out."""
    return tuple(
        _order(grouped, signed, book, portfolio)
        for _, grouped in sorted(_by_contract(legs).items())
        for signed in (_net(grouped),)
        if _is_placed(grouped[0].contract, signed, book, portfolio)
    )


def any_order_of(legs: Iterable[Leg], *, book: Book, portfolio: Portfolio) -> bool:
    """Whether any order comes of some legs."""
    return any(_is_placed(each[0].contract, _net(each), book, portfolio) for each in _by_contract(legs).values())


def _net(legs: Sequence[Leg]) -> Fraction:
    return legs[0].contracts if len(legs) == 1 else total([leg.contracts for leg in legs])


def _is_placed(contract: Contract, signed: Fraction, book: Book, portfolio: Portfolio) -> bool:
    return bool(signed) and refused_size(contract, signed, book=book, portfolio=portfolio) is None


def close_orders(legs: Iterable[Leg], *, book: Book, portfolio: Portfolio) -> tuple[Order, ...]:
    """One order a contract, net over its legs, with no minimum of ours: what is to be closed is closed whole."""
    return tuple(
        _order(grouped, signed, book, portfolio)
        for _, grouped in sorted(_by_contract(legs).items())
        for signed in (_net(grouped),)
        if signed
    )


def too_small(legs: Sequence[Leg], book: Book, portfolio: Portfolio) -> LeftOut | None:
    """Which minimum, if any, the net order of legs on one contract is below."""
    return refused_size(legs[0].contract, _net(legs), book=book, portfolio=portfolio)


def refused_size(contract: Contract, signed: Fraction, *, book: Book, portfolio: Portfolio) -> LeftOut | None:
    """Which minimum, if any, an order is below; all of a position may always be closed."""
    position = book.positions.get(contract.name)
    closes = position is not None and position.contracts == -signed
    if abs(signed) < contract.min_contracts and not closes:
        return LeftOut.BELOW_MIN_CONTRACTS
    if _below_min_order(contract, signed, portfolio):
        return LeftOut.BELOW_MIN_ORDER
    return None


def limit_price(price: Fraction, tick_size: Fraction | None, side: Side) -> Fraction | None:
    """The mark on the contract's tick, toward the side that still fills at it; None where the tick is not known."""
    if tick_size is None:
        return None
    return up(price, tick_size) if side is Side.BUY else down(price, tick_size)


def residual(
    asset: str,
    wanted: Fraction,
    *,
    legs: Sequence[Leg],
    orders: Mapping[str, Order],
    opening: Candidate | None,
    passed: tuple[Passed, ...],
    book: Book,
    portfolio: Portfolio,
) -> Residual:
    """What the orders carry of an asset's leg, and why the rest is left."""
    done = total(carried_usd(leg, portfolio) for leg in legs if leg.contract.name in orders)
    contract = _last_or_finest(legs, portfolio) if legs else opening.contract if opening else None
    dropped = [leg for leg in legs if leg.contract.name not in orders]
    reason: LeftOut | None = None
    if dropped:
        contract = dropped[0].contract
        reason = too_small(dropped[:1], book, portfolio) or LeftOut.CANCELS
    elif opening is None and not fully_reducing(legs, wanted - done, portfolio):
        reason = LeftOut.UNSERVED
    elif not legs and wanted:
        reason = LeftOut.SMALLER_THAN_A_LOT
    elif _is_too_little(legs, abs(wanted - done), portfolio):
        reason = LeftOut.BELOW_MIN_ORDER
    return Residual(asset, wanted, wanted - done, reason, contract, passed)


def _is_too_little(legs: Sequence[Leg], undone: Fraction, portfolio: Portfolio) -> bool:
    """Whether lots of several accounts are left, less than an order, for which coins would have to come."""
    if not portfolio.has_several or not legs:
        return False
    finest = min(abs(carried_usd(replace(leg, contracts=leg.contract.lot_size), portfolio)) for leg in legs)
    return finest <= undone < portfolio.policy.min_order


def _last_or_finest(legs: Sequence[Leg], portfolio: Portfolio) -> Contract:
    """What a leg's rest is rounded to: the lots of its last contract, the finest of several accounts'."""
    if not portfolio.has_several:
        return legs[-1].contract
    return min((leg.contract for leg in legs), key=lambda each: portfolio.notional_usd(each, each.lot_size))


def _by_contract(legs: Iterable[Leg]) -> dict[str, list[Leg]]:
    grouped: dict[str, list[Leg]] = {}
    for leg in legs:
        grouped.setdefault(leg.contract.name, []).append(leg)
    return grouped


def fully_reducing(legs: Sequence[Leg], undone: Fraction, portfolio: Portfolio) -> bool:
    """Whether reducing orders alone carry a leg, up to a lot of the last of them."""
    if not legs:
        return not undone
    last = legs[-1]
    one = leg_value(last.contract, last.contract.lot_size, portfolio) / beta(last.stands_for, last.contract, portfolio)
    return abs(undone) < one


def _order(legs: Sequence[Leg], signed: Fraction, book: Book, portfolio: Portfolio) -> Order:
    contract = legs[0].contract
    price = portfolio.market.mark(contract)
    side = Side.BUY if signed > 0 else Side.SELL
    position = book.positions.get(contract.name)
    net = position.contracts if position is not None else ZERO
    return Order(  # the first by their places: a call with more than fifteen names goes through a dictionary
        contract.name,
        contract.asset,
        contract.kind,
        side,
        contracts=abs(signed),
        order_quantity=contract.order_quantity(signed),
        order_unit=contract.order_unit,
        notional=portfolio.notional_usd(contract, signed),
        coins=contract.coins(signed, price),
        price=price,
        limit_price=limit_price(price, contract.tick_size, side),
        reduce_only=net * signed < 0 and abs(signed) <= abs(net),
        fee=contract.fee(signed, price, contract.taker_fee),
        fee_currency=contract.settle,
        route=legs[-1].route,
        parts=_parts(legs),
        account=portfolio.account(contract.account).name,
    )


def _parts(legs: Sequence[Leg]) -> tuple[OrderPart, ...]:
    shares: dict[tuple[Purpose, str], Fraction] = {}
    for leg in legs:
        key = (leg.purpose, leg.stands_for)
        shares[key] = shares.get(key, ZERO) + leg.contracts
    return tuple(
        OrderPart(purpose, contracts, (asset,)) for (purpose, asset), contracts in sorted(shares.items()) if contracts
    )


def _nearer_zero(contracts: Fraction, limit: Fraction) -> Fraction:
    return max(-limit, min(limit, contracts))
