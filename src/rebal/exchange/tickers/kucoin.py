"""KuCoin: everything about all contracts in one answer, without a time; the exchange's clock is asked beside it."""

from collections.abc import Iterator, Sequence

from rebal.amounts import Fraction
from rebal.exchange.fields import Row, figure, milliseconds, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_CONTRACTS = question("futuresPublicGetContractsActive")
_CLOCK = question("futuresPublicGetTimestamp")
_MILLISECONDS_AN_HOUR = 3_600_000


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything, and one for the time."""
    return [_CONTRACTS, _CLOCK] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract, true when it was asked; a dated one has no rate."""
    time = milliseconds(row(answers[_CLOCK]), "data")
    for each in rows(answers[_CONTRACTS], "data"):
        yield Ticker(
            contract=text(each, "symbol"),
            mark=figure(each, "markPrice"),
            index=figure(each, "indexPrice"),
            time=time,
            rate=None if figure(each, "expireDate") else figure(each, "fundingFeeRate"),
            interval_hours=hours(each),
            next_funding=milliseconds(each, "nextFundingRateDateTime"),
        )


def hours(of: Row) -> Fraction | None:
    """The interval that runs; beside it stands, under the plain name, the one that is to come where it changes."""
    runs = figure(of, "currentFundingRateGranularity") or figure(of, "fundingRateGranularity")
    return runs / _MILLISECONDS_AN_HOUR if runs else None
