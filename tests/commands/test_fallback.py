"""Live prices for many books, each exchange asked once; and what is judged where one is down."""

import json
from pathlib import Path

import pytest

from exchange_server import Server
from program import Answered, answered

pytestmark = pytest.mark.usefixtures("loopback")
NOW = ("--now", "2026-11-20T07:58:10Z")
BOOK = """\
venue: {venue}
as_of: 2026-11-20T00:00:00Z
holdings: {{BTC: {coins}, ETH: 14}}
targets: {{BTC: 60%, ETH: 40%}}
"""
LAST = "as_of: 2026-11-20T04:00:00Z\nprices: {BTC: 39000, ETH: 2500}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "last.yaml").write_text(LAST)
    (tmp_path / "books").mkdir()
    for n, venue in enumerate(("binance", "binance", "bybit", "binance", "bybit")):
        (tmp_path / "books" / f"{n}.yaml").write_text(BOOK.format(venue=venue, coins=n + 1))
    return tmp_path


def status(server: Server, *arguments: str, market: str = "live") -> Answered:
    return answered("status", *arguments, "--market", market, *NOW, network=server.network())


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


class TestLiveOfMany:
    @pytest.mark.parametrize("form", ["json", "plain"])
    def test_an_exchange_is_asked_once_not_per_book_and_by_one_process(
        self, server: Server, folder: Path, form: str
    ) -> None:
        server.serve("binance").serve("bybit")
        alone = [status(server, f"books/{n}.yaml", "--format", "json") for n in (0, 2)]
        once = len(server.asked)
        found = status(server, "books", "--format", form)
        assert len(server.asked) == 2 * once
        assert found.code == 10
        assert status(server, "books", "--format", form, "--jobs", "2") == found
        assert len(server.asked) == 3 * once
        if form == "json":
            for n, each in zip((0, 2), alone, strict=True):
                line = lines(found.out)[n]
                assert line.pop("file") == f"books/{n}.yaml"
                assert line == json.loads(each.out)

    def test_one_exchange_that_is_down_takes_nothing_from_the_other(self, server: Server, folder: Path) -> None:
        server.serve("binance")  # and nothing where bybit is asked
        found = status(server, "books", "--format", "json", "--timeout", "5")
        assert found.code == 4
        assert [line["schema"] for line in lines(found.out)] == [
            f"rebal/{kind}/1" for kind in ("status", "status", "problem", "status", "problem")
        ]
        assert found.err.count("bybit") == 2

    def test_a_file_wins_over_the_exchange(self, server: Server, folder: Path) -> None:
        server.serve("binance").serve("bybit")
        found = status(server, "books", "--format", "json", market="live,last.yaml")
        assert {asset["price"] for line in lines(found.out) for asset in line["assets"][:1]} == {"39000"}  # type: ignore[index]


