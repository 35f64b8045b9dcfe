"""Plain records: one a line, counted fields, ASCII of our own."""

import pytest

from rebal import formats
from rebal.findings import Code, Finding, Severity
from rebal.formats import Report, View

from . import books, ledgers, rows
from .golden import assert_golden
from .reports import REPORTS

PLANS = ("worked-example", "open-book", "refused", "quiet", "unwind", "rescue", "extreme")
STATUSES, HISTORIES = ("status", "calm"), ("history", "lately", "long-history")


def shown(plan: Report, width: int = 100) -> str:
    return formats.render("plain", plan, View(width, colour=True))


@pytest.mark.parametrize("book", REPORTS)
def test_the_whole_text(book: str) -> None:
    assert_golden(f"{book}-plain.txt", shown(REPORTS[book]()))


@pytest.mark.parametrize("book", REPORTS)
def test_the_width_does_not_matter(book: str) -> None:
    assert shown(REPORTS[book](), 20) == shown(REPORTS[book](), 1000)


@pytest.mark.parametrize("book", REPORTS)
def test_our_own_words_and_signs_are_ascii(book: str) -> None:
    assert set(shown(REPORTS[book]())) - set(map(chr, range(128))) <= {"ü"}


def test_typographic_signs_of_a_sentence_become_ascii_and_names_stay() -> None:
    finding = Finding(Severity.INFO, Code.ALERT, "BTC", "leverage ≥ 1 × 2 · −3 % → 4…")
    text = shown(rows.plan(name="Zürich", findings=(finding,)))
    assert "leverage >= 1 x 2 - -3 % -> 4..." in text
    assert text.splitlines()[0].endswith("Zürich")


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    finding = Finding(Severity.INFO, Code.ALERT, "a\nb", "c\r\nd\u2028e\x85f\x1b[0m")
    assert shown(rows.plan(findings=(finding,))).splitlines()[-1] == "note      alert  a?b  c??d?e?f?[0m"


@pytest.mark.parametrize(
    ("names", "word"),
    [
        *((PLANS, word) for word in ("drift", "wallet", "position", "cost", "total")),
        *((STATUSES, word) for word in ("drift", "wallet", "origin", "realised")),
        *((HISTORIES, word) for word in ("history", "position", "realised", "total", "effect")),
    ],
)
def test_records_of_a_kind_have_their_words_in_the_same_places(names: tuple[str, ...], word: str) -> None:
    texts = [shown(REPORTS[name]()) for name in names]
    records = [line.split() for text in texts for line in text.splitlines() if line.split()[0] == word]
    keys = {
        tuple(
            (i, each)
            for i, each in enumerate(record)
            if each[0].isalpha() and each.islower() and each not in ("none", "never", "cross", "isolated")
        )
        for record in records
    }
    assert len(records) > 1
    assert len(keys) == 1


def test_the_first_words_say_what_a_record_is() -> None:
    words = {line.split()[0] for name in PLANS for line in shown(REPORTS[name]()).splitlines()}
    assert words == {
        "plan",
        "hedge",
        "unwind",
        "rescue",
        "way",
        "refused",
        "headline",
        "drift",
        "order",
        "move",
        "set",
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


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (STATUSES, "status origin warning note drift wallet position hedge realised"),
        ((*HISTORIES, "unrecorded"), "history entry position realised total episode effect"),
        (("recorded", "nothing-new"), "recorded dry-run entry known position coins note"),
    ],
)
def test_the_first_words_of_the_journals_records(names: tuple[str, ...], words: str) -> None:
    found = {line.split()[0] for name in names for line in shown(REPORTS[name]()).splitlines()}
    assert found == set(words.split())


def test_the_summary_of_status_comes_first() -> None:
    assert shown(ledgers.calm()).splitlines()[0] == "status    nothing: Core holdings, 130000.00 USD; nothing to do"


def test_an_entry_is_one_record_with_its_id_and_what_voids_it() -> None:
    voided = next(line for line in shown(ledgers.history()).splitlines() if line.startswith("entry     7  "))
    assert voided == (
        "entry     7  2026-11-20T08:49:00Z  funding  fb0c1de2a3b4c5d6.funding.7  voided-by fb0c1de2a3b4c5d6.void.8  "
        "paid 1.5 USDC of funding on ETH_USDC-PERPETUAL, ETH at 2500"
    )


def test_no_box_no_colour_no_separators() -> None:
    text = shown(books.open_book())
    assert not set(text) & set("│─━█▌▐→·±×−\x1b\u00a0")
    assert "107562.50" in text
