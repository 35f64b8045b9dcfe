"""Bybit: everything about all contracts of a kind in one answer, the time on its envelope."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO
from rebal.exchange.fields import figure, milliseconds, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, has_kind, question
from rebal.market.contract import Contract, Kind

_ASKED = {kind: question("publicGetV5MarketTickers", category=kind.value) for kind in Kind}


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for the inverse contracts, one for the linear ones."""
    return [asked for kind, asked in _ASKED.items() if has_kind(contracts, kind)]


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract; a dated one has no rate."""
    for answer in answers.values():
        time = milliseconds(row(answer), "time")
        for each in rows(answer, "result", "list"):
            next_funding = milliseconds(each, "nextFundingTime")
            yield Ticker(
                contract=text(each, "symbol"),
                mark=figure(each, "markPrice"),
                index=figure(each, "indexPrice"),
                time=time,
                rate=figure(each, "fundingRate") if next_funding else None,
                interval_hours=figure(each, "fundingIntervalHour") if next_funding else None,
                next_funding=next_funding,
                bid=figure(each, "bid1Price") or ZERO,
                ask=figure(each, "ask1Price") or ZERO,
            )
