"""JSON: the report key for key, in the order of its fields.

Every number but a count of things is a decimal string, instants are RFC 3339 in UTC, lengths of time a number with its
unit as in the portfolio, and what does not exist is null.
The text is ASCII, so that no encoding on the way can harm it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from rebal.amounts import Fraction, plain
from rebal.formats import Report, View, kind
from rebal.times import length, rfc3339

_Writer = Callable[[Any, str], str]
_Keys = tuple[tuple[str, str], ...]
_INDENT = "  "
_ON_ONE_LINE = ""
_ONLY_FOR = {"pnl": "unwind", "spot_matches": "unwind", "ladder": "unwind", "ways": "rescue"}


def render(report: Report, view: View) -> str:
    """Print one object and a newline."""
    keys = _keys(type(report))
    if kind(report) == "plan":
        command = getattr(report, "command", None)
        keys = tuple(key for key in keys if _ONLY_FOR.get(key[0], command) == command)
    if view.book is None:
        return _object(report, keys, newline="\n") + "\n"
    text = _object(report, keys, newline=_ON_ONE_LINE)
    return (text if hasattr(report, "file") else f'{text[:-1]}, "file": {_quoted(view.book)}}}') + "\n"


def _keys(of: type) -> _Keys:
    return tuple((each.name, f'"{each.name}": ') for each in fields(of))


def _object(value: object, keys: _Keys, *, newline: str) -> str:
    inner = _inner(newline)
    members = []
    for name, key in keys:
        member = getattr(value, name)
        members.append(key + _WRITERS[type(member)](member, inner))
    return _block("{}", members, newline=newline)


def _block(brackets: str, members: list[str], *, newline: str) -> str:
    if not members:
        return brackets
    inner = _inner(newline)
    between = f",{inner}" if newline else ", "
    return f"{brackets[0]}{inner}{between.join(members)}{newline}{brackets[1]}"


def _inner(newline: str) -> str:
    return newline + _INDENT if newline else _ON_ONE_LINE


class _Writers(dict[type, _Writer]):
    # How values of a type are written, given the value and the newline with its indentation; worked out once a type.
    def __missing__(self, of: type) -> _Writer:
        self[of] = _writer(of)
        return self[of]


_WRITERS = _Writers()


def _writer(of: type) -> _Writer:
    if of is Fraction:
        return lambda value, _: f'"{plain(value)}"'
    if of is str:
        return lambda value, _: _quoted(value)
    if of in (int, bool, type(None)):
        return lambda value, _: json.dumps(value)
    if issubclass(of, Enum):
        written = {member: json.dumps(member.value) for member in of}
        return lambda value, _: written[value]
    if issubclass(of, datetime):
        return lambda value, _: f'"{rfc3339(value)}"'
    if issubclass(of, timedelta):
        return lambda value, _: f'"{length(value)}"'
    if is_dataclass(of):
        keys = _keys(of)
        return lambda value, newline: _object(value, keys, newline=newline)
    if issubclass(of, tuple):
        return _list
    if issubclass(of, Mapping):
        return _mapping
    raise TypeError(f"no JSON for {of.__name__}")


def _list(value: Iterable[object], newline: str) -> str:
    inner = _inner(newline)
    return _block("[]", [_WRITERS[type(each)](each, inner) for each in value], newline=newline)


def _mapping(value: Mapping[str, object], newline: str) -> str:
    inner = _inner(newline)
    members = [f"{_quoted(str(key))}: {_WRITERS[type(each)](each, inner)}" for key, each in value.items()]
    return _block("{}", members, newline=newline)
