"""What each exchange prints of its contracts becomes what plans count with, in the units of a contract."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Fault, Reply, Server
from program import Answered, answered
from rebal.amounts import Fraction
from rebal.exchange import listings

pytestmark = pytest.mark.usefixtures("loopback", "data_home")
NOW = ("--now", "2026-11-20T09:00:00Z")
FIGURES = (
    "multiplier", "lot_size", "min_contracts", "tick_size", "max_leverage", "maker_fee", "taker_fee",
    "funding_interval_hours", "expiry",
)  # fmt: skip
WHOLE, MARGINAL, DEDUCTION = "whole", "marginal", "deduction"
PRINTED: dict[str, dict[str, tuple[str | None, ...]]] = {
    # None: not printed, and so as shipped; the last is the expiry
    "bitmex": {
        "XBTUSD": ("1", "100", "100", "0.1", "100", "0.0002", "0.00075", "8", None),
        "XBTZ26": ("1", "100", "100", "0.1", "100", "0.0002", "0.00075", None, "2026-12-25T12:00:00Z"),
    },
    "kraken": {
        "PI_XBTUSD": ("1", "1", "1", "0.5", "50", "0.0002", "0.0005", None, None),
        "PI_ETHUSD": ("1", "1", "1", "0.05", "50", "0.0002", "0.0005", None, None),
        "FI_XBTUSD_261225": ("1", "1", "1", "0.5", "50", "0.0002", "0.0005", None, "2026-12-25T16:00:00Z"),
    },
    "bingx": {
        "BTC-USD": ("100", "1", "1", "0.1", None, None, None, "8", None),
        "ETH-USD": ("10", "1", "1", "0.01", None, None, None, "4", None),
        "XRP-USD": ("10", "1", "1", "0.0001", None, None, None, None, None),
    },
    "mexc": {
        "BTC_USD": ("100", "1", "1", "0.1", "125", "0.0001", "0.0005", None, None),
        "ETH_USD": ("10", "1", "1", "0.01", "125", "0.0001", "0.0005", None, None),
        "SOL_USD": ("10", "1", "1", "0.1", "125", "0.0001", "0.0005", None, None),
    },
    "gate": {"BTC_USD": ("1", "1", "1", "0.1", "100", None, None, "8", None)},
    "htx": {
        "BTC-USD": ("100", "1", "1", "0.1", None, None, None, None, None),
        "ETH-USD": ("10", "1", "1", "0.01", None, None, None, None, None),
        "XRP-USD": ("10", "1", "1", "0.0001", None, None, None, None, None),
        "BTC261127": ("100", "1", "1", "0.01", None, None, None, None, "2026-11-27T08:00:00Z"),
        "BTC261204": ("100", "1", "1", "0.01", None, None, None, None, "2026-12-04T08:00:00Z"),
        "BTC261225": ("100", "1", "1", "0.01", None, None, None, None, "2026-12-25T08:00:00Z"),
        "BTC270326": ("100", "1", "1", "0.01", None, None, None, None, "2027-03-26T08:00:00Z"),
    },
    "kucoin": {
        "XBTUSDM": ("1", "1", "1", "0.1", "50", "0.0002", "0.0006", "8", None),
        "ETHUSDM": ("1", "1", "1", "0.01", "50", "0.0002", "0.0006", "4", None),
        "XBTMZ26": ("1", "1", "1", "0.1", "20", "0.0002", "0.0006", None, "2026-12-25T08:00:00Z"),
    },
    "phemex": {
        "BTCUSD": ("1", "1", "1", "0.5", "100", None, None, "8", None),
        "cETHUSD": ("1", "1", "1", "0.05", "100", None, None, "4", None),
    },
    "bybit": dict.fromkeys(
        ("BTCUSD", "ETHUSD", "XRPUSD", "SOLUSD"), ("1", "1", "5", "0.1", "100", None, None, "8", None)
    ),
}  # fmt: skip
TIERS: dict[str, dict[str, tuple[str, str, list[tuple[str | None, str, str, str]]]]] = {
    # method, unit, and the first tiers: bound, rate, deduction, leverage
    "bitmex": {"XBTUSD": (WHOLE, "coin", [("200", "0.005", "0", "100"), ("350", "0.01", "0", "66.6666666666666667"),
                                          ("500", "0.015", "0", "50"), ("650", "0.02", "0", "40")])},
    "kraken": {"PI_XBTUSD": (MARGINAL, "contracts", [("500000", "0.01", "0", "50"), ("1000000", "0.02", "5000", "25"),
                                                     (None, "0.03", "15000", "16.6666666666666667")])},
    "mexc": {"BTC_USD": (WHOLE, "contracts", [("15000", "0.004", "0", "125"),
                                              ("25000", "0.008", "0", "83.3333333333333333"),
                                              ("35000", "0.012", "0", "62.5")])},
    "gate": {"BTC_USD": (DEDUCTION, "coin", [("3", "0.005", "0", "100"), ("20", "0.01", "0.015", "50")])},
    "phemex": {"BTCUSD": (WHOLE, "coin", [("100", "0.005", "0", "100"), ("150", "0.01", "0", "66.6666666666666667")])},
    "bybit": {
        "BTCUSD": (DEDUCTION, "coin", [("150", "0.005", "0", "100"), ("300", "0.01", "0.75", "66.67")]),
        "ETHUSD": (DEDUCTION, "coin", [("3000", "0.005", "0", "100"), ("4000", "0.01", "15", "66.67")]),
    },
}  # fmt: skip
UNSURE = {
    # what is printed, and does not prove what it counts
    "mexc": ("ETH_USD", "SOL_USD"),
    "phemex": ("cETHUSD",),
    "bybit": ("XRPUSD", "SOLUSD"),
}


def ran(server: Server, venue: str, *more: str) -> Answered:
    return answered("venues", venue, "--refresh", "--format", "json", *NOW, *more, network=server.network())


def refreshed(server: Server, venue: str) -> Any:
    done = ran(server, venue)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def sheet(venue: str, now: tuple[str, str] = NOW) -> Any:
    return json.loads(answered("venues", venue, "--format", "json", *now).out)


def contracts(venue: str) -> dict[str, Any]:
    return {each["contract"]: each for each in sheet(venue)["contracts"]}


@pytest.mark.parametrize("venue", PRINTED)
def test_what_an_exchange_prints_is_what_counts(server: Server, venue: str) -> None:
    shipped = contracts(venue)
    report = refreshed(server.serve(venue), venue)
    live = contracts(venue)
    assert report["contracts"] == len(PRINTED[venue])
    standing = {name for name, each in live.items() if each["standing"] == "planned-on" and each["kind"] == "inverse"}
    assert standing == set(PRINTED[venue])
    for name, figures in PRINTED[venue].items():
        for figure, printed in zip(FIGURES, figures, strict=True):
            said = live[name][figure]
            if printed is not None:
                assert said == printed, (name, figure)
            elif name in shipped and figure != "expiry":
                assert said == shipped[name][figure], (name, figure)


@pytest.mark.parametrize("venue", TIERS)
def test_tiers_count_in_their_own_unit(server: Server, venue: str) -> None:
    refreshed(server.serve(venue), venue)
    said, live = sheet(venue), contracts(venue)
    for name, (method, unit, tiers) in TIERS[venue].items():
        found = [each for each in said["tiers"] if each["contract"] == name][: len(tiers)]
        assert [(t["up_to"], t["rate"], t["deduction"], t["max_leverage"]) for t in found] == tiers
        assert (live[name]["maintenance_method"], live[name]["maintenance_tier_unit"]) == (method, unit)
        assert not [each for each in said["assumed"] if each["key"] == f"contracts.{name}.maintenance"]


@pytest.mark.parametrize("venue", UNSURE)
def test_tiers_that_do_not_prove_what_they_count_are_not_taken(server: Server, venue: str) -> None:
    def told() -> list[Any]:
        return [each for each in sheet(venue)["tiers"] if each["contract"] in UNSURE[venue]]

    before = told()
    refreshed(server.serve(venue), venue)
    assert told() == before


def test_a_unit_is_proved_by_the_largest_leverage() -> None:
    def unit(initial: str, leverage: str) -> Fraction | None:
        from exact import exact

        return listings.unit(exact(initial), exact(leverage))

    assert [unit("0.01", "100"), unit("1", "100"), unit("1.5", "66.67"), unit("0.03", "33.33")] == [1, 100, 100, 1]
    assert [unit("2", "10"), unit("0.1", "100"), unit("0.01", "1")] == [None, None, None]


def test_limits_of_kucoin_are_those_of_isolated_positions(server: Server, tmp_path: Path) -> None:
    shipped = [each for each in sheet("kucoin")["tiers"] if each["contract"] == "XBTUSDM"]
    report = refreshed(server.serve("kucoin"), "kucoin")
    assert [each for each in sheet("kucoin")["tiers"] if each["contract"] == "XBTUSDM"] == shipped
    changed = {(each["contract"], each["figure"]): each["live"] for each in report["changes"]}
    assert changed["XBTUSDM", "isolated maintenance"] == "2 tiers from 1 %"
    assert ("ETHUSDM", "isolated maintenance") not in changed  # printed in percent, unlike the others
    text = """\
