"""Bring the hedge of an asset to what was asked: a target ratio, not an increment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from rebal.amounts import COIN_STEP, ONE, ZERO, toward_zero
from rebal.book import Book, HedgeAsked, Part, Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import Code, Finding, Inputs, Plan
from rebal.planner.build import answer
from rebal.planner.checks import fees_and_basis
from rebal.planner.desk import Desk, desk, has_collateral
from rebal.planner.draft import Check, Draft, error, info
from rebal.planner.drift import least_order_usd
from rebal.planner.hedging import Cover, cover, hedged_coins
from rebal.planner.rebalance import Decided, outside_band
from rebal.planner.routes import SOONEST_EXPIRY, Candidate, part_held, reducible, route_of
from rebal.planner.sizing import LeftOut, Leg, Residual, orders_of
from rebal.planner.step import step
from rebal.planner.words import coins, percent, usd
from rebal.portfolio import Portfolio

_LEFT_BY_FEES_AND_LOTS = Fraction(1, 100)


@frozen
class Ask:
    """A hedge asked for: the fraction of the coins (as if rebalanced in spot) that is to be protected.

    ``candidates``: the contracts that may open it, best first; ``until``: the day it was meant to end. ``coins``: the
    coins asked for where they, not a fraction, are what is to stand.
    """

    asset: str
    fraction: Fraction
    candidates: tuple[Candidate, ...]
    until: datetime | None = None
    coins: Fraction | None = None

    def of(self, base: Fraction) -> Fraction:
        """Coins to be protected."""
        return self.fraction * base if self.coins is None else self.coins

    @property
    def growth(self) -> Fraction:
        """Coins more to be protected for each coin that the base gains."""
        return self.fraction if self.coins is None else ZERO


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
    laid = desk(portfolio, book, now=inputs.now)
    decided = hedge(laid, asks)
    done = step(laid.portfolio, book, decided.orders, tops_up=False)
    asked = {ask.asset: HedgeAsked(ask.asset, _stands(ask, laid, done.book), ask.until) for ask in asks}
    checks = (*extra, *(() if allow_over_hedge else (_refuse_over_hedge(asked),)), rolls(asked), _sale_note)
    return answer("hedge", laid, decided, done, inputs=inputs, hedges={**book.hedges, **asked}, extra=checks)


def hedge(laid: Desk, asks: Iterable[Ask]) -> Decided:
    """Decide the legs of hedges, asset by asset, each by the first contract that has its collateral."""
    covered = cover(laid.portfolio, laid.book)
    legs: list[Leg] = []
    residuals: list[Residual] = []
    for ask in sorted(asks, key=lambda ask: (not _is_proxied(ask, laid), ask.asset)):
        own = _carried(ask, covered, laid, taken=legs)
        legs += own
        residuals.append(_residual(ask, own, covered, laid))
        covered = _with_realised(covered, own, laid)
    orders = orders_of(legs, book=laid.book, portfolio=laid.portfolio)
    return Decided(orders, tuple(residuals), outside_band(laid))


def _stands(ask: Ask, laid: Desk, after: Book) -> Fraction:
    """The fraction that an ask comes to: coins are held against the base that the orders leave."""
    base = cover(laid.portfolio, after).base(ask.asset)
    return ask.fraction if ask.coins is None or base <= 0 else ask.coins / base


def _is_proxied(ask: Ask, laid: Desk) -> bool:
    """Whether an asset's hedge stands on another coin's contracts: what it realises is that coin's, and goes first."""
    carrying = [position.contract for position in _protecting(ask.asset, laid)]
    return any(each.asset != ask.asset for each in (*carrying, *(found.contract for found in ask.candidates[:1])))


def _with_realised(covered: Cover, legs: Iterable[Leg], laid: Desk) -> Cover:
    """The cover once legs have realised their PnL into the coins held."""
    held = dict(covered.held)
    for each in legs:
        direction = ONE if each.contracts > 0 else -ONE
        coin = each.contract.settle
        realised = abs(each.contracts) * _realised_by_one(each.contract, direction, coin, laid)
        held[coin] = held.get(coin, ZERO) + realised
    return Cover(covered.hedged, covered.rebalanced, held)


def hedge_moves(asset: str, asked: Fraction, laid: Desk) -> bool:
    """Whether a hedge has left what was asked of it by more than hedging itself leaves behind."""
    ask = Ask(asset, asked, laid.candidates(asset))
    return bool(_carried(ask, cover(laid.portfolio, laid.book), laid, taken=()))


