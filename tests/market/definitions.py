"""Margin straight from its definitions, a price at a time: the twin that the closed forms are held against.

Nothing here knows of pieces, roots or ``y``. Every figure is evaluated at one price, and a liquidation is found by
walking away from today's marks and halving the step in which margin balance stops covering maintenance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.examples import INVERSE
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tiers, TierUnit, Valuation
from rebal.market.margin import Held

ONE = Fraction(1)
HAIR = Fraction(1, 10**40)
"""So little that no tier, and no figure that is compared, lies within it."""


def inverse(
    maintenance: Maintenance,
    *,
    multiplier: str | Fraction = "100",
    taker_fee: str | Fraction = "0.0005",
    name: str = "BTCUSD",
) -> Contract:
    """An inverse contract with this schedule."""
    return replace(
        INVERSE, name=name, maintenance=maintenance, multiplier=exact(multiplier), taker_fee=exact(taker_fee)
    )


def linear(
    maintenance: Maintenance,
    *,
    multiplier: str | Fraction = "0.001",
    taker_fee: str | Fraction = "0.0005",
    name: str = "BTCUSDT",
    asset: str = "BTC",
) -> Contract:
    """A linear contract with this schedule, settled in USDT."""
    return replace(
        INVERSE,
        name=name,
        asset=asset,
        kind=Kind.LINEAR,
        settle="USDT",
        maintenance=maintenance,
        multiplier=exact(multiplier),
        taker_fee=exact(taker_fee),
    )


def at(position: Held, factor: Fraction) -> Held:
    """The position with its mark moved by a factor."""
    return replace(position, mark_price=position.mark_price * factor)


def unrealised(position: Held) -> Fraction:
    dollars = position.contracts * position.contract.multiplier
    if position.contract.kind is Kind.INVERSE:
        return dollars / position.entry_price - dollars / position.mark_price
    return dollars * position.mark_price - dollars * position.entry_price


def value(position: Held, price: Fraction) -> Fraction:
    """In the settlement coin."""
    held = abs(position.contracts) * position.contract.multiplier
    return held / price if position.contract.kind is Kind.INVERSE else held * price


def unit_value(position: Held, price: Fraction, unit: TierUnit) -> Fraction:
    """One of what the tiers count, in the settlement coin."""
    is_inverse = position.contract.kind is Kind.INVERSE
    match unit:
        case TierUnit.COIN:
            return ONE if is_inverse else price
        case TierUnit.USD:
            return 1 / price if is_inverse else ONE
        case TierUnit.CONTRACTS:
            return position.contract.multiplier / price if is_inverse else position.contract.multiplier * price


def sliced(size: Fraction, schedule: Tiers) -> Fraction:
    """Every slice of a size at its own rate, in the tiers' unit."""
    demanded, floor = Fraction(0), Fraction(0)
    for number, tier in enumerate(schedule.tiers):
        is_last = number == len(schedule.tiers) - 1
        ceiling = size if is_last or tier.up_to is None else min(size, tier.up_to)
        if ceiling > floor:
            demanded += (ceiling - floor) * tier.rate
            floor = ceiling
    return demanded


def maintenance(position: Held) -> Fraction:
    """At the position's own mark, in the settlement coin."""
    schedule = position.contract.maintenance
    if isinstance(schedule, SizeRate):
        coins = value(position, position.mark_price)
        return coins * (schedule.base + schedule.slope * coins)
    price = position.entry_price if schedule.valuation is Valuation.ENTRY else position.mark_price
    worth, unit = value(position, price), unit_value(position, price, schedule.unit)
    fee = worth * position.contract.taker_fee if schedule.close_fee else Fraction(0)
    if schedule.method is not Method.WHOLE:
        return sliced(worth / unit, schedule) * unit + fee
    rates = [tier.rate for tier in schedule.tiers if tier.up_to is None or worth / unit <= tier.up_to]
    return worth * (rates[0] if rates else schedule.tiers[-1].rate) + fee


