"""Rungs to close one after the other: what each costs to hold, what it frees, and how the wallet stands after it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from program import answered
from rebal import load
from rebal.amounts import ZERO, Fraction, total
from rebal.book import Position, Purpose, opened
from rebal.findings import Code
from rebal.market.contract import Contract
from rebal.market.margin import Factors
from rebal.plan import Inputs, Plan
from rebal.planner.ladder import _End, _Moved, used_by
from rebal.planner.unwind import Ladder, build_unwind
from rebal.portfolio import Portfolio
from rebal.rung_lines import RungLine
from rebal.times import instant

from .given import INPUTS, NOW, inverse, policy, portfolio

F = Fraction
BTC = inverse("BTC", "100")
ETH = inverse("ETH", "1")
DATED = inverse("BTC", "100", name="BTCUSD_DATED", expiry=NOW + timedelta(days=20))


def short(contract: Contract, contracts: int, *, entry: int, hedge: int = 0) -> Position:
    return opened(contract, contracts=F(-contracts), entry_price=F(entry), hedge=F(-hedge))


def long(contract: Contract, contracts: int, *, entry: int) -> Position:
    return opened(contract, contracts=F(contracts), entry_price=F(entry))


def book_of(*positions: Position, funding: dict[str, str] | None = None, **more: object) -> Portfolio:
    return portfolio(
        {"BTC": "2", "ETH": "16"}, None, {"BTC": "40000", "ETH": "2500"},
        tuple(each.contract for each in positions), wallets={"BTC": "1", "ETH": "16"}, positions=positions,
        funding=funding, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def ladder(made: Portfolio, *, rungs: int | None = None) -> Plan:
    return build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder(rungs))


def by_contract(lines: Sequence[RungLine]) -> dict[str, RungLine]:
    return {each.contract: each for each in lines}


def test_what_costs_most_to_hold_is_the_first_rung() -> None:
    # BTC short 20,000 USD pays 0.01 % three times a day, 6 USD; ETH short 5,000 USD receives as much of its own, 1.50
    made = book_of(
        short(ETH, 5000, entry=2500), short(BTC, 200, entry=40000), funding={"BTCUSD": "-0.0001", "ETHUSD": "0.0001"}
    )
    plan = ladder(made)
    first, second = plan.ladder
    assert [order.contract for order in plan.orders] == ["BTCUSD", "ETHUSD"]
    assert (first.n, first.index, first.contract, first.contracts, first.notional) == (1, 0, "BTCUSD", F(200), F(20000))
    assert (first.funding_usd_per_day, first.basis_usd_per_day, first.cost_usd_per_day) == (F(6), F(0), F(6))
    assert first.cost_per_year == F(6 * 365, 20000)
    assert (second.cost_usd_per_day, second.saved_usd_per_day) == (F(-3, 2), F(9, 2))
    # a short fully margined with its coin is backed by its own notional: 0.5 BTC and 2 ETH
    assert (first.frees, first.frees_usd) == ({"BTC": F("0.5")}, F(20000))
    assert (second.frees, second.frees_usd, second.freed_usd) == ({"ETH": F(2)}, F(5000), F(25000))
    assert (first.wallet, first.distance_before, first.distance_after, first.is_open_after) == (
        "BTC", None, None, False
    )  # fmt: skip


def test_the_premium_that_runs_off_until_expiry_is_earned_by_the_short_and_paid_by_the_long() -> None:
    # F = 40,400 above S = 40,000 on 10,000 USD: 10,000·(1 − S/F) over 20 days
    over = F(10000) * (1 - F(40000, 40400)) / 20
    bought = book_of(long(DATED, 100, entry=40000), marks={"BTCUSD_DATED": "40400"})
    (rung,) = ladder(bought).ladder
    assert (rung.funding_usd_per_day, rung.basis_usd_per_day, rung.cost_usd_per_day) == (F(0), over, over)
    (rung,) = ladder(book_of(short(DATED, 100, entry=40000), marks={"BTCUSD_DATED": "40400"})).ladder
    assert rung.cost_usd_per_day == -over


def test_a_rate_or_a_mark_that_is_not_known_is_no_cost_and_no_saving() -> None:
    made = book_of(
        short(BTC, 200, entry=40000), short(DATED, 100, entry=40000), short(ETH, 5000, entry=2500),
        funding={"ETHUSD": "-0.0001"},
    )  # fmt: skip
    lines = by_contract(ladder(made).ladder)
    assert [(each.contract, each.cost_usd_per_day) for each in lines.values()] == [
        ("ETHUSD", F(3, 2)), ("BTCUSD", None), ("BTCUSD_DATED", None)
    ]  # fmt: skip
    assert [each.saved_usd_per_day for each in lines.values()] == [F(3, 2), None, None]
    assert (lines["BTCUSD"].funding_usd_per_day, lines["BTCUSD_DATED"].basis_usd_per_day) == (None, None)
    assert lines["BTCUSD"].cost_per_year is None


def test_of_what_costs_the_same_that_goes_first_which_frees_more() -> None:
    made = book_of(short(BTC, 100, entry=40000), short(ETH, 12000, entry=2500))
    assert [each.contract for each in ladder(made).ladder] == ["ETHUSD", "BTCUSD"]


def test_the_distance_of_a_wallet_is_told_after_each_rung_of_it() -> None:
    # W = 1 BTC, long 20,000 USD in two halves from 40,000, at m = 0.5 %: P = N(1 + m)/(N/Pe + W)
    other = inverse("BTC", "100", name="BTCUSD_OTHER")
    made = book_of(
        long(BTC, 100, entry=40000), long(other, 100, entry=40000),
        funding={"BTCUSD": "0.0002", "BTCUSD_OTHER": "0.0001"},
    )  # fmt: skip
    first, second = ladder(made).ladder
    fee = F("0.000125")
    both = F(20000) * F("1.005") / (F("0.5") + 1)
    one = F(10000) * F("1.005") / (F("0.25") + 1 - fee)
    assert first.distance_before == 1 - both / 40000
    assert first.distance_after == second.distance_before == 1 - one / 40000
    assert (first.is_open_after, second.distance_after, second.is_open_after) == (True, None, False)
    # at a leverage of 1 each half asks for a quarter of a coin or for what lives through half the price
    assert all(each.frees["BTC"] > 0 for each in (first, second))


def test_a_wallet_of_shorts_ends_above() -> None:
    """P = N(1 - m)/(N/Pe - W) of 60,000 short on 1 BTC, and of the 50,000 that the first rung leaves, less its fee."""
    other = inverse("BTC", "100", name="BTCUSD_OTHER")
    made = book_of(short(BTC, 100, entry=40000), short(other, 500, entry=40000), funding={"BTCUSD": "-0.0002"})
    first, second = ladder(made).ladder
    assert (first.distance_before, first.side_before) == (F(60000) * F("0.995") / F("0.5") / 40000 - 1, "above")
    left = F(50000) * F("0.995") / (F("1.25") - 1 + F("0.000125"))
    assert (first.distance_after, first.side_after) == (left / 40000 - 1, "above")
    assert (second.distance_before, second.side_before, second.side_after) == (first.distance_after, "above", None)


@pytest.mark.parametrize(
    ("below", "above", "distance", "side"),
    [
        ("0.5", "1.2", "0.2", "above"),
        ("0.9", "1.2", "0.1", "below"),
        ("0.8", "1.2", "0.2", "below"),
        (None, "9.5", "8.5", "above"),
        ("0.05", None, "0.95", "below"),
        (None, None, None, None),
    ],
)
def test_the_side_of_a_distance_is_that_of_the_nearer_end(
    below: str | None, above: str | None, distance: str | None, side: str | None
) -> None:
    ends = Factors(*(None if each is None else exact(each) for each in (below, above)))
    end = _End("BTC", ends, is_open=True)
    assert (end.distance, end.side) == (None if distance is None else exact(distance), side)


def test_what_an_order_would_open_comes_after_what_reduces() -> None:
    # the hedge is short 300 and the rebalance long 200: closing the hedge alone turns the net of −100 to +200
    parts = opened(BTC, contracts=F(-100), entry_price=F(40000), hedge=F(-300))
    made = book_of(parts, short(ETH, 5000, entry=2500, hedge=5000), funding={"BTCUSD": "-0.0001", "ETHUSD": "0.0001"})
    plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder(), purpose=Purpose.HEDGE)
    assert [(order.contract, order.reduce_only) for order in plan.orders] == [("ETHUSD", True), ("BTCUSD", False)]
    first, second = plan.ladder
    # 5,000 receive 1.50; −10,000 pays 3 USD, and +20,000 would receive 6
    assert (first.cost_usd_per_day, second.cost_usd_per_day) == (F(-3, 2), F(9))
    assert (first.is_open_after, second.is_open_after) == (False, True)


def test_a_rung_uses_what_one_above_it_has_freed_before_anything_is_brought() -> None:
    """Two longs and a short of 20,000 each, on 1 BTC at leverage 10; the dearest long is closed first.

    At half the price a long has lost 0.5 BTC, the short gained it, and maintenance is 0.005 BTC each: all three need
    0.515. The pair that is left needs a tenth of its 1 BTC, and the long alone 0.505.
    """
    dear, other = (inverse("BTC", "100", name=f"BTCUSD_{name}", fee="0") for name in ("DEAR", "OTHER"))
    free = replace(BTC, taker_fee=F(0))
    made = book_of(
        long(dear, 200, entry=40000), long(other, 200, entry=40000), short(free, 200, entry=40000),
        funding={"BTCUSD_DEAR": "0.0003", "BTCUSD": "-0.0002", "BTCUSD_OTHER": "0.0001"},
        rules=policy(leverage="10", alert=("0.1", "12.5")),
    )  # fmt: skip
    plan = ladder(made)
    assert [rung.contract for rung in plan.ladder] == ["BTCUSD_DEAR", "BTCUSD", "BTCUSD_OTHER"]
    first, second, third = plan.ladder
    assert (first.frees, first.uses, first.brings) == ({"BTC": F("0.415")}, {}, {})
    assert (second.frees, second.uses, second.uses_usd, second.brings) == ({}, {"BTC": F("0.405")}, F(16200), {})
    assert third.frees == {"BTC": F("0.505")}
    assert third.freed_usd == F("0.515") * 40000
    (out,) = plan.transfers
    assert -out.quantity == first.frees["BTC"] - second.uses["BTC"] + third.frees["BTC"]
    for rungs, used in ((1, F("0.405")), (2, None), (3, None)):
        told = [each for each in ladder(made, rungs=rungs).findings if each.code is Code.RUNGS_LEFT]
        assert [each.data["used_coins"] for each in told] == ([] if used is None else [used])
    (said,) = [each for each in ladder(made, rungs=1).findings if each.code is Code.RUNGS_LEFT]
    assert said.message == "the rungs that are left would use 0.405 BTC of what is free by now: leave it, to go on"


def test_as_many_rungs_are_closed_as_are_asked_for() -> None:
    made = book_of(
        short(ETH, 5000, entry=2500), short(BTC, 200, entry=40000), funding={"BTCUSD": "-0.0001", "ETHUSD": "0.0001"}
    )
    plan = ladder(made, rungs=1)
    assert [order.contract for order in plan.orders] == ["BTCUSD"]
    assert [each.contract for each in plan.ladder] == ["BTCUSD"]
    assert len(ladder(made, rungs=5).ladder) == 2


def test_without_a_ladder_there_are_no_rungs_and_the_largest_goes_first() -> None:
    made = book_of(
        short(ETH, 5000, entry=2500), short(BTC, 20, entry=40000), funding={"BTCUSD": "-0.0009", "ETHUSD": "0.0001"}
    )
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert ([order.contract for order in plan.orders], plan.ladder) == (["ETHUSD", "BTCUSD"], ())
    assert [order.contract for order in ladder(made).orders] == ["BTCUSD", "ETHUSD"]


def test_an_isolated_position_frees_its_own_margin() -> None:
    own = replace(short(BTC, 200, entry=40000), margin=F("0.5"))
    (rung,) = ladder(book_of(own)).ladder
    assert (rung.wallet, rung.is_open_after) == ("BTCUSD", False)
    assert rung.frees == {"BTC": F("0.49975")}  # less the fee of closing, 0.05 % of half a coin


def test_a_rung_brings_nothing_to_what_nothing_closes() -> None:
    """60,000 long stand apart on 0.8 BTC and cannot be closed; the short of 2,000 beside it frees its 0.05 BTC."""
    old = replace(inverse("BTC", "100", name="BTCUSD_OLD"), listed=False)
    made = book_of(replace(long(old, 600, entry=40000), margin=F("0.8")), short(BTC, 20, entry=40000))
    (rung,) = ladder(made).ladder
    assert (rung.frees, rung.uses, rung.brings) == ({"BTC": F("0.05")}, {}, {})


SIZES = st.lists(st.integers(-2000, 2000).filter(bool), min_size=1, max_size=6)


@given(sizes=SIZES, rates=st.lists(st.integers(-30, 30), min_size=6, max_size=6), leverage=st.sampled_from(["2", "10"]))
def test_the_rungs_together_are_the_plan(sizes: list[int], rates: list[int], leverage: str) -> None:
    contracts = [inverse(("BTC", "ETH")[n % 2], "10", name=f"C{n}") for n in range(len(sizes))]
    prices = {"BTC": 40000, "ETH": 2500}
    positions = tuple(
        opened(contract, contracts=F(size), entry_price=F(prices[contract.asset]))
        for contract, size in zip(contracts, sizes, strict=True)
    )
    funding = {contract.name: f"{rate}e-5" for contract, rate in zip(contracts, rates, strict=False)}
    made = book_of(*positions, funding=funding, rules=policy(leverage=leverage, alert=("0.35", "12.5")))
    plan = ladder(made)
    out = {
        coin: -total(each.quantity for each in plan.transfers if each.asset == coin) for coin in ("BTC", "ETH")
    }  # fmt: skip
    for coin, quantity in out.items():
        left = ZERO
        for rung in plan.ladder:
            used, brought = rung.uses.get(coin, ZERO), rung.brings.get(coin, ZERO)
            assert used <= left
            assert not brought or used == left
            left += rung.frees.get(coin, ZERO) - used
        assert left - total(rung.brings.get(coin, ZERO) for rung in plan.ladder) == quantity
    costs = [rung.cost_usd_per_day or ZERO for rung in plan.ladder]
    assert costs == sorted(costs, reverse=True)
    assert [plan.orders[rung.index].contract for rung in plan.ladder] == [rung.contract for rung in plan.ladder]
    same = build_unwind(made, made.statement, inputs=INPUTS)
    assert sorted(order.contract for order in same.orders) == sorted(order.contract for order in plan.orders)
    assert same.transfers == plan.transfers
    last = plan.ladder[-1]
    assert last.freed_usd == total(each.frees_usd - each.uses_usd - each.brings_usd for each in plan.ladder)


ACCOUNTS = """
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 20}
accounts:
  bybit:
    venue: bybit
    margin: MODE
    wallets: {BTC: 0.5, ETH: 4}
    positions:
      - {contract: BTCUSD, contracts: -10000, entry_price: 40000}
      - {contract: ETHUSD, contracts: -5000, entry_price: 2500}
  deribit:
    venue: deribit
    wallets: {BTC: 0.5}
    positions: [{contract: BTC-PERPETUAL, contracts: 1000, entry_price: 40000}]
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
  funding: {BTCUSD: -0.01%, ETHUSD: 0.01%, BTC-PERPETUAL: 0.02%}
