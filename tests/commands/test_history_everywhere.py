"""``rebal market --history`` at BitMEX, which is read without ccxt, and at every other venue of the table."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.histories import DAY, HOUR, NOW, Past, answers, rate
from program import Answered, answered
from rebal import venues
from test_readme_venues import PRICES

pytestmark = pytest.mark.usefixtures("loopback")
BOOK = """\
venue: {venue}
as_of: 2026-11-20T00:00:00Z
holdings: {{BTC: 2}}
targets: {{BTC: 60%, USD: 40%}}
market: {{as_of: 2026-11-20T00:00:00Z, prices: {{BTC: 40000}}}}
"""
TODAY = NOW // DAY


def close(day: int) -> str:
    return f"{40000 + 37 * (day * day % 101)}.5"


def run(server: Server, folder: Path, *arguments: str, venue: str = "bitmex") -> Answered:
    (folder / "p.yaml").write_text(BOOK.format(venue=venue))
    at = ("--now", "2026-11-20T07:58:10Z")
    return answered("market", "-p", str(folder / "p.yaml"), *at, *arguments, network=server.network())


@pytest.fixture
def bitmex(server: Server) -> Server:
    server.serve("bitmex").answers |= answers("bitmex", {"XBTUSD": Past(2300, close)})
    return server


def test_every_bar_is_there_once_and_of_the_day_that_it_ends(bitmex: Server, tmp_path: Path) -> None:
    done = run(bitmex, tmp_path, "--history", "7y")
    assert done.code == 0, done.err
    header, *rows = (line.split(",") for line in done.out.splitlines())
    assert header == ["time", "asset", "open", "high", "low", "close"]
    days = [int(datetime.fromisoformat(time).timestamp()) * 1000 // DAY for time, *_ in rows]
    assert days == list(range(TODAY - 2300, TODAY))  # of 2,300 in pages of a thousand
    for day, (_, name, opened, high, low, last) in zip(days, rows, strict=True):
        before = close(day - 1) if day > TODAY - 2300 else close(day)
        assert (name, exact(opened), exact(last)) == ("BTC", exact(before), exact(close(day)))
        # a bucket of theirs opens where the one before closed, which its own trades need not have seen
        assert (exact(high), exact(low)) == tuple(pick(exact(before), exact(close(day))) for pick in (max, min))
    first = datetime.fromtimestamp((TODAY - 2300) * DAY / 1000, UTC)
    assert done.err == f"rebal: BTC: there is nothing before {first:%Y-%m-%d}\n"


def test_it_goes_on_where_its_file_ends(bitmex: Server, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    for options in (("--history", "2y"), ("--history", "1y", "--rates")):
        assert run(bitmex, tmp_path, *options, "--out", str(whole)).code == 0
        lines = whole.read_text().splitlines()
        part.write_text("\n".join(lines[: len(lines) // 2]) + "\n")
        assert run(bitmex, tmp_path, *options, "--out", str(part)).code == 0
        assert part.read_text() == whole.read_text()
        whole.unlink()
        part.unlink()


def test_every_rate_that_was_paid_is_there_once(bitmex: Server, tmp_path: Path) -> None:
    done = run(bitmex, tmp_path, "--history", "1y", "--rates")
    assert (done.code, done.err) == (0, "")
    rows = [line.split(",") for line in done.out.splitlines()[1:]]
    times = [int(datetime.fromisoformat(time).timestamp()) * 1000 for time, _, _ in rows]
    assert times == list(range(times[0], NOW + 1, 8 * HOUR))
    assert len(times) > 1000  # in pages of five hundred
    assert [exact(figure) for _, _, figure in rows] == [exact(rate(time)) for time in times]


@pytest.mark.parametrize("what", [(), ("--rates",), ("--every", "1h")])
@pytest.mark.parametrize("venue", venues.names())
def test_where_a_history_is_not_to_be_had_one_line_says_so(
    server: Server, tmp_path: Path, venue: str, what: tuple[str, ...]
) -> None:
    """The server answers nothing but prices: whatever is asked beyond them is not found."""
    done = run(server.serve(venue), tmp_path, "--history", "30d", *what, venue=venue)
    assert "Traceback" not in done.err
    if venue == "weex":  # whose catalogue has no contract
        assert (done.code, "has a perpetual at its venue" in done.err) == (2, True)
        return
    assert done.code in (0, 4), done.err
    assert done.code == 0 or (done.out == "" and done.err.splitlines()[-1].startswith(f"rebal: {venue}: "))


BARS = {"kucoin": "XBTUSDM", "gate": "BTC_USD", "bingx": "BTC-USD", "htx": "BTC-USD"}


@pytest.mark.parametrize("venue", BARS)
def test_bars_begin_where_a_contract_was_listed_however_long_before_is_asked(
    server: Server, tmp_path: Path, venue: str
) -> None:
    """These answer for a stretch of time, so that one without bars is not the end of them."""
    server.serve(venue).answers |= answers(venue, {BARS[venue]: Past(430, close)})
    done = run(server, tmp_path, "--history", "8y", venue=venue)
    assert done.code == 0, done.err
    rows = [line.split(",") for line in done.out.splitlines()[1:]]
    days = [int(datetime.fromisoformat(row[0]).timestamp()) * 1000 // DAY for row in rows]
    assert days == list(range(TODAY - 430, TODAY))
    assert [exact(row[-1]) for row in rows] == [exact(close(day)) for day in days]


def test_the_table_says_which_histories_were_tried() -> None:
    tried = {venue for venue, cells in PRICES.items() if cells[-1].startswith("tried")}
    assert tried == {"binance", "bybit", "okx", "deribit", "kraken", "bitmex"}
    assert {venue for venue, cells in PRICES.items() if cells[-1].startswith("bars tried")} == set(BARS)
