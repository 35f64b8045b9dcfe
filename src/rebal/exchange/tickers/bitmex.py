"""BitMEX: every instrument that trades in one answer, read without ccxt, which has dropped it.

A quanto contract (ETHUSD) pays BTC on another coin's dollars: it is no contract of that coin, and left out.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.exchange.fields import Row, figure, iso, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_INSTRUMENTS = question("instruments")


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything."""
    return [_INSTRUMENTS] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract but the quanto ones."""
    for each in rows(answers[_INSTRUMENTS]):
        if each.get("isQuanto"):
            continue
        yield Ticker(
            contract=text(each, "symbol"),
            mark=figure(each, "markPrice"),
            index=figure(each, "indicativeSettlePrice"),
            time=iso(each, "timestamp"),
            rate=figure(each, "fundingRate"),
            interval_hours=hours(each),
            next_funding=iso(each, "fundingTimestamp"),
            bid=figure(each, "bidPrice") or ZERO,
            ask=figure(each, "askPrice") or ZERO,
        )


def hours(of: Row) -> Fraction | None:
    """The interval, which is written as a time of the first day of 2000; a whole day is the next day's beginning."""
    written = iso(of, "fundingInterval")
    if written is None:
        return None
    return Fraction((written.day - 1) * 24 + written.hour) or None
