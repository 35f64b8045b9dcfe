"""A chart of rows on one axis, each under its name: where a thing was, is, should be and may be."""

from collections.abc import Iterator
from typing import NamedTuple

from rebal.amounts import ZERO, Fraction
from rebal.formats.document.charts import Mark, Sign, Strip, Strips
from rebal.formats.picture.canvas import PEN, Page, Scale, breadth, element, figure, line, svg, text, titled, told
from rebal.formats.picture.ticks import ticks, written

_NARROW = 480
_LINE, _EDGE, _ROW, _BOTTOM = 18.0, 8.0, 46.0, 44.0
_PIXELS_A_TICK = (80, 52)
_ROOM = Fraction(6, 5)
"""The factor by which an axis of factors goes on behind its last mark."""


class _Frame(NamedTuple):
    x: Scale
    top: float
    bottom: float


def drawn(strips: Strips, page: Page) -> str:
    """The chart as one SVG element: a line of words a row, its marks below."""
    width = page.width
    legend = list(_legend(strips, width))
    top = (max((row for row, *_ in legend), default=0) + 1) * _LINE + (_LINE if strips.lines else 0) + 4
    bottom = top + _ROW * len(strips.strips)
    frame = _Frame(_scale(strips, width), top, bottom)
    inside = [
        *(each for row, x, sign, name in legend for each in _key(sign or strips.ink, name, x, row * _LINE + 13)),
        *_axis(strips, frame, width),
        *_lines(strips, frame),
        *(each for n, strip in enumerate(strips.strips) for each in _row(strips, strip, frame, top + n * _ROW)),
    ]
    return svg(inside, height=bottom + _BOTTOM, said=told(strips.said), page=page)


def _scale(strips: Strips, width: int) -> Scale:
    places = [each.at for strip in strips.strips for each in strip.marks]
    places += [each.was for strip in strips.strips for each in strip.marks if each.was is not None]
    places += [end for strip in strips.strips for end in strip.shaded or ()]
    places += [at for at, _ in strips.lines]
    places += [] if strips.x.factors else [ZERO]
    low, high = min(places), max(places)
    if strips.x.factors:
        low, high = (1 + low) / _ROOM - 1, (1 + high) * _ROOM - 1
    return Scale(strips.x, low, high, _EDGE, width - _EDGE)


def _axis(strips: Strips, frame: _Frame, width: int) -> Iterator[str]:
    x = frame.x
    most = max(int((x.end - x.start) / _PIXELS_A_TICK[0 if width > _NARROW else 1]), 2)
    for at in ticks(strips.x, x.low, x.high, most=most):
        place, label = x.at(at), written(at, strips.x.kind, PEN.figures)
        middle = min(max(place, breadth(label) / 2), width - breadth(label) / 2)
        yield line((place, frame.top), (place, frame.bottom), "grid")
        yield text(label, middle, frame.bottom + 16, class_="tick", text_anchor="middle")
    yield line((x.start, frame.bottom), (x.end, frame.bottom), "zero")
    yield text(strips.x.title, x.start, frame.bottom + 34, class_="tick")


def _lines(strips: Strips, frame: _Frame) -> Iterator[str]:
    for at, name in strips.lines:
        place = frame.x.at(at)
        yield line((place, frame.top - 2), (place, frame.bottom), "today")
        half = breadth(name) / 2
        middle = min(max(place, half), frame.x.end + _EDGE - half)
        yield text(name, middle, frame.top - 7, class_="name", text_anchor="middle")


def _row(strips: Strips, strip: Strip, frame: _Frame, top: float) -> Iterator[str]:
    x, y = frame.x, top + 32
    yield text(strip.name, x.start, top + 15, class_="name")
    yield text(told(strip.said), x.end, top + 15, class_="figure", text_anchor="end")
    if strip.shaded is not None:
        low, high = strip.shaded
        said = f"{strip.name}, {strips.shade}: {figure(low, strips.x.kind)} to {figure(high, strips.x.kind)}"
        wide = max(x.at(high) - x.at(low), 1.0)
        yield titled("rect", said, x=x.at(low), y=y - 8, width=wide, height=16.0, class_=f"shade {strips.ink}")
    yield line((x.start, y), (x.end, y), "rail")
    for mark in strip.marks:
        yield from _mark(strips, strip, mark, (x, y))


def _mark(strips: Strips, strip: Strip, mark: Mark, on: tuple[Scale, float]) -> Iterator[str]:
    x, y = on
    if mark.was is not None and mark.was != mark.at:
        yield line((x.at(mark.was), y), (x.at(mark.at), y), "move")
    said = f"{strip.name}, {strips.legend[mark.sign]}: {figure(mark.at, strips.x.kind)}"
    yield _shape(mark.sign, x.at(mark.at), y, said=said)


def _shape(sign: Sign, x: float, y: float, *, said: str) -> str:
    if sign is Sign.LINE:
        return titled("rect", said, x=x - 1.5, y=y - 10, width=3.0, height=20.0, class_="line")
    return titled("circle", said, cx=x, cy=y, r=6.0, class_=sign.value)


def _legend(strips: Strips, width: int) -> Iterator[tuple[int, float, Sign | None, str]]:
    """What the signs mean, one after the other, with their row and place; None: the shade."""
    row, x = 0, 0.0
    entries: list[tuple[Sign | None, str]] = [*strips.legend.items()]
    if strips.shade and any(each.shaded for each in strips.strips):
        entries.append((None, strips.shade))
    for sign, name in entries:
        room = breadth(name) + 32
        if x and x + room > width:
            row, x = row + 1, 0.0
        yield row, x, sign, name
        x += room


def _key(sign: Sign | str, name: str, x: float, y: float) -> Iterator[str]:
    if not isinstance(sign, Sign):
        yield element("rect", x=x, y=y - 10, width=16.0, height=12.0, class_=f"shade {sign}")
    elif sign is Sign.LINE:
        yield element("rect", x=x + 5, y=y - 11, width=3.0, height=14.0, class_="line")
    else:
        yield element("circle", cx=x + 7, cy=y - 4, r=5.0, class_=sign.value)
    yield text(name, x + 22, y, class_="tick")


def is_empty(strips: Strips) -> bool:
    """Whether there is no mark to draw."""
    return not any(each.marks for each in strips.strips)
