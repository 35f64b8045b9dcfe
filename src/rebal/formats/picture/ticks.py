"""Where the ticks of an axis stand, and what is written beside them: round figures, exact."""

from rebal.amounts import ONE, ZERO, Fraction
from rebal.formats.document.charts import Axis
from rebal.formats.document.said import Kind
from rebal.formats.screen.figures import Figures

_ROUND = (Fraction(1), Fraction(2), Fraction(5))
_FINER = (Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3), Fraction(5), Fraction(7))
_TEN = Fraction(10)
_PERCENTAGES = frozenset({Kind.PERCENT, Kind.RATIO, Kind.RATE, Kind.CHANGE, Kind.FINE})
_SMALLEST = Fraction(1, 10**18)


def ticks(axis: Axis, low: Fraction, high: Fraction, *, most: int) -> list[Fraction]:
    """Round figures from ``low`` to ``high``, at most so many; steps are 1, 2 or 5 times a power of ten.

    >>> [str(each) for each in ticks(Axis("day", Kind.COUNT), ZERO, Fraction(90), most=5)]
    ['0', '20', '40', '60', '80']
    """
    if axis.factors:
        return _factors(low, high, most)
    if high <= low:
        return [low]
    step = next(each for each in _steps((high - low) / most) if high // each - -(-low // each) < most)
    first = -(-low // step)
    return [step * n for n in range(first, high // step + 1)]


def _steps(near: Fraction) -> "list[Fraction]":
    """Round steps from a little below a length on, ascending."""
    power = ONE
    while power > near and power > _SMALLEST:
        power /= _TEN
    while power * _TEN <= near:
        power *= _TEN
    return [power * scale * each for scale in (ONE, _TEN, _TEN**2) for each in _ROUND]


def _factors(low: Fraction, high: Fraction, most: int) -> list[Fraction]:
    """Changes whose factors are round, and about as far apart as each other: as many as there is room for."""
    lowest, highest = 1 + low, 1 + high
    for among in (_FINER, _ROUND, _ROUND[:1]):
        power = ONE
        while power > lowest:
            power /= _TEN
        found = []
        while power <= highest:
            found += [power * each - 1 for each in among if lowest <= power * each <= highest]
            power *= _TEN
        if len(found) <= most:
            return found
    return [each for each in (low, ZERO, high) if low <= each <= high]


def written(value: Fraction, kind: Kind, figures: Figures) -> str:
    """A tick's figure: no digit more than it has."""
    if kind in _PERCENTAGES:
        return figures.signed(figures.rate, value) if kind is Kind.CHANGE else figures.rate(value)
    if kind is Kind.USD:
        return f"{figures.minus if value < 0 else ''}{figures.currency}{figures.exact(abs(value))}"
    return figures.exact(value)
