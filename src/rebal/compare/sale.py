"""What the same legs cost in spot: fees, slippage, and the tax on what is sold."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.planner.desk import Desk
from rebal.portfolio import Costs, Tax
from rebal.tax import SoldLot, sold_lots, tax_usd


@frozen
class SpotTrade:
    """Coins sold and bought in place of futures, at today's prices.

    ``legs``: dollars by asset, negative sold; sales of coins that are not held are not among them. ``bought_back``:
    what is sold is bought again later. ``sold``: the lots that each sale takes, None where they are not known.
    """

    legs: Mapping[str, Fraction]
    bought_back: bool
    costs: Costs
    tax: Tax | None
    sold: Mapping[str, tuple[SoldLot, ...] | None]

    @property
    def notional(self) -> Fraction:
        """Dollars of the legs."""
        return total(abs(dollars) for dollars in self.legs.values())

    @property
    def lots(self) -> tuple[SoldLot, ...]:
        """Every lot sold that is known."""
        return tuple(lot for _, lots in sorted(self.sold.items()) for lot in lots or ())

    def only(self, assets: Collection[str]) -> "SpotTrade":
        """The part of it that is in some assets."""
        return replace(
            self,
            legs={asset: dollars for asset, dollars in self.legs.items() if asset in assets},
            sold={asset: lots for asset, lots in self.sold.items() if asset in assets},
        )

    def fees_usd(self) -> Fraction | None:
        """Fees of all trades; None where the rate is not given."""
        return self._traded(self.costs.spot_fee)

    def slippage_usd(self) -> Fraction | None:
        """Slippage of all trades; None where it is not given."""
        return self._traded(self.costs.slippage)

    def tax_usd(self, at: datetime) -> Fraction | None:
        """Tax, were the coins sold at an instant at today's prices; None where rates or lots are not given."""
        if not self.sold:
            return ZERO
        if self.tax is None or None in self.sold.values():
            return None
        return tax_usd(self.lots, self.tax, at=at)

    def known_tax_usd(self, at: datetime) -> Fraction:
        """The tax as far as rates and lots are given: of the coins whose lots are known, as if they were sold alone."""
        return ZERO if self.tax is None else tax_usd(self.lots, self.tax, at=at)

    def taxes_usd(self, at: datetime) -> tuple[Fraction | None, Fraction]:
        """Both: the tax, and what of it is known."""
        return self.tax_usd(at), self.known_tax_usd(at)

    def total_usd(self, at: datetime) -> Fraction | None:
        """All of it, were it done at an instant."""
        fees, slippage, tax = self.fees_usd(), self.slippage_usd(), self.tax_usd(at)
        return None if fees is None or slippage is None or tax is None else fees + slippage + tax

    def missing(self) -> Iterator[str]:
        """The keys of the file without which the total is not known."""
        if self.legs and self.costs.spot_fee is None:
            yield "costs.spot_fee"
        if self.legs and self.costs.slippage is None:
            yield "costs.slippage"
        yield from self.missing_tax()

    def missing_tax(self) -> Iterator[str]:
        """Those without which its tax is not known."""
        if self.sold and self.tax is None:
            yield "tax"
        elif self.tax is not None:
            yield from (f"holdings.{asset}.lots" for asset, lots in self.sold.items() if lots is None)

    def per_rate(self) -> Mapping[str, Fraction]:
        """Dollars that it pays for a whole of each rate of ``costs``."""
        traded = self._traded(ONE) or ZERO
        return {"costs.spot_fee": traded, "costs.slippage": traded}

    def _traded(self, rate: Fraction | None) -> Fraction | None:
        if not self.legs:
            return ZERO
        return None if rate is None else rate * self.notional * (2 if self.bought_back else 1)


def spot_trade(wanted: Mapping[str, Fraction], desk: Desk, *, bought_back: bool) -> SpotTrade:
    """Trade legs in spot, as far as what is to be sold is held."""
    held = desk.book.holdings
    prices = {asset: desk.portfolio.price(asset) for asset in wanted}
    legs = {asset: usd for asset, usd in wanted.items() if usd + held.get(asset, ZERO) * prices[asset] >= 0}
    sold = {asset: _lots_sold(asset, -usd / prices[asset], desk) for asset, usd in legs.items() if usd < 0}
    return SpotTrade(legs, bought_back, desk.portfolio.costs, desk.portfolio.tax, sold)


def _lots_sold(asset: str, quantity: Fraction, desk: Desk) -> tuple[SoldLot, ...] | None:
    portfolio = desk.portfolio
    holding = portfolio.holdings.get(asset)
    if portfolio.tax is None or holding is None:
        return None
    return sold_lots(
        asset,
        holding.lots,
        quantity,
        held=desk.book.holdings.get(asset, ZERO),
        price=portfolio.price(asset),
        method=portfolio.tax.method,
    )
