"""MEXC: marks, indices and rates of all contracts in one answer; interval and next time by contract."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO
from rebal.exchange.fields import figure, milliseconds, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_TICKERS = question("contractPublicGetTicker")
_FUNDING = "contractPublicGetFundingRateSymbol"


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything, and one for each perpetual's funding."""
    if not contracts:
        return []
    perpetual = [contract.name for contract in contracts if not contract.expiry]
    return [_TICKERS, *(question(_FUNDING, of=name, symbol=name) for name in perpetual)]


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract, with interval and next time where they were asked for."""
    funding = {asked.of: row(answer, "data") for asked, answer in answers.items() if asked.of is not None}
    for each in rows(answers[_TICKERS], "data"):
        name = text(each, "symbol")
        paid = funding.get(name, {})
        yield Ticker(
            contract=name,
            mark=figure(each, "fairPrice"),
            index=figure(each, "indexPrice"),
            time=milliseconds(each, "timestamp"),
            rate=figure(paid, "fundingRate") if paid else figure(each, "fundingRate"),
            interval_hours=figure(paid, "collectCycle"),
            next_funding=milliseconds(paid, "nextSettleTime"),
            bid=figure(each, "bid1") or ZERO,
            ask=figure(each, "ask1") or ZERO,
        )
