"""Whether a weight is off, and by how much: drift, bands, legs to target."""

from rebal.amounts import ZERO, Fraction
from rebal.market.contract import Contract
from rebal.planner.exposure import Valuation, beta, leg_value
from rebal.portfolio import Portfolio


def target(asset: str, portfolio: Portfolio) -> Fraction:
    """The weight wanted; what the targets do not name is wanted at nothing."""
    return (portfolio.targets or {}).get(asset, ZERO)


def leg(asset: str, valued: Valuation, portfolio: Portfolio) -> Fraction:
    """Dollars of exposure to add: ``target·equity - exposure``, negative to take away."""
    return target(asset, portfolio) * valued.equity - valued.exposures[asset]


def band_width(
    asset: str, aimed: Fraction, *, contract: Contract | None, valued: Valuation, portfolio: Portfolio
) -> Fraction:
    """How far a weight may drift: the policy's band, two taker fees, or one lot over equity, whichever is largest.

    ``aimed``: the weight aimed at. ``contract``: the one that a leg of the asset would be traded on, None where
    nothing serves it.
    """
    width = portfolio.policy.band.width(aimed)
    if contract is None:
        return width
    return max(width, 2 * contract.taker_fee, lot_usd(asset, contract, portfolio) / valued.equity)


def lot_usd(asset: str, contract: Contract, portfolio: Portfolio) -> Fraction:
    """Dollars of an asset in one lot of a contract that carries it; a proxy's are divided by its beta."""
    return leg_value(contract, contract.lot_size, portfolio) / beta(asset, contract, portfolio)


def least_leg_usd(asset: str, contract: Contract, portfolio: Portfolio) -> Fraction:
    """The same in the least order that a venue takes of it."""
    least = max(contract.lot_size, contract.min_contracts)
    return leg_value(contract, least, portfolio) / beta(asset, contract, portfolio)
