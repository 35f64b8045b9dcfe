"""A report as a document: sections, tables, lines and charts that any format can render.

Every field of a report is told once, by a column: how to get it out of its row, what kind of figure it is, its heading
on a page and its words in a record. A document holds values, not text: how a figure, an instant or a sign is written is
the medium's, and nothing is left to be decided there but where things stand.

What is said (``Said``) is a value, a text, or a sentence: a tuple of these. Text in a sentence is ours, with
typographic signs that a medium may spell out; text alone may be anyone's and is passed on as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum, IntEnum
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from rebal.amounts import Fraction
from rebal.frozen import frozen

GLUE = "\u00a0"
"""Stands for the space inside a figure with its unit: no line breaks there."""

PLAIN, BOLD, DIM = "", "bold", "dim"
RED, YELLOW, GREEN, ALARM = "red", "yellow", "green", "alarm"


class Kind(Enum):
    """What a figure is, which says how it is rounded for the eye; named as the rules are."""

    EXACT = "exact"
    COINS = "coins"
    DOLLARS = "dollars"
    USD = "usd"
    PRICE = "price"
    PERCENT = "percent"
    RATIO = "ratio"
    RATE = "rate"
    CHANGE = "change"
    POINTS = "points"
    LEVERAGE = "leverage"
    TIMES = "times"
    LEVEL = "level"
    AWAY = "away"
    MOVE = "move"
    DAYS = "days"
    SIZE = "size"
    FINE = "fine"
    COUNT = "count"


class Absent(Enum):
    """Why there is no figure: there is no such thing, it is not known, or it never comes to that."""

    NONE = "none"
    UNKNOWN = "unknown"
    NEVER = "never"


class Role(Enum):
    """What a column is to its row: its name, a figure, a bar that repeats a figure, or words for the line below."""

    NAME = "name"
    FIGURE = "figure"
    BAR = "bar"
    BELOW = "below"


class Medium(Enum):
    """Who is told: people at a page, pipes that get a record a row, or people at paper, a page that has pictures."""

    PAGE = "page"
    RECORDS = "records"
    PAPER = "paper"


class Place(IntEnum):
    """Where a field stands in its record, free text last; or on paper a section: pictures, what to do, what else."""

    FIRST = 0
    MIDDLE = 1
    LAST = 2


@frozen
class Figure:
    """A figure of another kind than its column's, or in a sentence. ``signed``: with a plus above zero."""

    value: Fraction
    kind: Kind
    unit: str = ""
    signed: bool = False


@frozen
class Change:
    """Now and after; a page says it once where both are the same."""

    before: "Said"
    after: "Said"


@frozen
class Inked:
    """Something said with emphasis."""

    said: "Said"
    ink: str


@frozen
class Loud:
    """A word that a page has in capitals, and in colour."""

    text: str
    ink: str


@frozen
class Prose:
    """A sentence that came whole, its figures in it."""

    text: str


@frozen
class Reckoned:
    """A sentence that came whole, whose figures a page writes as its own."""

    text: str


@frozen
class Phrases:
    """Things said one after the other, the medium's own sign between them."""

    said: tuple["Said", ...]


@frozen
class Bar:
    """A share of one drawn as a bar; ``both_ways``: from the middle, to the left where it is negative."""

    share: Fraction
    ink: str
    both_ways: bool


_Value: TypeAlias = "str | int | Fraction | datetime | Absent | None"
Said: TypeAlias = "_Value | Figure | Change | Inked | Loud | Prose | Reckoned | Phrases | Bar | tuple[Said, ...]"
Getter = str | Callable[[Any], Any]


def getter(of: Getter) -> Callable[[Any], Any]:
    """What gets a value out of a row: a function of it, or the name of its attribute."""
    return attrgetter(of) if isinstance(of, str) else of


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
class Axis:
    """One axis of a chart: what it measures, in which kind of figure.

    ``factors``: changes, which stand as far apart as their factors are, a half as far below as a double above.
    """

    title: str
    kind: Kind
    factors: bool = False


class Series(NamedTuple):
    """One curve: the letter that draws it, its name, and its points, x ascending; the ``band`` it is to stay in."""

    letter: str
    name: str
    points: Sequence[tuple[Fraction, Fraction]]
    band: tuple[Fraction, Fraction] | None = None


@frozen
class Chart:
    """Curves over one axis, straight between their points; figures to draw, told elsewhere in words.

    ``name``: what it is asked for by. ``said``: the chart in a sentence, for who does not see it. ``lines``: places of
    the x axis that have a name.
    """

    x: Axis
    y: Axis
    series: Sequence[Series]
    name: str = ""
    said: Said = ""
    lines: Sequence[tuple[Fraction, str]] = ()
    only: Medium | None = Medium.PAGE


class Sign(Enum):
    """How a mark is drawn: hollow what was, filled what is or will be, a line for what is aimed at."""

    HOLLOW = "hollow"
    FILLED = "filled"
    LINE = "line"


class Mark(NamedTuple):
    """A place on a strip: its sign, where it is, and the place that it came from."""

    sign: Sign
    at: Fraction
    was: Fraction | None = None


class Strip(NamedTuple):
    """One row of marks: its name, what is said of it at its end, and the range that is shaded."""

    name: str
    said: Said
    marks: Sequence[Mark]
    shaded: tuple[Fraction, Fraction] | None = None


@frozen
class Strips:
    """Rows of marks on one axis, each under its name; figures to draw, told elsewhere in words.

    ``legend``: what the signs mean; ``shade``: what a shaded range means, and ``ink`` its colour. ``name``, ``said``
    and ``lines``: as of a chart.
    """

    x: Axis
    strips: Sequence[Strip]
    legend: Mapping[Sign, str]
    shade: str = ""
    ink: str = GREEN
    name: str = ""
    said: Said = ""
    lines: Sequence[tuple[Fraction, str]] = ()
    only: Medium | None = Medium.PAPER


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


Picture = Chart | Strips
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
