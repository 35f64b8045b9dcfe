"""The guide: one topic a file, found by name, its figures computed when it is shown.

A topic's module has ``TITLE``, its place in reading order ``PLACE``, and ``parts(reader)``. One that is about no
portfolio says ``WORKED = False``.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from rebal import discover
from rebal.frozen import frozen
from rebal.reports.guide import Entry, Guide, Topic

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.plan import Inputs
    from rebal.portfolio import Portfolio

SCHEMA = "rebal/guide/1"
EXAMPLE = str(Path(__file__).with_name("example.yaml"))
"""The portfolio that topics are worked on where the reader names none."""
EXAMPLE_NOW = "2026-11-20T09:00:00Z"


@frozen
class Given:
    """A portfolio that a topic is worked on, what is open in it, and what a plan of it is made from."""

    portfolio: "Portfolio"
    book: "Book"
    inputs: "Inputs"


@frozen
class CommandLine:
    """A command as it is typed: its synopsis, what it does, its own arguments and options, and examples."""

    synopsis: str
    about: str
    options: tuple[Entry, ...]
    examples: tuple[str, ...]


@frozen
class CommandLines:
    """All commands, and the options that many of them share, by what these are about."""

    commands: tuple[CommandLine, ...]
    shared: tuple[tuple[str, tuple[Entry, ...]], ...]


@frozen
class Reader:
    """What topics are told of whoever reads them: each is asked for where a topic needs it.

    ``given``: the reader's portfolio, or the example's; ``example``: the example's whatever the reader has.
    """

    given: Callable[[], Given]
    example: Callable[[], Given]
    command_lines: Callable[[], CommandLines]


def names() -> tuple[str, ...]:
    """The topics in the order in which they are best read."""
    return tuple(sorted(discover.names(sys.modules[__name__]), key=lambda name: _module(name).PLACE))


def listed() -> Guide:
    """The topics by their titles."""
    return Guide(SCHEMA, tuple(Topic(name, _module(name).TITLE, None, ()) for name in names()))


def told(topics: Iterable[str], reader: Reader) -> Guide:
    """Some topics in full. Raises LookupError where there is none of a name."""
    return Guide(SCHEMA, tuple(_told(name, _module(name), reader) for name in topics))


def _told(name: str, module: ModuleType, reader: Reader) -> Topic:
    about = reader.given().portfolio.name if getattr(module, "WORKED", True) else None
    return Topic(name, module.TITLE, about, module.parts(reader))


def _module(name: str) -> ModuleType:
    return discover.load(sys.modules[__name__], name)
