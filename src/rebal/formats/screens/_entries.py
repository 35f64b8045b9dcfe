"""What the journal's entries did, in the order of recording."""

from collections.abc import Sequence

from rebal.formats.page.deeds import deed
from rebal.formats.page.ink import DIM, PLAIN, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time
from rebal.ledger import EntryLine

_COLUMNS = (
    Column("", role=Role.NAME),
    Column("time", role=Role.NAME, left=True),
    Column("type", role=Role.NAME, left=True),
    Column("", role=Role.BELOW),
    Column("id", left=True),
)


def lines(entries: Sequence[EntryLine], sheet: Sheet, *, title: str, note: str = "") -> list[Line]:
    """A row an entry, the newest last; one that is voided says by which."""
    if not entries:
        return []
    return [*sheet.section(title, note), *sheet.table(_COLUMNS, [_row(each, sheet) for each in entries])]


def _row(entry: EntryLine, sheet: Sheet) -> Row:
    ink = PLAIN if entry.voided_by is None else DIM
    return (
        line(Piece(str(entry.seq), ink)),
        line(Piece(day_and_time(entry.time), DIM)),
        line(Piece(entry.type, ink)),
        (*_voided(entry, sheet), Piece(sheet.text(deed(entry, sheet.figures, day_and_time)), ink)),
        line(Piece(sheet.text(entry.id), DIM)),
    )


def _voided(entry: EntryLine, sheet: Sheet) -> Line:
    return () if entry.voided_by is None else line(Piece(f"voided by {sheet.text(entry.voided_by)}: ", YELLOW))
