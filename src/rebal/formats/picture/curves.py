"""A chart of curves: round figures at both axes, each curve under its name, its figures where a pointer rests."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from rebal.amounts import ZERO, Fraction
from rebal.formats.document.charts import Chart, Series
from rebal.formats.picture.canvas import PEN, Page, Scale, breadth, element, figure, line, svg, text, titled, told
from rebal.formats.picture.ticks import ticks, written

_NARROW = 480
_TOP, _BOTTOM, _LINE, _GAP = 18.0, 44.0, 17.0, 8.0
_ABOVE = 13.0
"""Of the line of names above the highest tick, whose text reaches up itself."""
_PIXELS_A_TICK = (75, 55)
_MOST_POINTS = 31
_INKS = 6


class _Frame(NamedTuple):
    x: Scale
    y: Scale
    wide: bool

    @property
    def bottom(self) -> float:
        return self.y.start

    @property
    def right(self) -> float:
        return self.x.end


def drawn(chart: Chart, page: Page) -> str:
    """The chart as one SVG element; on a narrow one the names stand above the curves, else at their ends."""
    width, wide = page.width, page.width > _NARROW
    names = list(_legend(chart.series, width)) if not wide else []
    rows = max((row for row, *_ in names), default=-1) + 1
    height = (300.0 if wide else 230.0) + rows * _LINE
    frame = _frame(chart, width, height=height, top=_TOP + (rows + 1) * _LINE)
    inside = [
        *(each for n, series in enumerate(chart.series) for each in _band(series, n, frame)),
        *_axes(chart, frame),
        *_lines(chart, frame),
        *(each for n, series in enumerate(chart.series) for each in _curve(chart, series, n, frame)),
        *(text(name, x, _TOP + row * _LINE, class_=f"name ink{n % _INKS}") for n, (row, x, name) in enumerate(names)),
        *(_ends(chart.series, frame) if wide else ()),
    ]
    return svg(inside, height=height, said=told(chart.said), page=page)


def _frame(chart: Chart, width: int, *, height: float, top: float) -> _Frame:
    xs = [x for each in chart.series for x, _ in each.points]
    ys = [y for each in chart.series for y in (*(y for _, y in each.points), *(each.band or ()))]
    low, high = min((*ys, ZERO)), max((*ys, ZERO))
    wide = width > _NARROW
    left = max(breadth(written(each, chart.y.kind, PEN.figures)) for each in _y_ticks(chart, low, high))
    left = max(left, breadth(chart.y.title)) + _GAP
    right = max(breadth(each.name) for each in chart.series) + 2 * _GAP if wide else 2 * _GAP
    return _Frame(
        Scale(chart.x, min(xs), max(xs), left, width - right), Scale(chart.y, low, high, height - _BOTTOM, top), wide
    )


def _y_ticks(chart: Chart, low: Fraction, high: Fraction) -> list[Fraction]:
    return ticks(chart.y, low, high, most=5)


def _axes(chart: Chart, frame: _Frame) -> Iterator[str]:
    left, right, bottom = frame.x.start, frame.x.end, frame.bottom
    for at in _y_ticks(chart, frame.y.low, frame.y.high):
        y = frame.y.at(at)
        yield line((left, y), (right, y), "zero" if at == 0 else "grid")
        yield text(written(at, chart.y.kind, PEN.figures), left - _GAP, y + 4, class_="tick", text_anchor="end")
    most = max(int((right - left) / _PIXELS_A_TICK[0 if frame.wide else 1]), 2)
    for at in ticks(chart.x, frame.x.low, frame.x.high, most=most):
        x = frame.x.at(at)
        yield line((x, bottom), (x, bottom + 5), "zero")
        yield text(written(at, chart.x.kind, PEN.figures), x, bottom + 18, class_="tick", text_anchor="middle")
    yield line((left, bottom), (right, bottom), "zero")
    yield text(chart.y.title, left - _GAP, frame.y.end - _ABOVE, class_="tick", text_anchor="end")
    yield text(chart.x.title, right, bottom + 36, class_="tick", text_anchor="end")


def _lines(chart: Chart, frame: _Frame) -> Iterator[str]:
    for at, name in chart.lines:
        x = frame.x.at(at)
        yield line((x, frame.y.end), (x, frame.bottom), "today")
        anchor = "end" if x > frame.right - breadth(name) else "start"
        yield text(name, x, frame.y.end - _ABOVE, class_="tick", text_anchor=anchor)


def _band(series: Series, n: int, frame: _Frame) -> Iterator[str]:
    if series.band is not None:
        low, high = (frame.y.at(each) for each in series.band)
        left, right = frame.x.start, frame.right
        yield element("rect", x=left, y=high, width=right - left, height=low - high, class_=f"band ink{n % _INKS}")


def _curve(chart: Chart, series: Series, n: int, frame: _Frame) -> Iterator[str]:
    places = " ".join(f"{frame.x.at(x):.1f},{frame.y.at(y):.1f}" for x, y in series.points)
    yield element("polyline", points=places, class_=f"curve ink{n % _INKS}")
    step = -(-len(series.points) // _MOST_POINTS)
    for x, y in [*series.points[:-1:step], series.points[-1]]:
        said = f"{series.name}, {chart.x.title} {figure(x, chart.x.kind)}: {figure(y, chart.y.kind)}"
        yield titled("circle", said, cx=frame.x.at(x), cy=frame.y.at(y), r=6.0, class_=f"point ink{n % _INKS}")


def _ends(series: Sequence[Series], frame: _Frame) -> Iterator[str]:
    """The names at the ends of their curves, moved apart where they would touch, inside the drawing."""
    ends = sorted((frame.y.at(each.points[-1][1]), n, each.name) for n, each in enumerate(series))
    apart = list(accumulate((y for y, _, _ in ends), lambda above, y: max(y, above + _LINE)))
    over = max(apart[-1] - frame.bottom, 0.0) if apart else 0.0
    for y, (_, n, name) in zip(apart, ends, strict=True):
        yield text(name, frame.right + _GAP, y - over + 4, class_=f"name ink{n % _INKS}")


def _legend(series: Sequence[Series], width: int) -> Iterator[tuple[int, float, str]]:
    """The names one after the other, with their row and place."""
    row, x = 0, 0.0
    for each in series:
        name = f"\N{EM DASH} {each.name}"
        if x and x + breadth(name) > width:
            row, x = row + 1, 0.0
        yield row, x, name
        x += breadth(name) + 2 * _GAP
