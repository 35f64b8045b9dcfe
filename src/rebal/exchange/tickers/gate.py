"""Gate: everything about the perpetuals settled in one coin in one answer, whose times are in seconds."""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, rows, seconds, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_SECONDS_AN_HOUR = 3600


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for each currency of settlement."""
    settled = sorted({contract.settle.lower() for contract in contracts})
    return [question("publicFuturesGetSettleContracts", settle=currency) for currency in settled]


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract; the answer carries no time."""
    for answer in answers.values():
        for each in rows(answer):
            length = figure(each, "funding_interval")
            yield Ticker(
                contract=text(each, "name"),
                mark=figure(each, "mark_price"),
                index=figure(each, "index_price"),
                time=None,
                rate=figure(each, "funding_rate"),
                interval_hours=None if length is None else length / _SECONDS_AN_HOUR,
                next_funding=seconds(each, "funding_next_apply"),
            )
