"""What a rebalance trades: nothing while every weight is inside its band, all legs to target once one is outside."""

from collections.abc import Mapping
from dataclasses import replace

from rebal.amounts import ZERO, Fraction, total
from rebal.book import Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import Order
from rebal.planner.candidates import Candidate, part_held, reducible
from rebal.planner.carrying import Carried, Shrink, carry, moved_usd
from rebal.planner.desk import Desk
from rebal.planner.orders import any_order_of, residual
from rebal.planner.sizing import LeftOut, Passed, Residual
from rebal.planner.splitting import lacking
from rebal.planner.targets import Aims, aims, band_width, least_leg_usd, lot_usd, target
from rebal.policy import Uncovered
from rebal.portfolio import DOLLARS


@frozen
class Decided:
    """Orders, what each leg that was wanted leaves undone, and which weights are off.

    ``outside``: beyond the effective band; ``beyond_policy``: beyond the policy's own, which a lot or fees may widen.
    ``aims``: what is aimed at in place of the targets, None where there are none.
    """

    orders: tuple[Order, ...]
    residuals: tuple[Residual, ...]
    outside: frozenset[str] = frozenset()
    beyond_policy: frozenset[str] = frozenset()
    aims: Aims | None = None


@frozen
class _Round:
    """What is wanted of each asset while some are left as they are; ``moved``: what of it is to be traded.

    ``triggers``: the assets whose weight sets everything in motion. ``trades``: whether anything does; else what would
    move is too small for an order of its own, and is there to be told.
    """

    aims: Aims
    wanted: Mapping[str, Fraction]
    outside: frozenset[str]
    beyond_policy: frozenset[str]
    triggers: frozenset[str]
    moved: Mapping[str, Fraction]
    trades: bool


def rebalance(desk: Desk, *, fit: bool = False) -> Decided:
    """Decide the legs of a rebalance.

    A weight outside its band triggers all legs to their aims, unless its own order is empty (no contract serves it, or
    a lot or a minimum is too large for it): that one is reported, and triggers nothing. The dollars' row has no order
    of its own. What no contract serves or no coin margins keeps its exposure, and the others aim at what it leaves
    (see ``aims``), until no further one is found; ``fit``: so does what the coins do not margin whole, shrunk to the
    lots that they do. Where the policy refuses the uncovered, everything aims at its target.

    Legs that share a contract or a pool can make room for one another: what was left for want of coins, and of which
    the next plan would find some margined, is not left but asked for whole.
    """
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return Decided((), ())
    asked: frozenset[str] = frozenset()
    while True:
        decided, left = _settled(desk, fit=fit, asked=asked)
        further = frozenset() if fit else _with_room_after(decided, left - asked, desk)
        if not further:
            return decided
        asked |= further


def _settled(desk: Desk, *, fit: bool, asked: frozenset[str], in_band: bool = True) -> tuple[Decided, frozenset[str]]:
    """The legs once no further asset is found that cannot reach its aim, and what is left for want of coins.

    ``asked``: what is not to be left; ``in_band``: whether a weight inside its band triggers nothing.
    """
    spreads = desk.portfolio.policy.uncovered is Uncovered.SPREAD
    kept = _out_of_reach(desk) if spreads else {}
    met: dict[str, Carried] = {}
    triggers: frozenset[str] = frozenset()
    goes_on = False
    while True:
        found = _round(kept, desk, goes_on=goes_on, in_band=in_band)
        triggers |= found.triggers
        shrink = Shrink(to_nothing=spreads or fit, to_fit=fit, never=asked)
        carried = carry(found.moved, desk, shrink=shrink, settled=met)
        left = {asset: each for asset, each in carried.items() if not each.covered and asset not in kept}
        further = {asset: each for asset, each in left.items() if spreads or each.passed}
        smaller = _smaller(carried, met, desk) if fit and not further else {}
        if smaller:
            met |= smaller
            kept = kept | {asset: _left_with(asset, each, desk) for asset, each in smaller.items()}
            continue
        if not further:
            found, carried = _in_motion(found, carried, kept, desk)
            return _decided(found, carried, met, desk, triggered=bool(triggers)), frozenset(met)
        stay = _whatever_others_do(_one_side(further, found.aims, desk), found, carried, met, desk=desk)
        # what was shrunk is in the band of its new aim at once; what it set in motion goes on
        goes_on = goes_on or any(further[asset].legs for asset in stay.keys() & found.triggers)
        met |= {asset: further[asset] for asset in stay}
        kept = kept | stay


