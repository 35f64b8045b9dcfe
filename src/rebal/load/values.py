"""What a YAML text says, and nothing of where: mappings with text keys, lists, and scalars as text.

One pass over libyaml's events that keeps no place and tells nothing. Whatever is refused, ``events`` reads again and
says where it stands.
"""

from itertools import islice
from sys import intern
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 16
MOST_VALUES = 300_000
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_OPENING = {yaml.MappingStartEvent: dict, yaml.SequenceStartEvent: list}


class _Refused(Exception):
    """Raised where there is something to be told."""


def read(text: str) -> dict[str, Any] | None:
    """The mapping that a text is; None where it is none, and where ``events`` has to read it."""
    try:
        documents = _read(text)
    except (_Refused, yaml.YAMLError, ValueError):  # the loader without libyaml lets conversions of its own fail
        return None
    return documents[0] if len(documents) == 1 and type(documents[0]) is dict else None


def _read(text: str) -> list[Any]:
    """The documents of a text; in one piece, as every word of a large file goes through it."""
    documents, around = list[Any](), list[Any]()
    data: Any = documents  # what is open, and the key that the next value in it is for
    key: str | None = None
    for event in islice(iter(LOADER(text).get_event, None), MOST_VALUES):
        if (kind := type(event)) is yaml.ScalarEvent:
            value: Any = intern(event.value)  # a name stands in many places: as one object it is found at once in each
            if event.anchor is not None or event.tag is not None or not value.isprintable():
                raise _Refused
            if key is None and type(data) is dict:
                if value in data or not value or not value.isascii():
                    raise _Refused
                key = value
                continue
            if value in NOTHING and not event.style:
                raise _Refused
        elif kind in _OPENING:
            marked = event.anchor is not None or event.tag is not None
            if marked or len(around) == DEEPEST or (key is None and type(data) is dict):
                raise _Refused
            value = _OPENING[kind]()
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            data = around.pop()
            continue
        elif kind is yaml.StreamEndEvent:
            return documents
        elif kind is yaml.AliasEvent:
            raise _Refused
        else:
            continue
        if key is None:
            data.append(value)
        else:
            data[key], key = value, None
        if kind is not yaml.ScalarEvent:
            around.append(data)
            data = value
    raise _Refused  # there may be more values than are read: events counts them
