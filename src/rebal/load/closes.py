"""Price histories as CSV: closes at even steps, of one coin or of two, with nothing missing and nothing guessed."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import sub
from typing import NamedTuple

from rebal.amounts import Fraction, measured, rounded
from rebal.errors import InvalidInput, Problem
from rebal.load import source
from rebal.load.columns import Columns, NoColumn, columns, names_asset
from rebal.load.flaws import MOST_LISTED, printable
from rebal.market.regression import LEAST_R_SQUARED, LEAST_RETURNS, Pair, Regression, Unvarying, regression
from rebal.times import BEGINNING, MILLISECOND, length_of, milliseconds

HISTORY = source.Sort("price history", 32 * 1024 * 1024)
_LEAST_CLOSES = LEAST_RETURNS + 1
_SEPARATORS = ",;\t"


class Series(NamedTuple):
    """Closes of one coin. ``times``: milliseconds since 1970; ``lines``: where each stands in its file.

    ``symbol``: what the file calls it, where a column of symbols tells.
    """

    source: str
    asset: str
    symbol: str
    times: list[int]
    closes: list[float]
    lines: list[int]


def pair(path: str, *, asset: str, via: str, via_path: str | None = None) -> Pair:
    """Closes of two coins at the same instants, out of one file or of two; the stretch that both cover.

    Raises InvalidInput with every row that is wrong: text, gaps, times repeated or out of order, too few of them.
    """
    if via_path is None:
        own, other = _series(path, (asset, via))
    else:
        (own,), (other,) = _series(path, (asset,)), _series(via_path, (via,))
    return _aligned(own, other)


def regressed(found: Pair, *, path: str, via_path: str | None = None) -> Regression:
    """The regression of a pair that was read. Raises InvalidInput where one of its histories does not vary."""
    try:
        return regression(found)
    except Unvarying as error:
        of = path if via_path is None or error.asset == found.asset else via_path
        raise _refusal(source.shown(of), str(error), "give a history that varies") from None


def beta_from(path: str, *, asset: str, via: str) -> Fraction:
    """The beta of a coin on another by a file that holds both, for ``proxies: {SOL: {via: BTC, history: FILE}}``.

    Raises InvalidInput, also where the two move together too little, or against each other.
    """
    found = regressed(pair(path, asset=asset, via=via), path=path)
    instead = "write beta instead of history, if you know better"
    if found.r_squared < LEAST_R_SQUARED:
        share = f"{asset} shares {rounded(found.r_squared * 100, 1)} % of its variance with {via}"
        least = f"at least {rounded(LEAST_R_SQUARED * 100, 0)} % are needed"
        raise _refusal(source.shown(path), f"{share}, where {least}", instead)
    if found.beta <= 0:
        raise _refusal(source.shown(path), f"{asset} moves against {via}", instead)
    return found.beta


def _series(path: str, wanted: Sequence[str]) -> tuple[Series, ...]:
    sheet = _Sheet(path, wanted)
    read = sheet.read()
    problems = sheet.problems or [each for asset in wanted for each in _not_one(asset, read, sheet.name)]
    read = [_oldest_first(series) for series in read]
    if not problems:
        problems = [each for series in read for each in _uneven(series)]
    if problems:
        raise InvalidInput(problems)
    return tuple(next(series for series in read if series.asset == asset) for asset in wanted)


class _Sheet:
    """A file of rows, and what is wrong with each of them."""

    def __init__(self, path: str, wanted: Sequence[str]) -> None:
        self.name = source.shown(path)
        self.lines = source.text(path, HISTORY).split("\n")
        self.separator = max(_SEPARATORS, key=self.lines[0].count)
        self.problems: list[Problem] = []
        _, self.header = next(self._rows(), (1, [""]))
        try:
            self.columns: Columns = columns(self.header, wanted)
        except NoColumn as error:
            found = printable(self.lines[0].strip()) or "nothing"
            raise InvalidInput([Problem(self.name, 1, 1, "", error.problem, found, error.instead)]) from None

    def read(self) -> list[Series]:
        """The closes, a series a column, or a symbol where one column holds those of several coins."""
        where, rows = self.columns, self._rows()
        if where.headed:
            next(rows)
        symbols: dict[str, list[tuple[Series, int]]] = {}
        for line, row in rows:
            if len(row) != where.width:
                self._wrong(line, row, index=0, problem=f"has {len(row)} cells, where the first row has {where.width}")
                continue
            symbol = "" if where.symbol is None else row[where.symbol]
            if symbol not in symbols:
                symbols[symbol] = self._begun(symbol)
            self._take(line, row, symbols[symbol])
            if len(self.problems) >= MOST_LISTED:
                break
        return [series for begun in symbols.values() for series, _ in begun]

    def _begun(self, symbol: str) -> list[tuple[Series, int]]:
        closes, is_whose = self.columns.closes, self.columns.symbol is not None
        return [
            (Series(self.name, asset, symbol.strip(), [], [], []), index)
            for asset, index in closes.items()
            if not is_whose or names_asset(symbol, asset)
        ]

    def _take(self, line: int, row: list[str], into: list[tuple[Series, int]]) -> None:
        time = milliseconds(row[self.columns.time].strip()) if into else 0
        if time is None:
            self._wrong(
                line,
                row,
                index=self.columns.time,
                problem="is no time",
                instead="write one like 2026-11-20 or 1795132800000",
            )
            return
        for series, index in into:
            close = _close(row[index].strip())
            if close is None:
                self._wrong(
                    line, row, index=index, problem="is no price", instead="write a number above 0, without separators"
                )
            else:
                series.times.append(time)
                series.closes.append(close)
                series.lines.append(line)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows with the line that each begins on; empty lines are none."""
        reader = csv.reader(self.lines, delimiter=self.separator, strict=True)
        begins = 1
        try:
            for row in reader:
                if row:
                    yield begins, row
                begins = reader.line_num + 1
        except csv.Error as error:
            problem = Problem(self.name, begins, 1, "", f"is no CSV: {error}", instead="check its quotes")
            raise InvalidInput([*self.problems, problem]) from None

    def _wrong(self, line: int, row: list[str], *, index: int, problem: str, instead: str | None = None) -> None:
        quoted = '"' in self.lines[line - 1]
        column = 1 if quoted else 1 + sum(len(cell) + 1 for cell in row[:index])
        path = printable(self.header[index].strip()) if instead and self.columns.headed else ""
        found = (printable(row[index].strip()) or "nothing") if instead else None
        self.problems.append(Problem(self.name, line, column, path, problem, found, instead))


