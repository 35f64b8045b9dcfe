"""A breach is told once, and again when it worsens or ends; whoever is told may fail, hang, or come twice at once."""

import contextlib
import fcntl
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from program import NOW, PROGRAM, answered, environment
from rebal.commands import _notify

BOOK = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 0.625, ETH: 10}}
targets: {targets}
wallets: {{BTC: {wallet}}}
positions: [{{contract: BTCUSD_PERP, contracts: -200, entry_price: 40000}}]
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: {price}, ETH: 2500}}
"""
CALM = {"targets": "{BTC: 10%, ETH: 50%, USD: 40%}", "wallet": "0.6", "price": "40000"}
DRIFTED = {**CALM, "targets": "{BTC: 20%, ETH: 50%, USD: 30%}"}
BREACHED = {**CALM, "wallet": "0.1"}
BOTH = {**DRIFTED, "wallet": "0.1"}


class Cron:
    """A folder with a portfolio, and a command that keeps what it is told, a line each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "portfolio.yaml"
        self.state = folder / "portfolio.journal.notified.json"
        self.told = folder / "told"
        self.command = f"sh -c 'cat >> {self.told}'"

    def run(self, book: dict[str, str], command: str | None = None, *more: str) -> tuple[int, str]:
        self.file.write_text(BOOK.format(**book))
        done = answered("status", str(self.file), *NOW, "--quiet", "--notify", command or self.command, *more)
        return done.code, done.err

    def needs(self) -> list[str]:
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [json.loads(line)["needs"] for line in lines]


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cron:
    monkeypatch.chdir(tmp_path)
    return Cron(tmp_path)


def test_the_books_are_what_they_are_called(cron: Cron) -> None:
    assert [cron.run(book)[0] for book in (CALM, DRIFTED, BREACHED, BOTH)] == [0, 10, 20, 20]


