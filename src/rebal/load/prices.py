"""One market from the portfolio's own block and a market file: key by key the file wins."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from rebal.load import models
from rebal.load.reading import Reading
from rebal.market.contract import Contract
from rebal.portfolio import FundingRate, Market


def market_of(reading: Reading, contracts: Mapping[str, Contract], histories: Mapping[str, FundingRate]) -> Market:
    """Prices of what matters, as old as the oldest of them; ``histories``: funding that histories gave, by contract."""
    prices: dict[str, Fraction] = {}
    marks: dict[str, Fraction] = {}
    dates: dict[str, datetime | None] = {}
    funding: dict[str, FundingRate] = {}
    valued = reading.assets | reading.cash | {contract.settle for contract in contracts.values()}
    for block in reading.blocks:
        for key, price in block.says.prices.items():
            kind = prices if key in valued else marks if key in contracts else None
            if kind is not None:
                kind[key] = price
                if key not in reading.aside:
                    dates[key] = block.says.as_of
        for name, rate in block.says.funding.items():
            if name in contracts:
                funding[name] = histories[name] if isinstance(rate, models.FundingHistory) else _funding(rate)
    return Market(_oldest(dates), prices, marks, funding)


def _oldest(dates: Mapping[str, datetime | None]) -> datetime | None:
    """The date of the oldest price in use; None where one is undated."""
    known = [date for date in dates.values() if date is not None]
    return min(known) if known and len(known) == len(dates) else None


def _funding(rate: Fraction | models.FundingRange) -> FundingRate:
    if isinstance(rate, models.FundingRange):
        return FundingRate(rate.low, rate.base, rate.high)
    return FundingRate(rate, rate, rate)
