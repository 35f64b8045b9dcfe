"""What is wanted of each weight: targets, the legs and bands about them, and the aims where some cannot be had."""

from collections.abc import Mapping

from rebal.amounts import ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.exposure import Valuation, asset_usd
from rebal.portfolio import DOLLARS, Portfolio


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
    return asset_usd(asset, contract, contract.lot_size, portfolio=portfolio)


def least_leg_usd(asset: str, contract: Contract, portfolio: Portfolio) -> Fraction:
    """The same in the least order that a venue takes of it."""
    return asset_usd(asset, contract, max(contract.lot_size, contract.min_contracts), portfolio=portfolio)


@frozen
class Aims:
    """Exposures in USD that a rebalance aims at, by asset, the dollars' row among them; they add up to the equity.

    ``kept``: the uncovered assets, each with the exposure that it is left with. With none it is ``target·equity``.
    """

    exposures: Mapping[str, Fraction]
    kept: Mapping[str, Fraction]

    def weights(self, equity: Fraction) -> dict[str, Fraction]:
        """The same as weights."""
        return {asset: dollars / equity for asset, dollars in self.exposures.items()}


def aims(kept: Mapping[str, Fraction], valued: Valuation, portfolio: Portfolio) -> Aims:
    """Spread over the covered assets what the uncovered ones leave of the equity.

    An uncovered asset u keeps its exposure ``E_u``. Each other asset i, the dollars too, aims at
    ``target_i / Σ target_others · (equity - Σ E_u)``, at nothing where that is below 0; what then remains is dollars.
    """
    if not kept:
        return Aims({asset: target(asset, portfolio) * valued.equity for asset in valued.exposures}, kept)
    left = max(ZERO, valued.equity - total(kept.values()))
    others = total(target(asset, portfolio) for asset in valued.exposures if asset not in kept)
    one = left / others if others else ZERO
    exposures = {
        asset: kept[asset] if asset in kept else target(asset, portfolio) * one
        for asset in valued.exposures
        if asset != DOLLARS
    }
    exposures[DOLLARS] = valued.equity - total(exposures.values())
    return Aims(exposures, kept)
