"""A table out of a file, as columns of text: CSV with its separator found, or Parquet by the extra of that name."""

import csv
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rebal.errors import InvalidInput, Problem, Unavailable
from rebal.frozen import frozen
from rebal.load import source
from rebal.load.flaws import MOST_LISTED, printable

TABLE = source.Sort("history", 512 * 1024 * 1024)
_SEPARATORS = ",;\t"
_PARQUET = ".parquet"


@frozen
class Sheet:
    """A header and the cells below it, column by column; ``lines``: on which line of the file each row begins."""

    name: str
    header: tuple[str, ...]
    columns: tuple[list[str], ...]
    lines: list[int]

    @property
    def heading(self) -> str:
        """The header as it stands."""
        return ",".join(self.header)

    def first(self, known: Iterable[str]) -> int | None:
        """The column of the first of some headings, however they are spaced and capitalised."""
        names = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in self.header]
        return next((names.index(each) for each in known if each in names), None)

    def wrong(self, line: int, index: int, cell: str, *, said: tuple[str, str]) -> Problem:
        """What is wrong with a cell, and what to write instead."""
        return Problem(self.name, line, 1, self.header[index].strip(), said[0], printable(cell) or "nothing", said[1])


def sheet(path: str) -> Sheet:
    """Read a table. Raises InvalidInput with every row whose cells are not as many as the header's."""
    return _parquet(path) if path.lower().endswith(_PARQUET) else _csv(path)


def _csv(path: str) -> Sheet:
    name = source.shown(path)
    lines = source.text(path, TABLE).split("\n")
    separator = max(_SEPARATORS, key=lines[0].count)
    rows, begins = _rows(lines, separator, name)
    if len(rows) < 2:
        raise InvalidInput([Problem(name, 0, 0, "", "holds no rows", None, "give a table with a header")])
    width = len(rows[0])
    uneven = [n for n, row in enumerate(rows) if len(row) != width]
    if uneven:
        raise InvalidInput(
            Problem(name, begins[n], 1, "", f"has {len(rows[n])} cells, where the first row has {width}", None, "")
            for n in uneven[:MOST_LISTED]
        )
    header, *body = rows
    return Sheet(name, tuple(header), tuple(list(column) for column in zip(*body, strict=True)), begins[1:])


def _rows(lines: list[str], separator: str, name: str) -> tuple[list[list[str]], list[int]]:
    """Rows and the lines on which they begin; empty lines are none."""
    if not any('"' in line for line in lines):
        begins = [n for n, line in enumerate(lines, start=1) if line.strip("\r")]
        return [lines[n - 1].rstrip("\r").split(separator) for n in begins], begins
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[list[str]] = []
    quoted: list[int] = []
    before = 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                quoted.append(before)
            before = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput([Problem(name, before, 1, "", f"is no CSV: {error}", None, "check its quotes")]) from None
    return rows, quoted


def _parquet(path: str) -> Sheet:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise Unavailable(f"{path}: Parquet needs pyarrow; pip install 'rebal[parquet]', or give CSV") from None
    name = source.shown(path)
    try:
        table = parquet.read_table(path)
    except FileNotFoundError:
        raise InvalidInput([Problem(name, 0, 0, "", "does not exist", None, TABLE.missing)]) from None
    except (ArrowException, OSError, ValueError) as error:
        raise InvalidInput([Problem(name, 0, 0, "", f"is no Parquet: {printable(str(error))}", None, "")]) from None
    if not table.num_rows:
        raise InvalidInput([Problem(name, 0, 0, "", "holds no rows", None, "give a table with rows")])
    columns = tuple([_text(cell) for cell in table.column(n).to_pylist()] for n in range(table.num_columns))
    return Sheet(name, tuple(table.column_names), columns, list(range(1, table.num_rows + 1)))


def _text(cell: Any) -> str:
    """A cell as CSV would have it: a float by the shortest text that is it."""
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.tzinfo is not None else f"{cell.isoformat()}+00:00"
    return "" if cell is None else str(cell)
