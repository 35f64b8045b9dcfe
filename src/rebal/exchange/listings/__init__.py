"""What each exchange prints of its inverse contracts, one module a venue.

A module has ``listings(ask)``: it puts its questions through ``ask``, a method of ccxt's and what it is given by name,
and yields every inverse contract that trades, under the name that the catalogue has. Raises Garbled for an answer of
another shape, and for one that is not the whole list.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol

from rebal import discover
from rebal.amounts import Fraction
from rebal.errors import Unavailable
from rebal.exchange.fields import Garbled, Row, figure
from rebal.exchange.line import Line
from rebal.venues import Listing, Listings

Ask = Callable[..., Any]
"""Puts a question: ``ask(call, name=value)``."""


class _Reader(Protocol):
    def listings(self, ask: Ask) -> Iterator[Listing]: ...


def readers() -> tuple[str, ...]:
    """The venues whose exchange can be asked."""
    return tuple(discover.names(sys.modules[__name__]))


def read(line: Line, asked: datetime) -> Listings:
    """All inverse contracts of a venue as they are listed now. Raises Unavailable."""
    reader: _Reader = discover.load(sys.modules[__name__], line.venue)

    def ask(call: str, **given: str) -> Any:
        return line.ask(call, given)

    try:
        found = list(reader.listings(ask))
    except Garbled:
        found = []
    if not found or not all(each.is_sound for each in found) or len({each.name for each in found}) < len(found):
        raise Unavailable(f"{line.venue}: answers with something that is no list of contracts; nothing was changed")
    return Listings(line.venue, asked, {each.name: each for each in sorted(found, key=lambda each: each.name)})


def needed(of: Row, key: str) -> Fraction:
    """A number that has to be there. Raises Garbled."""
    found = figure(of, key)
    if found is None:
        raise Garbled
    return found
