"""Exact numbers: how text becomes one, how one is rounded for a venue, and how it becomes text again.

Everything between the file and the output is a ``Fraction``. A price times a quantity, a division by a price and a
tier bound all stay exact, so an order that is exactly a whole number of contracts is never rounded down to one less.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache, reduce
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction as Fraction
else:
    # The one seam of exact numbers: the compiled drop-in of the extra "fast" where it is installed. Never give it text:
    # up to 1.24 it writes into an object of the interpreter's own for a text of one character; number() reads digits.
    try:
        from quicktions import Fraction
    except ImportError:
        from fractions import Fraction

ZERO = Fraction(0)
ONE = Fraction(1)
COIN_STEP = Fraction(1, 10**8)
"""Coins move, and fees are booked, in steps of 1e-8: the smallest that every venue of the catalogue accepts."""

DIGITS_EACH_SIDE = 18
SIGNIFICANT_DIGITS = 18
_SHAPE = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?(%?)", re.ASCII)
_MEASURED = r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,2})?"
_LONGEST_EXPONENT = 3
_divided = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_EVEN).divide
_LARGEST_PRINTED_BITS = 8_192
_LARGEST_DENOMINATOR_BITS = 16_384
_SHARED_BITS = 96
_SHARED_POWER = 10**_SHARED_BITS
_SNAP = 10**60
_AT_ONCE = 8


class NumberProblem(ValueError):
    """A text that is no number of ours; ``instead`` says what to write."""

    def __init__(self, problem: str, instead: str) -> None:
        super().__init__(f"{problem}; {instead}")
        self.problem = problem
        self.instead = instead


def number(text: str, *, digits: int = DIGITS_EACH_SIDE) -> Fraction:
    """Read ``[+-]digits[.digits][e[+-]digits]`` without passing through a float.

    Written out it has at most ``digits`` digits on each side of the point. Raises NumberProblem for anything else:
    commas, underscores, percent signs, other scripts' digits.

    >>> number("-0.125"), number("7.5e-05")
    (Fraction(-1, 8), Fraction(3, 40000))
    """
    value, percent = _parse(text, digits)
    if percent:
        raise NumberProblem("is a percentage where a plain number belongs", f"write {text[:-1]}")
    return value


def measured(text: str) -> float | None:
    """Read a number that is only estimated with, as price histories hold them by the thousand; None for any other text.

    Longer decimals than elsewhere are read, and a point that none follow.

    >>> measured("0.1000000000000000055511"), measured("3."), measured("1,5")
    (0.1, 3.0, None)
    """
    return float(text) if re.fullmatch(_MEASURED, text, re.ASCII) else None


def percentage(text: str) -> Fraction:
    """Read a percentage field: ``50%`` and ``0.5`` are both one half; above 1 it needs its percent sign.

    >>> percentage("50%"), percentage("0.5")
    (Fraction(1, 2), Fraction(1, 2))
    """
    value, percent = _parse(text)
    if not percent and abs(value) > 1:
        raise NumberProblem("is above 1 without a percent sign", f"write {text}% if percent is meant")
    return value


def percent_points(text: str) -> Fraction:
    """Read a number of percent points, as sizes on the command line are: 50 and 50% are both one half."""
    value, percent = _parse(text)
    return value if percent else value / 100


@lru_cache(maxsize=4096)
def _parse(text: str, digits: int = DIGITS_EACH_SIDE) -> tuple[Fraction, bool]:
    # Prices, rates and sizes stand in a file, and in many files, time and again.
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise NumberProblem("is not a number", _hint(text))
    sign, whole, decimals, exponent, percent = shape.groups("")
    if exponent:
        whole, decimals = _written_out(whole, decimals, exponent)
    if len(whole) > digits or len(decimals) > digits:
        raise NumberProblem("has too many digits", f"write at most {digits} on each side of the point")
    units = int(whole + decimals)
    per_unit = 10 ** len(decimals) * (100 if percent else 1)
    return Fraction(-units if sign == "-" else units, per_unit), bool(percent)


def _written_out(whole: str, decimals: str, exponent: str) -> tuple[str, str]:
    """The digits before and after the point that an exponent moves, without the zeros that say nothing."""
    if not (whole + decimals).strip("0"):
        return "0", ""
    size = exponent.lstrip("+-0") or "0"
    if len(size) > _LONGEST_EXPONENT:
        raise NumberProblem("has an exponent that leaves too many digits", "write the number out")
    point = len(whole) + int(f"-{size}" if exponent.startswith("-") else size)
    digits = ("0" * -point + whole + decimals).ljust(point, "0")
    point = max(point, 0)
    return digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")


def _hint(text: str) -> str:
    if re.fullmatch(r"[+-]?0+,[0-9]+%?", text, re.ASCII):  # no thousands begin with a zero
        return f"write {text.replace(',', '.')}, with a point"
    if re.fullmatch(r"[+-]?[0-9]+,([0-9]{1,2}|[0-9]{4,})%?", text, re.ASCII):
        return f"write {text.replace(',', '.')} if the comma is a decimal point, {text.replace(',', '')} if it is not"
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)+,[0-9]+%?", text, re.ASCII):
        return f"write {text.replace('.', '').replace(',', '.')}, without separators"
    bare = text.replace(",", "").replace("_", "").replace(" ", "").replace("'", "")
    if bare != text and _SHAPE.fullmatch(bare):
        return f"write {bare}, without separators"
    if re.fullmatch(r"[+-]?\.[0-9]+%?", text, re.ASCII):
        return f"write {text.replace('.', '0.', 1)}"
    if re.fullmatch(r"[+-]?[0-9]+\.%?", text, re.ASCII):
        return f"write {text.replace('.', '', 1)}"
    if text.startswith("$"):
        return "write the number alone, without a currency sign"
    return "write digits with at most one decimal point, like 1234.5"


def up(value: Fraction, step: Fraction) -> Fraction:
    """Round toward plus infinity to a whole number of steps."""
    return -(-value // step) * step


def down(value: Fraction, step: Fraction) -> Fraction:
    """Round toward minus infinity to a whole number of steps."""
    return value // step * step


def toward_zero(value: Fraction, step: Fraction) -> Fraction:
    """Round toward zero to a whole number of steps; for a short, unlike ``down``, that is the smaller position."""
    return down(value, step) if value >= 0 else up(value, step)


def significant(value: Fraction) -> Fraction:
    """Round to 18 significant digits, half-even.

    >>> significant(Fraction(2, 3))
    Fraction(666666666666666667, 1000000000000000000)
    """
    return Fraction(_divided(Decimal(value.numerator), Decimal(value.denominator)))


def total(values: Iterable[Fraction]) -> Fraction:
    """Add in pairs, the last few in a row, so that thousands of unlike denominators meet as equals.

    A sum whose denominator passes 16,384 bits (hundreds of open positions at unlike entry prices) is brought to the
    nearest 1e-60: no figure printed from it changes, and the next operation stays cheap.
    """
    terms = list(values)
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    while len(terms) > _AT_ONCE:
        paired = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = paired + terms[-1:] if len(terms) % 2 else paired
    result = reduce(add, terms)
    if result.denominator.bit_length() > _LARGEST_DENOMINATOR_BITS:
        return Fraction(round(result * _SNAP), _SNAP)
    return result


def plain(value: Fraction) -> str:
    """Print for a machine: plain notation, no exponent, no trailing zeros, no -0.

    A value whose decimals end is printed in full, any other to 18 significant digits, half-even.

    >>> plain(Fraction(-1, 8)), plain(Fraction(2, 3)), plain(Fraction(120))
    ('-0.125', '0.666666666666666667', '120')
    """
    numerator, denominator = value.as_integer_ratio()
    return str(numerator) if denominator == 1 else _decimals(numerator, denominator)


@lru_cache(maxsize=4096)
def _decimals(numerator: int, denominator: int) -> str:
    # A price or a weight stands in several rows of its coin, and coins alike have the same ones.
    point, units = _end(denominator)
    if point:
        digits = str(numerator * units).zfill(1 - point if numerator > 0 else 2 - point)
        return f"{digits[:point]}.{digits[point:]}"
    if numerator.bit_length() > _LARGEST_PRINTED_BITS:
        numerator, denominator = _shortened(numerator, denominator)
    text = str(_divided(numerator, denominator))
    return _without_exponent(text) if text[-1] == "0" or "E" in text else text


def _without_exponent(text: str) -> str:
    """A decimal's text in plain notation, without the zeros that say nothing."""
    if "E" in text:
        text = format(Decimal(text), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Fraction, places: int, *, shift: int = 0) -> str:
    """Print for the eye: exactly ``places`` decimals, half-even, never -0; ``shift`` 2: of a hundred times it."""
    units = half_even(value, places + shift)
    if not places:
        return str(units)
    digits = str(units).zfill(places + 1 if units >= 0 else places + 2)
    return f"{digits[:-places]}.{digits[-places:]}"


