"""Windows as far as it can be faked here: what only POSIX has is not there, and everything but that still works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from program import NOW, PORTFOLIO, PROGRAM, answered, environment, in_process
from rebal import cli
from rebal.commands import _notify, _out, _typed
from rebal.errors import Unavailable, UsageProblem
from rebal.exchange import keys
from rebal.journal import files

POSIX_ALONE = ("O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "O_NOCTTY", "fchown", "fchmod", "geteuid")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fcntl, and nothing of os that Windows does not have."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    for name in POSIX_ALONE:
        monkeypatch.delattr(os, name)


@pytest.mark.usefixtures("windows")
def test_a_plan_is_saved_recorded_and_shown(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    book.write_text(PORTFOLIO)
    for _ in range(2):  # the second time over the first
        done = answered("plan", str(book), "--out", str(saved), *NOW)
        assert (done.code, done.err) == (0, "")
    assert json.loads(saved.read_text())["changes"] is True
    assert answered("record", "plan", str(saved), "-p", str(book), *NOW).code == 0
    status = answered("status", str(book), *NOW)
    assert status.out.split()[1] == "nothing:"
    assert answered("history", "-p", str(book), *NOW).out.startswith("history   entries 5 of 5")


@pytest.mark.usefixtures("windows")
def test_a_journal_left_half_written_names_who_mends_it(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"")
    with pytest.raises(Unavailable, match="the next record mends it"):
        files._copied_under_lock(str(tmp_path / "a.db"), str(tmp_path / "copy"))


@pytest.mark.usefixtures("windows")
def test_a_lock_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[str] = set()

    def locking(file: int, mode: int, count: int) -> None:
        name = os.readlink(f"/proc/self/fd/{file}")
        if name in taken:
            raise PermissionError(13, "Permission denied")
        taken.add(name)

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    state = str(tmp_path / "state")
    first = _notify._locked(state)
    assert first is not None
    assert _notify._locked(state) is None
    os.close(first)


@pytest.mark.usefixtures("windows")
def test_a_change_is_told_once_though_a_locked_file_is_neither_read_nor_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: dict[int, str] = {}
    close, replace, opened = os.close, os.replace, open

    def refuse(path: object) -> None:
        if str(path) in locked.values():
            raise PermissionError(13, "Permission denied")

    def opening(path: object, *given: object, **more: object) -> object:
        refuse(path)
        return opened(path, *given, **more)  # type: ignore[call-overload]

    def replacing(draft: str, target: str) -> None:
        refuse(target)
        replace(draft, target)

    def locking(file: int, mode: int, count: int) -> None:
        locked[file] = os.readlink(f"/proc/self/fd/{file}")

    def closing(file: int) -> None:
        locked.pop(file, None)
        close(file)

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr("builtins.open", opening)
    monkeypatch.setattr(os, "replace", replacing)
    monkeypatch.setattr(os, "close", closing)
    book, told = tmp_path / "portfolio.yaml", tmp_path / "told"
    book.write_text(PORTFOLIO)
    teller = tmp_path / "teller"
    teller.write_text(f"#!/bin/sh\necho told >> {told}\n")
    teller.chmod(0o700)
    for _ in range(3):
        done = answered("status", str(book), "--notify", str(teller), *NOW)
        assert (done.code, done.err) == (10, "")
    assert told.read_text() == "told\n"
    assert locked == {}


def test_a_journal_is_read_as_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not opened so ends there at the byte 26, which is also what SQLite counts changes by."""
    binary, path, plain = 0x8000, tmp_path / "a.db", os.open
    path.write_bytes(b"SQLite format 3\0" + bytes(8) + b"\0\0\0\x1a" + bytes(200))
    opened: list[int] = []

    def opening(name: str, flags: int, *more: int) -> int:
        opened.append(flags)
        return plain(name, flags & ~binary, *more)

    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)
    monkeypatch.setattr(os, "open", opening)
    assert files._first_bytes(str(path))[24:28] == b"\0\0\0\x1a"
    assert all(flags & binary for flags in opened)