def initial(position: Held, lever: Fraction) -> Fraction:
    """Initial margin at the position's own mark, in the settlement coin."""
    schedule, worth = position.contract.maintenance, value(position, position.mark_price)
    caps = [lever, position.contract.max_leverage]
    if isinstance(schedule, SizeRate):
        grown = worth * (schedule.initial_base + schedule.slope * worth)
        return max(grown, *(worth / cap for cap in caps if cap is not None))
    price = position.entry_price if schedule.valuation is Valuation.ENTRY else position.mark_price
    size = value(position, price) / unit_value(position, price, schedule.unit)
    holding = [tier for tier in schedule.tiers if tier.up_to is None or size <= tier.up_to]
    caps.append((holding[0] if holding else schedule.tiers[-1]).max_leverage)
    return max(worth / cap for cap in caps if cap is not None)


def slack(balance: Fraction, held: Sequence[Held], factor: Fraction) -> Fraction:
    """Margin balance less maintenance margin with all marks moved by a factor."""
    moved = [at(position, factor) for position in held]
    return balance + sum(unrealised(position) - maintenance(position) for position in moved)


def bounds(held: Sequence[Held]) -> list[Fraction]:
    """Factors at which the price takes a position across one of its tier bounds."""
    found: set[Fraction] = set()
    for position in held:
        schedule = position.contract.maintenance
        if isinstance(schedule, SizeRate) or schedule.valuation is Valuation.ENTRY:
            continue
        size = value(position, position.mark_price) / unit_value(position, position.mark_price, schedule.unit)
        for tier in schedule.tiers[:-1]:
            assert tier.up_to is not None
            if position.contract.kind is Kind.INVERSE and schedule.unit is TierUnit.COIN:
                found.add(size / tier.up_to)
            if position.contract.kind is Kind.LINEAR and schedule.unit is TierUnit.USD:
                found.add(tier.up_to / size)
    return sorted(found)


@dataclass(frozen=True)
class Walk:
    """Where a walk away from today's marks first found the wallet short, and the last factor that was still covered."""

    covered: Fraction
    short: Fraction


def grid(held: Sequence[Held], *, lowest: Fraction, highest: Fraction) -> list[Fraction]:
    """Factors between two, ends included: even steps, and either side of every tier bound."""
    steps = 40
    even = [lowest + (highest - lowest) * step / steps for step in range(steps + 1)]
    beside = [bound * (1 + side) for bound in bounds(held) for side in (-HAIR, Fraction(0), HAIR)]
    return sorted({*even, *(factor for factor in beside if lowest <= factor <= highest)})


def first_short(balance: Fraction, held: Sequence[Held], *, upward: bool) -> Walk | None:
    """The first factor on the way up (down) at which the wallet is short, to 2^-90; None within a million times."""
    walked = ONE
    for factor in _away(held, upward=upward):
        if slack(balance, held, factor) <= 0:
            return _halved(balance, held, Walk(covered=walked, short=factor))
        walked = factor
    return None


def _away(held: Sequence[Held], *, upward: bool) -> Iterator[Fraction]:
    even = [Fraction(5, 4) ** step for step in range(1, 63)]
    beside = [bound * (1 + side) for bound in bounds(held) for side in (-HAIR, Fraction(0), HAIR)]
    if upward:
        yield from sorted({*even, 1 + HAIR, *(factor for factor in beside if 1 < factor <= even[-1])})
    else:
        below = {*(1 / factor for factor in even), 1 - HAIR}
        yield from sorted({*below, *(factor for factor in beside if 1 / even[-1] <= factor < 1)}, reverse=True)


def _halved(balance: Fraction, held: Sequence[Held], walk: Walk) -> Walk:
    covered, short = walk.covered, walk.short
    for _ in range(90):
        middle = Fraction(round((covered + short) / 2 * 2**160), 2**160)
        if slack(balance, held, middle) <= 0:
            short = middle
        else:
            covered = middle
    return Walk(covered, short)
