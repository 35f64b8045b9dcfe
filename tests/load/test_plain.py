"""The reader of plain YAML says what libyaml's events say, or leaves the text to them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rebal.errors import InvalidInput
from rebal.load import events, plain

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("portfolios/*.yaml"), *ROOT.glob("tests/**/*.yaml")])
PIECES = (
    "a", "b", "A1", "x.y-z", "1", "-1", "+2.5", "50%", "2026-11-20T08:00:00Z", "a: 1", "b: 2", "a:", "b:", "- ", "-",
    ": ", ":", ", ", ",", " ", "  ", "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "{", "}", "[", "]", "{a: 1}",
    "{a: 1, b: -2%}", "[a, b]", " # a", "#", "null", "Null", "~", "'", '"', "&a", "*a", "!", "|", ">", "?", "@", "`",
    "%", "---", "...", "\t", "\r\n", "\u00e9", "\u2028", "=", "<<", "_", "/", "\\",
)  # fmt: skip
SHAPES: dict[str, dict[str, Any]] = {
    "a: 1\nb: -2.5%\n": {"a": "1", "b": "-2.5%"},
    "a: 1": {"a": "1"},
    "# of it\n\na: # here\n  b: 2 # there\n   # deeper\nc: 3   \n": {"a": {"b": "2"}, "c": "3"},
    "a:\n  b:\n    c: 1\n  d: 2\n": {"a": {"b": {"c": "1"}, "d": "2"}},
    "a:\n      b: 1\nc: 2\n": {"a": {"b": "1"}, "c": "2"},
    "a:\n  - 1\n  - {b: 2, c: 3}\n  - [x, y]\nd: 4\n": {"a": ["1", {"b": "2", "c": "3"}, ["x", "y"]], "d": "4"},
    "a: {b: 2, c: 3}\nd: [own, dollars]\n": {"a": {"b": "2", "c": "3"}, "d": ["own", "dollars"]},
    "name: Core holdings 2\nas_of: 2026-11-20T08:00:00Z\n": {
        "name": "Core holdings 2",
        "as_of": "2026-11-20T08:00:00Z",
    },
    "null: 1\nnullo: nullo\n": {"null": "1", "nullo": "nullo"},
    f"a: [{', '.join('bcdefghijklmnopqrstu')}]\n": {"a": list("bcdefghijklmnopqrstu")},
    f"{'k' * 60}: 1\n": {"k" * 60: "1"},
}
LEFT = (
    "", "# nothing\n", "a:\n", "a: 1\nb:\n", "a:\nb: 1\n", "a: null\n", "a: Null\n", "a: NULL\n", "a: ~\n",
    "a: {b: null}\n", "a: [x, null]\n", "a: 1\na: 2\n", "a:\n  b: 1\na:\n  c: 2\n", "a: {b: 1, b: 2}\n",
    "a: {b: 1, b: 2}\n  c: 3\n", "a: 1\n  b: 2\n", "a:\n    b: 1\n  c: 2\n", "  a: 1\n", "a:\n- 1\n", "- 1\n",
    "a:\n  -\n", "a:\n  - 1\n  b: 2\n", "a:\n  b: 2\n  - 1\n", "a: 'x'\n", "a: &x 1\n", "a: b: c\n", "a:b\n",
    "a: {b: {c: 1}}\n", "a: {b: 1:30}\n", "a: 1\n---\nb: 2\n", "a: 1\n...\n", "a: x\n  y\n", "a: 1\nx y\nb: 2\n",
    "a: 1\nx y", "\u00e9: 1\n", "a: 1 # \u00e9\n", "a: 1\r\n", "a:\tb\n", "a: [b,c]\n", "a: {b: 1}}\n",
    f"{'k' * 61}: 1\n",    f"a: [{', '.join('bcdefghijklmnopqrstuv')}]\n",
)  # fmt: skip


def same(text: str) -> None:
    """What is read plainly, the events read alike, in the same order, and refuse nothing of."""
    found = plain.read(text)
    if found is not None:
        told = events.document(text, "p.yaml")
        assert (told.flaws, told.broken) == ([], set())
        assert repr(found) == repr(told.data)


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
@example("a:\n  b: 1\n c: 2\n")
@example("a: 1\n   - 2\n")
def test_any_text_is_read_as_its_events_tell_or_left_to_them(text: str) -> None:
    same(text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_any_file_is_read_as_its_events_tell_or_left_to_them(file: Path) -> None:
    same(file.read_text(encoding="utf-8", errors="replace"))


@pytest.mark.parametrize("text", SHAPES)
def test_what_people_write_is_read_plainly(text: str) -> None:
    assert plain.read(text) == SHAPES[text]
    same(text)


@pytest.mark.parametrize("text", LEFT)
def test_what_could_be_anything_else_or_wrong_is_left_to_the_events(text: str) -> None:
    assert plain.read(text) is None


@pytest.mark.parametrize("file", ["drift", "cash-targets", "open-book", "five-bitcoin"])
def test_the_portfolios_that_ship_are_read_plainly(file: str) -> None:
    assert plain.read((ROOT / "portfolios" / f"{file}.yaml").read_text()) is not None


@pytest.mark.parametrize("text", ["a: 1\nb: 2\n", "a:\n  - 1\n  - 2\n", "a: {b: 1, c: 2}\n"])
def test_as_many_values_are_read_plainly_as_the_events_take(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "MOST_VALUES", 1 + 2 * text.count(":") + text.count("- "))
    assert plain.read(text) is not None
    same(text)
    monkeypatch.setattr(plain, "MOST_VALUES", plain.MOST_VALUES - 1)
    assert plain.read(text) is None


def test_long_lists_are_left_to_the_events_which_count_them(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"a: [{', '.join('bcdefghijklmnopqrstu')}]\n"
    monkeypatch.setattr(plain, "MOST_VALUES", 22)
    assert plain.read(text) is None
    with pytest.raises(InvalidInput, match="more than 22 keys"):
        events.document(text, "p.yaml")


def test_no_level_is_read_plainly_that_the_events_refuse() -> None:
    text = "".join(f"{' ' * n}a:\n" for n in range(13))
    same(f"{text[:-1]} 1\n")
    assert plain.read(f"{text[:-1]} {{b: 1}}\n") is not None
    assert plain.read(f"{text}{' ' * 13}b: 1\n") is None


def test_a_name_is_one_object_wherever_it_stands() -> None:
    read = plain.read("held:\n  ALT7x: 2\nof: ALT7x\nmore: {ALT7x: 3, b: ALT7x}\nlist: [ALT7x]\n")
    assert read is not None
    (one,), other = read["held"], next(iter(read["more"]))
    assert all(each is one for each in (read["of"], other, read["more"]["b"], read["list"][0]))
