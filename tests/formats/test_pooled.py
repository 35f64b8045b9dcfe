"""What is shown of a pooled account: by plan and status, on a page, in records and as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from planner.test_accounts import NOW, TWO, WORKED
from program import answered

AT = ("--now", NOW.isoformat().replace("+00:00", "Z"))
CRASH = WORKED + "scenarios: {crash: {BTC: -40%, ETH: -50%}}\n"
POOLED = TWO.replace("MODE", "pooled").replace("AT_MOST", "")
# A short of 60,000 on 1 BTC, 5 coins of which count: it ends where it loses, and in a crash that makes more coins of it
BOTH_WAYS = (
    WORKED.replace("ETHUSD", "BTCUSD")
    .replace("60000, entry_price: 2500", "-60000, entry_price: 40000")
    .replace("{BTC: 98%}", "{BTC: [{up_to: 5, ratio: 98%}]}")
)


def shown(tmp_path: Path, text: str, *words: str, command: str = "status") -> str:
    file = tmp_path / "portfolio.yaml"
    file.write_text(text, encoding="utf-8")
    return answered(command, str(file), *words, *AT).out


def told(tmp_path: Path, text: str, command: str = "status") -> dict[str, Any]:
    (line,) = json.loads(shown(tmp_path, text, "--format", "json", command=command))["accounts"]
    return {level["path"]: level for level in line["levels"]} | {"": line}


def test_levels_by_all_by_each_coin_by_scenario_and_the_nearest(tmp_path: Path) -> None:
    found = told(tmp_path, CRASH)
    # with BTC at 1 - 0.8 t and ETH at 1 - t: 39,200 (1 - 0.8 t) - 60,000 t = 600 + 36.3 (1 - t)
    crash = 1 - exact("38563.7") / exact("91323.7")
    assert list(found) == ["all", "BTC", "ETH", "crash", ""]
    assert abs(exact(found["crash"]["below"]) - crash) < exact("0.000000000001")
    assert (found["crash"]["of"], found[""]["nearest"]["path"]) == ("ETH", "all")
    page, plain = (shown(tmp_path, CRASH, "--format", name) for name in ("table", "plain"))
    for path in ("all", "BTC", "ETH", "crash"):
        words = "all coins together" if path == "all" else path
        (line,) = [each for each in plain.splitlines() if each.startswith(f"level     bybit  path {words}  ")]
        factor = f"{float(exact(found[path]['below'])):.2f}"
        assert f"below {factor}  above never" in line
        (row,) = [
            each for each in page.splitlines() if each.split()[:2] == ["bybit", path] and "x " in each.replace("×", "x")
        ]
        assert f" {factor}x " in row.replace("×", "x")
    assert "nearest 38.9% below on all coins together" in plain


@pytest.mark.parametrize("command", ["status", "plan"])
def test_the_rate_as_the_venue_prints_it(tmp_path: Path, command: str) -> None:
    text = WORKED if command == "status" else POOLED
    line = json.loads(shown(tmp_path, text, "--format", "json", command=command))["accounts"][0]
    rate = exact(line["maintenance_margin"]) / exact(line["credit"])
    assert exact(line["printed_rate"]) == rate * 10**4 // 1 / exact("10000")
    assert f"printed {line['printed_rate']}" in shown(tmp_path, text, "--format", "plain", command=command)
    assert f"the venue prints {line['printed_rate']}" in shown(tmp_path, text, "--format", "table", command=command)


def test_another_venue_prints_what_is_there_over_what_is_asked(tmp_path: Path) -> None:
    text = POOLED.replace("venue: bybit", "venue: okx")
    line = json.loads(shown(tmp_path, text, "--format", "json", command="plan"))["accounts"][0]
    ratio = exact(line["credit"]) / exact(line["maintenance_margin"])
    assert abs(exact(line["printed_rate"]) - ratio) < exact("0.0000001")
    assert f"printed {float(ratio):.2f}" in shown(tmp_path, text, "--format", "plain", command="plan")
    assert f"the venue prints {float(ratio):,.2f}" in shown(tmp_path, text, "--format", "table", command="plan")


def test_the_estimate_of_the_venue_stands_beside_ours(tmp_path: Path) -> None:
    (position,) = json.loads(shown(tmp_path, CRASH, "--format", "json"))["positions"]
    assert position["liquidation_price"] is None
    # 1/2,500 + 38,563.7 / (60,000 · 2,500), all else held
    estimate = 1 / (1 / exact("2500") + exact("38563.7") / (60000 * 2500))
    assert abs(exact(position["liquidation_estimate"]) - estimate) < exact("0.0000000001")
    ours = exact("214000/599637") * 2500
    page, plain = (" ".join(shown(tmp_path, CRASH, "--format", name).split()) for name in ("table", "plain"))
    assert (
        f"liquidated by ETH alone at {float(ours):.3f}; estimate that the venue prints: {float(estimate):,.2f}" in page
    )
    assert f"liquidation pooled: ETH alone {float(ours):.3f}, estimate {float(estimate):.2f}" in plain


def test_both_levels_of_one_path_are_told(tmp_path: Path) -> None:
    level = told(tmp_path, BOTH_WAYS)["BTC"]
    assert exact(level["below"]) < exact("0.01")
    assert exact(level["above"]) > 2
    plain = shown(tmp_path, BOTH_WAYS, "--format", "plain")
    assert "level     bybit  path BTC  below 0.00  above 2." in plain
    assert len(level["crossings"]) == 2


def test_an_account_that_is_due_says_from_where_on_it_would_be_covered(tmp_path: Path) -> None:
    due = WORKED.replace("entry_price: 2500", "entry_price: 12000")
    found: Any = told(tmp_path, due)["all"]
    assert (found["below"], found["above"]) == ("1", "1")
    (again,) = found["crossings"]
    factor = f"{float(exact(again)):.2f}"
    plain = shown(tmp_path, due, "--format", "plain")
    assert f"path all coins together  below due now  above due now  also-at {factor}" in plain
    assert "nearest due now" in plain
    page = shown(tmp_path, due, "--format", "table")
    assert f"credit meets maintenance again at {factor}" in page
    assert "liquidation is due now; the alert level is 35.0 %" in " ".join(page.split())
    assert "liquidation due now; estimate that the venue prints" in page
    assert "0.0 % away" not in page


def test_an_account_that_is_due_lists_only_the_paths_that_lead_out(tmp_path: Path) -> None:
    """BTC counts nothing here: a rise of ETH ends the loss of the long, alone or with all coins; BTC alone does not."""
    due = WORKED.replace("entry_price: 2500", "entry_price: 12000").replace("{BTC: 98%}", "{BTC: off}")
    found: Any = told(tmp_path, due)
    assert {path: len(level["crossings"]) for path, level in found.items() if path} == {"all": 1, "BTC": 0, "ETH": 1}
    listed = [each for each in shown(tmp_path, due, "--format", "plain").splitlines() if each.startswith("level")]
    assert [each.split("  ")[3] for each in listed] == ["path all coins together", "path ETH"]


def test_the_least_of_each_coin_is_said_to_be_no_share_of_a_sum(tmp_path: Path) -> None:
    said = "required: the least of each coin that keeps the policy, the others as they are; rows do not add up"
    for command, text in (("status", WORKED), ("plan", POOLED)):
        assert said in shown(tmp_path, text, "--format", "table", "--width", "120", command=command)
    # without a position nothing is asked of any coin, and nothing said of it
    bare = WORKED.replace("    positions: [{contract: ETHUSD, contracts: 60000, entry_price: 2500}]\n", "")
    page = shown(tmp_path, bare.replace("contracts: {ETHUSD: {leverage: 10}}\n", ""), "--format", "table")
    assert "Pooled coins" in page
    assert "required:" not in page


BESIDE = """
as_of: 2026-11-20T08:00:00Z
holdings: {ETH: 1, SOL: 100, XRP: 20000, DOT: 50}
accounts:
  bybit:
    venue: bybit
    wallets: {SOL: 100, ETH: 1, DOT: 50}
    positions: [{contract: XRPUSD, contracts: -5000, entry_price: 0.42}]
    collateral: {SOL: 50%, ETH: 95%, DOT: off}
