"""The rows of an answer, counted out by hand where something is not there before or not there after."""

from dataclasses import replace
from typing import Any

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, Part, Position, Purpose, opened
from rebal.plan import Standing
from rebal.planner import build_plan
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.portfolio import FundingRate, Portfolio

from .given import INPUTS, inverse, linear, portfolio
from .test_pooled_checks import in_a_pool

NOTHING = Standing(Fraction(0), Fraction(0), None, None, None, None, None, None)
HALF = {"BTC": "0.5", "USD": "0.5"}


def test_a_wallet_that_a_plan_opens_stood_at_nothing() -> None:
    """20,000 short at 40,000: half a bitcoin, and 0.05 % of it on top, which are paid as the fee."""
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC"),))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    (row,), (line,) = plan.wallets, plan.positions
    assert row.before == NOTHING
    assert told(row, "balance", "margin_balance", "unrealised_pnl") == [exact("0.5"), exact("0.5"), 0]
    assert told(row, "leverage", "position_value", "initial_margin") == [1, exact("0.5"), exact("0.5")]
    assert told(row, "maintenance_margin", "margin_ratio") == [exact("0.0025"), exact("0.005")]
    assert row.share_of_holding == exact("0.5") / (1 - exact("0.00025"))
    assert told(line, "contracts", "contracts_before", "entry_price") == [-20000, 0, 40000]
    assert told(line, "contracts_hedge", "contracts_rebalance", "delta") == [0, -20000, exact("-0.5")]


def told(row: object, *names: str) -> list[Any]:
    return [getattr(row, name) for name in names]


def in_a_margin_of_its_own() -> Portfolio:
    """20,000 short from 50,000 at 40,000 in half a bitcoin of margin: 0.1 BTC are gained."""
    short = Position(inverse("BTC"), Fraction(-20000), Fraction(50000), exact("0.5"),
                     opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(50000)).parts)  # fmt: skip
    return portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": "0.5"},
                     positions=(short,))  # fmt: skip


def test_a_margin_that_closing_empties_stays_in_sight() -> None:
    made = in_a_margin_of_its_own()
    (stands,) = [each for each in build_status(made, made.statement, inputs=INPUTS).wallets if each.contract]
    plan = build_unwind(made, made.statement, inputs=INPUTS, share=Fraction(1), force=True)
    (row,) = [each for each in plan.wallets if each.contract]
    assert told(row, "mode", "currency", "contract", "account") == [MarginMode.ISOLATED, "BTC", "BTCUSD", None]
    assert told(row, "balance", "margin_balance", "position_value", "required") == [0, 0, 0, 0]
    assert told(row, "leverage", "liquidation_above", "distance_above_all_posted") == [None, None, None]
    # 0.4 bought at 50,000 are 0.5 at 40,000: 0.1 are gained on a margin of 0.5
    assert told(row.before, "balance", "margin_balance", "leverage") == [exact("0.5"), exact("0.6"), Fraction(5, 6)]
    assert row.before == stands.before
    (line,) = plan.positions
    assert told(line, "contracts", "contracts_before", "entry_price", "isolated_margin") == [0, -20000, None, None]
    assert told(line, "liquidation_price", "delta", "unrealised_pnl") == [None, 0, 0]
    assert line.margin is MarginMode.ISOLATED


def test_a_wallet_that_two_coins_move_has_no_price_of_its_end() -> None:
    """Longs of bitcoin and ether on dollars: an end as a share of both, and none at the price of either."""
    contracts = (linear("BTC"), linear("ETH"))
    held = tuple(opened(each, contracts=Fraction(1000), entry_price=Fraction(price))
                 for each, price in zip(contracts, (40000, 2500), strict=True))  # fmt: skip
    made = portfolio({"USDT": "20000"}, None, {"BTC": "40000", "ETH": "2500"}, contracts, wallets={"USDT": "20000"},
                     positions=held)  # fmt: skip
    (row,) = build_status(made, made.statement, inputs=INPUTS).wallets
    # at f of today's prices 42,500 f - 22,500 are left, and 212.5 f are asked
    end = Fraction(22500) / (42500 - exact("212.5"))
    assert told(row, "liquidation_below", "distance_below", "leverage") == [None, 1 - end, exact("2.125")]
    alone = replace(made.statement, positions={"BTCUSDT": made.statement.positions["BTCUSDT"]})
    (row,) = build_status(made, alone, inputs=INPUTS).wallets
    assert row.liquidation_below == 40000 * Fraction(20000) / (40000 - 200)


def test_the_rows_of_a_pool_tell_what_is_there_and_what_was() -> None:
    """8,000 sold at 50,000 have gained 0.04 BTC at 40,000; closed, all but the fee of 0.0001 is let go."""
    made, _ = in_a_pool("0.21", -8000, entry=50000)
    (row,) = build_status(made, made.statement, inputs=INPUTS).wallets
    assert told(row, "account", "balance", "unrealised_pnl", "margin_balance", "share_of_holding") == [
        "b", exact("0.21"), exact("0.04"), exact("0.25"), 1,
    ]  # fmt: skip
    assert told(row, "position_value", "initial_margin", "maintenance_margin") == [
        exact("0.2"), exact("0.2"), exact("0.001"),
    ]  # fmt: skip
    flat, _ = in_a_pool("0.21", -8000)
    (gone,) = build_unwind(flat, flat.statement, inputs=INPUTS, share=Fraction(1), force=True).wallets
    assert told(gone, "account", "currency", "balance", "position_value", "required") == ["b", "BTC", 0, 0, 0]
    assert told(gone.before, "balance", "margin_balance") == [exact("0.21"), exact("0.21")]