venue: kucoin
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 100}
wallets: {BTC: 100}
positions: [{contract: XBTUSDM, contracts: -2000000, entry_price: 40000, margin: 60}]
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
policy: {margin_mode: isolated}
"""
    (tmp_path / "p.yaml").write_text(text)
    status = json.loads(answered("status", str(tmp_path / "p.yaml"), "--format", "json", *NOW).out)
    # 2,000,000 dollars at an entry of 40,000 are 50 BTC, in the second tier: 2 % and the fee of 0.06 %.
    assert [each["maintenance_margin"] for each in status["wallets"] if each["mode"] == "isolated"] == ["1.03"]


def test_a_new_contract_of_bingx_is_planned_on_by_its_size(server: Server, tmp_path: Path) -> None:
    text = """\
venue: bingx
as_of: 2026-11-20T08:00:00Z
holdings: {XRP: 10000}
targets: {XRP: 60%, USD: 40%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {XRP: 2}}
"""
    (tmp_path / "p.yaml").write_text(text)
    plan = ("plan", str(tmp_path / "p.yaml"), "--format", "json", *NOW)
    assert json.loads(answered(*plan).out)["orders"] == []
    refreshed(server.serve("bingx"), "bingx")
    (order,) = json.loads(answered(*plan).out)["orders"]
    # 40 % of 20,000 dollars, 10 dollars a contract
    assert (order["contract"], order["side"], order["contracts"]) == ("XRP-USD", "sell", "800")


WRONG: dict[str, tuple[str, Any]] = {
    "bingx": ("GET open-api.bingx.com/openApi/cswap/v1/market/contracts",
              {"code": 0, "data": [{"symbol": "BTC-USD", "minTickSize": "100", "minTradeValue": "10", "minQty": "1",
                                    "status": 1, "pricePrecision": 1}]}),
    "bitmex": ("GET www.bitmex.com/api/v1/instrument/active",
               [{"symbol": "XBTUSD", "isInverse": True, "isQuanto": False, "settlCurrency": "XBt", "state": "Open",
                 "multiplier": 100000000, "lotSize": 100, "tickSize": 0.1, "initMargin": 0.01, "makerFee": 0,
                 "takerFee": 0, "expiry": None}]),
    "kraken": ("GET futures.kraken.com/derivatives/api/v3/instruments",
               {"result": "success", "instruments": [{"symbol": "PI_XBTEUR", "type": "futures_inverse",
                                                      "tradeable": True}]}),
    "mexc": ("GET api.mexc.com/api/v1/contract/detail", {"success": True, "code": 0, "data": [{"symbol": "BTC_USD"}]}),
    "gate": ("GET api.gateio.ws/api/v4/futures/btc/contracts", []),
    "htx": ("GET api.hbdm.vn/swap-api/v1/swap_contract_info", {"status": "ok", "data": [{"contract_code": "BTC-USD"}]}),
    "kucoin": ("GET api-futures.kucoin.com/api/v1/contracts/active", {"code": "200000", "data": {}}),
    "phemex": ("GET api.phemex.com/public/products", {"code": 0, "data": {"products": []}}),
    "bybit": ("GET api.bybit.com/v5/market/instruments-info?category=inverse", {"retCode": 0, "result": {"list": 1}}),
}  # fmt: skip


@pytest.mark.parametrize("venue", WRONG)
def test_an_answer_of_another_shape_changes_nothing(server: Server, tmp_path: Path, venue: str) -> None:
    where, answer = WRONG[venue]
    server.serve(venue).answers[where] = answer
    done = ran(server, venue)
    assert (done.code, done.out) == (4, "")
    assert done.err == f"rebal: {venue}: answers with something that is no list of contracts; nothing was changed\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("venue", PRINTED)
def test_an_exchange_that_is_down_is_asked_four_times_and_no_more(server: Server, tmp_path: Path, venue: str) -> None:
    server.serve(venue).faults = [Fault(reply=Reply({}, 503), times=999)]
    done = ran(server, venue)
    assert (done.code, done.out, done.err.count("\n")) == (4, "", 1)
    assert (len(server.asked), (tmp_path / "data").exists()) == (4, False)


def test_pages_of_limits_without_end_are_given_up(server: Server) -> None:
    server.serve("bybit")
    page = "GET api.bybit.com/v5/market/risk-limit?category=inverse"
    server.answers[f"{page}&cursor=two"] = server.answers[page]
    assert ran(server, "bybit").code == 4
    assert len(server.asked) < 200