def _in_motion(
    found: _Round, carried: dict[str, Carried], kept: Mapping[str, Fraction], desk: Desk
) -> tuple[_Round, dict[str, Carried]]:
    """The round as it is, or at rest where all that set it in motion cancels out on the contracts that it shares.

    What would be the same again after every plan is no reason to trade the others.
    """
    if not found.triggers or any(_moves(order, found, carried, desk) for order in _orders(carried, desk)):
        return found, carried
    small = {each for each in found.beyond_policy - kept.keys() if not _own_order(each, found.wanted[each], desk)}
    told = {asset: each for asset, each in carried.items() if asset in small | found.triggers}
    return replace(found, moved={asset: found.wanted[asset] for asset in told}, trades=False), told


def _moves(order: Order, found: _Round, carried: Mapping[str, Carried], desk: Desk) -> bool:
    """Whether an order carries what set the round in motion: not where legs against each other leave but fees of it."""
    legs = [(asset, leg) for asset, each in carried.items() for leg in each.legs if leg.contract.name == order.contract]
    if not any(asset in found.triggers for asset, _ in legs):
        return False
    contract, is_long = legs[0][1].contract, {leg.contracts > 0 for _, leg in legs}
    lots = len(legs) * desk.portfolio.notional_usd(contract, contract.lot_size)
    return len(is_long) == 1 or order.notional > 2 * _dearest_fee(desk) * desk.valued.equity + lots


def _orders(carried: Mapping[str, Carried], desk: Desk) -> tuple[Order, ...]:
    return desk.orders_of(leg for each in carried.values() for leg in each.legs)


def _with_room_after(decided: Decided, left: frozenset[str], desk: Desk) -> frozenset[str]:
    """What was left for want of coins and the plan after this one would not leave, where both of them order anything.

    That one whatever the band, so that a wider one orders the same or nothing.
    """
    portfolio = desk.portfolio
    if not left or not decided.orders or not (portfolio.proxies or portfolio.is_linked or portfolio.has_several):
        return frozenset()
    done = desk.step(decided.orders)
    if done.shortages:
        return frozenset()
    after = Desk.of(portfolio, done.book, now=desk.now)
    again, left_then = _settled(after, fit=False, asked=frozenset(), in_band=False)
    return left - left_then if again.orders else frozenset()


def _one_side(further: Mapping[str, Carried], aimed: Aims, desk: Desk) -> dict[str, Fraction]:
    """Of what cannot reach its aim, what stays where it can reach: all above their aims or all below, the larger side.

    What stays above leaves less to the others, and what stays below leaves them more; so of the smaller side some can
    reach what they aim at then. The larger side cannot.
    """
    reached = {asset: _left_with(asset, each, desk) for asset, each in further.items()}
    beyond = {asset: dollars - aimed.exposures[asset] for asset, dollars in reached.items()}
    side = total(beyond.values())
    return {asset: dollars for asset, dollars in reached.items() if not side or beyond[asset] * side > 0}


def _smaller(carried: Mapping[str, Carried], met: Mapping[str, Carried], desk: Desk) -> dict[str, Carried]:
    """What was fitted beside legs that made room for it and then turned out smaller, fitted to what there is.

    None where no coin lacks, or where what lacks is no matter of what was fitted.
    """
    if not met or not desk.step(_orders(carried, desk)).shortages:
        return {}
    moved = {asset: moved_usd(each, desk.portfolio) for asset, each in carried.items()}
    again = carry(moved, desk, shrink=Shrink(to_nothing=True, to_fit=True))
    return {
        asset: replace(again[asset], passed=each.passed if again[asset].opens else _not_opened(each))
        for asset, each in met.items()
        if asset in moved and abs(moved_usd(again[asset], desk.portfolio)) < abs(moved[asset])
    }


def _not_opened(each: Carried) -> tuple[Passed, ...]:
    return tuple(replace(passed, carried=ZERO) for passed in each.passed)


def _whatever_others_do(
    stay: dict[str, Fraction], found: _Round, carried: Mapping[str, Carried], met: Mapping[str, Carried], *,
    desk: Desk,
) -> dict[str, Fraction]:  # fmt: skip
    """Of what stays, what lacks coins by itself, where there is any.

    Once that stays the others aim elsewhere, and may leave coins to what only lacks them beside what they take now.
    """
    if len(stay) < 2:
        return stay
    takes: dict[str, set[str]] = {}
    for asset, each in carried.items():
        for one in each.legs:
            takes.setdefault(desk.pot(one.contract), set()).add(asset)
    settled = desk.by_pot(one for asset, each in carried.items() if asset in met for one in each.legs)

    def waits(asset: str) -> bool:
        return any(
            takes.get(desk.pot(each.candidate.contract), set()) - {asset}
            and not lacking(desk.legs(asset, found.wanted[asset], each.candidate), desk, settled)
            for each in carried[asset].passed
        )

    return {asset: dollars for asset, dollars in stay.items() if not waits(asset)} or stay