@pytest.mark.usefixtures("windows")
def test_a_file_of_keys_is_read_whatever_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("A=1\n")
    path.chmod(0o644)
    assert keys._text(str(path)) == "A=1\n"


def test_words_are_typed_as_its_shell_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _typed.typed("rebal", "my book.yaml") == "rebal 'my book.yaml'"
    monkeypatch.setattr("rebal.commands._typed.os", SimpleNamespace(name="nt"))
    assert _typed.typed("rebal", "my book.yaml") == 'rebal "my book.yaml"'


def test_a_process_is_not_asked_for_by_a_signal_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(process: int, signal: int) -> None:
        raise AssertionError(f"process {process} was ended by signal {signal}")

    monkeypatch.setattr(
        "rebal.commands._out.os", SimpleNamespace(name="nt", getpid=os.getpid, kill=ended, path=os.path)
    )
    assert _out._is_dead(12345) is False


@pytest.mark.parametrize("name", ["nul", "CON.json", "a/aux.json", "b\\com1", "LPT9.html", "prn .csv"])
def test_a_device_of_windows_is_no_file_to_save_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(UsageProblem, match="is the name of a device here"):
        _out.refuse_irregular(name)
    monkeypatch.setattr(os, "name", "posix")
    _out.refuse_irregular(name)


@pytest.mark.parametrize("name", ["console.json", "nullable", "com10.json", "my.con"])
def test_a_name_that_only_begins_like_one_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    _out.refuse_irregular(name)


def test_a_file_that_another_has_open_is_kept_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a file that is open cannot be replaced."""
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    book.write_text(PORTFOLIO)
    saved.write_text("old")

    def replace(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", replace)
    done = answered("plan", str(book), "--out", str(saved), *NOW)
    assert (done.code, done.out) == (4, "")
    assert done.err == f"rebal: --out {saved}: Permission denied\n"
    assert saved.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plan.json", "portfolio.yaml"]


def test_what_is_kept_lies_in_the_folder_of_the_system(tmp_path: Path) -> None:
    ours, theirs = str(tmp_path / "x"), str(tmp_path / "AppData")
    assert cli._data({"XDG_DATA_HOME": ours, "LOCALAPPDATA": theirs, "HOME": "/home/me"}) == f"{ours}/rebal"
    assert cli._data({"LOCALAPPDATA": theirs}) == f"{theirs}/rebal"
    assert cli._data({"HOME": "/home/me"}) == "/home/me/.local/share/rebal"
    assert cli._data({"XDG_DATA_HOME": "relative"}) is None
    assert cli._data({}) is None


def test_a_command_that_does_not_end_is_ended_without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "killpg")
    running = subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE)
    _notify._end(running)
    assert running.returncode == -9


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "cp850"])
def test_a_console_of_windows_shows_every_screen(encoding: str, tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(f"name: Zürich \N{BITCOIN SIGN}\n{PORTFOLIO}", encoding="utf-8")
    asked = [(command, str(book), *NOW, "--format", "table") for command in ("plan", "status", "stress", "compare")]
    told = [in_process(*each, encoding=encoding) for each in asked]
    process = subprocess.run(
        [*PROGRAM, *asked[0]], env=environment(PYTHONIOENCODING=encoding), capture_output=True, check=False
    )
    assert process.stdout.decode(encoding) == told[0].stdout
    for done in told:
        assert done.returncode in (0, 10), done.stderr
        shown = done.stdout
        assert re.search(r"[0-9],[0-9]{3}\.[0-9]{2}", shown)
        assert "next: " in shown
        assert not {"\N{BOX DRAWINGS LIGHT HORIZONTAL}", "\N{MINUS SIGN}"} & set(shown)


def test_no_module_needs_what_only_one_system_has_to_be_imported() -> None:
    import ast

    import rebal

    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(rebal.__file__).parent.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"fcntl", "pwd", "grp", "termios", "resource", "msvcrt"}
        & {*(each.name for each in node.names), getattr(node, "module", None) or ""}
    ]
    assert found == []
