"""The journal on disk: read it whole and verified, or add to it in one transaction."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from rebal.journal import files, schema
from rebal.journal.adding import Added, add, continued, with_voids
from rebal.journal.chain import follower
from rebal.journal.spelling import COLUMNS, TextProblem, columns_of
from rebal.ledger import Draft, Entry, Journal

WAIT_S = 10.0
"""How long a lock is waited for."""

Build = Callable[[Journal], Added]
Script = Sequence[Sequence[str]]

_FROM_A_COPY = "restore it from a copy, or rebuild it from an export"
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM entries ORDER BY seq"
_INSERT = f"INSERT INTO entries ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"


def read(path: str, *, wait: float = WAIT_S, migrations: Script = schema.MIGRATIONS) -> Journal:
    """Every entry of a journal, each hash verified; no file is an empty journal.

    Takes a shared lock at most and writes nothing. Raises InvalidInput for a file that is damaged, edited or no
    journal, Unavailable for one that is locked.
    """
    if not files.exists(path):
        return Journal()
    target = os.path.realpath(path)
    version = files.recognise(target, newest=len(migrations))
    with files.reading(target, wait=wait) as connection:
        if version == len(migrations):
            return _journal(connection, path)
        return _migrated_in_memory(connection, path, version, migrations)


def record(
    path: str,
    build: Build,
    *,
    tried: Added | None = None,
    wait: float = WAIT_S,
    migrations: Script = schema.MIGRATIONS,
) -> Added:
    """Add what ``build`` makes of the journal, in one transaction, and return once it is durable.

    ``build`` sees the journal under the lock, so that nothing comes between its reading and the writing; it may be
    called more than once. ``tried``: what it made of the journal before the lock, which holds where nothing came
    between. The file is created by the first record that has something to add. Raises what ``build`` raises,
    InvalidInput as ``read``, and Unavailable where disk, folder or lock say no.
    """
    target = os.path.realpath(path)
    if not files.exists(target):
        tried = _of(Journal(), build, tried)
        if not tried.new:
            return tried
        files.create(target, migrations=migrations)
    version = files.recognise(target, newest=len(migrations))
    with files.writing(target, wait=wait) as connection:
        files.migrate(connection, version, migrations)
        added = _of(_journal(connection, path), build, tried)
        connection.executemany(_INSERT, [columns_of(entry) for entry in added.new])
    return added


def _of(journal: Journal, build: Build, tried: Added | None) -> Added:
    """What a journal becomes; its head stands for every entry of it."""
    return tried if tried is not None and tried.before.head == journal.head else build(journal)


def append(path: str, drafts: Sequence[Draft], *, again: bool = False, wait: float = WAIT_S) -> Added:
    """Add drafts that do not depend on what the journal holds."""
    return record(path, lambda journal: add(journal, drafts, again=again), wait=wait)


def rebuild(path: str, exported: Journal, *, wait: float = WAIT_S) -> Added:
    """Write exported entries, with their own numbers and hashes, where their journal is missing or ends earlier.

    Raises InvalidInput where the journal at the path is another one.
    """
    target = os.path.realpath(path)
    if not files.exists(target):
        files.create(target)
    version = files.recognise(target)
    with files.writing(target, wait=wait) as connection:
        files.migrate(connection, version, schema.MIGRATIONS)
        added = continued(_journal(connection, path), exported, path)
        connection.executemany(_INSERT, [columns_of(entry) for entry in added.new])
    return added


def chained(rows: Iterable[Mapping[str, str | None]], path: str) -> Journal:
    """The journal that rows of text spell. Raises InvalidInput naming the first entry at which they do not hold."""
    entries: list[Entry] = []
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            entries.append(follower(row, number=number, before=entries[-1] if entries else None))
        return Journal(with_voids(entries))
    except TextProblem as problem:
        raise files.invalid(path, str(problem), _FROM_A_COPY, entry=f"entry {number}") from None


def _journal(connection: sqlite3.Connection, path: str) -> Journal:
    _check(connection, path)
    return chained(_rows(connection), path)


def _check(connection: sqlite3.Connection, path: str) -> None:
    """Raise InvalidInput where pages are damaged, or the safeguards of the table were taken away."""
    found = {
        _text(name): _text(sql)
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'entries'")
        if sql is not None
    }
    table = {_text(name) for _, name, *_ in connection.execute("PRAGMA table_info(entries)")}
    triggers = {name: sql for name, sql in found.items() if name != "entries"}
    if triggers != schema.TRIGGERS or not table.issuperset(COLUMNS):
        raise files.invalid(path, "has lost the safeguards of its table", _FROM_A_COPY)
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if _text(verdict) != "ok":
        raise files.invalid(path, f"is damaged: {_text(verdict)}", _FROM_A_COPY)


def _rows(connection: sqlite3.Connection) -> Iterator[dict[str, str | None]]:
    for values in connection.execute(_SELECT):
        yield {name: _text(value) for name, value in zip(COLUMNS, values, strict=True)}


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _migrated_in_memory(connection: sqlite3.Connection, path: str, version: int, migrations: Script) -> Journal:
    """What an older file holds, in today's layout; the file keeps its own until the next record."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        memory.text_factory = bytes
        connection.backup(memory)
        files.migrate(memory, version, migrations)
        return _journal(memory, path)