def outside_band(desk: Desk) -> frozenset[str]:
    """The assets whose weight has drifted out of its band, the dollars' row among them.

    The band is the larger of the policy's, two taker fees, and one lot over equity; around what futures can aim at.
    """
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return frozenset()
    spreads = desk.portfolio.policy.uncovered is Uncovered.SPREAD
    return _round(_out_of_reach(desk) if spreads else {}, desk).outside


def off_target(desk: Desk) -> frozenset[str]:
    """The same around the targets themselves: what spot, which serves every asset, has not done yet."""
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return frozenset()
    return _round({}, desk).outside


def _round(kept: Mapping[str, Fraction], desk: Desk, *, goes_on: bool = False, in_band: bool = True) -> _Round:
    portfolio, valued = desk.portfolio, desk.valued
    aimed, wanted = desk.at_target, desk.off
    if kept:
        aimed = aims(kept, valued, portfolio)
        wanted = {asset: aimed.exposures[asset] - valued.exposures[asset] for asset in wanted}
    off = wanted | {asset: desk.off[asset] for asset in kept}
    beyond_policy = _beyond_policy(off, aimed, desk)
    outside = _outside({asset: off[asset] for asset in beyond_policy}, aimed, desk)
    fees = 2 * _dearest_fee(desk) * valued.equity
    off_enough = (outside if in_band else wanted.keys()) - {DOLLARS}
    triggers = frozenset(each for each in off_enough if _triggers(each, wanted[each], desk, fees=fees))
    if triggers or goes_on:
        return _Round(aimed, wanted, outside, beyond_policy, triggers, wanted, trades=True)
    small = beyond_policy - kept.keys()
    moved = {asset: wanted[asset] for asset in small if not _own_order(asset, wanted[asset], desk)}
    return _Round(aimed, wanted, outside, beyond_policy, triggers, moved, trades=False)


def _out_of_reach(desk: Desk) -> dict[str, Fraction]:
    """What no contract serves, each with the exposure that closing its positions leaves it with."""
    unserved = {asset: dollars for asset, dollars in desk.off.items() if not desk.candidates(asset, dollars)}
    carried = carry(unserved, desk, shrink=Shrink(to_nothing=True, to_fit=False))
    return {asset: _left_with(asset, each, desk) for asset, each in carried.items() if not each.covered}


def _left_with(asset: str, carried: Carried, desk: Desk) -> Fraction:
    return desk.valued.exposures[asset] + moved_usd(carried, desk.portfolio)


def _decided(
    found: _Round, carried: Mapping[str, Carried], met: Mapping[str, Carried], desk: Desk, *, triggered: bool
) -> Decided:
    # what is too small for an order each may be enough for one together, where proxies share a contract
    orders = _orders(carried, desk) if found.trades else ()
    placed = {order.contract: order for order in orders}
    told = {*carried, *(asset for asset in found.aims.kept if triggered or asset in found.beyond_policy)}
    residuals = tuple(
        _residual(asset, found, carried=carried.get(asset), met=met.get(asset), placed=placed, desk=desk)
        for asset in sorted(told)
    )
    return Decided(orders, residuals, found.outside, found.beyond_policy, aims=found.aims)


def _residual(
    asset: str,
    found: _Round,
    *,
    carried: Carried | None,
    met: Carried | None,
    placed: Mapping[str, Order],
    desk: Desk,
) -> Residual:
    if asset in found.aims.kept:
        wanted = desk.off[asset]
        undone = wanted - found.wanted[asset]
        return Residual(asset, wanted, undone, LeftOut.UNCOVERED, None, met.passed if met else ())
    assert carried is not None
    return residual(
        asset,
        found.wanted[asset],
        legs=carried.legs,
        orders=placed,
        opening=_opens_on(asset, found.wanted[asset], desk),
        passed=carried.passed,
        book=desk.book,
        portfolio=desk.portfolio,
    )


