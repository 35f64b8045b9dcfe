"""What the columns of a table say of its rows, before anyone writes it: the same on every page and on paper."""

from collections.abc import Sequence
from typing import Any

from rebal.formats.document import Column, Role, Table, blocks_for
from rebal.formats.document.said import Absent, Change, Figure, Inked, Medium, Said, getter
from rebal.formats.screen.ink import ECHO

Cells = Sequence[Said]


def grid(table: Table, medium: Medium) -> tuple[list[Column], list[Cells]]:
    """The columns that a medium is told of a table, and its rows, one over all of them last; none where it has none."""
    columns = list(blocks_for(medium, table.columns))
    rows = table.rows if table.shown is None else table.shown
    told = [cells(each, rows) for each in columns]
    if table.known:
        told = [each if any(map(_is_known, each)) else [None] * len(each) for each in told]
    last = [] if table.total is None or len(rows) < 2 else [[_of_total(each, table.total) for each in columns]]
    return columns, [*zip(*told, strict=True), *last]


def cells(column: Column, rows: Sequence[Any]) -> Cells:
    """What a column says of each row; None where there is nothing to say, an echo in its ink."""
    get = getter(column.get)
    values = [get(row) for row in rows]
    if column.absent is Absent.UNKNOWN:
        values = [column.absent if value is None else value for value in values]
    if column.when is not None:
        shows = getter(column.when)
        values = [value if shows(row) else None for value, row in zip(values, rows, strict=True)]
    if column.had is not None:
        had = getter(column.had)
        values = [value if had(row) else _after(value) for value, row in zip(values, rows, strict=True)]
    if column.unit is not None:
        unit = getter(column.unit)
        return [
            None if value is None else Figure(value, column.kind, unit(row))
            for value, row in zip(values, rows, strict=True)
        ]
    if column.echoes is not None:
        same = getter(column.echoes)
        return [Inked(value, ECHO) if value == same(row) else value for value, row in zip(values, rows, strict=True)]
    return values


def _is_known(said: Said) -> bool:
    return said is not None and said.__class__ is not Absent


def _of_total(column: Column, total: Any) -> Said:
    if column.role is Role.NAME:
        return ("total",)
    return cells(column, [total])[0] if column.totalled else None


def _after(said: Said) -> Said:
    """What is said of after alone."""
    if isinstance(said, Inked):
        return Inked(_after(said.said), said.ink)
    return said.after if isinstance(said, Change) else said