class TestOncePerChange:
    def test_a_breach_is_told_once_and_again_when_it_ends(self, cron: Cron) -> None:
        for book in (CALM, BREACHED, BREACHED, BREACHED, CALM, CALM, BREACHED):
            assert cron.run(book)[1] == ""
        assert cron.needs() == ["attention", "nothing", "attention"]

    def test_what_was_calm_from_the_beginning_is_not_told_and_leaves_no_file(self, cron: Cron) -> None:
        cron.run(CALM)
        assert not cron.told.exists()
        assert not cron.state.exists()

    def test_figures_alone_are_no_news(self, cron: Cron) -> None:
        for price in ("40000", "40001", "39987.5"):
            assert cron.run({**BREACHED, "price": price})[0] == 20
        assert cron.needs() == ["attention"]

    def test_it_is_told_when_it_gets_worse_and_when_a_part_of_it_ends(self, cron: Cron) -> None:
        for book in (DRIFTED, BOTH, BOTH, BREACHED, BREACHED):
            cron.run(book)
        assert cron.needs() == ["action", "attention", "attention"]

    def test_another_command_is_told_by_itself(self, cron: Cron) -> None:
        other = cron.folder / "other"
        for _ in range(2):
            cron.run(BREACHED)
            cron.run(BREACHED, f"sh -c 'cat >> {other}'")
        assert (cron.needs(), other.read_text().count("\n")) == (["attention"], 1)

    def test_what_is_piped_is_the_json_with_its_file(self, cron: Cron) -> None:
        cron.run(BREACHED)
        told = json.loads(cron.told.read_text())
        alone = json.loads(answered("status", str(cron.file), *NOW, "--format", "json").out)
        assert told.pop("file") == str(cron.file)
        assert told == alone

    def test_the_state_stands_beside_the_journal_for_its_owner_alone(self, cron: Cron) -> None:
        before = os.umask(0)
        try:
            cron.run(BREACHED)
        finally:
            os.umask(before)
        assert stat.S_IMODE(cron.state.stat().st_mode) == 0o600
        (kept,) = json.loads(cron.state.read_text())["told"].values()
        assert kept == {"needs": "attention", "findings": ["warning alert BTC"]}
        assert sorted(each.name for each in cron.folder.iterdir()) == [
            "portfolio.journal.notified.json", "portfolio.yaml", "told",
        ]  # fmt: skip

    def test_stdin_has_no_place_for_it(self, cron: Cron) -> None:
        done = subprocess.run(
            [*PROGRAM, "status", "-", *NOW, "--notify", "cat"], input=BOOK.format(**BREACHED), env=environment(),
            cwd=cron.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert "add --journal FILE" in done.stderr


class TestTheCommand:
    @pytest.mark.parametrize(
        ("command", "why"),
        [
            ("false", "--notify false: left with 1;"),
            ("sh -c 'echo no route >&2; exit 7'", "--notify sh: left with 7: no route;"),
            ("not-there --at all", "--notify not-there: No such file or directory;"),
        ],
    )
    def test_one_that_fails_is_4_and_tried_again(self, cron: Cron, command: str, why: str) -> None:
        for _ in range(2):
            code, said = cron.run(BREACHED, command)
            assert code == 4
            assert f"not told: {why} it is tried again next time" in said
            assert "attention: portfolio" in said
        script = cron.folder / "sometimes"
        script.write_text(f"#!/bin/sh\n[ -e {cron.folder}/up ] && cat >> {cron.told}\n")
        script.chmod(0o700)
        assert cron.run(BREACHED, str(script))[0] == 4
        (cron.folder / "up").touch()
        assert [cron.run(BREACHED, str(script))[0] for _ in range(2)] == [20, 20]
        assert cron.needs() == ["attention"]

    @pytest.mark.parametrize("command", ["sleep 30; touch over", "(sleep 30; touch over) & sleep 30; touch over"])
    def test_one_that_hangs_is_ended_with_what_it_started(
        self, cron: Cron, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_notify, "_TAKES_AT_MOST_S", 0.3)
        code, said = cron.run(BREACHED, f"sh -c '{command}'")
        assert (code, "was not done within" in said) == (4, True)
        assert not (cron.folder / "over").exists()

    def test_one_that_does_not_read_is_told_all_the_same(self, cron: Cron) -> None:
        assert cron.run(BREACHED, "true") == (20, "")

    def test_no_shell_reads_it(self, cron: Cron) -> None:
        assert cron.run(BREACHED, "touch 'a b' $HOME ; * `c`")[0] == 20
        assert {"a b", "$HOME", ";", "*", "`c`"} <= set(os.listdir(cron.folder))

    @pytest.mark.parametrize("command", ["", "  ", "mail 'me"])
    def test_one_that_is_none_is_a_usage_problem(self, cron: Cron, command: str) -> None:
        cron.file.write_text(BOOK.format(**BREACHED))
        done = answered("status", str(cron.file), *NOW, "--notify", command)
        assert (done.code, done.out) == (2, "")

    def test_it_sees_no_key_and_what_it_may_say(self, cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REBAL_BINANCE_KEY", "canary")
        monkeypatch.setenv("REBAL_BINANCE_SECRET", "canary")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
        monkeypatch.setenv("LANG", "C.UTF-8")
        for book in (DRIFTED, BREACHED):
            assert cron.run(book, f"sh -c 'env > {cron.folder}/env'")[1] == ""
        seen = (cron.folder / "env").read_text()
        assert "canary" not in seen
        for line in ("LANG=C.UTF-8", "REBAL_NEEDS=attention", "REBAL_BEFORE=action", f"REBAL_FILE={cron.file}"):
            assert line in seen.splitlines()
        assert "REBAL_SUMMARY=attention: portfolio, 50000.00 USD; BTC " in seen


class TestTwoAtOnce:
    def test_one_of_them_tells(self, cron: Cron) -> None:
        cron.file.write_text(BOOK.format(**BREACHED))
        slow = f"sh -c 'sleep 0.5; cat >> {cron.told}'"
        both = [
            subprocess.Popen(
                [*PROGRAM, "status", str(cron.file), *NOW, "--quiet", "--notify", slow], cwd=cron.folder,
                env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(3)
        ]  # fmt: skip
        assert [(each.communicate(timeout=60)[1], each.returncode) for each in both] == [("", 20)] * 3
        assert cron.needs() == ["attention"]

    def test_one_that_never_ends_is_not_waited_for_without_end(
        self, cron: Cron, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cron.run(DRIFTED)
        monkeypatch.setattr(_notify, "_TRIES", 3)
        with cron.state.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            code, said = cron.run(BREACHED)
        assert (code, "another rebal is telling" in said) == (4, True)
        assert cron.run(BREACHED) == (20, "")
        assert cron.needs() == ["action", "attention"]

    @pytest.mark.parametrize("text", ["no json", '{"schema": "mine"}', '{"schema": "rebal/notified/1", "told": [1]}'])
    def test_a_file_of_another_is_never_written_to(self, cron: Cron, text: str) -> None:
        cron.state.write_text(text)
        code, said = cron.run(BREACHED)
        assert (code, "does not hold what --notify told; remove it" in said) == (4, True)
        assert cron.state.read_text() == text


class TestOfMany:
    def test_each_is_told_of_once(self, cron: Cron) -> None:
        for name, book in (("a", CALM), ("b", BREACHED), ("c", DRIFTED)):
            (cron.folder / f"{name}.yaml").write_text(BOOK.format(**book))
        asked = ("status", ".", *NOW, "--format", "json", "--notify", cron.command)
        first = answered(*asked, "--jobs", "2")
        assert (first.code, first.err) == (20, "")
        assert cron.needs() == ["attention", "action"]
        assert answered(*asked) == first
        assert cron.needs() == ["attention", "action"]

    def test_one_that_fails_is_not_tried_with_every_book(self, cron: Cron) -> None:
        for n in range(5):
            (cron.folder / f"{n}.yaml").write_text(BOOK.format(**BREACHED))
        tries = cron.folder / "tries"
        asked = ("status", ".", *NOW, "--quiet", "--format", "json", "--notify")
        done = answered(*asked, f"sh -c 'echo >> {tries}; exit 1'")
        assert (done.code, done.out.count("\n"), tries.read_text()) == (4, 5, "\n")
        assert done.err.count("not told") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_is_left_running(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_notify, "_TAKES_AT_MOST_S", 0.3)
    cron.run(BREACHED, "sh -c 'sleep 54.321 & sleep 54.321'")
    until = time.monotonic() + 10
    while is_running(b"54.321") and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(b"54.321")


def is_running(word: bytes) -> bool:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word in file.read_bytes():
                return True
    return False
