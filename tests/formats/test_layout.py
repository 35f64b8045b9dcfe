"""Layout: whatever the width, everything is there, whole and in order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rebal.formats import Ground
from rebal.formats.document import Column, Role
from rebal.formats.document.said import BOLD, DIM, GLUE
from rebal.formats.screen.ink import ECHO, EMPTY, Line, Piece, breadth, line, paint
from rebal.formats.screen.layout import flow, hang, table, wrap

WORDS = st.text("abc019.,−長", min_size=1, max_size=30)
CELLS = st.lists(WORDS, min_size=1, max_size=3).map(GLUE.join)
ROLES = st.sampled_from([Role.NAME, Role.FIGURE, Role.FIGURE, Role.BELOW])
TABLES = st.integers(1, 7).flatmap(
    lambda count: st.tuples(
        st.lists(st.tuples(WORDS, ROLES, st.integers(0, 3)), min_size=count, max_size=count),
        st.lists(st.lists(st.none() | CELLS, min_size=count, max_size=count), min_size=1, max_size=4),
    )
)


def column(heading: str, before: str | None = None, after: str = "", **given: Any) -> Column:
    """A column whose cells are laid out by hand."""
    return Column(heading, "", before=before, after=after, **given)


def text(lines: list[Line]) -> str:
    return paint(lines, ground=None)


def laid(columns: list[Column], rows: list[list[Line]], width: int) -> list[Line]:
    return table(columns, rows, width, rule="-", between=" · ", nothing="~")


@settings(max_examples=200, deadline=None)
@given(TABLES, st.integers(10, 120))
def test_a_table_loses_no_word_at_any_width(
    drawn: tuple[list[tuple[str, Role, int]], list[list[str | None]]], width: int
) -> None:
    heads, cells = drawn
    columns = [column(heading, role=role, yields=yields) for heading, role, yields in heads]
    rows = [[line(cell) if cell else EMPTY for cell in row] for row in cells]
    shown = text(laid(columns, rows, width)).split()
    for row in cells:
        for cell in row:
            for word in (cell or "").split(GLUE):
                assert not word or word in shown


@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS, max_size=8), st.integers(1, 60), st.integers(0, 8))
def test_wrapping_keeps_the_words_in_order_and_to_the_width(words: list[str], width: int, indent: int) -> None:
    lines = wrap(line(" ".join(words)), width, indent=indent)
    assert text(lines).split() == " ".join(words).replace(GLUE, " ").split()
    for each in lines:
        whole = len(text([each]).split()) == 1 or len(each) <= 2
        assert breadth(each) <= max(width, indent + 1) or whole


def test_a_unit_stays_with_its_figure_unless_both_cannot_fit() -> None:
    pieces = line(f"fee 0.375{GLUE}BTC")
    assert text(wrap(pieces, 12)) == "fee\n0.375 BTC\n"
    assert text(wrap(pieces, 8)) == "fee\n0.375\nBTC\n"


def test_phrases_break_between_themselves_first() -> None:
    phrases = [line("move in 0.4"), line("margin balance 0.375"), line("leverage 1.00")]
    assert text(flow(phrases, 36, between=" · ", indent=2)) == "  move in 0.4 · margin balance 0.375\n  leverage 1.00\n"


def test_a_text_hangs_from_its_lead_where_that_is_short() -> None:
    assert text(hang(line("note  "), line("one two three"), 18)) == "note  one two\n      three\n"
    assert text(hang(line("warning  LONGCONTRACT  "), line("one two"), 24)) == "warning LONGCONTRACT\n  one two\n"
    assert text(hang(line("note  "), EMPTY, 18)) == "note\n"


COLUMNS = [
    column("coin", role=Role.NAME, left=True),
    column("held"),
    column("worth $", "worth", "dollars", yields=1),
    column("exposure $", "exposure", "dollars", yields=2),
    column("weight"),
    column("", role=Role.BAR, left=True),
    column("own margin", role=Role.BELOW),
]
ROW = [line("BTC"), line("2"), line("80,000.00"), line("65,000.00"), line("61.5%"), line("#####"), line("0.1")]


def test_first_to_yield_goes_below_before_the_bar() -> None:
    assert text(laid(COLUMNS, [ROW], 60)).splitlines()[0] == "coin   held     worth $   exposure $   weight"
    narrower = text(laid(COLUMNS, [ROW], 44)).splitlines()
    assert narrower[0] == "coin   held     worth $   weight"
    assert narrower[2:] == [
        "BTC       2   80,000.00    61.5%   #####",
        "       exposure 65,000.00 dollars",
        "       own margin 0.1",
    ]


def test_then_the_bar_and_then_cards() -> None:
    bare = text(laid(COLUMNS, [ROW], 34)).splitlines()
    assert bare[2] == "BTC       2   80,000.00    61.5%"
    assert text(laid(COLUMNS, [ROW], 17)).splitlines() == [
        "BTC",
        "  held 2",
        "  worth 80,000.00",
        "  dollars",
        "  exposure",
        "  65,000.00",
        "  dollars",
        "  weight 61.5%",
        "  own margin 0.1",
    ]


def test_an_echo_stands_in_a_grid_and_in_no_sentence() -> None:
    row = [*ROW[:3], line(Piece("80,000.00", ECHO)), *ROW[4:]]
    assert text(laid(COLUMNS, [row, ROW], 80)).count("80,000.00") == 3
    assert text(laid(COLUMNS, [row, ROW], 44)).count("80,000.00") == 2


def test_a_column_of_echoes_is_left_out() -> None:
    row = [*ROW[:3], line(Piece("80,000.00", ECHO)), *ROW[4:]]
    assert "exposure" not in text(laid(COLUMNS, [row, row], 80))


def test_columns_without_a_cell_are_left_out_and_a_missing_figure_is_shown_missing() -> None:
    columns = [column("coin", role=Role.NAME), column("held"), column("weight")]
    assert text(laid(columns, [[line("A"), line("2"), EMPTY], [line("B"), EMPTY, EMPTY]], 40)).splitlines() == [
        "coin   held",
        "-----------",
        "   A      2",
        "   B      ~",
    ]


def test_inks_are_joined_and_nothing_is_painted_without_colour() -> None:
    pieces = line(Piece("a", BOLD), Piece("b", BOLD), "c", Piece("d", DIM), "  ")
    assert paint([pieces], ground=None) == "abcd\n"
    assert paint([pieces], ground=Ground.UNKNOWN) == "\x1b[1mab\x1b[0mc\x1b[2md\x1b[0m\n"
