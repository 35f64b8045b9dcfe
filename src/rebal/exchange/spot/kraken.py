"""Kraken: the last trade, bid and ask of every pair in one answer, its time in another."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rebal.amounts import Fraction
from rebal.exchange.fields import Garbled, Row, figure, row
from rebal.exchange.spot import Answers, Quote

QUESTIONS = ("publicGetTicker", "publicGetTime")
_CODES = {"BTC": "XBT", "DOGE": "XDG"}


def quotes(answers: Answers, coins: Sequence[str]) -> Iterator[Quote]:
    """The coins that have a pair in dollars; Kraken writes some of them XMRUSD, and the older ones XXMRZUSD."""
    pairs = row(answers["publicGetTicker"], "result")
    seconds = figure(row(answers["publicGetTime"], "result"), "unixtime")
    time = None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
    for coin in coins:
        code = _CODES.get(coin, coin)
        found = pairs.get(f"{code}USD", pairs.get(f"X{code}ZUSD"))
        if isinstance(found, dict):
            yield Quote(coin, _first(found, "c"), time, bid=_first(found, "b"), ask=_first(found, "a"))


def _first(of: Row, key: str) -> Fraction | None:
    """The price of a list that goes on with volumes."""
    listed = of.get(key)
    if not isinstance(listed, list) or not listed:
        raise Garbled
    return figure({key: listed[0]}, key)
