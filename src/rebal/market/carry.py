"""What holding a position costs or earns: funding and basis."""

from datetime import datetime, timedelta

from rebal.amounts import ZERO, Fraction
from rebal.market.contract import Contract, Kind

HOURS_PER_DAY = 24
DAYS_PER_YEAR = 365


def funding_usd_per_day(
    contract: Contract, contracts: Fraction, *, price: Fraction, rate: Fraction | None
) -> Fraction | None:
    """Dollars of funding paid a day (negative: received), ``s·N·r·24/interval``.

    Nothing for a dated contract or an empty position; None where the rate or the interval is not known.
    """
    if contracts == 0 or contract.expiry is not None:
        return ZERO
    if rate is None or contract.funding_interval_hours is None:
        return None
    return contract.funding_usd(contracts, price, rate) * HOURS_PER_DAY / contract.funding_interval_hours


def funding_coins_per_day(
    contract: Contract, contracts: Fraction, *, price: Fraction, rate: Fraction | None
) -> Fraction | None:
    """The same in the settlement coin, at the contract's own mark: an inverse one pays the rate on ``N/P`` coins."""
    paid = funding_usd_per_day(contract, contracts, price=price, rate=rate)
    return paid if paid is None or contract.kind is Kind.LINEAR else paid / price


def basis_usd_per_day(
    contract: Contract, contracts: Fraction, *, price: Fraction, index: Fraction, days: Fraction
) -> Fraction:
    """Dollars of basis paid a day until expiry in ``days`` (negative: earned), ``s·N·(1 - S/F)/days``, the index still.

    Of an inverse contract the PnL ``n·V·(1/F - 1/S)`` coins of converging, at ``S`` each; of a linear one ``n·V·(S -
    F)`` dollars: the same, whatever the position was sized by. ``price`` and ``index`` in dollars.
    """
    return contract.funding_usd(contracts, price, 1 - index / price) / days


def basis(price: Fraction, index: Fraction) -> Fraction:
    """``F/S - 1``, a fraction."""
    return price / index - 1


def annualised(basis_now: Fraction, days: Fraction) -> Fraction:
    """``(F/S - 1)·365/days`` to expiry, simple."""
    return basis_now * DAYS_PER_YEAR / days


def days_between(start: datetime, end: datetime) -> Fraction:
    """Days, with their fractions, from one instant to another."""
    return days_of(end - start)


def days_of(span: timedelta) -> Fraction:
    """A length of time in days, with their fractions."""
    return span.days + Fraction(span.seconds * 10**6 + span.microseconds, 86_400 * 10**6)
