"""Kraken Futures: everything in one answer; its funding rates are absolute.

``fundingRate`` is what one contract pays an hour: coins for an inverse contract of 1 USD, dollars for a linear one of
1 coin. A rate is that over the contract's value, ``1/P`` coins or ``P`` dollars: so ``absolute·P`` for an inverse one
and ``absolute/P`` for a linear one. Source: the pairs of absolute and relative rates in Kraken's own example of
historical rates of 2022-06-28, whose quotient is 20,713, BTC's price of that day; ccxt 4.5.90 divides for both.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.exchange.fields import figure, iso, row, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_TICKERS = question("publicGetTickers")
_INVERSE_PERPETUAL = "PI_"


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for everything."""
    return [_TICKERS] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract; indices have no mark and are left out."""
    answer = answers[_TICKERS]
    time = iso(row(answer), "serverTime")
    for each in rows(answer, "tickers"):
        mark = figure(each, "markPrice")
        if mark is None:
            continue
        name = text(each, "symbol").upper()
        yield Ticker(
            contract=name,
            mark=mark,
            index=figure(each, "indexPrice"),
            time=time,
            rate=relative(figure(each, "fundingRate"), mark, inverse=name.startswith(_INVERSE_PERPETUAL)),
            bid=figure(each, "bid") or ZERO,
            ask=figure(each, "ask") or ZERO,
        )


def relative(absolute: Fraction | None, mark: Fraction, *, inverse: bool) -> Fraction | None:
    """The rate per hour that an absolute one is; None where there is none, or no mark to take it of."""
    if absolute is None or mark <= 0:
        return None
    return absolute * mark if inverse else absolute / mark
