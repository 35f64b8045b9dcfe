"""Gate: everything about the perpetuals settled in one coin in one answer, whose times are in seconds.

It does not say when it was true; what the exchange's clock shows is asked beside it.
"""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, milliseconds, row, rows, seconds, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_CLOCK = question("publicSpotGetTime")
_SECONDS_AN_HOUR = 3600


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for each currency of settlement, and one for the time."""
    settled = sorted({contract.settle.lower() for contract in contracts})
    asked = [question("publicFuturesGetSettleContracts", settle=currency) for currency in settled]
    return [*asked, _CLOCK] if asked else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract, true when it was asked."""
    time = milliseconds(row(answers[_CLOCK]), "server_time")
    for asked, answer in answers.items():
        for each in () if asked == _CLOCK else rows(answer):
            length = figure(each, "funding_interval")
            yield Ticker(
                contract=text(each, "name"),
                mark=figure(each, "mark_price"),
                index=figure(each, "index_price"),
                time=time,
                rate=figure(each, "funding_rate"),
                interval_hours=None if length is None else length / _SECONDS_AN_HOUR,
                next_funding=seconds(each, "funding_next_apply"),
            )
