"""Ticks are round figures inside their axis, few, and written without a digit too many."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal.amounts import Fraction, plain
from rebal.formats.document.charts import Axis
from rebal.formats.document.said import Kind
from rebal.formats.picture.ticks import ticks, written
from rebal.formats.screen.figures import TABLE

ENDS = st.fractions(-(10**15), 10**15, max_denominator=10**9)


@given(ENDS, ENDS, st.integers(2, 12))
def test_they_are_even_inside_and_few(one: Fraction, other: Fraction, most: int) -> None:
    low, high = sorted((Fraction(one), Fraction(other)))
    found = ticks(Axis("", Kind.USD), low, high, most=most)
    assert len(found) <= most
    assert all(low <= each <= high for each in found)
    steps = {b - a for a, b in pairwise(found)}
    assert len(steps) <= 1
    if steps:
        (step,) = steps
        assert plain(step).replace(".", "").strip("0") in ("1", "2", "5")


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        ("-0.8", "2", 6, "-50 0 50 100 150 200"),
        ("-0.9", "9", 13, "-90 -85 -80 -70 -50 -30 0 50 100 200 400 600 900"),
        ("-0.9", "9", 8, "-90 -80 -50 0 100 400 900"),
        ("-0.9", "9", 4, "-90 0 900"),
        ("-0.5", "1", 8, "-50 -30 0 50 100"),
    ],
)
def test_where_changes_have_theirs(low: str, high: str, most: int, expected: str) -> None:
    axis = Axis("move", Kind.CHANGE, factors=low != "-0.8")
    found = ticks(axis, *(Fraction(round(float(each) * 10), 10) for each in (low, high)), most=most)
    assert " ".join(str(each * 100) for each in found) == expected


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Fraction(-20_000), Kind.USD, "−$20,000"),
        (Fraction(1, 2), Kind.CHANGE, "+50\N{NO-BREAK SPACE}%"),
        (Fraction(-1, 2), Kind.PERCENT, "−50\N{NO-BREAK SPACE}%"),
        (Fraction(1, 40), Kind.PERCENT, "2.5\N{NO-BREAK SPACE}%"),
        (Fraction(30), Kind.COUNT, "30"),
    ],
)
def test_how_they_are_written(value: Fraction, kind: Kind, text: str) -> None:
    assert written(value, kind, TABLE) == text
