"""What is read without places is what libyaml's events tell with them, or left to those."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rebal.errors import InvalidInput
from rebal.load import events, values

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("portfolios/*.yaml"), *ROOT.glob("tests/**/*.yaml")])
PIECES = (
    "a", "b", "A1", "x.y-z", "1", "-1", "+2.5", "50%", "2026-11-20T08:00:00Z", "a: 1", "b: 2", "a:", "b:", "- ", "-",
    ": ", ":", ", ", ",", " ", "  ", "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "{", "}", "[", "]", "{a: 1}",
    "{a: 1, b: -2%}", "[a, b]", " # a", "#", "null", "Null", "~", "'", '"', "'~'", "&a ", "*a", "!", "!x ", "|", ">",
    "? ", "@", "`", "%", "---", "...", "\t", "\r\n", "\u00e9", "\u2028", "=", "<<", "_", "/", "\\", '"\\x00"', '""',
)  # fmt: skip
SAYS: dict[str, dict[str, Any]] = {
    "a: 1\nb: -2.5%\n": {"a": "1", "b": "-2.5%"},
    "# of it\n\na: # here\n  b: 2 # there\nc: 3   \n": {"a": {"b": "2"}, "c": "3"},
    "a:\n  b:\n    c: 1\n  d: 2\n": {"a": {"b": {"c": "1"}, "d": "2"}},
    "a:\n- 1\n- {b: 2, c: {d: 3}}\n- [x, [y]]\nd: 4\n": {
        "a": ["1", {"b": "2", "c": {"d": "3"}}, ["x", ["y"]]],
        "d": "4",
    },
    "a: '~'\nb: \"\"\nc: 'x: y'\n": {"a": "~", "b": "", "c": "x: y"},
    "null: NO\n~: 1:30\n<<: nullo\n": {"null": "NO", "~": "1:30", "<<": "nullo"},
    "a: \u00e9\r\nb: {}\nc: []\n": {"a": "\u00e9", "b": {}, "c": []},
    "%YAML 1.1\n---\na: 1\n...\n": {"a": "1"},
}
LEFT = (
    "", "# nothing\n", "a\n", "- 1\n", "a:\n", "a: 1\nb:\n", "a: null\n", "a: Null\n", "a: NULL\n", "a: ~\n",
    "a: {b: ''}\n c\n", "a: [x, null]\n", "a: 1\na: 2\n", "a: {b: 1, b: 2}\n", "a: &x 1\n", "a: !x 1\n", "&x a: 1\n",
    "a: &x {b: 1}\n", "a: !x {b: 1}\n", "a: &x [b]\n", "a: !!seq [b]\n", "a: &x 1\nb: *x\n", "{[a]: 1}\n",
    "? {a: 1}\n: 2\n", "a: 1\n---\nb: 2\n", "a: 1\n---\n", "\u00e9: 1\n", '"": 1\n', '"\\n": 1\n', "a: |\n  b\n",
    'a: "\\x7f"\n', "a: [b\n", "a: @b\n", "\ta: 1\n", 'a: "\\U00110000"\n', "%YAML 1.x\n---\na: 1\n",
)  # fmt: skip


def same(text: str) -> None:
    """What is read without places, the events read alike, in the same order, and refuse nothing of."""
    found = values.read(text)
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


@pytest.mark.parametrize("text", SAYS)
def test_what_nothing_is_refused_of_is_read_at_once(text: str) -> None:
    assert values.read(text) == SAYS[text]
    same(text)


@pytest.mark.parametrize("text", LEFT)
def test_what_is_refused_is_left_to_the_events(text: str) -> None:
    assert values.read(text) is None


@pytest.mark.parametrize("file", sorted(ROOT.glob("portfolios/*.yaml")), ids=lambda file: file.stem)
def test_the_portfolios_that_ship_are_read_at_once(file: Path) -> None:
    assert values.read(file.read_text()) is not None


def test_no_more_is_read_at_once_than_the_events_take(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: 1\nb: [2]\n"
    monkeypatch.setattr(values, "MOST_VALUES", 12)
    assert values.read(text) is not None
    monkeypatch.setattr(values, "MOST_VALUES", 11)
    assert values.read(text) is None
    assert events.document(text, "p.yaml").data == {"a": "1", "b": ["2"]}
    monkeypatch.setattr(values, "MOST_VALUES", 5)
    with pytest.raises(InvalidInput, match="more than 5 keys"):
        events.document(text, "p.yaml")


@pytest.mark.parametrize(("opening", "closing"), [("{a: ", "}"), ("[", "]")])
def test_no_level_is_read_at_once_that_the_events_refuse(opening: str, closing: str) -> None:
    deepest = f"a: {opening * (values.DEEPEST - 1)}1{closing * (values.DEEPEST - 1)}\n"
    assert values.read(deepest) is not None
    same(deepest)
    assert values.read(deepest.replace("1", f"{opening}1{closing}")) is None


def test_a_name_is_one_object_wherever_it_stands() -> None:
    read = values.read("held:\n  ALT7x: 2\nof: ALT7x\nmore: {ALT7x: 3, b: ALT7x}\nlist: [ALT7x]\n")
    assert read is not None
    (one,), other = read["held"], next(iter(read["more"]))
    assert all(each is one for each in (read["of"], other, read["more"]["b"], read["list"][0]))
