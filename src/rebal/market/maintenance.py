"""Maintenance margin: by tiers, or by a rate that grows with the size."""

from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rebal.amounts import ONE, ZERO, Fraction
from rebal.frozen import frozen


class Valuation(StrEnum):
    """Which price values the position for maintenance margin."""

    MARK = "mark"
    ENTRY = "entry"


class Method(StrEnum):
    """How the tiers apply.

    ``deduction``: the tier's rate on the whole position less a deduction that makes it continuous.
    ``whole``: the tier's rate on the whole position, with a jump at each bound.
    ``marginal``: each slice at its own rate; the same algebra as ``deduction``.
    """

    DEDUCTION = "deduction"
    WHOLE = "whole"
    MARGINAL = "marginal"


class TierUnit(StrEnum):
    """What the bounds and the deductions of the tiers count."""

    COIN = "coin"
    USD = "usd"
    CONTRACTS = "contracts"


AT_ENTRY: Final = Valuation.ENTRY
IN_COINS: Final = TierUnit.COIN
IN_USD: Final = TierUnit.USD
"""Names of their own for what every position is asked, as ``market.contract.INVERSE`` is."""


@frozen
class Tier:
    """One tier: it holds sizes up to and including ``up_to`` (None: without end).

    ``deduction`` is in the tiers' unit. ``max_leverage``: the most the venue allows here, None where it says nothing.
    """

    up_to: Fraction | None
    rate: Fraction
    deduction: Fraction = ZERO
    max_leverage: Fraction | None = None


@frozen
class Tiers:
    """A maintenance schedule in ascending tiers; beyond the last bound its rate goes on (``beyond`` tells).

    ``close_fee``: the taker fee of closing is part of maintenance. ``derived``: where deductions come from continuity
    rather than from the venue.
    """

    valuation: Valuation
    close_fee: bool
    method: Method
    unit: TierUnit
    tiers: tuple[Tier, ...]

    def tier(self, size: Fraction) -> Tier:
        """The tier that holds a size, counted in the tiers' unit."""
        for tier in self.tiers:
            if tier.up_to is None or size <= tier.up_to:
                return tier
        return self.tiers[-1]

    def beyond(self, size: Fraction) -> bool:
        """Whether a size lies beyond the last tier that is known."""
        last = self.tiers[-1].up_to
        return last is not None and size > last


@frozen
class SizeRate:
    """Deribit's schedule: one rate for the whole position that grows with its size in coins, ``base + slope·q``.

    ``initial_base``: the base of the initial margin, which has the same slope.
    """

    base: Fraction
    slope: Fraction
    initial_base: Fraction = ZERO


Maintenance = Tiers | SizeRate


def continuous(steps: tuple[tuple[Fraction | None, Fraction], ...]) -> tuple[Tier, ...]:
    """Tiers from (up_to, rate) with the deductions that make the schedule continuous.

    ``c_k = c_(k-1) + floor_k·(m_k - m_(k-1))`` (source: Binance's FAQ on COIN-M liquidation prices). Its chain of 2020
    gives 1.81 BTC at the fifth tier and 11.81 at the seventh:

    >>> per_mille = (4, 5, 10, 25, 50, 100, 125)
    >>> bounds = (Fraction(10), Fraction(20), Fraction(30), Fraction(50), Fraction(100), Fraction(200), None)
    >>> tiers = continuous(tuple(zip(bounds, (Fraction(rate, 1000) for rate in per_mille))))
    >>> float(tiers[4].deduction), float(tiers[6].deduction)
    (1.81, 11.81)
    """
    tiers: list[Tier] = []
    deduction = ZERO
    floor, rate_below = ZERO, steps[0][1]
    for up_to, rate in steps:
        deduction += floor * (rate - rate_below)
        tiers.append(Tier(up_to, rate, deduction))
        floor, rate_below = up_to if up_to is not None else floor, rate
    return tuple(tiers)


def with_deductions(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """The same tiers with the deductions that continuity demands in place of their own."""
    derived = continuous(tuple((tier.up_to, tier.rate) for tier in tiers))
    return tuple(
        Tier(new.up_to, new.rate, new.deduction, old.max_leverage) for new, old in zip(derived, tiers, strict=True)
    )


ASSUMED_RATE = Fraction(25, 1000)


@lru_cache(maxsize=64)
def assumed(max_leverage: Fraction | None) -> Tiers:
    """The schedule that stands in where none is known: the larger of 2.5 % and ``1/(2·max_leverage)``.

    On the whole position at mark, with the fee of closing: more than any venue was seen to ask of a first tier.
    """
    rate = max(ASSUMED_RATE, ONE / (2 * max_leverage)) if max_leverage else ASSUMED_RATE
    return Tiers(Valuation.MARK, close_fee=True, method=Method.WHOLE, unit=TierUnit.COIN, tiers=(Tier(None, rate),))


def is_continuous(tiers: tuple[Tier, ...]) -> bool:
    """Whether neighbouring tiers ask the same at their common bound."""
    return all(
        a.up_to is not None and a.up_to * a.rate - a.deduction == a.up_to * b.rate - b.deduction
        for a, b in pairwise(tiers)
    )
