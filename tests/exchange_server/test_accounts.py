"""Accounts of exchanges whose answers are told here whole: MEXC and BingX."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Asked, Server
from exchange_server.books import NOW, PORTFOLIO, asked, has_keys
from rebal import discover, venues
from rebal.exchange import accounts

pytestmark = pytest.mark.usefixtures("loopback")
MEXC: dict[str, Any] = {
    "private/account/assets": [
        {"currency": "BTC", "positionMargin": 0.1, "availableBalance": 1.3, "cashBalance": 1.4, "frozenBalance": 0,
         "equity": 1.5243902439, "unrealized": 0.0243902439, "bonus": 0},
        {"currency": "USDT", "positionMargin": 0, "availableBalance": 0, "equity": 0, "unrealized": 0},
    ],
    "private/position/open_positions": [
        {"positionId": 1394650, "symbol": "BTC_USD", "positionType": 2, "openType": 2, "state": 1, "holdVol": 400,
         "frozenVol": 0, "closeVol": 0, "holdAvgPrice": 41000, "openAvgPrice": 41000, "liquidatePrice": 81211.2,
         "oim": 0.1290338, "im": 0.1290338, "holdFee": 0, "realised": -0.0073, "leverage": 10},
    ],
    "private/order/list/open_orders": [
        {"orderId": "102015012431820288", "symbol": "BTC_USD", "price": 39000.5, "vol": 15, "leverage": 10, "side": 2,
         "category": 1, "orderType": 1, "dealVol": 5, "externalOid": "1a2b3c4d5e6f7a8bo0"},
    ],
    "private/order/list/order_deals": [
        {"id": "299444585", "symbol": "BTC_USD", "side": "2", "vol": "100", "price": "40000", "feeCurrency": "BTC",
         "fee": "0.0001", "timestamp": "1795165200000", "profit": "0.006", "category": "1", "orderId": "26530",
         "taker": True},
    ],
    "private/position/funding_records": {
        "pageSize": 100, "totalCount": 1, "totalPage": 1, "currentPage": 1,
        "resultList": [{"id": 7423910, "symbol": "BTC_USD", "positionType": 2, "positionValue": 1,
                        "funding": 0.00001234, "rate": 0.000012, "settleTime": 1795166000000}],
    },
    "private/account/transfer_record": {
        "pageSize": 100, "totalCount": 2, "totalPage": 1, "currentPage": 1,
        "resultList": [
            {"id": "2980812", "txid": "fa8a", "currency": "BTC", "amount": "0.25", "type": "OUT", "state": "SUCCESS",
             "createTime": "1795167000000", "updateTime": "1795167000000"},
            {"id": "2980813", "txid": "fa8b", "currency": "BTC", "amount": "9", "type": "IN", "state": "FAILED",
             "createTime": "1795167000000", "updateTime": "1795167000000"},
        ],
    },
}  # fmt: skip
BINGX: dict[str, Any] = {
    "user/balance": [{"asset": "BTC", "balance": "1.5", "equity": "1.52439024", "unrealizedProfit": "0.02439024",
                      "availableMargin": "1.4", "usedMargin": "0.1", "freezedMargin": "0", "shortUid": "1"}],
    "user/positions": [{"symbol": "BTC-USD", "positionId": "1813080351385337856", "positionSide": "SHORT",
                        "isolated": False, "positionAmt": "400", "availableAmt": "400", "avgPrice": "41000",
                        "liquidationPrice": 81211.968303426677, "leverage": 10, "markPrice": "40000"}],
    "trade/openOrders": {"orders": [{"symbol": "BTC-USD", "orderId": "1816013900044320768", "side": "BUY",
                                     "quantity": 5, "positionSide": "Both", "type": "LIMIT", "price": "150",
                                     "executedQty": "0",
                                     "clientOrderId": "1a2b3c4d5e6f7a8bo0", "time": 1721806428334}]},
}  # fmt: skip


def told(server: Server, file: Path, *arguments: str) -> dict[str, Any]:
    done = asked(server, *arguments, *NOW, "-p", str(file), "--allow-trading-key", "--format", "json")
    assert done.code in (0, 10), done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def portfolio(folder: Path, venue: str, contract: str) -> Path:
    file = folder / "portfolio.yaml"
    file.write_text(PORTFOLIO.format(venue=venue, contract=contract, contracts=-400))
    return file


def test_mexc(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_keys(monkeypatch, "mexc")
    for path, rows in MEXC.items():
        server.answers[f"GET api.mexc.com/api/v1/{path}"] = {"success": True, "code": 0, "data": rows}
    file = portfolio(tmp_path, "mexc", "BTC_USD")
    report = told(server, file, "reconcile")
    assert report["verdict"] == "equal", report["summary"]
    assert report["positions"][0]["liquidation_price_exchange"] == "81211.2"
    (order,) = report["orders"]
    assert (order["side"], order["contracts"], order["reduce_only"]) == ("buy", "10", True)
    recorded = told(server, file, "record", "exchange")
    assert [(entry["type"], entry["id"]) for entry in recorded["entries"][1:]] == [
        ("fill", "BTC_USD:299444585"), ("funding", "BTC_USD:funding:7423910"), ("transfer", "BTC:transfer:2980812")
    ]  # fmt: skip
    fill, funding, transfer = recorded["entries"][1:]
    assert (fill["contracts"], fill["price"], fill["fee"]) == ("100", "40000", "0.0001")
    assert (funding["amount"], transfer["quantity"]) == ("0.00001234", "-0.25")


def test_bingx(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_keys(monkeypatch, "bingx")
    for path, rows in BINGX.items():
        server.answers[f"GET open-api.bingx.com/openApi/cswap/v1/{path}"] = {"code": 0, "msg": "", "data": rows}
    file = portfolio(tmp_path, "bingx", "BTC-USD")
    report = told(server, file, "reconcile")
    assert report["verdict"] == "equal", report["summary"]
    assert report["orders"][0]["contracts"] == "5"


def test_every_venue_of_the_catalogue_is_read() -> None:
    assert set(discover.names(accounts)) == set(venues.names())


@pytest.mark.parametrize("count", [99, 100, 101, 200])
def test_no_fill_or_payment_of_mexc_is_lost_at_the_end_of_a_page(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    has_keys(monkeypatch, "mexc")
    deal, paid = MEXC["private/order/list/order_deals"][0], MEXC["private/position/funding_records"]["resultList"][0]

    def part(question: Asked, row: dict[str, Any]) -> list[dict[str, Any]]:
        first = (int(question.query["page_num"]) - 1) * 100
        return [{**row, "id": str(10**6 + n)} for n in range(first, min(first + 100, count))]

    for path, rows in MEXC.items():
        server.answers[f"GET api.mexc.com/api/v1/{path}"] = {"success": True, "code": 0, "data": rows}
    server.answers["GET api.mexc.com/api/v1/private/order/list/order_deals"] = lambda question: {
        "success": True, "code": 0, "data": part(question, deal),
    }  # fmt: skip
    server.answers["GET api.mexc.com/api/v1/private/position/funding_records"] = lambda question: {
        "success": True, "code": 0, "data": {"resultList": part(question, paid)},
    }  # fmt: skip
    entries = told(server, portfolio(tmp_path, "mexc", "BTC_USD"), "record", "exchange", "--dry-run")["entries"]
    kinds = [entry["type"] for entry in entries]
    assert (kinds.count("fill"), kinds.count("funding")) == (count, count)
