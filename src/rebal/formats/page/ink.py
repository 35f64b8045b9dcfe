"""Text with its meaning attached, measured in columns, and painted at the very end.

Data is never read as markup: a piece is a text and the name of an ink, and nothing parses the text again.
"""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rebal.formats import SIGNS
from rebal.formats.document import ALARM, BOLD, DIM, GLUE, GREEN, PLAIN, RED, YELLOW

if TYPE_CHECKING:
    from rich.style import Style

ECHO = "echo"
"""For a cell that repeats another figure of its row: a grid shows it, sentences leave it out."""

# Fixed tones of the 256-colour palette that stand out from white and from black alike; a theme's own yellow and green
# are often unreadable on one of the two.
_STYLES = {
    BOLD: "bold",
    DIM: "dim",
    ECHO: "dim",
    RED: "color(160)",
    YELLOW: "color(136)",
    GREEN: "color(28)",
    ALARM: "bold color(160)",
}


_ONE_COLUMN = frozenset(map(chr, range(128))) | frozenset(f"{GLUE}{SIGNS}")


class Piece(NamedTuple):
    """A text in one ink."""

    text: str
    ink: str = PLAIN


Line = tuple[Piece, ...]
EMPTY: Line = ()


def line(*pieces: str | Piece) -> Line:
    """A line of pieces; bare text is in no ink."""
    return tuple([piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces])


def measure(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii() or _ONE_COLUMN.issuperset(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def breadth(pieces: Iterable[Piece]) -> int:
    """Columns that a line takes."""
    return sum([measure(text) for text, _ in pieces])


def clean(text: str) -> str:
    """Text from outside with whatever would steer a terminal or break a line shown as a question mark."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == GLUE else "?" for each in text)


def paint(lines: Iterable[Line], *, colour: bool) -> str:
    """Join lines into the final text, without trailing spaces."""
    return "".join(f"{_painted(each, colour=colour)}\n" for each in lines)


def _painted(pieces: Line, *, colour: bool) -> str:
    if not colour:
        return "".join([text for text, _ in pieces]).replace(GLUE, " ").rstrip()
    kept = list(pieces)
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    joined = [("".join(piece.text for piece in same), ink) for ink, same in groupby(kept, key=attrgetter("ink"))]
    return "".join(_inked(text.replace(GLUE, " "), ink) for text, ink in joined).rstrip()


def _inked(text: str, ink: str) -> str:
    if not ink:
        return text
    from rich.color import ColorSystem

    return _style(ink).render(text, color_system=ColorSystem.EIGHT_BIT)


@cache
def _style(ink: str) -> "Style":
    from rich.style import Style

    return Style.parse(_STYLES[ink])
