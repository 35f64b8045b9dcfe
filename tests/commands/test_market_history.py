"""Histories of every venue that was tried, page by page, and what reads them: beta, proxies, funding and replay."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.histories import DAY, HOUR, NOW, Past, answers, coinbase, rate, spot_kraken
from program import Answered, answered

pytestmark = pytest.mark.usefixtures("loopback")
AT = ("--now", "2026-11-20T07:58:10Z")
CONTRACTS = {
    "binance": ("BTCUSD_PERP", "ETHUSD_PERP"),
    "bybit": ("BTCUSD", "ETHUSD"),
    "okx": ("BTC-USD-SWAP", "ETH-USD-SWAP"),
    "deribit": ("BTC-PERPETUAL", "ETH-PERPETUAL"),
    "kraken": ("PI_XBTUSD", "PI_ETHUSD"),
}
BOOK = """\
venue: {venue}
as_of: 2026-11-20T00:00:00Z
holdings: {{BTC: 2, ETH: 14}}
targets: {{BTC: 60%, ETH: 40%}}
policy: {{band: 2%}}
"""
TODAY = NOW // DAY
HOURLY = frozenset({"deribit", "kraken"})


def btc(day: int) -> str:
    return f"{40000 + 37 * (day * day % 101)}.5"


def eth(day: int) -> str:
    return f"{2500 + 3 * (day * day % 101)}.25"


def serving(server: Server, venue: str, *, listed: int = 430, missing: tuple[int, ...] = ()) -> Server:
    """The venue, its ETH listed a hundred days after its BTC."""
    hours = 1 if venue in HOURLY else 8
    first, second = CONTRACTS[venue]
    pasts = {first: Past(listed, btc, hours, missing), second: Past(listed - 100, eth, hours)}
    server.serve(venue)
    server.answers |= answers(venue, pasts)
    return server


def run(server: Server, folder: Path, *arguments: str) -> Answered:
    return answered("market", "-p", str(folder / "p.yaml"), *AT, *arguments, network=server.network())


def book(folder: Path, venue: str) -> None:
    (folder / "p.yaml").write_text(BOOK.format(venue=venue))


def rows(text: str) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in text.splitlines()[1:]:
        time, name, *figures = line.split(",")
        found.setdefault(name, []).append([time, *figures])
    return found


def day_of(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) * 1000 // DAY


@pytest.mark.parametrize("venue", CONTRACTS)
def test_every_bar_since_the_listing_is_there_once(server: Server, tmp_path: Path, venue: str) -> None:
    book(tmp_path, venue)
    done = run(serving(server, venue), tmp_path, "--history", "3y")
    assert done.code == 0, done.err
    found = rows(done.out)
    for name, listed, close in (("BTC", 430, btc), ("ETH", 330, eth)):
        days = [day_of(row[0]) for row in found[name]]
        assert days == list(range(TODAY - listed, TODAY))  # today's has not ended
        assert [exact(row[-1]) for row in found[name]] == [exact(close(day)) for day in days]
    assert done.err.splitlines() == [
        f"rebal: {name}: there is nothing before {datetime.fromtimestamp((TODAY - listed) * DAY / 1000, UTC):%Y-%m-%d}"
        for name, listed in (("BTC", 430), ("ETH", 330))
    ]


@pytest.mark.parametrize("venue", CONTRACTS)
def test_a_history_of_any_venue_goes_on_where_its_file_ends(server: Server, tmp_path: Path, venue: str) -> None:
    book(tmp_path, venue)
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert run(serving(server, venue), tmp_path, "--history", "2y", "--out", str(whole)).code == 0
    lines = whole.read_text().splitlines()
    part.write_text("\n".join(lines[: len(lines) // 2]) + "\n")
    done = run(server, tmp_path, "--history", "2y", "--out", str(part))
    assert (done.code, done.err) == (0, "")
    assert part.read_text() == whole.read_text()


@pytest.mark.parametrize("venue", CONTRACTS)
def test_every_rate_that_was_paid_is_there_once(server: Server, tmp_path: Path, venue: str) -> None:
    book(tmp_path, venue)
    done = run(serving(server, venue, listed=230), tmp_path, "--history", "1y", "--rates")
    assert done.code == 0, done.err
    step = HOUR if venue in HOURLY else 8 * HOUR
    for name, listed in zip(CONTRACTS[venue], (230, 130), strict=True):
        found = [
            (int(datetime.fromisoformat(time).timestamp()) * 1000, figure) for time, figure in rows(done.out)[name]
        ]
        first = (TODAY - listed) * DAY if venue != "okx" else -(-(NOW - 90 * DAY) // step) * step
        assert [time for time, _ in found] == list(range(first, NOW + 1, step))
        assert [exact(figure) for _, figure in found] == [exact(rate(time)) for time, _ in found]
    assert done.err.count("there is nothing before") == 2


def test_rates_that_were_paid_more_often_than_now_are_all_there(server: Server, tmp_path: Path) -> None:
    book(tmp_path, "bybit")
    serving(server, "bybit", listed=230)
    pasts = {name: Past(230, btc, 2) for name in CONTRACTS["bybit"]}  # every two hours: four times the rows of a page
    server.answers |= answers("bybit", pasts)
    done = run(server, tmp_path, "--history", "1y", "--rates")
    found = [day_of(time) for time, _ in rows(done.out)["BTCUSD"]]
    assert len(found) == len(pasts["BTCUSD"].rates())


def test_what_an_exchange_leaves_out_is_said(server: Server, tmp_path: Path) -> None:
    book(tmp_path, "okx")
    file = tmp_path / "prices.csv"
    done = run(serving(server, "okx", missing=(7, 20, 21)), tmp_path, "--history", "30d", "--out", str(file))
    assert (done.code, done.err) == (
        0, "rebal: BTC: 2 stretches are left out, the first after 2026-10-29\n"
    )  # fmt: skip


TWO = """\
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 2, ETH: 14, SOL: 10}
targets: {BTC: 60%, ETH: 40%, SOL: 0%}
accounts:
  main: {venue: deribit}
  more: {venue: bybit, margin: cross}
  same: {venue: bybit, margin: cross}
