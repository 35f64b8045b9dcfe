"""A YAML file as an editor's schema check sees it: scalars by YAML 1.2's core schema, timestamps as text."""

import re
from typing import Any

import yaml


class _Core(yaml.SafeLoader):
    """Numbers, true, false and null; everything else is text."""


_Core.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Core.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


_Core.add_constructor("tag:yaml.org,2002:int", _int)
_Core.add_constructor("tag:yaml.org,2002:float", _float)


def seen(text: str) -> Any:
    """The document as JSON data."""
    return _text_keys(yaml.load(text, Loader=_Core))


def _text_keys(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _text_keys(entry) for key, entry in value.items()}
        case list():
            return [_text_keys(entry) for entry in value]
        case _:
            return value
