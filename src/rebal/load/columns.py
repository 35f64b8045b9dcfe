"""Where a price history keeps its times and closes: the layouts that exchanges and price sites hand out.

Klines (open_time, open, high, low, close, ...; with a symbol column too, or without any header), CoinGecko (snapped_at,
price, ...), Yahoo (Date, Open, ..., Close, Adj Close, ...), and tables with a column a coin (date, SOL, BTC).
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from rebal.amounts import measured
from rebal.frozen import frozen

TIMES = (
    "opentime", "timestamp", "datetime", "date", "time", "snappedat", "starttime", "startat", "start", "day", "ts",
    "unix", "unixtime",
)  # fmt: skip
CLOSES = ("close", "closeprice", "closingprice", "price", "c")
SYMBOLS = ("symbol", "instrument", "instrumentname", "instid", "pair", "ticker", "coin", "asset")
_QUOTES = ("", "USD", "USDT", "USDC")
_KINDS = ("", "PERP", "SWAP")
_LABELS = re.compile(r"^(ADJ)?(CLOSE|PRICE)|(ADJ)?(CLOSE|PRICE)$")
_BARE_KLINE, _BARE_PAIR = 5, 2


class NoColumn(ValueError):
    """A header in which something is not found, or found twice; ``instead`` says what to do."""

    def __init__(self, problem: str, instead: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.instead = instead


@frozen
class Columns:
    """Where things stand in a row, counted from 0.

    ``closes``: by asset; ``symbol``: the column that says whose row it is, in which case all closes share one column.
    ``headed``: the first row is a header. ``width``: cells in a row.
    """

    time: int
    closes: Mapping[str, int]
    symbol: int | None
    headed: bool
    width: int


def columns(first_row: Sequence[str], wanted: Sequence[str]) -> Columns:
    """Find the columns of some assets by the first row. Raises NoColumn."""
    if any(measured(cell.strip()) is not None for cell in (first_row[-1], first_row[min(1, len(first_row) - 1)])):
        return _bare(len(first_row), wanted)
    names = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in first_row]
    time = _first(names, TIMES)
    if time is None:
        raise NoColumn("has no column of times", "head it date, timestamp or open_time")
    symbol = _first(names, SYMBOLS)
    close = _first(names, CLOSES)
    if symbol is not None and close is not None:
        return Columns(time, dict.fromkeys(wanted, close), symbol, True, len(names))
    own = {asset: _own(asset, first_row) for asset in wanted}
    if any(index is not None for index in own.values()):
        return Columns(time, _all_found(own), None, True, len(names))
    if close is None:
        raise NoColumn(f"has no column of {' or of '.join(wanted)}, and none of closes", "head it close")
    return Columns(time, {_only(wanted): close}, None, True, len(names))


def names_asset(text: str, asset: str) -> bool:
    """Whether a symbol or a heading is of an asset: BTC, BTC-USD, BTCUSDT, BTC/USDC, BTCUSD_PERP, BTC_close."""
    bare = _LABELS.sub("", re.sub(r"[^A-Z0-9]", "", text.upper()))
    return bare.startswith(asset) and bare[len(asset) :] in _ENDINGS


_ENDINGS = frozenset(quote + kind for quote in _QUOTES for kind in _KINDS)


def _bare(width: int, wanted: Sequence[str]) -> Columns:
    """Klines without a header, or times and closes alone."""
    if width != _BARE_PAIR and width < _BARE_KLINE:
        raise NoColumn("has no header", "write one, like date,close")
    return Columns(0, {_only(wanted): 1 if width == _BARE_PAIR else 4}, None, False, width)


def _first(names: Sequence[str], known: Iterable[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _own(asset: str, header: Sequence[str]) -> int | None:
    found = [index for index, cell in enumerate(header) if names_asset(cell, asset)]
    if len(found) > 1:
        both = " and ".join(header[index].strip() for index in found[:2])
        raise NoColumn(f"has several columns of {asset}: {both}", "keep one of them")
    return found[0] if found else None


def _all_found(own: Mapping[str, int | None]) -> dict[str, int]:
    missing = [asset for asset, index in own.items() if index is None]
    if missing:
        raise NoColumn(f"has no column of {missing[0]}", f"head it {missing[0]}, or give its own history")
    return {asset: index for asset, index in own.items() if index is not None}


def _only(wanted: Sequence[str]) -> str:
    if len(wanted) > 1:
        both = " and ".join(wanted)
        raise NoColumn(f"holds one column of closes, where those of {both} are wanted", "give each its own history")
    return wanted[0]
