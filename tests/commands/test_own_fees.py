"""With a key that only reads, a refreshed venue has the fees of the account whose key it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Server
from exchange_server.books import SECRETS, TOLD, asked, has_keys
from program import answered
from rebal import discover
from rebal.exchange import listings

pytestmark = pytest.mark.usefixtures("loopback", "data_home")
NOW = ("--now", "2026-11-20T09:00:00Z")
RIGHTS: dict[str, dict[str, Any]] = {
    "binance": {"GET api.binance.com/sapi/v1/account/apiRestrictions": {"enableReading": True}},
    "bybit": {"GET api.bybit.com/v5/user/query-api": {"retCode": 0, "result": {"readOnly": 1, "permissions": {}}}},
    "okx": {"GET www.okx.com/api/v5/account/config": {"code": "0", "data": [{"perm": "read_only"}]}},
    "deribit": {"GET www.deribit.com/api/v2/public/auth": {"jsonrpc": "2.0", "result": {"scope": "account:read"}}},
    "bitmex": {"GET www.bitmex.com/api/v1/apiKey": lambda question: [
        {"id": question.headers["api-key"], "permissions": []}
    ]},
}  # fmt: skip
HTX = {"fee_asset": "BTC", "open_maker_fee": "0.0001", "open_taker_fee": "0.0004", "close_maker_fee": "0.00015",
       "close_taker_fee": "0.00045"}  # fmt: skip
DERIBIT = {"kind": "future", "instrument_type": "reversed", "is_active": True, "base_currency": "BTC",
           "contract_size": 10, "min_trade_amount": 10, "tick_size": 0.5, "max_leverage": 50,
           "maker_commission": 0.0001, "taker_commission": 0.0005}  # fmt: skip
PAID: dict[str, tuple[dict[str, Any], str, tuple[str, str]]] = {
    # what is told to a key, a contract, and its maker and taker fee
    "binance": (
        {"GET dapi.binance.com/dapi/v1/commissionRate":
            {"symbol": "BTCUSD_PERP", "makerCommissionRate": "0.00012", "takerCommissionRate": "0.00042"},
         "GET dapi.binance.com/dapi/v2/leverageBracket": [],
         "GET dapi.binance.com/dapi/v1/exchangeInfo": {"symbols": [
             {"symbol": "BTCUSD_PERP", "marginAsset": "BTC", "contractType": "PERPETUAL", "contractStatus": "TRADING",
              "contractSize": 100, "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.1"},
                                               {"filterType": "LOT_SIZE", "minQty": "1", "stepSize": "1"}]}]}},
        "BTCUSD_PERP", ("0.00012", "0.00042"),
    ),
    "bybit": (
        {"GET api.bybit.com/v5/account/fee-rate?category=inverse": {"retCode": 0, "result": {"list": [
            {"symbol": "BTCUSD", "makerFeeRate": "0.0001", "takerFeeRate": "0.0004"}]}}},
        "BTCUSD", ("0.0001", "0.0004"),
    ),
    "okx": (
        {"GET www.okx.com/api/v5/account/trade-fee?instType=SWAP":
            {"code": "0", "data": [{"instType": "SWAP", "maker": "0.00005", "taker": "-0.0004", "level": "VIP4"}]},
         "GET www.okx.com/api/v5/account/trade-fee?instType=FUTURES": {"code": "0", "data": []},
         "GET www.okx.com/api/v5/public/position-tiers": {"code": "0", "data": []},
         "GET www.okx.com/api/v5/public/instruments?instType=FUTURES": {"code": "0", "data": []},
         "GET www.okx.com/api/v5/public/instruments?instType=SWAP": {"code": "0", "data": [
             {"instId": "BTC-USD-SWAP", "ctType": "inverse", "ctValCcy": "USD", "ctVal": "100", "ctMult": "1",
              "settleCcy": "BTC", "instFamily": "BTC-USD", "lotSz": "1", "minSz": "1", "tickSz": "0.1", "lever": "100",
              "state": "live", "expTime": ""}]}},
        "BTC-USD-SWAP", ("-0.00005", "0.0004"),
    ),
    "bitmex": (
        {"GET www.bitmex.com/api/v1/user/commission": {
            "XBTUSD": {"makerFee": 0.00015, "takerFee": 0.00045, "settlementFee": 0, "maxFee": 0.0005}}},
        "XBTUSD", ("0.00015", "0.00045"),
    ),
    "deribit": (
        {"GET www.deribit.com/api/v2/public/get_instruments": {"jsonrpc": "2.0", "result": [
            {**DERIBIT, "instrument_name": "BTC-PERPETUAL", "settlement_period": "perpetual"}]},
         "GET www.deribit.com/api/v2/private/get_account_summaries": {"jsonrpc": "2.0", "result": {"summaries": [
             {"currency": "BTC", "fees": [
                 {"index_name": "btc_usdc", "kind": "perpetual", "value": {"default":
                     {"maker": 0.5, "taker": 0.5, "type": "relative"}, "block_trade": 0.4}},
                 {"index_name": "btc_usd", "kind": "perpetual", "value": {"default":
                     {"maker": 0.5, "taker": 0.8, "type": "relative"}, "block_trade": 0.4}}]},
             {"currency": "ETH"}]}}},
        "BTC-PERPETUAL", ("0.00005", "0.0004"),
    ),
    "mexc": (
        {"GET api.mexc.com/api/v1/private/account/tiered_fee_rate/v2": {"success": True, "code": 0, "data": {
            "symbol": "BTC_USD", "originalMakerFee": 0.0001, "originalTakerFee": 0.0005, "realMakerFee": 0.00008,
            "realTakerFee": 0.0004, "level": 0, "feeRateMode": "TIERED", "leverageFeeRates": []}}},
        "BTC_USD", ("0.00008", "0.0004"),
    ),
    "phemex": (
        {f"GET api.phemex.com/accounts/accountPositions?currency={coin}": {"code": 0, "data": {
            "account": {}, "positions": [{"symbol": name, "currency": coin, "size": 0, "takerFeeRateEr": 45000,
                                          "makerFeeRateEr": -5000}]}}
         for coin, name in (("BTC", "BTCUSD"), ("ETH", "cETHUSD"))},
        "BTCUSD", ("-0.00005", "0.00045"),
    ),
    "kraken": (
        {"GET futures.kraken.com/derivatives/api/v3/feeschedules/volumes":
            {"result": "success", "volumesByFeeSchedule": {"inverse": 217587.88}}},
        "PI_XBTUSD", ("0.00015", "0.0004"),
    ),
    "bingx": (
        {"GET open-api.bingx.com/openApi/cswap/v1/user/commissionRate":
            {"code": 0, "data": {"takerCommissionRate": "0.00045", "makerCommissionRate": "0.00015"}}},
        "BTC-USD", ("0.00015", "0.00045"),
    ),
    "gate": (
        {"GET api.gateio.ws/api/v4/futures/btc/fee": {"BTC_USD": {"taker_fee": "0.00045", "maker_fee": "-0.00005"}}},
        "BTC_USD", ("-0.00005", "0.00045"),
    ),
    "htx": (
        {"POST api.hbdm.vn/swap-api/v1/swap_fee":
            {"status": "ok", "data": [{"symbol": "BTC", "contract_code": "BTC-USD", **HTX}]},
         "POST api.hbdm.vn/api/v1/contract_fee": {"status": "ok", "data": []}},
        "BTC-USD", ("0.00015", "0.00045"),
    ),
    "kucoin": (
        {"GET api-futures.kucoin.com/api/v1/trade-fees":
            {"code": "200000", "data": {"symbol": "x", "takerFeeRate": "0.00055", "makerFeeRate": "0.00018"}}},
        "XBTUSDM", ("0.00018", "0.00055"),
    ),
}  # fmt: skip


def refresh(server: Server, venue: str, *more: str) -> Any:
    done = asked(server, "venues", venue, "--refresh", "--format", "json", *NOW, *more)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def sheet(venue: str) -> Any:
    return json.loads(answered("venues", venue, "--format", "json", *NOW).out)


def fees(venue: str, contract: str) -> tuple[str, str]:
    (found,) = [each for each in sheet(venue)["contracts"] if each["contract"] == contract]
    return found["maker_fee"], found["taker_fee"]


def test_every_venue_that_tells_a_key_more_is_tried_here() -> None:
    told = {name for name in listings.readers() if hasattr(discover.load(listings, name), "fees")}
    assert told == set(PAID)


@pytest.mark.parametrize("venue", PAID)
def test_the_fees_are_those_of_the_account(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    answers, contract, paid = PAID[venue]
    server.serve(venue).answers |= {**RIGHTS.get(venue, {}), **answers}
    allowed = () if venue in TOLD else ("--allow-trading-key",)
    has_keys(monkeypatch, venue)
    report = refresh(server, venue, *allowed)
    assert fees(venue, contract) == paid
    assert "Their fees are those of the account whose key asked." in sheet(venue)["statements"][0]
    kept = (tmp_path / "data" / "rebal" / "venues" / f"{venue}.json").read_text()
    assert json.loads(kept)["fees"] == "account"
    assert not [secret for secret in SECRETS if secret in kept + json.dumps(report)]


@pytest.mark.parametrize("venue", [venue for venue in PAID if venue not in TOLD])
def test_a_key_of_which_nothing_is_told_is_not_used_unless_allowed(
    server: Server, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    answers, contract, paid = PAID[venue]
    server.serve(venue).answers |= answers
    has_keys(monkeypatch, venue)
    refresh(server, venue)
    assert fees(venue, contract) != paid
    assert "whose key asked" not in sheet(venue)["statements"][0]
    assert not [each for each in server.asked if any(secret in str(each.headers) for secret in SECRETS)]


def test_a_plan_pays_the_account_s_fees(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, _, _ = PAID["bybit"]
    server.serve("bybit").answers |= {**RIGHTS["bybit"], **answers}
    has_keys(monkeypatch, "bybit")
    file = tmp_path / "p.yaml"
    file.write_text("""\
