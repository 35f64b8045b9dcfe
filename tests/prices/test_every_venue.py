"""Each exchange of the README's table with each thing that may be wrong with a price: a finding, never a silent figure.

The fields of an exchange's own answers stand here by venue; what can be told where is what the table says.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Reply, Server
from exchange_server.books import VENUES
from prices.test_live import AT, NOW, doubts, quoted
from program import Answered, answered
from rebal import venues
from rebal.prices import Quotes
from test_readme_venues import PRICES

pytestmark = pytest.mark.usefixtures("loopback")
FIELDS: Mapping[str, tuple[str, str, str]] = {
    # the mark, the best bid, and the time that a price has of its own
    "binance": ("markPrice", "", "time"),
    "bybit": ("markPrice", "bid1Price", ""),
    "okx": ("markPx", "", "ts"),
    "deribit": ("mark_price", "bid_price", "creation_timestamp"),
    "kraken": ("markPrice", "bid", ""),
    "bitmex": ("markPrice", "bidPrice", "timestamp"),
    "bingx": ("markPrice", "", ""),
    "mexc": ("fairPrice", "bid1", "timestamp"),
    "weex": ("markPrice", "", "time"),
    "gate": ("mark_price", "", ""),
    "htx": ("close", "", "id"),
    "kucoin": ("markPrice", "", ""),
    "phemex": ("markEp", "bidEp", "timestamp"),
}
TRADED = {name: each.contract for name, each in VENUES.items()} | {
    "bingx": "BTC-USD", "mexc": "BTC_USD", "weex": "BTCUSDT",
}  # fmt: skip
BEFORE: Mapping[str, Callable[[Any], Any]] = {
    # an hour earlier, where it is not in milliseconds
    "bitmex": lambda _: "2026-11-20T06:58:00.000Z",
    "htx": lambda seconds: seconds - 3_600,
    "phemex": lambda nanoseconds: nanoseconds - 3_600 * 10**9,
}
FILE = """\
venue: {venue}
as_of: 2026-11-20T00:00:00Z
holdings: {{BTC: 3, USDT: 50000}}
targets: {{BTC: 60%, USD: 40%}}
wallets: {wallets}
positions: [{{contract: {contract}, contracts: {contracts}, entry_price: 40000}}]
policy: {{band: 2%, leverage: 5, liquidation_distance: 1%, alert: {{leverage: 9, distance: 1%}}}}
"""
WEEX = """\
contracts:
  BTCUSDT:
    {asset: BTC, kind: linear, multiplier: 0.0001, taker_fee: 0.08%, maker_fee: 0.02%, tick_size: 0.1, lot_size: 1,
     funding_interval: 8h, max_leverage: 100, maintenance: {tiers: [{rate: 0.5%}]}}
prices_from: [kraken]
"""


def portfolio(folder: Path, venue: str) -> Path:
    """A file with a short that is open, far from every alert."""
    is_linear = venue == "weex"
    contracts = -1000 if is_linear else VENUES[venue].contracts if venue in VENUES else -4
    wallets = "{USDT: 40000}" if is_linear else "{BTC: 2}"
    file = folder / "p.yaml"
    text = FILE.format(venue=venue, wallets=wallets, contract=TRADED[venue], contracts=contracts)
    file.write_text(text + (WEEX if is_linear else ""))
    return file


def spoilt(answer: Any, venue: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the rows of an exchange's answer that are about the perpetual of BTC."""
    for each in answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ():
        if isinstance(each, dict) and TRADED[venue].lower() in {str(value).lower() for value in each.values()}:
            change(each)
        spoilt(each, venue, change)


def serve(server: Server, venue: str, change: Callable[[dict[str, Any]], None]) -> Server:
    """The exchange with the price of that perpetual changed; HTX has it in an answer of its own, without its name."""
    server.serve(venue, "spot_kraken")
    for key, answer in server.answers.items():
        if "kline" not in key:
            spoilt(answer, venue, change)
        elif key.endswith("=" + TRADED[venue]):
            change(answer["data"][0])
    return server


