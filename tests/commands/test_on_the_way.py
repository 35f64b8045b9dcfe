"""Coins between two accounts: what left one and has not come to the other is told until it has."""

import json
import shlex
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from lifecycle import done, made, refused, saved, start_over

from program import answered

NOW = ("--now", "2026-11-20T09:00:00Z")
SOON = ("--now", "2026-11-20T09:30:00Z")
LATE = ("--now", "2026-11-20T12:00:00Z")
BOOK = """\
name: Two
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 16}
targets: {BTC: 65%, ETH: 35%}
accounts:
  bybit: {venue: bybit, margin: cross, wallets: {BTC: 0.5}, withdrawal: 2h}
  deribit: {venue: deribit, margin: cross}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""
SENT = ("record", "transfer", "--asset", "bybit:deribit:BTC", "--quantity", "-0.25")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a book with two accounts, one of which has sent a quarter of a bitcoin to the other."""
    start_over(tmp_path, BOOK)
    monkeypatch.chdir(tmp_path)
    done(*SENT)
    return tmp_path


def told(command: str = "status", now: tuple[str, ...] = SOON) -> list[dict[str, Any]]:
    found = json.loads(answered(command, "--format", "json", *now).out)["findings"]
    return [each for each in found if each["code"] == "on-the-way"]


def test_status_tells_them_with_where_from_and_where_to_since_when_and_their_worth() -> None:
    (found,) = told()
    assert found["data"] == {
        "coins": "0.25", "worth_usd": "10000", "from_account": "bybit", "to_account": "deribit",
        "since": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    assert (found["severity"], found["subject"], found["message"]) == (
        "info",
        "BTC",
        "is on its way: 0.25 BTC, 10000.00 USD, left bybit for deribit at 2026-11-20T09:00:00Z and have not come "
        "there; once they have: rebal record transfer --asset bybit:deribit:BTC --quantity 0.25",
    )
    assert answered("status", *SOON).code == 0
    assert "this plan counts them as coins outside the accounts" in told("plan")[0]["message"]


def test_coins_set_aside_without_a_price_are_told_without_their_worth(folder: Path) -> None:
    aside = BOOK.replace("ETH: 16}", "ETH: 16, AIR: 100}\naside: [AIR]").replace("{BTC: 0.5}", "{BTC: 0.5, AIR: 50}")
    start_over(folder, aside)
    done("record", "transfer", "--asset", "bybit:deribit:AIR", "--quantity", "-20")
    (found,) = told()
    assert (found["subject"], found["data"]["coins"], found["data"]["worth_usd"]) == ("AIR", "20", None)
    assert found["message"].startswith("is on its way: 20 AIR left bybit for deribit at 2026-11-20T09:00:00Z and have ")


def test_what_takes_longer_than_a_withdrawal_does_wants_a_look() -> None:
    (found,) = told(now=LATE)
    assert found["severity"] == "warning"
    assert found["message"].endswith(
        "; what the network kept: rebal record spot --asset bybit:deribit:BTC --quantity -COINS"
    )
    assert answered("status", *LATE).code == 10


def test_the_book_counts_them_once() -> None:
    status = made("status", now=SOON)
    assert status["equity"] == "120000"
    assert [each["holding"] for each in status["assets"] if each["asset"] == "BTC"] == ["2"]
    (found,) = told()
    done(*shlex.split(found["message"].partition(": rebal ")[2]), now=SOON)
    assert told() == []
    arrived = made("status", now=SOON)
    assert arrived["equity"] == "120000"
    assert [(each["currency"], each["balance"]) for each in arrived["wallets"] if each["account"] == "deribit"] == [
        ("BTC", "0.25")
    ]


def test_what_the_network_kept_is_on_no_way_any_more() -> None:
    done("record", "transfer", "--asset", "bybit:deribit:BTC", "--quantity", "0.2498", now=SOON)
    assert [each["data"]["coins"] for each in told()] == ["0.0002"]
    done("record", "spot", "--asset", "bybit:deribit:BTC", "--quantity", "-0.0002", now=SOON)
    assert told() == []
    assert made("status", now=SOON)["equity"] == "119992"
    shown = done("history", "--width", "200")
    assert "moved 0.25 BTC out of the account bybit, on the way to deribit" in shown
    assert "moved 0.2498 BTC into the account deribit, from bybit" in shown
    assert "0.0002 BTC kept by the network on the way from bybit to deribit" in shown


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_export_brings_it_back(folder: Path, form: str) -> None:
    (folder / f"all.{form}").write_text(done("history", "--format", form))
    (folder / "portfolio.journal.db").unlink()
    done("record", "from", f"all.{form}")
    assert len(told()) == 1


def test_the_journal_is_of_the_version_that_holds_it(folder: Path) -> None:
    connection = sqlite3.connect(folder / "portfolio.journal.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (6,)
    connection.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("transfer", "--asset", "bybit:okx:BTC", "--quantity", "1"),
            "write FROM:TO:BTC; this file has bybit, deribit",
        ),
        (("transfer", "--asset", "bybit:bybit:BTC", "--quantity", "1"), "are no two accounts"),
        ((*SENT[1:], "--account", "deribit"), "is at bybit, and --account says deribit"),
        (("spot", "--asset", "bybit:deribit:BTC", "--quantity", "1"), "write a negative --quantity, and no price"),
        (("spot", "--asset", "bybit:BTC", "--quantity", "-1"), "are no two accounts"),
    ],
)
def test_what_is_no_way_between_accounts_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(2, "record", *arguments)


def test_a_file_of_one_account_has_no_way_between_two(folder: Path) -> None:
    start_over(folder)
    assert "this file has but one" in refused(2, *SENT)


TRAVELS = """\
as_of: 2026-11-20T08:00:00Z
holdings: {SOL: 100, BTC: 0.1}
targets: {SOL: 50%, BTC: 20%, USD: 30%}
accounts:
  kraken: {venue: kraken, wallets: {SOL: 90}, withdrawal: {SOL: {fee: 0.01, takes: 2h}}}
  bybit: {venue: bybit, margin: cross}
policy: {routes: [SOLUSD, inverse]}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, SOL: 100}}
"""


def test_a_plan_that_moves_them_is_told_with_the_plan(folder: Path) -> None:
    start_over(folder, TRAVELS)
    plan = json.loads(Path(saved("plan")).read_text())
    (sent,) = [each for each in plan["transfers"] if each["other_account"] == "bybit"]
    (due,) = [each["quantity"] for each in plan["transfers"] if each["other_account"] == "kraken"]
    assert (sent["asset"], sent["fee"]) == ("SOL", "0.01")
    filled = [word for each in plan["orders"] for word in ("--fill", f"{each['contract']}=0")]
    done("record", "plan", "plan.json", "--transfer", f"kraken:bybit:SOL={sent['quantity']}", *filled)
    (found,) = told()
    assert found["data"]["coins"] == due
    assert found["message"].endswith(f"once they have: --transfer kraken:bybit:SOL={due}, with that plan")
    done("record", "plan", "plan.json", "--transfer", f"kraken:bybit:SOL={due}", *filled, now=SOON)
    assert told() == []


def test_a_plan_that_is_carried_out_leaves_none_on_the_way(folder: Path) -> None:
    start_over(folder, TRAVELS)
    done("record", "plan", saved("plan"))
    assert told() == []
