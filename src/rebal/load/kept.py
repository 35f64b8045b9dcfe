"""A history that ``rebal market`` wrote, read back so that it goes on where it ends."""

import csv
from collections.abc import Sequence
from typing import NamedTuple

from rebal.errors import InvalidInput, Problem
from rebal.load import source
from rebal.load.closes import HISTORY
from rebal.times import TimeProblem, instant

BARS = ("time", "asset", "open", "high", "low", "close")
RATES = ("time", "contract", "rate")


class Row(NamedTuple):
    """A time, whose it is, and the figures as they stand."""

    time: str
    name: str
    figures: tuple[str, ...]


def kept(path: str, header: Sequence[str]) -> list[Row]:
    """The rows of a file. Raises InvalidInput where it has another header, or a row of another shape."""
    lines = source.text(path, HISTORY).splitlines()
    if not lines or lines[0] != ",".join(header):
        found = lines[0][:60] if lines else "nothing"
        instead = f"its first line is {','.join(header)}"
        raise InvalidInput([_wrong(path, 1, "is no history of this kind", found=found, instead=instead)])
    rows = []
    for line, cells in enumerate(csv.reader(lines[1:]), start=2):
        if len(cells) != len(header):
            raise InvalidInput([_wrong(path, line, f"has {len(cells)} cells", instead=f"give {len(header)}")])
        try:
            instant(cells[0])
        except TimeProblem as problem:
            raise InvalidInput([_wrong(path, line, problem.problem, found=cells[0], instead=problem.instead)]) from None
        rows.append(Row(cells[0], cells[1], tuple(cells[2:])))
    return rows


def text(rows: Sequence[Row], header: Sequence[str]) -> str:
    """Rows as the file has them, by time and then by name."""
    ordered = sorted(rows, key=lambda row: (instant(row.time), row.name))
    return "\n".join([",".join(header), *(",".join((row.time, row.name, *row.figures)) for row in ordered), ""])


def _wrong(path: str, line: int, problem: str, *, found: str | None = None, instead: str) -> Problem:
    return Problem(source.shown(path), line, 1, "", problem, found, instead)
