"""A hedge on a dated contract past its expiry: what is to be recorded, at which fee, and that it is over then."""

import json
from pathlib import Path

import pytest
from lifecycle import done, made, refused, saved, start_over

from program import answered

BOOK = """\
venue: bybit
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 1, ETH: 14}
targets: {BTC: 55%, ETH: 45%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500, ETHUSDZ26: 2500}
"""
PRICES = "as_of: 2026-12-26T08:00:00Z\nprices: {BTC: 40000, ETH: 2500}\n"
AFTER = ("--now", "2026-12-26T08:30:00Z")
DELIVERED = "rebal record fill --contract ETHUSDZ26 --contracts 17500 --price PRICE --time 2026-12-25T08:00:00Z"
WITH = ("--market", "prices.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with half of the ether hedged until December's contract expires."""
    start_over(tmp_path, BOOK)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.yaml").write_text(PRICES)
    hedge = ("hedge", "ETH", "--pct", "50", "--contract", "ETHUSDZ26", "--until", "2026-12-25")
    made("record", "plan", saved(*hedge))
    return tmp_path


def deliver(*more: str) -> list[str]:
    words = DELIVERED.replace("PRICE", "2500").split()[1:]
    return list(made(*words, *more, *WITH, now=AFTER)["notes"])


def test_status_and_plan_name_the_fill_that_books_the_delivery() -> None:
    told = (
        "expired on 2026-12-25T08:00:00Z, and these figures have it open: record its delivery as a fill at the "
        f"delivery price: {DELIVERED}"
    )
    for command in (("status",), ("plan",), ("unwind", "ETH", "--purpose", "hedge")):
        shown = answered(*command, *WITH, "--format", "plain", *AFTER).out
        assert f"ETHUSDZ26  {told} --market prices.yaml\n" in shown
        assert "by hand" not in shown
        assert "hedge-overdue" not in shown
        assert "nothing to do" not in shown


def test_what_has_expired_is_no_ground_to_open_anything_on() -> None:
    """Its margin, its PnL and its share of the hedge are in the figures, and none of them is there any more."""
    for command in (("hedge", "ETH", "--pct", "80"), ("plan",)):
        drifted = BOOK.replace("BTC: 55%, ETH: 45%", "BTC: 35%, ETH: 65%")
        Path("portfolio.yaml").write_text(drifted)
        told = answered(*command, *WITH, "--format", "plain", *AFTER)
        assert (told.code, "refused   record the delivery of ETHUSDZ26 first\n" in told.out) == (1, True)
    status = json.loads(answered("status", *WITH, "--format", "json", *AFTER).out)
    found = {each["code"]: each["severity"] for each in status["findings"] if each["subject"] == "ETHUSDZ26"}
    assert (found["expired"], "expires-soon" in found) == ("warning", False)


def test_a_delivery_costs_the_venues_delivery_fee() -> None:
    assert deliver() == [
        "it has expired, so the fee is the delivery fee, 0.05 %; give --fee for what the exchange took"
    ]
    entry = made("history", *WITH, now=AFTER)["entries"][-1]
    assert entry["fee"] == "0.0035"  # 17,500 / 2,500 · 0.05 %


def test_a_fee_that_is_given_is_the_fee() -> None:
    assert deliver("--fee", "0.001") == []
    assert made("history", *WITH, now=AFTER)["entries"][-1]["fee"] == "0.001"


def test_what_has_expired_is_called_by_its_account_too() -> None:
    words = DELIVERED.replace("PRICE", "2500").replace("ETHUSDZ26", "bybit:ETHUSDZ26").split()[1:]
    (entry,) = made(*words, *WITH, "--dry-run", now=AFTER)["entries"]
    assert entry["contract"] == "ETHUSDZ26"


def test_a_hedge_whose_day_has_passed_is_over_once_nothing_is_open() -> None:
    deliver()
    status = made("status", *WITH, now=AFTER)
    assert (status["needs"], status["hedges"]) == ("nothing", [])
    assert made("plan", *WITH, now=AFTER)["hedges"] == []


def test_what_is_sold_once_it_has_expired_is_asked_about() -> None:
    sold = ("record", "fill", "--contract", "ETHUSDZ26", "--contracts", "-17500", "--price", "2500", *WITH)
    told = "it expired on 2026-12-25T08:00:00Z, and -17500 contracts leave more open than the -17500 before"
    assert told in refused(1, *sold, now=AFTER)
    assert done(*sold, "--yes", now=AFTER)
