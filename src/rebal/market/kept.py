"""How far prices may move until a balance no longer keeps a policy."""

from collections.abc import Callable, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.contract import Contract
from rebal.market.maintenance import SizeRate, Valuation
from rebal.market.margin import (
    NEVER,
    THERE_ALREADY,
    Factors,
    Held,
    ends_of,
    ends_on_line,
    is_inverse,
    liquidation,
    loss_of,
    nearer,
    pnl_of,
    size_moves,
    value_of,
)
from rebal.market.piecewise import Piece, merged


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
    by_leverage = value_of(held) / leverage
    if by_leverage - pnl_of(held) >= balance:
        return THERE_ALREADY  # by the first rule, and no other is nearer
    below, above = liquidation(balance, held)
    found = Factors(
        None if below is None else min(ONE, below / (ONE - shock)),
        None if above is None else max(ONE, above / (ONE + shock)),
    )
    loss = loss_of(held)
    slope = loss.linear + by_leverage
    way = found.below if (slope > 0) is is_inverse(held) else found.above
    if way is None or way != ONE:  # else the line, which only goes one way, ends no nearer
        found = _nearer_ends(found, ends_on_line(balance, Piece(None, loss.constant, slope), held))
    levered = [(position, set_to(position.contract)) for position in held]
    if [each for each in levered if _may_ask_more(*each, leverage)]:
        by_initial = merged([(position.loss, _initial_pieces(position, lever)) for position, lever in levered])
        found = _nearer_ends(found, ends_of(balance, by_initial, held))
    return found


def _may_ask_more(position: Held, lever: Fraction, leverage: Fraction) -> bool:
    """Whether initial margin at a leverage that is set may at some price be more than the value over another."""
    contract, schedule = position.contract, position.contract.maintenance
    if lever < leverage or isinstance(schedule, SizeRate):
        return True
    caps = (contract.max_leverage, *[tier.max_leverage for tier in schedule.tiers])
    return bool([cap for cap in caps if cap is not None and cap < leverage])


def _nearer_ends(one: Factors, other: Factors) -> Factors:
    below = one.below
    if below is None or (other.below is not None and other.below > below):
        below = other.below
    return Factors(below, nearer(one.above, other.above))


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
    if schedule.valuation is Valuation.ENTRY or not size_moves(position.contract, schedule):
        return (Piece(None, ZERO, value / min(lever, position.most_leverage)),)
    if not [tier for tier in schedule.tiers if tier.max_leverage is not None and tier.max_leverage < most]:
        return (Piece(None, ZERO, value / most),)
    return tuple(
        Piece(
            None if tier is schedule.tiers[-1] or tier.up_to is None else tier.up_to / value,
            ZERO,
            value / min(most, tier.max_leverage or most),
        )
        for tier in schedule.tiers
    )
