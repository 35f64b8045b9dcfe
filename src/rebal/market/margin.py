"""What a wallet must hold: initial and maintenance margin, liquidation and bankruptcy, as one curve.

All marks of a wallet move together (Deribit's own rule, recorded): every mark is multiplied by one factor ``k``. In the
variable ``y = 1/k`` of inverse contracts, or ``y = k`` of linear ones, unrealised PnL is a straight line and
maintenance margin is made of straight pieces (of a parabola for a rate that grows with the size). So the coins that a
wallet needs at each ``y`` are a function of pieces whose crossings are solved in closed form, piece by piece, and the
tier that counts is the one at the liquidation price, not today's.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, assert_never

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import INVERSE, LINEAR, Contract
from rebal.market.maintenance import SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.piecewise import Piece, ends_of_line, first_above_one, first_below_one, merged, most_needed, piece_at


class Factors(NamedTuple):
    """Where a wallet ends, as factors on all its marks: first below and first above today's; None: never."""

    below: Fraction | None
    above: Fraction | None

    @property
    def distance(self) -> Fraction | None:
        """To the nearer end, as a fraction of today's marks; None where there is no end."""
        ends = [*(() if self.below is None else (1 - self.below,)), *(() if self.above is None else (self.above - 1,))]
        return min(ends, default=None)


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
        found = _ends(balance, self.needed, (self,))
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
    caps = [position.contract.max_leverage]
    schedule = position.contract.maintenance
    if isinstance(schedule, Tiers):
        caps.append(schedule.tier(_size(position, schedule)).max_leverage)
    known = [cap for cap in caps if cap is not None]
    return min(known, default=_UNCAPPED)


def beyond_last_tier(position: Held) -> bool:
    """Whether the position is larger than the last tier that is known of its contract."""
    schedule = position.contract.maintenance
    return isinstance(schedule, Tiers) and schedule.beyond(_size(position, schedule))


def asks_no_less(contract: Contract) -> bool:
    """Whether of a larger position no smaller share is asked, by maintenance and initial margin.

    So that a part of a position needs no more than that part of what the whole of it does.
    """
    schedule = contract.maintenance
    if isinstance(schedule, SizeRate):
        return schedule.slope >= 0
    return schedule.tiers[0].deduction >= 0 and all(_rises(a, b) for a, b in pairwise(schedule.tiers))


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
    return _ends(balance, needed(held), held) if held else NEVER


def bankruptcy(balance: Fraction, held: Sequence[Held]) -> Factors:
    """Where margin balance is gone: liquidation with neither maintenance rate nor deduction."""
    return _ends(balance, _with([(Piece(None, ZERO, ZERO),)] * len(held), held), held) if held else NEVER


def kept_within(
    balance: Fraction,
    held: Sequence[Held],
    *,
    leverage: Fraction,
    set_to: Callable[[Contract], Fraction],
    shock: Fraction,
) -> Factors:
    """How far all marks may move, as factors, until a balance no longer more than keeps a policy; None: without end.

    Three rules, each solved on its own, the nearest counts: margin balance is at least ``Σ value/leverage``, at least
    initial margin at the leverage that the account is ``set_to``, within the venue's caps, and covers maintenance after
    a further move of ``shock`` either way. The last is where liquidation, at ``b`` below and ``a`` above, is ``shock``
    away: ``b/(1 - shock)`` and ``a/(1 + shock)``.
    """
    if not held:
        return NEVER
    if value_of(held) / leverage - pnl_of(held) >= balance:
        return THERE_ALREADY  # by the first rule, and no other is nearer
    by_leverage = [(Piece(None, ZERO, position.position_value / leverage),) for position in held]
    by_initial = [_initial_pieces(position, set_to(position.contract)) for position in held]
    ends = liquidation(balance, held)
    found = [
        _ends(balance, _with(by_leverage, held), held),
        *(() if by_initial == by_leverage else (_ends(balance, _with(by_initial, held), held),)),
        Factors(
            None if ends.below is None else ends.below / (ONE - shock),
            None if ends.above is None else ends.above / (ONE + shock),
        ),
    ]
    below = [each.below for each in found if each.below is not None]
    above = [each.above for each in found if each.above is not None]
    return Factors(min(ONE, max(below)) if below else None, max(ONE, min(above)) if above else None)


def required_balance(held: Sequence[Held], *, lowest: Fraction, highest: Fraction) -> Fraction:
    """The least ``W`` that covers maintenance margin at every factor between ``lowest`` and ``highest``, ends included.

    For continuous tiers the need is convex, so one of the ends decides, as the one-position forms of the literature
    have it; with jumps, or several positions, it may be in between.
    """
    if not held:
        return ZERO
    first, last = (1 / highest, 1 / lowest) if is_inverse(held) else (lowest, highest)
    return most_needed(needed(held), first, last)


def _with(schedules: Iterable[tuple[Piece, ...]], held: Iterable[Held]) -> list[Piece]:
    return merged([(position.loss, pieces) for position, pieces in zip(held, schedules, strict=True)])


