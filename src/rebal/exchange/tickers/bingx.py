"""BingX: index, mark, funding and its next time of all coin-margined contracts in one answer."""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, milliseconds, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_MARKS = question("cswapV1PublicGetMarketPremiumIndex")


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything."""
    return [_MARKS] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every coin-margined contract."""
    answer = answers[_MARKS]
    sent = milliseconds(row(answer), "timestamp")
    for each in rows(answer, "data"):
        yield Ticker(
            contract=text(each, "symbol"),
            mark=figure(each, "markPrice"),
            index=figure(each, "indexPrice"),
            time=milliseconds(each, "updateTime") or sent,
            rate=figure(each, "lastFundingRate"),
            interval_hours=figure(each, "fundingIntervalHours"),
            next_funding=milliseconds(each, "nextFundingTime"),
        )
