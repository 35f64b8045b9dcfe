"""Figures of tests out of their text."""

from decimal import Decimal
from functools import cache

from rebal.amounts import Fraction


@cache
def exact(figure: "str | int | Decimal | Fraction") -> Fraction:
    """The figure, whichever numbers the tests run with: not every one of them may be given a text of one digit.

    >>> exact("2.5") == exact("5/2") == Fraction(5, 2)
    True
    """
    if not isinstance(figure, str):
        return Fraction(figure)
    above, _, below = figure.partition("/")
    return Fraction(Decimal(above)) / Fraction(Decimal(below or 1))
