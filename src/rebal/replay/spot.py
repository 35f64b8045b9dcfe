"""The same weights by spot trades: every asset back to its target once one has left its band, with lots and tax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, total, toward_zero
from rebal.book import Book, Spot
from rebal.planner.exposure import dollars_held
from rebal.portfolio import DOLLARS, Lot, Portfolio, Tax
from rebal.replay.walk import Walk
from rebal.replay.ways import close_all
from rebal.tax import SoldLot, netted, sold_lots

SPOT = "spot"


@dataclass(slots=True)
class InSpot:
    """Spot trades at every check that finds a weight outside its band.

    ``lots``: what is left of each asset's, None once they did not reach for a sale; ``sales``: lots sold, each with its
    time. What is bought makes a lot at its price. Tax is counted, not paid out of the book.
    """

    spot_fee: Fraction
    slippage: Fraction
    name: str = SPOT
    lots: dict[str, tuple[Lot, ...] | None] = field(default_factory=dict)
    sales: list[tuple[SoldLot, datetime]] = field(default_factory=list)

    def begin(self, walk: Walk) -> None:
        """The coins of the stated book: every future closed at its mark, free of cost."""
        close_all(walk)
        walk.book = Book(walk.book.holdings, {}, {})
        holdings = walk.quotes.portfolio.holdings
        self.lots = {asset: holding.lots or None for asset, holding in holdings.items()}

    def act(self, walk: Walk, n: int) -> None:
        """Trade every asset to its target where one is outside its band."""
        laid = walk.quotes.at(n)
        trades = self._trades(laid, walk.book)
        time = walk.time_of(laid)
        for asset, coins in trades.items():
            index = laid.price(asset)
            self._lots(asset, coins, laid=laid, held=walk.book.holdings.get(asset, ZERO), at=time)
            price = index * (ONE + self.slippage if coins > 0 else ONE - self.slippage)
            fee = abs(coins) * price * self.spot_fee
            events = (Spot(asset, coins, price), Spot(DOLLARS, -coins * price - fee))
            line = walk.tally.year(SPOT, DOLLARS, time.year)
            line.fees += fee
            line.slippage += walk.happen(events, laid, into="slippage", fees=fee)
        walk.tally.plans += bool(trades)
        walk.tally.orders += len(trades)

    def _trades(self, laid: Portfolio, book: Book) -> dict[str, Fraction]:
        """Coins to trade by asset, sales first; none while every asset is inside its band.

        Sales go to the target; what they bring and the dollars above their own target buy the others, each its share
        of what it lacks, so that fees and slippage are paid out of what is bought.
        """
        targets, policy = laid.targets or {}, laid.policy
        assets = sorted({*book.holdings, *targets} - laid.cash - laid.aside - {DOLLARS})
        worth = {asset: book.holdings.get(asset, ZERO) * laid.price(asset) for asset in assets}
        dollars = dollars_held(laid, book)
        equity = total(worth.values()) + dollars
        if equity <= 0:
            return {}
        wanted = {asset: targets.get(asset, ZERO) * equity - worth[asset] for asset in assets}
        if not any(abs(usd) > equity * policy.band.width(targets.get(asset, ZERO)) for asset, usd in wanted.items()):
            return {}
        sold = {
            asset: toward_zero(usd / laid.price(asset), COIN_STEP)
            for asset, usd in wanted.items()
            if usd < 0 and -usd >= policy.min_order
        }
        per_dollar = (ONE - self.slippage) * (ONE - self.spot_fee)
        brought = total(-coins * laid.price(asset) * per_dollar for asset, coins in sold.items())
        spend = dollars + brought - targets.get(DOLLARS, ZERO) * equity
        lacking = {asset: usd for asset, usd in wanted.items() if usd > 0}
        share = max(ZERO, spend) / ((ONE + self.slippage) * (ONE + self.spot_fee) * (total(lacking.values()) or ONE))
        bought = {
            asset: down(usd * share / laid.price(asset), COIN_STEP)
            for asset, usd in lacking.items()
            if usd * share >= policy.min_order
        }
        return {asset: coins for asset, coins in (*sold.items(), *bought.items()) if coins}

    def _lots(self, asset: str, coins: Fraction, *, laid: Portfolio, held: Fraction, at: datetime) -> None:
        """Take what is sold from the lots, and make one of what is bought."""
        lots, price = self.lots.get(asset, ()), laid.price(asset)
        if lots is None or laid.tax is None:
            return
        if coins > 0:
            self.lots[asset] = (*lots, Lot(coins, price, at))
            return
        taken = sold_lots(asset, lots, -coins, held=held, price=price, method=laid.tax.method)
        if taken is None:
            self.lots[asset] = None
            return
        self.sales += [(lot, at) for lot in taken]
        self.lots[asset] = left_of(lots, taken)


def left_of(lots: Sequence[Lot], taken: Sequence[SoldLot]) -> tuple[Lot, ...]:
    """What is left of some lots once others are taken from them."""
    gone: dict[tuple[Fraction, datetime], Fraction] = {}
    for lot in taken:
        key = lot.cost, lot.acquired
        gone[key] = gone.get(key, ZERO) + lot.quantity
    left: list[Lot] = []
    for each in lots:
        out = min(each.quantity, gone.get((each.cost, each.acquired), ZERO))
        if out:
            gone[each.cost, each.acquired] -= out
        if each.quantity > out:
            left.append(Lot(each.quantity - out, each.cost, each.acquired))
    return tuple(left)


def tax_by_year(sales: Sequence[tuple[SoldLot, datetime]], tax: Tax) -> Mapping[int, Fraction]:
    """Tax on the sales of each calendar year in UTC, gains and losses netted within it and none carried over."""
    years: dict[int, list[tuple[Fraction, bool]]] = {}
    for lot, at in sales:
        years.setdefault(at.year, []).append((lot.gain, at >= lot.long_term_on(tax)))
    return {year: netted(gains, tax) for year, gains in sorted(years.items())}


def deferred(
    lots: Mapping[str, tuple[Lot, ...] | None],
    sales: Sequence[tuple[SoldLot, datetime]],
    *,
    book: Book,
    laid: Portfolio,
) -> Fraction | None:
    """Tax that the sale of every coin would cost now, on top of that on the sales before.

    Coins beyond the lots, which futures brought, have none. None where tax or the lots of a coin are not known.
    """
    assert laid.market.as_of is not None
    if laid.tax is None:
        return None
    more: list[tuple[SoldLot, datetime]] = []
    for asset, held in sorted(book.holdings.items()):
        if held <= 0 or asset in laid.cash or asset in laid.aside or asset == DOLLARS:
            continue
        own = lots.get(asset)
        if own is None:
            return None
        quantity = min(held, total(lot.quantity for lot in own))
        taken = sold_lots(asset, own, quantity, held=held, price=laid.price(asset), method=laid.tax.method)
        more += [(lot, laid.market.as_of) for lot in taken or ()]
    year = laid.market.as_of.year
    now = [each for each in sales if each[1].year == year]
    return tax_by_year([*now, *more], laid.tax).get(year, ZERO) - tax_by_year(now, laid.tax).get(year, ZERO)
