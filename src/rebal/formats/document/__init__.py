"""A report as a document: sections, tables, lines and charts that any format can render.

Every field of a report is told once, by a column: how to get it out of its row, what kind of figure it is, its heading
on a page and its words in a record. A document holds values, not text: how a figure, an instant or a sign is written is
the medium's, and nothing is left to be decided there but where things stand.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, IntEnum
from typing import Any, NamedTuple, TypeVar

from rebal.formats.document.charts import Picture
from rebal.formats.document.said import Absent, Getter, Kind, Medium, Said
from rebal.frozen import frozen


class Role(Enum):
    """What a column is to its row: its name, a figure, a bar that repeats a figure, or words for the line below."""

    NAME = "name"
    FIGURE = "figure"
    BAR = "bar"
    BELOW = "below"


class Place(IntEnum):
    """Where a field stands in its record, free text last; or on paper a section: pictures, what to do, what else."""

    FIRST = 0
    MIDDLE = 1
    LAST = 2


@frozen
class Column:
    """One field of a row.

    ``before`` and ``after``: the words around its cell where that stands in a sentence (None: the heading). ``record``:
    the same in a record, with ``{}`` for the figure (None: the words before). ``unit``: gets the coin that a figure is
    of. ``absent``: what None means. ``when``: gets whether a page shows it, ``had``: what was before a change too.
    ``echoes``: gets the figure that it repeats where both are equal. ``yields``: columns with a higher one go below
    the row first, among equals the last; from 2 on even before bars. ``totalled``: whether a total has it too.
    """

    heading: str
    get: Getter
    kind: Kind = Kind.EXACT
    before: str | None = None
    after: str = ""
    record: str | None = None
    unit: Getter | None = None
    role: Role = Role.FIGURE
    left: bool = False
    yields: int = 0
    absent: Absent = Absent.NONE
    when: Getter | None = None
    had: Getter | None = None
    echoes: Getter | None = None
    totalled: bool = False
    place: Place = Place.MIDDLE
    only: Medium | None = None

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@frozen
class Table:
    """Rows of one kind under their columns; ``word``: what each is in a record.

    ``shown``: the rows that a page has, None for all. ``total``: a row over all, its record beginning with "total".
    ``known``: a page leaves columns out in which no figure is known.
    """

    columns: Sequence[Column]
    rows: Sequence[Any]
    word: str = ""
    shown: Sequence[Any] | None = None
    total: Any = None
    known: bool = False
    only: Medium | None = None


@frozen
class Facts:
    """One row told in lines of phrases, ``between`` them spaces or a word (None: the medium's own sign).

    ``answer``: whether it is what the reader came for, which paper sets large; ``topic``: whether it is the title of
    what follows, up to the next one.
    """

    row: Any
    lines: Sequence[Sequence[Column]]
    word: str = ""
    between: str | None = "   "
    only: Medium | None = None
    answer: bool = False
    topic: bool = False


@frozen
class Text:
    """A paragraph, in a record after its word; ``answer``: as of facts."""

    said: Said
    word: str = ""
    only: Medium | None = None
    answer: bool = False


@frozen
class Listed:
    """Names, and what is said of each; in a record after the word."""

    pairs: Sequence[tuple[str, Said]]
    word: str = ""
    only: Medium | None = None


@frozen
class Steps:
    """What to do, one after the other; ``first``: what a page says before them.

    ``together``: the same for a terminal, alike beside like under the numbers of all; as they are where it is empty.
    """

    steps: Sequence[tuple[int, Said]]
    first: Sequence[Said] = ()
    together: Sequence[tuple[str, Said]] = ()
    only: Medium | None = None


@frozen
class Verbatim:
    """Lines to copy as they are."""

    lines: Sequence[str]
    only: Medium | None = Medium.PAGE


class Note(NamedTuple):
    """What is worth a look: of one subject, of several that one thing is said of, or of none by name."""

    subjects: tuple[str, ...]
    said: Said
    severity: str
    ink: str


@frozen
class Notes:
    """What is worth a look: each for a record, its severity, code, subject and sentence, and all as a page tells them.

    ``told``: puts like beside like, once a page asks.
    """

    each: Sequence[tuple[str, str, str, str]]
    told: Callable[[], Sequence[Note]]
    only: Medium | None = None


@frozen
class Section:
    """Blocks under a title; not shown on a page where they show nothing, unless ``always``.

    ``place``: where it stands on paper among the sections beside it; elsewhere they stand in their order. ``on_paper``:
    the note there, where curves have their names beside them and no letters; None for the same.
    """

    title: Said
    blocks: Sequence["Block"]
    note: Said = ""
    always: bool = False
    only: Medium | None = None
    place: Place = Place.LAST
    on_paper: Said = None


Block = Table | Facts | Text | Listed | Steps | Verbatim | Notes | Picture | Section
Document = tuple[Block, ...]
_Told = TypeVar("_Told", bound="Block | Column")
_TOLD: Mapping[Medium, frozenset[Medium | None]] = {
    Medium.PAGE: frozenset({None, Medium.PAGE}),
    Medium.RECORDS: frozenset({None, Medium.RECORDS}),
    Medium.PAPER: frozenset({None, Medium.PAGE, Medium.PAPER}),
}


def blocks_for(medium: Medium, blocks: Iterable[_Told]) -> Iterator[_Told]:
    """The blocks, or the columns, that a medium is told, in order; sections are left to it."""
    told = _TOLD[medium]
    return (each for each in blocks if each.only in told)