"""


def of_accounts(tmp_path: Path, mode: str) -> Plan:
    file = tmp_path / "portfolio.yaml"
    file.write_text(ACCOUNTS.replace("MODE", mode), encoding="utf-8")
    now = instant("2026-11-20T09:00:00Z")
    made = load.portfolio(str(file), now=now)
    inputs = Inputs(made.statement_sha256, None, None, made.market.as_of, now, "test")
    return build_unwind(made, made.statement, inputs=inputs, ladder=Ladder())


def test_every_account_has_its_rungs_in_one_ladder(tmp_path: Path) -> None:
    plan = of_accounts(tmp_path, "cross")
    told = [(each.contract, each.account, each.wallet, each.cost_usd_per_day) for each in plan.ladder]
    assert told == [
        ("BTC-PERPETUAL", "deribit", "deribit:BTC", F(6)),
        ("BTCUSD", "bybit", "bybit:BTC", F(3)),
        ("ETHUSD", "bybit", "bybit:ETH", F(-3, 2)),
    ]
    assert [each.is_open_after for each in plan.ladder] == [False, False, False]


def test_a_pooled_account_is_told_by_its_nearest_level(tmp_path: Path) -> None:
    plan = of_accounts(tmp_path, "pooled")
    lines = by_contract(plan.ladder)
    btc, eth = lines["BTCUSD"], lines["ETHUSD"]
    assert (btc.wallet, eth.wallet) == ("bybit", "bybit")
    assert (btc.is_open_after, eth.is_open_after) == (True, False)
    assert btc.distance_after == eth.distance_before
    assert btc.frees_usd + eth.frees_usd == total(
        -each.quantity * {"BTC": 40000, "ETH": 2500}[each.asset] for each in plan.transfers if each.account == "bybit"
    )


LACKING = """
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, XRP: 10000}
accounts:
  main:
    venue: bybit
    margin: pooled
    wallets: {BTC: 0.5}
    positions:
      - {contract: BTCUSD, contracts: 8000, entry_price: 40000}
      - {contract: XRPUSD, contracts: -2000, entry_price: 2}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, XRP: 2}, funding: {BTCUSD: 0.01%}}