def _ends(balance: Fraction, pieces: Sequence[Piece], held: Sequence[Held]) -> Factors:
    if piece_at(pieces, ONE).today >= balance:
        return THERE_ALREADY
    if _is_line(pieces):
        larger, smaller = ends_of_line(pieces[0], balance)
    else:
        larger, smaller = first_above_one(pieces, balance), first_below_one(pieces, balance)
    if is_inverse(held):
        return Factors(1 / larger if larger else None, 1 / smaller if smaller else None)
    return Factors(smaller, larger)


def ends_are_last(held: Sequence[Held]) -> bool:
    """Whether ``liquidation`` is where a balance just does and nothing beyond it: what is needed is one line."""
    return bool(held) and _is_line(needed(held))


def _is_line(pieces: Sequence[Piece]) -> bool:
    return len(pieces) == 1 and not pieces[0].quadratic


def needed(held: Sequence[Held]) -> list[Piece]:
    """The ``W`` that covers maintenance margin at each y, as pieces."""
    return held[0].needed if len(held) == 1 else merged([(each.loss, each.maintenance) for each in held])


def _loss(position: Held) -> Piece:
    contract, n = position.contract, position.contracts
    whole = n * contract.multiplier
    if contract.kind is INVERSE:
        return Piece(None, -whole / position.entry_price, whole / position.mark_price)
    if contract.kind is LINEAR:
        return Piece(None, whole * position.entry_price, -whole * position.mark_price)
    assert_never(contract.kind)


def _maintenance(position: Held) -> tuple[Piece, ...]:
    schedule = position.contract.maintenance
    match schedule:
        case SizeRate():
            value = position.position_value
            return (Piece(None, ZERO, value * schedule.base, value * value * schedule.slope),)
        case Tiers():
            if schedule.valuation is Valuation.ENTRY:
                return (_at_entry(position, schedule),)
            if _size_moves(position.contract, schedule):
                return _moving_tiers(position, schedule)
            return (_fixed_tier(position, schedule),)
        case _:
            assert_never(schedule)


def _initial_pieces(position: Held, lever: Fraction) -> tuple[Piece, ...]:
    """Initial margin at a leverage, within the caps of the tiers that prices move the position through."""
    value, schedule = position.position_value, position.contract.maintenance
    most = min(lever, position.contract.max_leverage or lever)
    if isinstance(schedule, SizeRate):
        grown = Piece(None, ZERO, value * schedule.initial_base, value * value * schedule.slope)
        more = value / most - grown.linear
        if more <= 0:
            return (grown,)
        return (
            (Piece(more / grown.quadratic, ZERO, value / most), grown)
            if grown.quadratic
            else (Piece(None, ZERO, value / most),)
        )
    if schedule.valuation is Valuation.ENTRY or not _size_moves(position.contract, schedule):
        return (Piece(None, ZERO, value / min(lever, position.most_leverage)),)
    if all(tier.max_leverage is None or tier.max_leverage >= most for tier in schedule.tiers):
        return (Piece(None, ZERO, value / most),)
    return tuple(
        Piece(
            None if tier is schedule.tiers[-1] or tier.up_to is None else tier.up_to / value,
            ZERO,
            value / min(most, tier.max_leverage or most),
        )
        for tier in schedule.tiers
    )


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
    value, fee = position.position_value, _close_fee(position.contract, schedule)
    return tuple(
        Piece(None if last or tier.up_to is None else tier.up_to / value, -tier.deduction, value * (tier.rate + fee))
        for tier, last in ((tier, tier is schedule.tiers[-1]) for tier in schedule.tiers)
    )


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


def _size_moves(contract: Contract, schedule: Tiers) -> bool:
    """Whether the price moves the size that picks the tier: coins of an inverse contract, dollars of a linear one."""
    if contract.kind is INVERSE:
        return schedule.unit is TierUnit.COIN
    if contract.kind is LINEAR:
        return schedule.unit is TierUnit.USD
    assert_never(contract.kind)


def _size(position: Held, schedule: Tiers) -> Fraction:
    """The position's size in the unit that the tiers count, at the price that values it."""
    price = position.entry_price if schedule.valuation is Valuation.ENTRY else position.mark_price
    match schedule.unit:
        case TierUnit.COIN:
            if price is position.mark_price and position.contract.kind is INVERSE:
                return position.position_value
            return position.contract.coins(position.contracts, price)
        case TierUnit.USD:
            return position.contract.notional(position.contracts, price)
        case TierUnit.CONTRACTS:
            return abs(position.contracts)
        case _:
            assert_never(schedule.unit)


def _close_fee(contract: Contract, schedule: Tiers) -> Fraction:
    return contract.taker_fee if schedule.close_fee else ZERO


def _grown(position: Held, *, base: Fraction, slope: Fraction) -> Fraction:
    value = position.position_value
    return value * (base + slope * value)


def is_inverse(held: Sequence[Held]) -> bool:
    """Whether ``y`` of a wallet is 1/k, rather than k."""
    return held[0].contract.kind is INVERSE
