"""What an exchange printed before: the bars of a contract, and the funding rates that were paid on it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rebal.amounts import plain
from rebal.errors import Unavailable
from rebal.exchange.fields import Garbled, figure
from rebal.exchange.line import Line
from rebal.exchange.problems import Unlisted
from rebal.frozen import frozen

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
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


def lengths(line: Line) -> frozenset[str]:
    """The lengths of bars that the exchange has, as 1h and 1d."""
    return frozenset(getattr(line.exchange, "timeframes", None) or ())


def bars(line: Line, symbol: str, *, every: str, step: timedelta, start: datetime, end: datetime) -> Iterator[Bar]:
    """The bars from ``start`` that have ended by ``end``, oldest first. Raises Unavailable."""

    def page(since: int) -> Any:
        return line.ask("fetch_ohlcv", symbol, every, since)

    for row in _paged(page, line, start, end, time_of=lambda row: row[0]):
        bar = _bar(row, line)
        if bar.time + step <= end:
            yield bar


def paid(line: Line, symbol: str, *, start: datetime, end: datetime) -> Iterator[Paid]:
    """The funding rates from ``start`` to ``end``, oldest first. Raises Unavailable."""

    def page(since: int) -> Any:
        return line.ask("fetch_funding_rate_history", symbol, since)

    for row in _paged(page, line, start, end, time_of=lambda row: row["timestamp"]):
        yield Paid(_moment(row["timestamp"]), _figures(line, row, "fundingRate")[0])


def _paged(
    page: Callable[[int], Any], line: Line, start: datetime, end: datetime, *, time_of: Callable[[Any], int]
) -> Iterator[Any]:
    """Rows of one page after another, each once, until a page brings nothing new; each page has the whole deadline."""
    since, last = _milliseconds(start), _milliseconds(end)
    for _ in range(_MOST_PAGES):
        line.deadline.begin()
        try:
            found = sorted((row for row in page(since) if since <= time_of(row) <= last), key=time_of)
        except (TypeError, KeyError, IndexError):
            raise _garbled(line) from None
        yield from found
        if not found:
            return
        since = time_of(found[-1]) + 1
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
    return Unavailable(f"{line.venue}: answers with something that is not understood")


def _milliseconds(moment: datetime) -> int:
    return (moment - _BEGINNING) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return _BEGINNING + timedelta(milliseconds=milliseconds)
