"""Plain records: one a line, counted fields, ASCII of our own."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rebal import formats
from rebal.formats import View
from rebal.plan import Code, Finding, Plan, Severity

from . import books, extremes, rows
from .golden import assert_golden

BOOKS: dict[str, Callable[[], Plan]] = {
    "worked-example": books.worked_example,
    "open-book": books.open_book,
    "refused": books.refused,
    "quiet": books.quiet,
    "unwind": books.unwind,
    "extreme": extremes.extreme,
}


def shown(plan: Plan, width: int = 100) -> str:
    return formats.render("plain", plan, View(width, colour=True))


@pytest.mark.parametrize("book", BOOKS)
def test_the_whole_text(book: str) -> None:
    assert_golden(f"{book}-plain.txt", shown(BOOKS[book]()))


@pytest.mark.parametrize("book", BOOKS)
def test_the_width_does_not_matter(book: str) -> None:
    assert shown(BOOKS[book](), 20) == shown(BOOKS[book](), 1000)


@pytest.mark.parametrize("book", BOOKS)
def test_our_own_words_and_signs_are_ascii(book: str) -> None:
    assert shown(replace(BOOKS[book](), name="Core")).isascii()


def test_typographic_signs_of_a_sentence_become_ascii_and_names_stay() -> None:
    finding = Finding(Severity.INFO, Code.ALERT, "BTC", "leverage ≥ 1 × 2 · −3 % → 4…")
    text = shown(rows.plan(name="Zürich", findings=(finding,)))
    assert "leverage >= 1 x 2 - -3 % -> 4..." in text
    assert text.splitlines()[0].endswith("Zürich")


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    finding = Finding(Severity.INFO, Code.ALERT, "a\nb", "c\r\nd\u2028e\x85f\x1b[0m")
    assert shown(rows.plan(findings=(finding,))).splitlines()[-1] == "note      alert  a?b  c??d?e?f?[0m"


@pytest.mark.parametrize("word", ["drift", "wallet", "position", "cost"])
def test_records_of_a_kind_have_their_words_in_the_same_places(word: str) -> None:
    texts = [shown(book()) for name, book in BOOKS.items()]
    records = [line.split() for text in texts for line in text.splitlines() if line.split()[0] == word]
    keys = {
        tuple(
            (i, each)
            for i, each in enumerate(record)
            if each[0].isalpha() and each.islower() and each not in ("none", "never", "cross", "isolated")
        )
        for record in records
    }
    assert len(records) > 2
    assert len(keys) == 1


def test_the_first_words_say_what_a_record_is() -> None:
    words = {line.split()[0] for book in BOOKS.values() for line in shown(book()).splitlines()}
    assert words == {
        "plan",
        "hedge",
        "unwind",
        "refused",
        "headline",
        "drift",
        "order",
        "move",
        "step",
        "wallet",
        "position",
        "pnl",
        "spot",
        "cost",
        "total",
        "error",
        "warning",
        "note",
    }


def test_no_box_no_colour_no_separators() -> None:
    text = shown(books.open_book())
    assert not set(text) & set("│─━█▌▐→·±×−\x1b\u00a0")
    assert "107562.50" in text
