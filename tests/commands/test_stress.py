"""``rebal stress`` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from program import NOW, Answered, answered

PORTFOLIO = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14, USDT: 500}
targets: {BTC: 50%, ETH: 40%, USDT: 10%}
wallets: {BTC: 0.2, ETH: 1}
positions:
  - {contract: BTCUSD_PERP, contracts: -200, entry_price: 40000}
  - {contract: ETHUSD_PERP, contracts: 400, entry_price: 2500}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
  funding: {BTCUSD_PERP: 0.01%, ETHUSD_PERP: 0.02%}
scenarios:
  crash: {BTC: -40%, ETH: -55%}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "portfolio.yaml"
    path.write_text(PORTFOLIO)
    return path


def stress(file: Path, *arguments: str) -> Answered:
    return answered("stress", str(file), *NOW, *arguments)


def told(file: Path, *arguments: str) -> Any:
    done = stress(file, "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def scenario(report: Any, name: str) -> Any:
    return next(each for each in report["scenarios"] if each["name"] == name)


def test_the_ladder_and_the_scenarios_of_the_file(file: Path) -> None:
    report = told(file)
    assert report["schema"] == "rebal/stress/1"
    assert [each["name"] for each in report["scenarios"]] == [
        "-80%", "-60%", "-50%", "-40%", "-30%", "-20%", "-10%", "0%", "+10%", "+20%", "+30%", "+50%", "+100%", "+200%",
        "crash",
    ]  # fmt: skip
    halved = scenario(report, "-50%")
    assert halved["equity_unhedged"] == "58000"
    # 20,000 dollars short of BTC stand for half a coin sold, 4,000 long of ETH for 1.6 coins bought
    assert halved["equity_rebalanced_in_spot"] == str(58000 + 10000 - 2000)
    assert report["equity"] == scenario(report, "0%")["equity_hedged"] == "115500"


def test_a_wallet_that_dies_and_what_saves_it(file: Path) -> None:
    btc, eth = scenario(told(file), "crash")["wallets"]
    assert (btc["liquidated"], btc["top_up"]) == (False, "0")
    assert (eth["liquidated"], eth["order"], eth["lost"]) == (True, 1, "1")
    topped = PORTFOLIO.replace("ETH: 1}", f"ETH: {1 + float(eth['top_up']):.8f}}}")
    file.write_text(topped)
    assert not scenario(told(file), "crash")["wallets"][1]["liquidated"]


def test_shocks_of_ones_own(file: Path) -> None:
    report = told(file, "--shock", "-35%", "--shock", "BTC=-40%,ETH=-0.5", "--shock", "10000%")
    assert scenario(report, "-35%")["shocks"] == {"BTC": "-0.35", "ETH": "-0.35"}
    assert scenario(report, "BTC -40%, ETH -50%")["shocks"] == {"BTC": "-0.4", "ETH": "-0.5"}
    assert scenario(report, "+10000%")["everywhere"] == "100"
    assert scenario(told(file, "--shock", "ETH=+5%"), "ETH +5%")["shocks"] == {"BTC": "0", "ETH": "0.05"}


def test_a_shock_of_the_ladder_is_not_told_twice(file: Path) -> None:
    assert len(told(file, "--shock", "-50%", "--shock=-0.5")["scenarios"]) == 15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shock", "-100%"], "--shock -100%: leaves no price above 0; write a fall of less than 100%"),
        (["--shock", "-1"], "--shock -1: leaves no price above 0"),
        (["--shock", "-150%"], "--shock -150%: leaves no price above 0"),
        (["--shock", "BTC=-100%"], "--shock BTC=-100%: leaves no price above 0"),
        (["--shock", "-40"], "--shock -40: -40 is above 1 without a percent sign; write -40% if percent is meant"),
        (["--shock", "much"], "--shock much: much is not a number"),
        (["--shock", "BTC="], "--shock BTC=: nothing is not a number"),
        (["--shock", "BTC=-1%,BTC=-2%"], "--shock BTC=-1%,BTC=-2%: names BTC twice"),
        (["--shock", "DOGE=-1%"], "--shock DOGE=-1%: DOGE is neither held nor open; write one of BTC, ETH"),
        (["--shock", "USDT=-1%"], "--shock USDT=-1%: USDT counts as dollars; take it out of cash to have it moved"),
        (["--basis", "5"], "--basis 5: is above 1 without a percent sign; write 5% if percent is meant"),
        (["--basis", "-100%"], "a basis of BTCUSD_PERP wider by -100 % leaves it no price above 0; widen it by less"),
        (["--funding-times", "1e30"], "--funding-times 1e30: has too many digits; write at most 18 on each side"),
        (["--for", "30"], "--for 30: is not a length of time"),
    ],
)
def test_refused(file: Path, arguments: list[str], said: str) -> None:
    done = stress(file, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rebal: {said}")


@pytest.mark.parametrize("shock", ["-100%", "-200%", "-1"])
def test_a_scenario_of_the_file_that_leaves_no_price_is_invalid(file: Path, shock: str) -> None:
    file.write_text(PORTFOLIO.replace("ETH: -55%", f"ETH: {shock}"))
    done = stress(file)
    assert (done.code, done.out) == (3, "")
    assert "scenarios.crash.ETH" in done.err


def test_funding_and_basis_come_before_the_shock(file: Path) -> None:
    plain, strained = told(file), told(file, "--funding-times", "5", "--for", "90d", "--basis", "-2%")
    assert (strained["funding_times"], strained["funding_days"], strained["basis_widening"]) == ("5", "90", "-0.02")
    made_of = scenario(strained, "0%")["made_of"]
    # 270 fundings: the short of 20,000 receives 0.05 %, the long of 4,000 pays 0.1 %
    assert made_of["funding_usd"] == str(270 * (10 - 4))
    # the short gains and the long loses as both marks fall by a fiftieth, in coins of the lower mark
    assert round(float(made_of["widening_usd"]), 6) == round((20000 - 4000) * (1 / 0.98 - 1), 6)
    assert scenario(plain, "0%")["made_of"]["funding_usd"] == "0"
    assert told(file, "--funding-times", "2")["funding_days"] == "30"
    assert told(file, "--for", "12h")["funding_days"] == "0.5"


def test_planned_is_the_book_that_the_plan_leaves(file: Path) -> None:
    file.write_text(PORTFOLIO.partition("wallets:")[0] + PORTFOLIO[PORTFOLIO.index("market:") :])
    assert told(file)["survival"] == []
    report = told(file, "--planned")
    assert report["planned"] is True
    assert [each["currency"] for each in report["survival"]] == ["BTC", "ETH"]
    # the policy keeps liquidation 50 % away, either way
    for name in ("-40%", "+30%", "+50%"):
        assert not [each for each in scenario(report, name)["wallets"] if each["liquidated"]]
    file.write_text(PORTFOLIO.replace("targets: {BTC: 50%, ETH: 40%, USDT: 10%}\n", ""))
    assert stress(file).code == 0
    done = stress(file, "--planned")
    assert (done.code, done.out) == (3, "")
    assert "stress --planned needs it" in done.err


def test_what_the_journal_recorded_is_in_the_book(file: Path) -> None:
    done = answered(
        "record", "transfer", "-p", str(file), "--asset", "ETH", "--quantity", "10", "--time", "2026-11-20T08:30:00Z"
    )
    assert done.code == 0
    report = told(file)
    assert report["inputs"]["journal_seq"] == 2  # the statement, and what was recorded
    assert not scenario(report, "-60%")["wallets"][1]["liquidated"]


@pytest.mark.parametrize("form", ["table", "plain", "csv"])
def test_every_form(file: Path, form: str) -> None:
    done = stress(file, "--format", form)
    assert (done.code, done.err) == (0, "")
    assert "crash" in done.out


def test_quiet(file: Path) -> None:
    assert stress(file, "--quiet") == (0, "", "")


def test_out_is_never_the_portfolio(file: Path) -> None:
    done = stress(file, "--out", str(file))
    assert done.code == 2
    assert file.read_text() == PORTFOLIO
