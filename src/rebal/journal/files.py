"""The journal as a file: recognised before SQLite sees it, created whole, opened to read or to add.

Durability rests on SQLite's rollback journal with ``synchronous=EXTRA``: FULL syncs the data, EXTRA also the folder
that the rollback journal was removed from, without which a power cut after an acknowledged commit can undo it.
"""

import contextlib
import os
import sqlite3
import stat
import struct
from collections.abc import Iterator, Sequence

from rebal.errors import InvalidInput, Problem, RebalError, Unavailable
from rebal.journal import schema

LARGEST = 16 * 1024 * 1024
_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\x00"
_WRITE_AHEAD = 2
_NEW_FILE_MODE = 0o600
_PAGE_BYTES = 4096
_DRAFT = ".rebal-journal-"
_DRAFT_IS_DEAD_AFTER_S = 60
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~")
_PRIMARY = 0xFF
_DAMAGED = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG}
)
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})


def exists(path: str) -> bool:
    """Whether there is a file; a link to nothing is none. Raises InvalidInput where that cannot be told."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise invalid(path, f"cannot be read: {reason}", "name a journal that you may read") from None
    return True


def recognise(path: str, *, newest: int = len(schema.MIGRATIONS)) -> int:
    """The version of the journal at a path, from its first bytes. Raises InvalidInput where it is none of ours."""
    header = _first_bytes(path)
    if not header:
        raise invalid(path, "is empty, and no journal", "remove it, or name another with `journal:` or --journal")
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise invalid(path, "is not a rebal journal", "name the journal, or another file to create")
    (application,) = struct.unpack_from(">I", header, 68)
    if application != schema.APPLICATION_ID:
        raise invalid(path, "is a database of another program", "name the journal, or another file to create")
    if _WRITE_AHEAD in header[18:20]:
        raise invalid(path, "was switched to write-ahead logging", "switch it back with PRAGMA journal_mode=DELETE")
    (version,) = struct.unpack_from(">I", header, 60)
    if version > newest:
        raise invalid(path, f"is of version {version}, and this rebal knows {newest}", "install a newer rebal")
    if version == 0:
        raise invalid(path, "has no version", "restore it from a copy")
    return int(version)


def create(path: str, *, migrations: Sequence[Sequence[str]] = schema.MIGRATIONS) -> None:
    """Put an empty journal at a path, whole, unless another came first. Raises Unavailable."""
    folder = os.path.dirname(path)
    try:
        draft = _draft(folder)
        try:
            _fill_in(draft, migrations)
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            os.unlink(draft)
        _sync(folder)
    except sqlite3.Error as error:
        raise unavailable(path, _reason(error)) from error
    except OSError as error:
        raise unavailable(path, f"cannot be created: {error.strerror}") from error


@contextlib.contextmanager
def reading(path: str, *, wait: float) -> Iterator[sqlite3.Connection]:
    """A connection that takes a shared lock at most and writes nothing.

    Where a writer was killed and its rollback journal still stands, SQLite will not read without writing; then both
    files are copied under a shared lock, and the copy is rolled back and read.
    """
    for last in (False, False, True):
        connection = _connected(path, "ro", wait=wait)
        try:
            with _told(path):
                connection.execute("BEGIN")
                try:
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                except sqlite3.OperationalError as error:
                    if not _is_hot(error):
                        raise
                else:
                    yield connection
                    return
        finally:
            connection.close()
        with _rolled_back_copy(path, wait=wait) as copy:
            if copy is not None:
                yield copy
                return
        if last:
            raise unavailable(path, "another rebal is writing to it; try again")


@contextlib.contextmanager
def writing(path: str, *, wait: float) -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: committed at the end, rolled back where anything is raised."""
    connection = _connected(path, "rw", wait=wait)
    try:
        with _told(path):
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # What cannot be rolled back now is rolled back by whoever opens the file next.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
    finally:
        connection.close()


def migrate(connection: sqlite3.Connection, version: int, migrations: Sequence[Sequence[str]]) -> None:
    """Bring a file from its version to the latest, inside the caller's transaction."""
    if version == len(migrations):
        return
    for script in migrations[version:]:
        for statement in script:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def invalid(path: str, problem: str, instead: str | None = None, *, entry: str = "") -> InvalidInput:
    """A journal that cannot be used, and what to do about it."""
    return InvalidInput([Problem(path, 0, 0, entry, problem, None, instead)])


def unavailable(path: str, problem: str) -> Unavailable:
    """A journal that is not to be had now."""
    return Unavailable(f"{path}: {problem}")


def uri(path: str, **query: str) -> str:
    """A path as SQLite's file: URI, with every byte escaped that could be read as a part of it."""
    escaped = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(os.path.abspath(path)))
    return f"file:{escaped}?" + "&".join(f"{name}={value}" for name, value in query.items())


