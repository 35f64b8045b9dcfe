"""What a plan's book is worth as all coins move, and what it has cost by a day, by hand."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given

from drawn import FEWER
from exact import exact
from rebal.amounts import Fraction, plain
from rebal.book import Book, Part, Position, Purpose, opened
from rebal.explain import derivations
from rebal.planner import build_plan
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.portfolio import Portfolio
from rebal.stress.report import build_stress
from test_golden import ROOT, planned

from .given import INPUTS, inverse, portfolio
from .test_accounts import WORKED, books, inputs, read, two
from .test_accounts import planned as accounts_planned
from .test_pooled_checks import in_a_pool
from .test_splitting import accounts, at

F = Fraction


def worth(file: str, points: int) -> list[str]:
    """Unhedged, hedged and in spot, once all coins have moved by so many percent points."""
    lines = planned(ROOT / "portfolios" / file).payoff
    (line,) = (each for each in lines if each.shock == Fraction(points, 100))
    return [plain(each) for each in (line.equity_unhedged, line.equity_hedged, line.equity_rebalanced_in_spot)]


def test_legs_that_cancel_leave_the_fees_which_move_with_their_coins() -> None:
    # sells 15,000 of BTC and buys as much of ALT and ETH: all that is missing are 15 dollars of fees, paid in coins
    assert worth("drift.yaml", 0) == ["130000", "129985", "130000"]
    assert worth("drift.yaml", 100) == ["260000", "259970", "260000"]
    assert worth("drift.yaml", -50) == ["65000", "64992.5", "65000"]


def test_a_wallet_that_is_liquidated_is_lost_with_what_it_owes() -> None:
    # at -60 % of 0.5 and 2,500: 22,440 ALT less 1,100 contracts of 10 (1/0.5 - 1/0.2), and ETH likewise
    alt = 22_440 - 1_100 * 10 * (F(10, 2) - F(10, 5))
    eth = exact("1.6816") - 400 * 10 * (F(1, 1000) - F(1, 2500))
    kept = 52_000 - 6
    assert worth("drift.yaml", -60)[1] == plain(kept - alt * F(2, 10) - eth * 1000)


def test_without_futures_there_is_nothing_to_tell() -> None:
    assert planned(ROOT / "portfolios" / "protected-bitcoin.yaml").payoff == ()


def test_purposes_that_cancel_out_stand_for_their_spot_trades() -> None:
    # 10,000 dollars of bitcoin in the place of spot, and as many against 20,000 of DOT at a beta of 0.5: no net
    contract = inverse("BTC", "100")
    parts = (Part(Purpose.REBALANCE, F(100), F(40000), "BTC"), Part(Purpose.HEDGE, F(-100), F(40000), "DOT"))
    made = portfolio(
        {"BTC": "2", "DOT": "2000", "USD": "10000"}, {"BTC": "0.82", "DOT": "0.18"}, {"BTC": "40000", "DOT": "10"},
        (contract,), positions=(Position(contract, F(0), F(40000), None, parts),), wallets={"BTC": "1"},
        proxies={"DOT": ("BTC", "0.5")},
    )  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert not plan.orders
    (line,) = (each for each in plan.payoff if each.shock == 1)
    assert (line.equity_unhedged, line.equity_hedged) == (F(210_000), F(210_000))
    assert line.equity_rebalanced_in_spot == 210_000 + 10_000 - 20_000
    told = {each.figure: each for each in derivations(plan, made, made.statement)}
    assert all(each.agrees for each in told.values())
    # bitcoin is two coins and the part in the place of spot; the hedge of DOT is beside it
    assert told["assets.BTC.exposure"].value == 90_000


def test_costs_are_fees_and_the_funding_of_so_many_days() -> None:
    costs = planned(ROOT / "portfolios" / "drift.yaml").costs
    # 15 dollars of fees, and 1.65 a day received
    assert [(each.day, each.cost_usd) for each in costs.by_day] == [
        (day, 15 - day * exact("1.65")) for day in (0, 30, 60, 90, 180, 365)
    ]


def test_fees_are_told_by_the_day_where_nothing_is_left_that_funding_is_paid_on() -> None:
    contract = inverse("BTC", "100")
    made = portfolio(
        {"BTC": "2"}, {"BTC": "1"}, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"},
        positions=(opened(contract, contracts=F(-100), entry_price=F(40000)),),
    )  # fmt: skip
    costs = build_plan(made, made.statement, inputs=INPUTS).costs
    # 0.05 % of 10,000
    assert [(each.day, each.cost_usd) for each in costs.by_day] == [(day, F(5)) for day in (0, 30, 60, 90, 180, 365)]


def left_of(coins: str, wallet: str, *, contracts: int, entry: int = 40000) -> dict[str, Fraction]:
    """What is left of some BTC at 40,000, of which so much is in a wallet with a position, by the move."""
    held = opened(inverse("BTC"), contracts=F(contracts), entry_price=F(entry))
    made = portfolio({"BTC": coins}, None, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": wallet},
                     positions=(held,))  # fmt: skip
    lines = build_status(made, made.statement, inputs=INPUTS).payoff
    return {plain(each.shock): each.equity_hedged for each in lines}


def test_a_wallet_comes_through_a_move_at_whose_end_its_margin_is_just_covered() -> None:
    """40,000 short at 40,000: at twice the price half a bitcoin is lost, and 0.5 % of the other half is asked."""
    left = left_of("1", "0.5025", contracts=-40000)
    assert [left[shock] for shock in ("0.5", "1", "2")] == [40000, 40000, 120000 * exact("0.4975")]


def test_a_wallet_that_only_the_farthest_fall_ends_is_lost_there_alone() -> None:
    """40,000 long on 2.1 BTC are gone at 40,000 (1.005)/3.1, a fall of 67.6 %."""
    left = left_of("3", "2.1", contracts=40000)
    assert [left[shock] for shock in ("-0.6", "-0.8")] == [16000 * 3 - 24000, exact("0.9") * 8000]


def test_a_wallet_that_is_liquidated_today_is_lost_whatever_comes() -> None:
    """40,000 short at 20,000 have lost 1 BTC: 0.003 are there, less than 0.5 % of 1, and 0.1 outside."""
    left = left_of("1.103", "1.003", contracts=-40000, entry=20000)
    assert left == {shock: 4000 * (1 + exact(shock)) for shock in left}


def gone(made: Portfolio, wallet: str, left: str = "0") -> Book:
    """What is there, and SOL of which none is owned any more, nor has it a price."""
    held = made.statement
    return replace(held, holdings={**held.holdings, "SOL": F(0)}, wallets={**held.wallets, wallet: exact(left)})


def test_dollars_that_stand_at_another_price_stay_there() -> None:
    """1,000 USDT at 0.98 beside 1 BTC."""
    held = opened(inverse("BTC"), contracts=F(-4000), entry_price=F(40000))
    made = portfolio({"BTC": "1", "USDT": "1000"}, None, {"BTC": "40000", "USDT": "0.98"}, (inverse("BTC"),),
                     wallets={"BTC": "1"}, positions=(held,))  # fmt: skip
    lines = build_status(made, gone(made, "SOL"), inputs=INPUTS).payoff
    assert [each.equity_unhedged for each in lines if each.shock in (0, 1)] == [40980, 80980]
    assert [each.equity_hedged for each in lines if each.shock == 1] == [80980 - 4000]


def sole() -> Portfolio:
    held = opened(inverse("BTC"), contracts=F(-4000), entry_price=F(40000))
    return portfolio({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (inverse("BTC"),),
                     wallets={"BTC": "1"}, positions=(held,))  # fmt: skip


def of_two() -> Portfolio:
    contracts = tuple(at(name, inverse("BTC")) for name in "ab")
    return replace(sole(), contracts={each.name: each for each in contracts}, told_accounts=accounts(a="0.5", b="1"),
                   statement=Book({"BTC": F(1)}, {"a:BTC": F("0.2")}, {}))  # fmt: skip


@pytest.mark.parametrize(
    ("made", "wallet", "left"),
    [
        (sole(), "SOL", "0"),
        (of_two(), "a:SOL", "0"),
        (of_two(), "a:SOL", "5"),
        (in_a_pool("0.21", -8000)[0], "b:SOL", "0"),
    ],
)
def test_coins_of_which_none_are_owned_any_more_need_no_price(made: Portfolio, wallet: str, left: str) -> None:
    """Nor do they change a figure, though a transfer out of their wallet may not have been recorded."""
    book = gone(made, wallet, left)
    for build in (build_status, build_plan, build_stress, partial(build_unwind, share=F(1), force=True)):
        found, without = (build(made, each, inputs=INPUTS) for each in (book, made.statement))
        assert [each for each in found.wallets if each.currency != "SOL"] == list(without.wallets)
        for rows in ("assets", "payoff", "scenarios"):
            assert getattr(found, rows, ()) == getattr(without, rows, ())


def test_wallets_of_one_coin_at_several_accounts_end_each_at_its_own_price(tmp_path: Path) -> None:
    made = two(tmp_path, "cross")
    plan = accounts_planned(made)
    told = build_stress(made, made.statement, inputs=plan.inputs, planned=True)
    alike = [each for each in told.scenarios if each.everywhere is not None]
    assert [each.equity_hedged for each in plan.payoff] == [each.equity_hedged for each in alike]
    assert plan.payoff


def test_a_pooled_account_ends_on_the_path_of_all_its_coins(tmp_path: Path) -> None:
    made = two(tmp_path, "pooled")
    plan = accounts_planned(made)
    told = build_stress(made, made.statement, inputs=plan.inputs, planned=True)
    alike = [each for each in told.scenarios if each.everywhere is not None]
    assert plan.orders
    assert [(each.shock, each.equity_hedged) for each in plan.payoff] == [
        (each.everywhere, each.equity_hedged) for each in alike
    ]
    assert [each.equity_rebalanced_in_spot for each in plan.payoff] == [
        each.equity_rebalanced_in_spot for each in alike
    ]


def test_what_a_pooled_account_loses_by_hand(tmp_path: Path) -> None:
    made = read(tmp_path, WORKED)
    lines = build_status(made, made.statement, inputs=inputs(made)).payoff
    worth_at = {plain(each.shock): each.equity_hedged for each in lines}
    # 1 BTC at 40,000, and a long of 60,000 dollars of ETH: gone where both have fallen to 606,000/991,637
    assert [worth_at[shock] for shock in ("-0.3", "-0.4", "0.5")] == [28000 - 18000, F(0), 60000 + 30000]


@FEWER
@given(text=books())
def test_a_payoff_over_accounts_is_the_stress_report_of_what_a_plan_leaves(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = accounts_planned(made)
    told = build_stress(made, made.statement, inputs=plan.inputs, planned=True)
    alike = {each.everywhere: each.equity_hedged for each in told.scenarios}
    assert all(alike[each.shock] == each.equity_hedged for each in plan.payoff)


EDGE = """\
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 0.5}
accounts:
  main: {venue: deribit, margin: pooled, collateral: {BTC: 100%}, wallets: {BTC: 0.5},
         positions: [{contract: EDGE, contracts: 30000, entry_price: 40000}]}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, EDGE: 40000}}
