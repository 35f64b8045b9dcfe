"""Orders as another program sends them: what ccxt makes of the arguments, and an id that no exchange takes twice."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from program import NOW, answered
from rebal import venues
from rebal.errors import UsageProblem
from rebal.formats import View, render
from rebal.market.contract import Kind
from rebal.placing import APART, Leg, ccxt_class, client_order_id, legs_by_id

from . import books

ccxt = pytest.importorskip("ccxt")

VIEW = View(width=100, colour=False)
DIGEST = "1a2b3c4d5e6f7a8b" * 4
BOOK = """\
venue: {venue}
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2}}
targets: {{BTC: 60%, USD: 40%}}
{more}market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000}}
"""
OPEN = "wallets: {{BTC: 1.5}}\npositions:\n  - {{contract: {contract}, contracts: {contracts}, entry_price: 40000}}\n"
# venue, contract, contracts that make 64,000 USD, the amount and the symbol that are sent of the 32,000 too many
TRADED = {
    "binance": ("BTCUSD_PERP", -640, "320", "binancecoinm"),
    "bybit": ("BTCUSD", -64000, "32000", "bybit"),
    "okx": ("BTC-USD-SWAP", -640, "320", "okx"),
    "deribit": ("BTC-PERPETUAL", -6400, "32000", "deribit"),
    "kraken": ("PI_XBTUSD", -64000, "32000", "krakenfutures"),
    "bingx": ("BTC-USD", -640, "320", "bingx"),
    "mexc": ("BTC_USD", -640, "320", "mexc"),
    "gate": ("BTC_USD", -64000, "32000", "gate"),
    "kucoin": ("XBTUSDM", -64000, "32000", "kucoinfutures"),
    "phemex": ("BTCUSD", -64000, "32000", "phemex"),
}
# The field of the request that holds each argument, as the exchange calls it.
FIELDS: Mapping[str, tuple[str, str, str, str, str]] = {
    # id, contract, amount, price, reduce-only
    "binancecoinm": ("newClientOrderId", "symbol", "quantity", "price", "reduceOnly"),
    "bybit": ("orderLinkId", "symbol", "qty", "price", "reduceOnly"),
    "okx": ("clOrdId", "instId", "sz", "px", "reduceOnly"),
    "deribit": ("label", "instrument_name", "amount", "price", "reduce_only"),
    "krakenfutures": ("cliOrdId", "symbol", "size", "limitPrice", "reduceOnly"),
    "bingx": ("clientOrderID", "symbol", "quantity", "price", "reduceOnly"),
    "mexc": ("externalOid", "symbol", "vol", "price", "reduceOnly"),
    "gate": ("text", "contract", "size", "price", "reduce_only"),
    "kucoinfutures": ("clientOid", "symbol", "size", "price", "reduceOnly"),
    "phemex": ("clOrdID", "symbol", "orderQty", "priceEp", "reduceOnly"),
}
# What venues allow as a client's order id, by their documentation.
ALPHABETS = {
    "binancecoinm": r"[.A-Z:/a-z0-9_-]{1,36}",
    "binanceusdm": r"[.A-Z:/a-z0-9_-]{1,36}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "deribit": r".{1,64}",
    "krakenfutures": r".{1,100}",
    "bingx": r"[a-z0-9._-]{1,40}",
    "mexc": r"[A-Za-z0-9_-]{1,32}",
    "weex": r"[.A-Z:/a-z0-9_-]{1,36}",
    "htx": r"[1-9][0-9]{0,18}",
    "gate": r"t-[0-9A-Za-z_.-]{1,28}",
    "kucoinfutures": r"[A-Za-z0-9_-]{1,40}",
    "phemex": r"[A-Za-z0-9_-]{1,40}",
}


class SentError(Exception):
    """A request that was built, in place of its being sent."""

    def __init__(self, url: str, body: str | None) -> None:
        self.fields: dict[str, Any] = dict(parse_qsl(url.partition("?")[2]))
        try:
            found = json.loads(body or "{}")
        except ValueError:
            found = dict(parse_qsl(body or ""))
        self.fields |= found[0] if isinstance(found, list) else found


def market(line: Mapping[str, Any]) -> dict[str, Any]:
    """An inverse perpetual as ccxt keeps one, with whole contracts and a tick of 0.1."""
    return {
        "id": line["contract"], "symbol": line["symbol"], "base": "BTC", "quote": "USD", "settle": "BTC",
        "baseId": "BTC", "quoteId": "USD", "settleId": "BTC", "type": "swap", "spot": False, "margin": False,
        "swap": True, "future": False, "option": False, "active": True, "contract": True, "linear": False,
        "inverse": True, "contractSize": 1.0, "expiry": None, "taker": 0.0005, "maker": 0.0002, "priceScale": 4,
        "precision": {"amount": 1.0, "price": 0.1},
        "limits": {"amount": {"min": 1}, "price": {}, "cost": {}, "leverage": {}},
        "info": {"symbol": line["contract"], "orderTypes": ["LIMIT"], "priceScale": 4},
    }  # fmt: skip


def sent(line: Mapping[str, Any], markets: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
    """The fields of the request that ccxt builds of a line; ``markets``: as ccxt knows them, else one of its sort."""
    exchange = getattr(ccxt, line["exchange"])(
        {"apiKey": "k" * 8, "secret": "c2VjcmV0c2VjcmV0c2VjcmV0", "password": "p", "enableRateLimit": False}
    )
    exchange.options |= {"enableUnifiedAccount": True, "enableUnifiedMargin": False, "uta": False}
    exchange.set_markets(markets or [market(line)])

    def fetch(url: str, method: str = "GET", headers: object = None, body: str | None = None) -> None:
        raise SentError(url, body)

    exchange.fetch = fetch
    arguments = [line[name] for name in ("symbol", "type", "side", "amount", "price", "params")]
    with pytest.raises(SentError) as caught:
        exchange.create_order(*arguments)
    return caught.value.fields


def lines(tmp_path: Path, venue: str, *options: str, more: str = "") -> list[dict[str, Any]]:
    file = tmp_path / "portfolio.yaml"
    file.write_text(BOOK.format(venue=venue, more=more))
    done = answered("plan", str(file), "--format", "orders", *NOW, *options)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.parametrize("venue", TRADED)
def test_ccxt_builds_the_order_that_was_planned(tmp_path: Path, venue: str) -> None:
    contract, contracts, amount, exchange = TRADED[venue]
    (line,) = lines(tmp_path, venue, more=OPEN.format(contract=contract, contracts=contracts))
    assert (line["exchange"], line["contract"], line["symbol"]) == (exchange, contract, "BTC/USD:BTC")
    assert (line["side"], line["amount"], line["price"]) == ("buy", int(amount), 40000)
    assert line["params"]["reduceOnly"] is True
    assert "postOnly" not in line["params"]
    fields, (name, of, size, price, reduces) = sent(line), FIELDS[exchange]
    assert fields[name] == line["params"]["label" if exchange == "deribit" else "clientOrderId"]
    assert fields[of] == contract
    assert float(fields[size]) == float(amount)
    assert float(fields[price]) == 40000 * (10_000 if exchange == "phemex" else 1)
    assert exchange == "mexc" or str(fields[reduces]).lower() == "true"
    assert exchange != "mexc" or fields["side"] == 2  # its own code: buy, closing a short


WAITS: Mapping[str, tuple[str, object]] = {
    # the field by which an order only adds to the book, as each exchange calls it
    "binancecoinm": ("timeInForce", "GTX"), "bybit": ("timeInForce", "PostOnly"), "okx": ("ordType", "post_only"),
    "deribit": ("post_only", "true"), "krakenfutures": ("orderType", "post"), "bingx": ("timeInForce", "PostOnly"),
    "mexc": ("type", 2), "gate": ("tif", "poc"), "kucoinfutures": ("postOnly", True),
    "phemex": ("timeInForce", "PostOnly"),
}  # fmt: skip


@pytest.mark.parametrize("venue", TRADED)
def test_an_order_that_opens_reduces_nothing(tmp_path: Path, venue: str) -> None:
    (line,) = lines(tmp_path, venue, "--section", "post-only")
    assert line["side"] == "sell"
    assert "reduceOnly" not in line["params"]
    fields, (field, value) = sent(line), WAITS[line["exchange"]]
    assert str(fields.get(FIELDS[line["exchange"]][4], "false")).lower() == "false"
    assert fields[field] == value
    (taking,) = lines(tmp_path, venue)
    assert sent(taking).get(field) != value
    if venue == "mexc":
        assert fields["side"] == 3  # its own code: sell, opening a short
    if venue == "gate":
        assert fields["size"] == -int(TRADED[venue][2])


def test_every_venue_is_built_for_or_refused() -> None:
    built = {ccxt_class(venue, Kind.INVERSE) for venue in TRADED}
    assert {*TRADED, "bitmex", "htx", "weex"} == set(venues.names())
    assert built == set(FIELDS) == set(WAITS)
    assert {"htx", "weex"} == APART


def test_the_margin_mode_stands_where_an_order_says_it(tmp_path: Path) -> None:
    (cross,) = lines(tmp_path, "okx")
    (isolated,) = lines(tmp_path, "okx", more="policy: {margin_mode: isolated}\n")
    assert (cross["params"]["marginMode"], sent(cross)["tdMode"]) == ("cross", "cross")
    assert (isolated["params"]["marginMode"], sent(isolated)["tdMode"]) == ("isolated", "isolated")
    assert isolated["params"]["leverage"] == 1


def test_a_saved_plan_has_the_same_ids_whenever_it_is_shown(tmp_path: Path) -> None:
    lines(tmp_path, "bybit")
    plan = tmp_path / "plan.json"
    assert answered("plan", str(tmp_path / "portfolio.yaml"), *NOW, "--out", str(plan)).code == 0
    once, again = (answered("show", str(plan), "--format", "orders") for _ in range(2))
    assert once == again
    (line,) = map(json.loads, once.out.splitlines())
    portfolio = str(tmp_path / "portfolio.yaml")
    recorded = json.loads(answered("record", "plan", str(plan), "-p", portfolio, *NOW, "--format", "json").out)
    digest = next(entry["plan"] for entry in recorded["entries"] if entry["type"] == "fill")
    assert line["params"]["clientOrderId"] == f"{digest[:16]}o0"


@pytest.mark.parametrize("exchange", ALPHABETS)
def test_ids_keep_to_what_the_exchange_allows_and_lead_back_to_their_order(exchange: str) -> None:
    legs = [Leg(DIGEST, 0), Leg(DIGEST, 12), Leg("f" * 64, 0), Leg("0" * 15 + "1" + "0" * 48, 99)]
    ids = [client_order_id(exchange, leg) for leg in legs]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(ALPHABETS[exchange], each) for each in ids[:3])
    assert exchange != "htx" or all(int(each) < 2**63 for each in ids)
    assert legs_by_id(exchange, [(DIGEST, 13)])[ids[1]] == legs[1]


def test_every_class_is_one_of_ccxt() -> None:
    venues = (
        "binance",
        "bingx",
        "bybit",
        "deribit",
        "gate",
        "htx",
        "kraken",
        "kucoin",
        "mexc",
        "okx",
        "phemex",
        "weex",
    )
    assert {ccxt_class(venue, kind) for venue in venues for kind in Kind} <= set(ccxt.exchanges)
    assert ccxt_class("bitmex", Kind.INVERSE) is None


def test_a_refused_plan_has_no_orders_to_send(tmp_path: Path) -> None:
    assert books.refused().refused
    with pytest.raises(Exception, match="the plan is refused, and so are its orders"):
        render("orders", books.refused(), VIEW)


@pytest.mark.parametrize(
    ("venue", "said"),
    [("bitmex", "ccxt serves no bitmex"), ("htx", "holds longs and shorts"), ("weex", "holds longs and shorts")],
)
def test_a_venue_that_cannot_take_them_is_named(tmp_path: Path, venue: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        render("orders", replace(books.worked_example(), venue=venue), VIEW)


def test_only_plans_have_orders(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(BOOK.format(venue="bybit", more=""))
    done = answered("status", str(file), "--format", "orders", *NOW)
    assert (done.code, done.out) == (2, "")
    assert "only plan, hedge, unwind and rescue have orders" in done.err
    assert answered("plan", str(file), "--format", "orders", "--section", "maker", *NOW).code == 2


def several(tmp_path: Path, *venues: str) -> tuple[str, dict[str, tuple[str, int, str, str]]]:
    """A file with an account at each venue, called after it but for its first letters, and what is traded there."""
    traded = {f"at-{venue}": TRADED[venue] for venue in venues}
    rows = {
        venue: f"{{contract: {contract}, contracts: {size // 4}, entry_price: 40000, hedge: {size // 4}}}"
        for venue, (contract, size, _, _) in TRADED.items()
    }
    accounts = "".join(
        f"  at-{venue}: {{venue: {venue}, margin: cross, wallets: {{BTC: 0.5}}, positions: [{rows[venue]}]}}\n"
        for venue in venues
    )
    file = tmp_path / "portfolio.yaml"
    text = BOOK.format(venue="X", more="").replace("venue: X\n", "").replace("{BTC: 2}", "{BTC: 20}")
    file.write_text(f"{text}accounts:\n{accounts}")
    return str(file), traded


ACCOUNTS = ("binance", "bybit", "okx", "deribit", "kraken", "phemex", "gate", "kucoin", "bingx", "mexc")


def test_ccxt_builds_the_orders_of_every_account_for_its_exchange(tmp_path: Path) -> None:
    file, traded = several(tmp_path, *ACCOUNTS)
    done = answered("unwind", "-p", file, "--purpose", "hedge", "--format", "orders", *NOW)
    assert (done.code, done.err) == (0, "")
    found = {line["account"]: line for line in map(json.loads, done.out.splitlines())}
    assert sorted(found) == sorted(traded)
    for account, (contract, _, amount, exchange) in traded.items():
        line, fields = found[account], sent(found[account])
        assert (line["exchange"], line["contract"], line["symbol"]) == (exchange, contract, "BTC/USD:BTC")
        name, of, size, _, reduces = FIELDS[exchange]
        assert fields[name] == line["params"]["label" if exchange == "deribit" else "clientOrderId"]
        assert fields[of] == contract
        assert float(fields[size]) == float(amount) / 2  # a quarter of 64,000 dollars, and TRADED has a half
        assert exchange == "mexc" or str(fields[reduces]).lower() == "true"
    assert len({fields_of(line) for line in found.values()}) == len(found)


def fields_of(line: Mapping[str, Any]) -> str:
    return str(line["params"].get("clientOrderId") or line["params"]["label"]).removeprefix("t-")


def test_a_saved_plan_of_several_accounts_needs_no_portfolio_to_say_where_its_orders_go(tmp_path: Path) -> None:
    file, _ = several(tmp_path, "bybit", "phemex", "okx")
    plan = tmp_path / "unwind.json"
    at = ("unwind", "-p", file, "--purpose", "hedge", *NOW)
    assert answered(*at, "--out", str(plan)).code == 0
    shown = [json.loads(line) for line in answered("show", str(plan), "--format", "orders").out.splitlines()]
    asked = [json.loads(line) for line in answered(*at, "--format", "orders").out.splitlines()]
    assert shown == asked
    assert {line["account"]: (line["exchange"], line["contract"]) for line in shown} == {
        "at-bybit": ("bybit", "BTCUSD"), "at-phemex": ("phemex", "BTCUSD"), "at-okx": ("okx", "BTC-USD-SWAP")
    }  # fmt: skip


def test_an_order_of_one_of_several_accounts_goes_to_its_exchange() -> None:
    plan = books.worked_example()
    orders = tuple(replace(each, contract=f"okx:{each.asset}-USD-SWAP", account="okx") for each in plan.orders)
    text = render("orders", replace(plan, venue=None, orders=orders), VIEW)
    found = [json.loads(line) for line in text.splitlines()]
    assert found
    for line, order in zip(found, orders, strict=True):
        assert (line["exchange"], line["contract"]) == ("okx", f"{order.asset}-USD-SWAP")
        # A contract that no catalogue has goes by the exchange's own name, which ccxt takes as well.
        assert line["symbol"] == (line["contract"] if order.asset == "ALT" else f"{order.asset}/USD:{order.asset}")
    unnamed = replace(plan, venue=None, orders=tuple(replace(each, account="main") for each in plan.orders))
    with pytest.raises(UsageProblem, match="ccxt serves no main"):
        render("orders", unnamed, VIEW)
