"""JSON: the report key for key, in the order of its fields.

Every number but a count of things is a decimal string, instants are RFC 3339 in UTC, lengths of time a number with its
unit as in the portfolio, and what does not exist is null.
The text is ASCII, so that no encoding on the way can harm it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import chain, zip_longest
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from rebal.amounts import Fraction, plain
from rebal.formats import Report, View, kind
from rebal.frozen import Later
from rebal.times import length, rfc3339

_Writer = Callable[[Any], str]
_INDENT = "  "
_FORMS_KEPT = 128
_ONLY_FOR = {
    "pnl": "unwind", "spot_matches": "unwind", "ladder": "unwind", "first_rungs": "unwind", "ways": "rescue",
}  # fmt: skip


def render(report: Report, view: View) -> str:
    """Print one object and a newline."""
    return "".join(pieces(report, view))


def pieces(report: Report, view: View) -> list[str]:
    """The same in pieces: the text of a large book is as large as all else that is known of it."""
    names = tuple(each.name for each in fields(type(report)))  # type: ignore[arg-type]
    if kind(report) == "plan":
        command = getattr(report, "command", None)
        names = tuple(name for name in names if _ONLY_FOR.get(name, command) == command)
    here = _AT_FIRST if view.book is None else _ON_ONE_LINE
    members = [getattr(report, name) for name in names]
    for each in members:
        if isinstance(each, Later):
            len(each)  # worked out before there is any text: it keeps all that the report was made from
    told = [here.inner[type(each)](each) for each in members]
    if view.book is not None and "file" not in names:
        names, told = (*names, "file"), [*told, _quoted(view.book)]
    around = here.block("{", [f'"{name}": \0' for name in names], "}\n").split("\0")
    return list(chain.from_iterable(zip_longest(around, told, fillvalue="")))


class _Writers(dict[type, _Writer]):
    """How values are written by their type, worked out once a type; ``newline``: with the indentation of the brackets.

    ``inner``: the writers of what stands between the brackets.
    """

    def __init__(self, newline: str | None) -> None:
        super().__init__()
        self._newline = newline
        self._inner: _Writers | None = None

    def __missing__(self, of: type) -> _Writer:
        self[of] = _writer(of, self)
        return self[of]

    @property
    def inner(self) -> "_Writers":
        """The same one level deeper; on one line all are the same."""
        if self._inner is None:
            self._inner = self if self._newline is None else _Writers(self._newline + _INDENT)
        return self._inner

    def block(self, opening: str, members: list[str], closing: str) -> str:
        """Members between brackets, each on a line of its own; nothing stands between where there are none."""
        if not members:
            return f"{opening}{closing}"
        inner = self.inner._newline or ""
        # at the ends of the list, so that what is long is not written a second time
        members[0] = f"{opening}{inner}{members[0]}"
        members[-1] = f"{members[-1]}{self._newline or ''}{closing}"
        return (f",{inner}" if inner else ", ").join(members)


_AT_FIRST, _ON_ONE_LINE = _Writers("\n"), _Writers(None)


def _writer(of: type, here: _Writers) -> _Writer:
    if of is Fraction:
        return lambda value: f'"{plain(value)}"'
    if of is str:
        return _quoted
    if of is int:
        return str
    if of in (bool, type(None)):
        return {True: "true", False: "false", None: "null"}.__getitem__
    if issubclass(of, Enum):
        return _names(of).__getitem__
    if issubclass(of, datetime):
        return lambda value: f'"{rfc3339(value)}"'
    if issubclass(of, timedelta):
        return lambda value: f'"{length(value)}"'
    if is_dataclass(of):
        return _object(of, here)
    if issubclass(of, Sequence):
        return _list(here)
    if issubclass(of, Mapping):
        return _mapping(here)
    raise TypeError(f"no JSON for {of.__name__}")


_WRITTEN_OUT: dict[Any, str] = {
    Fraction: '"{plain(value.%s)}"',
    Fraction | None: """{'null' if (each := value.%s) is None else f'"{plain(each)}"'}""",
    str: "{quoted(value.%s)}",
    str | None: "{'null' if (each := value.%s) is None else quoted(each)}",
    bool: "{'true' if value.%s else 'false'}",
    int: "{value.%s}",
}
"""How a field of this type is written, within an f-string: most of a plan's fields are of these."""
_BY_ITS_TYPE = "{writers[type(each := value.%s)](each)}"


def _object(of: type, here: _Writers) -> _Writer:
    """The writer of a class, written out: half the time of a plan's text went into looking up each field in turn."""
    scope: dict[str, Any] = {"writers": here.inner, "plain": plain, "quoted": _quoted}
    members: list[str] = []
    for each in fields(of):
        written = _WRITTEN_OUT.get(each.type, _BY_ITS_TYPE)
        if isinstance(each.type, type) and issubclass(each.type, Enum):
            scope[f"_{each.name}"] = _names(each.type)
            written = f"{{_{each.name}[value.%s]}}"
        members.append(f'"{each.name}": {written % each.name}')
    exec(f"def write(value):\n    return f'''{here.block('{{', members, '}}')}'''", scope)
    write: _Writer = scope["write"]
    return write


def _names(of: type[Enum]) -> dict[Enum, str]:
    return {member: json.dumps(member.value) for member in of}


def _list(here: _Writers) -> _Writer:
    writers = here.inner
    return lambda value: here.block("[", [writers[type(each)](each) for each in value], "]")


def _mapping(here: _Writers) -> _Writer:
    """The writer of what has names of its own; the findings of one kind have the same, so their text is made once."""
    writers = here.inner

    @lru_cache(maxsize=_FORMS_KEPT)
    def form(keys: tuple[object, ...]) -> str:
        names = [_quoted(str(key)).replace("%", "%%") for key in keys]
        return here.block("{", [f"{name}: %s" for name in names], "}")

    def write(value: Mapping[str, object]) -> str:
        told = [f'"{plain(each)}"' if type(each) is Fraction else writers[type(each)](each) for each in value.values()]
        return form(tuple(value.keys())) % tuple(told)

    return write
