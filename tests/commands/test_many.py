"""Many books: a line each, the worst first; JSON a line in the order given; the same bytes whoever counts."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dask_cluster import cluster
from program import NOW, PROGRAM, answered, environment, in_process
from test_workers import is_alive

CALM, DRIFTED = "{BTC: 60%, ETH: 40%}", "{BTC: 40%, ETH: 60%}"
BOOK = """\
name: {name}
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: {coins}, ETH: 10}}
targets: {targets}
wallets: {{BTC: {wallet}}}
positions: {positions}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000, ETH: 2500}}
"""
MARKET = "as_of: 2026-11-20T08:30:00Z\nprices: {BTC: 50000, ETH: 2500}\n"
SHORT = "[{contract: BTCUSD_PERP, contracts: -200, entry_price: 40000}]"


def book(name: str, *, targets: str = "{BTC: 50%, ETH: 50%}", wallet: str = "0", positions: str = "[]") -> str:
    return BOOK.format(name=name, coins="0.625", targets=targets, wallet=wallet, positions=positions)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Books that want nothing, an order, a look at once, and one that is wrong; and prices, which are no book."""
    books = tmp_path / "books"
    books.mkdir()
    (books / "calm.yaml").write_text(book("Calm"))
    (books / "drifted.yml").write_text(book("Drifted", targets="{BTC: 20%, ETH: 80%}"))
    (books / "alert.yaml").write_text(book("Alert", wallet="0.1", positions=SHORT))
    (books / "wrong.yaml").write_text("venue: binance\nholdings: {BTC: -1}\nmarket: {prices: {BTC: 40000}}\n")
    (books / "prices.yaml").write_text(MARKET)
    (books / ".hidden.yaml").write_text("no: book")
    (books / "notes.txt").write_text("no book")
    monkeypatch.chdir(tmp_path)
    return books


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def told(text: str) -> list[tuple[str, str]]:
    """File and needs of each line."""
    records = [line.split("  ") for line in text.splitlines() if line.startswith("book ")]
    return [(fields[1].strip(), fields[2].removeprefix("needs ")) for fields in (
        [field for field in record if field.strip()] for record in records
    )]  # fmt: skip


class TestALineABook:
    def test_the_worst_first_and_in_detail(self, folder: Path) -> None:
        found = answered("status", "books", *NOW, "--format", "plain")
        assert told(found.out) == [
            ("books/wrong.yaml", "invalid"), ("books/alert.yaml", "attention"),
            ("books/drifted.yml", "action"), ("books/calm.yaml", "nothing"),
        ]  # fmt: skip
        assert "4 books: 1 invalid, 1 attention, 1 action, 1 nothing" in found.out
        worst = answered("status", "books/alert.yaml", *NOW, "--format", "plain")
        assert found.out.endswith(worst.out)
        assert worst.code == 20

    def test_one_bad_book_stops_nothing_and_is_told_with_everything_in_it(self, folder: Path) -> None:
        found = answered("plan", "books", *NOW)
        assert found.code == 3
        assert found.err.splitlines() == answered("plan", "books/wrong.yaml", *NOW).err.splitlines()
        assert told(found.out)[0] == ("books/wrong.yaml", "invalid")
        assert "said books/wrong.yaml:2:17: holdings.BTC: is negative" in found.out

    @pytest.mark.parametrize(
        ("names", "code"),
        [
            ("calm.yaml drifted.yml", 10),
            ("calm.yaml drifted.yml alert.yaml", 20),
            ("calm.yaml calm2.yaml", 0),
            ("alert.yaml missing.yaml", 3),
        ],
    )
    def test_the_exit_code_is_the_worst_ones(self, folder: Path, names: str, code: int) -> None:
        (folder / "calm2.yaml").write_text(book("Calm too"))
        files = [f"books/{name}" for name in names.split()]
        assert answered("status", *files, *NOW).code == code
        assert answered("plan", *files, *NOW, "--exit-code").code == code
        assert answered("plan", *files, *NOW).code == (3 if code == 3 else 0)

    def test_the_nearer_to_liquidation_of_two_is_worse(self, folder: Path) -> None:
        (folder / "near.yaml").write_text(book("Near", wallet="0.05", positions=SHORT))
        found = told(answered("status", "books/alert.yaml", "books/near.yaml", *NOW, "--format", "plain").out)
        assert found == [("books/near.yaml", "attention"), ("books/alert.yaml", "attention")]

    def test_quiet_leaves_out_those_that_want_nothing(self, folder: Path) -> None:
        found = answered("status", "books/calm.yaml", "books/drifted.yml", *NOW, "--quiet", "--format", "plain")
        assert told(found.out) == [("books/drifted.yml", "action")]
        (folder / "calm2.yaml").write_text(book("Calm too"))
        assert answered("status", "books/calm.yaml", "books/calm2.yaml", *NOW, "--quiet") == (0, "", "")
        quiet = answered("status", "books/calm.yaml", "books/drifted.yml", *NOW, "--quiet", "--format", "json")
        assert [line["name"] for line in lines(quiet.out)] == ["Drifted"]

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_no_figure_is_cut(self, folder: Path, width: int) -> None:
        found = answered("status", "books", *NOW, "--format", "table", "--width", str(width))
        for figure in ("50,000.00", "+30.0", "books/wrong.yaml", "attention", "$150,000.00 equity"):
            assert figure in found.out
        assert "…" not in found.out