contracts:
  EDGE: {asset: BTC, kind: inverse, multiplier: 1, lot_size: 1, tick_size: 0.5, taker_fee: 0%,
         maintenance: {price: mark, close_fee: false, method: whole, tier_unit: coin,
                       tiers: [{up_to: 0.75, rate: 1%}, {rate: 99%}]}}
"""


def test_what_the_least_fall_ends_is_not_lost_today_nor_on_the_way_up(tmp_path: Path) -> None:
    """0.75 BTC are the most of a tier of 1 %; of more 99 % is asked, and 20,000 dollars are there for 29,700.

    A tenth up the long of 30,000 has made 3,000 dollars beside 22,000 of coins.
    """
    made = read(tmp_path, EDGE)
    found = build_status(made, made.statement, inputs=inputs(made))
    hedged = {each.shock: each.equity_hedged for each in found.payoff}
    tenth = F(1, 10)
    assert (hedged[-tenth], hedged[F(0)], hedged[tenth]) == (F(0), F(20000), F(25000))


def test_nor_is_what_the_least_rise_ends_lost_today_or_on_the_way_down(tmp_path: Path) -> None:
    """A short of 30,000 dollars, the most of its tier, on 20,000 dollars of coins: a tenth down 18,000 and 3,000."""
    linear = (
        EDGE.replace("kind: inverse, multiplier: 1,", "kind: linear, multiplier: 0.0001,")
        .replace("tier_unit: coin", "tier_unit: usd")
        .replace("up_to: 0.75", "up_to: 30000")
        .replace("contracts: 30000,", "contracts: -7500,")
        .replace("BTC: 40000, EDGE", "BTC: 40000, USDT: 1, EDGE")
    )
    made = read(tmp_path, linear)
    found = build_status(made, made.statement, inputs=inputs(made))
    hedged = {each.shock: each.equity_hedged for each in found.payoff}
    tenth = F(1, 10)
    assert (hedged[-tenth], hedged[F(0)], hedged[tenth]) == (F(21000), F(20000), F(0))
