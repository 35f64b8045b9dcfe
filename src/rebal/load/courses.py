"""Courses of prices out of files: long (a row a coin and bar) or wide (a column a coin), CSV or Parquet, and funding.

A file whose rows name no coin is of the one that its name says: ``BTC=prices.csv``, or ``BTC.csv`` by itself. A bar
with a high and a low ends one step after its time, as exchanges stamp them by their opening; a price alone is of its
time.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import gt, sub
from typing import TypeVar

from rebal.errors import InvalidInput, Problem
from rebal.load.columns import CLOSES, SYMBOLS, TIMES, names_asset
from rebal.load.course_files import Wanted, named, refusal, times_of
from rebal.load.course_rates import all_rates
from rebal.load.flaws import MOST_LISTED
from rebal.load.sheets import Sheet, sheet
from rebal.replay.course import Course, Track, moment
from rebal.times import day_or_time, length_of

_LOWS, _HIGHS = ("low", "lowprice", "l"), ("high", "highprice", "h")
_ONE = r"\+?[0-9]{1,18}(?:\.[0-9]{0,38})?(?:[eE][+-]?[0-9]{1,2})?"
_FIGURE, _FIGURES = re.compile(_ONE, re.ASCII), re.compile(rf"{_ONE}(?:\n{_ONE})*+", re.ASCII)
_Told = TypeVar("_Told")


@dataclass(slots=True)
class Bars:
    """The bars of one name as they stand in a file; ``lines``: where. Closes alone have no lows and highs."""

    source: str
    name: str
    times: list[int] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)
    lows: list[str] = field(default_factory=list)
    highs: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def course(
    prices: Sequence[str], funding: Sequence[str], wanted: Wanted, *, read: Callable[[str], Sheet] = sheet
) -> Course:
    """Read price and funding files into one course. Raises InvalidInput with what is wrong, line by line.

    Gaps, rows that repeat a time or run backwards, and coins that begin later or end sooner than the others are errors;
    ``wanted.carries``: gaps keep the price before them, and a coin that begins later its first one until then.
    ``read``: how a file of prices is read, where that is to be done once for several courses.
    """
    found = [bars for given in prices for bars in _bars(given, wanted, read)]
    if not found:
        raise refusal(", ".join(prices), "has no prices of anything that is held", "give the prices of what is held")
    problems = list(_twice(found)) or [each for bars in found for each in _disorder(bars, wanted)]
    if problems:
        raise InvalidInput(problems[:MOST_LISTED])
    step = _common_step(found)
    ends = {bars.name: _ended(bars, step) for bars in found}
    problems = list(_missing(found, wanted, prices)) or list(_ragged(found, ends, step, wanted=wanted))
    if problems:
        raise InvalidInput(problems[:MOST_LISTED])
    start, last = _span(found, ends, step, wanted=wanted)
    count = (last - start) // step + 1
    tracks = {bars.name: _track(bars, ends[bars.name], start, step=step, count=count) for bars in found}
    return Course(start, step, count, _at_accounts(tracks, wanted), _at_accounts(all_rates(funding, wanted), wanted))


def _at_accounts(found: dict[str, _Told], wanted: Wanted) -> dict[str, _Told]:
    """What was given once by the name that contracts of several accounts share is that of each without its own."""
    known = dict(found)
    for contract in wanted.contracts:
        account, _, bare = contract.rpartition(":")
        if account and bare in found:
            known.setdefault(contract, found[bare])
            known.pop(bare, None)
    return known


def _bars(given: str, wanted: Wanted, reads: Callable[[str], Sheet]) -> list[Bars]:
    name, path = named(given, (*wanted.assets, *wanted.contracts))
    read = reads(path)
    time = read.first(TIMES)
    if time is None:
        raise refusal(read.name, "has no column of times", "head it time, date or open_time", found=read.heading)
    close, symbol = read.first(CLOSES), read.first(SYMBOLS)
    if close is None:
        return _wide(read, time, wanted)
    if symbol is None and name is None:
        told = "write BTC=FILE, name the file BTC.csv, or add a column asset"
        raise refusal(read.name, "does not say whose prices it holds", told)
    columns = (close, read.first(_LOWS), read.first(_HIGHS))
    if symbol is None:
        return [_one(read, name or "", time, columns=columns, rows=None)]
    rows = _by_symbol(read, symbol, wanted)
    return [_one(read, each, time, columns=columns, rows=of) for each, of in rows.items()]


def _wide(read: Sheet, time: int, wanted: Wanted) -> list[Bars]:
    found = []
    for index, heading in enumerate(read.header):
        name = whose(heading, wanted) if index != time else None
        if name is not None:
            found.append(_one(read, name, time, columns=(index, None, None), rows=None))
    if not found:
        instead = "head it close, or with the coins: time,BTC,ETH"
        raise refusal(read.name, "has no column of prices", instead, found=read.heading)
    return found


def whose(text: str, wanted: Wanted) -> str | None:
    """The asset or contract that a heading or a cell names."""
    bare = text.strip()
    exact = next((each for each in (*wanted.contracts, *wanted.assets) if bare == each), None)
    return exact or next((each for each in wanted.assets if names_asset(bare, each)), None)


def _by_symbol(read: Sheet, symbol: int, wanted: Wanted) -> dict[str, list[int]]:
    known: dict[str, str | None] = {}
    rows: dict[str, list[int]] = {}
    for n, cell in enumerate(read.columns[symbol]):
        if cell not in known:
            known[cell] = whose(cell, wanted)
        name = known[cell]
        if name is not None:
            rows.setdefault(name, []).append(n)
    return rows


def _one(
    read: Sheet, name: str, time: int, *, columns: tuple[int, int | None, int | None], rows: Sequence[int] | None
) -> Bars:
    def column(index: int) -> list[str]:
        cells = read.columns[index]
        return cells if rows is None else [cells[n] for n in rows]

    lines = read.lines if rows is None else [read.lines[n] for n in rows]
    bars = Bars(read.name, name, lines=lines)
    bars.times = times_of(column(time), lines, read, column=time)
    close, low, high = columns
    bars.closes = _figures(column(close), lines, read, close)
    if low is not None and high is not None:
        bars.lows = _figures(column(low), lines, read, low)
        bars.highs = _figures(column(high), lines, read, high)
        _refuse_outside(bars)
    if len(bars.times) > 1 and max(map(sub, bars.times[1:], bars.times)) < 0:
        # as Bybit and OKX hand histories out
        for each in (bars.times, bars.closes, bars.lows, bars.highs):
            each.reverse()
        bars.lines = lines[::-1]
    return bars


def _refuse_outside(bars: Bars) -> None:
    """Raise InvalidInput where a close lies outside its bar's low and high: columns that are headed by another's name.

    What floats cannot tell apart is let be.
    """
    lows, closes, highs = (list(map(float, each)) for each in (bars.lows, bars.closes, bars.highs))
    if any(map(gt, lows, closes)) or any(map(gt, closes, highs)):
        wrong = [n for n, close in enumerate(closes) if not lows[n] <= close <= highs[n]]
        instead = "check which column is which, and correct the row"
        raise InvalidInput(
            Problem(bars.source, bars.lines[n], 1, "", f"has its close {bars.closes[n]} outside its low {bars.lows[n]} "
                    f"and its high {bars.highs[n]}", None, instead)
            for n in wrong[:MOST_LISTED]
        )  # fmt: skip


def _figures(cells: list[str], lines: Sequence[int], read: Sheet, index: int) -> list[str]:
    """Texts of prices, every one of them checked and kept as it is."""
    if not _FIGURES.fullmatch("\n".join(cells)):
        cells = [cell.strip() for cell in cells]
    if not _FIGURES.fullmatch("\n".join(cells)) or min(map(float, cells)) <= 0:
        wrong = [n for n, cell in enumerate(cells) if not _FIGURE.fullmatch(cell) or not float(cell)]
        said = ("is no price", "write a number above 0, without separators")
        raise InvalidInput([read.wrong(lines[n], index, cells[n], said=said) for n in wrong[:MOST_LISTED]])
    return cells


def _twice(found: Sequence[Bars]) -> Iterator[Problem]:
    by_name: dict[str, Bars] = {}
    for bars in found:
        other = by_name.setdefault(bars.name, bars)
        if other is not bars:
            said = f"holds prices of {bars.name}, as {other.source} does"
            yield Problem(bars.source, 0, 0, "", said, None, "keep one")


def _disorder(bars: Bars, wanted: Wanted) -> Iterator[Problem]:
    """Rows that repeat a time or run backwards, and gaps unless prices are carried over them."""
    if len(bars.times) < 2:
        few = f"holds {len(bars.times)} prices of {bars.name}"
        yield Problem(bars.source, 0, 0, "", few, None, "give at least 2")
        return
    step = _step(bars)
    listed = 0
    for n, (before, after) in enumerate(pairwise(bars.times)):
        span = after - before
        told = None if span == step else _misplaced(span, step, bars.lines[n], carries=wanted.carries)
        if told is not None and listed < MOST_LISTED:
            listed += 1
            yield Problem(bars.source, bars.lines[n + 1], 1, "", told[0], None, told[1])


def _misplaced(span: int, step: int, before: int, *, carries: bool) -> tuple[str, str] | None:
    if span == 0:
        return f"repeats the time of line {before}", "keep one of the two"
    if span < 0:
        return f"is earlier than line {before}", "sort the rows, oldest first"
    if span % step:
        return f"comes {length_of(span)} after line {before}, where steps are {length_of(step)}", "keep even steps"
    if carries:
        return None
    missing = span // step - 1
    bars = "1 bar is missing" if missing == 1 else f"{missing} bars are missing"
    return f"comes after a gap: {bars} before it", "fill the gap, or give --gaps carry to keep the last price"


def _step(bars: Bars) -> int:
    spans: Counter[int] = Counter(map(sub, bars.times[1:], bars.times))
    return max(spans, key=lambda span: (span > 0, spans[span], -span))


def _common_step(found: Sequence[Bars]) -> int:
    step = _step(found[0])
    other = next((bars for bars in found if _step(bars) != step), None)
    if other is not None:
        differs = f"has steps of {length_of(_step(other))}, where {found[0].name} has {length_of(step)}"
        raise refusal(other.source, differs, "give all prices at the same steps")
    return step


def _ended(bars: Bars, step: int) -> tuple[int, int]:
    """When the first and the last bar end."""
    late = step if bars.lows else 0
    return bars.times[0] + late, bars.times[-1] + late


def _missing(found: Sequence[Bars], wanted: Wanted, prices: Sequence[str]) -> Iterator[Problem]:
    names = {bars.name for bars in found}
    files = ", ".join(prices)
    for asset in wanted.assets:
        if asset not in names:
            mark = next((name for name in sorted(names) if names_asset(name, asset)), None)
            instead = f"add a file or a column of {asset}"
            if mark is not None:
                instead += f"; {mark} is a contract here, and those are its marks: head or name them {asset}"
            yield Problem(files, 0, 0, asset, "has no prices", None, instead)


def _ragged(
    found: Sequence[Bars], ends: Mapping[str, tuple[int, int]], step: int, *, wanted: Wanted
) -> Iterator[Problem]:
    """Names whose bars stand at other instants, or do not cover the stretch that is replayed."""
    first, last = _span(found, ends, step, wanted=wanted)
    leader = found[0]
    for bars in found:
        begins, until = ends[bars.name]
        if (begins - ends[leader.name][0]) % step:
            apart = f"has its prices at other times than {leader.name} in {leader.source}"
            yield Problem(bars.source, bars.lines[0], 1, bars.name, apart, None, "give all at the same times")
        elif begins > first and not wanted.carries:
            later = f"begins on {_day(begins)}, after the others"
            instead = f"give --from {_day(begins)}, or --gaps carry to keep its first price until then"
            yield Problem(bars.source, bars.lines[0], 1, bars.name, later, None, instead)
        elif until < last and not wanted.carries:
            sooner = f"ends on {_day(until)}, before the others"
            instead = f"give --to {_day(until)}, or --gaps carry to keep its last price from then on"
            yield Problem(bars.source, bars.lines[-1], 1, bars.name, sooner, None, instead)
    if last - first < step:
        begins, until = min(each for each, _ in ends.values()), max(each for _, each in ends.values())
        few = f"has prices from {_day(begins)} to {_day(until)}, and fewer than 2 within --from and --to"
        raise refusal(leader.source, few, "widen them")


def _span(found: Sequence[Bars], ends: Mapping[str, tuple[int, int]], step: int, *, wanted: Wanted) -> tuple[int, int]:
    """When the first and the last bar of the replay end: all there is, within what was asked for."""
    first, last = min(each for each, _ in ends.values()), max(each for _, each in ends.values())
    if wanted.first is not None:
        first += max(0, -(-(wanted.first - first) // step)) * step
    if wanted.last is not None:
        last -= max(0, -(-(last - wanted.last) // step)) * step
    return first, last


def _track(bars: Bars, ends: tuple[int, int], start: int, *, step: int, count: int) -> Track:
    """The bars from a start on, every instant taken: a gap keeps the price before it, or the first one to come."""
    late = ends[0] - bars.times[0]
    offset = (start - ends[0]) // step
    if offset >= 0 and ends[1] == ends[0] + (len(bars.times) - 1) * step and offset + count <= len(bars.times):
        closes = bars.closes[offset : offset + count]
        lows, highs = (each[offset : offset + count] if each else closes for each in (bars.lows, bars.highs))
        return Track(closes, lows, highs)
    at = {(time + late - start) // step: n for n, time in enumerate(bars.times)}
    last = bars.closes[max((n for slot, n in at.items() if slot <= 0), default=0)]
    closes, lows, highs = [], [], []
    for slot in range(count):
        n = at.get(slot)
        last = last if n is None else bars.closes[n]
        closes.append(last)
        lows.append(bars.lows[n] if n is not None and bars.lows else last)
        highs.append(bars.highs[n] if n is not None and bars.highs else last)
    return Track(closes, lows, highs)


def _day(milliseconds: int) -> str:
    return day_or_time(moment(milliseconds))