def half_even(value: Fraction, places: int) -> int:
    """The nearest whole number of units of so many decimals; a tie goes to the even one."""
    numerator, denominator = value.as_integer_ratio()
    scale: int = 10**places
    units, rest = divmod(numerator * scale, denominator)
    twice = 2 * rest
    return units + 1 if twice > denominator or (twice == denominator and units % 2) else units


@lru_cache(maxsize=4096)
def _end(denominator: int) -> tuple[int, int]:
    """Where the point of a numerator's units stands, from their end, and how many units each is; 0 where none end."""
    bits = denominator.bit_length()
    # What divides a power of ten divides that of as many digits as it has bits; the usual ones share one made before.
    if _SHARED_POWER % denominator if bits <= _SHARED_BITS else pow(10, bits, denominator):
        return 0, 0
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest > 1:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    return -places, 10**places // denominator


def _shortened(numerator: int, denominator: int) -> tuple[int, int]:
    """A quotient of few digits that rounds as this one does: str of a huge integer is slow, or refused."""
    places = 40 - (numerator.bit_length() - denominator.bit_length()) * 30_103 // 100_000
    scale = 10 ** abs(places)
    units = numerator * scale // denominator if places >= 0 else numerator // (denominator * scale)
    # More follows after these forty digits: without a last 1, what is just above a tie would be taken for the tie.
    return (10 * units + 1, 10 * scale) if places >= 0 else ((10 * units + 1) * scale, 10)
