"""How instants and sentences are written."""

import re
from datetime import UTC, datetime

from rebal.formats.document import GLUE

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIGURE_AND_UNIT = re.compile(r"(?<=[0-9]) (?=%|[A-Z0-9]*[A-Z][A-Z0-9]*\b|(?:points|contracts|hours|days)\b)")
_ASCII = dict(zip(map(ord, "−–—·×’→±≤≥…"), ("-", "-", "-", "-", "x", "'", "->", "+/-", "<=", ">=", "..."), strict=True))


def day_and_time(instant: datetime) -> str:
    """An instant for people, in UTC, to the minute."""
    utc = instant.astimezone(UTC)
    return GLUE.join([str(utc.day), _MONTHS[utc.month - 1], str(utc.year), f"{utc:%H:%M}", "UTC"])


def ascii_signs(text: str) -> str:
    """A sentence with its typographic signs in ASCII; letters of names are left alone."""
    return text if text.isascii() else text.translate(_ASCII)


def unbroken(sentence: str) -> str:
    """A sentence whose figures are held together with their units."""
    return _FIGURE_AND_UNIT.sub(GLUE, sentence)
