"""Beta against the textbook, in exact sums where the textbook has them, and against data whose answer is printed."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebal.amounts import Fraction
from rebal.market.regression import Pair, Regression, Unvarying, regression

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
ANSCOMBE = (10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5)
ANSCOMBE_1 = ("8.04", "6.95", "7.58", "8.81", "8.33", "9.96", "7.24", "4.26", "10.84", "4.82", "5.68")
ANSCOMBE_3 = ("7.46", "6.77", "12.74", "7.11", "7.81", "8.84", "6.08", "5.39", "8.15", "6.42", "5.73")


def closes(returns: Sequence[float]) -> tuple[float, ...]:
    """Prices that move by these log returns."""
    prices = [100.0]
    for each in returns:
        prices.append(prices[-1] * math.exp(each))
    return tuple(prices)


def of_returns(own: Sequence[float], other: Sequence[float], step: timedelta = DAY) -> Regression:
    return regression(Pair("SOL", "BTC", MONDAY, step, closes(own), closes(other)))


def total(figures: Iterable[Decimal]) -> Decimal:
    return sum(figures, Decimal(0))


def textbook(pair: Pair) -> dict[str, Decimal]:
    """Means, then sums of products, in forty digits."""
    with localcontext(prec=40):
        own, other = (
            [Decimal(after).ln() - Decimal(before).ln() for before, after in pairwise(prices)]
            for prices in (pair.closes, pair.via_closes)
        )
        n = len(own)
        y, x = total(own) / n, total(other) / n
        sxy = total((a - y) * (b - x) for a, b in zip(own, other, strict=True))
        sxx, syy = total((b - x) ** 2 for b in other), total((a - y) ** 2 for a in own)
        slope = sxy / sxx
        left = total((a - y - slope * (b - x)) ** 2 for a, b in zip(own, other, strict=True))
        return {
            "beta": slope,
            "standard_error": (left / (n - 2) / sxx).sqrt(),
            "r_squared": 1 - left / syy,
            "volatility_per_day": (syy / (n - 1)).sqrt(),
            "via_volatility_per_day": (sxx / (n - 1)).sqrt(),
            "residual_volatility_per_day": (left / (n - 1)).sqrt(),
        }


prices = st.integers(1, 10**8).map(lambda cents: cents / 100)


@given(st.lists(st.tuples(prices, prices), min_size=4, max_size=40))
def test_the_textbook_says_the_same(rows: list[tuple[float, float]]) -> None:
    pair = Pair("SOL", "BTC", MONDAY, DAY, tuple(a for a, _ in rows), tuple(b for _, b in rows))
    assume(len({a for a, _ in rows}) > 2 and len({b for _, b in rows}) > 2)
    try:
        found = regression(pair)
    except Unvarying:
        assume(False)
    for name, wanted in textbook(pair).items():
        figure = getattr(found, name)
        scale = max(abs(wanted), Decimal("1e-6"))
        assert abs(Decimal(figure.numerator) / Decimal(figure.denominator) - wanted) <= Decimal("1e-6") * scale, name


@pytest.mark.parametrize(
    ("data", "beta", "r_squared", "error"),
    [(ANSCOMBE_1, "0.50009", "0.66654", "0.11791"), (ANSCOMBE_3, "0.49973", "0.66632", "0.11788")],
)
def test_anscombes_quartet(data: Sequence[str], beta: str, r_squared: str, error: str) -> None:
    found = of_returns([float(y) / 100 for y in data], [x / 100 for x in ANSCOMBE])
    assert f"{float(found.beta):.5f}" == beta
    assert f"{float(found.r_squared):.5f}" == r_squared
    assert f"{float(found.standard_error):.5f}" == error
    assert found.count == 11


def test_a_coin_that_moves_twice_as_far_has_beta_two_and_leaves_nothing() -> None:
    other = [0.01, -0.02, 0.015, 0.005, -0.01]
    found = of_returns([2 * each for each in other], other)
    assert (found.beta, found.r_squared) == (Fraction(2), Fraction(1))
    assert found.standard_error < Fraction(1, 10**6)
    assert found.residual_volatility_per_day < Fraction(1, 10**6)


def test_volatility_is_a_days_whatever_the_steps() -> None:
    own, other = [0.01, -0.02, 0.03, 0.0, 0.01], [0.01, -0.01, 0.02, 0.01, 0.0]
    daily, hourly = of_returns(own, other), of_returns(own, other, timedelta(hours=1))
    weekly = of_returns(own, other, timedelta(days=7))
    for name in ("volatility_per_day", "via_volatility_per_day", "residual_volatility_per_day"):
        assert float(getattr(hourly, name)) == pytest.approx(float(getattr(daily, name)) * math.sqrt(24))
        assert float(getattr(weekly, name)) == pytest.approx(float(getattr(daily, name)) / math.sqrt(7))
    assert hourly.beta == daily.beta
    residual = float(daily.volatility_per_day) * math.sqrt(1 - float(daily.r_squared))
    assert float(daily.residual_volatility_per_day) == pytest.approx(residual)


@pytest.mark.parametrize("pace", [1.0, 1.01, 0.5])
def test_a_price_of_one_pace_tells_nothing(pace: float) -> None:
    even = tuple(100 * pace**n for n in range(8))
    moving = closes([0.01, -0.02, 0.01, 0.03, -0.01, 0.0, 0.02])
    with pytest.raises(Unvarying, match="SOL"):
        regression(Pair("SOL", "BTC", MONDAY, DAY, even, moving))
    with pytest.raises(Unvarying, match="BTC"):
        regression(Pair("SOL", "BTC", MONDAY, DAY, moving, even))


def test_a_window_is_the_last_returns_and_begins_where_they_do() -> None:
    pair = Pair("SOL", "BTC", MONDAY, DAY, (1.0, 2.0, 3.0, 4.0, 5.0), (5.0, 4.0, 3.0, 2.0, 1.0))
    last = pair.last(3)
    assert (last.closes, last.via_closes) == ((2.0, 3.0, 4.0, 5.0), (4.0, 3.0, 2.0, 1.0))
    assert last.first == MONDAY + DAY
    assert pair.last(4) == pair == pair.last(9)


def test_figures_have_twelve_digits_and_no_more() -> None:
    found = of_returns([0.01, -0.02, 0.03, 0.007], [0.01, -0.01, 0.02, 0.013])
    assert len(str(Decimal(found.beta.numerator) / Decimal(found.beta.denominator)).replace(".", "").strip("0")) <= 12


def test_what_rounds_to_more_than_all_of_the_variance_is_all_of_it() -> None:
    other = [0.007, 0.03, -0.024, 0.027]  # in floats R² comes to 1.0000000000000002
    found = of_returns([2 * each for each in other], other)
    assert (found.r_squared, found.standard_error) == (Fraction(1), Fraction(0))
