"""Funding histories as CSV: when each rate was paid, and the rate."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from rebal.amounts import Fraction, NumberProblem, percentage, total
from rebal.errors import InvalidInput, Problem
from rebal.load import source
from rebal.load.flaws import MOST_LISTED, printable
from rebal.portfolio import FundingRate
from rebal.times import BEGINNING, MILLISECOND, TimeProblem, instant

FUNDING = source.Sort("funding history", 8 * 1024 * 1024)
RATES = ("rate", "fundingrate", "funding_rate", "realizedrate", "interest_8h")
_LEAST = 2
_HOUR = 3_600
_OF_EIGHT_HOURS = "interest_8h"
_WHOSE = ("contract", "symbol", "instrument_name", "instid", "instrument", "market")
_TIMES = ("time", "fundingtime", "funding_time", "timestamp", "fundingratetimestamp", "calc_time")


def funding_from(path: str, *, of: str, hours: Fraction | None = None) -> FundingRate:
    """The least, mean and largest rate per interval of a contract's history.

    One row an interval under a heading, those of the contract ``of`` where a column says whose each is; the column of
    rates is headed ``rate``, or as Binance, Bybit, OKX and Deribit export it: fundingRate, realizedRate, interest_8h.
    Rates are fractions, or percentages with their sign. Rows that come several to an interval of ``hours`` are added
    up to one. Raises InvalidInput with every row that is wrong.
    """
    name, rates, times, problems = source.shown(path), [], [], []
    for row in _rows(source.text(path, FUNDING), name, of):
        try:
            rates.append(percentage(row.rate))
            times.append(row.time)
        except NumberProblem as problem:
            problems.append(
                Problem(name, row.line, 1, "rate", problem.problem, printable(row.rate) or "nothing", problem.instead)
            )
    if not problems and len(rates) < _LEAST:
        problems.append(Problem(name, 0, 0, "", f"holds {len(rates)} rates", None, f"give at least {_LEAST}"))
    if problems:
        raise InvalidInput(problems[:MOST_LISTED])
    return _range(list(_by_interval(rates, _to_an_interval(times, hours))))


def _range(rates: Sequence[Fraction]) -> FundingRate:
    return FundingRate(min(rates), total(rates) / len(rates), max(rates))


class _Row(NamedTuple):
    """A line, its rate as it stands, and when it was paid; None where no column says so, or it is of no use."""

    line: int
    rate: str
    time: datetime | None


def _rows(text: str, name: str, of: str) -> Iterator[_Row]:
    rows = csv.reader(text.splitlines())
    heading = next(rows, [])
    folded = [re.sub("[^a-z0-9_]", "", cell.casefold()) for cell in heading]
    column = next((folded.index(known) for known in RATES if known in folded), None)
    if column is None:
        found = printable(",".join(heading)) or "nothing"
        raise InvalidInput([Problem(name, 1, 1, "", "has no column of rates", found, "head it rate")])
    # what Deribit exports hour by hour under this heading are rates of eight hours already
    time = (
        None
        if folded[column] == _OF_EIGHT_HOURS
        else next((folded.index(each) for each in _TIMES if each in folded), None)
    )
    whose = next((folded.index(known) for known in _WHOSE if known in folded), None)
    listed = [(rows.line_num, row) for row in rows if any(row)]
    for line, row in listed if whose is None else _of(of, listed, whose, name):
        yield _Row(line, _cell(row, column), None if time is None else _moment(_cell(row, time)))


def _cell(row: Sequence[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _of(
    contract: str, rows: Sequence[tuple[int, list[str]]], column: int, name: str
) -> Sequence[tuple[int, list[str]]]:
    """The rows of a contract; all of them where they are of one that is called otherwise. Raises InvalidInput."""
    known = {contract, contract.rpartition(":")[2]}
    called = {_cell(row, column) for _, row in rows}
    if known.isdisjoint(called):
        if len(called) > 1:
            several = f"holds rates of {len(called)} contracts, and none of {contract}"
            raise InvalidInput([Problem(name, 0, 0, "", several, None, f"give it one of {contract}")])
        return rows
    return [(line, row) for line, row in rows if _cell(row, column) in known]


def _moment(text: str) -> datetime | None:
    if text.isascii() and text.isdigit():
        return BEGINNING + int(text[:15]) * MILLISECOND
    try:
        return instant(text)
    except TimeProblem:
        return None


def _to_an_interval(times: Sequence[datetime | None], hours: Fraction | None) -> int:
    """How many rows come to an interval: one, unless each of them is a whole part of it later than the one before."""
    known = sorted(each for each in times if each is not None)
    if hours is None or len(known) < len(times):
        return 1
    seconds = sorted(int((later - one).total_seconds()) for one, later in pairwise(known))
    usual = seconds[len(seconds) // 2] if seconds else 0
    count = hours * _HOUR / usual if usual > 0 else Fraction(1)
    return int(count) if count > 1 and count.denominator == 1 and len(known) >= 2 * count else 1


def _by_interval(rates: Sequence[Fraction], count: int) -> Iterator[Fraction]:
    """The rates of one interval after the other; what does not make a whole one at the end is left out."""
    for n in range(0, len(rates) - count + 1, count):
        yield total(rates[n : n + count])
