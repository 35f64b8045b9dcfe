"""The market block as it was written, in a portfolio file or in one of its own."""

from collections.abc import Mapping as Map
from datetime import datetime
from typing import Annotated

from pydantic import Field

from rebal.amounts import Fraction
from rebal.load.field_kinds import CONTRACT, HOURS, INSTANT, PRICE, RATE, SCENARIO, WORD, Written
from rebal.load.fields import ByHistory, Choice, Either, List, Mapping, Number, Section
from rebal.portfolio import Doubt


class FundingRange(Written):
    """A funding rate that is not known for certain."""

    low: Annotated[Fraction, RATE] = Field(description="The lowest rate per interval to reckon with.")
    base: Annotated[Fraction, RATE] = Field(description="The likeliest rate per interval.")
    high: Annotated[Fraction, RATE] = Field(description="The highest rate per interval to reckon with.")


class FundingHistory(Written):
    """Funding rates as they were: their least, mean and largest are the range to reckon with."""

    history: Annotated[str, WORD] = Field(
        description="A CSV of times and rates, beside this file.", examples=["funding.csv"]
    )


_FUNDING = Either(RATE, ByHistory(Section(FundingRange), Section(FundingHistory)))


class Doubtful(Written):
    """A figure of an exchange that is in doubt."""

    of: Annotated[str, CONTRACT.text()] = Field(description="The coin or contract, or the exchange as a whole.")
    why: Annotated[Doubt, Choice(Doubt)] = Field(description="What may be wrong with it.")
    source: Annotated[str, WORD] = Field(description="The exchange.", examples=["binance"])
    figures: Annotated[Map[str, Fraction], Mapping(Number(), SCENARIO, "write `bid: 40000` below it")] = Field(
        default={}, description="The figures that say so."
    )


class Market(Written):
    """Prices and funding at one time."""

    as_of: Annotated[datetime | None, INSTANT] = Field(
        default=None, description="When the prices were true.", examples=["2026-11-20T08:00:00Z"]
    )
    prices: Annotated[Map[str, Fraction], Mapping(PRICE, CONTRACT, "write `BTC: 40000` below it")] = Field(
        default={}, description="USD per coin at spot or index, and contracts at their mark.", examples=[{"BTC": 40000}]
    )
    funding: Annotated[
        Map[str, Fraction | FundingRange | FundingHistory],
        Mapping(_FUNDING, CONTRACT, "write `BTCUSD: 0.01%` below it"),
    ] = Field(default={}, description="Funding rates by contract, per interval; positive: longs pay shorts.")
    intervals: Annotated[Map[str, Fraction], Mapping(HOURS, CONTRACT, "write `BTCUSD: 8h` below it")] = Field(
        default={}, description="Time between fundings by contract, as its exchange says."
    )
    next_funding: Annotated[
        Map[str, datetime], Mapping(INSTANT, CONTRACT, "write `BTCUSD: 2026-11-20T16:00:00Z` below it")
    ] = Field(default={}, description="When the next funding of a contract is due, as its exchange says.")
    sources: Annotated[Map[str, str], Mapping(WORD, CONTRACT, "write `BTC: binance` below it")] = Field(
        default={}, description="Where a price came from, where an exchange was asked."
    )
    doubts: Annotated[tuple[Doubtful, ...], List(Section(Doubtful), "write one `- {of, why, source}` a doubt")] = Field(
        default=(), description="What may be wrong with a price that an exchange gave, or did not give."
    )


class MarketFile(Written):
    """A market block in a file of its own."""

    market: Annotated[Market | None, Section(Market)] = None


MARKET = Section(Market, "write prices: with its entries below it")
MARKET_FILE = Section(MarketFile)