venue: bybit
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2}
targets: {BTC: 50%, USD: 50%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
""")
    refresh(server, "bybit")
    (order,) = json.loads(answered("plan", str(file), "--format", "json", *NOW).out)["orders"]
    # 40,000 dollars are 1 BTC, of which 0.04 % are 0.0004.
    assert (order["contracts"], order["fee"]) == ("40000", "0.0004")


@pytest.mark.parametrize("said", ["x", 1, None, ""])
def test_other_fees_in_a_kept_file_are_damage(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: object
) -> None:
    answers, _, _ = PAID["bybit"]
    server.serve("bybit").answers |= {**RIGHTS["bybit"], **answers}
    has_keys(monkeypatch, "bybit")
    refresh(server, "bybit")
    file = tmp_path / "data" / "rebal" / "venues" / "bybit.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "fees": said}))
    assert answered("venues", "bybit", *NOW).code == 3


def told(server: Server, monkeypatch: pytest.MonkeyPatch, *fees: dict[str, Any]) -> None:
    """Deribit, with a perpetual and a dated contract, tells an account these fees."""
    answers, _, _ = PAID["deribit"]
    server.answers |= {**RIGHTS["deribit"], **answers}
    server.answers["GET www.deribit.com/api/v2/public/get_instruments"] = {"jsonrpc": "2.0", "result": [
        {**DERIBIT, "instrument_name": "BTC-PERPETUAL", "settlement_period": "perpetual"},
        {**DERIBIT, "instrument_name": "BTC-25DEC26", "settlement_period": "month",
         "expiration_timestamp": 1798185600000},
    ]}  # fmt: skip
    server.answers["GET www.deribit.com/api/v2/private/get_account_summaries"] = {
        "jsonrpc": "2.0", "result": {"summaries": [{"currency": "BTC", "fees": list(fees)}]},
    }  # fmt: skip
    has_keys(monkeypatch, "deribit")


def deribit(server: Server, monkeypatch: pytest.MonkeyPatch, *own: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What is paid there by an account that is told these fees."""
    told(server, monkeypatch, *own)
    refresh(server, "deribit")
    return {name: fees("deribit", name) for name in ("BTC-PERPETUAL", "BTC-25DEC26")}


def test_deribit_tells_fees_by_kind_of_contract_fixed_or_as_a_share(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed = {
        "currency": "BTC",
        "fee_type": "fixed",
        "instrument_type": "future",
        "maker_fee": -0.0002,
        "taker_fee": 0.0003,
    }
    assert deribit(server, monkeypatch, fixed) == {
        "BTC-PERPETUAL": ("0.0001", "0.0005"), "BTC-25DEC26": ("-0.0002", "0.0003"),
    }  # fmt: skip
    share = {
        "currency": "BTC",
        "fee_type": "relative",
        "instrument_type": "perpetual",
        "maker_fee": 0,
        "taker_fee": 0.9,
    }
    assert deribit(server, monkeypatch, share)["BTC-PERPETUAL"] == ("0", "0.00045")
    assert deribit(server, monkeypatch)["BTC-PERPETUAL"] == ("0.0001", "0.0005")


def test_a_fee_of_a_kind_that_deribit_does_not_document_is_not_taken(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"currency": "BTC", "fee_type": "new", "instrument_type": "perpetual", "maker_fee": 0, "taker_fee": 0.9}
    told(server, monkeypatch, other)
    done = asked(server, "venues", "deribit", "--refresh", *NOW)
    assert (done.code, done.out) == (4, "")
    assert "no list of contracts; nothing was changed" in done.err


@pytest.mark.parametrize("rates", [{}, {"takerFeeRateEr": 0, "makerFeeRateEr": 0},
                                   {"takerFeeRateEr": -1, "makerFeeRateEr": -1}])  # fmt: skip
def test_fees_that_phemex_has_not_set_stay_as_shipped(
    server: Server, monkeypatch: pytest.MonkeyPatch, rates: dict[str, int]
) -> None:
    shipped = fees("phemex", "BTCUSD")
    server.serve("phemex")
    for coin, name in (("BTC", "BTCUSD"), ("ETH", "cETHUSD")):
        server.answers[f"GET api.phemex.com/accounts/accountPositions?currency={coin}"] = {"code": 0, "data": {
            "account": {}, "positions": [{"symbol": name, "currency": coin, "size": 0, **rates}]}}  # fmt: skip
    has_keys(monkeypatch, "phemex")
    refresh(server, "phemex", "--allow-trading-key")
    assert fees("phemex", "BTCUSD") == shipped


def test_fees_that_depend_on_leverage_are_not_taken_from_mexc(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, contract, _ = PAID["mexc"]
    ((where, paid),) = answers.items()
    server.serve("mexc").answers[where] = {**paid, "data": {**paid["data"], "leverageFeeRates": [{"leverage": 10}]}}
    has_keys(monkeypatch, "mexc")
    refresh(server, "mexc", "--allow-trading-key")
    assert fees("mexc", contract) == ("0.0001", "0.0005")  # those that it prints for all
