"""The strict YAML reader: everything is text with a place, and nothing means anything else."""

import contextlib
from pathlib import Path

import pytest
import yaml

from rebal.errors import InvalidInput
from rebal.load import values
from rebal.load.places import Document
from rebal.load.tree import document

PLAIN_TEXTS = ("ON", "NO", "YES", "TRUE", "off", "y", "017", "0x1F", "1:30", "1_000", "1e3", "2024-02-30", ".inf")
CORPUS = Path(__file__).parents[1] / "errors"
WAYS = ("BTC: 1", '"BTC": "1"', "'BTC': '1'", "{BTC: 1}", "? BTC\n: 1", "---\nBTC: 1\n...")


def read(text: str) -> Document:
    return document(text, "p.yaml")


def refusal(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_scalars_stay_the_text_that_was_typed(text: str) -> None:
    assert read(f"{text}: {text}\n").data == {text: text}


@pytest.mark.parametrize("written", WAYS)
def test_every_way_of_writing_a_mapping_reads_alike(written: str) -> None:
    assert read(written).data == {"BTC": "1"}


def test_tickers_that_other_readers_take_for_truth_values_stay_apart() -> None:
    assert read("{ON: 1, YES: 2, TRUE: 3, NO: 4}").data == {"ON": "1", "YES": "2", "TRUE": "3", "NO": "4"}


def test_no_digit_is_lost() -> None:
    assert read("BTC: 12345678901234567.89").data == {"BTC": "12345678901234567.89"}


def test_places_are_lines_and_columns_from_one() -> None:
    read_ = read("holdings:\n  BTC: 2\n  ETH: {quantity: 14}\npositions:\n  - {contract: X}\n  -  1\n")
    assert read_.place(("holdings", "BTC"), at_key=False) == (2, 8)
    assert read_.place(("holdings", "BTC"), at_key=True) == (2, 3)
    assert read_.place(("holdings", "ETH", "quantity"), at_key=False) == (3, 19)
    assert read_.place(("positions", 0, "contract"), at_key=True) == (5, 6)
    assert read_.place(("positions", 1), at_key=False) == (6, 6)
    assert read_.place((), at_key=False) == (1, 1)


def test_what_is_missing_stands_at_the_nearest_key_above_it() -> None:
    read_ = read("a: 1\nholdings:\n  ETH:\n    lots: []\n")
    assert read_.place(("holdings", "ETH", "quantity"), at_key=True) == (3, 3)
    assert read_.place(("holdings", "ETH", "lots", 3, "cost"), at_key=True) == (4, 5)
    assert read_.place(("market", "prices"), at_key=True) == (1, 1)


def test_what_stands_at_a_path_is_told_in_few_words() -> None:
    read_ = read('a: 1\nb: {c: [""]}\nd: "ВТС"\n')
    assert [read_.found(path) for path in (("a",), ("b",), ("b", "c"), ("b", "c", 0), ("d",), ("e",), ("a", "x"))] == [
        "1", "a mapping", "a list", '""', r"\u0412\u0422\u0421", None, None,
    ]  # fmt: skip


def test_everything_refused_is_collected_and_the_rest_is_read() -> None:
    read_ = read("a: &x 1\nb: *x\nc:\nd: !!str 4\na: 5\ne: [1, ~, 3]\nf: {g: null, h: 8}\n")
    assert read_.data == {"a": "1", "d": "4", "e": ["1", "", "3"], "f": {"h": "8"}}
    assert [(flaw.place, flaw.problem.split(",")[0]) for flaw in read_.flaws] == [
        ((1, 4), "carries an anchor (&)"),
        ((2, 1), "is an alias (*)"),
        ((3, 1), "has no value"),
        ((4, 4), "carries a tag (!)"),
        ((5, 1), "is there twice"),
        ((6, 8), "has no value"),
        ((7, 5), "has no value"),
    ]
    assert read_.broken == {("b",), ("c",), ("e", 1), ("f", "g")}


@pytest.mark.parametrize("value", ['""', "''", '"null"', "'~'"])
def test_quoted_text_is_a_value_whatever_it_says(value: str) -> None:
    assert read(f"a: {value}").data == {"a": value[1:-1]}


def test_a_key_that_was_left_out_still_counts_as_there() -> None:
    assert [flaw.problem for flaw in read("a:\na: 1\n").flaws] == ["has no value", "is there twice"]


def test_nested_values_of_a_repeated_key_are_not_mixed_into_the_first() -> None:
    assert read("a: {b: 1}\na: {b: 2, c: 3}\nd: 4\n").data == {"a": {"b": "1"}, "d": "4"}


def test_depth_is_limited_whatever_it_is_made_of() -> None:
    for opening in ("[", "{a: ", "- "):
        assert "is nested more than 16 deep" in refusal(opening * 100_000)[-1]
    assert read("[" * 16 + "]" * 16).data


def test_the_number_of_keys_and_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MOST_VALUES", 7)
    assert read("{a: 1, b: 2, c: 3}").data
    assert refusal("{a: 1, b: 2, c: 3, d: 4}") == [
        "p.yaml:1:20: holds more than 7 keys and values; leave out what is no portfolio"
    ]


def test_a_laughing_file_costs_nothing() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)
    )
    assert len(read(bomb).flaws) == 60 + 59 * 9


def test_a_merge_key_merges_nothing() -> None:
    read_ = read("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: {<<: {z: 3}}\n")
    assert read_.data == {"a": {"x": "1"}, "b": {"y": "2"}, "c": {"<<": {"z": "3"}}}


def test_flaws_stop_at_a_thousand() -> None:
    listed = refusal("a: 1\n" * 100_000)
    assert len(listed) == 1001
    assert listed[0] == "p.yaml: holds 1,000 problems or more; these are the first"
    assert listed[-1] == "p.yaml:1001:1: a: is there twice, first on line 1; keep one of the two"


def test_a_directive_of_another_version_is_refused_and_ours_changes_nothing() -> None:
    assert read("%YAML 1.1\n---\na: NO\n").data == {"a": "NO"}
    assert "incompatible" in refusal("%YAML 2.0\n---\na: 1\n")[0]
    assert read("%TAG ! tag:example,2026:\n---\na: 1\n").data == {"a": "1"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\nc:\nd: !!str 4\na: 5\ne: [1, ~, 3]\n",
        "holdings: {BTC: 1, ETH: '2', SOL: \"3\"}\n",
        "a: |\n  b\n  c\n",
    ],
)
def test_the_reader_without_libyaml_reads_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(text)
    monkeypatch.setattr(values, "LOADER", yaml.SafeLoader)
    slow = read(text)
    assert (slow.data, slow.flaws, slow.broken) == (fast.data, fast.flaws, fast.broken)


@pytest.mark.parametrize("text", ['a: "\\U00110000"', "%YAML 1.x\n---\na: 1", "a: [", "\ta: 1", "a: @b", "!<\n"])
def test_the_reader_without_libyaml_refuses_in_our_words(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "LOADER", yaml.SafeLoader)
    assert all(line.startswith("p.yaml") for line in refusal(text))


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_corpus_meets_no_other_error_without_libyaml(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "LOADER", yaml.SafeLoader)
    with contextlib.suppress(InvalidInput):
        assert document(file.read_text(encoding="utf-8", errors="replace"), file.name).data is not None
