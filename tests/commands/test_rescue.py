"""``rebal rescue``: what the command line takes, and a rescue that is placed and recorded."""

import json
from pathlib import Path

import pytest
from lifecycle import LATER, done, made, refused, saved, start_over

from program import answered

FALLEN = """\
name: Fallen
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 1.1}
targets: {BTC: 100%}
wallets: {BTC: 1}
positions:
  - {contract: BTCUSD_PERP, contracts: 600, entry_price: 40000}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}, funding: {BTCUSD_PERP: 0.01%}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a long that is past its alert, to work in."""
    start_over(tmp_path, FALLEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_rescue_that_is_recorded_leaves_no_alert() -> None:
    alerts = [each for each in made_anyway("status")["findings"] if each["code"] == "alert"]
    assert alerts
    assert all(each["message"].endswith("rebal rescue BTC") for each in alerts)
    plan = json.loads(Path(saved("rescue", file="rescue.json")).read_text())
    assert (plan["schema"], plan["command"], plan["refused"]) == ("rebal/plan/1", "rescue", False)
    assert [(way["way"], way["chosen"]) for way in plan["ways"]] == [("coins", False), ("close", False), ("both", True)]
    done("record", "plan", "rescue.json")
    again = made("rescue", now=LATER)
    assert (again["changes"], again["ways"]) == (False, [])
    codes = {each["code"] for each in made_anyway("status", now=LATER)["findings"] if each["severity"] != "info"}
    assert not codes & {"alert", "near-liquidation"}


def made_anyway(
    *arguments: str, now: tuple[str, ...] = ("--now", "2026-11-20T09:00:00Z")
) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads(answered(*arguments, "--format", "json", *now).out)
    return found


def test_wallets_levels_and_purposes_are_those_there_are() -> None:
    assert "ETH: is no wallet with an open position; write one of BTC" in refused(2, "rescue", "ETH")
    assert "--to safety: there is no such level" in refused(2, "rescue", "--to", "safety")
    assert "--keep coins: there is no such purpose" in refused(2, "rescue", "--keep", "coins")
    assert made("rescue", "BTC", "--keep", "hedge") == made("rescue")


def test_what_nothing_saves_is_refused(folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(FALLEN.replace("prices: {BTC: 40000}", "prices: {BTC: 15000}"))
    code, out, _ = answered("rescue", "--now", "2026-11-20T09:00:00Z")
    assert code == 1
    assert "neither coins nor closing bring it back" in out
    assert not [line for line in out.splitlines() if line.startswith(("way", "order", "move"))]


def test_the_ways_are_a_table_of_their_own() -> None:
    rows = done("rescue", "--format", "csv", "--section", "ways").splitlines()
    assert rows[0].startswith("wallet,currency,contract,way,coins,contracts,fees_usd")
    assert [row.split(",")[3] for row in rows[1:]] == ["coins", "close", "both"]
