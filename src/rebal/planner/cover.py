"""How much of an asset is hedged: a ratio that stays put while prices move."""

from collections.abc import Mapping
from datetime import datetime

from rebal.amounts import COIN_STEP, ZERO, Fraction, total
from rebal.book import Book, HedgeAsked, Part, Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.exposure import hedged_coins, stood_for
from rebal.portfolio import Portfolio


@frozen
class Cover:
    """Coins by asset: hedged by hedge contracts, and the base they are measured against.

    hedged ``-Σ n·V/Pe`` of the hedge parts at their own fills, times ``P/S`` under notional sizing; base = coins held
    without unrealised PnL, plus the rebalance futures' ``n·V/Pe``: what would be held, were the rebalance done in spot.
    Of coins held only what the parts themselves have realised counts, as ``yet_to_realise`` says.
    """

    hedged: Mapping[str, Fraction]
    rebalanced: Mapping[str, Fraction]
    held: Mapping[str, Fraction]

    def base(self, asset: str) -> Fraction:
        """Coins as if rebalanced in spot."""
        held = self.held.get(asset, ZERO)
        return held + self.rebalanced[asset] if asset in self.rebalanced else held

    def ratio(self, asset: str) -> Fraction | None:
        """Hedged coins over the base; None where there is no base to hedge."""
        base = self.base(asset)
        if base <= 0:
            return None
        return self.hedged[asset] / base if asset in self.hedged else ZERO


def cover(portfolio: Portfolio, book: Book) -> Cover:
    """Measure the hedges of a book."""
    hedged: dict[str, Fraction] = {}
    rebalanced: dict[str, Fraction] = {}
    held = dict(book.holdings)
    for position in book.positions.values():
        if apart := yet_to_realise(position):
            held[position.contract.settle] = held.get(position.contract.settle, ZERO) + apart
        for part in position.parts:
            asset = part.stands_for
            if part.purpose is Purpose.HEDGE:
                hedged[asset] = hedged.get(asset, ZERO) - hedged_coins(part, position.contract, portfolio)
            else:
                coins = _spot_coins(part, position.contract, portfolio)
                rebalanced[asset] = rebalanced[asset] + coins if asset in rebalanced else coins
    return Cover(hedged, rebalanced, held)


def yet_to_realise(position: Position) -> Fraction:
    """Coins that the parts of a position have realised beyond what their net has: ``n·V/Pe - Σ n·V/Pe`` of the parts.

    Where a part trades against another, the net realises what neither has: those coins are held already, and are in the
    entry of the part that stays too. Realised and unrealised, all parts have what their net has.
    """
    contract, parts = position.contract, position.parts
    if not [part for part in parts if part.entry_price != position.entry_price]:
        return ZERO
    told = total(contract.delta(part.contracts, part.entry_price) for part in parts)
    apart = contract.delta(position.contracts, position.entry_price) - told
    # less than a step is the rounding of entries to 18 digits
    return apart if abs(apart) >= COIN_STEP else ZERO


def _spot_coins(part: Part, contract: Contract, portfolio: Portfolio) -> Fraction:
    if part.stands_for == contract.asset:
        return contract.delta(part.contracts, part.entry_price)
    return stood_for(part, contract, portfolio) / portfolio.price(part.stands_for)


def still_asked(before: Book, after: Book) -> dict[str, HedgeAsked]:
    """What stays asked for once orders closed hedges: each fraction by the share of its contracts that is left.

    By their size, contracts times multiplier; a hedge that is closed whole is asked for no more.
    """
    asked: dict[str, HedgeAsked] = {}
    for asset, hedge in before.hedges.items():
        was, left = _protecting(asset, before), _protecting(asset, after)
        fraction = hedge.fraction * min(left, was) / was if was else hedge.fraction
        if fraction:
            asked[asset] = HedgeAsked(asset, fraction, hedge.until, hedge.price)
    return asked


def in_force(book: Book, now: datetime) -> dict[str, HedgeAsked]:
    """What is asked for at an instant: a hedge whose day has passed, and of which nothing is open, is over."""
    return {asset: asked for asset, asked in book.hedges.items() if not asked.is_over(now) or _protecting(asset, book)}


def _protecting(asset: str, book: Book) -> Fraction:
    return total(
        abs(part.contracts) * position.contract.multiplier
        for position in book.positions.values()
        for part in position.parts
        if part.purpose is Purpose.HEDGE and part.stands_for == asset
    )
