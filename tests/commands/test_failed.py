"""A venue that fails: what is said before, and what is said once it stands no more in the file."""

import json
import shlex
from pathlib import Path

import pytest
from lifecycle import NOW, done, made, saved, start_over

from program import answered

BOOK = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  bybit: {venue: bybit, wallets: {BTC: 1, ETH: 4}}
  deribit: {venue: deribit, wallets: {BTC: 0.2}}
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 70%, ETH: 30%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""
GONE = (
    BOOK.replace("as_of: 2026-11-20T08:00:00Z\naccounts", "as_of: 2026-11-23T08:00:00Z\naccounts")
    .replace("  bybit: {venue: bybit, wallets: {BTC: 1, ETH: 4}}\n", "")
    .replace("{BTC: 2, ETH: 14}", "{BTC: 1, ETH: 10}")
)
PRICES = "as_of: 2026-11-23T08:00:00Z\nprices: {BTC: 40000, ETH: 2500}\n"
LATER = ("--now", "2026-11-23T09:00:00Z")
OVER = ("--now", "2026-12-27T09:00:00Z")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hedge of 40 % of BTC at bybit, recorded, and then a file without bybit."""
    start_over(tmp_path, BOOK)
    monkeypatch.chdir(tmp_path)
    hedge = ("hedge", "BTC", "--pct", "40", "--contract", "BTCUSD")
    done("record", "plan", saved(*hedge, file="hedge.json"))
    Path("market.yaml").write_text(PRICES)
    return tmp_path


def lapsed(command: str, *more: str, now: tuple[str, ...] = LATER) -> list[str]:
    found = made_of(command, *more, now=now)["findings"]
    return [each["message"] for each in found if each["code"] == "hedge-off"]


def made_of(command: str, *more: str, now: tuple[str, ...]) -> dict[str, list[dict[str, str]]]:
    told: dict[str, list[dict[str, str]]] = json.loads(
        answered(command, *more, "--market", "market.yaml", "--format", "json", *now).out
    )
    return told


def test_a_hedge_that_is_asked_for_and_gone_is_said_until_it_is_there_again_or_void() -> None:
    assert "hedge-off" not in answered("status", "--format", "json", *NOW).out
    Path("portfolio.yaml").write_text(GONE)
    for recorded in (False, True):
        if recorded:
            done("record", "statement", "--market", "market.yaml", now=LATER)
        assert lapsed("status") == lapsed("plan")
        (told,) = lapsed("status")
        assert told.startswith("a hedge of 40.0 % was asked for, and the statement has nothing of it; if it is not ")
        assert told.endswith(": rebal hedge BTC --pct 40 --market market.yaml")
        assert answered("status", "--market", "market.yaml", *LATER).code != 0
    again = shlex.split(told.rpartition(": rebal ")[2])
    assert lapsed(*again[:1], *again[1:4]) == []
    done("record", "plan", saved(*again, file="again.json", now=LATER), "--market", "market.yaml", now=LATER)
    assert lapsed("status") == []


def test_what_was_open_at_an_account_that_is_gone_is_one_breach_until_it_is_taken_as_it_is() -> None:
    Path("portfolio.yaml").write_text(GONE)
    (told,) = differing()
    assert told.startswith("bybit the statement has this account no more, and the journal has BTCUSD open there by ")
    assert answered("status", "--market", "market.yaml", *LATER).code == 20
    done("record", "statement", "--market", "market.yaml", now=LATER)
    assert differing() == []


def test_an_account_that_is_there_and_has_less_is_told_by_contract() -> None:
    Path("portfolio.yaml").write_text(GONE.replace("  deribit:", "  bybit: {venue: bybit}\n  deribit:"))
    (told,) = differing()
    assert told.startswith("BTCUSD the statement has 0 contracts, and the journal adds up to -32000 by its as_of: ")


def differing() -> list[str]:
    found = made_of("status", now=LATER)["findings"]
    return [f"{each['subject']} {each['message']}" for each in found if each["code"] == "statement-differs"]


def test_it_ends_with_its_entry_and_with_its_day() -> None:
    Path("portfolio.yaml").write_text(GONE)
    (told,) = lapsed("status")
    entry = told.partition("void ")[2].partition(";")[0]
    done("record", "void", entry, "--reason", "it is gone", now=LATER)
    assert lapsed("status") == []


def test_a_hedge_whose_day_has_passed_is_not_missed() -> None:
    start_over(Path(), BOOK)
    Path("market.yaml").write_text(PRICES)
    asked = ("hedge", "BTC", "--pct", "40", "--until", "2026-12-26")
    done("record", "plan", saved(*asked, file="hedge.json"))
    Path("portfolio.yaml").write_text(GONE)
    (told,) = lapsed("status")
    assert " was asked for until 2026-12-26, " in told
    assert lapsed("status", now=OVER) == []


def test_what_a_statement_differs_by_is_valued_at_prices_of_its_time_or_that_is_said() -> None:
    Path("portfolio.yaml").write_text(GONE)
    (told,) = made("record", "statement", "--dry-run", now=LATER)["notes"]
    assert told == (
        "what differs is valued at the portfolio's prices, of 2026-11-20T08:00:00Z; give --market FILE for those of "
        "its as_of"
    )
    assert made("record", "statement", "--market", "market.yaml", now=LATER)["notes"] == []


def test_a_trial_of_it_ends_with_what_to_do_once_it_is_so() -> None:
    *_, last = answered("stress", "--fail", "bybit", "--format", "table", *NOW).out.splitlines()
    said, _, command = last.rpartition(": ")
    assert said == "next: once it has failed, take bybit and its coins out of the file, with a new as_of"
    assert answered(*shlex.split(command)[1:], *NOW).code == 0