def fraction_of(asset: str, quantity: Fraction, portfolio: Portfolio, book: Book) -> Fraction | None:
    """Coins as a fraction of the base that a hedge of the asset is measured against; None where there is no base."""
    base = cover(portfolio, book).base(asset)
    return quantity / base if base > 0 else None


def _carried(ask: Ask, covered: Cover, laid: Desk, *, taken: Sequence[Leg]) -> tuple[Leg, ...]:
    change = ask.of(covered.base(ask.asset)) - covered.hedged.get(ask.asset, ZERO)
    if not change or _too_little(ask, change, covered, laid):
        return ()
    if change < 0:
        return _bought_back(ask, covered, laid)
    for candidate in ask.candidates:
        legs = _sold(ask, candidate, covered, laid)
        if len(ask.candidates) == 1 or has_collateral(legs, laid, taken=taken):
            return legs
    return _sold(ask, ask.candidates[0], covered, laid) if ask.candidates else ()


def _too_little(ask: Ask, change: Fraction, covered: Cover, laid: Desk) -> bool:
    """Whether a change is at most min_order, or one lot and twice the taker fee of the hedge asked for.

    The lot and the fee are the largest of what the hedge stands on and what would open it: a change that the one
    leaves behind is none for the other.
    """
    portfolio = laid.portfolio
    index = portfolio.price(ask.asset)
    moved = _contract_moved(ask, change, laid)
    if moved is None:
        return False
    carriers = {each.name: each for each in (moved, *(position.contract for position in _protecting(ask.asset, laid)))}
    lot = max(least_order_usd(each, portfolio) for each in carriers.values())
    fee = max(each.taker_fee for each in carriers.values())
    fees = 2 * fee * ask.of(covered.base(ask.asset)) * index
    # a hedge just carried out is off by less than a lot, by what its fees took from the base and by the step that its
    # PnL is booked in, all at once
    return abs(change) * index <= max(lot + fees + COIN_STEP * index, portfolio.policy.min_order)


def _contract_moved(ask: Ask, change: Fraction, laid: Desk) -> Contract | None:
    if change < 0:
        in_the_way = _protecting(ask.asset, laid)
        return in_the_way[0].contract if in_the_way else None
    return ask.candidates[0].contract if ask.candidates else None


def _protecting(asset: str, laid: Desk) -> tuple[Position, ...]:
    return reducible(asset, laid.positions_for.get(asset, ()), Purpose.HEDGE, direction=ONE, now=laid.now)


def _sold(ask: Ask, candidate: Candidate, covered: Cover, laid: Desk) -> tuple[Leg, ...]:
    contract, portfolio = candidate.contract, laid.portfolio
    mark = portfolio.market.mark(contract)
    one = -hedged_coins(Part(Purpose.HEDGE, -ONE, mark, ask.asset), contract, portfolio)
    missing = ask.of(covered.base(ask.asset)) - covered.hedged.get(ask.asset, ZERO)
    grows = ask.growth * _realised_by_one(contract, -ONE, ask.asset, laid)
    contracts = _solved(missing, one, one - grows, direction=-ONE, contract=contract, laid=laid)
    rounded = toward_zero(contracts, contract.lot_size)
    return (Leg(contract, -rounded, candidate.route, Purpose.HEDGE, ask.asset),) if rounded else ()


def _bought_back(ask: Ask, covered: Cover, laid: Desk) -> tuple[Leg, ...]:
    legs: list[Leg] = []
    base, hedged = covered.base(ask.asset), covered.hedged[ask.asset]
    for position in _protecting(ask.asset, laid):
        contract = position.contract
        part = next(p for p in position.parts if p.purpose is Purpose.HEDGE and p.stands_for == ask.asset)
        one = -hedged_coins(part, contract, laid.portfolio) / abs(part.contracts)
        realised = _realised_by_one(contract, ONE, ask.asset, laid)
        closing = one + ask.growth * realised
        wanted = _solved(hedged - ask.of(base), one, closing, direction=ONE, contract=contract, laid=laid)
        open_now = abs(part_held(position, ask.asset, Purpose.HEDGE))
        contracts = toward_zero(min(wanted, open_now), contract.lot_size)
        if contracts > 0:
            legs.append(Leg(contract, contracts, route_of(ask.asset, contract), Purpose.HEDGE, ask.asset))
            base += contracts * realised
            hedged -= contracts * one
        if contracts < open_now:
            break
    return tuple(legs)


