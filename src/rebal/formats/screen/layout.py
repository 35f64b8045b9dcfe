"""Where things stand on a page of a given width: wrapped sentences, and tables that change shape instead of being cut.

Nothing here shortens a text. A table that is too wide moves columns into words under each row, gives up its bars on the
way, and in the end becomes cards: the same cells in other places, each whole. What is wider than the page in itself
stays whole too, and is left to the terminal.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rebal.formats.document import Column, Role
from rebal.formats.document.said import BOLD, DIM, GLUE
from rebal.formats.screen.ink import ECHO, EMPTY, Line, Piece, breadth, line

_CARD_INDENT = 2
_DEEPEST_INDENT = 8
_GAPS = (3, 2)
_FEWEST_FIGURES = 3
_BEFORE_BARS = 2


Row = Sequence[Line]


class _Arrangement(NamedTuple):
    gap: int
    grid: list[int]
    below: list[int]

    def taken(self, widths: Sequence[int]) -> int:
        return sum([widths[index] for index in self.grid]) + self.gap * (len(self.grid) - 1)


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


def stands_beside(taken: int, width: int) -> bool:
    """Whether a lead of so many columns leaves room for a text beside it: it takes a third of the page at most."""
    return taken * 3 <= width


def hang(lead: Line, pieces: Line, width: int) -> list[Line]:
    """Set a text beside its lead, or under it where there is no room beside."""
    taken = breadth(lead)
    if not stands_beside(taken, width):
        return [*wrap(lead, width), *wrap(pieces, width, indent=_CARD_INDENT)]
    first, *rest = wrap(pieces, width, indent=taken) or [EMPTY]
    return [(*lead, *first[1:]), *rest]


def table(
    columns: Sequence[Column], rows: Sequence[Row], width: int, *, rule: str, between: str, nothing: str
) -> list[Line]:
    """Set rows under headings, or in whatever shape the width asks for.

    Columns with no cell, or none but echoes, are left out; a figure missing among others is shown as ``nothing``.
    """
    used = [index for index in range(len(columns)) if any(_says_something(row[index]) for row in rows)]
    heads = [line(Piece(each.heading, DIM)) for each in columns]
    missing = [line(Piece(nothing, DIM)) if each.role is Role.FIGURE else EMPTY for each in columns]
    filled = [heads, *([cell or dash for cell, dash in zip(row, missing, strict=True)] for row in rows)]
    breadths = [[breadth(cell) for cell in row] for row in filled]
    widths = [max(column) for column in zip(*breadths, strict=True)]
    for arrangement in _arrangements(columns, used):
        taken = arrangement.taken(widths)
        if taken <= width:
            aligned = partial(_aligned, columns=columns, widths=widths, arrangement=arrangement)
            head, *body = map(aligned, filled, breadths)
            indent = min(widths[arrangement.grid[0]] + arrangement.gap, _DEEPEST_INDENT)
            lines = [head, line(Piece(rule * taken, DIM))]
            for each, row in zip(body, rows, strict=True):
                lines.append(each)
                lines += flow(_phrases(columns, row, arrangement.below), width, between=between, indent=indent)
            return lines
    return [each for row in rows for each in _card(columns, row, used=used, width=width, between=between)]


def _arrangements(columns: Sequence[Column], used: list[int]) -> Iterator[_Arrangement]:
    # From the most columns to the fewest that still make a table. The first to yield go below before the bars are given
    # up, the others after.
    figures = sorted((i for i in used if columns[i].role is Role.FIGURE), key=lambda i: (columns[i].yields, i))
    bars = [i for i in used if columns[i].role is Role.BAR]
    below = [i for i in used if columns[i].role is Role.BELOW]
    ready = sum(columns[i].yields >= _BEFORE_BARS for i in figures)
    most = max(len(figures) - _FEWEST_FIGURES, len(figures) // 2)
    with_bars = [(moved, below) for moved in range(min(ready, most) + 1)] if bars else []
    for moved, hidden in [*with_bars, *((moved, below + bars) for moved in range(most + 1))]:
        gone = figures[len(figures) - moved :]
        grid = [i for i in used if i not in gone and i not in hidden]
        for gap in _GAPS if grid else ():
            yield _Arrangement(gap, grid, sorted(gone) + below)


def _aligned(
    cells: Row,
    breadths: Sequence[int],
    *,
    columns: Sequence[Column],
    widths: Sequence[int],
    arrangement: _Arrangement,
) -> Line:
    pieces: list[Piece] = []
    between = 0
    for index in arrangement.grid:
        column, cell, space = columns[index], cells[index], widths[index] - breadths[index]
        if column.role is Role.NAME:
            cell = _bold(cell)
        before, after = (between, space) if column.left else (between + space, 0)
        pieces += (Piece(" " * before), *cell) if before else cell
        between = after + arrangement.gap
    return tuple(pieces)


def _card(columns: Sequence[Column], row: Row, *, used: list[int], width: int, between: str) -> list[Line]:
    names = [_bold(row[i]) for i in used if columns[i].role is Role.NAME and row[i]]
    rest = [i for i in used if columns[i].role in (Role.FIGURE, Role.BELOW)]
    title = tuple(piece for name in names for piece in (Piece(" "), *name))[1:]
    return [*wrap(title, width), *flow(_phrases(columns, row, rest), width, between=between, indent=_CARD_INDENT)]


def _phrases(columns: Sequence[Column], row: Row, indices: Iterable[int]) -> Iterator[Line]:
    for index in indices:
        column, cell = columns[index], row[index]
        if not _says_something(cell):
            continue
        before = column.heading if column.before is None else column.before
        yield (
            *line(*([Piece(f"{before} ", DIM)] if before else [])),
            *cell,
            *line(*([Piece(f"{GLUE}{column.after}", DIM)] if column.after else [])),
        )


def _says_something(cell: Line) -> bool:
    return bool(cell) and cell[0].ink != ECHO


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
