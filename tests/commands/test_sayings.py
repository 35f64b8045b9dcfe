"""What is said where a figure is missing, small or called by its account."""

import json
from pathlib import Path

import pytest
from lifecycle import BOOK, done, made, refused, saved, start_over

from program import answered

BYBIT = BOOK.replace("venue: binance", "accounts: {mine: {venue: bybit, margin: cross}}").replace("_PERP", "")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a portfolio of one account."""
    start_over(tmp_path, BYBIT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dated_contract_without_a_mark_has_no_basis() -> None:
    hedge = ("hedge", "BTC", "--pct", "50", "--contract", "BTCUSDZ26")
    (found,) = [each for each in made(*hedge)["findings"] if each["code"] == "dated"]
    assert (found["severity"], "basis" in found["data"]) == ("warning", False)
    assert found["message"] == (
        "expires on 2026-12-25, in 35 days; no mark of it is given, so the index is taken for its price and its basis "
        "is not known: ask the exchange, and add market.prices.BTCUSDZ26"
    )


def test_contracts_and_coins_are_called_by_their_account_too(folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(BYBIT.replace("{BTCUSD: 0.01%", '{"mine:BTCUSD": 0.02%'))
    plan = made("plan")
    assert {each["contract"]: each["funding_usd_per_day"] for each in plan["costs"]["breakdown"]}["BTCUSD"] != "0"
    (sold,) = [each for each in plan["orders"] if each["contract"] == "BTCUSD"]
    file = saved("plan")
    fill = ("--fill", f"mine:BTCUSD={sold['contracts']}@40000", "--transfer", "mine:BTC=0.5")
    entries = made("record", "plan", file, *fill)["entries"]
    assert [each["contract"] for each in entries if each["type"] == "fill"] == ["BTCUSD"]
    assert "0.5" in [each["quantity"] for each in entries if each["asset"] == "BTC" and each["type"] == "transfer"]
    assert made("record", "transfer", "--asset", "mine:BTC", "--quantity", "0.1")["entries"][0]["asset"] == "BTC"
    named = made("record", "fill", "--contract", "mine:ETHUSD", "--contracts", "-1", "--price", "2500")
    assert named["entries"][0]["contract"] == "ETHUSD"


def test_a_wallet_is_of_one_account(folder: Path) -> None:
    both = BYBIT.replace("cross}}", "cross}, other: {venue: okx, margin: cross}}").replace("BTCUSD", "mine:BTCUSD")
    (folder / "portfolio.yaml").write_text(BOOK.replace("venue: binance", both.splitlines()[1]).split("  funding")[0])
    moved = ("record", "transfer", "--quantity", "0.1", "--asset")
    assert made(*moved, "other:BTC")["entries"][-1]["account"] == "other"
    told = refused(2, *moved, "other:BTC", "--account", "mine")
    assert "--asset other:BTC: is at other, and --account says mine" in told


def test_status_ends_with_the_command_that_it_names_first() -> None:
    made("record", "plan", saved("plan"))
    hedge = ("hedge", "BTC", "--pct", "40")
    made("record", "plan", saved(*hedge))
    made("record", "spot", "--asset", "BTC", "--quantity", "0.05", "--price", "40000", "--yes")
    status = answered("status", "--format", "table", "--now", "2026-11-20T10:00:00Z").out
    assert status.endswith("\nnext: rebal hedge BTC --pct 40\n")


def test_a_share_below_a_percent_is_said_as_it_was_read() -> None:
    def told(pct: str) -> list[str]:
        found = made("hedge", "BTC", "--pct", pct)["findings"]
        return [each["message"] for each in found if each["subject"] == "size"]

    assert told("0.5") == ["0.5 is read as 0.5 % of the coins; write otherwise where 50 % of them are meant: --pct 50"]
    assert told("0.5%") == told("50") == told("1") == told("0") == []


def test_a_rate_without_its_percent_sign_is_told_by_check_too(folder: Path) -> None:
    assert done("check") == ""
    (folder / "portfolio.yaml").write_text(BYBIT.replace("BTCUSD: 0.01%", "BTCUSD: 0.01"))
    checked = answered("check", "--now", "2026-11-20T09:00:00Z")
    assert (checked.code, checked.out) == (0, "")
    assert "BTCUSD: funding of 1 % an interval is unusually large; is its percent sign missing?" in checked.err


def test_a_statement_of_a_month_ago_without_a_journal_is_noted(folder: Path) -> None:
    def notes(day: str) -> list[str]:
        found = json.loads(answered("status", "--format", "json", "--now", day).out)["findings"]
        return [each["message"] for each in found if each["subject"] == "journal"]

    assert notes("2026-12-20T08:00:00Z") == []
    (note,) = notes("2026-12-21T08:00:00Z")
    assert note.startswith("there is no portfolio.journal.db, and the statement is 31 days old")
    done("record", "statement")
    assert notes("2026-12-21T08:00:00Z") == []
