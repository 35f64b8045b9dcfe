"""Binance: index, mark, funding and the next time of all contracts in one answer; intervals in another.

The second lists only contracts whose interval was changed; the others fund as the catalogue has it.
"""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, milliseconds, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, has_kind, question
from rebal.market.contract import Contract, Kind

_ASKED = {
    Kind.INVERSE: (question("dapiPublicGetPremiumIndex"), question("dapiPublicGetFundingInfo")),
    Kind.LINEAR: (question("fapiPublicGetPremiumIndex"), question("fapiPublicGetFundingInfo")),
}


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """Two for the inverse contracts, two for the linear ones."""
    return [each for kind, asked in _ASKED.items() if has_kind(contracts, kind) for each in asked]


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract; a dated one has no rate."""
    for marks, intervals in _ASKED.values():
        if marks not in answers:
            continue
        hours = {text(row, "symbol"): figure(row, "fundingIntervalHours") for row in rows(answers[intervals])}
        for row in rows(answers[marks]):
            name = text(row, "symbol")
            next_funding = milliseconds(row, "nextFundingTime")
            yield Ticker(
                contract=name,
                mark=figure(row, "markPrice"),
                index=figure(row, "indexPrice"),
                time=milliseconds(row, "time"),
                rate=figure(row, "lastFundingRate") if next_funding else None,
                interval_hours=hours.get(name),
                next_funding=next_funding,
            )