def _not_one(asset: str, read: Sequence[Series], name: str) -> Iterator[Problem]:
    symbols = [series.symbol for series in read if series.asset == asset]
    if not symbols:
        yield Problem(name, 0, 0, "", f"has no row of {asset}", instead="give a history that holds it")
    if len(symbols) > 1:
        yield Problem(name, 0, 0, "", f"has rows of {symbols[0]} and of {symbols[1]}", instead="keep one of them")


def _oldest_first(series: Series) -> Series:
    """A history that runs from new to old, as Bybit and OKX hand it out, the other way round."""
    if len(series.times) < _LEAST_CLOSES or max(map(sub, series.times[1:], series.times)) >= 0:
        return series
    return series._replace(times=series.times[::-1], closes=series.closes[::-1], lines=series.lines[::-1])


def _uneven(series: Series) -> Iterator[Problem]:
    """Rows that do not stand one step after the row before."""
    if len(series.times) < _LEAST_CLOSES:
        few = f"holds too few closes of {series.asset}"
        yield Problem(series.source, 0, 0, "", few, str(len(series.times)), f"give at least {_LEAST_CLOSES}")
        return
    apart = list(map(sub, series.times[1:], series.times))
    step = _step(series)
    if step <= 0:
        yield Problem(
            series.source, series.lines[1], 1, "", "stands in no order", instead="sort the rows, oldest first"
        )
        return
    wrong = [n for n, span in enumerate(apart) if span != step]
    for n in wrong[:MOST_LISTED]:
        said, instead = _misplaced(apart[n], step, series.lines[n])
        yield Problem(series.source, series.lines[n + 1], 1, "", said, instead=instead)


def _misplaced(span: int, step: int, before: int) -> tuple[str, str]:
    if span == 0:
        return f"repeats the time of line {before}", "keep one of the two"
    if span < 0:
        return f"is earlier than line {before}", "sort the rows, oldest first"
    if span % step == 0:
        missing = span // step - 1
        closes = "1 close is missing" if missing == 1 else f"{missing} closes are missing"
        return f"comes after a gap: {closes} before it", "fill the gap, or begin the history after it"
    return f"comes {length_of(span)} after line {before}, where steps are {length_of(step)}", "keep even steps"


def _step(series: Series) -> int:
    """The distance at which most rows follow each other; not above 0 where they do not run forward."""
    spans: Counter[int] = Counter(map(sub, series.times[1:], series.times))
    return max(spans, key=lambda span: (spans[span], -span))


def _aligned(own: Series, other: Series) -> Pair:
    step = _step(own)
    if _step(other) != step:
        differs = f"has steps of {length_of(_step(other))}, where the history of {own.asset} has {length_of(step)}"
        raise _refusal(other.source, differs, "give both at the same steps")
    if (other.times[0] - own.times[0]) % step:
        apart = f"has its closes at other times than the history of {own.asset}"
        raise _refusal(other.source, apart, "give both at the same times")
    start, end = max(own.times[0], other.times[0]), min(own.times[-1], other.times[-1])
    count = (end - start) // step + 1
    if count < _LEAST_CLOSES:
        shared = f"shares {max(0, count)} closes with the history of {own.asset}"
        raise _refusal(other.source, shared, f"give at least {_LEAST_CLOSES} of the same times")
    closes = []
    for series in (own, other):
        begin = (start - series.times[0]) // step
        closes.append(tuple(series.closes[begin : begin + count]))
    return Pair(own.asset, other.asset, BEGINNING + start * MILLISECOND, step * MILLISECOND, *closes)


def _close(text: str) -> float | None:
    value = measured(text)
    return value if value is not None and value > 0 else None


def _refusal(name: str, problem: str, instead: str) -> InvalidInput:
    return InvalidInput([Problem(name, 0, 0, "", problem, instead=instead)])
