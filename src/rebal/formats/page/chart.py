"""Curves drawn with a letter each; the figures stand in words, so that a narrow page lacks none."""

from bisect import bisect_right
from collections.abc import Sequence

from rebal.amounts import ZERO, Fraction
from rebal.formats.document import BOLD, DIM, Chart
from rebal.formats.page.ink import Line, Piece, line

_ROWS = 12
_NARROWEST, _WIDEST = 24, 92
_Points = Sequence[tuple[Fraction, Fraction]]


def lines(chart: Chart, *, width: int, axis: str, rule: str) -> list[Line]:
    """The curves in one frame; where two meet, the letter of the first is drawn."""
    columns = min(width, _WIDEST) - 1
    if columns < _NARROWEST - 1 or max((len(each.points) for each in chart.series), default=0) < 2:
        return []
    values = [y for each in chart.series for _, y in each.points]
    low, high = min(*values, ZERO), max(*values, ZERO)
    grid = [[" "] * columns for _ in range(_ROWS)]
    grid[_row(ZERO, low, high)] = [rule] * columns
    for each in reversed(chart.series):
        for column, value in enumerate(_at_even_distances(each.points, columns)):
            grid[_row(value, low, high)][column] = each.letter
    return [_drawn(row, axis, rule) for row in grid]


def _at_even_distances(points: _Points, count: int) -> list[Fraction]:
    places = [x for x, _ in points]
    first, last = places[0], places[-1]
    found = []
    for n in range(count):
        x = first + (last - first) * n / (count - 1)
        right = min(max(bisect_right(places, x), 1), len(places) - 1)
        (x0, y0), (x1, y1) = points[right - 1], points[right]
        found.append(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return found


def _row(value: Fraction, low: Fraction, high: Fraction) -> int:
    return round((high - value) / (high - low) * (_ROWS - 1)) if high > low else _ROWS // 2


def _drawn(row: Sequence[str], axis: str, rule: str) -> Line:
    return line(Piece(axis, DIM), *(Piece(sign, DIM if sign == rule else BOLD) for sign in row))
