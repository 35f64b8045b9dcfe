"""What a wallet must hold: initial and maintenance margin, liquidation and bankruptcy, as one curve.

All marks of a wallet move together (Deribit's own rule, recorded): every mark is multiplied by one factor ``k``. In the
variable ``y = 1/k`` of inverse contracts, or ``y = k`` of linear ones, unrealised PnL is a straight line and
maintenance margin is made of straight pieces (of a parabola for a rate that grows with the size). So the coins that a
wallet needs at each ``y`` are a function of pieces whose crossings are solved in closed form, piece by piece, and the
tier that counts is the one at the liquidation price, not today's.
"""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import INVERSE, LINEAR, Contract
from rebal.market.maintenance import AT_ENTRY, IN_COINS, IN_USD, SizeRate, Tier, Tiers, TierUnit
from rebal.market.piecewise import (
    Piece,
    ends_of_line,
    first_above_one,
    first_below_one,
    is_line,
    merged,
    most_needed,
    piece_at,
)


class Factors(NamedTuple):
    """Where a wallet ends, as factors on all its marks: first below and first above today's; None: never."""

    below: Fraction | None
    above: Fraction | None

    @property
    def distances(self) -> tuple[Fraction | None, Fraction | None]:
        """To either end, as fractions of today's marks; None where there is none."""
        return None if self.below is None else 1 - self.below, None if self.above is None else self.above - 1

    @property
    def distance(self) -> Fraction | None:
        """To the nearer end, likewise."""
        return nearer(*self.distances)


def nearer(below: Fraction | None, above: Fraction | None) -> Fraction | None:
    """The smaller of two distances, either of which may be none."""
    if below is None or (above is not None and above < below):
        return above
    return below


@frozen
class Reach(Worked):
    """The factors on all marks from a lowest to a highest, ends included."""

    lowest: Fraction
    highest: Fraction

    @once
    def inverted(self) -> tuple[Fraction, Fraction]:
        """The same in the ``y`` of inverse contracts."""
        return 1 / self.highest, 1 / self.lowest


@frozen
class Held(Worked):
    """A net position as margin sees it: signed contracts, average entry, mark price."""

    contract: Contract
    contracts: Fraction
    entry_price: Fraction
    mark_price: Fraction

    def moved(self, factor: Fraction) -> "Held":
        """The same at so many times its mark."""
        return Held(self.contract, self.contracts, self.entry_price, self.mark_price * factor)

    @once
    def position_value(self) -> Fraction:
        """In the settlement coin, at mark; positive."""
        return self.contract.position_value(self.contracts, self.mark_price)

    @once
    def unrealised_pnl(self) -> Fraction:
        """In the settlement coin, at mark."""
        return self.contract.pnl(self.contracts, self.entry_price, self.mark_price)

    @once
    def loss(self) -> Piece:
        """Minus unrealised PnL, a line in y."""
        return _loss(self)

    @once
    def maintenance(self) -> tuple[Piece, ...]:
        """Maintenance margin, as pieces over y > 0."""
        return _maintenance(self)

    @once
    def maintenance_now(self) -> Fraction:
        """Maintenance margin at today's mark."""
        return piece_at(self.maintenance, ONE).today

    @once
    def most_leverage(self) -> Fraction:
        """What the venue allows a position of this size; a huge number where no cap is known."""
        return _most_leverage(self)

    @once
    def needed(self) -> list[Piece]:
        """What its wallet needs at each y where nothing else is open in it."""
        return merged([(self.loss, self.maintenance)])

    def ends(self, balance: Fraction) -> Factors:
        """Where a wallet with nothing else in it is liquidated."""
        for known, ends in self._ends:
            if known == balance:
                return ends
        found = ends_of(balance, self.needed, (self,))
        self._ends[:] = ((balance, found), *self._ends[: _ENDS_KEPT - 1])
        return found

    @once
    def _ends(self) -> list[tuple[Fraction, Factors]]:
        return []


_ENDS_KEPT = 4
_UNCAPPED = Fraction(10**6)
NEVER, THERE_ALREADY = Factors(None, None), Factors(ONE, ONE)


def pnl_of(held: Sequence[Held]) -> Fraction:
    """Unrealised PnL of positions together, in their settlement coin."""
    return held[0].unrealised_pnl if len(held) == 1 else total([each.unrealised_pnl for each in held])


def value_of(held: Sequence[Held]) -> Fraction:
    """Value of positions together, in their settlement coin."""
    return held[0].position_value if len(held) == 1 else total([each.position_value for each in held])


def maintenance_margin(held: Sequence[Held]) -> Fraction:
    """Maintenance margin of positions at today's marks, in their settlement coin.

    Source: the venues' own rules as their catalogue files carry them; by tiers ``size·m - c``, plus the closing fee
    where the venue counts it.
    """
    return held[0].maintenance_now if len(held) == 1 else total([position.maintenance_now for position in held])


