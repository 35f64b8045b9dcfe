"""Curves over the days, drawn with a letter each; the figures stand in words, so that a narrow page lacks none."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.formats.page.ink import BOLD, DIM, Line, Piece, line
from rebal.formats.page.sheet import Sheet

_ROWS = 12
_NARROWEST, _WIDEST = 24, 92


def lines(curves: Mapping[str, Sequence[Fraction]], sheet: Sheet) -> list[Line]:
    """The curves in one frame; where two meet, the letter of the first is drawn."""
    values = [value for curve in curves.values() for value in curve]
    columns = min(sheet.view.width, _WIDEST) - 1
    if not values or columns < _NARROWEST - 1 or max(map(len, curves.values())) < 2:
        return []
    low, high = min(*values, ZERO), max(*values, ZERO)
    grid = [[" "] * columns for _ in range(_ROWS)]
    grid[_row(ZERO, low, high)] = [sheet.signs.rule] * columns
    for letter, curve in reversed(list(curves.items())):
        for column in range(columns):
            value = curve[round(Fraction(column * (len(curve) - 1), columns - 1))]
            grid[_row(value, low, high)][column] = letter
    return [_drawn(row, sheet) for row in grid]


def _row(value: Fraction, low: Fraction, high: Fraction) -> int:
    return round((high - value) / (high - low) * (_ROWS - 1)) if high > low else _ROWS // 2


def _drawn(row: Sequence[str], sheet: Sheet) -> Line:
    pieces = [Piece(sign, DIM if sign == sheet.signs.rule else BOLD) for sign in row]
    return line(Piece(sheet.signs.axis, DIM), *pieces)
