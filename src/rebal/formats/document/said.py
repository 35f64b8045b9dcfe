"""What a document says: figures of a kind, texts and sentences of them, and the inks that stress them.

What is said (``Said``) is a value, a text, or a sentence: a tuple of these. Text in a sentence is ours, with
typographic signs that a medium may spell out; text alone may be anyone's and is passed on as it is.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias

from rebal.amounts import Fraction
from rebal.frozen import frozen

GLUE = "\u00a0"
"""Stands for the space inside a figure with its unit: no line breaks there."""

PLAIN, BOLD, DIM = "", "bold", "dim"
RED, YELLOW, GREEN, ALARM = "red", "yellow", "green", "alarm"


class Kind(Enum):
    """What a figure is, which says how it is rounded for the eye; named as the rules are."""

    EXACT = "exact"
    COINS = "coins"
    DOLLARS = "dollars"
    USD = "usd"
    PRICE = "price"
    PERCENT = "percent"
    RATIO = "ratio"
    RATE = "rate"
    CHANGE = "change"
    POINTS = "points"
    LEVERAGE = "leverage"
    TIMES = "times"
    LEVEL = "level"
    AWAY = "away"
    MOVE = "move"
    DAYS = "days"
    SIZE = "size"
    FINE = "fine"
    COUNT = "count"


class Absent(Enum):
    """Why there is no figure: there is no such thing, it is not known, or it never comes to that."""

    NONE = "none"
    UNKNOWN = "unknown"
    NEVER = "never"


class Medium(Enum):
    """Who is told: people at a page, pipes that get a record a row, or people at paper, a page that has pictures."""

    PAGE = "page"
    RECORDS = "records"
    PAPER = "paper"


@frozen
class Figure:
    """A figure of another kind than its column's, or in a sentence. ``signed``: with a plus above zero."""

    value: Fraction
    kind: Kind
    unit: str = ""
    signed: bool = False


@frozen
class Change:
    """Now and after; a page says it once where both are the same."""

    before: "Said"
    after: "Said"


@frozen
class Inked:
    """Something said with emphasis."""

    said: "Said"
    ink: str


@frozen
class Loud:
    """A word that a page has in capitals, and in colour."""

    text: str
    ink: str


@frozen
class Prose:
    """A sentence that came whole, its figures in it."""

    text: str


@frozen
class Reckoned:
    """A sentence that came whole, whose figures a page writes as its own."""

    text: str


@frozen
class Phrases:
    """Things said one after the other, the medium's own sign between them."""

    said: tuple["Said", ...]


@frozen
class Bar:
    """A share of one drawn as a bar; ``both_ways``: from the middle, to the left where it is negative."""

    share: Fraction
    ink: str
    both_ways: bool


_Value: TypeAlias = "str | int | Fraction | datetime | Absent | None"
Said: TypeAlias = "_Value | Figure | Change | Inked | Loud | Prose | Reckoned | Phrases | Bar | tuple[Said, ...]"
Getter = str | Callable[[Any], Any]


def getter(of: Getter) -> Callable[[Any], Any]:
    """What gets a value out of a row: a function of it, or the name of its attribute."""
    return attrgetter(of) if isinstance(of, str) else of
