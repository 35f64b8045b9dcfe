"""Figures that the file takes from a history beside it."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rebal import load
from rebal.amounts import Fraction
from rebal.errors import InvalidInput
from rebal.portfolio import FundingRate

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PORTFOLIO = """\
venue: deribit
holdings: {BTC: 1, SOL: 300}
market:
  prices: {BTC: 90000, SOL: 140}
  funding: {BTC-PERPETUAL: {history: funding.csv}}
proxies:
  SOL: {via: BTC, history: prices.csv}
"""


def closes(beta: float, noise: float) -> str:
    dice = random.Random(7)
    bitcoin, solana, rows = 60000.0, 120.0, ["date,BTC,SOL"]
    for n in range(200):
        move = dice.gauss(0, 0.02)
        bitcoin *= math.exp(move)
        solana *= math.exp(beta * move + dice.gauss(0, noise))
        rows.append(f"{date(2026, 4, 1) + timedelta(days=n)},{bitcoin:.4f},{solana:.6f}")
    return "\n".join(rows) + "\n"


def folder(tmp_path: Path, *, prices: str, funding: str) -> str:
    (tmp_path / "prices.csv").write_text(prices)
    (tmp_path / "funding.csv").write_text(funding)
    file = tmp_path / "portfolio.yaml"
    file.write_text(PORTFOLIO)
    return str(file)


def test_a_beta_and_a_range_of_funding_come_out_of_the_files_beside(tmp_path: Path) -> None:
    funding = "symbol,fundingTime,fundingRate\nB,1763600000000,0.0001\nB,1763628800000,-0.00005\nB,1,0.01%\n"
    found = load.portfolio(folder(tmp_path, prices=closes(1.3, 0.002), funding=funding), now=NOW)
    assert abs(found.proxies["SOL"].beta - Fraction("1.3")) < Fraction("0.05")
    assert found.market.funding["BTC-PERPETUAL"] == FundingRate(
        Fraction("-0.00005"), Fraction("0.00005"), Fraction("0.0001")
    )


def test_what_is_wrong_with_both_is_said_in_one_run(tmp_path: Path) -> None:
    file = folder(tmp_path, prices="date,BTC,SOL\n2026-01-01,x,1\n", funding="time,rate\n1,abc\n2,5\n")
    with pytest.raises(InvalidInput) as refused:
        load.portfolio(file, now=NOW)
    said = str(refused.value)
    assert "funding.csv:2:1: rate: is not a number (found abc)" in said
    assert "funding.csv:3:1: rate: is above 1 without a percent sign (found 5)" in said
    assert "prices.csv:2" in said


@pytest.mark.parametrize(
    ("funding", "said"),
    [
        ("", "funding.csv:1:1: has no column of rates (found nothing); head it rate"),
        ("a,b\n1,2\n", "has no column of rates (found a,b)"),
        ("rate\n0.0001\n", "holds 1 rates; give at least 2"),
        ("time,rate\n1\n2,0.0001\n", "funding.csv:2:1: rate: is not a number (found nothing)"),
    ],
)
def test_a_history_that_says_nothing_is_refused(tmp_path: Path, funding: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=r"funding\.csv") as refused:
        load.portfolio(folder(tmp_path, prices=closes(1.3, 0.002), funding=funding), now=NOW)
    assert said in str(refused.value)


def test_coins_that_hardly_move_together_need_a_beta_that_is_typed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="of its variance"):
        load.portfolio(folder(tmp_path, prices=closes(0.1, 0.05), funding="rate\n0\n0\n"), now=NOW)


def of_funding(tmp_path: Path, funding: str) -> FundingRate:
    found = load.portfolio(folder(tmp_path, prices=closes(1.3, 0.002), funding=funding), now=NOW)
    return found.market.funding["BTC-PERPETUAL"]


def test_of_a_history_of_several_contracts_only_its_own_rows_count(tmp_path: Path) -> None:
    rows = "time,contract,rate\n2026-11-01T00:00:00Z,BTC-PERPETUAL,0.0001\n2026-11-01T00:00:00Z,ETH-PERPETUAL,0.5\n"
    rows += "2026-11-01T08:00:00Z,BTC-PERPETUAL,0.0003\n2026-11-01T08:00:00Z,ETH-PERPETUAL,0.5\n"
    assert of_funding(tmp_path, rows) == FundingRate(Fraction("0.0001"), Fraction("0.0002"), Fraction("0.0003"))
    with pytest.raises(InvalidInput, match="holds rates of 2 contracts, and none of BTC-PERPETUAL"):
        of_funding(tmp_path, rows.replace("BTC-PERPETUAL", "SOL-PERPETUAL"))


def test_rates_by_the_hour_are_added_up_to_those_of_an_interval(tmp_path: Path) -> None:
    # Deribit's contract is quoted by eight hours: 0.01 % an hour is 0.08 %, and the last, which is not whole, is left
    hourly = [f"2026-11-01T{hour:02}:00:00Z,BTC-PERPETUAL,{'0.0001' if hour < 8 else '0.0002'}" for hour in range(20)]
    found = of_funding(tmp_path, "\n".join(["time,contract,rate", *hourly]) + "\n")
    assert found == FundingRate(Fraction("0.0008"), Fraction("0.0012"), Fraction("0.0016"))
    eight = (
        "\n".join(["timestamp,interest_1h,interest_8h", *(f"{n * 3600000},0.0001,0.0008" for n in range(24))]) + "\n"
    )
    assert of_funding(tmp_path, eight) == FundingRate(*(Fraction("0.0008"),) * 3)
