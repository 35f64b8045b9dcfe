"""Reading a saved plan: every key held to its kind, and any other bytes an error that says where."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal.errors import InvalidInput, Refused
from rebal.journal import saved

from .plans import planned, rebalancing, record, text_of

BREAKS: tuple[tuple[str, object, str], ...] = (
    ("schema", "rebal/status/1", "schema: is not a plan .found \"rebal/status/1\".; save one with --format json"),
    ("command", "buy", "command: is not one of plan, hedge, unwind, rescue"),
    ("refused", "no", "refused: is not true or false"),
    ("as_of", "2026-11-20T08:00:00", "as_of: has no time zone"),
    ("inputs.now", "yesterday", "inputs.now: is not a timestamp"),
    ("inputs.journal_seq", "3", "inputs.journal_seq: is not a count"),
    ("inputs.statement_sha256", None, "inputs.statement_sha256: is not a text"),
    ("orders", {}, "orders: is not a list"),
    ("orders.0.contracts", 13500, "orders.0..contracts: is not a text .found 13500."),
    ("orders.0.contracts", "-5", "orders.0..contracts: is not above zero"),
    ("orders.0.contracts", "1e300", "orders.0..contracts: is not a decimal number"),
    ("orders.0.price", "0", "orders.0..price: is not above zero"),
    ("orders.0.side", "short", "orders.0..side: is not one of buy, sell"),
    ("orders.0.contract", "../x", "orders.0..contract: is not a contract"),
    ("orders.0.parts.0.purpose", "keep", "purpose: is not one of rebalance, hedge"),
    ("orders.0.parts.0.contracts", "-1", "orders.0..parts: do not sum to the order's contracts"),
    ("orders.0.parts.0.stands_for", [], "stands_for: does not name one asset"),
    ("orders.0.parts.0.stands_for", ["BTC", "ETH"], "stands_for: does not name one asset"),
    ("transfers.0.quantity", None, "transfers.0..quantity: is not a text"),
    ("steps.0.index", 99, "steps.0.: names no transfer of its own"),
    ("steps", [], "steps: do not name every order and transfer"),
    ("hedges", [{"asset": "BTC"}], "hedges.0..until: is missing"),
    ("positions.0.contracts_before", "x", "positions.0..contracts_before: is not a decimal"),
    ("assets.0", 5, "assets.0.: is not an object"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "value", "problem"), BREAKS, ids=[path for path, *_ in BREAKS])
def test_a_plan_that_says_anything_else_is_refused(path: str, value: object, problem: str) -> None:
    document = json.loads(text_of(planned(rebalancing())))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in steps:
        place = place[step]
    place[last] = value
    with pytest.raises(InvalidInput, match=problem):
        saved.read(json.dumps(document), "plan.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("{", "plan.json:1:2: is not JSON"),
        ("[1, 2", "is not JSON"),
        ("NaN", "NaN is no number"),
        ('{"schema": "a", "schema": "b"}', '"schema": stands twice'),
        ("[" * 100_000, "is nested too deeply"),
        ("[" + "1," * 1_000_001 + "1]", "holds more values"),
        ("[]", "is not an object"),
        ("{}", "schema: is missing"),
        ('{"schema": 1' + "0" * 5_000 + "}", "schema: is not a text"),
        ("\ufeff{}", "is not JSON"),
        ('"\\ud800"', "is not an object"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        saved.read(text, "plan.json")


@given(st.text(max_size=80) | st.recursive(st.none() | st.booleans() | st.text(max_size=5) | st.integers(), lambda x:
       st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(("schema", "inputs", "orders", "a")), x, max_size=3),
       max_leaves=8).map(json.dumps))  # fmt: skip
def test_anything_as_a_plan_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        saved.read(text, "plan.json")


MUTATED = text_of(planned(rebalancing()))


@given(at_byte=st.integers(0, len(MUTATED) - 1), put=st.sampled_from('"0-{}[],:.eE1nt \\'))
@settings(max_examples=200)
def test_a_mutated_plan_is_read_or_refused(at_byte: int, put: str) -> None:
    book = rebalancing()
    try:
        plan = saved.read(MUTATED[:at_byte] + put + MUTATED[at_byte + 1 :], "plan.json")
        record(plan, book)
    except (InvalidInput, Refused):
        pass
