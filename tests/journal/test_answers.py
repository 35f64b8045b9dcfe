"""A saved answer reads back whole, to the same bytes when printed again; anything else is an error that says where."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import books, extremes, ledgers
from rebal import discover
from rebal.amounts import Fraction
from rebal.catalogue import Change, Refresh, Vanished
from rebal.errors import InvalidInput
from rebal.formats import Report, View, describe, kind, render
from rebal.journal import answers

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*/*.json"))
MADE = (
    books.worked_example, books.open_book, books.refused, books.quiet, books.unwind, extremes.extreme,
    ledgers.status, ledgers.calm, ledgers.history, ledgers.unrecorded, ledgers.lately, ledgers.recorded,
    ledgers.nothing_new, ledgers.extreme,
)  # fmt: skip
VIEW = View(width=100, colour=False)


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_is_on_file_is_printed_again_byte_for_byte(file: Path) -> None:
    assert render("json", answers.read(file.read_text(), file.name), VIEW) == file.read_text()


@pytest.mark.parametrize("make", MADE)
def test_every_report_reads_back_as_it_was(make: Callable[[], Report]) -> None:
    text = render("json", make(), VIEW)
    report = answers.read(text, "saved.json")
    assert render("json", report, VIEW) == text
    for name in ("table", "plain", "csv"):
        assert render(name, report, VIEW)


def test_a_figure_or_an_instant_is_read_as_what_it_was() -> None:
    asked = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    changes = (
        Change("BTCUSD", "taker_fee", Fraction(1, 2000), Fraction(11, 20000)),
        Change("BTCUSD", "expiry", None, asked),
        Change("BTCUSD", "expiry", asked, asked),
        Change("BTCUSD", "tiers", "0 at 0.5 %", "0 at 1 %"),
    )
    gone = (Vanished("XRPUSD", "listed"),)
    made = Refresh("rebal/refresh/1", "bybit", "Bybit", asked, "bybit.json", 9, 7, changes, ("ADAUSD",), gone, ())
    read = answers.read(render("json", made, VIEW), "saved.json")
    assert read == made
    with pytest.raises(InvalidInput, match=r"changes\[0\].live: is not a text"):
        answers.read(render("json", made, VIEW).replace('"0.00055"', "5"), "saved.json")


def test_every_kind_of_report_that_is_shown_is_read() -> None:
    read = {schema.split("/")[1] for schema in answers.REPORTS}
    assert read == {*discover.names(describe)} - {"books"}, "many books are saved as an object a line, not as one"
    for schema, name in answers.REPORTS.items():
        module, _, of = name.rpartition(".")
        assert schema == f"rebal/{schema.split('/')[1]}/1"
        assert hasattr(import_module(module), of)


def broken(path: str, value: object) -> str:
    document = json.loads(render("json", books.open_book(), VIEW))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in steps:
        place = place[step]
    place[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("schema", "rebal/plan/9", 'a.json: schema: is none of a saved answer (found "rebal/plan/9"); save the answer'),
        ("schema", None, "a.json: schema: is none of a saved answer; save"),
        ("orders", {}, "a.json: orders: is not a list (found {})"),
        ("orders.0.contracts", 5, "a.json: orders[0].contracts: is not a text (found 5)"),
        ("orders.0.contracts", "five", 'a.json: orders[0].contracts: is not a decimal number (found "five")'),
        ("orders.0.side", "short", 'a.json: orders[0].side: is not one of buy, sell (found "short")'),
        ("orders.0.parts.0.purpose", "fun", "a.json: orders[0].parts[0].purpose: is not one of"),
        ("orders.0.reduce_only", "yes", 'a.json: orders[0].reduce_only: is not true or false (found "yes")'),
        ("steps.0.n", "1", 'a.json: steps[0].n: is not a count (found "1")'),
        ("inputs.now", "noon", "a.json: inputs.now: is not a timestamp"),
        ("wallets.0", 5, "a.json: wallets[0]: is not an object (found 5)"),
        ("orders.0.fun", 5, "a.json: orders[0].fun: is not a key here"),
        ("findings.0.data", {"self": 1}, "a.json: findings[0].data.self: is not a key here"),
        ("findings.0.data", {"x": {}}, "a.json: findings[0].data.x: is not a text (found {})"),
    ],
)
def test_what_is_otherwise_is_refused_where_it_stands(path: str, value: object, problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        answers.read(broken(path, value), "a.json")
    assert str(raised.value).startswith(problem)


def test_a_missing_key_is_named() -> None:
    document = json.loads(render("json", books.open_book(), VIEW))
    del document["wallets"][0]["balance"]
    with pytest.raises(InvalidInput, match=r"^a.json: wallets\[0\].balance: is missing; save the answer again"):
        answers.read(json.dumps(document), "a.json")


def test_a_plan_saved_before_it_had_settings_is_read() -> None:
    document = json.loads(render("json", books.worked_example(), VIEW))
    del document["settings"]
    assert kind(answers.read(json.dumps(document), "a.json")) == "plan"


@settings(max_examples=100)
@given(
    st.one_of(
        st.text(max_size=40), st.recursive(st.none() | st.booleans() | st.text(max_size=3), st.lists).map(json.dumps)
    )
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(InvalidInput):
        answers.read(text, "a.json")
