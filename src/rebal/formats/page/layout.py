"""Where things stand on a page of a given width: wrapped sentences, and tables that change shape instead of being cut.

Nothing here shortens a text. A table that is too wide gives up its bars, then moves its last columns into words under
each row, then becomes cards: the same cells in other places, each whole. What is wider than the page in itself stays
whole too, and is left to the terminal.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import BOLD, DIM, ECHO, EMPTY, Line, Piece, breadth, line, measure

_CARD_INDENT = 2
_DEEPEST_INDENT = 8
_GAPS = (3, 2)
_FEWEST_FIGURES = 3
_BEFORE_BARS = 2


class Role(Enum):
    """What a column is to its row: its name, a figure, a bar that repeats a figure, or words for the line below."""

    NAME = "name"
    FIGURE = "figure"
    BAR = "bar"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and the words around its cell where that stands in a sentence (None: the heading).

    ``yields``: columns with a higher one go below the row first, among equals the last; from 2 on even before bars.
    """

    heading: str
    before: str | None = None
    after: str = ""
    role: Role = Role.FIGURE
    left: bool = False
    yields: int = 0


Row = Sequence[Line]


class _Arrangement(NamedTuple):
    gap: int
    grid: list[int]
    below: list[int]


def wrap(pieces: Line, width: int, *, indent: int = 0) -> list[Line]:
    """Break a line between words, and inside a figure with its unit only where that alone is wider than the page."""
    room = max(width - indent, 1)
    lines: list[Line] = []
    current: Line = EMPTY
    for word in _words(pieces, room):
        longer = (*current, _space(current, word), *word) if current else word
        if current and breadth(longer) > room:
            lines.append(current)
            longer = word
        current = longer
    return [_indented(each, indent) for each in (*lines, current) if each]


def flow(phrases: Iterable[Line], width: int, *, between: str, indent: int = 0) -> list[Line]:
    """Set phrases one after the other, breaking between phrases where that helps and between words where it must."""
    room = max(width - indent, 1)
    lines: list[Line] = []
    current: Line = EMPTY
    for phrase in phrases:
        longer = (*current, Piece(between, DIM), *phrase) if current else phrase
        if current and breadth(longer) > room:
            lines.append(current)
            longer = phrase
        current = longer
    whole = [each for each in (*lines, current) if each]
    return [
        part
        for each in whole
        for part in ([_indented(each, indent)] if breadth(each) <= room else wrap(each, width, indent=indent))
    ]


def hang(lead: Line, pieces: Line, width: int) -> list[Line]:
    """Set a text beside its lead, or under it where the lead takes more than a third of the page."""
    taken = breadth(lead)
    if taken * 3 > width:
        return [*wrap(lead, width), *wrap(pieces, width, indent=_CARD_INDENT)]
    first, *rest = wrap(pieces, width, indent=taken) or [EMPTY]
    return [(*lead, *first[1:]), *rest]


def table(
    columns: Sequence[Column], rows: Sequence[Row], width: int, *, rule: str, between: str, nothing: str
) -> list[Line]:
    """Set rows under headings, or in whatever shape the width asks for.

    Columns without any cell are left out; a figure missing among others is shown as ``nothing``.
    """
    used = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    breadths = [[breadth(cell) for cell in row] for row in rows]
    widths = {i: max(measure(columns[i].heading), *(each[i] for each in breadths)) for i in used}
    for arrangement in _arrangements(columns, used):
        taken = sum(widths[i] for i in arrangement.grid) + arrangement.gap * (len(arrangement.grid) - 1)
        if taken <= width:
            break
    else:
        return [each for row in rows for each in _card(columns, row, used, width, between)]
    indent = min(widths[arrangement.grid[0]] + arrangement.gap, _DEEPEST_INDENT)
    heads = [line(Piece(each.heading, DIM)) for each in columns]
    lines = [_grid_line(columns, heads, widths, arrangement), line(Piece(rule * taken, DIM))]
    for row in rows:
        shown = [cell or _missing(column, nothing) for column, cell in zip(columns, row, strict=True)]
        lines.append(_grid_line(columns, shown, widths, arrangement))
        lines += flow(_phrases(columns, row, arrangement.below), width, between=between, indent=indent)
    return lines


