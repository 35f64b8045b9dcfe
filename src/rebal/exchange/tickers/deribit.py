"""Deribit: the futures of a coin in one answer, its index in another; funding runs all the time, quoted for 8 hours."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.exchange.fields import figure, milliseconds, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_BOOKS, _INDEX = "publicGetGetBookSummaryByCurrency", "publicGetGetIndexPrice"
_QUOTED_HOURS = Fraction(8)


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """Two for each coin."""
    coins = sorted({contract.asset for contract in contracts})
    return [
        each
        for coin in coins
        for each in (_books(coin), question(_INDEX, index_name=f"{coin.lower()}_usd"))
    ]  # fmt: skip


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every future of the coins that were asked about."""
    for asked, answer in answers.items():
        if asked.call != _BOOKS:
            continue
        coin = dict(asked.given)["currency"]
        index = figure(row(answers[question(_INDEX, index_name=f"{coin.lower()}_usd")], "result"), "index_price")
        for each in rows(answer, "result"):
            rate = figure(each, "funding_8h")
            yield Ticker(
                contract=text(each, "instrument_name"),
                mark=figure(each, "mark_price"),
                index=index,
                time=milliseconds(each, "creation_timestamp"),
                rate=rate,
                interval_hours=None if rate is None else _QUOTED_HOURS,
                # A side of the book without an order is null here.
                bid=figure(each, "bid_price") or ZERO,
                ask=figure(each, "ask_price") or ZERO,
            )


def _books(coin: str) -> Question:
    return question(_BOOKS, currency=coin, kind="future")
