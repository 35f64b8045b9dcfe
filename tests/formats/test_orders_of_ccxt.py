"""Orders as ccxt builds them of contracts that it read out of each exchange's own answer, dated ones among them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Server
from program import NOW, answered
from rebal import venues
from rebal.market.contract import Kind
from rebal.placing import ccxt_class, symbol

from .test_orders import BOOK, FIELDS, OPEN, TRADED, lines, market, sent

ccxt = pytest.importorskip("ccxt")

INSTRUMENT = {
    "kind": "future", "instrument_type": "reversed", "is_active": True, "base_currency": "BTC", "quote_currency": "USD",
    "counter_currency": "USD", "settlement_currency": "BTC", "contract_size": 10, "min_trade_amount": 10,
    "tick_size": 0.5, "maker_commission": 0.0, "taker_commission": 0.0005,
}  # fmt: skip
DERIBIT = [
    {**INSTRUMENT, "instrument_name": "BTC-PERPETUAL", "settlement_period": "perpetual",
     "expiration_timestamp": 32503708800000},
    {**INSTRUMENT, "instrument_name": "BTC-25DEC26", "settlement_period": "month",
     "expiration_timestamp": 1798185600000},
]  # fmt: skip
OKX = {
    "instFamily": "BTC-USD", "uly": "BTC-USD", "ctType": "inverse", "ctValCcy": "USD", "ctVal": "100", "ctMult": "1",
    "settleCcy": "BTC", "lotSz": "1", "minSz": "1", "tickSz": "0.1", "lever": "100", "state": "live", "baseCcy": "",
    "quoteCcy": "",
}  # fmt: skip
OKX_LISTED = [
    {**OKX, "instType": "SWAP", "instId": "BTC-USD-SWAP", "expTime": ""},
    {**OKX, "instType": "FUTURES", "instId": "BTC-USD-261225", "expTime": "1798185600000"},
]
BYBIT = "GET api.bybit.com/v5/market/instruments-info?category=inverse"
READS: Mapping[str, Callable[[Any], list[dict[str, Any]]]] = {
    # how ccxt reads the inverse contracts alone, where it would ask of spot ones beside them
    "bybit": lambda exchange: exchange.fetch_future_markets({"category": "inverse"}),
    "bingx": lambda exchange: exchange.fetch_inverse_swap_markets({}),
    "mexc": lambda exchange: exchange.fetch_swap_markets({}),
    "gate": lambda exchange: exchange.fetch_swap_markets({"settle": "btc"}),
    "okx": lambda exchange: [exchange.parse_market(row) for row in OKX_LISTED],
}


def _all(exchange: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = exchange.fetch_markets()
    return found


def markets(server: Server, venue: str) -> list[dict[str, Any]]:
    """The contracts of a venue as ccxt reads them out of the exchange's answer."""
    kind = ccxt_class(venue, Kind.INVERSE)
    exchange: Any = getattr(ccxt, kind or "")({"session": server.serve(venue).session(), "enableRateLimit": False})
    server.answers["GET www.deribit.com/api/v2/public/get_instruments"] = {"jsonrpc": "2.0", "result": DERIBIT}
    if venue == "bybit":
        listed = server.answers[BYBIT]["result"]["list"]
        listed.append({**listed[0], "symbol": "BTCUSDZ26", "contractType": "InverseFutures",
                       "deliveryTime": "1798185600000"})  # fmt: skip
    found = READS.get(venue, _all)(exchange)
    return [each for each in found if each["inverse"] and each["settle"] == each["base"]]


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("venue", TRADED)
def test_ccxt_knows_the_contract_by_the_symbol_and_sends_the_same(server: Server, tmp_path: Path, venue: str) -> None:
    """Of the contracts that ccxt makes of the exchange's own answer, dated ones among them."""
    listed = {each["id"]: each for each in markets(server, venue)}
    known = venues.venue(venue)
    inverse = [each for each in known.serving("BTC", AT) if each.kind is Kind.INVERSE and each.name in listed]
    dated = [each for each in inverse if each.expiry is not None]
    assert TRADED[venue][0] in {each.name for each in inverse}
    assert bool(dated) is (venue in DATED)
    for contract in inverse:
        assert listed[contract.name]["symbol"] == symbol(contract)
    for name in (TRADED[venue][0], *(each.name for each in dated[:1])):
        more = OPEN.format(contract=name, contracts=TRADED[venue][1])
        (line,) = lines(tmp_path, venue, more=more)
        fields, (sender, of, size, _, reduces) = sent(line, list(listed.values())), FIELDS[line["exchange"]]
        assert (fields[of], float(fields[size])) == (name, float(TRADED[venue][2]))
        assert fields[sender] == line["params"]["label" if venue == "deribit" else "clientOrderId"]
        assert venue == "mexc" or str(fields[reduces]).lower() == "true"


DATED = frozenset({"binance", "bybit", "okx", "deribit", "kraken", "kucoin"})
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize("venue", ["bybit", "okx", "deribit"])
def test_an_order_of_a_pooled_account_is_sent_as_one_of_a_cross_account(tmp_path: Path, venue: str) -> None:
    """What the whole account margins is cross margin to an exchange, whose order says nothing else."""
    contract, contracts, *_ = TRADED[venue]
    own = POOLED.format(contract=contract, contracts=contracts, venue=venue)
    file = tmp_path / "pooled.yaml"
    file.write_text(own)
    done = answered("plan", str(file), "--format", "orders", *NOW)
    assert done.code == 0, done.err
    (line,) = map(json.loads, done.out.splitlines())
    assert line["account"] == "one"
    fields = sent(line)
    assert fields[FIELDS[venue][1]] == contract
    assert fields.get("tdMode", "cross") == "cross"
    assert str(fields[FIELDS[venue][4]]).lower() == "true"


POOLED = """\
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2}}
targets: {{BTC: 60%, USD: 40%}}
accounts:
  one:
    venue: {venue}
    margin: pooled
    wallets: {{BTC: 2}}
    positions: [{{contract: {contract}, contracts: {contracts}, entry_price: 40000}}]
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000}}
"""


@pytest.mark.parametrize(("venue", "exchange"), [("binance", "binanceusdm"), ("bybit", "bybit")])
def test_a_linear_order_counts_coins(tmp_path: Path, venue: str, exchange: str) -> None:
    own = "{contract: BTCUSDT, contracts: -500, entry_price: 40000}"
    more = f"wallets: {{USDT: 30000}}\npositions: [{own}]\n"
    file = tmp_path / "portfolio.yaml"
    text = BOOK.format(venue=venue, more=more).replace("{BTC: 2}", "{BTC: 2, USDT: 50000}")
    file.write_text(text.replace("{BTC: 60%, USD: 40%}", "{BTC: 70%, USD: 30%}"))
    done = answered("unwind", "-p", str(file), "--force", "--format", "orders", *NOW)
    assert done.code == 0, done.err
    (line,) = map(json.loads, done.out.splitlines())
    assert (line["exchange"], line["symbol"], line["side"]) == (exchange, "BTC/USDT:USDT", "buy")
    linear = {
        **market(line), "quote": "USDT", "settle": "USDT", "quoteId": "USDT", "settleId": "USDT", "linear": True,
        "inverse": False, "precision": {"amount": 0.001, "price": 0.1},
    }  # fmt: skip
    fields = sent(line, [linear])
    size = {"binanceusdm": "quantity", "bybit": "qty"}[exchange]
    assert (fields["symbol"], fields[size]) == ("BTCUSDT", "0.5")  # 500 contracts of 0.001 BTC
    assert str(fields["reduceOnly"]).lower() == "true"