def setting(venue: str, field: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    """What changes a field where a row has it."""

    def change_it(row: dict[str, Any]) -> None:
        if field in row:
            row[field] = change(row[field])

    return change_it


def status(server: Server, file: Path, *more: str) -> Answered:
    return answered("status", str(file), "--market", "live", "--format", "json", *NOW, *more, network=server.network())


def findings(done: Answered) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["code"], each["subject"]): each for each in json.loads(done.out)["findings"]}


def about(server: Server, venue: str) -> Quotes:
    """What is quoted of BTC and of ETH, whose price is right."""
    return quoted(server, venue, "BTC", "ETH") if venue != "weex" else _weex(server)


def _weex(server: Server) -> Quotes:
    from rebal import prices
    from rebal.prices import Wanted

    contracts = tuple(venues.venue("binance").serving("BTC", AT) + venues.venue("binance").serving("ETH", AT))
    linear = tuple(each for each in contracts if each.name in ("BTCUSDT", "ETHUSDT"))
    return prices.source("live", server.network(), timeout=20)(Wanted("weex", ("BTC", "ETH"), linear, (), AT))


def test_every_venue_of_the_table_is_here() -> None:
    assert set(FIELDS) == set(TRADED) == set(PRICES)
    for venue, (_, bid, time) in FIELDS.items():
        assert bool(bid) is (PRICES[venue][4] == "yes"), venue
        assert bool(time) is (PRICES[venue][5] == "each price"), venue


@pytest.mark.parametrize("venue", FIELDS)
def test_prices_that_are_right_are_no_finding(server: Server, tmp_path: Path, venue: str) -> None:
    done = status(server.serve(venue, "spot_kraken"), portfolio(tmp_path, venue))
    assert done.code in (0, 10), (done.err, done.out)
    doubted = {key: each for key, each in findings(done).items() if key[0] in ("price-in-doubt", "mark-off")}
    # WEEX's index is in tether, which is said and is no doubt.
    assert [key for key, each in doubted.items() if each["severity"] != "info"] == []


@pytest.mark.parametrize("venue", FIELDS)
def test_a_mark_beyond_the_band_is_a_breach(server: Server, tmp_path: Path, venue: str) -> None:
    mark = FIELDS[venue][0]
    change = setting(venue, mark, lambda given: type(given)(float(given) * 1.03) if given else given)
    done = status(serve(server, venue, change), portfolio(tmp_path, venue))
    assert done.code == 20, (done.err, done.out)
    assert ("mark-off", TRADED[venue]) in findings(done)


@pytest.mark.parametrize("bid", ["crossed", "0", 0, None, ""])
@pytest.mark.parametrize("venue", [venue for venue in FIELDS if PRICES[venue][4] == "yes"])
def test_a_book_that_is_crossed_or_has_one_side_is_a_breach(
    server: Server, tmp_path: Path, venue: str, bid: object
) -> None:
    name = FIELDS[venue][1]
    change = setting(venue, name, lambda given: type(given)(float(given) * 2) if bid == "crossed" else bid)
    done = status(serve(server, venue, change), portfolio(tmp_path, venue))
    assert done.code == 20, (done.err, done.out)
    said = findings(done)["price-in-doubt", TRADED[venue]]
    assert said["data"]["doubt"] == ("crossed" if bid == "crossed" else "one-sided")


@pytest.mark.parametrize("venue", [venue for venue in FIELDS if PRICES[venue][4] == "yes"])
def test_a_book_without_a_bid_at_all_has_one_side(server: Server, venue: str) -> None:
    found = about(serve(server, venue, lambda row: row.pop(FIELDS[venue][1], None) and None), venue)
    assert (TRADED[venue], "one-sided") in doubts(found)


@pytest.mark.parametrize("venue", [venue for venue in FIELDS if PRICES[venue][5] == "each price"])
def test_a_price_older_than_the_others_is_said(server: Server, venue: str) -> None:
    def hour_earlier(given: Any) -> Any:
        return BEFORE[venue](given) if venue in BEFORE else type(given)(int(given) - 3_600_000)

    found = about(serve(server, venue, setting(venue, FIELDS[venue][2], hour_earlier)), venue)
    assert (TRADED[venue], "stale") in doubts(found)
    assert found.as_of is not None
    assert found.as_of.hour == 6


