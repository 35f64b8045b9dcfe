"""A document as records: one a line, first a word that says what it is, then its fields two spaces apart.

Every record of a kind has the same fields in the same order, so that awk can count them; ``none`` stands where a thing
does not exist, ``unknown`` where it is not known, ``never`` where nothing comes to that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, singledispatch
from operator import attrgetter
from typing import Any

from rebal.amounts import Fraction
from rebal.formats.document import (
    Block,
    Column,
    Facts,
    Listed,
    Notes,
    Section,
    Steps,
    Table,
    Text,
    Verbatim,
    blocks_for,
)
from rebal.formats.document.charts import Chart
from rebal.formats.document.said import GLUE, Absent, Medium, getter
from rebal.formats.screen.figures import PLAIN
from rebal.formats.screen.ink import clean
from rebal.formats.screen.pen import Pen
from rebal.formats.screen.wording import ascii_signs
from rebal.times import rfc3339

_WORD = len("position")
PEN = Pen(
    PLAIN,
    rfc3339,
    data=str,
    words=ascii_signs,
    prose=ascii_signs,
    absent={each: each.value for each in Absent},
    between=", ",
    arrow=" -> ",
    both=True,
)
_Teller = Callable[[Any], str]


def records(blocks: Iterable[Block]) -> Iterator[str]:
    """The records of some blocks, in order."""
    for block in blocks_for(Medium.RECORDS, blocks):
        yield from _recorded(block)


@singledispatch
def _recorded(block: Block) -> Iterable[str]:
    raise NotImplementedError(block.__class__)


def _record(word: str, *fields: str) -> str:
    # One line whatever is in it; a field that is empty is left out.
    return clean("  ".join([word.ljust(_WORD), *[each for each in fields if each]]).replace(GLUE, " "))


@_recorded.register
def _section(section: Section) -> Iterator[str]:
    yield from records(section.blocks)


@_recorded.register
def _table(table: Table) -> Iterator[str]:
    if not table.word:
        return
    columns = _fields_of(table.columns)
    tellers = [_teller(each) for each in columns]
    yield from (_record(table.word, *[tell(row) for tell in tellers]) for row in table.rows)
    if table.total is not None:
        yield _record("total", *[_teller(each)(table.total) for each in columns if each.totalled])


def _fields_of(columns: Iterable[Column]) -> list[Column]:
    return sorted((each for each in columns if each.only is not Medium.PAGE), key=attrgetter("place"))


@lru_cache(maxsize=1024)
def _teller(column: Column) -> _Teller:
    """How a column's field is told of a row: its words with the figure in them."""
    get, write, tell_other, absent = getter(column.get), PEN.writer(column.kind), PEN.tell, PEN.absent[column.absent]
    label = column.heading if column.before is None else column.before
    template = column.record if column.record is not None else f"{label} {{}}" if label else "{}"
    before, _, after = template.partition("{}")
    unit = None if column.unit is None else getter(column.unit)

    def tell(row: Any) -> str:
        value = get(row)
        if value is None:
            return f"{before}{absent}{after}"
        text = write(value) if value.__class__ is Fraction else tell_other(value, write)
        return f"{before}{text}{after}" if unit is None else f"{before}{text} {unit(row)}{after}"

    return tell


@_recorded.register
def _facts(facts: Facts) -> Iterator[str]:
    if facts.word:
        columns = _fields_of([each for line in facts.lines for each in line])
        yield _record(facts.word, *[_teller(each)(facts.row) for each in columns])


@_recorded.register
def _text(text: Text) -> Iterator[str]:
    if text.word:
        yield _record(text.word, PEN.tell(text.said))


@_recorded.register
def _listed(listed: Listed) -> Iterator[str]:
    if listed.word:
        yield from (_record(listed.word, name, PEN.tell(said)) for name, said in listed.pairs)


@_recorded.register
def _steps(steps: Steps) -> Iterator[str]:
    yield from (_record("step", str(n), PEN.tell(said)) for n, said in steps.steps)


@_recorded.register
def _notes(notes: Notes) -> Iterator[str]:
    yield from (_record(severity, code, subject, ascii_signs(said)) for severity, code, subject, said in notes.each)


@_recorded.register
def _nothing(block: Verbatim | Chart) -> Sequence[str]:
    return ()
