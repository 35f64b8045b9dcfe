"""From a path to text: regular files and stdin only, 8 MiB at most, UTF-8 alone, no character that hides anything."""

import os
import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from rebal.errors import InvalidInput, Problem
from rebal.load.flaws import printable

STDIN = "-"
LARGEST = 8 * 1024 * 1024
_CHUNK = 1 << 20
_MOST_CHARACTERS = 100
# Controls but tab and newline, C1 with NEL, invisible and direction marks, line and paragraph separators, the fillers
# that look like spaces, surrogates, private use, tags and non-characters. \r is judged with its neighbour.
_REFUSED = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\uf8ff\U000e0000-\U0010ffff]"
    "|\r(?!\n)"
)
_LINE_BREAKS = {
    "\r": "a lone carriage return",
    "\x85": "a next-line character",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
}
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)
_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"),
)  # fmt: skip
_DATABASE = b"SQLite format 3\0"
_OURS = slice(68, 72), b"rbjl"  # application_id, by SQLite's file format
_ANSWER = r'\{\s*"schema": ?"(rebal/([a-z]{1,20})/[0-9]{1,3})"(?:,\s*"command": ?"([a-z]{1,20})")?'
_UTF8_MARK = b"\xef\xbb\xbf"


class Sort(NamedTuple):
    """A sort of file: what it is called, the most bytes that it may have, and what to do where it is not there."""

    name: str
    largest: int
    missing: str = "name an existing file"


PORTFOLIO = Sort("portfolio", LARGEST, "name an existing file, or write one with `rebal init`")
MARKET = Sort("market file", LARGEST, "name a file with the prices")
PLAN = Sort("plan", LARGEST, "name an existing file, or make it with `rebal plan --format json --out FILE`")
ANSWER = Sort("saved answer", LARGEST, "name an existing file, or make it with --format json --out FILE")
EXPORT = Sort("export", LARGEST)


def shown(path: str) -> str:
    """How messages name a source."""
    if path == STDIN:
        return "stdin"
    return path if path.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)


def text(path: str, sort: Sort = PORTFOLIO) -> str:
    """Read a file, or stdin for ``-``, as text. Raises InvalidInput, with every refused character of it."""
    source = shown(path)
    return decoded(_stdin(source, sort) if path == STDIN else _file(path, source, sort), source)


def refuse_answers(text: str, path: str, sort: Sort) -> None:
    """Raise InvalidInput where a text is an answer that was saved as JSON, which names what can be done with it."""
    begun = text.lstrip()
    answer = re.match(_ANSWER, begun) if begun.startswith("{") else None  # to make the pattern takes longer than to ask
    if answer is None:
        return
    schema, kind, command = answer.groups()
    source = shown(path)
    shows = f"show it with `rebal show {shlex.quote(source)}`"
    records = f", record it with `rebal record plan {shlex.quote(source)}`" if kind == "plan" else ""
    problem = f"is no {sort.name} but a saved answer of rebal {command or kind}"
    raise _refusal(source, problem, f"name a {sort.name}; {shows}{records}", schema)


def _of_database(content: bytes) -> tuple[str, str]:
    place, mark = _OURS
    if content[place] == mark:
        return "is a journal, not a text", "name the portfolio it belongs to; `rebal history` shows what it holds"
    return "is an SQLite database, not a text", "name a text file"


def decoded(content: bytes, source: str) -> str:
    """UTF-8 bytes as text, without a leading byte order mark."""
    if content.startswith(_DATABASE):
        raise _refusal(source, *_of_database(content))
    for mark, name in _OTHER_ENCODINGS:
        if content.startswith(mark):
            raise _refusal(source, f"is {name}", "save it as UTF-8")
    try:
        decoded = content.removeprefix(_UTF8_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(error, source) from None
    refused = list(_refused_characters(decoded, source))
    if refused:
        raise InvalidInput(refused)
    return decoded


def _file(path: str, source: str, sort: Sort) -> bytes:
    # Non-blocking: opening a named pipe would otherwise wait for a writer that may never come.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise _refusal(source, "does not exist", sort.missing) from None
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from None
    try:
        return _regular(descriptor, source, sort)
    except OSError as error:
        raise _unreadable(source, error) from None
    finally:
        os.close(descriptor)


def _regular(descriptor: int, source: str, sort: Sort) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = next((words for test, words in _KINDS if test(status.st_mode)), "is no regular file")
        raise _refusal(source, kind, "name a regular file, or - for stdin")
    if status.st_size > sort.largest:
        raise _too_large(source, sort)
    return _up_to_the_limit(lambda: os.read(descriptor, _CHUNK), source, sort)


def _stdin(source: str, sort: Sort) -> bytes:
    if sys.stdin is None:
        raise _refusal(source, "is closed", "name a file")
    stream = sys.stdin.buffer
    try:
        return _up_to_the_limit(lambda: stream.read(_CHUNK), source, sort)
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from None


def _up_to_the_limit(read: Callable[[], bytes | None], source: str, sort: Sort) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := read():
        chunks.append(chunk)
        size += len(chunk)
        if size > sort.largest:
            raise _too_large(source, sort)
    return b"".join(chunks)


def _refused_characters(text: str, source: str) -> Iterator[Problem]:
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return  # as nearly every file is; the pattern of the others takes long to make
    line, start = 1, 0
    for found in islice(re.finditer(_REFUSED, text), _MOST_CHARACTERS):
        at = found.start()
        line += text.count("\n", start, at)
        start = at
        yield _refused_character(found.group(), source, line, at - text.rfind("\n", 0, at))


def _refused_character(character: str, source: str, line: int, column: int) -> Problem:
    name = _LINE_BREAKS.get(character)
    if name is not None:
        problem = f"holds {name}, which some programs take for a new line and some do not"
        return Problem(source, line, column, "", problem, f"U+{ord(character):04X}", "end lines with a line feed")
    problem = "holds a NUL byte" if character == "\0" else "holds a character that does not show or is not text"
    return Problem(source, line, column, "", problem, f"U+{ord(character):04X}", "remove it")


def _not_utf8(error: UnicodeDecodeError, source: str) -> InvalidInput:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    found = f"byte 0x{error.object[error.start]:02X}"
    return InvalidInput([Problem(source, line, column, "", "is not UTF-8", found, "save it as UTF-8")])


def _unreadable(source: str, error: OSError | ValueError) -> InvalidInput:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _refusal(source, "cannot be read", found=printable(reason.lower()))


def _too_large(source: str, sort: Sort) -> InvalidInput:
    return _refusal(source, f"is larger than {sort.largest >> 20} MiB", f"leave out what is no {sort.name}")


def _refusal(source: str, problem: str, instead: str | None = None, found: str | None = None) -> InvalidInput:
    return InvalidInput([Problem(source, 0, 0, "", problem, found, instead)])