market: {as_of: 2026-11-20T00:00:00Z, prices: {SOL: 100}}
"""


def test_each_coin_comes_from_the_first_account_and_each_contract_has_its_rates(server: Server, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(TWO)
    serving(serving(server, "deribit"), "bybit")
    pasts = {"BTCUSD": Past(90, eth), "ETHUSD": Past(90, btc), "SOLUSD": Past(90, btc)}
    server.answers |= answers("bybit", pasts)
    done = run(server, tmp_path, "--history", "5d")
    assert done.code == 0, done.err
    found = rows(done.out)
    # Deribit has two of them, and the first of the others the third
    for name, close in (("BTC", btc), ("ETH", eth), ("SOL", btc)):
        assert [exact(row[-1]) for row in found[name]] == [exact(close(day)) for day in range(TODAY - 4, TODAY)]
    charts = {(each.host, each.query.get("symbol")) for each in server.asked if "kline" in each.path}
    assert charts == {("api.bybit.com", "SOLUSD")}
    done = run(server, tmp_path, "--history", "2d", "--rates")
    found = rows(done.out)
    assert sorted(found) == [
        "BTC-PERPETUAL", "ETH-PERPETUAL", "more:BTCUSD", "more:ETHUSD", "more:SOLUSD", "same:BTCUSD", "same:ETHUSD",
        "same:SOLUSD",
    ]  # fmt: skip
    assert found["more:BTCUSD"] == found["same:BTCUSD"]
    assert (len(found["BTC-PERPETUAL"]), len(found["more:BTCUSD"])) == (48, 6)


BEYOND = """\
venue: deribit
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 2, ETH: 14, ALGO: 900, DOGE: 5000, ODD: 1}
targets: {BTC: 60%, ETH: 40%, ALGO: 0%, DOGE: 0%, ODD: 0%}
prices_from: [coinbase, kraken]
market: {as_of: 2026-11-20T00:00:00Z, prices: {ODD: 3}}
"""


def beyond(server: Server, folder: Path, text: str = BEYOND) -> None:
    """Deribit, which has no ALGO and no DOGE; Coinbase has the one since 500 days, Kraken the other since 900."""
    (folder / "p.yaml").write_text(text)
    serving(server, "deribit").serve("coinbase", "spot_kraken")
    server.answers |= coinbase({"ALGO": Past(500, eth)}) | spot_kraken({"DOGE": Past(900, btc), "BTC": Past(900, btc)})


def test_bars_of_coins_without_a_perpetual_are_those_of_prices_from(server: Server, tmp_path: Path) -> None:
    beyond(server, tmp_path)
    done = run(server, tmp_path, "--history", "3y")
    assert done.code == 0, done.err
    found = rows(done.out)
    assert sorted(found) == ["ALGO", "BTC", "DOGE", "ETH"]
    # Kraken's last of 720 is today's, which has not ended.
    for name, listed, close in (("ALGO", 500, eth), ("DOGE", 719, btc), ("BTC", 430, btc)):
        days = range(TODAY - listed, TODAY)
        assert [day_of(row[0]) for row in found[name]] == list(days)
        assert [exact(row[-1]) for row in found[name]] == [exact(close(day)) for day in days]
    said = done.err.splitlines()
    assert "rebal: ALGO: has no perpetual at its venue; its bars are those of coinbase, spot" in said
    assert "rebal: DOGE: has no perpetual at its venue; its bars are those of kraken, spot" in said
    assert "rebal: ODD: has no perpetual at its venue, and coinbase and kraken list none of it in dollars" in said
    assert "rebal: DOGE: there is nothing before 2024-12-01" in said


def test_a_history_of_spot_goes_on_where_its_file_ends(server: Server, tmp_path: Path) -> None:
    beyond(server, tmp_path)
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert run(server, tmp_path, "--history", "2y", "--out", str(whole)).code == 0
    lines = whole.read_text().splitlines()
    part.write_text("\n".join(line for line in lines if not line.startswith("2026-1")) + "\n")
    assert run(server, tmp_path, "--history", "2y", "--out", str(part)).code == 0
    assert part.read_text() == whole.read_text()


def test_rates_are_asked_of_no_spot_exchange(server: Server, tmp_path: Path) -> None:
    beyond(server, tmp_path)
    done = run(server, tmp_path, "--history", "2d", "--rates")
    assert (done.code, done.err) == (0, "")
    assert sorted(rows(done.out)) == ["BTC-PERPETUAL", "ETH-PERPETUAL"]


def test_where_nobody_is_named_it_is_said_who_might_be(server: Server, tmp_path: Path) -> None:
    text = BEYOND.replace("prices_from: [coinbase, kraken]\n", "").replace("ODD: 3", "ODD: 3, ALGO: 1, DOGE: 0.1")
    beyond(server, tmp_path, text)
    done = run(server, tmp_path, "--history", "5d")
    assert done.code == 0
    assert sorted(rows(done.out)) == ["BTC", "ETH"]
    assert "rebal: DOGE: has no perpetual at its venue; name exchanges under prices_from for its bars" in done.err


def test_a_spot_exchange_that_is_down_leaves_what_came_before_it(server: Server, tmp_path: Path) -> None:
    beyond(server, tmp_path)
    server.answers["GET api.kraken.com/0/public/AssetPairs"] = {"error": ["EService:Unavailable"]}
    file = tmp_path / "prices.csv"
    done = run(server, tmp_path, "--history", "5d", "--out", str(file))
    assert done.code == 4
    assert "kraken: " in done.err
    assert sorted(rows(file.read_text())) == ["ALGO", "BTC", "ETH"]


@pytest.mark.parametrize("venue", CONTRACTS)
def test_what_was_written_is_read_by_beta_by_proxies_and_by_replay(server: Server, tmp_path: Path, venue: str) -> None:
    book(tmp_path, venue)
    prices, funding = tmp_path / "prices.csv", tmp_path / "funding.csv"
    serving(server, venue)
    assert run(server, tmp_path, "--history", "80d", "--out", str(prices)).code == 0
    assert run(server, tmp_path, "--history", "80d", "--rates", "--out", str(funding)).code == 0
    said = answered("beta", "ETH", "--via", "BTC", "--history", str(prices), "--format", "json")
    assert said.code == 0, said.err
    assert exact(json.loads(said.out)["r_squared"]) > exact("0.9")
    contract = CONTRACTS[venue][0]
    text = BOOK.format(venue=venue) + (
        "proxies: {ALT: {via: BTC, history: alt.csv}}\n"
        f"market: {{as_of: 2026-11-20T00:00:00Z, prices: {{BTC: 40000, ETH: 2500, ALT: 1}}, "
        f"funding: {{{contract}: {{history: funding.csv}}}}}}\n"
    )
    (tmp_path / "alt.csv").write_text(prices.read_text().replace(",ETH,", ",ALT,"))
    (tmp_path / "q.yaml").write_text(text)
    assert answered("check", str(tmp_path / "q.yaml"), *AT).code == 0
    (tmp_path / "now.yaml").write_text("as_of: 2026-11-20T00:00:00Z\nprices: {BTC: 40000, ETH: 2500}\n")
    replayed = answered(
        "replay", str(tmp_path / "p.yaml"), "--market", str(tmp_path / "now.yaml"), "--prices", str(prices),
        "--funding", str(funding),
        "--costs", "slippage=0.05%,spot_fee=0.1%", "--format", "json", *AT,
    )  # fmt: skip
    assert replayed.code == 0, replayed.err
    report = json.loads(replayed.out)
    assert report["ways"][0]["funding_usd"] != "0"