def _missing(column: Column, nothing: str) -> Line:
    return line(Piece(nothing, DIM)) if column.role is Role.FIGURE else EMPTY


def _arrangements(columns: Sequence[Column], used: list[int]) -> Iterator[_Arrangement]:
    """From the most columns to the fewest that still make a table.

    Columns that are the first to yield go below before the bars are given up, the others after.
    """
    figures = sorted((i for i in used if columns[i].role is Role.FIGURE), key=lambda i: (columns[i].yields, i))
    bars = [i for i in used if columns[i].role is Role.BAR]
    below = [i for i in used if columns[i].role is Role.BELOW]
    ready = sum(columns[i].yields >= _BEFORE_BARS for i in figures)
    most = max(len(figures) - _FEWEST_FIGURES, len(figures) // 2)
    with_bars = [(moved, below) for moved in range(min(ready, most) + 1)] if bars else []
    for moved, hidden in [*with_bars, *((moved, below + bars) for moved in range(most + 1))]:
        gone = figures[len(figures) - moved :]
        grid = [i for i in used if i not in gone and i not in hidden]
        for gap in _GAPS:
            yield _Arrangement(gap, grid, sorted(gone) + below)


def _grid_line(columns: Sequence[Column], row: Row, widths: dict[int, int], arrangement: _Arrangement) -> Line:
    pieces: list[Piece] = []
    for position, index in enumerate(arrangement.grid):
        column = columns[index]
        cell = _bold(row[index]) if column.role is Role.NAME else row[index]
        if position:
            pieces.append(Piece(" " * arrangement.gap))
        padding = Piece(" " * (widths[index] - breadth(cell)))
        pieces += (*cell, padding) if column.left else (padding, *cell)
    return tuple(pieces)


def _card(columns: Sequence[Column], row: Row, used: list[int], width: int, between: str) -> list[Line]:
    names = [_bold(row[i]) for i in used if columns[i].role is Role.NAME and row[i]]
    rest = [i for i in used if columns[i].role in (Role.FIGURE, Role.BELOW)]
    title = tuple(piece for name in names for piece in (Piece(" "), *name))[1:]
    return [*wrap(title, width), *flow(_phrases(columns, row, rest), width, between=between, indent=_CARD_INDENT)]


def _phrases(columns: Sequence[Column], row: Row, indices: Iterable[int]) -> Iterator[Line]:
    for index in indices:
        column, cell = columns[index], row[index]
        if not cell or cell[0].ink == ECHO:
            continue
        before = column.heading if column.before is None else column.before
        yield (
            *line(*([Piece(f"{before} ", DIM)] if before else [])),
            *cell,
            *line(*([Piece(f"{GLUE}{column.after}", DIM)] if column.after else [])),
        )


def _bold(cell: Line) -> Line:
    return tuple(piece if piece.ink else Piece(piece.text, BOLD) for piece in cell)


def _words(pieces: Line, room: int) -> Iterator[Line]:
    word: list[Piece] = []
    for text, ink in pieces:
        for position, part in enumerate(text.split(" ")):
            if position and word:
                yield from _split(tuple(word), room)
                word = []
            if part:
                word.append(Piece(part, ink))
    if word:
        yield from _split(tuple(word), room)


def _split(word: Line, room: int) -> Iterator[Line]:
    if breadth(word) <= room or not any(GLUE in piece.text for piece in word):
        yield word
        return
    yield from _words(tuple(Piece(piece.text.replace(GLUE, " "), piece.ink) for piece in word), room)


def _space(before: Line, after: Line) -> Piece:
    same = before[-1].ink == after[0].ink
    return Piece(" ", before[-1].ink if same else "")


def _indented(pieces: Line, indent: int) -> Line:
    return (Piece(" " * indent), *pieces) if indent else pieces
