"""Text with its meaning attached, measured in columns, and painted at the very end.

Data is never read as markup: a piece is a text and the name of an ink, and nothing parses the text again.
"""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rebal.formats import SIGNS, Ground
from rebal.formats.document.said import ALARM, BOLD, DIM, GLUE, GREEN, PLAIN, RED, YELLOW

if TYPE_CHECKING:
    from rich.style import Style

ECHO = "echo"
"""For a cell that repeats another figure of its row: a grid shows it, sentences leave it out."""

# Fixed tones of the 256-colour palette, as a theme's own yellow and green are often unreadable. Where the terminal says
# what its ground is, they have the contrast of 4.5 that text is to have, on black and #1e1e1e or white and #fdf6e3. No
# tone has that on all four, as #1e1e1e and #fdf6e3 are only 15.4 apart; those for a ground that is not known have 3.5.
# Words and signs say what is meant without any.
_TONES = {
    Ground.UNKNOWN: {RED: 196, YELLOW: 130, GREEN: 28},
    Ground.DARK: {RED: 203, YELLOW: 178, GREEN: 34},
    Ground.LIGHT: {RED: 124, YELLOW: 94, GREEN: 22},
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


def paint(lines: Iterable[Line], *, ground: Ground | None) -> str:
    """Join lines into the final text, without trailing spaces; in colour where the ground of it is not None."""
    return "".join(f"{_painted(each, ground)}\n" for each in lines)


def _painted(pieces: Line, ground: Ground | None) -> str:
    if ground is None:
        return "".join([text for text, _ in pieces]).replace(GLUE, " ").rstrip()
    kept = list(pieces)
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    joined = [("".join(piece.text for piece in same), ink) for ink, same in groupby(kept, key=attrgetter("ink"))]
    return "".join(_inked(text.replace(GLUE, " "), ink, ground) for text, ink in joined).rstrip()


def _inked(text: str, ink: str, ground: Ground) -> str:
    if not ink:
        return text
    from rich.color import ColorSystem

    return _style(ink, ground).render(text, color_system=ColorSystem.EIGHT_BIT)


@cache
def _style(ink: str, ground: Ground) -> "Style":
    from rich.style import Style

    tones = _TONES[ground]
    named = {BOLD: "bold", DIM: "dim", ECHO: "dim", ALARM: f"bold color({tones[RED]})"}
    return Style.parse(named.get(ink) or f"color({tones[ink]})")