def initial_margin(position: Held, leverage: Fraction) -> Fraction:
    """Initial margin in the settlement coin: position value over the leverage set, within the venue's caps.

    Deribit's rate grows with the size and holds whatever leverage is set: ``q·(base + slope·q)``, 0.53125 BTC for 25.
    """
    by_leverage = position.position_value / min(leverage, position.most_leverage)
    schedule = position.contract.maintenance
    if isinstance(schedule, SizeRate):
        return max(by_leverage, _grown(position, base=schedule.initial_base, slope=schedule.slope))
    return by_leverage


def _most_leverage(position: Held) -> Fraction:
    most, schedule = position.contract.max_leverage, position.contract.maintenance
    allowed = schedule.tier(_size(position, schedule)).max_leverage if isinstance(schedule, Tiers) else None
    if allowed is None:
        return _UNCAPPED if most is None else most
    return allowed if most is None else min(most, allowed)


def beyond_last_tier(position: Held) -> bool:
    """Whether the position is larger than the last tier that is known of its contract."""
    schedule = position.contract.maintenance
    return isinstance(schedule, Tiers) and schedule.beyond(_size(position, schedule))


def has_last_tier(contract: Contract) -> bool:
    """Whether the tiers that are known of a contract end somewhere, so that a position can outgrow them."""
    return isinstance(contract.maintenance, Tiers) and contract.maintenance.tiers[-1].up_to is not None


def asks_no_less(contract: Contract) -> bool:
    """Whether of a larger position no smaller share is asked, by maintenance and initial margin.

    So that a part of a position needs no more than that part of what the whole of it does.
    """
    schedule = contract.maintenance
    if isinstance(schedule, SizeRate):
        return schedule.slope >= 0
    return schedule.tiers[0].deduction >= 0 and all(map(_rises, schedule.tiers, schedule.tiers[1:]))


def _rises(tier: Tier, above: Tier) -> bool:
    if tier.up_to is None or above.deduction < 0:
        return False
    if tier.max_leverage is not None and (above.max_leverage is None or above.max_leverage > tier.max_leverage):
        return False
    return tier.up_to * tier.rate - tier.deduction <= tier.up_to * above.rate - above.deduction


def liquidation(balance: Fraction, held: Sequence[Held]) -> Factors:
    """Where margin balance first no longer covers maintenance margin.

    ``balance``: ``W``, without unrealised PnL. For one inverse position this is ``N(1+m)/(N/Pe + W + c)`` for a long
    and ``N(1-m)/(N/Pe - W - c)`` for a short (none where the denominator is not positive), at the tier that holds the
    position there. Sources: Binance (isolated), Gate, Bybit 2026 and OKX print the same form; recorded positions of
    six venues agree.
    """
    if len(held) == 1:
        return held[0].ends(balance)
    return ends_of(balance, needed(held), held) if held else NEVER


def bankruptcy(balance: Fraction, held: Sequence[Held]) -> Factors:
    """Where margin balance is gone: liquidation with neither maintenance rate nor deduction."""
    return ends_of(balance, [loss_of(held)], held) if held else NEVER


def required_balance(held: Sequence[Held], *, lowest: Fraction, highest: Fraction) -> Fraction:
    """The least ``W`` that covers maintenance margin at every factor between ``lowest`` and ``highest``, ends included.

    For continuous tiers the need is convex, so one of the ends decides, as the one-position forms of the literature
    have it; with jumps, or several positions, it may be in between.
    """
    return needed_within(held, Reach(lowest, highest))


def needed_within(held: Sequence[Held], reach: Reach) -> Fraction:
    """The same over factors that many wallets are asked for."""
    if not held:
        return ZERO
    first, last = reach.inverted if is_inverse(held) else (reach.lowest, reach.highest)
    return most_needed(needed(held), first, last)


def ends_of(balance: Fraction, pieces: Sequence[Piece], held: Sequence[Held]) -> Factors:
    """Where what a wallet needs first reaches its balance."""
    if piece_at(pieces, ONE).today >= balance:
        return THERE_ALREADY
    if is_line(pieces):
        return ends_on_line(balance, pieces[0], held)
    return _as_factors(first_above_one(pieces, balance), first_below_one(pieces, balance), held)


def ends_on_line(balance: Fraction, line: Piece, held: Sequence[Held]) -> Factors:
    """The same of a straight line that needs less than the balance today."""
    return _as_factors(*ends_of_line(line, balance), held)


def _as_factors(larger: Fraction | None, smaller: Fraction | None, held: Sequence[Held]) -> Factors:
    if is_inverse(held):
        return Factors(1 / larger if larger else None, 1 / smaller if smaller else None)
    return Factors(smaller, larger)


