"""One market from whatever quotes prices: a block in a portfolio file, a market file, an exchange.

Each source hands over ``Quotes``, plain figures by name, and knows nothing of contracts or of what is held. It is here
that they become a ``Market``: which name is a coin and which a contract, and which source wins. The room lies below
load, as a portfolio holds its market.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TypeVar

from rebal import discover
from rebal.amounts import Fraction
from rebal.exchange.deadline import Network
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.portfolio import Doubtful, FundingRate, Market


@frozen
class Quotes:
    """What one source says. ``as_of``: when it was true, None where it does not say; ``prices``: of any name it knows.

    ``funding``: rates per interval by contract. The rest as in ``Market``.
    """

    as_of: datetime | None
    prices: Mapping[str, Fraction]
    funding: Mapping[str, FundingRate]
    intervals: Mapping[str, Fraction] = field(default_factory=dict)
    next_funding: Mapping[str, datetime] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Doubtful, ...] = ()


@frozen
class Wanted:
    """What a portfolio wants quoted: its coins, but for dollars and what is aside, and the contracts on them.

    ``prices_from``: the exchanges to ask, in this order, for coins that the venue does not price. ``beside``: what its
    other accounts will want, so that all may be asked at once; ``goes_on``: another of its accounts was quoted before.
    """

    venue: str | None
    coins: tuple[str, ...]
    contracts: tuple[Contract, ...]
    prices_from: tuple[str, ...]
    now: datetime
    beside: "tuple[Wanted, ...]" = ()
    goes_on: bool = False


Source = Callable[[Wanted], Quotes]
"""A source that has to be told what is wanted; the modules of this room make them."""


def names() -> tuple[str, ...]:
    """What ``--market`` may say in place of a file: a module of this room each."""
    return tuple(discover.names(sys.modules[__name__]))


def source(name: str, network: Network, *, timeout: float) -> Source:
    """The source of a name. ``timeout``: seconds for all that it asks. Raises LookupError for a name of none."""
    made: Source = discover.load(sys.modules[__name__], name).source(network, timeout=timeout)
    return made


def quotes_of(market: Market) -> Quotes:
    """What a market says, as one source of another."""
    return Quotes(
        as_of=market.as_of,
        prices={**market.prices, **market.marks},
        funding=market.funding,
        intervals=market.intervals,
        next_funding=market.next_funding,
        sources=market.sources,
        doubts=market.doubts,
    )


def market_of(
    sources: Iterable[Quotes], *, coins: Collection[str], contracts: Collection[str], undated: Collection[str]
) -> Market:
    """The market of some coins and contracts; key by key the last of the sources that has one wins.

    What is a name of both is a coin; what is of neither is left out. As old as the oldest price in use, and of no known
    age where one of them is not dated; ``undated``: names whose age does not matter.
    """
    asked = tuple(sources)
    last = {name: quotes for quotes in asked for name in quotes.prices}
    of_coins = {name: quotes for name, quotes in last.items() if name in coins}
    of_contracts = {name: quotes for name, quotes in last.items() if name in contracts and name not in coins}
    used = {**of_coins, **of_contracts}
    return Market(
        as_of=_oldest([quotes.as_of for name, quotes in used.items() if name not in undated]),
        prices={name: quotes.prices[name] for name, quotes in of_coins.items()},
        marks={name: quotes.prices[name] for name, quotes in of_contracts.items()},
        funding=_joined((quotes.funding for quotes in asked), contracts),
        intervals=_joined((quotes.intervals for quotes in asked), contracts),
        next_funding=_joined((quotes.next_funding for quotes in asked), contracts),
        sources={name: quotes.sources[name] for name, quotes in used.items() if name in quotes.sources},
        doubts=tuple(_standing(asked)),
    )


_Figure = TypeVar("_Figure")


def _joined(said: Iterable[Mapping[str, _Figure]], names: Collection[str]) -> dict[str, _Figure]:
    return {name: figure for figures in said for name, figure in figures.items() if name in names}


def _standing(asked: Sequence[Quotes]) -> Iterator[Doubtful]:
    """Doubts about what no later source has a price of its own for."""
    for n, quotes in enumerate(asked):
        for each in quotes.doubts:
            if not any(each.subject in later.prices for later in asked[n + 1 :]):
                yield each


def _oldest(dates: Collection[datetime | None]) -> datetime | None:
    known = [date for date in dates if date is not None]
    return min(known) if known and len(known) == len(dates) else None
