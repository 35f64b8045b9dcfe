"""Held against what others say: a backtester on the same closes, and the journal of the same plans."""

import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exact import exact
from planner.given import INPUTS, policy, portfolio
from program import answered
from rebal.amounts import Fraction
from rebal.replay import report
from rebal.replay.skipping import skipping

from .courses import DAY, course, track

F = Fraction
WEIGHTS = {"BTC": 0.5, "ETH": 0.3, "SOL": 0.2}


def test_spot_trades_without_costs_are_worth_what_bt_says_to_eleven_digits() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bt
        import pandas as pd

        drawn = np.random.default_rng(5)
        closes = {
            coin: [f"{price:.6f}" for price in 100 * np.exp(np.cumsum(drawn.normal(0, 0.03, 300)))] for coin in WEIGHTS
        }
        frame = pd.DataFrame(
            {coin: [float(each) for each in texts] for coin, texts in closes.items()},
            index=pd.date_range("2021-01-01", periods=300),
        )
        daily = [bt.algos.RunDaily(), bt.algos.SelectAll(), bt.algos.WeighSpecified(**WEIGHTS), bt.algos.Rebalance()]
        test = bt.Backtest(
            bt.Strategy("daily", daily), frame, integer_positions=False, initial_capital=1e6, commissions=_free,
            progress_bar=False,
        )  # fmt: skip
        bt.run(test)
        values = test.strategy.values.to_list()[1:]
    made = portfolio(
        {"USD": "1000000"}, {coin: str(weight) for coin, weight in WEIGHTS.items()},
        {coin: texts[0] for coin, texts in closes.items()}, (), rules=policy(band="0", min_order="0"),
    )  # fmt: skip
    made = replace(made, statement=replace(made.statement, holdings={**dict.fromkeys(WEIGHTS, F(0)), "USD": F(10**6)}))
    on = course({coin: track(texts) for coin, texts in closes.items()}, start=datetime(2021, 1, 1, tzinfo=UTC))
    terms = report.Terms(slippage=F(0), check=DAY, spot_fee=F(0), against=("spot",))
    told = report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping)
    spot = next(way for way in told.ways if way.way == "spot")
    assert spot.orders > 500
    assert float(spot.equity_end) == pytest.approx(values[-1], rel=1e-11)
    # on the way equity is told in cents
    assert [float(line.spot or 0) for line in told.path] == pytest.approx(values, abs=0.0051)


def _free(quantity: float, price: float) -> float:
    return 0.0


BOOK = """\
name: Core holdings
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14, USDT: 5000}
targets: {BTC: 50%, ETH: 30%, USD: 20%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""
DAYS = [f"2026-11-{day}T09:00:00Z" for day in range(21, 27)]
BTC = ["40000", "52000", "39000.5", "39000.5", "61000", "45000"]
ETH = ["2500", "2300", "2700", "3300", "2500", "2600.1"]


def test_the_journal_of_the_same_plans_says_what_the_replay_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("portfolio.yaml").write_text(BOOK)
    rows = [f"{day},{btc},{eth}\n" for day, btc, eth in zip(DAYS, BTC, ETH, strict=True)]
    Path("prices.csv").write_text("time,BTC,ETH\n" + "".join(rows))
    Path("funding.csv").write_text(f"time,contract,rate\n{DAYS[2]},BTCUSD_PERP,0.0003\n{DAYS[4]},BTCUSD_PERP,-0.0001\n")
    told = _json(
        "replay", "--prices", "prices.csv", "--funding", "funding.csv", "--costs", "slippage=0%", "--against", "hold"
    )
    assert told["ways"][0]["plans"] >= 3
    for n, day in enumerate(DAYS):
        _write_market(n)
        if n in (2, 4):
            _record_funding(n)
        plan = _json("plan", "--market", "market.yaml", now=day)
        assert not plan["refused"]
        if plan["changes"]:
            Path("plan.json").write_text(json.dumps(plan))
            _run("record", "plan", "plan.json", "--market", "market.yaml", now=day)
    totals = {line["contract"]: line for line in _json("history", "--market", "market.yaml")["totals"]}
    keys = {"coin": "realised_coin", "usd": "realised_usd", "fees_coin": "fees_coin", "funding_coin": "funding_coin"}
    walked: dict[str, dict[str, Fraction]] = {}
    for line in told["years"]:
        if line["way"] == "plan":
            sums = walked.setdefault(line["contract"], dict.fromkeys(keys, F(0)))
            for key, name in keys.items():
                sums[key] += exact(line[name])
    assert {name: {key: exact(line[key]) for key in keys} for name, line in totals.items()} == walked
    assert any(sums["coin"] for sums in walked.values())
    after = {line["asset"]: line["holding"] for line in _json("status", "--market", "market.yaml", code=None)["assets"]}
    assert told["ways"][0]["coins"]["BTC"] == after["BTC"]


def _write_market(n: int) -> None:
    Path("market.yaml").write_text(f"as_of: {DAYS[n]}\nprices: {{BTC: {BTC[n]}, ETH: {ETH[n]}}}\n")


def _record_funding(n: int) -> None:
    """The exchange's own figure: the value at the mark times the rate, rounded down to 1e-8."""
    status = _json("status", "--market", "market.yaml", now=DAYS[n], code=None)
    short = next(line for line in status["positions"] if line["contract"] == "BTCUSD_PERP")
    rate = F("0.0003") if n == 2 else F("-0.0001")
    amount = -exact(short["contracts"]) * 100 / exact(BTC[n]) * rate * 10**8 // 1
    coins = f"{'-' if amount < 0 else ''}{abs(int(amount)) / 10**8:.8f}"
    told = ("--contract", "BTCUSD_PERP", "--amount", coins, "--time", DAYS[n], "--market", "market.yaml")
    _run("record", "funding", *told, now=DAYS[n])


def _run(*arguments: str, now: str = DAYS[-1], code: int | None = 0) -> str:
    done = answered(*arguments, "--now", now)
    assert code is None or done.code == code, done.err
    return done.out


def _json(*arguments: str, now: str = DAYS[-1], code: int | None = 0) -> Any:
    return json.loads(_run(*arguments, "--format", "json", now=now, code=code))