"""


def test_a_fee_in_a_coin_that_is_not_there_is_brought_and_takes_nothing_back(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(LACKING, encoding="utf-8")
    made = load.portfolio(str(file), now=NOW)
    plan = ladder(made)
    first, second = plan.ladder
    assert (first.contract, first.brings, second.contract) == ("BTCUSD", {}, "XRPUSD")
    assert {*first.frees, *second.frees} == {"BTC"}
    assert first.frees["BTC"] > 0 < second.frees["BTC"]
    # 0.055 % of the 1,000 XRP that are bought back
    assert (second.brings, second.brings_usd) == ({"XRP": F("0.55")}, F("1.1"))
    freed = first.frees["BTC"] + second.frees["BTC"]
    assert [(each.asset, each.quantity) for each in plan.transfers] == [("XRP", F("0.55")), ("BTC", -freed)]
    # what nothing needed before was free already
    assert first.frees["BTC"] + second.frees["BTC"] < F("0.5") - plan.orders[0].fee
    assert second.freed_usd == first.frees_usd + second.frees_usd - F("1.1")


BESIDE = """
as_of: 2026-11-20T08:00:00Z
holdings: {ETH: 1, SOL: 100, XRP: 20000}
accounts:
  main:
    venue: bybit
    wallets: {SOL: 100, ETH: 1}
    positions: [{contract: XRPUSD, contracts: -5000, entry_price: 0.42}]
    collateral: {SOL: 50%, ETH: 95%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {ETH: 2100, SOL: 105, XRP: 0.42}, funding: {XRPUSD: 0.01%}}
