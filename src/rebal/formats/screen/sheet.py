"""The page a document is drawn on: its width, its signs, and its pen."""

from typing import NamedTuple

from rebal.formats import View
from rebal.formats.document.said import GLUE, Absent
from rebal.formats.screen.figures import ASCII_TABLE, TABLE
from rebal.formats.screen.ink import clean
from rebal.formats.screen.pen import Pen
from rebal.formats.screen.wording import ascii_signs, day_and_time, unbroken
from rebal.frozen import frozen


class Signs(NamedTuple):
    """What is drawn rather than written; none of them is a figure."""

    rule: str
    full: str
    left_half: str
    right_half: str
    axis: str
    kept: str
    gone: str
    between: str
    nothing: str
    tick_beside: str
    tick_below: str
    corner: str


UNICODE = Signs("─", "█", "▌", "▐", "│", "━", "─", " · ", "–", "┤", "┬", "└")
ASCII = Signs("-", "#", "#", "#", "|", "=", ".", ", ", "-", "+", "+", "+")


@frozen
class Sheet:
    """What the blocks of a page share."""

    view: View
    pen: Pen
    signs: Signs


def sheet(view: View) -> Sheet:
    """The page that a view asks for."""
    signs, text = (ASCII, _ascii) if view.ascii else (UNICODE, clean)
    absent = {Absent.NONE: signs.nothing, Absent.UNKNOWN: "?", Absent.NEVER: "never"}
    pen = Pen(
        ASCII_TABLE if view.ascii else TABLE,
        day_and_time,
        data=text,
        words=text,
        prose=lambda said: unbroken(text(said)),
        absent=absent,
        between=signs.between,
        arrow=f" {text('→')}{GLUE}",
        both=False,
    )
    return Sheet(view, pen, signs)


def _ascii(text: str) -> str:
    parts = ascii_signs(clean(text)).split(GLUE)
    return GLUE.join(part.encode("ascii", "backslashreplace").decode("ascii") for part in parts)