class TestFallback:
    def test_an_exchange_that_is_down_is_4_in_one_line(self, server: Server, folder: Path) -> None:
        found = status(server, "books/0.yaml", "--timeout", "5")
        assert (found.code, found.out, found.err.count("\n")) == (4, "", 1)
        assert found.err.startswith("rebal: binance: ")

    def test_what_the_last_prices_let_judge_is_judged(self, server: Server, folder: Path) -> None:
        found = status(server, "books/0.yaml", "--timeout", "5", "--fallback", "last.yaml", "--format", "json")
        judged = answered("status", "books/0.yaml", "--market", "last.yaml", *NOW, "--format", "json")
        assert found.code == 4
        alone, here = json.loads(judged.out), json.loads(found.out)
        assert (here["equity"], here["assets"], here["needs"]) == (alone["equity"], alone["assets"], "action")
        assert found.err.startswith("rebal: binance: ")
        assert found.err.endswith("; judged by last.yaml, prices of 2026-11-20T04:00:00Z, 3 h old\n")
        assert found.err.count("\n") == 1

    def test_while_the_exchange_answers_nothing_is_said_of_it(self, server: Server, folder: Path) -> None:
        server.serve("binance")
        alone = status(server, "books/0.yaml")
        assert status(server, "books/0.yaml", "--fallback", "last.yaml") == alone
        assert (alone.code, alone.err) == (10, "")

    def test_without_an_exchange_there_is_nothing_to_fall_back_from(self, server: Server, folder: Path) -> None:
        for more in (("books/0.yaml",), ("books",)):
            found = answered("status", *more, *NOW, "--market", "last.yaml", "--fallback", "last.yaml")
            assert (found.code, found.out) == (2, "")
            assert "--fallback stands in for an exchange that is down; add --market live" in found.err

    def test_a_file_that_is_not_there_is_told_with_what_writes_it(self, server: Server, folder: Path) -> None:
        found = status(server.serve("binance"), "books/0.yaml", "--fallback", "my last.yaml")
        instead = "write it while the exchange answers: rebal market --out 'my last.yaml'"
        alone = status(server, "books/0.yaml")
        assert alone.code == 10
        told = f"rebal: my last.yaml, to fall back on, does not exist; {instead}\n"
        assert found == alone._replace(err=f"{alone.err}{told}")
        assert status(server, "books", "--fallback", "my last.yaml").err.count(told) == 1
        failed = status(server, "books/0.yaml", "--fallback", "my last.yaml", "--notify", "false")
        assert (failed.code, failed.err.count(told)) == (4, 1)

    def test_a_file_that_is_not_there_is_missed_where_the_exchange_is_down(self, server: Server, folder: Path) -> None:
        for asked in ("books/0.yaml", "books"):
            found = status(server, asked, "--timeout", "5", "--fallback", "none.yaml")
            assert found.code == 4
            assert "rebal: binance: is not available" in found.err
            assert "; and none.yaml, to fall back on, does not exist\n" in found.err

    def test_who_could_not_be_told_leaves_a_command_that_can_be_pasted(self, server: Server, folder: Path) -> None:
        found = status(server.serve("binance"), "books/0.yaml", "--notify", "false")
        assert (found.code, found.out) == (4, "")
        assert "rebal plan -p books/0.yaml --market live" in found.err

    def test_of_many_it_is_said_once(self, server: Server, folder: Path) -> None:
        server.serve("binance")
        asked = ("books", "--format", "json", "--timeout", "5", "--fallback", "last.yaml")
        found = status(server, *asked)
        assert (found.code, found.err.count("\n"), found.err.count("judged by last.yaml")) == (4, 1, 1)
        assert [line["needs"] for line in lines(found.out)] == ["action"] * 5
        assert status(server, *asked, "--jobs", "2") == found

    def test_who_is_to_be_told_is_told_of_what_is_judged(self, server: Server, folder: Path) -> None:
        told = folder / "told"
        asked = ("books/0.yaml", "--timeout", "5", "--fallback", "last.yaml", "--notify", f"sh -c 'cat >> {told}'")
        assert [status(server, *asked).code for _ in range(2)] == [4, 4]
        assert [line["needs"] for line in lines(told.read_text())] == ["action"]

    def test_that_something_ended_is_not_told_by_the_last_prices(self, server: Server, folder: Path) -> None:
        told = folder / "told"
        asked = ("books/0.yaml", "--timeout", "5", "--fallback", "last.yaml", "--notify", f"sh -c 'cat >> {told}'")
        server.serve("binance")
        assert status(server, *asked).code == 10
        # By these the book is at its target, which is not known to be so.
        (folder / "last.yaml").write_text("as_of: 2026-11-20T04:00:00Z\nprices: {BTC: 52500, ETH: 2500}\n")
        with Server() as down:
            assert status(down, *asked).code == 4
        assert status(server, *asked).code == 10
        assert [line["needs"] for line in lines(told.read_text())] == ["action"]
