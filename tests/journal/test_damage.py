"""Whatever bytes stand where the journal belongs: an error that says so, or the entries unharmed; never a change."""

import os
import random
import sqlite3
import struct
from pathlib import Path

import pytest

from rebal import journal
from rebal.errors import InvalidInput
from rebal.journal import schema
from rebal.ledger import Journal

from .books import draft, fill, funding

ENTRIES = [draft(fill("-100", str(40000 + n), fee="0.00125"), n, f"ex-{n}") for n in range(1, 30)]
MORE = [draft(funding("0.0001"), 90, "f-1")]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "journal.db"
    journal.append(str(path), ENTRIES)
    return path.read_bytes()


def refused(path: Path, content: bytes) -> str:
    """The error that reading and recording meet alike, the file untouched by both."""
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as reading:
        journal.read(str(path))
    with pytest.raises(InvalidInput):
        journal.append(str(path), MORE)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]
    return str(reading.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty, and no journal; remove it"),
        (b"\x00" * 20_000, "is not a rebal journal"),
        (b"SQLite format 3\x00", "is not a rebal journal"),
        (b"name: Core holdings\n" * 50, "is not a rebal journal"),
        (b"\xff" * 4096, "is not a rebal journal"),
    ],
    ids=["empty", "zeroed", "short", "text", "ones"],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in refused(tmp_path / "journal.db", content)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entries (x)")
    connection.commit()
    connection.close()
    assert "a database of another program" in refused(path, path.read_bytes())


def test_a_newer_version_is_refused(tmp_path: Path, sound: bytes) -> None:
    newer = sound[:60] + struct.pack(">I", 7) + sound[64:]
    assert "is of version 7, and this rebal knows 6" in refused(tmp_path / "journal.db", newer)


def test_no_version_is_refused(tmp_path: Path, sound: bytes) -> None:
    assert "has no version" in refused(tmp_path / "journal.db", sound[:60] + bytes(4) + sound[64:])


def test_only_the_application_id_makes_a_journal(tmp_path: Path, sound: bytes) -> None:
    (application,) = struct.unpack_from(">I", sound, 68)
    assert application == schema.APPLICATION_ID
    assert "another program" in refused(tmp_path / "journal.db", sound[:68] + b"\x00\x00\x00\x01" + sound[72:])


def test_a_truncated_journal_is_refused_at_every_length(tmp_path: Path, sound: bytes) -> None:
    for length in (*range(1, len(sound), 3_001), len(sound) - 1, len(sound) - 4096, 4096, 100, 99):
        refused(tmp_path / "journal.db", sound[:length])


def test_zeroed_pages_are_refused(tmp_path: Path, sound: bytes) -> None:
    for page in range(len(sound) // 4096):
        start = page * 4096
        refused(tmp_path / "journal.db", sound[:start] + bytes(4096) + sound[start + 4096 :])


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_refused_or_harmless(tmp_path: Path, sound: bytes, seed: int) -> None:
    """Free space and the header's counters may change what nobody reads; no entry ever reads otherwise."""
    chance = random.Random(seed)
    path = tmp_path / "journal.db"
    path.write_bytes(sound)
    whole = journal.read(str(path))
    caught = 0
    for _ in range(40):
        at, bit = chance.randrange(len(sound)), 1 << chance.randrange(8)
        flipped = sound[:at] + bytes([sound[at] ^ bit]) + sound[at + 1 :]
        path.write_bytes(flipped)
        try:
            read = journal.read(str(path))
        except InvalidInput:
            caught += 1
        else:
            assert read == whole
        assert path.read_bytes() == flipped
    assert caught >= 10


def test_every_flipped_bit_of_the_entries_is_caught(tmp_path: Path, sound: bytes) -> None:
    """All of one entry's own bytes, one after the other."""
    start = sound.index(b"ex-17")
    path = tmp_path / "journal.db"
    for at in range(start, start + 120, 3):
        refused(path, sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])


def test_garbage_after_the_header_is_refused(tmp_path: Path, sound: bytes) -> None:
    chance = random.Random(5)
    for _ in range(10):
        refused(tmp_path / "journal.db", sound[:100] + chance.randbytes(len(sound) - 100))


def test_a_folder_a_pipe_and_a_device_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(InvalidInput, match=r"is no regular file"):
            journal.read(str(path))
        with pytest.raises(InvalidInput, match=r"is no regular file"):
            journal.append(str(path), MORE)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(sound)
    os.truncate(path, 1 << 40)
    with pytest.raises(InvalidInput, match=r"is larger than 16 MiB"):
        journal.read(str(path))


def test_a_dangling_link_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert journal.read(str(tmp_path / "link")) == Journal()
