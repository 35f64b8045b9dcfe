"""Curves drawn with a letter each beside their axes; the figures stand in words, so that a narrow page lacks none."""

from bisect import bisect_right
from collections.abc import Sequence

from rebal.amounts import ZERO, Fraction
from rebal.formats.document.charts import Chart
from rebal.formats.document.said import BOLD, DIM, GLUE
from rebal.formats.picture.ticks import ticks, written
from rebal.formats.screen.ink import Line, Piece, line, measure
from rebal.formats.screen.sheet import Sheet, Signs

_ROWS = 12
_NARROWEST, _WIDEST = 24, 92
_OVERHANG = 4
"""Columns by which the title of the axis below may be longer than the figures beside it, and stand under those."""
_ROWS_A_TICK, _COLUMNS_A_TICK = 3, 12
_Points = Sequence[tuple[Fraction, Fraction]]
_Labels = list[tuple[int, str]]


def lines(chart: Chart, sheet: Sheet) -> list[Line]:
    """The curves in one frame with its ticks; where two meet, the letter of the first is drawn."""
    if max((len(each.points) for each in chart.series), default=0) < 2:
        return []
    values = [y for each in chart.series for _, y in each.points]
    low, high = min((*values, ZERO)), max((*values, ZERO))
    beside = [
        (_row(at, low, high), written(at, chart.y.kind, sheet.pen.figures))
        for at in ticks(chart.y, low, high, most=_ROWS // _ROWS_A_TICK)
    ]
    lead, title = max(measure(text) for _, text in beside), chart.x.title
    apart = measure(title) > lead + _OVERHANG
    lead = lead if apart else max(lead, measure(title))
    columns = min(sheet.view.width, _WIDEST) - lead - 1
    if columns < _NARROWEST:
        return []
    rule, labels = _below(chart, columns, sheet)
    grid = [[" "] * columns for _ in range(_ROWS)]
    zero = _row(ZERO, low, high)
    if zero < _ROWS - 1:
        grid[zero] = [sheet.signs.rule] * columns
    for each in reversed(chart.series):
        for column, value in enumerate(_at_even_distances(each.points, columns)):
            grid[_row(value, low, high)][column] = each.letter
    texts = dict(beside)
    drawn = [_drawn(row, texts.get(n, ""), lead, sheet.signs) for n, row in enumerate(grid)]
    axis = line(Piece(f"{' ' * lead}{sheet.signs.corner}{rule}", DIM))
    under = line(Piece(f"{('' if apart else title).ljust(lead + 1)}{labels}", DIM))
    return [*drawn, axis, under, *([line(Piece(title.rjust(lead + 1 + columns), DIM))] if apart else [])]


def _at_even_distances(points: _Points, count: int) -> list[Fraction]:
    places = [x for x, _ in points]
    first, last = places[0], places[-1]
    found = []
    for n in range(count):
        x = first + (last - first) * n / (count - 1)
        right = min(max(bisect_right(places, x), 1), len(places) - 1)
        (x0, y0), (x1, y1) = points[right - 1], points[right]
        found.append(y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return found


def _row(value: Fraction, low: Fraction, high: Fraction) -> int:
    return round((high - value) / (high - low) * (_ROWS - 1)) if high > low else _ROWS // 2


def _drawn(row: Sequence[str], label: str, lead: int, signs: Signs) -> Line:
    axis = signs.tick_beside if label else signs.axis
    beside = Piece(f"{' ' * (lead - measure(label))}{label}{axis}", DIM)
    return line(beside, *(Piece(sign, DIM if sign == signs.rule else BOLD) for sign in row))


def _below(chart: Chart, columns: int, sheet: Sheet) -> tuple[str, str]:
    """The axis below the curves, and its figures under their ticks."""
    places = [x for each in chart.series for x, _ in each.points]
    first, last = min(places), max(places)
    labels: _Labels = [
        (round((at - first) / (last - first) * (columns - 1)), written(at, chart.x.kind, sheet.pen.figures))
        for at in ticks(chart.x, first, last, most=max(columns // _COLUMNS_A_TICK, 2))
    ]
    marked, signs = {column for column, _ in labels}, sheet.signs
    return "".join(signs.tick_below if n in marked else signs.rule for n in range(columns)), _spaced(labels, columns)


def _spaced(labels: _Labels, columns: int) -> str:
    """Texts under their places, moved in at both ends of the line and left out where they would touch."""
    said = ""
    for place, label in labels:
        start = min(max(place - len(label) // 2, 0), columns - len(label))
        if not said or start > len(said):
            said = f"{said.ljust(start)}{label}"
    return said.replace(GLUE, " ")
