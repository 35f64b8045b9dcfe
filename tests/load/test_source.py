"""What may be read at all: regular files and stdin, of at most 8 MiB, in UTF-8."""

import io
import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from load.given import NOW, SMALL, read
from rebal import load
from rebal.errors import Exit, InvalidInput, Problem
from rebal.load import source


def only_problem(path: str) -> Problem:
    with pytest.raises(InvalidInput) as refused:
        load.portfolio(path, now=NOW)
    (problem,) = refused.value.problems
    assert refused.value.exit_code is Exit.INVALID_INPUT
    return problem


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none.yaml")
    assert str(only_problem(path)) == (f"{path}: does not exist; name an existing file, or write one with `rebal init`")


def test_a_missing_file_says_how_to_come_by_one(tmp_path: Path) -> None:
    there, market = tmp_path / "there.yaml", tmp_path / "none.yaml"
    there.write_text(SMALL)
    with pytest.raises(InvalidInput, match=r"none.yaml: does not exist; name a file with the prices$"):
        load.portfolio(str(there), now=NOW, market=str(market))
    with pytest.raises(InvalidInput, match=r"or make it with `rebal plan --format json --out FILE`$"):
        source.text(str(market), source.PLAN)
    with pytest.raises(InvalidInput, match=r"none.yaml: does not exist; name an existing file$"):
        source.text(str(market), source.EXPORT)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkdir, "is a folder"),
        (os.mkfifo, "is a named pipe"),
        (lambda path: os.symlink("/dev/zero", path), "is a device"),
        (lambda path: os.symlink("/dev/null", path), "is a device"),
    ],
)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: Callable[[str], None], said: str) -> None:
    path = str(tmp_path / "odd.yaml")
    make(path)
    assert str(only_problem(path)) == f"{path}: {said}; name a regular file, or - for stdin"


def test_a_socket_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # the whole path would be too long for a socket's address
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.yaml")
        assert "s.yaml: " in str(only_problem("s.yaml"))


def test_an_unreadable_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(SMALL)
    file.chmod(0)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    if os.access(file, os.R_OK):  # as root
        monkeypatch.setattr(os, "open", refuse)
    assert str(only_problem(str(file))) == f"{file}: cannot be read (found permission denied)"


@pytest.mark.parametrize("path", ["no\0such", "x" * 5000, "portfolio.yaml/inside", ""])
def test_what_is_no_path_is_refused(path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portfolio.yaml").touch()
    assert str(only_problem(path)).isprintable()


def test_a_file_that_grows_while_it_is_read_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("a: 1\n")
    monkeypatch.setattr(os, "read", lambda _, size: b"#" * size)
    assert only_problem(str(file)).problem == "is larger than 8 MiB"


def test_eight_mebibytes_are_read_and_no_more(tmp_path: Path) -> None:
    padding = "#" * (source.LARGEST - len(SMALL) - 1)
    assert read(tmp_path, f"{SMALL}{padding}\n").holdings
    file = tmp_path / "p.yaml"
    file.write_text(f"{SMALL}{padding}#\n")
    assert only_problem(str(file)).problem == "is larger than 8 MiB"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + SMALL.encode()) == read(tmp_path, SMALL)


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, SMALL.replace("\n", "\r\n")) == read(tmp_path, SMALL)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_no_other_encoding_is_guessed(tmp_path: Path, encoding: str, mark: str) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path, (mark + SMALL).encode(encoding))


def test_the_place_of_a_wrong_byte_counts_characters_not_bytes(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes("a: 1\nname: Zürich".encode() + b" \xfc\n")
    problem = only_problem(str(file))
    assert (problem.line, problem.column, problem.found) == (2, 14, "byte 0xFC")


def test_every_refused_character_is_listed_up_to_a_hundred(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"a: \x01\n\n b: \x02\x03\n")
    with pytest.raises(InvalidInput) as refused:
        load.portfolio(str(file), now=NOW)
    assert [(p.line, p.column, p.found) for p in refused.value.problems] == [
        (1, 4, "U+0001"), (3, 5, "U+0002"), (3, 6, "U+0003"),
    ]  # fmt: skip
    file.write_bytes(b"\x01" * 1000)
    with pytest.raises(InvalidInput) as refused:
        load.portfolio(str(file), now=NOW)
    assert len(refused.value.problems) == 100


@pytest.mark.parametrize("name", ["Zürich", "Портфель", "組合", "🚀 moon", "e\u0301t\u00e9"])
def test_names_may_be_in_any_script(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"name: {name}\n{SMALL}").name == name


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_stdin_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(SMALL.encode()))
    portfolio = load.portfolio("-", now=NOW)
    assert (portfolio.name, portfolio.journal) == ("portfolio", None)


def test_stdin_has_the_same_limit_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(b"#" * (source.LARGEST + 1)))
    assert str(only_problem("-")) == "stdin: is larger than 8 MiB; leave out what is no portfolio"
    monkeypatch.setattr(sys, "stdin", _Stdin(b"holdings: {BTC: -1}\nmarket: {prices: {BTC: 1}}\n"))
    with pytest.raises(InvalidInput, match=r"stdin:1:17: holdings\.BTC: is negative"):
        load.portfolio("-", now=NOW)


def test_a_closed_stdin_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert str(only_problem("-")) == "stdin: is closed; name a file"
    shut = _Stdin(b"")
    shut.buffer.close()
    monkeypatch.setattr(sys, "stdin", shut)
    assert only_problem("-").problem == "cannot be read"


def test_a_name_with_control_characters_is_shown_escaped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(only_problem("a\x1b[31mb")).startswith(r"a\x1b[31mb: does not exist")


def test_reading_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(SMALL)
    file.chmod(0o400)
    before = os.stat(file)
    load.portfolio(str(file), now=NOW)
    after = os.stat(file)
    assert (file.read_text(), before.st_mtime_ns, stat.S_IMODE(after.st_mode)) == (SMALL, after.st_mtime_ns, 0o400)
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.yaml"]