@pytest.mark.parametrize("venue", FIELDS)
def test_what_a_file_says_beside_it_wins(server: Server, tmp_path: Path, venue: str) -> None:
    """Its price is taken, and what was in doubt about the other's is no longer."""
    mark, bid, _ = FIELDS[venue]

    def spoil(row: dict[str, Any]) -> None:
        setting(venue, mark, lambda given: None)(row)
        setting(venue, bid, lambda given: None)(row)

    file, over = portfolio(tmp_path, venue), tmp_path / "over.yaml"
    over.write_text(f"as_of: 2026-11-20T07:58:00Z\nprices: {{{TRADED[venue]}: 40123}}\n")
    serve(server, venue, spoil)
    without = status(server, file)
    assert (without.code, ("price-in-doubt", TRADED[venue]) in findings(without)) == (20, True)
    done = answered("status", str(file), "--market", f"live,{over}", "--format", "json", *NOW,
                    network=server.network())  # fmt: skip
    (position,) = json.loads(done.out)["positions"]
    assert position["mark_price"] == "40123"
    assert ("price-in-doubt", TRADED[venue]) not in findings(done)
    assert done.code in (0, 10)


@pytest.mark.parametrize("venue", FIELDS)
def test_a_coin_that_it_does_not_price_comes_from_another(server: Server, tmp_path: Path, venue: str) -> None:
    file = portfolio(tmp_path, venue)
    text = file.read_text().replace("{BTC: 3,", "{BTC: 3, XMR: 10,").replace("USD: 40%", "USD: 40%, XMR: 0%")
    file.write_text(re.sub("prices_from.*\n", "", text) + "prices_from: [kraken, coinbase]\n")
    server.serve(venue, "spot_kraken", "coinbase")
    done = answered("plan", str(file), "--market", "live", "--format", "json", *NOW, network=server.network())
    sources = {each["name"]: each["source"] for each in json.loads(done.out)["inputs"]["price_sources"]}
    assert sources["XMR"] == "kraken"
    assert sources[TRADED[venue]] == venue
    assert {each["asset"]: each["price"] for each in json.loads(done.out)["assets"]}["XMR"] == "160.05"


@pytest.mark.parametrize(
    ("field", "given", "doubt"),
    [("b", ["999", "1", "1"], "crossed"), ("a", ["0", "1", "1"], "one-sided"), ("c", ["0", "1"], "unpriced")],
)
def test_the_price_of_a_spot_exchange_is_doubted_too(
    server: Server, tmp_path: Path, field: str, given: list[str], doubt: str
) -> None:
    server.serve("binance", "spot_kraken")
    key = next(key for key in server.answers if key.endswith("/0/public/Ticker"))
    pairs = server.answers[key]["result"]
    next(pairs[name] for name in ("XMRUSD", "XXMRZUSD") if name in pairs)[field] = given
    found = quoted(server, "binance", "BTC", "XMR", prices_from=("kraken",))
    assert ("XMR", doubt) in doubts(found)
    assert ("XMR" in found.prices) is (doubt != "unpriced")


@pytest.mark.parametrize("name", ["kraken", "coinbase"])
def test_a_spot_exchange_s_clock_is_held_against_ours(server: Server, name: str) -> None:
    server.serve("binance", "spot_kraken", "coinbase")
    found = quoted(server, "binance", "BTC", "XMR", "ALGO", prices_from=(name,), now=AT.replace(hour=6))
    assert (name, "skewed") in doubts(found)
    assert exact("0") < min(found.prices.values())


@pytest.mark.parametrize(
    ("venue", "host", "answer"),
    [("gate", "/spot/time", {}), ("gate", "/spot/time", {"server_time": ""}),
     ("kucoin", "/timestamp", {"code": "200000"}), ("kucoin", "/timestamp", {"code": "200000", "data": None})],
)  # fmt: skip
def test_a_clock_that_does_not_answer_leaves_prices_of_now(
    server: Server, venue: str, host: str, answer: object
) -> None:
    server.serve(venue)
    key = next(key for key in server.answers if key.endswith(host))
    server.answers[key] = Reply(answer)
    found = quoted(server, venue, "BTC")
    assert found.as_of == AT
    assert {doubt for _, doubt in doubts(found)} == {"undated"}
