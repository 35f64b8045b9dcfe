"""The capital of routes in a pooled account."""

from pathlib import Path

from planner.test_accounts import read
from rebal.amounts import Fraction
from rebal.reports.comparison import Way

from .given import compared

F = Fraction
POOLED = """
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 40%, ETH: 30%, USD: 30%}
accounts:
  bybit: {venue: bybit, margin: pooled, wallets: {}, collateral: {BTC: 98%, ETH: 95%}}
costs: {spot_fee: 0.1%, slippage: 0.05%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""


def test_a_short_takes_its_coins_over_their_ratio_and_its_fee(tmp_path: Path) -> None:
    report = compared(read(tmp_path, POOLED))
    line = next(each for each in report.routes if each.route is Way.INVERSE)
    # 34,000 dollars of BTC at 98 % and 500 of ETH at 95 %, and 0.055 % for opening them, to the step of 1e-8 coin
    wanted = F(34_000) / F(98, 100) + F(500) / F(95, 100) + F(34_500) * F(55, 100_000)
    assert 0 <= line.capital - wanted < F(1, 1000)
