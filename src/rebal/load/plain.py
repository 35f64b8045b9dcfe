"""The YAML that nearly every portfolio is: an entry a line, and behind it a word, or a few words in brackets.

It is read line by line. libyaml's events take five times as long, and only to import yaml takes longer than to plan on
ten coins. Whatever YAML might read otherwise, and whatever is wrong, is left to ``events``, which reads all of it.
"""

import re
from sys import intern
from typing import Any

MOST_VALUES = 300_000
_LISTED = 20
_KEY = r"[A-Za-z0-9][\w.-]{0,59}"
_WORD = r"(?!(?:null|Null|NULL)\b)[-+]?[A-Za-z0-9][\w.%+-]*+"
_TEXT = rf"{_WORD}(?:[ :][A-Za-z0-9][\w.%+-]*+)*+"
_ENTRIES = rf"{_KEY}: {_WORD}(?:, {_KEY}: {_WORD})*+"
_WORDS = rf"{_WORD}(?:, {_WORD}){{0,{_LISTED - 1}}}+"
# Each level stands a space deeper than the one above it: twelve spaces are fewer levels than events would refuse.
_LINE = re.compile(
    rf"( {{0,12}}+)(?:({_KEY}):|-)(?: +(?:({_TEXT})|\{{({_ENTRIES})\}}|\[({_WORDS})\]))?(?: +#[ -~]*+)? *+\n"
    r"|(?: *+(?:#[ -~]*+)?\n)++",
    re.ASCII,
)


class _NotPlain(Exception):
    """Raised where YAML might read something else, or nothing."""


def read(text: str) -> dict[str, Any] | None:
    """What a text says: mappings with text keys, lists, and scalars as text; None where ``events`` has to read it."""
    if 1 + 2 * text.count(":") + text.count("- ") + _LISTED * text.count("[") > MOST_VALUES:
        return None
    try:
        return _read(text if text.endswith("\n") else f"{text}\n") or None
    except _NotPlain:
        return None


def _read(text: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    data: Any = root
    inner: Any
    column, end = 0, 0
    above: list[tuple[Any, int]] = []
    opening: str | None = None  # the key of what stands on the lines below
    for line in _LINE.finditer(text):
        if line.start() != end:
            raise _NotPlain
        end = line.end()
        indent, key, word, entries, words = line.groups()
        if indent is None:  # empty lines, or comments
            continue
        at = len(indent)
        if opening is not None and at > column:
            above.append((data, column))
            data[opening] = inner = [] if key is None else {}
            data, column, opening = inner, at, None
        while at < column:
            data, column = above.pop()
        if at != column or opening is not None:
            raise _NotPlain
        value = intern(word) if word is not None else _in_brackets(entries, words)
        if key is None:
            _append(value, data)
        elif type(data) is list or key in data:
            raise _NotPlain
        elif value is None:
            opening = intern(key)
        else:
            data[intern(key)] = value
    if opening is not None or end != len(text):
        raise _NotPlain
    return root


def _in_brackets(entries: str | None, words: str | None) -> dict[str, str] | list[str] | None:
    if words is not None:
        return [intern(word) for word in words.split(", ")]
    if entries is None:
        return None
    pairs = [entry.split(": ") for entry in entries.split(", ")]
    held = {intern(key): intern(word) for key, word in pairs}
    if len(held) < len(pairs):
        raise _NotPlain
    return held


def _append(value: Any, data: Any) -> None:
    if value is None or type(data) is dict:
        raise _NotPlain
    data.append(value)