"""
# in the order in which they leave: of the SOL, at 52.5, (5,000 - 1,995) / 52.5 back the short, and then all of the ETH
BACKING = {"SOL": F("57.23809524"), "ETH": F(1)}


def test_a_pool_lets_go_of_what_backed_a_position_in_other_coins_and_each_dollar_of_it_once(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(BESIDE, encoding="utf-8")
    made = load.portfolio(str(file), now=NOW)
    plan = ladder(made)
    (rung,) = plan.ladder
    # 0.055 % of 5,000 / 0.42 XRP is paid for closing
    fee = F("6.54761905")
    assert (rung.frees, rung.uses, rung.brings) == (BACKING, {}, {"XRP": fee})
    assert rung.frees_usd == F("57.23809524") * 105 + 2100
    assert rung.freed_usd == rung.frees_usd - fee * F("0.42")
    moved = {each.asset: each.quantity for each in plan.transfers}
    assert moved == {"XRP": fee, **{asset: -quantity for asset, quantity in BACKING.items()}}
    assert build_unwind(made, made.statement, inputs=INPUTS).transfers == plan.transfers


def test_a_pool_lets_go_of_no_more_than_half_closed_frees(tmp_path: Path) -> None:
    """2,500 are left to back: (2,500 - 1,995) / 52.5 SOL and all of the ETH."""
    file = tmp_path / "portfolio.yaml"
    file.write_text(BESIDE, encoding="utf-8")
    made = load.portfolio(str(file), now=NOW)
    plan = build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 2))
    out = {each.asset: -each.quantity for each in plan.transfers if each.quantity < 0}
    assert out == {"SOL": F("57.23809524") - F("9.61904762")}


def test_dollars_that_backed_every_position_are_freed_rung_by_rung(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    text = BESIDE.replace("{SOL: 100, ETH: 1}\n", "{USDT: 15000}\n").replace("SOL: 100,", "USDT: 15000,")
    text = text.replace("positions: [", "positions: [{contract: ETHUSD, contracts: -9000, entry_price: 2100}, ")
    text = text.replace("funding: {XRPUSD: 0.01%}", "funding: {XRPUSD: -0.01%, ETHUSD: 0.01%}")
    file.write_text(text.replace("    collateral: {SOL: 50%, ETH: 95%}\n", ""), encoding="utf-8")
    plan = ladder(load.portfolio(str(file), now=NOW))
    assert [(each.contract, dict(each.frees)) for each in plan.ladder] == [
        ("XRPUSD", {"USDT": F(5000)}), ("ETHUSD", {"USDT": F(9000)})
    ]  # fmt: skip
    assert {each.asset: each.quantity for each in plan.transfers}["USDT"] == -14000


def test_what_covers_a_loss_that_stands_open_is_not_let_go(tmp_path: Path) -> None:
    """A long has lost 2,100 / 2,100 - 2,100 / 2,800 of 1 ETH, and stays when the short is closed.

    Beside 13,000 USDT the two ask for 14,100 and the long's closing fee at its bankruptcy, 0.75 · 2 · 0.055 % ETH: for
    as much of the rest of the ETH, which count 1,995 each. Without the short the dollars do, and all but the loss goes.
    """
    file = tmp_path / "portfolio.yaml"
    text = BESIDE.replace("contracts: -5000", "contracts: -12000").replace("SOL: 100", "USDT: 13000")
    text = text.replace("positions: [", "positions: [{contract: ETHUSD, contracts: 2100, entry_price: 2800}, ")
    text = text.replace("XRPUSD: 0.01%}", "XRPUSD: -0.01%, ETHUSD: 0%}").replace("{SOL: 50%, ETH: 95%}", "{ETH: 95%}")
    file.write_text(text, encoding="utf-8")
    (rung,) = ladder(load.portfolio(str(file), now=NOW), rungs=1).ladder
    # 0.25 + (1,100 + 0.75 · 2 · 0.00055 · 2,100) / 1,995, less the 0.25
    assert (rung.contract, rung.frees["ETH"]) == ("XRPUSD", F("0.80224687") - F("0.25"))


def test_a_rung_elsewhere_uses_nothing_that_a_pool_has_freed(tmp_path: Path) -> None:
    """A fee comes to the pool; a rung at another account, once that is closed too, leaves the pool as it was."""
    file = tmp_path / "portfolio.yaml"
    elsewhere = """  other:
    venue: deribit
    wallets: {BTC: 0.5}
    positions: [{contract: BTC-PERPETUAL, contracts: -1000, entry_price: 40000}]