def _first_bytes(path: str) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_BINARY", 0)  # Windows else ends a file at its first byte of 26
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise invalid(path, f"cannot be read: {error.strerror}", "name a journal that you may read") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise invalid(path, "is no regular file", "name the journal, or another file to create")
        if status.st_size > LARGEST:
            raise invalid(path, f"is larger than {LARGEST >> 20} MiB", "begin another with a later as_of")
        return os.read(descriptor, _HEADER_BYTES)
    except OSError as error:
        raise unavailable(path, f"cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _connected(path: str, mode: str, *, wait: float) -> sqlite3.Connection:
    with _told(path):
        connection = sqlite3.connect(uri(path, mode=mode), uri=True, timeout=wait, isolation_level=None)
        # Bytes that are no UTF-8 are to be an entry that does not match its hash, not an error of the driver.
        connection.text_factory = bytes
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    except UnicodeDecodeError as error:
        # The driver, at a loss for the text of an error: a damaged schema is quoted in it.
        raise _damaged(path, "its schema is no text") from error


def _translated(path: str, error: sqlite3.Error) -> RebalError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & _PRIMARY in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return _damaged(path, str(error))
    return unavailable(path, _reason(error))


def _damaged(path: str, how: str) -> InvalidInput:
    return invalid(path, f"is damaged: {how}", "restore it from a copy, or rebuild it from an export")


def _reason(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _LOCKED:
        return "another program holds it; try again"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; nothing was recorded"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "cannot be written to; nothing was recorded"
    return f"{error}; look at `rebal history` before recording again"


def _is_hot(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    return code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


@contextlib.contextmanager
def _rolled_back_copy(path: str, *, wait: float) -> Iterator[sqlite3.Connection | None]:
    """The last committed state, out of a copy of its own; None where a writer holds the file."""
    import tempfile

    try:
        folder = tempfile.TemporaryDirectory(prefix="rebal-")
    except OSError as error:
        raise unavailable(path, f"was left half-written, and there is no room for a copy: {error.strerror}") from error
    with folder:
        copy = os.path.join(folder.name, "copy")
        if not _copied_under_lock(path, copy):
            yield None
            return
        connection = _connected(copy, "rw", wait=wait)
        try:
            with _told(path):
                connection.execute("BEGIN")
                yield connection
        finally:
            connection.close()


def _copied_under_lock(path: str, copy: str) -> bool:
    # A shared lock on the bytes where SQLite takes its own keeps every writer from touching the file, so file and
    # rollback journal belong together. One that only begins to write adds to the rollback journal what stands in the
    # file anyway.
    import shutil

    try:
        import fcntl
    except ImportError:
        problem = "was left half-written, and this system has no locks to copy it under; the next record mends it"
        raise unavailable(path, problem) from None
    first_byte, count = 0x40000002, 510
    try:
        with open(path, "rb") as database, open(copy, "xb") as target:
            try:
                fcntl.lockf(database, fcntl.LOCK_SH | fcntl.LOCK_NB, count, first_byte)
            except (BlockingIOError, PermissionError):
                return False
            shutil.copyfileobj(database, target)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-journal", f"{copy}-journal")
    except OSError as error:
        raise unavailable(path, f"was left half-written, and cannot be copied: {error.strerror}") from error
    return True


def _draft(folder: str) -> str:
    """A new empty file of our own in a folder; those that killed creators left there are swept."""
    attempt = 0
    while True:
        draft = os.path.join(folder, f"{_DRAFT}{os.getpid()}-{attempt}")
        try:
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NEW_FILE_MODE))
        except FileExistsError:
            attempt += 1
        else:
            _sweep(folder, os.stat(draft).st_mtime)
            return draft


def _sweep(folder: str, now: float) -> None:
    for name in os.listdir(folder):
        if name.startswith(_DRAFT):
            left = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                if now - os.stat(left).st_mtime > _DRAFT_IS_DEAD_AFTER_S:
                    os.unlink(left)


def _fill_in(draft: str, migrations: Sequence[Sequence[str]]) -> None:
    connection = sqlite3.connect(uri(draft, mode="rw"), uri=True, isolation_level=None)
    try:
        # Nobody else knows the draft: it needs no rollback journal, and one sync at the end.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("BEGIN")
        migrate(connection, 0, migrations)
        connection.execute("COMMIT")
        # Older layouts on the way to this one leave pages that hold nothing, whose damage nobody would see.
        connection.execute("VACUUM")
    finally:
        connection.close()
    descriptor = os.open(draft, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows opens no folder, and makes names durable by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
