"""Phemex: the day's figures of all inverse contracts in one answer, in whole numbers whose scale stands in another.

The second also has the funding interval; when the next funding falls is not told.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.exchange.fields import Row, figure, nanoseconds, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_TICKERS = question("v1GetMdTicker24hrAll")
_PRODUCTS = question("v2GetPublicProducts")
_SECONDS_AN_HOUR = 3600


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """Two for everything."""
    return [_TICKERS, _PRODUCTS] if contracts else []


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract whose scale is known."""
    products = {text(each, "symbol"): each for each in rows(answers[_PRODUCTS], "data", "products")}
    for each in rows(answers[_TICKERS], "result"):
        product = products.get(text(each, "symbol"), {})
        prices, rates = scale(product, "priceScale"), scale(product, "ratioScale")
        if prices is None or rates is None:
            continue
        length = figure(product, "fundingInterval")
        yield Ticker(
            contract=text(each, "symbol"),
            mark=_scaled(each, "markEp", prices),
            index=_scaled(each, "indexEp", prices),
            time=nanoseconds(each, "timestamp"),
            rate=_scaled(each, "fundingRateEr", rates),
            interval_hours=length / _SECONDS_AN_HOUR if length else None,
            bid=_scaled(each, "bidEp", prices) or ZERO,
            ask=_scaled(each, "askEp", prices) or ZERO,
        )


def scale(product: Row, name: str) -> Fraction | None:
    """By what a whole number is to be divided, from its count of decimals."""
    places = figure(product, name)
    return None if places is None or not 0 <= places <= _MOST_PLACES else Fraction(10 ** int(places))


_MOST_PLACES = 18


def _scaled(of: Row, key: str, scale: Fraction) -> Fraction | None:
    whole = figure(of, key)
    return None if whole is None else whole / scale