market: {as_of: 2026-11-20T08:00:00Z, prices: {ETH: 2100, SOL: 105, XRP: 0.42, DOT: 2}}
"""


def test_a_coin_that_backs_the_contracts_of_others_is_asked_for(tmp_path: Path) -> None:
    """SOL count 5,250 and ETH 1,995 for 5,000: it keeps without the ETH, and of the SOL 3,005 / 52.5 have to stay."""
    file = tmp_path / "portfolio.yaml"
    file.write_text(BESIDE, encoding="utf-8")
    saved = tmp_path / "status.json"
    answered("status", str(file), "--out", str(saved), *AT)
    asked = {each["currency"]: each["required"] for each in json.loads(saved.read_text())["wallets"]}
    assert asked == {"DOT": "0", "ETH": "0", "SOL": "57.23809524", "XRP": "0"}
    words = ("explain", str(saved), "wallets.SOL.required", "-p", str(file), "--format", "json", *AT)
    (told_so,) = [each for each in json.loads(answered(*words).out)["derivations"] if each["figure"] == words[2]]
    assert (told_so["formula"], told_so["agrees"]) == ("up(W + (max(I, V / L) − C) / (r · S), step)", True)
    for left, keeps in (("57.23809524", True), ("57.23809523", False)):
        file.write_text(BESIDE.replace("wallets: {SOL: 100", f"wallets: {{SOL: {left}"), encoding="utf-8")
        (line,) = json.loads(answered("status", str(file), "--format", "json", *AT).out)["accounts"]
        assert (exact(line["credit"]) >= 5000) is keeps


def test_dollars_that_are_the_only_margin_are_asked_for(tmp_path: Path) -> None:
    text = """
as_of: 2026-11-20T08:00:00Z
holdings: {ETH: 20, USDT: 15000}
accounts:
  bybit:
    venue: bybit
    wallets: {USDT: THERE}
    positions: [{contract: ETHUSD, contracts: -14000, entry_price: 2100}]
market: {as_of: 2026-11-20T08:00:00Z, prices: {ETH: 2100}}
"""
    for there in ("15000", "7000", "100"):
        rows = json.loads(shown(tmp_path, text.replace("THERE", there), "--format", "json"))["wallets"]
        assert {each["currency"]: each["required"] for each in rows}["USDT"] == "14000"