def _solved(
    missing: Fraction, one: Fraction, closing_one: Fraction, *, direction: Fraction, contract: Contract, laid: Desk
) -> Fraction:
    """Contracts after which the hedge is what was asked, with the PnL that the order realises counted in the base.

    ``hedged ± x·one = fraction·(base + x·g)``, g the coins that closing one contract of the net position realises: a
    buy-back of a profitable hedge adds coins to what is held, and those are to be hedged too. ``one``: coins that a
    contract hedges; ``closing_one``: that it takes off what is missing while it closes the net position.
    """
    position = laid.book.positions.get(contract.name)
    net = position.contracts if position is not None else ZERO
    if net * direction >= 0:
        return missing / one
    closing = missing / closing_one if closing_one else -ONE
    if 0 <= closing <= abs(net):
        return closing
    return abs(net) + (missing - abs(net) * closing_one) / one


def _realised_by_one(contract: Contract, direction: Fraction, asset: str, laid: Desk) -> Fraction:
    """Coins of an asset that one contract traded in a direction realises on the net position; none of another's."""
    position = laid.book.positions.get(contract.name)
    if position is None or position.contracts * direction >= 0 or contract.settle != asset:
        return ZERO
    return contract.pnl(-direction, position.entry_price, laid.portfolio.market.mark(contract))


def _residual(ask: Ask, legs: Sequence[Leg], covered: Cover, laid: Desk) -> Residual:
    change = ask.of(covered.base(ask.asset)) - covered.hedged.get(ask.asset, ZERO)
    wanted = -change * laid.portfolio.price(ask.asset)
    if change > 0 and not ask.candidates:
        return Residual(ask.asset, wanted, wanted, LeftOut.UNSERVED, None)
    contract = legs[-1].contract if legs else _contract_moved(ask, change, laid)
    opens = change > 0 and not covered.hedged.get(ask.asset)
    if legs or contract is None or not opens:
        return Residual(ask.asset, wanted, ZERO, None, contract)
    too_large = abs(wanted) <= least_order_usd(contract, laid.portfolio)
    left_out = LeftOut.SMALLER_THAN_A_LOT if too_large else LeftOut.BELOW_MIN_ORDER
    return Residual(ask.asset, wanted, wanted, left_out, contract)


def rolls(asked: Mapping[str, HedgeAsked]) -> Check:
    """The check that a hedge asked for until a day stands on contracts that last until then."""

    def check(draft: Draft) -> Iterator[Finding]:
        for position in draft.positions_after:
            contract, expiry = position.contract, position.contract.expiry
            hedged = {part.stands_for for part in position.parts if part.purpose is Purpose.HEDGE}
            for asset in sorted(hedged):
                until = asked[asset].until if asset in asked else None
                if expiry is not None and until is not None and draft.desk.now < expiry < until:
                    message = (
                        f"expires on {expiry.date().isoformat()}, and the hedge of {asset} is to last until "
                        f"{until.date().isoformat()}: roll it by {(expiry - SOONEST_EXPIRY).date().isoformat()}"
                    )
                    by = expiry - SOONEST_EXPIRY
                    yield info(Code.ROLL_DUE, contract.name, message, expiry=expiry, asset=asset, until=until, by=by)

    return check


def _sale_note(draft: Draft) -> Iterator[Finding]:
    if draft.orders and draft.desk.portfolio.tax is not None:
        message = "some tax laws treat a short against coins held as their sale: ask before relying on deferral"
        yield info(Code.CONSTRUCTIVE_SALE, "tax", message)


def _refuse_over_hedge(asked: Mapping[str, HedgeAsked]) -> Check:
    """The check that more is not short than is held; the fee of a full hedge is no over-hedge."""

    def check(draft: Draft) -> Iterator[Finding]:
        differ = fees_and_basis(draft)
        for line in draft.assets:
            wanted = asked.get(line.asset)
            if wanted is None:
                continue
            protected = any(part.stands_for == (line.asset,) for order in draft.orders for part in order.parts)
            tolerated = line.spot_value * max(_LEFT_BY_FEES_AND_LOTS, differ.get(line.asset, ZERO))
            if wanted.fraction > 1 or (protected and line.net_exposure_after < -tolerated):
                base = cover(draft.desk.portfolio, draft.desk.book).base(line.asset)
                message = (
                    f"{percent(wanted.fraction)} of {coins(base, line.asset)} asked leave a net exposure of "
                    f"{usd(line.net_exposure_after)}: more would be short than is held; ask for at most 100 %, or "
                    "give --allow-over-hedge"
                )
                data = {"asked": wanted.fraction, "base_coins": base, "net_exposure_after_usd": line.net_exposure_after}
                yield error(Code.OVER_HEDGED, line.asset, message, **data)

    return check
