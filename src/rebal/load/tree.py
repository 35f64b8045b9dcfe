"""Strict YAML: from text to mappings, lists and text, each with its line and column.

Every scalar stays the text that was typed: ``NO``, ``1:30``, ``017`` and ``1_000`` become nothing else.
"""

from functools import cache, partial
from typing import Any

from rebal.load import values
from rebal.load.places import Document


def document(text: str, source: str) -> Document:
    """Read one YAML document. Raises InvalidInput at what is no YAML, with what was refused before it.

    A key that lacks the space after its colon is refused, and the rest is read as if the space were there.
    """
    data = values.read(text)
    if data is None:
        from rebal.load import events

        return events.document(text, source)
    return Document(source, data, spots=cache(partial(_spots, text, source)), flaws=[], broken=set(), run_in={})


def _spots(text: str, source: str) -> Any:
    # Places are asked for only where something is wrong with what was read.
    from rebal.load import events

    return events.document(text, source).spots()
