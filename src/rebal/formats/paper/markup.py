"""What is said, as HTML: every figure beside its exact value, every instant beside its own, all of it escaped."""

from datetime import datetime
from html import escape
from typing import assert_never

from rebal.amounts import Fraction, plain
from rebal.formats.document import Section
from rebal.formats.document.said import (
    ALARM,
    BOLD,
    DIM,
    GLUE,
    Absent,
    Bar,
    Change,
    Figure,
    Inked,
    Kind,
    Loud,
    Phrases,
    Prose,
    Reckoned,
    Said,
)
from rebal.formats.picture.canvas import PEN
from rebal.times import rfc3339

_EMPHASIS = frozenset({BOLD, ALARM})
_UNKNOWN = "?"


def noted(section: Section) -> Said:
    """What is noted of a section on paper."""
    return section.note if section.on_paper is None else section.on_paper


def cell(said: Said, kind: Kind = Kind.EXACT) -> str:
    """What a cell says: nothing where there is no such thing, a question mark where it is not known."""
    if isinstance(said, Absent):
        return _inked(_UNKNOWN, "yellow") if said is Absent.UNKNOWN else ""
    if isinstance(said, Bar) or said is None:
        return ""
    return markup(said, kind)


def markup(said: Said, kind: Kind = Kind.EXACT) -> str:
    """What is said; ``kind``: of a figure that does not say its own."""
    match said:
        case Figure():
            return _figure(said)
        case Change():
            return _change(said, kind)
        case Inked():
            return _inked(cell(said.said, kind), said.ink)
        case Loud():
            return _inked(escape(said.text.upper()), said.ink)
        case Phrases():
            return PEN.between.join(markup(each, kind) for each in said.said)
        case tuple():
            return "".join(_text(each) if isinstance(each, str) else markup(each, kind) for each in said)
        case Prose() | Reckoned() | Absent() | None:
            return escape(PEN.tell(said))
        case Bar():
            return ""
        case datetime():
            return f'<time datetime="{rfc3339(said)}">{PEN.tell(said)}</time>'
        case str():
            return escape(PEN.tell(str(said)))
        case Fraction() | int():
            return _exact(said, PEN.writer(kind)(Fraction(said)))
        case _:
            assert_never(said)


def text(said: Said, kind: Kind = Kind.EXACT) -> str:
    """The same without markup, for titles and for measuring."""
    return "" if said is None or isinstance(said, Bar) else PEN.tell(said, PEN.writer(kind))


def _text(said: str) -> str:
    return escape(PEN.words(said))


def _figure(said: Figure) -> str:
    sign = "+" if said.signed and said.value > 0 else ""
    unit = f"{GLUE}{escape(PEN.data(said.unit))}" if said.unit else ""
    return _exact(said.value, f"{sign}{PEN.writer(said.kind)(said.value)}") + unit


def _exact(value: Fraction | int, written: str) -> str:
    return f'<data value="{plain(Fraction(value))}">{written}</data>'


def _change(said: Change, kind: Kind) -> str:
    before, after = (text(each, kind) for each in (said.before, said.after))
    if before == after:
        return markup(said.after, kind)
    return f"{markup(said.before, kind)}{PEN.arrow}{markup(said.after, kind)}"


def _inked(inside: str, ink: str) -> str:
    if not ink or not inside:
        return inside
    if ink in _EMPHASIS:
        return f'<strong class="{ink}">{inside}</strong>'
    return f'<span class="{ink}">{inside}</span>' if ink != DIM else f'<span class="dim">{inside}</span>'
