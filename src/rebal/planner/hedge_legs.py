"""How many contracts a hedge trades and on which: what is in the way first, then the contract that opens the rest.

The net order on a contract is what the venue takes, whoever asked for its parts, and pays one fee; so hedges that share
contracts are sized against what the ones before them trade already.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total, toward_zero
from rebal.book import Part, Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.candidates import Candidate, reducible, route_of
from rebal.planner.cover import Cover
from rebal.planner.desk import Desk, has_collateral
from rebal.planner.exposure import hedged_coins
from rebal.planner.hedge_parts import closed_with_the_finest, open_in_parts
from rebal.planner.orders import refused_size
from rebal.planner.sizing import LeftOut, Leg, Passed
from rebal.planner.targets import least_leg_usd


@frozen
class Ask:
    """A hedge asked for: the fraction of the coins (as if rebalanced in spot) that is to be protected.

    ``candidates``: the contracts that may open it, best first; ``until``: the day it was meant to end. ``coins``: the
    coins asked for where they, not a fraction, are what is to stand. ``stays``: the contracts on which it may stay,
    from any other it is rolled onto a candidate; None: wherever it is.
    """

    asset: str
    fraction: Fraction
    candidates: tuple[Candidate, ...]
    until: datetime | None = None
    coins: Fraction | None = None
    stays: frozenset[str] | None = None

    def of(self, base: Fraction) -> Fraction:
        """Coins to be protected; none where there is no base."""
        return self.fraction * max(ZERO, base) if self.coins is None else self.coins


@frozen
class Skipped:
    """A contract that could not carry its share of a hedge, and why."""

    contract: Contract
    reason: LeftOut


Mark = tuple[dict[str, Fraction], dict[str, Fraction], dict[str, Fraction], dict[tuple[str, str], Part], list["Leg"]]
"""What a tally has taken up so far."""


class Tally:
    """A book's hedges while they are being sized: what is protected, and the coins that its own legs realise.

    ``covered``: the hedges as they stand.
    """

    __slots__ = ("_cover", "_gained", "_laid", "_parts", "_protected", "_traded", "legs", "passed", "skipped")

    def __init__(self, desk: Desk, covered: Cover) -> None:
        self._laid = desk
        self._cover = covered
        self._protected: dict[str, Fraction] = {}
        self._gained: dict[str, Fraction] = {}
        self._traded: dict[str, Fraction] = {}
        self._parts: dict[tuple[str, str], Part] = {}
        self.legs: list[Leg] = []
        self.skipped: dict[str, Skipped] = {}
        self.passed: dict[str, tuple[Passed, ...]] = {}

    def base(self, asset: str) -> Fraction:
        """Coins as if rebalanced in spot, with what the legs so far realise."""
        return self._cover.base(asset) + self._gained.get(asset, ZERO)

    def protected(self, asset: str) -> Fraction:
        """Coins that hedges protect once the legs so far are traded."""
        return self._protected.get(asset, self._cover.hedged.get(asset, ZERO))

    def missing(self, ask: Ask) -> Fraction:
        """Coins still to be protected; negative where too many are."""
        return ask.of(self.base(ask.asset)) - self.protected(ask.asset)

    def carry(self, ask: Ask) -> None:
        """Size a hedge and take its legs up: none while it is as asked, else all that lots and minimums let through."""
        before = tuple(self.legs)
        own = self._move_off(ask)
        missing = self.missing(ask)
        if not own and _as_asked(ask, missing, self.base(ask.asset), desk=self._laid):
            return
        own += self._reduce(ask, -ONE if missing > 0 else ONE)
        if missing > 0 and self.missing(ask) > 0:
            if self._laid.portfolio.has_several:
                self.passed[ask.asset] = open_in_parts(self, ask, own, taken=before, desk=self._laid)
            else:
                self._open(ask, own, taken=before)

    def _move_off(self, ask: Ask) -> list[Leg]:
        """Buy back all of a hedge that sits where it may not stay."""
        legs: list[Leg] = []
        for position in misplaced(ask, self._laid):
            contract = position.contract
            held = self.held(contract, ask.asset)
            leg = self.leg(ask, here(ask, contract), exact=held, direction=ONE)
            if leg is not None:
                self.take(leg)
                legs.append(leg)
        return legs

    def _reduce(self, ask: Ask, direction: Fraction) -> list[Leg]:
        """Trade what is in the way, nearest expiry first, until the rest is less than a lot of what it would be.

        Of several accounts, what the lots of one leave goes on to the next whose lots it fills, and what all lots leave
        is closed with the finest of them.
        """
        legs: list[Leg] = []
        start, is_partly_closed = self.taken(), False
        for position in in_the_way(ask.asset, self._laid, direction=direction):
            if self.missing(ask) * direction >= 0:
                break
            contract = position.contract
            held = self.held(contract, ask.asset)
            if not held:
                continue
            exact = self._closing_the_gap(ask, contract, direction=direction, limit=held)
            leg = self.leg(ask, here(ask, contract), exact=exact, direction=direction)
            if leg is None and is_partly_closed:
                self.skipped.pop(ask.asset, None)
            if leg is not None:
                self.take(leg)
                legs.append(leg)
                if exact < held:
                    self.skipped.pop(ask.asset, None)
                    is_partly_closed = True
                    if self._laid.portfolio.has_several:
                        continue
                    break
                if abs(leg.contracts) < held:
                    self.skipped[ask.asset] = Skipped(contract, LeftOut.SMALLER_THAN_A_LOT)
        if is_partly_closed and self._laid.portfolio.has_several:
            return closed_with_the_finest(self, ask, legs, start=start, desk=self._laid)
        return legs

    def closing(self, ask: Ask, contract: Contract, *, direction: Fraction) -> Leg | None:
        """The leg that makes a hedge on a contract smaller until it is what was asked; None where that is too small."""
        exact = self._closing_the_gap(ask, contract, direction=direction, limit=self.held(contract, ask.asset))
        return self.leg(ask, here(ask, contract), exact=exact, direction=direction)

    def held(self, contract: Contract, asset: str) -> Fraction:
        """Contracts that hedge an asset once the legs so far are traded, positive."""
        return abs(self._part(contract, asset).contracts)

    def _open(self, ask: Ask, own: Sequence[Leg], *, taken: Sequence[Leg]) -> None:
        """Sell the rest on the first candidate that has its collateral, the first of all where none has."""
        first: Leg | None = None
        for candidate in ask.candidates:
            leg = self.opening(ask, candidate)
            first = first or leg
            if leg is None:
                break
            if len(ask.candidates) == 1 or has_collateral([*own, leg], self._laid, taken=taken):
                first = leg
                break
        if first is not None:
            self.skipped.pop(ask.asset, None)
            self.take(first)

    def opening(self, ask: Ask, candidate: Candidate) -> Leg | None:
        """The leg that brings a hedge to what was asked on a contract, in whole lots; None where it is too small."""
        exact = self._closing_the_gap(ask, candidate.contract, direction=-ONE, limit=None)
        return self.leg(ask, candidate, exact=exact, direction=-ONE)

    def taken(self) -> "Mark":
        """What is traded so far, to come back to."""
        return (dict(self._protected), dict(self._gained), dict(self._traded), dict(self._parts), list(self.legs))

    def back_to(self, mark: "Mark") -> None:
        """Forget what was taken since."""
        protected, gained, traded, parts, legs = mark
        self._protected, self._gained, self._traded = dict(protected), dict(gained), dict(traded)
        self._parts, self.legs = dict(parts), list(legs)

    def leg(self, ask: Ask, candidate: Candidate, *, exact: Fraction, direction: Fraction) -> Leg | None:
        """A leg of whole lots, None where the order that it makes is too small for the venue or the policy."""
        contract, desk = candidate.contract, self._laid
        signed = toward_zero(exact, contract.lot_size) * direction
        if not signed:
            self.skipped[ask.asset] = Skipped(contract, LeftOut.SMALLER_THAN_A_LOT)
            return None
        if contract.name not in self._traded:  # else it is more of an order that there is already
            reason = refused_size(contract, signed, book=desk.book, portfolio=desk.portfolio)
            if reason is not None:
                self.skipped[ask.asset] = Skipped(contract, reason)
                return None
        return Leg(contract, signed, candidate.route, Purpose.HEDGE, ask.asset)

    def take(self, leg: Leg) -> None:
        """Take a leg up: what it protects, what it realises, what is traded on its contract."""
        contract, asset = leg.contract, leg.stands_for
        traded = self._traded.get(contract.name, ZERO)
        after = self._filled(contract, asset, signed=leg.contracts)
        realised = self._realised(contract, asset, signed=leg.contracts)
        self._protected[asset] = self.protected(asset) + self._added(contract, asset, signed=leg.contracts)
        self._parts[contract.name, asset] = after
        fee = self._fee(contract, traded + leg.contracts) - self._fee(contract, traded)
        self._gained[contract.settle] = self._gained.get(contract.settle, ZERO) + realised - fee
        self._traded[contract.name] = traded + leg.contracts
        self.legs.append(leg)

    def _closing_the_gap(
        self, ask: Ask, contract: Contract, *, direction: Fraction, limit: Fraction | None
    ) -> Fraction:
        """Contracts in a direction after which the hedge is what was asked, at most a limit.

        What they realise counts in the base: a buy-back of a profitable hedge adds coins to what is held, and those
        are to be hedged too. Up to the size at which the part ends, and beyond it, that is a straight line.
        """
        end = -self._part(contract, ask.asset).contracts * direction
        return _root(lambda size: self._missing_after(ask, contract, signed=size * direction), [end], limit=limit)

    def _missing_after(self, ask: Ask, contract: Contract, *, signed: Fraction) -> Fraction:
        base = self.base(ask.asset)
        if contract.settle == ask.asset:
            base += self._realised(contract, ask.asset, signed=signed)
        return ask.of(base) - self.protected(ask.asset) - self._added(contract, ask.asset, signed=signed)

    def _added(self, contract: Contract, asset: str, *, signed: Fraction) -> Fraction:
        """Coins more that are protected once some contracts are traded for an asset."""
        portfolio = self._laid.portfolio
        part, mark = self._part(contract, asset), portfolio.market.mark(contract)
        closed = _closed(part.contracts, signed)
        pieces = ((closed, part.entry_price), (signed - closed, mark))
        return -total(
            hedged_coins(Part(Purpose.HEDGE, size, price, asset), contract, portfolio) for size, price in pieces
        )

    def _part(self, contract: Contract, asset: str) -> Part:
        known = self._parts.get((contract.name, asset))
        if known is not None:
            return known
        position = self._laid.book.positions.get(contract.name)
        held = (part for part in (position.parts if position else ()) if part.purpose is Purpose.HEDGE)
        nothing = Part(Purpose.HEDGE, ZERO, self._laid.portfolio.market.mark(contract), asset)
        return next((part for part in held if part.stands_for == asset), nothing)

    def _filled(self, contract: Contract, asset: str, *, signed: Fraction) -> Part:
        part, mark = self._part(contract, asset), self._laid.portfolio.market.mark(contract)
        left = part.contracts + signed
        entry = part.entry_price if part.contracts * left > 0 else mark
        if part.contracts * signed > 0:
            entry = contract.average_entry([(part.contracts, part.entry_price), (signed, mark)])
        return Part(Purpose.HEDGE, left, entry, asset)

    def _fee(self, contract: Contract, signed: Fraction) -> Fraction:
        return contract.fee(signed, self._laid.portfolio.market.mark(contract), contract.taker_fee)

    def _realised(self, contract: Contract, asset: str, *, signed: Fraction) -> Fraction:
        """What a hedge realises, before it is booked in whole steps: by its own entry, whatever its net realises."""
        part = self._part(contract, asset)
        closed = -_closed(part.contracts, signed)
        return contract.pnl(closed, part.entry_price, self._laid.portfolio.market.mark(contract))


def in_turn(asks: Iterable[Ask], desk: Desk) -> tuple[Ask, ...]:
    """Hedges in the order in which to size them: what trades in another coin's contracts before that coin's own.

    A base counts what is realised in its coin, so it is known once everything that trades there is.
    """
    by_asset = {ask.asset: ask for ask in sorted(asks, key=lambda ask: ask.asset)}
    before: dict[str, list[str]] = {asset: [] for asset in by_asset}
    for asset, ask in by_asset.items():
        for coin in _coins_traded(ask, desk) & by_asset.keys() - {asset}:
            before[coin].append(asset)
    try:
        return tuple(by_asset[asset] for asset in TopologicalSorter(before).static_order())
    except CycleError:
        return tuple(by_asset.values())


def in_the_way(asset: str, desk: Desk, *, direction: Fraction = ONE) -> tuple[Position, ...]:
    """Positions whose hedge of an asset an order in a direction makes smaller, nearest expiry first."""
    positions = desk.positions_for.get(asset, ())
    return reducible(asset, positions, Purpose.HEDGE, direction=direction, portfolio=desk.portfolio, now=desk.now)


def contract_moved(ask: Ask, missing: Fraction, desk: Desk) -> Contract | None:
    """The contract that a change is traded on first; None where nothing serves it."""
    positions = in_the_way(ask.asset, desk, direction=-ONE if missing > 0 else ONE)
    if positions:
        return positions[0].contract
    return ask.candidates[0].contract if missing > 0 and ask.candidates else None


def _coins_traded(ask: Ask, desk: Desk) -> set[str]:
    carrying = (position.contract for position in in_the_way(ask.asset, desk))
    return {each.settle for each in (*carrying, *(found.contract for found in ask.candidates))}


def misplaced(ask: Ask, desk: Desk) -> tuple[Position, ...]:
    """Positions that hedge an asset where it may not stay."""
    if ask.stays is None:
        return ()
    return tuple(each for each in in_the_way(ask.asset, desk) if each.contract.name not in ask.stays)


def _as_asked(ask: Ask, missing: Fraction, base: Fraction, *, desk: Desk) -> bool:
    """Whether a change is within hedge_band or min_order, or one lot and twice the taker fee of the hedge asked for."""
    portfolio = desk.portfolio
    band = portfolio.policy.hedge_band * max(ZERO, base)
    return abs(missing) <= band or left_behind(ask, missing, base, desk=desk)


def left_behind(ask: Ask, missing: Fraction, base: Fraction, *, desk: Desk) -> bool:
    """Whether hedging itself leaves as much behind.

    The lot and the fee are the largest of what the hedge stands on and what would open it: a change that the one
    leaves behind is none for the other.
    """
    portfolio = desk.portfolio
    index = portfolio.price(ask.asset)
    moved = contract_moved(ask, missing, desk)
    if moved is None:
        return False
    positions = in_the_way(ask.asset, desk)
    carriers = {each.name: each for each in (moved, *(at.contract for at in positions))}
    opening = (least_leg_usd(ask.asset, each, portfolio) for each in carriers.values())
    closing = (_least_closing(ask, position, desk) * index for position in positions)
    lot = max((*opening, *closing))
    fee = max(each.taker_fee for each in carriers.values())
    fees = 2 * fee * ask.of(base) * index
    # a hedge just carried out is off by less than a lot, by what its fees took from the base and by the steps that its
    # PnL is booked in, all at once
    booked = COIN_STEP * (len(carriers) + 1) * index
    return abs(missing) * index <= max(lot + fees + booked, portfolio.policy.min_order)


def _least_closing(ask: Ask, position: Position, desk: Desk) -> Fraction:
    """Coins that the least order takes off a hedge on a position: at its own entry, with the PnL that it realises."""
    contract, portfolio = position.contract, desk.portfolio
    least = max(contract.lot_size, contract.min_contracts)
    part = next(each for each in position.parts if each.purpose is Purpose.HEDGE and each.stands_for == ask.asset)
    covered = abs(hedged_coins(part, contract, portfolio)) / abs(part.contracts) * least
    if contract.settle != ask.asset or ask.coins is not None:
        return covered
    realised = contract.pnl(-least, part.entry_price, portfolio.market.mark(contract))
    return covered + ask.fraction * max(ZERO, realised)


def here(ask: Ask, contract: Contract) -> Candidate:
    """A contract that is open already, as what a leg is traded on."""
    return Candidate(contract, route_of(ask.asset, contract), ONE)


def _closed(held: Fraction, signed: Fraction) -> Fraction:
    """The share of a trade that closes what is held, signed as the trade is."""
    if held * signed >= 0:
        return ZERO
    return max(-held, signed) if signed < 0 else min(-held, signed)


def _root(missing: Callable[[Fraction], Fraction], ends: Iterable[Fraction], *, limit: Fraction | None) -> Fraction:
    """Where a function, straight between its ends, first reaches zero from 0 on; the limit where it does not."""
    bends = sorted({end for end in ends if end > 0 and (limit is None or end < limit)})
    last = limit if limit is not None else (bends[-1] if bends else ZERO) + ONE
    start, value = ZERO, missing(ZERO)
    for end in (*bends, last):
        then = missing(end)
        if value * then <= 0:
            return start + (end - start) * value / (value - then) if value != then else start
        start, value, before = end, then, value
    if limit is not None:
        return limit
    # beyond its last end, which is one after the last bend, it stays as straight as it was there
    slope = value - before
    return start - value / slope if slope * value < 0 else ZERO
