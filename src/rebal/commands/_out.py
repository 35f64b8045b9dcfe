"""``--out``: a file that is written whole or not at all, and never over anything but a regular file of its own."""

import contextlib
import os
import re
import stat
from collections.abc import Iterable

from rebal.errors import Unavailable, UsageProblem

_NEW_FILE_MODE = 0o600
# With any suffix these are devices on Windows, and what is written there is gone.
_DEVICE = r"(?ai)(con|prn|aux|nul|com[0-9]|lpt[0-9]) *(\..*)?"
_DRAFT = r"(?a)\.rebal-([1-9][0-9]{0,9})-[0-9]{1,9}"


def refuse_irregular(path: str, *, option: str = "--out") -> None:
    """Raise UsageProblem where the target of an option is there and is no regular file, or stands for stdout."""
    if path == "-":
        instead = "leave --out away to write to stdout" if option == "--out" else "name a file to write"
        raise UsageProblem(f"{option} -: {instead}")
    if os.name == "nt" and re.fullmatch(_DEVICE, re.split(r"[/\\]", path)[-1]):
        raise UsageProblem(f"{option} {path}: is the name of a device here; name a file to write or replace")
    found = _stat(path, option)
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise UsageProblem(f"{option} {path}: is not a regular file; name a file to write or replace")


def write(path: str, text: str, *, apart_from: Iterable[str], option: str = "--out") -> None:
    """Put the text at a path at once: into a new file beside it, which then takes its name.

    Links are followed to the file they mean. A new file is its owner's alone, an old one keeps its mode. Raises
    UsageProblem where the target is irregular or one of ``apart_from``, Unavailable where the disk says no.
    """
    refuse_irregular(path, option=option)
    for other in apart_from:
        if _same(path, other):
            raise UsageProblem(f"{option} {path}: is what is read as {other}; name another file")
    target = os.path.realpath(path)
    try:
        _replace(target, text.encode(), old=_stat(target))
    except FileNotFoundError as error:
        raise UsageProblem(f"{option} {path}: there is no folder {os.path.dirname(target)}; create it first") from error
    except OSError as error:
        raise Unavailable(f"{option} {path}: {error.strerror}") from error


def replace_whole(target: str, text: str) -> None:
    """Put a text in the place of a file of our own, whole or not at all. Raises OSError."""
    _replace(target, text.encode(), old=_stat(target))


def is_there(path: str) -> bool:
    """Whether there is a file to be replaced."""
    return _stat(path) is not None


def _stat(path: str, option: str = "--out") -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageProblem(f"{option} {path}: {error.strerror}") from error


def _same(path: str, other: str) -> bool:
    try:
        read = os.fstat(0) if other == "-" else os.stat(other)
        return os.path.samestat(os.stat(path), read)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)


def _replace(target: str, content: bytes, *, old: os.stat_result | None) -> None:
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(0, "Permission denied")
    folder = os.path.dirname(target)
    _remove_abandoned(folder)
    draft, file = _draft(folder)
    try:
        with os.fdopen(file, "wb") as writer:
            writer.write(content)
            writer.flush()
            if old is not None:
                _take_over(file, old)
            os.fsync(file)
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise
    _sync(folder)


def _draft(folder: str) -> tuple[str, int]:
    """A new file of our own in a folder: its path and descriptor."""
    attempt = 0
    while True:
        draft = os.path.join(folder, f".rebal-{os.getpid()}-{attempt}")
        try:
            return draft, os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NEW_FILE_MODE)
        except FileExistsError:
            attempt += 1


def _remove_abandoned(folder: str) -> None:
    """Remove drafts that runs left behind when they were killed; one whose run may be alive, or of another, stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for each in found:
            named = re.fullmatch(_DRAFT, each.name)
            if named is not None and _is_own(each) and _is_dead(int(named[1])):
                with contextlib.suppress(OSError):
                    os.unlink(each.path)


def _is_own(entry: "os.DirEntry[str]") -> bool:
    found = entry.stat(follow_symlinks=False)
    return stat.S_ISREG(found.st_mode) and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _is_dead(process: int) -> bool:
    """Whether no process of that number runs here; where that cannot be asked without harm, none counts as dead."""
    if os.name != "posix" or process == os.getpid():
        return False  # on Windows, to ask by a signal is to end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _take_over(file: int, old: os.stat_result) -> None:
    if not hasattr(os, "fchown"):
        return  # on Windows a file has no owner and mode of this kind: it takes its folder's
    mine = os.fstat(file)
    if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, stat.S_IMODE(old.st_mode))


def _sync(folder: str) -> None:
    """Make the new name durable, where the file system can."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
