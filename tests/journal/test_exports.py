"""Fills out of exchanges' own records: which columns, whose sign of the fee, and whose fills they are."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Purpose
from rebal.errors import InvalidInput
from rebal.journal import exports
from rebal.journal.adding import add
from rebal.journal.exports import Chosen, choose
from rebal.journal.placed import Given
from rebal.journal.saved import SavedOrder, SavedPart, SavedPlan
from rebal.ledger import Draft, Journal
from rebal.market.contract import OrderUnit
from rebal.portfolio import Portfolio

from .books import AS_OF, CONTRACTS, SOLUSDT, at, fill, part, portfolio

F = Fraction
NOW = at(120)
FILLED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MS = str(int(FILLED.timestamp() * 1000))


def order(contract: str, contracts: str, asset: str = "BTC") -> SavedOrder:
    parts = (SavedPart(Purpose.REBALANCE, exact(contracts), asset),)
    return SavedOrder(contract, asset, "inverse", exact(contracts), abs(exact(contracts)), F(40000), F(0), asset, parts)


def plan(*orders: SavedOrder) -> SavedPlan:
    return SavedPlan(
        source="plan.json", digest="d" * 64, command="plan", refused=False, refusals=(), venue=None, as_of=AS_OF,
        statement_sha256="a" * 64, journal_seq=0, journal_head=None, market_as_of=None, now=at(60), orders=orders,
        transfers=(), steps=(), hedges=(), holdings={}, contracts_before={}, prices={},
    )  # fmt: skip


PLAN = plan(order("BTCUSD", "-150"), order("SOLUSDT", "40", "SOL"))


def chosen(text: str, *, portfolio: Portfolio | None = None, journal: Journal | None = None) -> Chosen:
    return choose(text, "fills.csv", plan=PLAN, portfolio=portfolio or books(), journal=journal or Journal(), now=NOW)


def books(**units: OrderUnit) -> Portfolio:
    contracts = {name: replace(each, order_unit=units.get(name, each.order_unit)) for name, each in CONTRACTS.items()}
    return portfolio(contracts=contracts)


def csv(*records: Mapping[str, str]) -> str:
    header = list(records[0])
    return "\n".join([",".join(header), *(",".join(record[name] for name in header) for record in records)]) + "\n"


BINANCE = {"symbol": "BTCUSD", "id": "6", "orderId": "28", "side": "SELL", "price": "40001.5", "qty": "150",
           "marginAsset": "BTC", "baseQty": "0.375", "commission": "0.00018750", "commissionAsset": "BTC",
           "time": MS}  # fmt: skip
BYBIT = {"symbol": "BTCUSD", "execId": "e-6", "side": "Sell", "execPrice": "40001.5", "execQty": "150",
         "execFee": "0.0001875", "execTime": MS, "execType": "Trade"}  # fmt: skip
OKX = {"instId": "BTCUSD", "tradeId": "6", "side": "sell", "fillPx": "40001.5", "fillSz": "150", "fee": "-0.0001875",
       "feeCcy": "BTC", "ts": MS, "posSide": "net"}  # fmt: skip
DERIBIT = {"instrument_name": "BTCUSD", "trade_id": "ETH-6", "direction": "sell", "price": "40001.5", "amount": "150",
           "fee": "1.875e-4", "fee_currency": "BTC", "timestamp": MS}  # fmt: skip
OWN = {"contract": "BTCUSD", "side": "sell", "contracts": "150", "price": "40001.5", "fee": "0.0001875",
       "time": "2026-11-20T10:30:00+01:00", "id": "6"}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "name"), [(BINANCE, "6"), (BYBIT, "e-6"), (OKX, "6"), (DERIBIT, "ETH-6"), (OWN, "6")],
    ids=["binance", "bybit", "okx", "deribit", "own"],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["csv", "json"])
def test_each_exchanges_records(record: dict[str, str], name: str, shape: str) -> None:
    text = csv(record) if shape == "csv" else json.dumps([record])
    assert chosen(text) == Chosen((Given("BTCUSD", F(150), F("40001.5"), F("0.0001875"), FILLED, name),), 0)


@pytest.mark.parametrize(
    "around",
    [
        lambda record: {"result": {"list": [record]}},
        lambda record: {"data": [record], "code": "0"},
        lambda record: {"result": {"trades": [record]}},
        lambda record: {"result": [record]},
    ],
)
def test_answers_of_an_api_are_unwrapped(around: Any) -> None:
    assert len(chosen(json.dumps(around(OWN))).fills) == 1


def test_numbers_outside_quotes_keep_their_digits() -> None:
    text = json.dumps([DERIBIT]).replace('"1.875e-4"', "1.875e-4").replace('"150"', "150.0")
    (fill,) = chosen(text).fills
    assert (fill.fee, fill.contracts) == (F("0.0001875"), F(150))


def test_a_rebate_is_negative_everywhere() -> None:
    for record in ({**BYBIT, "execFee": "-0.00001"}, {**OKX, "fee": "0.00001"}):
        assert chosen(csv(record)).fills[0].fee == F("-0.00001")


def test_a_fee_that_is_not_there_is_left_to_the_taker_fee() -> None:
    assert chosen(csv({**OWN, "fee": ""})).fills[0].fee is None


@pytest.mark.parametrize(
    ("record", "unit", "contracts"),
    [
        ({**BYBIT, "symbol": "SOLUSDT", "side": "Buy", "execQty": "4"}, OrderUnit.COINS, 40),
        ({**BYBIT, "symbol": "SOLUSDT", "side": "Buy", "execQty": "4"}, OrderUnit.CONTRACTS, 4),
        ({**OKX, "instId": "SOLUSDT", "side": "buy", "fillSz": "4"}, OrderUnit.COINS, 4),
        ({**DERIBIT, "instrument_name": "SOLUSDT", "direction": "buy", "amount": "4"}, OrderUnit.CONTRACTS, 40),
    ],
)
def test_quantities_become_contracts(record: dict[str, str], unit: OrderUnit, contracts: int) -> None:
    assert SOLUSDT.multiplier == F("0.1")
    assert chosen(csv(record), portfolio=books(SOLUSDT=unit)).fills[0].contracts == contracts


def test_only_the_plans_own_fills_are_taken() -> None:
    early = str(int((at(58) + timedelta(seconds=30)).timestamp() * 1000))
    close = str(int((at(59) + timedelta(seconds=30)).timestamp() * 1000))
    records = [
        BINANCE,
        {**BINANCE, "id": "7", "side": "BUY"},
        {**BINANCE, "id": "8", "symbol": "ETHUSD"},
        {**BINANCE, "id": "9", "time": early},
        {**BINANCE, "id": "10", "time": close},
    ]
    got = chosen(csv(*records))
    assert ([fill.id for fill in got.fills], got.left_out) == (["6", "10"], 3)


def test_fundings_among_the_executions_are_no_fills() -> None:
    got = chosen(csv(BYBIT, {**BYBIT, "execId": "e-7", "execType": "Funding"}))
    assert ([fill.id for fill in got.fills], got.left_out) == (["e-6"], 1)


def test_fills_that_another_plan_has_are_not_this_ones() -> None:
    event = fill("-150", "40001.5", part("-150", "rebalance"))
    taken = add(Journal(), [Draft(event, FILLED, "BTCUSD:6", "e" * 64)]).after
    assert [each.id for each in chosen(csv(BINANCE, {**BINANCE, "id": "7"}), journal=taken).fills] == ["7"]
    with pytest.raises(InvalidInput, match=r"record 1 is in the journal already, as BTCUSD:6, and not of this plan$"):
        chosen(csv(BINANCE), journal=taken)
    own = add(Journal(), [Draft(event, FILLED, "BTCUSD:6", "d" * 64)]).after
    assert [each.id for each in chosen(csv(BINANCE), journal=own).fills] == ["6"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the columns of no export that is known; it needs those of one of rebal: contract, contracts, price"),
        ("symbol,side\nBTCUSD,SELL\n", "the columns of no export"),
        ("[]", "the columns of no export"),
        ("{}", "is no list of records"),
        ("[5]", "is no list of records"),
        ("{", "fills.csv:1:2: is not JSON"),
        (csv({**BINANCE, "side": "BUY"}), "among its 1 record: record 1 bought BTCUSD, which the plan sells$"),
        (
            csv({**BINANCE, "symbol": "ETHUSD"}),
            "among its 1 record: record 1 is of ETHUSD, and the plan orders BTCUSD, SOLUSDT$",
        ),
        (
            csv({**OWN, "time": "2026-11-20T08:30:00Z"}),
            "record 1 filled at 2026-11-20T08:30:00Z, before the plan was made, 2026-11-20T09:00:00Z$",
        ),
        (
            csv({**BYBIT, "execType": "Funding"}, {**BYBIT, "side": "Buy"}, {**BYBIT, "symbol": "\x1b[31m"}),
            r"3 records: record 2 bought BTCUSD, .*; record 3 is of .x1b.31m, .*; record 1 is of execType Funding, not",
        ),
        (csv({**BINANCE, "side": "short"}), "record 1.side: is neither buy nor sell .found 'short'."),
        (csv({**BINANCE, "qty": "1_0"}), "record 1.qty: is not a number"),
        (csv({**BINANCE, "qty": "1e999"}), "record 1.qty: has too many digits"),
        (csv({**BINANCE, "price": "-1"}), "record 1.price: is not above zero"),
        (csv({**BINANCE, "commission": "0.1 BTC"}), "record 1.commission: is not a number .found '0.1 BTC'."),
        (csv({**BINANCE, "time": "2026-11-20 09:30:00"}), "record 1.time: has no time zone; write 2026-"),
        (csv({**BINANCE, "time": "9" * 13}), "record 1.time: is in the future; it is 2026-11-20T10:00:00Z"),
        (csv(BINANCE) + "a,b\n", "fills.csv:3:1: has not as many fields as the header"),
        ('a,"b\n', "fills.csv:1:1: is not csv"),
        ("a,a\n", "names a column twice"),
        (json.dumps([BINANCE, {"symbol": "BTCUSD"}]), "record 2.price: is missing"),
    ],
)
def test_what_is_no_export_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        chosen(text)


def test_a_space_between_date_and_time_is_read() -> None:
    assert chosen(csv({**OWN, "time": "2026-11-20 09:30:00Z"})).fills[0].time == FILLED


@given(st.text(max_size=100))
def test_any_text_is_an_export_or_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        chosen(text)


def test_fills_by_hand() -> None:
    assert exports.by_hand("BTCUSD=150@40001.5", F) == Given("BTCUSD", F(150), F("40001.5"))
    for wrong in ("BTCUSD=-150@40000", "BTCUSD=150@0", "BTCUSD=150", "BTCUSD"):
        with pytest.raises(ValueError, match=r"above zero|says no (contracts and no )?price"):
            exports.by_hand(wrong, F)
