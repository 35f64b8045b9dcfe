"""``rebal market``: the prices of now as a file, and what was printed before as a history that goes on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange_server import Asked, Fault, Reply, Server
from program import Answered, answered

pytestmark = pytest.mark.usefixtures("loopback")
NOW = ("--now", "2026-11-20T07:58:10Z")
DAY = 86_400_000
TODAY = 1795132800000  # 2026-11-20
BOOK = """\
venue: binance
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 60%, ETH: 40%}
"""
BARS = "12h, 15m, 1d, 1h, 1m, 1w, 2h, 30m, 3d, 3m, 4h, 5m, 6h, 8h"
"""Of Binance, but for those of a second and of a month, which no length of time that is read here is."""
PAGE = 4
"""Rows of a page of this exchange."""


def klines(asked: Asked) -> object:
    """Days of one coin: the close is the day's number in the month, of January 1970 and on."""
    since = int(asked.query["startTime"])
    first = -(-since // DAY) * DAY
    days = range(first, TODAY + 1, DAY)[:PAGE]
    return [
        [day, "1.10", "3", "0.5", f"{day // DAY % 31 + 1}.50", "1", day + DAY - 1, "1", 1, "1", "1", "0"]
        for day in days
    ]


def rates(asked: Asked) -> object:
    since, third = int(asked.query["startTime"]), DAY // 3
    first = -(-since // third) * third
    return [
        {"symbol": asked.query["symbol"], "fundingTime": time, "fundingRate": "0.00010000"}
        for time in range(first, TODAY + third, third)[:PAGE]
    ]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().serve("binance") as running:
        running.answers["GET dapi.binance.com/dapi/v1/klines"] = klines
        running.answers["GET dapi.binance.com/dapi/v1/fundingRate"] = rates
        yield running


@pytest.fixture(autouse=True)
def _book(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(BOOK)


def run(server: Server, tmp_path: Path, *arguments: str) -> Answered:
    return answered("market", "-p", str(tmp_path / "p.yaml"), *NOW, *arguments, network=server.network())


def test_a_plan_on_the_file_is_the_plan_on_the_exchange(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    assert run(server, tmp_path, "--out", str(file)) == Answered(0, "", "")
    assert run(server, tmp_path).out == file.read_text()
    plan = ("plan", str(tmp_path / "p.yaml"), "--format", "json", *NOW, "--market")
    live = answered(*plan, "live", network=server.network())
    assert live.out == answered(*plan, str(file)).out
    assert {"name": "BTC", "source": "binance"} in json.loads(live.out)["inputs"]["price_sources"]


def test_a_file_beside_it_is_in_the_file_too(server: Server, tmp_path: Path) -> None:
    (tmp_path / "over.yaml").write_text(
        "prices: {BTC: 41000}\nfunding: {BTCUSD_PERP: {low: 0%, base: 0.1%, high: 1%}}\n"
    )
    said = run(server, tmp_path, "--market", f"live,{tmp_path}/over.yaml").out
    assert "    BTC: 41000\n" in said
    assert "    BTC: binance\n" not in said
    assert "    BTCUSD_PERP: {low: 0, base: 0.001, high: 0.01}\n" in said


def test_doubts_are_in_the_file(server: Server, tmp_path: Path) -> None:
    del server.answers["GET dapi.binance.com/dapi/v1/premiumIndex"][0]
    assert "  doubts:\n    - {of: BTCUSD_PERP, why: unpriced, source: binance}\n" in run(server, tmp_path).out


def test_an_exchange_that_is_down_writes_nothing(server: Server, tmp_path: Path) -> None:
    server.faults = [Fault(reply=Reply("", 503), times=99)]
    file = tmp_path / "m.yaml"
    file.write_text("old\n")
    assert run(server, tmp_path, "--out", str(file)).code == 4
    assert file.read_text() == "old\n"


def test_the_portfolio_is_never_written_over(server: Server, tmp_path: Path) -> None:
    assert run(server, tmp_path, "--out", str(tmp_path / "p.yaml")).code == 2
    assert (tmp_path / "p.yaml").read_text() == BOOK


def test_a_history_holds_each_bar_that_has_ended_once(server: Server, tmp_path: Path) -> None:
    lines = run(server, tmp_path, "--history", "10d").out.splitlines()
    assert lines[0] == "time,asset,open,high,low,close"
    # ten days back from 20 November 07:58 lie the bars of the 11th to the 19th; today's has not ended
    assert [line.split(",")[:2] for line in lines[1:]] == [
        [f"2026-11-{day}T00:00:00Z", coin] for day in range(11, 20) for coin in ("BTC", "ETH")
    ]
    assert lines[1] == "2026-11-11T00:00:00Z,BTC,1.1,3,0.5," + lines[1].rsplit(",", 1)[1]


def test_a_history_goes_on_where_its_file_ends(server: Server, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    assert run(server, tmp_path, "--history", "10d", "--out", str(whole)).code == 0
    part.write_text("\n".join(whole.read_text().splitlines()[:8]) + "\n")
    server.asked.clear()
    assert run(server, tmp_path, "--history", "10d", "--out", str(part)).code == 0
    assert part.read_text() == whole.read_text()
    starts = [int(asked.query["startTime"]) for asked in server.asked if asked.path.endswith("klines")]
    assert min(starts) > TODAY - 8 * DAY
    assert run(server, tmp_path, "--history", "10d", "--out", str(part)).code == 0
    assert part.read_text() == whole.read_text()


def test_what_was_read_before_it_failed_is_kept(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    server.answers["GET dapi.binance.com/dapi/v1/klines"] = lambda asked: (
        klines(asked) if asked.query["symbol"].startswith("BTC") else Reply("", 503)
    )
    said = run(server, tmp_path, "--history", "10d", "--out", str(file))
    assert said.code == 4
    assert said.err.startswith("rebal: binance: fails (HTTP 503), tried 4 times")
    assert file.read_text().count(",BTC,") == 9
    server.answers["GET dapi.binance.com/dapi/v1/klines"] = klines
    assert run(server, tmp_path, "--history", "10d", "--out", str(file)).code == 0
    assert (file.read_text().count(",BTC,"), file.read_text().count(",ETH,")) == (9, 9)


def test_rates_are_those_that_were_paid(server: Server, tmp_path: Path) -> None:
    lines = run(server, tmp_path, "--history", "1d", "--rates").out.splitlines()
    assert lines[:3] == [
        "time,contract,rate",
        "2026-11-19T08:00:00Z,BTCUSD_PERP,0.0001",
        "2026-11-19T08:00:00Z,ETHUSD_PERP,0.0001",
    ]
    assert len(lines) == 1 + 2 * 3


def test_beta_reads_what_was_written(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    assert run(server, tmp_path, "--history", "60d", "--out", str(file)).code == 0
    said = answered("beta", "ETH", "--via", "BTC", "--history", str(file), "--format", "json")
    assert (said.code, json.loads(said.out)["beta"]) == (0, "1")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--rates",), 2, "--every and --rates belong to --history"),
        (("--every", "1d"), 2, "--every and --rates belong to --history"),
        (("--history", "1d", "--rates", "--every", "1h"), 2, "--rates has none"),
        (("--history", "soon"), 2, "--history soon"),
        (("--history", "2d", "--every", "7h"), 2, f"--every 7h: binance has no such bars; write one of {BARS}"),
    ],
)
def test_what_makes_no_sense_is_refused(
    server: Server, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = run(server, tmp_path, *arguments)
    assert (found.code, found.out) == (code, "")
    assert said in found.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "h.csv:1:1: is no history of this kind (found a,b)"),
        ("time,asset,open,high,low,close\n2026-11-11T00:00:00Z,BTC,1\n", "h.csv:2:1: has 3 cells; give 6"),
        ("time,asset,open,high,low,close\nsoon,BTC,1,1,1,1\n", "h.csv:2:1: is not a timestamp (found soon)"),
    ],
)
def test_a_file_that_is_no_history_is_left_alone(server: Server, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "h.csv"
    file.write_text(text)
    found = run(server, tmp_path, "--history", "2d", "--out", str(file))
    assert (found.code, file.read_text()) == (3, text)
    assert said in found.err


def test_an_instant_of_the_bars_is_utc() -> None:
    assert datetime.fromtimestamp(TODAY / 1000, UTC) == datetime(2026, 11, 20, tzinfo=UTC)
