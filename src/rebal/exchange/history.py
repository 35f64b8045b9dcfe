"""What an exchange printed before: the bars of a contract, and the funding rates that were paid on it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from rebal.amounts import plain
from rebal.errors import Unavailable
from rebal.exchange.fields import Garbled, figure
from rebal.exchange.line import Line
from rebal.exchange.problems import GARBLED, Unlisted
from rebal.frozen import frozen
from rebal.times import BEGINNING, MILLISECOND

_MOST_PAGES = 5_000


@frozen
class Bar:
    """Open, high, low and close of a stretch of time that begins at ``time``, as text."""

    time: datetime
    open: str
    high: str
    low: str
    close: str


@frozen
class Paid:
    """A funding rate that was paid, positive where longs paid shorts, as text."""

    time: datetime
    rate: str


def symbol_of(line: Line, contract: str) -> str:
    """How ccxt calls a contract. Raises Unlisted."""
    line.ask("load_markets")
    markets = line.exchange.markets_by_id.get(contract)
    if not markets:
        raise Unlisted(f"{line.venue}: lists no {contract}")
    return str(markets[0]["symbol"])


def spot_symbol(line: Line, coin: str) -> str:
    """How ccxt calls a coin in dollars at a spot exchange. Raises Unlisted."""
    line.ask("load_markets")
    symbol = f"{coin}/USD"
    if symbol not in line.exchange.markets:
        raise Unlisted(f"{line.venue}: lists no {symbol}")
    return symbol


def lengths(line: Line) -> frozenset[str]:
    """The lengths of bars that the exchange has, as 1h and 1d."""
    return frozenset(getattr(line.exchange, "timeframes", None) or ())


def bars(line: Line, symbol: str, *, every: str, step: timedelta, start: datetime, end: datetime) -> Iterator[Bar]:
    """The bars from ``start`` that have ended by ``end``, oldest first. Raises Unavailable."""
    span = _BARS.get(line.exchange.id)
    most = None if line.exchange.id in _WITHOUT_LIMIT else span

    def page(since: int, _: int | None) -> Any:
        return line.ask("fetch_ohlcv", symbol, every, since, most)

    asked = _Asked(page, None if span is None else span * step)
    for row in _paged(asked, line, start, end, time_of=lambda row: row[0]):
        bar = _bar(row, line)
        if bar.time + step <= end:
            yield bar


def paid(line: Line, symbol: str, *, start: datetime, end: datetime) -> Iterator[Paid]:
    """The funding rates from ``start`` to ``end``, oldest first, each what was paid at its time. Raises Unavailable."""
    within = _RATES.get(line.venue, _Rates())

    def page(since: int, until: int | None) -> Any:
        ends = {} if until is None else {within.until: until}
        return line.ask("fetch_funding_rate_history", symbol, since, within.most, ends)

    asked = _Asked(page, within.span, within.most)
    for row in _paged(asked, line, start, end, time_of=lambda row: row["timestamp"]):
        yield Paid(_moment(row["timestamp"]), _figures(line, *within.figure(row))[0])


@frozen
class _Rates:
    """How an exchange answers for the rates that were paid.

    ``span``: of the stretch that is asked at once, None where it is the rest of time; ``until``: what its end is called
    there. ``most``: rows of an answer, the newest of the stretch. ``own``: the field of the exchange's own row that has
    the rate of that payment, where ccxt reads another.
    """

    span: timedelta | None = None
    until: str = ""
    most: int | None = None
    own: str | None = None

    def figure(self, row: Any) -> tuple[Any, str]:
        """The row and the field in it that hold a rate."""
        return (row, "fundingRate") if self.own is None else (row["info"], self.own)


_BARS = {
    "okx": 100, "deribit": 1000, "krakenfutures": 2000, "coinbase": 300, "kucoinfutures": 200, "gate": 1000,
    "bingx": 500, "htx": 2000,
}  # fmt: skip
"""Bars of a page, by ccxt's name of an exchange, where an answer is of a stretch of time that is no longer, so that an
empty one is not the last."""
_WITHOUT_LIMIT = frozenset({"htx"})
"""Where a limit that is named is of the newest bars there are."""
_RATES = {
    "bybit": _Rates(timedelta(days=66), "endTime", 200),
    "okx": _Rates(timedelta(days=33), "after", 100),
    # Deribit pays every hour, and prints beside that hour's rate what the last eight came to.
    "deribit": _Rates(timedelta(days=30), "until", own="interest_1h"),
}


@frozen
class _Asked:
    """A question about a stretch of time: from an instant on, up to another where one is told.

    ``span`` and ``most`` as of ``_Rates``.
    """

    page: Callable[[int, int | None], Any]
    span: timedelta | None
    most: int | None = None


def _paged(
    asked: _Asked, line: Line, start: datetime, end: datetime, *, time_of: Callable[[Any], int]
) -> Iterator[Any]:
    """Rows of one page after another, each once, up to the end; each page has the whole deadline.

    An empty page is the last, unless it is of a stretch alone: a contract may have been listed after it.
    """
    since, last = _milliseconds(start), _milliseconds(end)
    for _ in range(_MOST_PAGES):
        until = None if asked.span is None else min(last, since + asked.span // MILLISECOND)
        found = _stretch(asked, line, since, until, time_of=time_of)
        yield from (row for row in found if time_of(row) <= last)
        if not found and (until is None or until >= last):
            return
        # one that is empty may or may not have counted its last instant
        since = time_of(found[-1]) + 1 if found else until or last
        if since > last:
            return
    raise Unavailable(f"{line.venue}: goes on without end")


def _stretch(
    asked: _Asked, line: Line, since: int, until: int | None, *, time_of: Callable[[Any], int]
) -> Sequence[Any]:
    """The rows of a stretch, oldest first; before those of a full answer there may be others."""
    rows: list[Any] = []
    for _ in range(_MOST_PAGES):
        line.deadline.begin()
        try:
            found = sorted((row for row in asked.page(since, until) if since <= time_of(row)), key=time_of)
            rows = [*(row for row in found if not rows or time_of(row) < time_of(rows[0])), *rows]
        except (TypeError, KeyError, IndexError):
            raise _garbled(line) from None
        if until is None or asked.most is None or len(found) < asked.most or time_of(rows[0]) <= since:
            return rows
        until = time_of(rows[0]) - 1
    raise Unavailable(f"{line.venue}: goes on without end")


def _bar(row: Any, line: Line) -> Bar:
    names = ("open", "high", "low", "close")
    return Bar(_moment(row[0]), *_figures(line, dict(zip(names, row[1:5], strict=False)), *names))


def _figures(line: Line, row: Any, *names: str) -> tuple[str, ...]:
    try:
        found = [figure(row, name) for name in names]
    except Garbled:
        raise _garbled(line) from None
    if None in found:
        raise _garbled(line)
    return tuple(plain(each) for each in found if each is not None)


def _garbled(line: Line) -> Unavailable:
    return Unavailable(f"{line.venue}: {GARBLED}")


def _milliseconds(moment: datetime) -> int:
    return (moment - BEGINNING) // MILLISECOND


def _moment(milliseconds: int) -> datetime:
    return BEGINNING + milliseconds * MILLISECOND