class TestJson:
    def test_an_object_a_line_in_the_order_given(self, folder: Path) -> None:
        names = ["drifted.yml", "wrong.yaml", "alert.yaml", "calm.yaml"]
        for command in ("plan", "status"):
            found = answered(command, *(f"books/{name}" for name in names), *NOW, "--format", "json")
            assert [line["file"] for line in lines(found.out)] == [f"books/{name}" for name in names]
            assert [line["schema"] for line in lines(found.out)] == [
                f"rebal/{kind}/1" for kind in (command, "problem", command, command)
            ]
            for line, name in zip(lines(found.out), names, strict=True):
                if line.pop("schema") != "rebal/problem/1":
                    alone = json.loads(answered(command, f"books/{name}", *NOW, "--format", "json").out)
                    del line["file"], alone["schema"]
                    assert line == alone

    def test_a_problem_is_an_object_too(self, folder: Path) -> None:
        found = answered("status", "books/calm.yaml", "books/wrong.yaml", *NOW, "--format", "json")
        assert found.code == 3
        _, problem = lines(found.out)
        assert (problem["file"], problem["needs"], problem["command"]) == ("books/wrong.yaml", "invalid", "status")
        (first, *_) = problem["problems"]  # type: ignore[misc]
        assert (first["source"], first["line"], first["path"]) == ("books/wrong.yaml", 2, "holdings.BTC")  # type: ignore[has-type]

    def test_a_line_can_be_shown_and_recorded(self, folder: Path) -> None:
        found = answered("plan", "books/drifted.yml", "books/wrong.yaml", *NOW, "--format", "json")
        for n, line in enumerate(found.out.splitlines()):
            (folder / f"{n}.json").write_text(line)
        alone = answered("plan", "books/drifted.yml", *NOW, "--format", "csv")
        assert answered("show", "books/0.json", "--format", "csv") == alone
        assert "problem   books/wrong.yaml:2:17: holdings.BTC: is negative" in answered("show", "books/1.json").out
        recorded = answered("record", "plan", "books/0.json", "-p", "books/drifted.yml", *NOW)
        assert (recorded.code, recorded.err) == (0, "")


class TestCsv:
    def test_the_lines_are_the_table(self, folder: Path) -> None:
        found = answered("status", "books", *NOW, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(found.out)))
        assert [row["file"] for row in rows][:2] == ["books/wrong.yaml", "books/alert.yaml"]
        assert {row["file"]: row["equity"] for row in rows}["books/calm.yaml"] == "50000"

    def test_a_section_is_of_all_books_under_one_header(self, folder: Path) -> None:
        files = ("books/drifted.yml", "books/wrong.yaml", "books/calm.yaml", "books/alert.yaml")
        found = answered("plan", *files, *NOW, "--format", "csv", "--section", "orders")
        rows = list(csv.DictReader(io.StringIO(found.out)))
        assert [row["file"] for row in rows] == ["books/drifted.yml"] * 2 + ["books/alert.yaml"]
        for file in (files[0], files[3]):
            alone = answered("plan", file, *NOW, "--format", "csv").out
            among = [line for line in found.out.splitlines() if line.startswith(file)]
            assert [line.removeprefix(f"{file},") for line in among] == alone.splitlines()[1:]
        assert found.out.count("file,contract") == 1


class TestWhichBooks:
    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (("books", "--out", "all.json"), "--out saves the answer to one portfolio"),
            (("books/calm.yaml", "-"), "- is stdin, which holds one portfolio"),
            (("books", "-p", "books/calm.yaml"), "portfolios are named twice"),
            (("books", "--journal", "a.db"), "--journal names one journal"),
            (("books", "--jobs", "0"), "--jobs 0: write a whole number of processes from 1 to 256"),
            (("books", "--jobs", "2", "--cluster", "127.0.0.1:1"), "give one of them"),
            (("books", "--format", "xml"), "there is no such format"),
        ],
    )
    def test_contradictions(self, folder: Path, arguments: tuple[str, ...], problem: str) -> None:
        for command in ("plan", "status"):
            found = answered(command, *arguments, *NOW)
            assert (found.code, found.out) == (2, "")
            assert problem in found.err

    def test_a_folder_without_portfolios_is_invalid_input(self, folder: Path) -> None:
        (folder.parent / "empty").mkdir()
        for command in ("plan", "status"):
            found = answered(command, "empty", *NOW)
            assert (found.code, found.out) == (3, "")
            assert found.err == (
                "empty: holds no portfolio, no file that ends in .yaml or .yml; name a portfolio, or another folder\n"
            )

    def test_a_file_that_is_named_twice_is_one_book(self, folder: Path) -> None:
        os.link(folder / "calm.yaml", folder / "z-again.yaml")
        names = ("books/drifted.yml", "books/calm.yaml", "books", "./books/calm.yaml")
        found = answered("status", *names, *NOW, "--format", "json")
        assert [line["file"] for line in lines(found.out)] == [
            "books/drifted.yml", "books/calm.yaml", "books/alert.yaml", "books/wrong.yaml",
        ]  # fmt: skip

    def test_a_folder_of_one_is_still_a_line_each(self, folder: Path) -> None:
        alone = folder.parent / "alone"
        alone.mkdir()
        (alone / "calm.yaml").write_text(book("Calm"))
        found = answered("status", "alone", *NOW, "--format", "json")
        assert found.out.count("\n") == 1


