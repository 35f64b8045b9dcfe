"""The capital of routes in a pooled account."""

from pathlib import Path

import pytest
from hypothesis import event, given

from market.test_pooled_path import with_more
from planner.test_accounts import NOW, books, read
from rebal.amounts import ONE, Fraction
from rebal.book import Book, Purpose
from rebal.compare.legs import Course, choices, legs_of
from rebal.compare.pools import PoolNeed, pool_needs
from rebal.formats import View, render
from rebal.planner.desk import Desk
from rebal.planner.orders import close_orders
from rebal.planner.pooled import asked_of, pool_of, surveyed
from rebal.planner.sequence import after_orders
from rebal.planner.targets import leg
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


OPEN = POOLED.replace("wallets: {}", "wallets: {BTC: 1.5}, positions: [{contract: ETHUSD, contracts: 20000, "
                      "entry_price: 2500}]")  # fmt: skip
# a long of 20,000, with 2 · 0.055 % of it for closing, on ETH of which 95 % count
LONG = F(20_022) / F(95, 100)
CENT = F(1, 100)


def test_the_capital_is_what_the_account_needs_more_than_it_does_anyway(tmp_path: Path) -> None:
    report = compared(read(tmp_path, OPEN))
    inverse = next(each for each in report.routes if each.route is Way.INVERSE)
    legs = {each.asset: each.leg_usd for each in report.legs}
    assert legs == {"BTC": -34_000, "ETH": -20_500}
    needs = {(each.route, each.expiry): each for each in report.pooled}
    pool = needs[Way.INVERSE, None]
    # what closes the long leaves 500 short, of which 95 % count, beside the BTC
    fees = F(54_500) * F(55, 100_000)
    assert 0 <= pool.with_usd - (F(34_000) / F(98, 100) + F(500) / F(95, 100) + fees) < CENT
    assert 0 <= pool.without_usd - LONG < CENT
    for line in report.routes:
        if line.route is not Way.SPOT:
            need = needs[line.route, line.expiry]
            posted = [each for each in report.posted if (each.route, each.expiry) == (line.route, line.expiry)]
            assert line.capital == need.with_usd - need.without_usd == sum(each.usd for each in posted)
            assert need.without_usd == pool.without_usd
    assert {each.currency: each.quantity < 0 for each in report.posted if each.route is Way.INVERSE} == {
        "BTC": False, "ETH": True,
    }  # fmt: skip
    # a dated contract stands beside the long, which the account needs as much for
    dated = next(each for each in report.routes if each.route is Way.DATED)
    assert dated.capital > inverse.capital


@pytest.mark.parametrize("open_now", [0, 10_000, 40_000])
def test_a_hedge_is_compared_whole_open_or_not(tmp_path: Path, open_now: int) -> None:
    """40,000 short on BTC of which 98 % count, and the fee; the long of ETH needs as much with it and without."""
    text = POOLED.replace("wallets: {}", "wallets: {BTC: 1.5}, positions: [{contract: ETHUSD, contracts: 20000, "
                          "entry_price: 2500}HEDGE]")  # fmt: skip
    hedge = f", {{contract: BTCUSD, contracts: -{open_now}, entry_price: 40000, hedge: -{open_now}}}"
    made = read(tmp_path, text.replace("HEDGE", hedge if open_now else ""))
    report = compared(made, hedge=("BTC", F(1, 2)))
    (pool,) = [each for each in report.pooled if each.route is Way.INVERSE]
    line = next(each for each in report.routes if each.route is Way.INVERSE)
    assert 0 <= pool.without_usd - LONG < CENT
    assert abs(line.capital - F(40_000) * (100 / F(98) + F(55, 100_000))) < CENT


def test_what_may_not_sit_there_is_missing_and_a_part_of_the_capital_still(tmp_path: Path) -> None:
    text = POOLED.replace("wallets: {}", "at_most: 1%, wallets: {}")
    report = compared(read(tmp_path, text))
    line = next(each for each in report.routes if each.route is Way.INVERSE)
    assert abs(line.capital - next(each.capital for each in compared(read(tmp_path, POOLED)).routes)) < CENT
    assert any(each.missing for each in report.posted)


def test_what_a_route_needs_is_shown_in_pools_and_nothing_said_of_an_estimate(tmp_path: Path) -> None:
    report = compared(read(tmp_path, OPEN))
    page, plain = (render(name, report, View(width=120, colour=False)) for name in ("table", "plain"))
    assert "bybit needs $35,250.17 with it, $21,075.79 without" in page
    assert "frees 8.21527949 ETH" in page
    assert "pool      inverse  none  bybit  needs 35250.17  without 21075.79" in plain
    assert not [each for each in report.findings if each.subject == "bybit"]


@given(text=books())
def test_what_an_account_needs_keeps_its_policy_and_is_the_least(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    desk = Desk.of(made, made.statement, now=NOW)
    wanted = {asset: leg(asset, desk.valued, made) for asset in ("BTC", "ETH", "SOL")}
    for choice in choices({asset: usd for asset, usd in wanted.items() if usd}, desk):
        for need in pool_needs(choice, share_to_open=ONE, hedged=None, desk=desk):
            event("pool")
            _is_least(need, choice, desk)


def _is_least(need: PoolNeed, choice: Course, desk: Desk) -> None:
    made, name = desk.portfolio, need.account.name or ""
    legs = [each for each in legs_of(choice, Purpose.REBALANCE) if each.contract.account == name]
    empty = {wallet: coins for wallet, coins in desk.book.wallets.items() if not wallet.startswith(f"{name}:")}
    bare = Book(desk.book.holdings, empty, desk.book.positions)
    orders = close_orders(legs, book=bare, portfolio=made)
    for coins, traded in ((need.beside, orders), (need.without, ())):
        fees = {each.fee_currency: each.fee for each in traded}
        pool = pool_of(need.account, after_orders(bare, traded, made), made)
        for asset, quantity in coins.items():
            pool = with_more(pool, asset, quantity)
        assert surveyed(pool, made, level=asked_of(made)).before(fees).keeps
        for asset, quantity in coins.items():
            fewer = -min(quantity, 2 * CENT / made.price(asset) + fees.get(asset, 0))
            if quantity > 2 * CENT / made.price(asset) + fees.get(asset, 0):
                less = surveyed(with_more(pool, asset, fewer), made, level=asked_of(made))
                assert not less.keeps
