"""A plan with coins under way from one account to another, recorded in part: what is taken for granted is said."""

import json
from pathlib import Path

import pytest
from lifecycle import NOW, done, made, refused, saved, start_over

from program import answered

BOOK = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  binancecm:
    venue: binance
    wallets: {BTC: 0.1}
  deribit:
    venue: deribit
    wallets: {BTC: 1.0, ETH: 10, ADA: 18000}
    withdrawal: {ADA: {fee: 1, least: 30, takes: 20m}}
holdings: {BTC: 1.1, ETH: 11, SOL: 200, ADA: 20000}
targets: {BTC: 51%, ETH: 26%, SOL: 14%, ADA: 9%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 60000, ETH: 3000, SOL: 150, ADA: 0.5}
"""
WAY = "deribit:binancecm:ADA"


@pytest.fixture(autouse=True)
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A saved plan that sends ADA from one account to the other; how many leave."""
    start_over(tmp_path, BOOK)
    monkeypatch.chdir(tmp_path)
    plan = made("plan")
    (gone,) = (each["quantity"] for each in plan["transfers"] if float(each["quantity"]) < 0)
    assert plan["orders"][0]["contract"] == "SOLUSD_PERP"
    saved("plan")
    return str(gone)


def test_orders_that_nothing_is_said_of_are_said_to_count_as_filled(sent: str) -> None:
    notes = made("record", "plan", "plan.json", "--transfer", f"{WAY}={sent}")["notes"]
    (told,) = (note for note in notes if "taken as filled in full" in note)
    assert told.startswith("SOLUSD_PERP, ")
    assert told.endswith("--fill SOLUSD_PERP=0")
    assert made("record", "plan", "plan.json", "--transfer", f"{WAY}={sent}")["notes"] == []


def test_as_planned_says_nothing_of_it() -> None:
    assert not [note for note in made("record", "plan", "plan.json")["notes"] if "taken as filled" in note]


def test_nothing_filled_yet_can_be_said(sent: str) -> None:
    told = made("record", "plan", "plan.json", "--fill", "SOLUSD_PERP=0", "--transfer", f"{WAY}={sent}")
    assert not [entry for entry in told["entries"] if entry["type"] == "fill"]
    assert [note for note in told["notes"] if note.startswith("SOLUSD_PERP: taken as not filled")]
    assert "the plan does not order it" in refused(2, "record", "plan", "plan.json", "--fill", "XRPUSD=0")
    assert "says no price" in refused(2, "record", "plan", "plan.json", "--fill", "SOLUSD_PERP=5")


def test_two_sides_that_do_not_match_are_said(sent: str) -> None:
    slip = str(float(sent) - 100)
    notes = made("record", "plan", "plan.json", "--transfer", f"{WAY}={slip}")["notes"]
    (told,) = (note for note in notes if note.startswith(f"{WAY}: "))
    assert " came to binancecm: void the entry that is a slip" in told


def test_more_than_the_plan_moves_is_said_before_it_arrives(sent: str) -> None:
    slip = str(float(sent) - 100)
    notes = made("record", "plan", "plan.json", "--fill", "SOLUSD_PERP=0", "--transfer", f"{WAY}={slip}")["notes"]
    (told,) = (note for note in notes if note.startswith(f"{WAY}: "))
    assert told.endswith("left deribit, 100 more than the plan moves; if that is a slip, void the entry")


def test_two_sides_that_match_but_for_the_fee_are_not(sent: str) -> None:
    done("record", "plan", "plan.json", "--fill", "SOLUSD_PERP=0", "--transfer", f"{WAY}={sent}")
    arrived = f"{WAY}={-float(sent) - 1}"
    notes = made("record", "plan", "plan.json", "--fill", "SOLUSD_PERP=0", "--transfer", arrived)["notes"]
    assert not [note for note in notes if note.startswith(f"{WAY}: ")]


def test_what_was_taken_as_filled_and_is_void_waits_once_that_is_said() -> None:
    last = [entry for entry in made("record", "plan", "plan.json")["entries"] if entry["type"] == "fill"][-1]
    done("record", "void", last["id"], "--reason", "not filled yet")
    unfilled = (*("record", "plan", "plan.json", "--fill"), f"{last['contract']}=0")
    assert [entry["type"] for entry in made(*unfilled)["entries"]] == ["orders"]
    told = json.loads(answered("status", "--format", "json", *NOW).out)
    assert [each["subject"] for each in told["findings"] if each["code"] == "unfilled"] == [last["contract"]]
    assert made(*unfilled)["entries"] == []
