"""How a figure is rounded for the eye: one rule a kind, whatever the width.

- Order quantities, contracts, order prices and transfers: exact.
- Dollars: 2 decimals; below 1 dollar as many as two significant digits need.
- Coins: 8 decimals without trailing zeros; below 0.00000001 two significant digits.
- Prices: six significant digits, and 2 decimals at least; trailing zeros beyond those two are dropped.
- Percentages, points of drift and days: 1 decimal; margin ratios are never rounded up to the 100.0 % that liquidates.
- Leverage: 2 decimals.
- How far liquidation is away: 1 decimal, and a level of it, as a factor on today's prices: 2; as many more as it takes
  not to read as now, 0.0 % or 1.00, where it is not.

Halves go to the even digit. JSON and csv have every figure in full.
"""

from collections.abc import Callable
from typing import NamedTuple

from rebal.amounts import ONE, ZERO, Fraction, half_even, plain, rounded
from rebal.formats.document.said import GLUE
from rebal.frozen import frozen

_HUNDRED = 100
_UNDIVIDED = 3


@frozen
class Figures:
    """The rule of rounding, and the signs of one medium: what stands before percent and dollars, and behind times."""

    minus: str
    thousands: str
    before_percent: str
    currency: str
    cross: str

    def exact(self, value: Fraction) -> str:
        """Every digit."""
        return self._signed(plain(value))

    def dollars(self, value: Fraction) -> str:
        """2 decimals; below 1 dollar as many as two significant digits need."""
        return self._signed(_for_the_eye(value, _DOLLARS))

    def usd(self, value: Fraction) -> str:
        """Dollars with their sign in front, for where no heading says so."""
        return f"{self.minus if value < 0 else ''}{self.currency}{self.dollars(abs(value))}"

    def coins(self, value: Fraction) -> str:
        """8 decimals without trailing zeros; below 0.00000001 two significant digits."""
        return self._signed(_for_the_eye(value, _COINS))

    def price(self, value: Fraction) -> str:
        """Six significant digits, and 2 decimals at least."""
        return self._signed(_for_the_eye(value, _PRICE))

    def percent(self, value: Fraction) -> str:
        """1 decimal, of a fraction: 0.5 is 50.0 %."""
        return f"{self._signed(rounded(value, 1, shift=2))}{self.before_percent}%"

    def ratio(self, value: Fraction) -> str:
        """A percentage of which 100.0 % is an end: 99.9 % where it is any less."""
        text = rounded(value, 1, shift=2)
        return f"{self._signed('99.9' if value < 1 and text == '100.0' else text)}{self.before_percent}%"

    def rate(self, value: Fraction) -> str:
        """A percentage with every digit: 0.0001 is 0.01 %."""
        return f"{self.exact(value * _HUNDRED)}{self.before_percent}%"

    def fine(self, value: Fraction) -> str:
        """A percentage by the rule of dollars: for one that is small, or not typed by anyone."""
        return f"{self.dollars(value * _HUNDRED)}{self.before_percent}%"

    def change(self, value: Fraction) -> str:
        """A percentage that carries its sign."""
        return f"{self.points(value)}{self.before_percent}%"

    def points(self, value: Fraction) -> str:
        """Percentage points with their sign, 1 decimal."""
        text = rounded(value, 1, shift=2)
        return self._signed(f"+{text}" if value > 0 and text != "0.0" else text)

    def size(self, value: Fraction) -> str:
        """Percentage points whichever way, 1 decimal."""
        return self._signed(rounded(abs(value), 1, shift=2))

    def leverage(self, value: Fraction) -> str:
        """2 decimals."""
        return self._signed(rounded(value, 2))

    def times(self, value: Fraction) -> str:
        """Leverage with its sign."""
        return f"{self.leverage(value)}{self.cross}"

    def level(self, value: Fraction) -> str:
        """A factor on today's prices: 2 decimals, more where it would read as today's, 1.00, and is not."""
        return f"{self._signed(_beside(value, ONE, places=2))}{self.cross}"

    def away(self, value: Fraction) -> str:
        """A percentage that is 0 at an end: 1 decimal, more where it would read 0.0 % and is not."""
        return f"{self._signed(_beside(value * _HUNDRED, ZERO, places=1))}{self.before_percent}%"

    def move(self, value: Fraction) -> str:
        """The same of a move, with its sign."""
        return self.signed(self.away, value)

    def days(self, value: Fraction) -> str:
        """1 decimal."""
        return self._signed(rounded(value, 1))

    def count(self, value: Fraction | int) -> str:
        """A number of things, without separators."""
        return str(value)

    def signed(self, write: Callable[[Fraction], str], value: Fraction) -> str:
        """Any of these with a plus where the value is above zero."""
        return f"+{write(value)}" if value > 0 else write(value)

    def _signed(self, text: str) -> str:
        if not self.thousands:
            return text
        sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
        whole, point, decimals = digits.partition(".")
        if len(whole) > _UNDIVIDED:
            whole = f"{int(whole):,}".replace(",", self.thousands)
        return f"{self.minus if sign == '-' else sign}{whole}{point}{decimals}"


PLAIN = Figures("-", "", "", "", "")
TABLE = Figures("\N{MINUS SIGN}", ",", GLUE, "$", "\N{MULTIPLICATION SIGN}")
ASCII_TABLE = Figures("-", ",", GLUE, "$", "x")


class _Rule(NamedTuple):
    """Decimals, more where the significant digits need them, trailing zeros dropped beyond those ``kept``.

    A value of ``least[0] / least[1]`` or more has its significant digits within the decimals.
    """

    decimals: int
    significant: int
    kept: int
    least: tuple[int, int]


_DOLLARS = _Rule(2, 2, 2, least=(1, 10))
_COINS = _Rule(8, 2, 0, least=(1, 10**7))
_PRICE = _Rule(2, 6, 2, least=(1000, 1))


def _beside(value: Fraction, end: Fraction, *, places: int) -> str:
    """A value with so many decimals, and as many more as tell it from an end that it is not."""
    while value != end and half_even(value, places) == half_even(end, places):
        places += 1
    return rounded(value, places)


def _for_the_eye(value: Fraction, rule: _Rule) -> str:
    places, significant, kept, (least, of) = rule
    numerator, denominator = value.as_integer_ratio()
    if abs(numerator) * of < denominator * least:
        places = max(places, significant - _magnitude(value))
    units = half_even(value, places)
    digits = str(abs(units)).rjust(places + 1, "0")
    whole, fraction = digits[:-places], digits[-places:]
    if places > kept:
        fraction = fraction[:kept] + fraction[kept:].rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _magnitude(value: Fraction) -> int:
    # Digits before the point; below 1, minus the zeros that follow it: 40 has 2, 0.5 has 0, 0.05 has -1.
    numerator, denominator = abs(value.numerator), value.denominator
    if numerator >= denominator or not numerator:
        return len(str(numerator // denominator))
    return 1 - len(str((denominator - 1) // numerator))
