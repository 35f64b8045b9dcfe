"""What libyaml says of a text that is no YAML, in words for the person who wrote it."""

import re

import yaml

from rebal.errors import Problem
from rebal.load.flaws import printable

_SPACE_MISSING = re.compile(r"\s*(?:- )?\"?[A-Za-z0-9_.-]+\"?:[^\s:/]")
_NO_BREAK_SPACES = "\u00a0\u202f\u2007\u3000"
_CANNOT_START = "cannot start any token"
_COLON_EXPECTED = "could not find expected ':'"
_NOT_HERE = "mapping values are not allowed"


def explained(error: yaml.YAMLError, text: str, source: str) -> Problem:
    """A syntax error as a problem: at the line where it was made, where that can be told."""
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or "not a text that YAML allows"
    if mark is None:
        return Problem(source, 0, 0, "", "is not YAML", printable(str(words)))
    started = getattr(error, "context_mark", None)
    if words == _COLON_EXPECTED and started is not None:
        mark = started
    line = _line(text, mark.line)
    problem, instead = _said(words, line, mark.column)
    return Problem(source, mark.line + 1, mark.column + 1, "", problem, printable(line.strip()) or None, instead)


def _said(words: str, line: str, column: int) -> tuple[str, str]:
    at = line[column : column + 1]
    if any(space in line for space in _NO_BREAK_SPACES):
        return "holds a no-break space, which YAML takes for a letter", "write plain spaces"
    if _CANNOT_START in words and at == "\t":
        return "is indented with a tab", "indent with spaces"
    if _CANNOT_START in words:
        return f"begins with {printable(at)}, which means something else in YAML", "put the text in quotes"
    if _COLON_EXPECTED in words and _SPACE_MISSING.match(line):
        return "has no space after its colon", "write `name: value`"
    if _NOT_HERE in words:
        return "has a colon where YAML expects none", "check the indentation of this line and the one above"
    return f"is not YAML: {printable(words)}", "check the indentation, the brackets and the quotes up to here"


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number + 1)
    return lines[number].rstrip("\r") if number < len(lines) else ""
