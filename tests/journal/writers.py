"""Processes that write to a journal and are killed for it; run as a program by the fault tests.

It imports nothing but the journal, so that a killed writer costs milliseconds.
"""

import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rebal import journal
from rebal.amounts import Fraction
from rebal.errors import Unavailable
from rebal.journal import files, store
from rebal.journal.adding import add
from rebal.journal.spelling import columns_of
from rebal.ledger import Draft, Spot

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
BATCH = 3


def batch(name: str, size: int = BATCH) -> list[Draft]:
    """A few entries that stand or fall together."""
    return [Draft(Spot("BTC", Fraction(n + 1)), NOW, f"{name}/{n}") for n in range(size)]


def ids(path: str) -> list[str]:
    return [entry.id for entry in journal.read(path).entries]


def whole(present: list[str]) -> bool:
    """Whether every batch is there with all its entries, each of them once, or not at all."""
    counts: dict[str, int] = {}
    for name in present:
        counts[name.partition("/")[0]] = counts.get(name.partition("/")[0], 0) + 1
    return set(counts.values()) <= {BATCH} and len(set(present)) == len(present)


def race(folder: str, kills: str, seed: str) -> None:
    """Two writers at a time, both killed at random; then the journal must hold every batch that was acknowledged."""
    chance = random.Random(int(seed))
    acknowledged = os.path.join(folder, "acknowledged")
    lost, torn, read = [], [], 0
    path = ""
    for turn in range(int(kills)):
        if turn % 8 == 0:
            path = os.path.join(folder, f"{turn}.db")
            open(acknowledged, "wb").close()
        writers = [_forked(partial(_write, path, f"{turn}-{who}", acknowledged)) for who in "ab"]
        time.sleep(chance.uniform(0.001, 0.03))
        for writer in writers:
            os.kill(writer, signal.SIGKILL)
        for writer in writers:
            os.waitpid(writer, 0)
        present = ids(path)
        read += len(present)
        with open(acknowledged) as told:
            lost += [name for name in told.read().split() if f"{name}/0" not in present]
        if not whole(present):
            torn.append(path)
        journal.append(path, batch(f"{turn}-after"))
    print(json.dumps({"lost": lost, "torn": torn, "read": read, "left": sorted(os.listdir(folder))}))


def _write(path: str, name: str, acknowledged: str) -> None:
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND)
    for n in range(1_000):
        journal.append(path, batch(f"{name}-{n}"))
        os.write(told, f"{name}-{n}\n".encode())


def together(path: str, writers: str, batches: str) -> None:
    """Writers that begin at once on a journal that is not there yet, and a reader that never sees half a batch."""
    started = [_forked(partial(_write_some, path, f"w{who}", int(batches))) for who in range(int(writers))]
    torn, reads = 0, 0
    while started:
        done, status = os.waitpid(-1, os.WNOHANG)
        if done:
            started.remove(done)
            torn += os.waitstatus_to_exitcode(status) != 0
        torn += not whole(ids(path))
        reads += 1
    print(json.dumps({"torn": torn, "reads": reads, "present": ids(path)}))


def _write_some(path: str, name: str, batches: int) -> None:
    for n in range(batches):
        journal.append(path, batch(f"{name}-{n}"))
    os._exit(0)


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def _acknowledge(name: str) -> None:
    os.write(1, f"{name}\n".encode())


def twice(path: str, *, tell: Callable[[str], None] = _acknowledge) -> None:
    """Record two batches, the first of which creates the file, and acknowledge each."""
    for name in ("first", "second"):
        journal.append(path, batch(name))
        tell(name)


def killed_at_each(folder: str) -> None:
    """The same again and again, each time in a journal of its own, killed one step later, until it is not killed."""
    each: list[tuple[str, int, str]] = []
    for count in range(1, 200):
        path = os.path.join(folder, str(count), "journal.db")
        os.mkdir(os.path.dirname(path))
        told, tells = os.pipe()
        writer = _forked(partial(_killed_at, path, count, tells))
        os.close(tells)
        _, status = os.waitpid(writer, 0)
        with open(told) as acknowledged:
            each.append((path, os.waitstatus_to_exitcode(status), acknowledged.read()))
        if status == 0:
            break
    print(json.dumps({"each": each}))


def _killed_at(path: str, count: int, tells: int) -> None:
    """Killed before the n-th thing that the one writing module asks of the system or of SQLite."""
    left = count
    os.dup2(tells, 1)

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*args, **kwargs)

        return call

    class Connection(sqlite3.Connection):
        execute = counted(sqlite3.Connection.execute)
        executemany = counted(sqlite3.Connection.executemany)
        close = counted(sqlite3.Connection.close)

    connect = sqlite3.connect
    setattr(sqlite3, "connect", partial(connect, factory=Connection))  # noqa: B010 # one for all of its overloads
    for name in ("open", "close", "fsync", "link", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    twice(path)
    os._exit(0)


def until_full(path: str, size: str = "0") -> None:
    """Record until the disk, or the limit on a file's size, says no; say what was acknowledged and what is there."""
    if int(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    told, problem = [], ""
    try:
        for n in range(10_000):
            journal.append(path, batch(f"{n}"))
            told.append(f"{n}")
    except Unavailable as error:
        problem = str(error)
    present = ids(path) if os.path.exists(path) else []
    print(json.dumps({"told": told, "present": present, "problem": problem, "left": os.listdir(os.path.dirname(path))}))


def left_hot(path: str) -> None:
    """Die in the middle of a transaction that has reached the file."""
    with files.writing(path, wait=1) as connection:
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("PRAGMA cache_spill = 1")
        before = store._journal(connection, path)
        added = add(before, batch("hot", 400))
        connection.executemany(store._INSERT, [columns_of(entry) for entry in added.new])
        os.kill(os.getpid(), signal.SIGKILL)


def as_nobody(path: str) -> None:
    """Read and record without the right to write in the folder."""
    # Where Python itself is root's alone, nobody can import what a reader of a half-written journal needs.
    import fcntl  # noqa: F401
    import shutil  # noqa: F401
    import tempfile  # noqa: F401

    with contextlib.suppress(PermissionError):
        os.setuid(65_534)
    told: dict[str, object] = {"read": ids(path)}
    try:
        journal.append(path, batch("refused"))
        told["recorded"] = True
    except Unavailable as error:
        told["problem"] = str(error)
    print(json.dumps(told))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
