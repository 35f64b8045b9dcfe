"""A document drawn for a terminal, block by block; a section that has nothing to show is left out."""

from collections.abc import Iterable, Iterator
from functools import singledispatch

from rebal.amounts import ONE, Fraction
from rebal.formats.document import Block, Facts, Listed, Note, Notes, Section, Steps, Table, Text, Verbatim, blocks_for
from rebal.formats.document.charts import Chart
from rebal.formats.document.said import BOLD, DIM, PLAIN, YELLOW, Absent, Bar, Inked, Loud, Medium, Said
from rebal.formats.screen import cells, chart, layout
from rebal.formats.screen.ink import EMPTY, Line, Piece, line, measure
from rebal.formats.screen.pen import Write
from rebal.formats.screen.sheet import Sheet

_IN_INK = (Inked, Loud)
_HALF_CELLS, _CELLS = 12, 10
_GAP = "  "
_SEVERITY = len("warning") + len(_GAP)


def draw(blocks: Iterable[Block], sheet: Sheet) -> Iterator[Line]:
    """The lines of some blocks, in order."""
    for block in blocks_for(Medium.PAGE, blocks):
        yield from _drawn(block, sheet)


@singledispatch
def _drawn(block: Block, sheet: Sheet) -> list[Line]:
    raise NotImplementedError(block.__class__)


@_drawn.register
def _section(section: Section, sheet: Sheet) -> list[Line]:
    below = list(draw(section.blocks, sheet))
    if not (below or section.always):
        return []
    phrases = [_cell(section.title, sheet, ink=BOLD), _cell(section.note, sheet, ink=DIM)]
    told = [each for each in phrases if each]
    apart = () if below[:1] == [EMPTY] and not told else (EMPTY,)
    return [*apart, *layout.flow(told, sheet.view.width, between=_GAP), *below]


@_drawn.register
def _table(table: Table, sheet: Sheet) -> list[Line]:
    columns, rows = cells.grid(table, Medium.PAGE)
    if not rows:
        return []
    writers = [sheet.pen.writer(each.kind) for each in columns]
    drawn = [[_cell(said, sheet, write) for said, write in zip(row, writers, strict=True)] for row in rows]
    signs = sheet.signs
    return layout.table(columns, drawn, sheet.view.width, rule=signs.rule, between=signs.between, nothing=signs.nothing)


def _cell(said: Said, sheet: Sheet, write: Write | None = None, ink: str = PLAIN) -> Line:
    """What is said in the inks that it asks for; nothing where it is empty."""
    if said is None:
        return EMPTY
    if said.__class__ is Fraction and write is not None:
        return (Piece(write(said), ink),)
    match said:
        case Inked():
            return _cell(said.said, sheet, write, said.ink)
        case Loud():
            return (Piece(said.text.upper(), said.ink),)
        case Bar():
            return _bar(said, sheet)
        case Absent():
            return (Piece(sheet.pen.tell(said), YELLOW),) if said is Absent.UNKNOWN else EMPTY
    if isinstance(said, tuple) and any(each.__class__ in _IN_INK for each in said):
        return tuple(
            piece for each in said for piece in _cell((each,) if isinstance(each, str) else each, sheet, write, ink)
        )
    text = sheet.pen.tell(said, write)
    return (Piece(text, ink),) if text else EMPTY


def _bar(bar: Bar, sheet: Sheet) -> Line:
    signs = sheet.signs
    if not bar.both_ways:
        # Rounded down, so that the bar never shows more room than there is.
        kept = int(min(ONE, bar.share) * _CELLS)
        return line(Piece(signs.kept * kept, bar.ink), Piece(signs.gone * (_CELLS - kept), DIM))
    full, half = divmod(round(abs(bar.share) * _HALF_CELLS), 2)
    room = _HALF_CELLS // 2
    if bar.share < 0:
        drawn = signs.right_half * half + signs.full * full
        return line(" " * (room - len(drawn)), Piece(drawn, bar.ink), Piece(signs.axis, DIM), " " * room)
    drawn = signs.full * full + signs.left_half * half
    return line(" " * room, Piece(signs.axis, DIM), Piece(drawn, bar.ink), " " * (room - len(drawn)))


@_drawn.register
def _facts(facts: Facts, sheet: Sheet) -> list[Line]:
    between = sheet.signs.between if facts.between is None else facts.between
    found: list[Line] = []
    for columns in facts.lines:
        told = ((each, cells.cells(each, [facts.row])[0]) for each in blocks_for(Medium.PAGE, columns))
        phrases = [cell for each, said in told if (cell := _cell(said, sheet, sheet.pen.writer(each.kind)))]
        found += layout.flow(phrases, sheet.view.width, between=between)
    return found


@_drawn.register
def _text(text: Text, sheet: Sheet) -> list[Line]:
    said = _cell(text.said, sheet)
    return layout.flow([said], sheet.view.width, between="") if said else []


@_drawn.register
def _listed(listed: Listed, sheet: Sheet) -> list[Line]:
    names = [sheet.pen.data(name) for name, _ in listed.pairs]
    wide = max(map(measure, names), default=0)
    found: list[Line] = []
    for name, (_, said) in zip(names, listed.pairs, strict=True):
        lead = line(Piece(name, BOLD), " " * (wide - measure(name) + len(_GAP)))
        found += layout.hang(lead, _cell(said, sheet), sheet.view.width)
    return found


@_drawn.register
def _steps(steps: Steps, sheet: Sheet) -> list[Line]:
    if not steps.steps:
        return []
    listed = steps.together or [(str(n), said) for n, said in steps.steps]
    digits, width = max(len(n) for n, _ in listed), sheet.view.width
    leads = [*(("", said, PLAIN) for said in steps.first), *((n, said, DIM) for n, said in listed)]
    hung = (layout.hang((Piece(f"{n:>{digits}}{_GAP}", ink),), _cell(said, sheet), width) for n, said, ink in leads)
    return [each for step in hung for each in step]


@_drawn.register
def _notes(notes: Notes, sheet: Sheet) -> list[Line]:
    told = notes.told() if notes.each else ()
    alone = [measure(sheet.pen.data(each.subjects[0])) for each in told if len(each.subjects) == 1]
    beside = (each for each in alone if layout.stands_beside(_SEVERITY + each + len(_GAP), sheet.view.width))
    wide = max(beside, default=0)
    return [each for note in told for each in _note(note, wide, sheet)]


def _note(note: Note, wide: int, sheet: Sheet) -> list[Line]:
    width, said = sheet.view.width, _cell(note.said, sheet)
    severity = Piece(note.severity.ljust(_SEVERITY), note.ink)
    if not note.subjects:
        return layout.hang((severity,), said, width)
    subjects = Piece(sheet.pen.data(", ".join(note.subjects)), BOLD)
    if len(note.subjects) > 1:
        return [*layout.hang((severity,), (subjects,), width), *layout.wrap(said, width, indent=_SEVERITY + len(_GAP))]
    padding = " " * (wide - measure(subjects.text))
    return layout.hang(line(severity, subjects, f"{padding}{_GAP}"), said, width)


@_drawn.register
def _verbatim(verbatim: Verbatim, sheet: Sheet) -> list[Line]:
    return [line(each) for each in verbatim.lines]


@_drawn.register
def _chart(drawn: Chart, sheet: Sheet) -> list[Line]:
    return chart.lines(drawn, sheet)
