"""What a rebalance aims at where some of it cannot be had: who keeps its exposure, and what the others share."""

from collections.abc import Mapping

from rebal.amounts import ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.planner.drift import target
from rebal.planner.exposure import Valuation
from rebal.portfolio import DOLLARS, Portfolio


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
