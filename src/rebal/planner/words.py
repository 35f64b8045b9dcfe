"""How figures read inside a sentence."""

from collections.abc import Callable

from rebal.amounts import Fraction, plain, rounded


def usd(value: Fraction) -> str:
    """Dollars and cents, sign in front: ``-12.50 USD``."""
    return f"{rounded(value, 2)} USD"


def percent(value: Fraction, places: int = 1) -> str:
    """A fraction in percent: ``11.5 %``."""
    return f"{rounded(value * 100, places)} %"


def exact_percent(value: Fraction) -> str:
    """A fraction in percent with all its digits, for figures that were typed: ``0.05 %``."""
    return f"{plain(value * 100)} %"


def coins(value: Fraction, asset: str) -> str:
    """Coins to 1e-8 without trailing zeros: ``0.375 BTC``."""
    text = rounded(value, 8).rstrip("0").rstrip(".")
    return f"{text or '0'} {asset}"


def times(value: Fraction) -> str:
    """A leverage: ``1.25``."""
    return rounded(value, 2)


def price(value: Fraction) -> str:
    """A price to 8 significant digits or two decimals, whichever shows more."""
    places = 2
    while value and places < 12 and abs(value) * 10**places < 10**4:
        places += 1
    return rounded(value, places)


def apart(value: Fraction, limit: Fraction, write: Callable[[Fraction, int], str], *, places: int) -> tuple[str, str]:
    """Two figures that differ, with as many decimals as it takes to see it."""
    while write(value, places) == write(limit, places) and value != limit and places < _MOST_PLACES:
        places += 1
    return write(value, places), write(limit, places)


_MOST_PLACES = 18
