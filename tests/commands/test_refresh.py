"""``rebal venues VENUE --refresh``: what the exchange prints now, what differs, and that plans use it from then on."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Fault, Reply, Server
from program import Answered, answered, rebal

pytestmark = pytest.mark.usefixtures("loopback")
NOW = ("--now", "2026-11-20T09:00:00Z")
BOOK = """\
venue: {venue}
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2, ETH: 14}}
targets: {{BTC: 60%, ETH: 40%}}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000, ETH: 2500}}
{more}"""
BINANCE = "GET dapi.binance.com/dapi/v1/exchangeInfo"
BYBIT = "GET api.bybit.com/v5/market/instruments-info?category=inverse"
LIMITS = "GET api.bybit.com/v5/market/risk-limit?category=inverse"
OKX = "GET www.okx.com/api/v5/public/instruments?instType="
DERIBIT = "GET www.deribit.com/api/v2/public/get_instruments"


def symbol(name: str, **changed: Any) -> dict[str, Any]:
    """A contract as Binance prints it."""
    coin, _, code = name.partition("USD_")
    return {
        "symbol": name,
        "marginAsset": coin,
        "contractType": "PERPETUAL" if code == "PERP" else "CURRENT_QUARTER",
        "contractStatus": "TRADING",
        "contractSize": 10,
        "deliveryDate": 4133404800000,
        "maintMarginPercent": "2.5000",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
            {"filterType": "LOT_SIZE", "minQty": "1", "stepSize": "1"},
        ],
        **changed,
    }


def bybit(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "symbol": name, "contractType": "InversePerpetual", "status": "Trading", "settleCoin": name[:3],
        "deliveryTime": "0", "leverageFilter": {"maxLeverage": "50.00"}, "priceFilter": {"tickSize": "0.50"},
        "lotSizeFilter": {"minOrderQty": "5", "qtyStep": "2"}, "fundingInterval": 240, **changed,
    }  # fmt: skip


def okx(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "instId": name, "ctType": "inverse", "ctValCcy": "USD", "ctVal": "10", "ctMult": "10", "settleCcy": name[:3],
        "instFamily": name[:7],
        "lotSz": "0.1", "minSz": "0.2", "tickSz": "0.1", "lever": "100", "state": "live", "expTime": "", **changed,
    }  # fmt: skip


def deribit(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "instrument_name": name, "instrument_type": "reversed", "is_active": True, "base_currency": name[:3],
        "contract_size": 10, "min_trade_amount": 20, "tick_size": 0.5, "max_leverage": 50, "maker_commission": 0.0,
        "taker_commission": 0.0005, "settlement_period": "perpetual", "expiration_timestamp": 32503708800000, **changed,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("REBAL_KEYS", "REBAL_BINANCE_KEY", "REBAL_BINANCE_SECRET", "REBAL_BINANCE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().serve("binance", "okx") as running:
        yield running


def refreshed(server: Server, venue: str = "binance", *more: str) -> Any:
    done = answered("venues", venue, "--refresh", "--format", "json", *NOW, *more, network=server.network())
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def listed(server: Server, *symbols: dict[str, Any]) -> None:
    server.answers[BINANCE] = {"symbols": list(symbols)}


def planned(tmp_path: Path, *, venue: str = "binance", more: str = "") -> Any:
    file = tmp_path / "p.yaml"
    file.write_text(BOOK.format(venue=venue, more=more))
    return json.loads(answered("plan", str(file), "--format", "json", *NOW).out)


def contracts(venue: str) -> dict[str, Any]:
    said = json.loads(answered("venues", venue, "--format", "json", *NOW).out)
    return {each["contract"]: each for each in said["contracts"]}


def sizes(plan: Any) -> dict[str, str]:
    return {order["contract"]: order["contracts"] for order in plan["orders"]}


def test_a_plan_counts_with_what_the_exchange_prints(server: Server, tmp_path: Path) -> None:
    shipped = planned(tmp_path)
    listed(server, symbol("BTCUSD_PERP", contractSize=1000), symbol("ETHUSD_PERP"))
    report = refreshed(server)
    assert {"contract": "BTCUSD_PERP", "figure": "multiplier", "shipped": "100", "live": "1000"} in report["changes"]
    live = planned(tmp_path)
    # 115,000 dollars, 80,000 of them BTC where 69,000 are wanted: 11,000 dollars are 110 contracts or 11.
    assert (sizes(shipped)["BTCUSD_PERP"], sizes(live)["BTCUSD_PERP"]) == ("110", "11")
    assert sizes(shipped)["ETHUSD_PERP"] == sizes(live)["ETHUSD_PERP"] == "1100"
    found = [each for each in live["findings"] if each["code"] == "refreshed"]
    assert [(each["subject"], each["data"]["asked"]) for each in found] == [("binance", "2026-11-20T09:00:00Z")]
    assert "live: as the exchange printed them at 2026-11-20T09:00:00Z" in found[0]["message"]
    assert not [each for each in shipped["findings"] if each["code"] == "refreshed"]


def test_an_old_answer_is_to_be_asked_again(server: Server, tmp_path: Path) -> None:
    refreshed(server)
    file = tmp_path / "p.yaml"
    file.write_text(BOOK.format(venue="binance", more=""))

    def said(day: str) -> tuple[str, int]:
        plan = json.loads(answered("plan", str(file), "--format", "json", "--now", day).out)
        found = next(each for each in plan["findings"] if each["code"] == "refreshed")
        return found["severity"], found["data"]["days"]

    assert said("2026-12-21T08:59:59Z") == ("info", 30)
    assert said("2026-12-21T09:00:00Z") == ("warning", 31)
    late = answered("plan", str(file), "--format", "plain", "--now", "2026-12-21T09:00:00Z").out
    # what is typed for it is about the venue, and names no portfolio
    assert ", 31 days ago; ask it again: rebal venues binance --refresh\n" in late
    assert "--refresh" not in answered("plan", str(file), "--format", "plain", "--now", "2026-12-21T08:59:59Z").out


def test_a_figure_of_the_file_wins_over_the_exchange(server: Server, tmp_path: Path) -> None:
    listed(server, symbol("BTCUSD_PERP", contractSize=1000), symbol("ETHUSD_PERP"))
    refreshed(server)
    own = "contracts: {BTCUSD_PERP: {multiplier: 100}}\n"
    assert sizes(planned(tmp_path, more=own))["BTCUSD_PERP"] == "110"


def test_the_catalogue_says_live_or_shipped_and_of_when(server: Server) -> None:
    listed(server, symbol("BTCUSD_PERP", contractSize=100), symbol("NEWUSD_PERP"))
    before, report = contracts("binance"), refreshed(server)
    after = contracts("binance")
    btc, linear = after["BTCUSD_PERP"], after["BTCUSDT"]
    assert (btc["date"], btc["status"], btc["sources"][0]) == ("2026-11-20", "recorded", "exchange")
    assert linear == before["BTCUSDT"]
    gone = after["ETHUSD_PERP"]
    assert (gone["standing"], gone["listing"]) == ("not-listed", "not in the exchange's list of 2026-11-20")
    new = after["NEWUSD_PERP"]
    assert (new["asset"], new["settle"], new["multiplier"], new["standing"]) == ("NEW", "NEW", "10", "planned-on")
    assert report["appeared"] == ["NEWUSD_PERP"]
    assert "ETHUSD_PERP" in [each["contract"] for each in report["vanished"]]
    said = answered("venues", "binance", *NOW).out
    assert "Inverse contracts are live, as the exchange printed them on 2026-11-20" in said
    keys = {each["key"] for each in json.loads(answered("venues", "binance", "--format", "json", *NOW).out)["assumed"]}
    assert {f"contracts.NEWUSD_PERP.{key}" for key in ("maker_fee", "taker_fee", "maintenance")} <= keys


def test_nothing_is_planned_on_a_listing_that_vanished(server: Server, tmp_path: Path) -> None:
    listed(server, symbol("BTCUSD_PERP", contractSize=100))
    refreshed(server)
    assert "ETHUSD_PERP" not in sizes(planned(tmp_path))


def test_a_new_listing_that_vanishes_again_is_said(server: Server) -> None:
    listed(server, symbol("BTCUSD_PERP"), symbol("NEWUSD_PERP"))
    refreshed(server)
    listed(server, symbol("BTCUSD_PERP"))
    gone = {each["contract"]: each["before"] for each in refreshed(server)["vanished"]}
    assert gone["NEWUSD_PERP"] == "in the exchange's list of 2026-11-20"


def test_what_is_given_is_no_longer_assumed(server: Server) -> None:
    key = "contracts.SUIUSD_PERP.min_contracts"
    listed(server, symbol("SUIUSD_PERP"))

    def assumed() -> set[str]:
        said = json.loads(answered("venues", "binance", "--format", "json", *NOW).out)
        return {each["key"] for each in said["assumed"]}

    before = assumed()
    refreshed(server)
    assert key in before
    assert before - assumed() == {key} | {each for each in before - assumed() if "SUIUSD_PERP" in each}


def test_a_dated_contract_expires(server: Server) -> None:
    # 18 December 2026 08:00 UTC is no quarter's end, which the rule of names would not take.
    listed(server, symbol("BTCUSD_PERP"), symbol("BTCUSD_261218", deliveryDate=1797580800000), symbol("ETHUSD_PERP"))
    refreshed(server)
    assert contracts("binance")["BTCUSD_261218"]["expiry"] == "2026-12-18T08:00:00Z"
    later = json.loads(answered("venues", "binance", "--format", "json", "--now", "2026-12-18T08:00:00Z").out)
    standing = {each["contract"]: each["standing"] for each in later["contracts"]}
    assert (standing["BTCUSD_261218"], standing["BTCUSD_PERP"]) == ("not-listed", "planned-on")


def test_the_placeholder_of_binance_is_no_rate(server: Server) -> None:
    before = json.loads(answered("venues", "binance", "--format", "json", *NOW).out)["tiers"]
    listed(server, symbol("BTCUSD_PERP", contractSize=100))
    report = refreshed(server)
    after = json.loads(answered("venues", "binance", "--format", "json", *NOW).out)["tiers"]
    # Bounds in coins, as shipped: 5 BTC at 0.4 %.
    assert after == before
    assert after[0]["contract"] == "BTCUSD_PERP"
    assert (after[0]["up_to"], after[0]["rate"]) == ("5", "0.004")
    assert report["kept"][0] == (
        "maintenance tiers are as shipped: the exchange does not print them there, or not so that it is sure what "
        "they count"
    )


def bracket(cap: object, ratio: object, cum: object, leverage: int) -> dict[str, object]:
    return {
        "bracket": 1, "initialLeverage": leverage, "qtyCap": cap, "qtylFloor": 0, "maintMarginRatio": ratio, "cum": cum,
    }  # fmt: skip


@pytest.fixture
def keyed(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("REBAL_BINANCE_KEY", "CANARYKEY")
    monkeypatch.setenv("REBAL_BINANCE_SECRET", "CANARYSECRET")
    server.answers["GET api.binance.com/sapi/v1/account/apiRestrictions"] = {"enableReading": True}
    server.answers["GET dapi.binance.com/dapi/v1/commissionRate"] = {
        "symbol": "BTCUSD_PERP", "makerCommissionRate": "0.00012", "takerCommissionRate": "0.00042",
    }  # fmt: skip
    server.answers["GET dapi.binance.com/dapi/v2/leverageBracket"] = [
        {"symbol": "ETHUSD_PERP", "brackets": [bracket(600, 0.01, 2.5, 50), bracket(100, 0.005, 0.0, 100)]},
        {"symbol": "BTCUSD_PERP", "notionalCoef": 1.5, "brackets": [bracket(50, 0.004, 0.0, 125)]},
    ]
    return server


def test_binance_s_tiers_count_coins(keyed: Server, tmp_path: Path) -> None:
    report = refreshed(keyed)
    said = {each["contract"]: each["live"] for each in report["changes"] if each["figure"] == "maintenance"}
    assert said == {"ETHUSD_PERP": "2 tiers from 0.5 %"}  # those of BTC are changed for this account alone
    sheet = json.loads(answered("venues", "binance", "--format", "json", *NOW).out)
    assert [each for each in sheet["tiers"] if each["contract"] == "ETHUSD_PERP"] == [
        {"contract": "ETHUSD_PERP", "up_to": "100", "rate": "0.005", "deduction": "0", "max_leverage": "100"},
        {"contract": "ETHUSD_PERP", "up_to": "600", "rate": "0.01", "deduction": "2.5", "max_leverage": "50"},
    ]
    assert contracts("binance")["ETHUSD_PERP"]["maintenance_tier_unit"] == "coin"
    wallets = {each["currency"]: each for each in planned(tmp_path)["wallets"]}
    # 1,100 contracts of 10 dollars at 2,500 are 4.4 ETH, of which 0.5 % are 0.022: the first tier is 100 coins wide.
    assert wallets["ETH"]["maintenance_margin"] == "0.022"
    kept = (tmp_path / "data" / "rebal" / "venues" / "binance.json").read_text()
    assert "CANARY" not in kept + json.dumps(report)


def test_a_key_that_can_trade_is_refused_here_too(keyed: Server, tmp_path: Path) -> None:
    keyed.answers["GET api.binance.com/sapi/v1/account/apiRestrictions"] = {
        "enableReading": True,
        "enableFutures": True,
    }
    done = answered("venues", "binance", "--refresh", *NOW, network=keyed.network())
    assert (done.code, done.out) == (1, "")
    assert "the key may trade futures" in done.err
    assert not (tmp_path / "data").exists()


def test_bybit_counts_dollars(server: Server) -> None:
    rows = [bybit("BTCUSD"), bybit("ETHUSDH27", contractType="InverseFutures", deliveryTime="1806048000000"),
            bybit("OLDUSD", status="Closed")]  # fmt: skip
    server.answers[BYBIT] = {"retCode": 0, "result": {"category": "inverse", "list": rows, "nextPageCursor": ""}}
    server.answers[LIMITS] = {"retCode": 0, "result": {"category": "inverse", "list": []}}
    report = refreshed(server, "bybit")
    btc = contracts("bybit")["BTCUSD"]
    figures = ("multiplier", "lot_size", "min_contracts", "tick_size", "max_leverage", "funding_interval_hours")
    assert [btc[each] for each in figures] == ["1", "2", "5", "0.5", "50", "4"]
    assert report["contracts"] == 2
    assert contracts("bybit")["ETHUSDH27"]["expiry"] == "2027-03-26T08:00:00Z"


def test_okx_multiplies_and_leaves_linear_contracts_out(server: Server) -> None:
    server.answers[OKX + "SWAP"] = {
        "code": "0",
        "data": [okx("BTC-USD-SWAP"), okx("BTC-USDT-SWAP", ctType="linear"), okx("ETH-USD-SWAP", state="suspend")],
    }
    server.answers["GET www.okx.com/api/v5/public/position-tiers"] = {"code": "0", "data": []}
    server.answers[OKX + "FUTURES"] = {"code": "0", "data": [okx("ETH-USD-261225", expTime="1798185600000")]}
    rates = server.answers["GET www.okx.com/api/v5/public/funding-rate?instId=ANY"]["data"]
    rates[0] |= {"fundingTime": "1795161600000", "nextFundingTime": "1795176000000"}
    assert refreshed(server, "okx")["contracts"] == 2
    btc, dated = contracts("okx")["BTC-USD-SWAP"], contracts("okx")["ETH-USD-261225"]
    assert (btc["multiplier"], btc["lot_size"], btc["min_contracts"]) == ("100", "0.1", "0.2")
    assert btc["funding_interval_hours"] == "4"
    assert (dated["expiry"], dated["funding_interval_hours"]) == ("2026-12-25T08:00:00Z", None)


def test_okx_tiers_count_contracts(server: Server) -> None:
    tiers = "GET www.okx.com/api/v5/public/position-tiers?instType=SWAP&tdMode=cross&instFamily=BTC-USD,ETH-USD"
    server.answers[OKX + "SWAP"] = {"code": "0", "data": [okx("BTC-USD-SWAP"), okx("ETH-USD-SWAP")]}
    server.answers[OKX + "FUTURES"] = {"code": "0", "data": []}
    row = {"instFamily": "BTC-USD", "uly": "BTC-USD", "instId": ""}
    server.answers[tiers] = {
        "code": "0",
        "data": [
            {**row, "tier": "2", "minSz": "500.1", "maxSz": "2000", "mmr": "0.005", "imr": "0.01", "maxLever": "100"},
            {**row, "tier": "1", "minSz": "0", "maxSz": "500", "mmr": "0.004", "imr": "0.008", "maxLever": "125"},
        ],
    }
    report = refreshed(server, "okx")
    said = {each["contract"]: each["live"] for each in report["changes"] if each["figure"] == "maintenance"}
    assert said == {"BTC-USD-SWAP": "2 tiers from 0.4 %"}
    sheet = json.loads(answered("venues", "okx", "--format", "json", *NOW).out)
    assert sheet["tiers"][:2] == [
        {"contract": "BTC-USD-SWAP", "up_to": "500", "rate": "0.004", "deduction": "0", "max_leverage": "125"},
        {"contract": "BTC-USD-SWAP", "up_to": "2000", "rate": "0.005", "deduction": "0", "max_leverage": "100"},
    ]
    btc = contracts("okx")["BTC-USD-SWAP"]
    assert (btc["maintenance_tier_unit"], btc["maintenance_method"]) == ("contracts", "whole")
    assert "contracts.BTC-USD-SWAP.maintenance" not in [each["key"] for each in sheet["assumed"]]
    assert "contracts.ETH-USD-SWAP.maintenance" in [each["key"] for each in sheet["assumed"]]


def test_tiers_that_do_not_rise_are_no_list(server: Server) -> None:
    server.answers[OKX + "SWAP"] = {"code": "0", "data": [okx("BTC-USD-SWAP")]}
    server.answers[OKX + "FUTURES"] = {"code": "0", "data": []}
    row = {"instFamily": "BTC-USD", "maxSz": "500", "maxLever": "100"}
    falling = [{**row, "mmr": "0.01"}, {**row, "maxSz": "600", "mmr": "0.005"}]
    server.answers["GET www.okx.com/api/v5/public/position-tiers"] = {"code": "0", "data": falling}
    done = answered("venues", "okx", "--refresh", *NOW, network=server.network())
    assert (done.code, done.out) == (4, "")


def test_deribit_counts_contracts_of_its_amounts(server: Server, tmp_path: Path) -> None:
    rows = [deribit("BTC-PERPETUAL"), deribit("ETH-PERPETUAL", contract_size=1, min_trade_amount=1),
            deribit("BTC_USDC-PERPETUAL", instrument_type="linear"), deribit("BTC-OLD", is_active=False)]  # fmt: skip
    server.answers[DERIBIT] = {"jsonrpc": "2.0", "result": rows}
    assert refreshed(server, "deribit")["contracts"] == 2
    btc = contracts("deribit")["BTC-PERPETUAL"]
    assert (btc["multiplier"], btc["lot_size"], btc["min_contracts"]) == ("10", "2", "2")
    assert (btc["maker_fee"], btc["taker_fee"]) == ("0", "0.0005")
    # 11,000 dollars are 1,100 contracts of 10.
    assert sizes(planned(tmp_path, venue="deribit"))["BTC-PERPETUAL"] == "1100"


def test_the_file_is_the_owner_s_alone_and_stays_whole(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "rebal" / "venues"
    file = folder / "binance.json"
    assert refreshed(server)["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    refreshed(server)
    assert file.read_bytes() == before
    assert os.listdir(folder) == ["binance.json"]


BAD: dict[str, Any] = {
    "no list": {"symbols": {}},
    "nothing": {"symbols": []},
    "a size of zero": {"symbols": [symbol("BTCUSD_PERP", contractSize=0)]},
    "a size of less": {"symbols": [symbol("BTCUSD_PERP", contractSize=-100)]},
    "no filters": {"symbols": [symbol("BTCUSD_PERP", filters=[])]},
    "a word": {"symbols": [symbol("BTCUSD_PERP", contractSize="much")]},
    "twice": {"symbols": [symbol("BTCUSD_PERP"), symbol("BTCUSD_PERP")]},
}


@pytest.mark.parametrize("what", BAD)
def test_an_answer_that_is_no_list_changes_nothing(server: Server, tmp_path: Path, what: str) -> None:
    refreshed(server)
    file = tmp_path / "data" / "rebal" / "venues" / "binance.json"
    before = file.read_bytes()
    server.answers[BINANCE] = BAD[what]
    done = answered("venues", "binance", "--refresh", *NOW, network=server.network())
    assert (done.code, done.out) == (4, "")
    assert done.err == "rebal: binance: answers with something that is no list of contracts; nothing was changed\n"
    assert file.read_bytes() == before


def test_a_second_page_is_no_whole_list(server: Server, tmp_path: Path) -> None:
    page = {"list": [bybit("BTCUSD")], "nextPageCursor": "more"}
    server.answers[LIMITS] = {"retCode": 0, "result": {"category": "inverse", "list": []}}
    server.answers[BYBIT] = {"retCode": 0, "result": page}
    done = answered("venues", "bybit", "--refresh", *NOW, network=server.network())
    assert (done.code, (tmp_path / "data").exists()) == (4, False)


def test_an_exchange_that_is_down_is_one_line(server: Server, tmp_path: Path) -> None:
    server.faults = [Fault(times=99, reply=Reply({}, 503))]
    done = answered("venues", "binance", "--refresh", *NOW, network=server.network())
    assert (done.code, done.out, len(done.err.splitlines())) == (4, "", 1)
    assert not (tmp_path / "data").exists()


def test_a_venue_without_a_reader_says_so(server: Server) -> None:
    done = answered("venues", "weex", "--refresh", *NOW, network=server.network())
    said = "rebal: weex: its contracts cannot be asked for, and stay as shipped; "
    assert (done.code, done.out, done.err.startswith(said)) == (4, "", True)
    assert answered("venues", "--refresh", *NOW).code == 2


DAMAGED = ["", "{", "[]", "{}", '{"schema": "rebal/listings/2"}', "\udcff", "null", "1", "[" * 100_000]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_named_with_the_way_to_make_it_anew(server: Server, tmp_path: Path, text: str) -> None:
    refreshed(server)
    file = tmp_path / "data" / "rebal" / "venues" / "binance.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "p.yaml").write_text(BOOK.format(venue="binance", more=""))
    for command in (("plan", str(tmp_path / "p.yaml")), ("venues", "binance"), ("venues",)):
        done = answered(*command, *NOW)
        assert (done.code, done.out) == (3, "")
        assert done.err.splitlines() == [
            f"{file}: is damaged; make it anew with rebal venues binance --refresh, or remove it to plan on the "
            "shipped figures"
        ]
    refreshed(server)
    assert answered("venues", "binance", *NOW).code == 0


@pytest.mark.parametrize(
    ("figure", "value"),
    [("multiplier", "0"), ("multiplier", "x"), ("lot_size", 1), ("expiry", "soon"), ("unheard", "1"), ("name", ""),
     ("taker_fee", "5")],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_damage(server: Server, tmp_path: Path, figure: str, value: object) -> None:
    refreshed(server)
    file = tmp_path / "data" / "rebal" / "venues" / "binance.json"
    whole = json.loads(file.read_text())
    whole["contracts"][0][figure] = value
    file.write_text(json.dumps(whole))
    assert answered("venues", "binance", *NOW).code == 3


def test_many_books_are_planned_on_it_too(server: Server, tmp_path: Path) -> None:
    listed(server, symbol("BTCUSD_PERP", contractSize=1000), symbol("ETHUSD_PERP"))
    refreshed(server)
    files = [tmp_path / f"{name}.yaml" for name in "ab"]
    for file in files:
        file.write_text(BOOK.format(venue="binance", more=""))
    done = answered("plan", *map(str, files), "--format", "json", "--jobs", "2", *NOW)
    assert [sizes(json.loads(line))["BTCUSD_PERP"] for line in done.out.splitlines()] == ["11", "11"]


def test_without_a_place_to_keep_it_nothing_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    monkeypatch.delenv("HOME", raising=False)
    done = answered("venues", "binance", "--refresh", *NOW, network=server.network())
    assert done == Answered(4, "", "rebal: there is no folder to keep figures in; set XDG_DATA_HOME or HOME\n")
    assert server.asked == []


def test_home_stands_in_for_xdg_data_home(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert refreshed(server)["file"] == f"{tmp_path}/.local/share/rebal/venues/binance.json"


def test_an_empty_environment_plans_on_what_was_shipped(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(BOOK.format(venue="binance", more=""))
    assert rebal("plan", "p.yaml", *NOW, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}).returncode == 0


def test_people_read_what_differs_and_where_it_is(server: Server, tmp_path: Path) -> None:
    listed(server, symbol("BTCUSD_PERP", contractSize=1000), symbol("NEWUSD_PERP"))
    done = answered("venues", "binance", "--refresh", *NOW, network=server.network())
    lines = done.out.splitlines()
    assert lines[0] == "refreshed  binance  asked 2026-11-20T09:00:00Z  2 contracts, 0 as shipped"
    assert "differs   BTCUSD_PERP  multiplier  shipped 100  live 1000" in lines
    assert "new       NEWUSD_PERP" in lines
    assert any(line.startswith("gone      ETHUSD_PERP  before: ") for line in lines)
    assert lines[-1] == f"kept      plans use this from now on; it is kept in {tmp_path}/data/rebal/venues/binance.json"
