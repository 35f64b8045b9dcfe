"""How one coin moves with another: the regression of its log returns.

The one place where floats are allowed: a beta is an estimate whose second digit is already doubtful. Sums are exact
(``fsum``), and what leaves is a fraction of twelve significant digits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import fsum, log, sqrt
from operator import mul, sub

from rebal.amounts import Fraction, number
from rebal.frozen import frozen

LEAST_R_SQUARED = Fraction(1, 2)
"""Below it a proxy hedges less than half of the variance: refused unless asked for."""

LEAST_RETURNS = 3
"""With fewer there is no error to estimate."""

_DAY = timedelta(days=1)
_STANDSTILL = 1e-12
_MOST_DIGITS = 400
"""Deviations of returns up to here are the rounding of logarithms."""


class Unvarying(ValueError):
    """A history whose returns are all the same: ``asset`` is the coin."""

    def __init__(self, asset: str) -> None:
        super().__init__(f"the returns of {asset} are all the same, so nothing can be told from them")
        self.asset = asset


@frozen
class Pair:
    """Closes of two coins at the same instants, evenly ``step`` apart from ``first`` on."""

    asset: str
    via: str
    first: datetime
    step: timedelta
    closes: tuple[float, ...]
    via_closes: tuple[float, ...]

    def last(self, returns: int) -> "Pair":
        """The last so many returns of it."""
        dropped = max(0, len(self.closes) - returns - 1)
        return Pair(
            self.asset, self.via, self.first + dropped * self.step, self.step,
            self.closes[dropped:], self.via_closes[dropped:],
        )  # fmt: skip


@frozen
class Regression:
    """The log returns of a coin on those of another, with an intercept.

    ``beta = cov/var``; ``standard_error``: of beta, ``sqrt((1 - R²)/(n - 2))·σ/σ_via``; ``r_squared``: the share of the
    variance that moves along. Volatilities are a day's, the step's times the root of steps a day; the residual one is
    ``σ·sqrt(1 - R²)``. ``count``: returns.
    """

    beta: Fraction
    standard_error: Fraction
    r_squared: Fraction
    volatility_per_day: Fraction
    via_volatility_per_day: Fraction
    residual_volatility_per_day: Fraction
    count: int


def regression(pair: Pair) -> Regression:
    """Regress a coin's log returns on another's.

    Raises Unvarying where one of them has returns that are all alike. Wants ``LEAST_RETURNS`` at least.

    >>> halves = Pair("A", "B", datetime(2026, 1, 1), _DAY, (1.0, 4.0, 1.0, 16.0), (1.0, 2.0, 1.0, 4.0))
    >>> regression(halves).beta, regression(halves).r_squared
    (Fraction(2, 1), Fraction(1, 1))
    """
    moves, via_moves = _off_mean(_returns(pair.closes)), _off_mean(_returns(pair.via_closes))
    count = len(moves)
    spread, via_spread = _sum_of_products(moves, moves), _sum_of_products(via_moves, via_moves)
    for asset, squares in ((pair.asset, spread), (pair.via, via_spread)):
        if sqrt(squares / (count - 1)) <= _STANDSTILL:
            raise Unvarying(asset)
    together = _sum_of_products(moves, via_moves)
    r_squared = min(1.0, together * together / (spread * via_spread))
    a_day = sqrt(_DAY / pair.step / (count - 1))
    return Regression(
        beta=_exact(together / via_spread),
        standard_error=_exact(sqrt((1 - r_squared) / (count - 2) * spread / via_spread)),
        r_squared=_exact(r_squared),
        volatility_per_day=_exact(sqrt(spread) * a_day),
        via_volatility_per_day=_exact(sqrt(via_spread) * a_day),
        residual_volatility_per_day=_exact(sqrt(spread * (1 - r_squared)) * a_day),
        count=count,
    )


def _returns(closes: Sequence[float]) -> list[float]:
    logs = list(map(log, closes))
    return list(map(sub, logs[1:], logs))


def _off_mean(values: Sequence[float]) -> list[float]:
    mean = fsum(values) / len(values)
    return [value - mean for value in values]


def _sum_of_products(first: Sequence[float], second: Sequence[float]) -> float:
    return fsum(map(mul, first, second))


def _exact(value: float) -> Fraction:
    return number(f"{value:.12g}", digits=_MOST_DIGITS)
