"""Text to number, rounding, and number to text: the grammar, and every digit of what is printed."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import (
    Fraction,
    NumberProblem,
    down,
    number,
    percent_points,
    percentage,
    plain,
    rounded,
    total,
    toward_zero,
    up,
)

PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", re.ASCII)
WRITTEN = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
ASCII_DIGITS = "0123456789"
digit_runs = st.text(ASCII_DIGITS, min_size=1, max_size=18)
decimals = st.builds(
    lambda units, places: Fraction(units, 10**places), st.integers(-(10**20), 10**20), st.integers(0, 18)
)
terminating = st.builds(
    lambda units, twos, fives: Fraction(units, 2**twos * 5**fives),
    st.integers(-(10**12), 10**12),
    st.integers(0, 40),
    st.integers(0, 40),
)
quotients = st.builds(Fraction, st.integers(-(10**30), 10**30), st.integers(1, 10**30))
steps = st.sampled_from([Fraction(1), Fraction(1, 10**8), Fraction(5, 10), Fraction(25), Fraction(1, 3)])


@settings(max_examples=200)
@given(st.one_of(decimals, terminating))
@example(Fraction(0))
@example(Fraction(10**40, 2**60))
@example(Fraction(3, 2**97))
@example(Fraction(-3, 5**200))
def test_what_ends_is_printed_in_full(value: Fraction) -> None:
    text = plain(value)
    assert exact(text) == value
    assert PLAIN.fullmatch(text)
    assert text != "-0"


def half_even(value: Fraction) -> Fraction:
    """18 significant digits by integer arithmetic alone."""
    size, exponent = abs(value), 0
    while size >= 10**18:
        size, exponent = size / 10, exponent + 1
    while size < 10**17:
        size, exponent = size * 10, exponent - 1
    units = round(size)
    return (units if value > 0 else -units) * Fraction(10) ** exponent


def is_endless(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest != 1


SEVENTHS = Fraction(1, 7 * 10**300)


@settings(max_examples=200)
@given(quotients.filter(is_endless))
@example(Fraction(2, 3))
@example(Fraction(-2, 3))
@example(Fraction(10**40, 3))
@example(Fraction(5, 3 * 2**97))
@example(Fraction(10**7, 3 * 10**13 + 1))
@example(Fraction(999_999_999_999_999_999 * 10 + 8, 3))
@example(Fraction(1) + Fraction(5, 10**18) + SEVENTHS)
@example(Fraction(1) + Fraction(5, 10**18) - SEVENTHS)
def test_what_does_not_end_has_eighteen_digits_rounded_half_even(value: Fraction) -> None:
    text = plain(value)
    assert PLAIN.fullmatch(text)
    assert exact(text) == half_even(value)
    assert len(text.replace("-", "").replace(".", "").strip("0")) <= 18
    enough = Context(prec=400).divide(Decimal(value.numerator), Decimal(value.denominator))
    assert Decimal(text) == Context(prec=18, rounding=ROUND_HALF_EVEN).plus(enough)


HUGE = 3**6000


@pytest.mark.parametrize(
    "value",
    [
        Fraction(HUGE + 1, HUGE),
        Fraction(-HUGE - 1, HUGE),
        Fraction(2 * HUGE + 1, 3 * HUGE),
        Fraction(1, HUGE),
        Fraction(7**3000, HUGE),
        Fraction(10**30 * HUGE + 1, HUGE),
        1 + Fraction(5, 10**18) + Fraction(1, HUGE),
        1 + Fraction(5, 10**18) - Fraction(1, HUGE),
        -1 - Fraction(5, 10**18) - Fraction(1, HUGE),
        Fraction(1, 2**17) + Fraction(1, HUGE),
    ],
)
def test_terms_of_thousands_of_digits_are_printed_like_any_other(value: Fraction) -> None:
    assert exact(plain(value)) == half_even(value)


@settings(max_examples=150)
@given(quotients, st.integers(0, 12))
@example(Fraction(1, 2), 0)
@example(Fraction(-3, 2), 0)
@example(Fraction(-1, 8), 2)
@example(Fraction(3, 8), 2)
def test_for_the_eye_it_has_exactly_so_many_decimals(value: Fraction, places: int) -> None:
    text = rounded(value, places)
    whole, _, after = text.removeprefix("-").partition(".")
    assert whole.isdigit()
    assert len(after) == places
    assert exact(text) == Fraction(round(value * 10**places), 10**places)
    assert exact(text) != 0 or not text.startswith("-")


@settings(max_examples=150)
@given(sign=st.sampled_from(["", "+", "-"]), whole=digit_runs, after=st.one_of(st.none(), digit_runs))
def test_a_number_is_digits_with_at_most_one_point(sign: str, whole: str, after: str | None) -> None:
    text = f"{sign}{whole}" if after is None else f"{sign}{whole}.{after}"
    assert number(text) == exact(text)
    assert percent_points(text) == percent_points(text + "%") == percentage(text + "%") == exact(text) / 100


def fits(value: Fraction) -> bool:
    """Whether a value has at most 18 digits on each side of its point."""
    return abs(value) < 10**18 and (value * 10**18).denominator == 1


@settings(max_examples=200)
@given(
    sign=st.sampled_from(["", "+", "-"]),
    whole=digit_runs,
    after=st.one_of(st.none(), digit_runs),
    exponent=st.integers(-40, 40),
    form=st.sampled_from(["e{}", "E{}", "e{:+03d}", "E{:+d}"]),
)
@example(sign="", whole="7", after="2", exponent=-6, form="e{:+03d}")
@example(sign="", whole="1", after=None, exponent=3, form="E{:+d}")
@example(sign="-", whole="0", after="00", exponent=-40, form="e{}")
@example(sign="", whole="000000000000000001", after=None, exponent=17, form="e{}")
def test_an_exponent_moves_the_point_and_no_further_than_eighteen_digits(
    sign: str, whole: str, after: str | None, exponent: int, form: str
) -> None:
    text = f"{sign}{whole}{'' if after is None else '.' + after}{form.format(exponent)}"
    value = exact(text)
    if fits(value):
        assert number(text) == value
        assert percent_points(text) == percentage(text + "%") == value / 100
    else:
        with pytest.raises(NumberProblem, match="has too many digits"):
            number(text)


@pytest.mark.parametrize("value", [7.2e-06, 1e-05, 0.1, 123456.75, 1e16, 5e-324, 1.7976931348623157e308])
def test_what_python_prints_is_read_or_refused_as_too_long(value: float) -> None:
    if fits(exact(repr(value))):
        assert number(repr(value)) == exact(repr(value))
    else:
        with pytest.raises(NumberProblem, match="has too many digits"):
            number(repr(value))


def test_more_digits_are_taken_where_they_are_asked_for() -> None:
    assert number("1e30", digits=40) == 10**30
    with pytest.raises(NumberProblem, match="at most 40"):
        number("1e40", digits=40)


def test_an_exponent_of_millions_of_digits_makes_no_number_of_that_size() -> None:
    for text in ("1e" + "9" * 1_000_000, "0." + "0" * 2_000 + "1e" + "9" * 5_000):
        with pytest.raises(NumberProblem, match="too many digits"):
            number(text)
    assert number("0e" + "9" * 1_000_000) == 0


@settings(max_examples=200)
@given(st.text(alphabet="0123456789.,_eE+-% \n\u0660\uff11$xinfa'", max_size=12))
def test_anything_else_is_a_problem_with_an_answer(text: str) -> None:
    if WRITTEN.fullmatch(text) and fits(exact(text)):
        assert number(text) == exact(text)
        return
    with pytest.raises(NumberProblem) as raised:
        number(text)
    assert raised.value.problem
    assert raised.value.instead


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("1,000", "write 1000, without separators"),
        ("0,471", "write 0.471, with a point"),
        ("-0,01%", "write -0.01%, with a point"),
        ("1_000.5", "write 1000.5, without separators"),
        ("91.250,00", "write 91250.00, without separators"),
        ("1.234.567,8", "write 1234567.8, without separators"),
        ("1,234.5", "write 1234.5, without separators"),
        ("1 000", "write 1000, without separators"),
        ("1'000", "write 1000, without separators"),
        ("1e18", "write at most 18 on each side of the point"),
        ("1e-19", "write at most 18 on each side of the point"),
        ("1e999999999999", "write the number out"),
        ("1e-999999999999", "write the number out"),
        ("1e", "write digits with at most one decimal point, like 1234.5"),
        ("1e2.5", "write digits with at most one decimal point, like 1234.5"),
        (".5", "write 0.5"),
        ("-.5", "write -0.5"),
        ("5.", "write 5"),
        ("$5", "write the number alone, without a currency sign"),
        ("50%", "write 50"),
        ("nan", "write digits with at most one decimal point, like 1234.5"),
        ("\uff15", "write digits with at most one decimal point, like 1234.5"),
        ("", "write digits with at most one decimal point, like 1234.5"),
        ("1" * 19, "write at most 18 on each side of the point"),
        ("0." + "1" * 19, "write at most 18 on each side of the point"),
    ],
)
def test_the_answer_says_what_to_write(text: str, instead: str) -> None:
    with pytest.raises(NumberProblem) as raised:
        number(text)
    assert raised.value.instead == instead


@pytest.mark.parametrize(("text", "value"), [("50%", "0.5"), ("0.5", "0.5"), ("1", "1"), ("100%", "1"), ("-1", "-1")])
def test_percentages_and_fractions_are_one_field(text: str, value: str) -> None:
    assert percentage(text) == exact(value)


@pytest.mark.parametrize("text", ["50", "1.01", "-1.5"])
def test_a_fraction_above_one_needs_its_percent_sign(text: str) -> None:
    with pytest.raises(NumberProblem, match=f"write {text}%"):
        percentage(text)


@settings(max_examples=150)
@given(quotients, steps)
def test_rounding_is_to_whole_steps_in_the_direction_of_its_name(value: Fraction, step: Fraction) -> None:
    for found in (up(value, step), down(value, step), toward_zero(value, step)):
        assert (found / step).denominator == 1
        assert abs(found - value) < step
    assert down(value, step) <= value <= up(value, step)
    assert abs(toward_zero(value, step)) <= abs(value)
    assert toward_zero(-value, step) == -toward_zero(value, step)
    assert up(-value, step) == -down(value, step)


@settings(max_examples=100)
@given(st.lists(quotients, max_size=40))
def test_total_is_the_plain_sum(values: list[Fraction]) -> None:
    assert total(values) == sum(values, Fraction(0))
    assert total(iter(values)) == total(reversed(values))


def test_a_sum_of_hundreds_of_unlike_prices_is_kept_to_sixty_decimals() -> None:
    values = [Fraction(1, 10**18 + 2 * n + 1) for n in range(600)]
    exact = sum(values, Fraction(0))
    assert exact.denominator.bit_length() > 16_384
    assert total(values).denominator <= 10**60
    assert abs(total(values) - exact) <= Fraction(1, 2 * 10**60)