class TestPrices:
    def test_a_market_file_is_read_once(self, folder: Path) -> None:
        opened: list[str] = []
        sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
        found = answered("status", "books", *NOW, "--market", "books/prices.yaml", "--format", "json")
        assert opened.count("books/calm.yaml") == 2  # once to see that it is a portfolio
        assert opened.count("books/prices.yaml") == 2
        assert {line.get("equity") for line in lines(found.out)} == {"56250", "51250", None}

    def test_a_market_file_that_is_wrong_is_told_once(self, folder: Path) -> None:
        (folder / "prices.yaml").write_text(MARKET.replace("50000", "-1"))
        found = answered("status", "books", *NOW, "--market", "books/prices.yaml")
        assert (found.code, found.out, found.err.count("books/prices.yaml:2:15")) == (3, "", 1)


def many(folder: Path, count: int) -> None:
    """So many books, each of its own size, some of them wrong."""
    for n in range(count):
        text = book(f"Book {n}", targets=("{BTC: 50%, ETH: 50%}", DRIFTED, CALM)[n % 3]).replace("0.625", f"0.6{n:03}")
        (folder / f"{n:04}.yaml").write_text(text if n % 20 else text.replace("venue", "venu"))


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    (tmp_path / "crowd").mkdir()
    many(tmp_path / "crowd", 60)
    return tmp_path


def program(*arguments: str, cwd: Path, stderr: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PROGRAM, *arguments, *NOW], cwd=cwd, env=environment(), text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
    )  # fmt: skip


def alone(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """What one process says, which needs no process of its own."""
    done = in_process(*arguments, *NOW, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def ended(running: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = running.communicate(timeout=120)
    return running.returncode, out, err


@pytest.mark.parametrize("form", ["json", "plain", "table", "csv"])
def test_several_processes_say_what_one_says(crowd: Path, form: str) -> None:
    asked = ("plan", "crowd", "--format", form, "--exit-code")
    expected = alone(*asked, cwd=crowd)
    assert expected[0] == 3
    assert ended(program(*asked, "--jobs", "3", cwd=crowd)) == expected


def test_a_cluster_says_what_one_process_says_though_a_worker_dies(tmp_path: Path) -> None:
    (tmp_path / "crowd").mkdir()
    (tmp_path / "elsewhere").mkdir()
    many(tmp_path / "crowd", 400)
    asked = ("plan", "crowd", "--format", "json")
    expected = alone(*asked, cwd=tmp_path)
    with cluster(tmp_path / "elsewhere", workers=2) as found:
        running = program(*asked, "--cluster", found.address, cwd=tmp_path)
        assert running.stdout is not None
        first = os.read(running.stdout.fileno(), 1).decode()
        found.workers[0].kill()
        code, out, err = ended(running)
    assert (code, err) == (expected[0], expected[2])
    assert first + out == expected[1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_leaves_nobody_behind(tmp_path: Path) -> None:
    (tmp_path / "crowd").mkdir()
    many(tmp_path / "crowd", 2_000)
    running = program("plan", "crowd", "--jobs", "2", "--format", "json", cwd=tmp_path)
    assert running.stdout is not None
    assert running.stdout.read(1) == "{"
    children = [int(each) for each in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (130, "")
    assert children
    until = time.monotonic() + 10
    while any(map(is_alive, children)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(is_alive, children))


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_somebody_who_watches_sees_how_far_it_is(crowd: Path, terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    running = program("status", "crowd", cwd=crowd, stderr=theirs)
    out, _ = running.communicate(timeout=60)
    shown = os.read(ours, 1 << 20).decode()
    assert "\r[##########..........] 30 of 60 books\x1b[K" in shown
    assert "\r[####################] 60 of 60 books\x1b[K\r\x1b[K" in shown
    assert "of 60 books" not in out


def test_a_reader_that_goes_away_is_no_error(crowd: Path) -> None:
    running = program("plan", "crowd", "--format", "json", cwd=crowd)
    assert running.stdout is not None
    running.stdout.close()
    assert running.wait(timeout=60) == 3
    assert running.stderr is not None
    assert "Broken" not in running.stderr.read()
    running.stderr.close()
