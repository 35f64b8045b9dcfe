"""Entries of one of several accounts, where the file has other accounts by now."""

import json
from pathlib import Path

import pytest

from program import answered

NOW = ("--now", "2026-11-20T12:00:00Z")
BOTH = """\
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 3}
accounts:
  first: {venue: bybit, margin: cross, wallets: {BTC: 1}}
  second: {venue: okx, margin: cross}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""
WITHOUT = BOTH.replace("  second: {venue: okx, margin: cross}\n", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of two accounts, and coins that were moved into the first of them."""
    path = tmp_path / "portfolio.yaml"
    path.write_text(BOTH)
    moved = ("record", "transfer", "--asset", "BTC", "--quantity", "0.25", "--account", "first", "-p", str(path))
    assert answered(*moved, *NOW).code == 0
    return path


def wallets(file: Path) -> list[tuple[str, str]]:
    found = json.loads(answered("status", str(file), "--format", "json", *NOW).out)["wallets"]
    return [(each["account"], each["balance"]) for each in found]


def test_what_an_entry_did_names_its_account(file: Path) -> None:
    at = ("--contract", "BTCUSD", "-p", str(file))
    fill = ("record", "fill", *at, "--contracts", "-100", "--price", "40000", "--purpose", "hedge", "--fee", "0.00001")
    assert answered(*fill, *NOW).code == 0
    assert answered("record", "funding", *at, "--amount", "0.00002", "--price", "40000", *NOW).code == 0
    shown = answered("history", "-p", str(file), "--width", "200", *NOW).out
    for said in (
        "moved 0.25 BTC into the account first",
        "100 contracts of BTCUSD on first at",
        "on BTCUSD on first, BTC at",
    ):
        assert said in shown


def test_a_coin_counts_what_is_in_all_accounts(file: Path) -> None:
    spot = ("record", "spot", "--asset", "BTC", "--quantity", "1", "--price", "40000", "-p", str(file), *NOW)
    (row,) = json.loads(answered(*spot, "--format", "json").out)["coins"]
    assert row == {
        "asset": "BTC", "holding_before": "3", "holding_after": "4", "wallet_before": "1.25", "wallet_after": "1.25"
    }  # fmt: skip


def test_records_name_the_venues_of_all_accounts(file: Path) -> None:
    shown = answered("status", str(file), "--format", "plain", *NOW).out
    assert "origin    venue bybit,okx  prices" in shown


def test_an_entry_counts_in_its_own_account(file: Path) -> None:
    assert wallets(file) == [("first", "1.25")]


@pytest.mark.parametrize("text", [WITHOUT, WITHOUT.replace("first:", "other:"), BOTH.replace("first:", "third:")])
def test_an_entry_of_an_account_that_is_gone_is_no_entry_of_those_that_are_left(file: Path, text: str) -> None:
    # the first alone is the account of a file with one, whose entries bear no name: nothing tells that it is the same
    file.write_text(text)
    done = answered("status", str(file), *NOW)
    assert (done.code, done.out) == (3, "")
    assert "belongs, which is at first; say under as_of when they were true, after that entry" in done.err
    file.write_text(text.replace("T08:00:00Z\nholdings", "T12:00:00Z\nholdings"))
    assert answered("status", str(file), *NOW).code != 3


def test_a_contract_of_an_account_without_its_account_hears_its_whole_name(file: Path) -> None:
    file.write_text(BOTH.replace("okx", "binance"))
    done = answered("record", "funding", "--contract", "BTCUSDT", "--amount", "1", "-p", str(file), *NOW)
    assert (done.code, done.out) == (2, "")
    assert "--contract BTCUSDT: is named with its account; write first:BTCUSDT or second:BTCUSDT" in done.err
