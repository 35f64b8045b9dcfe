"""What a chart is drawn with: SVG elements as text, and places on an axis.

Places are floats: they are where ink goes, to a tenth of a unit, and no figure is read from them.
"""

from collections.abc import Iterable
from html import escape
from math import log
from typing import NamedTuple

from rebal.amounts import Fraction
from rebal.formats import View
from rebal.formats.document.charts import Axis
from rebal.formats.document.said import Figure, Kind, Said
from rebal.formats.screen.sheet import sheet

PEN = sheet(View(width=80, colour=False)).pen
_CHARACTER, _CAPITAL, _SIGN = 7.6, 8.8, 11.5
"""About how wide characters of the charts' type are; a text is given room by it, and never cut."""

_WIDE = frozenset("−–—+±×%MW@")
_MARGIN = 16.0


class Scale(NamedTuple):
    """From a value to a place between ``start`` and ``end``; by its factor where the axis goes by factors."""

    axis: Axis
    low: Fraction
    high: Fraction
    start: float
    end: float

    def at(self, value: Fraction) -> float:
        """The place of a value, at the nearer end where it lies beyond."""
        low, high, here = (self._length(each) for each in (self.low, self.high, value))
        share = (here - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def _length(self, value: Fraction) -> float:
        return log(1 + value) if self.axis.factors else float(value)


def breadth(text: str) -> float:
    """About how wide a text is."""
    return sum(map(_room, text))


def _room(character: str) -> float:
    if character in _WIDE:
        return _SIGN
    return _CAPITAL if character.isupper() else _CHARACTER


def figure(value: Fraction, kind: Kind) -> str:
    """A figure as the page has it."""
    return PEN.tell(Figure(value, kind))


def told(said: Said) -> str:
    """A sentence as the page has it."""
    return PEN.tell(said) if said else ""


def element(name: str, *inside: str, **attributes: float | str) -> str:
    """An element; numbers to a tenth, ``_`` in a name for a hyphen, ``class_`` for class."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(each)}"' for key, each in attributes.items())
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return escape(value)
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text(said: str, x: float, y: float, **attributes: str) -> str:
    """A text with its start, or its anchor, at a place."""
    return element("text", escape(said), x=x, y=y, **attributes)


def titled(shape: str, said: str, **attributes: float | str) -> str:
    """A shape that says its figure where a pointer rests on it."""
    return element(shape, element("title", escape(said)), **attributes)


def line(start: tuple[float, float], end: tuple[float, float], class_: str) -> str:
    """A straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


class Page(NamedTuple):
    """What a drawing stands on: how wide it is, its title, and the first word of the names in it.

    ``style``: of a drawing that stands alone, with a margin around it; on a page of more it has the page's.
    """

    width: int
    title: str
    key: str
    style: str = ""


def svg(inside: Iterable[str], *, height: float, said: str, page: Page) -> str:
    """The whole drawing with its title and its description."""
    margin = _MARGIN if page.style else 0.0
    wide, high = page.width + 2 * margin, height + 2 * margin
    alone = (
        element("style", page.style),
        element("rect", x=-margin, y=-margin, width=wide, height=high, class_="ground"),
    )
    return element(
        "svg",
        element("title", escape(page.title), id=f"{page.key}-title"),
        element("desc", escape(said or page.title), id=f"{page.key}-said"),
        *(alone if page.style else ()),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"{_value(-margin)} {_value(-margin)} {_value(wide)} {_value(high)}",
        width=wide,
        height=high,
        role="img",
        aria_labelledby=f"{page.key}-title {page.key}-said",
        class_="picture",
    )
