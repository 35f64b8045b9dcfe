"""Rounding for the eye: the stated rule, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.formats.document.said import GLUE
from rebal.formats.screen.figures import ASCII_TABLE, PLAIN, TABLE, Figures

VALUES = st.tuples(st.integers(-(10**36), 10**36), st.integers(0, 36)).map(
    lambda pair: Fraction(pair[0], 10 ** pair[1])
)
KINDS = [
    Figures.exact,
    Figures.dollars,
    Figures.coins,
    Figures.price,
    Figures.percent,
    Figures.points,
    Figures.leverage,
    Figures.away,
    Figures.days,
]


def value_of(text: str) -> Fraction:
    return exact(text)


@pytest.mark.parametrize(
    ("value", "dollars", "coins", "price"),
    [
        ("40000", "40,000.00", "40,000", "40,000.00"),
        ("64512.375", "64,512.38", "64,512.375", "64,512.38"),
        ("1234.5678", "1,234.57", "1,234.5678", "1,234.57"),
        ("12.345678901", "12.35", "12.3456789", "12.3457"),
        ("1", "1.00", "1", "1.00"),
        ("0.5", "0.50", "0.5", "0.50"),
        ("0.125", "0.12", "0.125", "0.125"),
        ("0.0412", "0.041", "0.0412", "0.0412"),
        ("0.00001234567", "0.000012", "0.00001235", "0.0000123457"),
        ("0.000000000123", "0.00000000012", "0.00000000012", "0.000000000123"),
        ("0.1", "0.10", "0.1", "0.10"),
        ("0.01", "0.01", "0.01", "0.01"),
        ("0.001", "0.001", "0.001", "0.001"),
        ("0", "0.00", "0", "0.00"),
        ("-1234567.891", "−1,234,567.89", "−1,234,567.891", "−1,234,567.89"),
        ("0.999999999", "1.00", "1", "1.00"),
    ],
)
def test_dollars_coins_and_prices(value: str, dollars: str, coins: str, price: str) -> None:
    figure = exact(value)
    assert (TABLE.dollars(figure), TABLE.coins(figure), TABLE.price(figure)) == (dollars, coins, price)


def test_percentages_points_leverage_and_days() -> None:
    assert TABLE.percent(Fraction("0.11538")) == f"11.5{GLUE}%"
    assert PLAIN.percent(Fraction("-0.5")) == "-50.0%"
    assert PLAIN.change(Fraction("0.5")) == "+50.0%"
    assert [PLAIN.points(exact(each)) for each in ("0.115", "-0.031", "0", "0.0001", "-0.0001")] == [
        "+11.5",
        "-3.1",
        "0.0",
        "0.0",
        "0.0",
    ]
    assert TABLE.leverage(Fraction(5, 4)) == "1.25"
    assert TABLE.days(Fraction(12345, 10)) == "1,234.5"
    assert TABLE.signed(TABLE.exact, Fraction(4500)) == "+4,500"
    assert TABLE.signed(TABLE.exact, Fraction(-4500)) == "−4,500"


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        ("0.9", "90.0%"),
        ("0.99949", "99.9%"),
        ("0.99951", "99.9%"),
        ("0.999999999999", "99.9%"),
        ("1", "100.0%"),
        ("1.0001", "100.0%"),
        ("1.2345", "123.4%"),
        ("-0.5", "-50.0%"),
    ],
)
def test_a_margin_ratio_reads_100_percent_from_liquidation_on(ratio: str, shown: str) -> None:
    assert PLAIN.ratio(exact(ratio)) == shown


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("0.5", "0.50×"),
        ("0.994", "0.99×"),
        ("0.995", "0.995×"),
        ("0.997", "0.997×"),
        ("0.99996", "0.99996×"),
        ("1", "1.00×"),
        ("1.0000401", "1.00004×"),
        ("1.25", "1.25×"),
        ("12345.6", "12,345.60×"),
    ],
)
def test_a_level_reads_1_where_it_is_todays_price_alone(level: str, shown: str) -> None:
    assert TABLE.level(exact(level)) == shown


@pytest.mark.parametrize(
    ("distance", "shown"),
    [
        ("0.35", "35.0%"),
        ("0.0005", "0.05%"),
        ("0.0006", "0.1%"),
        ("0.00032", "0.03%"),
        ("0.0000004", "0.00004%"),
        ("0", "0.0%"),
    ],
)
def test_a_distance_reads_0_where_liquidation_is_due_alone(distance: str, shown: str) -> None:
    assert PLAIN.away(exact(distance)) == shown
    sign = "+" if shown != "0.0%" else ""
    assert PLAIN.move(exact(distance)) == f"{sign}{shown}"
    assert TABLE.move(-exact(distance)) == f"{'−' if sign else ''}{shown}".replace("%", f"{GLUE}%")


def test_orders_and_transfers_have_every_digit() -> None:
    figure = Fraction("-123456789012345678.123456789012345678")
    assert TABLE.exact(figure) == "−123,456,789,012,345,678.123456789012345678"
    assert PLAIN.exact(figure) == "-123456789012345678.123456789012345678"


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_media_differ_in_signs_alone(value: Fraction) -> None:
    for write in KINDS:
        table, plain = write(TABLE, value), write(PLAIN, value)
        assert table.replace("−", "-").replace(",", "").replace(GLUE, "") == plain
        assert write(ASCII_TABLE, value) == table.replace("−", "-")
        assert plain not in ("-0", "-0.0", "-0.00")


@settings(max_examples=200, deadline=None)
@given(VALUES.filter(bool))
def test_what_is_there_never_reads_zero_and_is_off_by_less_than_the_rule_says(value: Fraction) -> None:
    for write, decimals, significant in ((PLAIN.dollars, 2, 2), (PLAIN.coins, 8, 2), (PLAIN.price, 2, 6)):
        shown = value_of(write(value))
        assert shown != 0
        assert (shown > 0) == (value > 0)
        off = abs(shown - value)
        assert off <= Fraction(1, 2 * 10**decimals)
        assert abs(value) >= 1 or off <= abs(value) * Fraction(5, 10**significant)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_exact_is_exact(value: Fraction) -> None:
    assert value_of(PLAIN.exact(value)) == value
