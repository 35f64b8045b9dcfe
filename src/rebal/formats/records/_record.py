"""How a record is written: its word, then its fields, each one line whatever is in it."""

from collections.abc import Callable
from fractions import Fraction

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import clean
from rebal.formats.page.wording import SEVERITIES, ascii_signs
from rebal.plan import Finding

NONE, NEVER = "none", "never"
"""What stands where a thing does not exist, and where nothing liquidates."""

_WORD = len("position")


def record(word: str, *fields: str) -> str:
    """One line; a field that is empty is left out."""
    return "  ".join([word.ljust(_WORD), *(clean(each.replace(GLUE, " ")) for each in fields if each)])


def known(write: Callable[[Fraction], str], value: Fraction | None, otherwise: str = NONE) -> str:
    """A figure, or the word for where there is none."""
    return otherwise if value is None else write(value)


def finding(found: Finding) -> str:
    """A finding under its severity."""
    return record(SEVERITIES[found.severity], found.code, found.subject, ascii_signs(found.message))