def test_a_plan_changes_something_where_it_trades_or_moves_coins() -> None:
    """All coins are there for the short of half of them; then a wallet in alert is topped up and nothing traded."""
    for wallet, orders, transfers in (("1", True, False), (None, True, True)):
        made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC"),),
                         wallets={} if wallet is None else {"BTC": wallet})  # fmt: skip
        plan = build_plan(made, made.statement, inputs=INPUTS)
        assert (bool(plan.orders), bool(plan.transfers), plan.changes) == (orders, transfers, True)
    short = opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000))
    for wallet, moves in (("0.3", True), ("0.5", False)):
        made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": wallet},
                         positions=(short,))  # fmt: skip
        plan = build_plan(made, made.statement, inputs=INPUTS)
        assert (bool(plan.orders), bool(plan.transfers), plan.changes) == (False, moves, moves)


def test_purposes_that_cancel_out_have_no_entry_and_no_price_of_their_end() -> None:
    """Half a contract of 1,000 protects, and half is long for the targets: nothing is open on the exchange."""
    contract = inverse("BTC", "1000", lot="0.5")
    parts = tuple(Part(purpose, exact(size), Fraction(40000), "BTC")
                  for purpose, size in ((Purpose.HEDGE, "-0.5"), (Purpose.REBALANCE, "0.5")))  # fmt: skip
    flat = Position(contract, Fraction(0), Fraction(40000), None, parts)
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "0.5"}, positions=(flat,))
    (line,) = build_status(made, made.statement, inputs=INPUTS).positions
    assert told(line, "contracts", "contracts_hedge", "contracts_rebalance") == [0, exact("-0.5"), exact("0.5")]
    assert told(line, "entry_price", "liquidation_price", "unrealised_pnl", "delta") == [None, None, 0, 0]


def test_less_than_a_contract_ends_on_the_side_of_its_sign() -> None:
    """400 dollars: a long of 0.4 contracts on 0.02 BTC ends below today's price, a short on 0.009 above it."""
    contract = inverse("BTC", "1000", lot="0.1")
    for sign, wallet in ((1, "0.02"), (-1, "0.009")):
        held = opened(contract, contracts=sign * exact("0.4"), entry_price=Fraction(40000))
        made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": wallet}, positions=(held,))
        (line,) = build_status(made, made.statement, inputs=INPUTS).positions
        # a long N (1 + m) / (N/Pe + W), a short N (1 - m) / (N/Pe - W)
        end = 400 * (1 + sign * exact("0.005")) / (exact("0.01") + sign * exact(wallet))
        assert line.liquidation_price == end
        assert (end < 40000) == (sign > 0)


def test_what_a_proxy_trades_is_a_row_though_nobody_holds_it_and_dollars_have_no_hedge() -> None:
    """100,000 dollars, a tenth too much of it DOT: 10,000 are sold through BTC, which then has a row of nothing."""
    held, prices = {"DOT": "12000", "USDT": "30000", "USD": "10000"}, {"DOT": "5", "BTC": "40000"}
    made = portfolio(held, {"DOT": "0.5", "USD": "0.5"}, prices, (linear("BTC", fee="0"),),
                     proxies={"DOT": ("BTC", "1")})  # fmt: skip
    rows = {each.asset: each for each in build_plan(made, made.statement, inputs=INPUTS).assets}
    assert told(rows["BTC"], "holding", "spot_value", "exposure", "exposure_after") == [0, 0, 0, 0]
    assert told(rows["DOT"], "exposure", "exposure_after") == [60000, 50000]
    assert told(rows["USD"], "holding", "hedge_ratio", "hedge_ratio_after") == [40000, None, None]


@pytest.mark.parametrize(
    ("dollars", "parts", "told"),
    [
        ("0", {}, None),
        ("100", {}, [100, 100, 100]),
        ("0", {Purpose.REBALANCE: "-100"}, [0, 100, 100]),
        # what is spent on a long in place of spot is all that there was
        ("100", {Purpose.REBALANCE: "100"}, [100, 0, 0]),
        ("0", {Purpose.HEDGE: "-100"}, [0, 0, 100]),
        ("0", {Purpose.REBALANCE: "100", Purpose.HEDGE: "-100"}, [0, -100, 0]),
    ],
)
def test_dollars_are_a_row_where_some_are_held_made_or_net_of_hedges(
    dollars: str, parts: dict[Purpose, str], told: list[int] | None
) -> None:
    held = tuple(Part(purpose, exact(size), Fraction(40000), "BTC") for purpose, size in parts.items())
    net = sum((each.contracts for each in held), Fraction(0))
    positions = (Position(inverse("BTC"), net, Fraction(40000), None, held),) if held else ()
    made = portfolio({"BTC": "1", "USD": dollars}, None, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": "1"},
                     positions=positions)  # fmt: skip
    rows = build_status(made, made.statement, inputs=INPUTS).assets
    found = [[each.holding, each.exposure, each.net_exposure] for each in rows if each.asset == "USD"]
    assert found == ([] if told is None else [told])


def test_what_stays_open_costs_its_funding_by_the_day_though_nothing_is_traded() -> None:
    """0.01 % of 20,000 three times a day, which a short is paid."""
    held = opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": "1"}, positions=(held,),
                     funding={"BTCUSD": "0.0001"})  # fmt: skip
    costs = build_plan(made, made.statement, inputs=INPUTS).costs
    assert [told(each, "day", "cost_usd") for each in costs.by_day] == [[n, -6 * n] for n in (0, 30, 60, 90, 180, 365)]
    nothing = replace(made, market=replace(made.market, funding={"BTCUSD": FundingRate(*[Fraction(0)] * 3)}))
    assert build_plan(nothing, nothing.statement, inputs=INPUTS).costs.by_day == ()
