"""``--notify``: a command that is told of a book once per change of state, and told again only of the next.

The state is what the book asks for and what for: the word of ``needs``, and severity, code and subject of each finding
that makes it so. No figure is a part of it, as those change with every price. What was told last stands beside the
journal, by command and portfolio, and is only written once the command has taken it: what failed is tried next time.
That something has ended is told by the exchange's figures alone where those were asked for, never by a fallback's.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from rebal import formats
from rebal.commands import _out
from rebal.commands._answer import World
from rebal.errors import Unavailable, UsageProblem

if TYPE_CHECKING:
    from rebal.status import Status

_TAKES_AT_MOST_S = 30
_WAITS_S, _TRIES = 0.1, 400  # for another run, which may wait for its own command
_SCHEMA = "rebal/notified/1"
_MOST_TOLD = 64
_NOTHING = "nothing"
_PRESSING = (_NOTHING, "action", "attention")
# Enough to find programs, to write mail, to reach a desktop and the network. Keys of exchanges are never among it.
_ENVIRONMENT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "TMPDIR",
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
)  # fmt: skip


class Notice(NamedTuple):
    """What there is to tell of a book. ``findings``: severity, code and subject of each that counts, sorted.

    ``partial``: it was judged without the exchange, so that what is not among them may be there all the same.
    """

    file: str
    journal: str
    needs: str
    findings: tuple[str, ...]
    summary: str
    report: str
    partial: bool = False


def notice(report: "Status", *, file: str, journal: str | None, width: int, partial: bool) -> Notice:
    """The notice of a status. Raises UsageProblem where what was told of it has no place to stand."""
    if journal is None:
        raise UsageProblem("--notify keeps what it told beside the journal, and stdin has none; add --journal FILE")
    from rebal.findings import sorted_out

    counted, _ = sorted_out(report.findings)
    findings = {f"{each.severity.value} {each.code.value} {each.subject}" for each in counted}
    text = formats.render("json", report, formats.View(width, colour=False, book=file))
    return Notice(file, journal, report.needs.value, tuple(sorted(findings)), report.summary, text, partial)


class Notifier:
    """The command of ``--notify``, split into words as a shell does and run without one."""

    def __init__(self, command: str, world: World) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageProblem(f"--notify {command}: {str(error).lower()}; close what is quoted") from None
        if not self._words:
            raise UsageProblem("--notify: names no command; write one, as --notify 'mail -s rebal me@example.org'")
        self._command = command
        self._world = world
        self._failed = False

    def tell(self, found: Notice) -> str | None:
        """Run the command where the state is another than it was told; what went wrong, None where nothing did.

        Once it has failed it is not run again by this run, whatever the book.
        """
        if self._failed:
            return None
        path = f"{os.path.splitext(found.journal)[0]}.notified.json"
        try:
            if found.needs == _NOTHING and not os.path.exists(path):
                return None
            with _held(path, self._world):
                self._told_once(found, path)
        except (Unavailable, OSError) as error:
            self._failed = True
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            return f"rebal: {found.file}: not told: {reason}; it is tried again next time"
        return None

    def _told_once(self, found: Notice, path: str) -> None:
        told = _read(path)
        key = sha256(f"{self._command}\0{os.path.realpath(found.file)}".encode()).hexdigest()
        before = told.pop(key, {"needs": _NOTHING, "findings": []})
        now = _beside(before, found) if found.partial else {"needs": found.needs, "findings": list(found.findings)}
        if before == now:
            return
        _run(self._words, found, environment=self._environment(found, str(before["needs"])))
        kept = dict([*told.items()][-_MOST_TOLD + 1 :])
        _out.replace_whole(path, json.dumps({"schema": _SCHEMA, "told": {**kept, key: now}}, indent=1) + "\n")

    def _environment(self, found: Notice, before: str) -> dict[str, str]:
        ask = self._world.environment
        given = {name: ask(name) for name in _ENVIRONMENT} if ask is not None else {}
        return {
            **{name: value for name, value in given.items() if value is not None},
            "REBAL_FILE": found.file,
            "REBAL_NEEDS": found.needs,
            "REBAL_BEFORE": before,
            "REBAL_SUMMARY": found.summary,
        }


def _beside(before: Mapping[str, Any], found: Notice) -> dict[str, Any]:
    """The state with what is known of one that was judged in part: what was told before may still be so."""
    needs = max(str(before["needs"]), found.needs, key=lambda word: _PRESSING.index(word) if word in _PRESSING else 0)
    return {"needs": needs, "findings": sorted({*before["findings"], *found.findings})}


@contextlib.contextmanager
def _held(path: str, world: World) -> Iterator[None]:
    """Keep every other run out of a file of states; it is made where there is none. Raises Unavailable."""
    for _ in range(_TRIES):
        file = _locked(path)
        if file is not None:
            try:
                yield
            finally:
                os.close(file)
            return
        if world.network is not None:
            world.network.wait(_WAITS_S)
    raise Unavailable(f"{path}: another rebal is telling")


def _to_lock(path: str) -> str:
    """Itself; on Windows, where a locked file is neither read nor replaced, one beside it that stays."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return f"{path}.lock"
    return path


def _locked(path: str) -> int | None:
    """The file, locked as long as it is open; None where another has it, or has just put another in its place."""
    path = _to_lock(path)
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        _lock(file)
        if os.path.samestat(os.fstat(file), os.stat(path)):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(file)
        raise
    os.close(file)
    return None


def _lock(file: int) -> None:
    """Take a file for oneself. Raises BlockingIOError where another has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined] # Windows alone has it
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(path: str) -> dict[str, Any]:
    text = ""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
        text = file.read(1 << 20)
    if not text:
        return {}
    try:
        written = json.loads(text)
    except ValueError:
        written = None
    told = written.get("told") if isinstance(written, dict) and written.get("schema") == _SCHEMA else None
    if not isinstance(told, dict) or not all(
        isinstance(each, dict) and {"needs", "findings"} <= each.keys() for each in told.values()
    ):
        raise Unavailable(f"{path} does not hold what --notify told; remove it, and everything is told once more")
    return told


def _run(words: Sequence[str], found: Notice, *, environment: Mapping[str, str]) -> None:
    """Give the report to the command and wait for it, for a while. Raises Unavailable where it does not take it."""
    with tempfile.TemporaryFile() as said:
        try:
            running = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise Unavailable(f"--notify {words[0]}: {reason}") from None
        try:
            running.communicate(found.report.encode(), timeout=_TAKES_AT_MOST_S)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"--notify {words[0]}: was not done within {_TAKES_AT_MOST_S} s") from None
        finally:
            _end(running)
        if running.returncode:
            raise Unavailable(f"--notify {words[0]}: left with {running.returncode}{_last_words(said)}")


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End a command that is still running, with all that it started."""
    if running.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(running.pid, signal.SIGKILL)
            else:
                running.kill()  # Windows has no groups of processes to end: what the command started is left
        running.wait()
    if running.stdin is not None:
        with contextlib.suppress(OSError):
            running.stdin.close()


def _last_words(said: Any) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - 4096))
    lines = [line.strip() for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return f": {lines[-1][:200]}" if lines else ""