def ends_are_last(held: Sequence[Held]) -> bool:
    """Whether ``liquidation`` is where a balance just does and nothing beyond it: what is needed is one line."""
    return bool(held) and is_line(needed(held))


def needed(held: Sequence[Held]) -> list[Piece]:
    """The ``W`` that covers maintenance margin at each y, as pieces."""
    return held[0].needed if len(held) == 1 else merged([(each.loss, each.maintenance) for each in held])


def loss_of(held: Sequence[Held]) -> Piece:
    """Minus unrealised PnL of positions together."""
    if len(held) == 1:
        return held[0].loss
    return Piece(None, total([each.loss.constant for each in held]), total([each.loss.linear for each in held]))


def _loss(position: Held) -> Piece:
    """Minus ``n·V·(1/Pe - y/P)``, and of a linear one minus ``n·V·(y·P - Pe)``: values at entry and at mark."""
    contract, entry, now = position.contract, position.entry_price, position.position_value
    entered = now if entry == position.mark_price else contract.position_value(position.contracts, entry)
    if (contract.kind is INVERSE) == (position.contracts > 0):
        return Piece(None, -entered, now)
    return Piece(None, entered, -now)


def _maintenance(position: Held) -> tuple[Piece, ...]:
    schedule = position.contract.maintenance
    match schedule:
        case SizeRate():
            value = position.position_value
            return (Piece(None, ZERO, value * schedule.base, value * value * schedule.slope),)
        case Tiers():
            if schedule.valuation is AT_ENTRY:
                return (_at_entry(position, schedule),)
            if size_moves(position.contract, schedule):
                return _moving_tiers(position, schedule)
            return (_fixed_tier(position, schedule),)
        case _:
            assert_never(schedule)


def _at_entry(position: Held, schedule: Tiers) -> Piece:
    entered = Held(position.contract, position.contracts, position.entry_price, position.entry_price)
    piece = _fixed_tier(entered, schedule)
    return Piece(None, piece.constant + piece.linear, ZERO)


def _fixed_tier(position: Held, schedule: Tiers) -> Piece:
    """The tier of a size that prices do not move, or of the size at the position's mark."""
    tier = schedule.tier(_size(position, schedule))
    rate = tier.rate + _close_fee(position.contract, schedule)
    value = position.position_value
    return Piece(None, ZERO, value * rate - _deduction_value(position, schedule, tier))


def _moving_tiers(position: Held, schedule: Tiers) -> tuple[Piece, ...]:
    """Tiers counted in the unit in which the position's size is proportional to y."""
    value, fee, last = position.position_value, _close_fee(position.contract, schedule), schedule.tiers[-1]
    return tuple([
        Piece(
            None if tier is last or tier.up_to is None else tier.up_to / value,
            -tier.deduction,
            value * (tier.rate + fee),
        )
        for tier in schedule.tiers
    ])  # fmt: skip


def _deduction_value(position: Held, schedule: Tiers, tier: Tier) -> Fraction:
    """The tier's deduction in the settlement coin at the position's mark."""
    contract = position.contract
    match schedule.unit:
        case TierUnit.USD:
            return tier.deduction / position.mark_price if contract.kind is INVERSE else tier.deduction
        case TierUnit.CONTRACTS:
            return tier.deduction * contract.position_value(ONE, position.mark_price)
        case TierUnit.COIN:
            return tier.deduction if contract.kind is INVERSE else tier.deduction * position.mark_price
        case _:
            assert_never(schedule.unit)


def size_moves(contract: Contract, schedule: Tiers) -> bool:
    """Whether the price moves the size that picks the tier: coins of an inverse contract, dollars of a linear one."""
    if contract.kind is INVERSE:
        return schedule.unit is IN_COINS
    if contract.kind is LINEAR:
        return schedule.unit is IN_USD
    assert_never(contract.kind)


def _size(position: Held, schedule: Tiers) -> Fraction:
    """The position's size in the unit that the tiers count, at the price that values it."""
    price = position.entry_price if schedule.valuation is AT_ENTRY else position.mark_price
    if schedule.unit is IN_COINS:
        if price is position.mark_price and position.contract.kind is INVERSE:
            return position.position_value
        return position.contract.coins(position.contracts, price)
    if schedule.unit is IN_USD:
        return position.contract.notional(position.contracts, price)
    if schedule.unit is TierUnit.CONTRACTS:
        return abs(position.contracts)
    assert_never(schedule.unit)


def _close_fee(contract: Contract, schedule: Tiers) -> Fraction:
    return contract.taker_fee if schedule.close_fee else ZERO


def _grown(position: Held, *, base: Fraction, slope: Fraction) -> Fraction:
    value = position.position_value
    return value * (base + slope * value)


def is_inverse(held: Sequence[Held]) -> bool:
    """Whether ``y`` of a wallet is 1/k, rather than k."""
    return held[0].contract.kind is INVERSE
