"""Whether a weight is off, and by how much: drift, bands, legs to target."""

from collections.abc import Iterable
from fractions import Fraction

from rebal.amounts import ONE, ZERO, total
from rebal.market.contract import Contract
from rebal.planner.exposure import Valuation, leg_value
from rebal.portfolio import DOLLARS, Portfolio


def drift(asset: str, valued: Valuation, portfolio: Portfolio) -> Fraction | None:
    """Weight less target, a fraction; None without targets or without equity."""
    weight = valued.weight(asset)
    if portfolio.targets is None or weight is None:
        return None
    return weight - target(asset, portfolio)


def target(asset: str, portfolio: Portfolio) -> Fraction:
    """The weight wanted; what the targets do not name is wanted at nothing."""
    return (portfolio.targets or {}).get(asset, ZERO)


def leg(asset: str, valued: Valuation, portfolio: Portfolio) -> Fraction:
    """Dollars of exposure to add: ``target·equity - exposure``, negative to take away."""
    return target(asset, portfolio) * valued.equity - valued.exposures[asset]


def band_width(asset: str, carriers: Iterable[Contract], *, valued: Valuation, portfolio: Portfolio) -> Fraction:
    """How far a weight may drift before its leg is traded.

    The policy's band; but never less than what trading itself leaves behind: two taker fees and one lot, together, so
    that a plan just carried out is never planned again.
    """
    left_behind = (2 * contract.taker_fee + lot_usd(contract, portfolio) / valued.equity for contract in carriers)
    return max((portfolio.policy.band.width(target(asset, portfolio)), *left_behind))


def dollars_band_width(contracts: Iterable[Contract], *, valued: Valuation, portfolio: Portfolio) -> Fraction:
    """The band of the dollars' row, which takes up what every other row's rounding and fees leave over."""
    served = tuple(contracts)
    left_over = total(max(lot_usd(contract, portfolio), portfolio.policy.min_order) for contract in served)
    fee = max((contract.taker_fee for contract in served), default=ZERO)
    return max(portfolio.policy.band.width(target(DOLLARS, portfolio)), 2 * fee + left_over / valued.equity)


def lot_usd(contract: Contract, portfolio: Portfolio) -> Fraction:
    """Dollars of exposure in the least order that a venue takes of a contract."""
    return leg_value(contract, ONE, portfolio) * max(contract.lot_size, contract.min_contracts)