def _outside(beyond: Mapping[str, Fraction], aimed: Aims, desk: Desk) -> frozenset[str]:
    """Of what is off by more than the policy's band, what is so by more than any; and the dollars' row."""
    portfolio, equity = desk.portfolio, desk.valued.equity
    found = {
        asset
        for asset, dollars in beyond.items()
        if abs(dollars) > equity * _band_width(asset, dollars, _weight(asset, aimed, desk), desk=desk)
    }
    dollars = aimed.exposures[DOLLARS] - desk.valued.exposures[DOLLARS]
    if abs(dollars) > equity * portfolio.policy.band.width(_weight(DOLLARS, aimed, desk)):
        found.add(DOLLARS)
    return frozenset(found)


def _band_width(asset: str, dollars: Fraction, aimed: Fraction, *, desk: Desk) -> Fraction:
    contract = _trades_on(asset, dollars, desk)
    return band_width(asset, aimed, contract=contract, valued=desk.valued, portfolio=desk.portfolio)


def _weight(asset: str, aimed: Aims, desk: Desk) -> Fraction:
    """The weight that an asset's band is about: what it aims at, its target where it is left as it is."""
    return target(asset, desk.portfolio) if asset in aimed.kept else aimed.exposures[asset] / desk.valued.equity


def _own_order(asset: str, dollars: Fraction, desk: Desk) -> bool:
    legs = desk.legs(asset, dollars, _opens_on(asset, dollars, desk))
    return any_order_of(legs, book=desk.book, portfolio=desk.portfolio)


def _opens_on(asset: str, dollars: Fraction, desk: Desk) -> Candidate | None:
    """What a leg of an asset opens first; of several accounts, where the least order is the smallest."""
    found = desk.candidates(asset, dollars)
    if not desk.portfolio.has_several or not found:
        return found[0] if found else None
    kin = [each for each in found if each.route is found[0].route]
    return min(kin, key=lambda each: least_leg_usd(asset, each.contract, desk.portfolio))


def _triggers(asset: str, dollars: Fraction, desk: Desk, *, fees: Fraction) -> bool:
    """Whether a weight outside its band sets everything in motion.

    Not where it is off by no more than a plan itself leaves behind, a least order on what carries it and ``fees``
    together: a plan just carried out would be planned again.
    """
    portfolio = desk.portfolio
    positions = desk.positions_for.get(asset, ())
    carrying = [each.contract for each in positions if part_held(each, asset, Purpose.REBALANCE)]
    closing = reducible(asset, positions, Purpose.REBALANCE, direction=dollars, portfolio=desk.portfolio, now=desk.now)
    found = _opens_on(asset, dollars, desk)
    opening = [] if closing or found is None else [found.contract]
    left_behind = [
        *(lot_usd(asset, each, portfolio) for each in carrying),
        *(least_leg_usd(asset, each, portfolio) for each in opening),
    ]
    return abs(dollars) > fees + max(left_behind, default=ZERO) and _own_order(asset, dollars, desk)


def _dearest_fee(desk: Desk) -> Fraction:
    """The largest taker fee of the contracts that any leg may be traded on: what one costs, the targets of all lose."""
    proxies = desk.portfolio.proxies
    carriers = {proxies[asset].via if asset in proxies else asset for asset in desk.valued.exposures}
    serving = [each for asset in carriers | desk.valued.exposures.keys() for each in desk.served.get(asset, ())]
    opened = [position.contract for position in desk.book.positions.values()]
    return max((each.taker_fee for each in (*serving, *opened)), default=ZERO)


def _trades_on(asset: str, dollars: Fraction, desk: Desk) -> Contract | None:
    """The contract that a leg of an asset would be traded on first."""
    positions = desk.positions_for.get(asset, ())
    in_the_way = reducible(
        asset, positions, Purpose.REBALANCE, direction=dollars, portfolio=desk.portfolio, now=desk.now
    )
    if in_the_way:
        return in_the_way[0].contract
    found = _opens_on(asset, dollars, desk) if dollars else None
    return found.contract if found else None


def _beyond_policy(off: Mapping[str, Fraction], aimed: Aims, desk: Desk) -> frozenset[str]:
    band, equity = desk.portfolio.policy.band, desk.valued.equity
    if band.relative is None:  # as wide about each of them
        width = equity * band.points
        return frozenset([asset for asset, dollars in off.items() if abs(dollars) > width])
    widths = {asset: band.width(_weight(asset, aimed, desk)) for asset in off}
    return frozenset([asset for asset, dollars in off.items() if abs(dollars) > equity * widths[asset]])
