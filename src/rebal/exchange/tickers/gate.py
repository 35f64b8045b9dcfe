"""Gate: everything about the perpetuals settled in one coin in one answer, whose times are in seconds."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rebal.exchange.fields import figure, rows, text
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
            seconds, due = figure(each, "funding_interval"), figure(each, "funding_next_apply")
            yield Ticker(
                contract=text(each, "name"),
                mark=figure(each, "mark_price"),
                index=figure(each, "index_price"),
                time=None,
                rate=figure(each, "funding_rate"),
                interval_hours=None if seconds is None else seconds / _SECONDS_AN_HOUR,
                next_funding=datetime.fromtimestamp(int(due), UTC) if due else None,
            )
