"""WEEX: everything about its contracts, all linear, in one answer; intervals are in minutes."""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, milliseconds, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_MARKS = question("contractGetCapiV3MarketPremiumIndex")
_MINUTES = 60


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything."""
    return [_MARKS] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract."""
    for each in rows(answers[_MARKS]):
        cycle = figure(each, "collectCycle")
        yield Ticker(
            contract=text(each, "symbol"),
            mark=figure(each, "markPrice"),
            index=figure(each, "indexPrice"),
            time=milliseconds(each, "time"),
            rate=figure(each, "lastFundingRate"),
            interval_hours=None if cycle is None else cycle / _MINUTES,
            next_funding=milliseconds(each, "nextFundingTime"),
        )
