"""What libyaml says of a text that is no YAML, in words for the person who wrote it, at the line where it was made."""

import re

import yaml

from rebal.errors import Problem
from rebal.load.flaws import printable

_SPACE_MISSING = re.compile(r"\s*(?:- +)?(\"?[A-Za-z0-9_.-]+\"?):[^\s:/]")
_NO_BREAK_SPACES = "\u00a0\u202f\u2007\u3000"
_CANNOT_START = "cannot start any token"
_COLON_EXPECTED = "could not find expected ':'"
_NOT_HERE = "mapping values are not allowed"
_NOT_IN_LINE = ("did not find expected key", "did not find expected '-' indicator", "expected <block end>")
_ENDS_TOO_SOON = ("did not find expected ',' or", "expected ',' or", "found unexpected end of stream")
_OPENED = {
    "while parsing a flow mapping": ("opens a { that is not closed, or misses a comma", "close it, or add the comma"),
    "while parsing a flow sequence": ("opens a [ that is not closed, or misses a comma", "close it, or add the comma"),
    "while scanning a quoted scalar": ("opens a quote that is not closed", "close it"),
}


def explained(error: yaml.YAMLError, text: str, source: str) -> Problem:
    """A syntax error as a problem."""
    words = str(getattr(error, "problem", None) or "no text that YAML allows")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(source, 0, 0, "", "is not YAML", printable(words))
    line, column = mark.line, mark.column
    started = getattr(error, "context_mark", None)
    opened = _OPENED.get(str(getattr(error, "context", None))) if words.startswith(_ENDS_TOO_SOON) else None
    if started is not None and (opened or words == _COLON_EXPECTED):
        line, column = started.line, started.column
    elif _NOT_HERE in words and line and (missing := _SPACE_MISSING.match(_line(text, line - 1))):
        line, column = line - 1, missing.start(1)
    problem, instead = opened or _said(words, _line(text, line), column, above=_line(text, max(line - 1, 0)))
    found = printable(_line(text, line).strip()) or None
    return Problem(source, line + 1, column + 1, "", problem, found, instead)


def _said(words: str, line: str, column: int, *, above: str) -> tuple[str, str]:
    at = line[column : column + 1]
    if any(space in line or space in above for space in _NO_BREAK_SPACES):
        return "holds a no-break space, which YAML takes for a letter", "write plain spaces"
    if _CANNOT_START in words and at == "\t":
        return "is indented with a tab", "indent with spaces"
    if _CANNOT_START in words:
        return f"begins with {printable(at)}, which means something else in YAML", "put the text in quotes"
    if (_COLON_EXPECTED in words or _NOT_HERE in words) and _SPACE_MISSING.match(line):
        return "has no space after its colon", "write `name: value`"
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