market:"""
    text = LACKING.replace("market:", elsewhere).replace("0.01%}", "0.01%, BTC-PERPETUAL: 0.01%}")
    file.write_text(text, encoding="utf-8")
    plan = ladder(load.portfolio(str(file), now=NOW))
    assert [(each.contract, each.account) for each in plan.ladder] == [
        ("BTCUSD", "main"), ("XRPUSD", "main"), ("BTC-PERPETUAL", "other")
    ]  # fmt: skip
    last = plan.ladder[-1]
    # a covered short of 10,000 USD frees its quarter of a coin
    assert (last.frees, last.uses, last.brings) == ({"BTC": F("0.25")}, {}, {})
    assert last.freed_usd == plan.ladder[1].freed_usd + 10000


def test_a_distance_says_its_side_and_no_figure_that_no_one_will_see(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(LACKING, encoding="utf-8")
    first, second = ladder(load.portfolio(str(file), now=NOW)).ladder
    assert (first.side_before, second.side_before, second.side_after) == ("below", first.side_after, None)
    shown = answered("unwind", "-p", str(file), "--ladder", *NINE, "--format", "plain").out
    told = [line.split("  distance ")[1].split("  ")[0] for line in shown.splitlines() if line.startswith("rung")]
    assert told == ["-71.2% -> only beyond 10 x or 0.1 x", "only beyond 10 x or 0.1 x -> closed"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "portfolio.yaml"
    path.write_text(ACCOUNTS.replace("MODE", "cross"), encoding="utf-8")
    return str(path)


NINE = ("--now", "2026-11-20T09:00:00Z")


def test_the_ladder_is_saved_shown_again_and_recorded(file: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "unwind.json")
    assert answered("unwind", "-p", file, "--ladder", *NINE, "--out", saved).code == 0
    assert answered("show", saved, "--format", "json").out == Path(saved).read_text()
    assert [rung["contract"] for rung in json.loads(Path(saved).read_text())["ladder"]] == [
        "BTC-PERPETUAL", "BTCUSD", "ETHUSD"
    ]  # fmt: skip
    table = answered("show", saved, "--format", "csv", "--section", "ladder").out.splitlines()
    assert [line.split(",")[2] for line in table[1:]] == ["BTC-PERPETUAL", "BTCUSD", "ETHUSD"]
    assert answered("record", "plan", saved, "-p", file, *NINE).code == 0
    assert json.loads(answered("unwind", "-p", file, "--ladder", *NINE, "--format", "json").out)["ladder"] == []


def test_what_follows_on_a_ladder_is_its_first_rung(file: str) -> None:
    shown = answered("unwind", "-p", file, "--ladder", *NINE, "--format", "table").out
    first = f"rebal unwind -p {file} {' '.join(NINE)} --rungs 1 --out unwind.json\n"
    assert shown.endswith(f"next: save its first rung alone, to record it once it is placed: {first}")
    one = answered("unwind", "-p", file, "--rungs", "1", *NINE, "--format", "table").out
    assert one.endswith(f"--rungs 1 {' '.join(NINE)} --out unwind.json\n")


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "two", "9999999999"])
def test_a_count_of_rungs_that_is_none_is_a_slip(file: str, count: str) -> None:
    said = answered("unwind", "-p", file, f"--rungs={count}", *NINE)
    assert (said.code, said.out) == (2, "")
    assert f"--rungs {count}: write how many to close, from 1" in said.err


def test_what_a_rung_frees_beyond_those_above_it_is_told_by_name_and_what_it_takes_back_is_used_or_brought() -> None:
    """Of five coins two are freed; of what stays after all some was freed before, and the rest of it comes."""
    now = {"ZZZ": F(5), "ETH": F(1), "ADA": F(2)}
    before = {"ZZZ": F(2), "ETH": F(4), "BTC": F(3), "SOL": F(4), "XRP": F(0)}
    moved = _Moved.of(now, before, {"ETH": F(2), "BTC": F(3), "DOT": F(7)})
    assert [*moved.frees.items()] == [("ADA", F(2)), ("ZZZ", F(3))]
    # 3 ETH less may leave, of which 2 were freed; 3 BTC, which were; 4 SOL, of which none was
    assert [*moved.uses.items()] == [("BTC", F(3)), ("ETH", F(2))]
    assert [*moved.brings.items()] == [("ETH", F(1)), ("SOL", F(4))]
    assert {asset: coins for asset, coins in moved.left.items() if coins} == {"DOT": F(7), "ADA": F(2), "ZZZ": F(3)}
    assert min(moved.left.values()) == 0


def test_what_rungs_use_of_what_was_free_before_them_is_the_least_that_is_left() -> None:
    (rung,) = ladder(book_of(short(BTC, 200, entry=40000))).ladder
    moves: list[tuple[dict[str, Fraction], dict[str, Fraction]]] = [
        ({}, {"XRP": F(2)}), ({"XRP": F(5), "BTC": F(1)}, {}), ({}, {"XRP": F(4), "BTC": F(1), "ADA": F(1)}),
    ]  # fmt: skip
    rungs = [replace(rung, frees=frees, uses=uses) for frees, uses in moves]
    assert [*used_by(rungs).items()] == [("ADA", F(1)), ("XRP", F(2))]


def test_what_is_not_known_to_cost_comes_after_what_costs_little_and_before_what_earns() -> None:
    made = book_of(
        short(BTC, 200, entry=40000), short(DATED, 100, entry=40000), short(ETH, 5000, entry=2500),
        funding={"BTCUSD": "-0.00001", "ETHUSD": "0.00001"},
    )  # fmt: skip
    lines = ladder(made).ladder
    assert [(each.contract, each.cost_usd_per_day) for each in lines] == [
        ("BTCUSD", F(3, 5)), ("BTCUSD_DATED", None), ("ETHUSD", F(-3, 20))
    ]  # fmt: skip


def test_of_a_pool_between_its_policy_and_its_alert_no_more_goes_than_leaves_what_is_needed(tmp_path: Path) -> None:
    """10,000 short on 9,000 dollars: half of it needs 5,000, so that 4,000 go of the 5,000 that it needs less."""
    file = tmp_path / "portfolio.yaml"
    file.write_text(
        """
as_of: 2026-11-20T08:00:00Z
holdings: {ETH: 1, USDT: 9000}
accounts:
  main:
    venue: bybit
    wallets: {USDT: 9000}
    positions: [{contract: ETHUSD, contracts: -10000, entry_price: 2500}]
    collateral: {USDT: 100%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {ETH: 2500}}
""",
        encoding="utf-8",
    )
    made = load.portfolio(str(file), now=NOW)
    plan = build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 2))
    # 0.055 % of 2 ETH comes for the fee
    assert [(each.asset, each.quantity) for each in plan.transfers] == [("ETH", F("0.0011")), ("USDT", F(-4000))]
