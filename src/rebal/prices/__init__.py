"""One market from whatever quotes prices: a block in a portfolio file, a market file, later an exchange.

Each source hands over ``Quotes``, plain figures by name, and knows nothing of contracts or of what is held. It is here
that they become a ``Market``: which name is a coin and which a contract, and which source wins. The room lies below
load, as a portfolio holds its market.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.portfolio import FundingRate, Market


@frozen
class Quotes:
    """What one source says. ``as_of``: when it was true, None where it does not say; ``prices``: of any name it knows.

    ``funding``: rates per interval by contract.
    """

    as_of: datetime | None
    prices: Mapping[str, Fraction]
    funding: Mapping[str, FundingRate]


def market_of(
    sources: Iterable[Quotes], *, coins: Collection[str], contracts: Collection[str], undated: Collection[str]
) -> Market:
    """The market of some coins and contracts; key by key the last of the sources that has one wins.

    What is a name of both is a coin; what is of neither is left out. As old as the oldest price in use, and of no known
    age where one of them is not dated; ``undated``: names whose age does not matter.
    """
    prices: dict[str, Fraction] = {}
    marks: dict[str, Fraction] = {}
    dates: dict[str, datetime | None] = {}
    funding: dict[str, FundingRate] = {}
    for quotes in sources:
        for name, price in quotes.prices.items():
            kind = prices if name in coins else marks if name in contracts else None
            if kind is not None:
                kind[name] = price
                if name not in undated:
                    dates[name] = quotes.as_of
        funding.update((name, rate) for name, rate in quotes.funding.items() if name in contracts)
    return Market(_oldest(dates.values()), prices, marks, funding)


def _oldest(dates: Collection[datetime | None]) -> datetime | None:
    known = [date for date in dates if date is not None]
    return min(known) if known and len(known) == len(dates) else None
