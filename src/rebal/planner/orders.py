"""From legs to orders: one a contract, net over its legs, its price on the tick; what no order carries, and why."""

from collections.abc import Iterable, Mapping, Sequence

from rebal.amounts import ZERO, Fraction, down, total, up
from rebal.book import Book, Purpose
from rebal.market.contract import INVERSE, Contract, fee_on
from rebal.plan import BUY, SELL, Order, OrderPart, Side
from rebal.planner.candidates import Candidate, part_held
from rebal.planner.sizing import LeftOut, Leg, Passed, Residual, carried_usd, fully_reducing, is_below_min_order
from rebal.planner.targets import least_leg_usd, lot_usd
from rebal.policy import Route
from rebal.portfolio import Portfolio


def orders_of(legs: Iterable[Leg], *, book: Book, portfolio: Portfolio) -> tuple[Order, ...]:
    """One order a contract, net over its legs; an order below a minimum is left out."""
    placed: list[Order] = []
    grouped = _by_contract(legs)
    for name in sorted(grouped):
        on_it = grouped[name]
        signed = _net(on_it)
        if _is_placed(on_it[0].contract, signed, book, portfolio):
            placed.append(_order(on_it, signed, book, portfolio))
    return tuple(placed)


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
    if is_below_min_order(contract, signed, portfolio):
        return LeftOut.BELOW_MIN_ORDER
    return None


def limit_price(price: Fraction, tick_size: Fraction | None, side: Side) -> Fraction | None:
    """The mark on the contract's tick, toward the side that still fills at it; None where the tick is not known."""
    if tick_size is None:
        return None
    return up(price, tick_size) if side is BUY else down(price, tick_size)


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
    undone = wanted - total([carried_usd(leg, portfolio) for leg in legs if leg.contract.name in orders])
    contract = _rounded_on(legs, opening, book, portfolio)
    dropped = [leg for leg in legs if leg.contract.name not in orders]
    reason: LeftOut | None = None
    if dropped:
        contract = dropped[0].contract
        reason = too_small(dropped[:1], book, portfolio) or LeftOut.CANCELS
    elif opening is None and not fully_reducing(legs, undone, portfolio):
        reason = LeftOut.UNSERVED
    elif not legs and wanted:
        reason = _too_little_for_any(abs(wanted), asset, contract, portfolio)
    elif contract is not None and abs(undone) >= lot_usd(asset, contract, portfolio):
        reason = _lots_left(abs(undone), asset, opening, portfolio)
        contract = opening.contract if opening and reason is LeftOut.BELOW_MIN_CONTRACTS else contract
    return Residual(asset, wanted, undone, reason, contract, passed)


def _too_little_for_any(dollars: Fraction, asset: str, contract: Contract | None, portfolio: Portfolio) -> LeftOut:
    """Why a leg has come to nothing: less than a contract's least order, or than the policy's."""
    an_order = contract is not None and dollars >= least_leg_usd(asset, contract, portfolio)
    return LeftOut.BELOW_MIN_ORDER if an_order and dollars < portfolio.policy.min_order else LeftOut.SMALLER_THAN_A_LOT


def _lots_left(dollars: Fraction, asset: str, opening: Candidate | None, portfolio: Portfolio) -> LeftOut | None:
    """Why more than a lot is left: of several accounts less than the policy's least order, or less than the venue's."""
    if portfolio.has_several and dollars < portfolio.policy.min_order:
        return LeftOut.BELOW_MIN_ORDER  # for so little no coins are brought from elsewhere
    contract = opening.contract if opening else None
    if contract is None or contract.min_contracts <= contract.lot_size:
        return None
    return LeftOut.BELOW_MIN_CONTRACTS if dollars < least_leg_usd(asset, contract, portfolio) else None


def _rounded_on(legs: Sequence[Leg], opening: Candidate | None, book: Book, portfolio: Portfolio) -> Contract | None:
    """What a leg's rest is rounded to: the finest lots of what carries some of it, of what opens once all is closed."""
    goes_on = [leg.contract for leg in legs if not _closes_whole(leg, book)]
    if not goes_on:
        return opening.contract if opening else legs[-1].contract if legs else None
    if len(goes_on) == 1:
        return goes_on[0]
    return min(goes_on, key=lambda each: portfolio.notional_usd(each, each.lot_size))


def _closes_whole(leg: Leg, book: Book) -> bool:
    position = book.positions.get(leg.contract.name)
    return position is not None and part_held(position, leg.stands_for, leg.purpose) == -leg.contracts


def _order(legs: Sequence[Leg], signed: Fraction, book: Book, portfolio: Portfolio) -> Order:
    contract, size = legs[0].contract, abs(signed)
    price = portfolio.market.mark(contract)
    side = BUY if signed > 0 else SELL
    position, value = book.positions.get(contract.name), contract.position_value(size, price)
    return Order(  # by their places: a class that is called by names takes them through a dictionary
        contract.name,
        contract.asset,
        contract.kind,
        side,
        size,
        contract.order_quantity(size),
        contract.order_unit,
        portfolio.notional_usd(contract, size),
        value if contract.kind is INVERSE else contract.coins(size, price),
        price,
        limit_price(price, contract.tick_size, side),
        position is not None and position.contracts * signed < 0 and size <= abs(position.contracts),
        fee_on(value, contract.taker_fee),
        contract.settle,
        _route(legs),
        _parts(legs),
        portfolio.account(contract.account).name,
    )


def _route(legs: Sequence[Leg]) -> Route:
    """That of the largest leg; of legs alike the asset's own before one through a proxy."""
    if len(legs) == 1:
        return legs[0].route
    return max(legs, key=lambda leg: (abs(leg.contracts), leg.stands_for == leg.contract.asset)).route


def _parts(legs: Sequence[Leg]) -> tuple[OrderPart, ...]:
    shares: dict[tuple[Purpose, str], Fraction] = {}
    if len(legs) == 1:
        (leg,) = legs
        return (OrderPart(leg.purpose, leg.contracts, (leg.stands_for,)),)
    for leg in legs:
        key = (leg.purpose, leg.stands_for)
        shares[key] = shares.get(key, ZERO) + leg.contracts
    return tuple(
        OrderPart(purpose, contracts, (asset,)) for (purpose, asset), contracts in sorted(shares.items()) if contracts
    )


def _by_contract(legs: Iterable[Leg]) -> dict[str, list[Leg]]:
    grouped: dict[str, list[Leg]] = {}
    for leg in legs:
        grouped.setdefault(leg.contract.name, []).append(leg)
    return grouped
