"""What libyaml says of a text that is no YAML, in words for the person who wrote it, at the line where it was made."""

import re
from collections.abc import Sequence

import yaml

from rebal.errors import Problem
from rebal.load.flaws import Flaw, Path, Place, printable

# a key may be of an account and one of its contracts: main:BTCUSD:40000 lacks its space, main:BTCUSD: 40000 does not
_SPACE_MISSING = re.compile(
    r"\s*(?:- +)?(\"?[A-Za-z0-9_.-]+(?::[A-Za-z][A-Za-z0-9._-]*(?=:[-+.0-9]))?\"?)"
    r":(?![A-Za-z0-9._-]+:(?:\s|$))[^\s:/]"
)
NO_SPACE = "has no space after its colon"
_LONGEST_ENTRY = 40
_NO_BREAK_SPACES = "\u00a0\u202f\u2007\u3000"
_CANNOT_START = "cannot start any token"
_COLON_EXPECTED = "could not find expected ':'"
_NOT_HERE = "mapping values are not allowed"
_NOT_IN_LINE = ("did not find expected key", "did not find expected '-' indicator", "expected <block end>")
_NOT_ON_TOP = ("did not find expected <document start>", "expected '<document start>'")
_ENDS_TOO_SOON = ("did not find expected ',' or", "expected ',' or", "found unexpected end of stream")
_OPENED = {
    "while parsing a flow mapping": ("opens a { that is not closed, or misses a comma", "close it, or add the comma"),
    "while parsing a flow sequence": ("opens a [ that is not closed, or misses a comma", "close it, or add the comma"),
    "while scanning a quoted scalar": ("opens a quote that is not closed", "close it"),
}


def run_in_at(error: yaml.YAMLError, text: str) -> Place | None:
    """Line and column, from 1, of the key that lacks the space after its colon, where a syntax error comes of that."""
    words, mark = str(getattr(error, "problem", None)), getattr(error, "problem_mark", None)
    started = getattr(error, "context_mark", None)
    lines = [*text.split("\n"), ""]  # the last is the end, where an error may stand too
    if words == _COLON_EXPECTED and started is not None:
        return _without_space(lines, started.line)
    if mark is None:
        return None
    if _NOT_HERE in words or words.startswith((*_NOT_IN_LINE, *_NOT_ON_TOP)):
        above = next((line for line in range(mark.line - 1, -1, -1) if lines[line].strip()), mark.line)
        return _without_space(lines, above) or _without_space(lines, mark.line)
    return _without_space(lines, mark.line) if lines[mark.line][mark.column :].startswith(":") else None


def _without_space(lines: Sequence[str], line: int) -> Place | None:
    found = _SPACE_MISSING.match(lines[line])
    if found is None or any(space in lines[line] for space in _NO_BREAK_SPACES):
        return None
    return line + 1, found.start(1) + 1


def spaced(text: str, at: Place) -> str:
    """A text with a space after the colon of the key at a place."""
    start = 0
    for _ in range(at[0] - 1):
        start = text.index("\n", start) + 1
    found = _SPACE_MISSING.match(text, start)
    assert found is not None
    colon = found.end(1) + 1
    return f"{text[:colon]} {text[colon:]}"


def with_space(entry: str) -> str:
    """What to write for an entry that lacks the space after its colon: the very text, unless that is too long."""
    found = _SPACE_MISSING.match(entry)
    assert found is not None
    key, value = found[1], entry[found.end(1) + 1 :].split(" #")[0].strip()
    written = f"{key}: {value}"
    return f"write {printable(written)}" if len(written) <= _LONGEST_ENTRY else f"write a space after {printable(key)}:"


def lacks_space(entry: str) -> bool:
    """Whether a text is an entry that lacks the space after its colon."""
    return _SPACE_MISSING.match(entry) is not None


def run_in_flaw(text: str, path: Path, at: Place) -> Flaw:
    """What is told of a key that lacks the space after its colon, at its place in a text."""
    instead = with_space(_line(text, at[0] - 1))
    return Flaw(path, NO_SPACE, instead, at_key=True, found=line_at(text, at[0]), place=at)


def line_at(text: str, line: int) -> str | None:
    """A line, from 1, as it is shown."""
    return printable(_line(text, line - 1).strip()) or None


def explained(error: yaml.YAMLError, text: str, source: str) -> Problem:
    """A syntax error as a problem."""
    words = str(getattr(error, "problem", None) or "no text that YAML allows")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(source, 0, 0, "", "is not YAML", printable(words))
    at = run_in_at(error, text)
    if at is not None:
        return Problem(source, *at, "", NO_SPACE, line_at(text, at[0]), with_space(_line(text, at[0] - 1)))
    line, column = mark.line, mark.column
    started = getattr(error, "context_mark", None)
    opened = _OPENED.get(str(getattr(error, "context", None))) if words.startswith(_ENDS_TOO_SOON) else None
    if started is not None and (opened or words == _COLON_EXPECTED):
        line, column = started.line, started.column
    problem, instead = opened or _said(words, _line(text, line), column, above=_line(text, max(line - 1, 0)))
    return Problem(source, line + 1, column + 1, "", problem, line_at(text, line + 1), instead)


def _said(words: str, line: str, column: int, *, above: str) -> tuple[str, str]:
    at = line[column : column + 1]
    if any(space in line or space in above for space in _NO_BREAK_SPACES):
        return "holds a no-break space, which YAML takes for a letter", "write plain spaces"
    if _CANNOT_START in words and at == "\t":
        return "is indented with a tab", "indent with spaces"
    if _CANNOT_START in words:
        return f"begins with {printable(at)}, which means something else in YAML", "put the text in quotes"
    if _NOT_HERE in words:
        return "has a colon where YAML expects none", "check the indentation of this line and the one above"
    if at == ":":
        return "is a key without a name", "write a name before the colon"
    if words.startswith(_NOT_IN_LINE):
        return "does not line up with what stands above it", "indent the entries of a section alike"
    return f"is not YAML: {printable(words)}", "check the indentation, the brackets and the quotes up to here"


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number + 1)
    return lines[number].rstrip("\r") if number < len(lines) else ""
