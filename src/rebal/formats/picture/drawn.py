"""A chart of either kind as SVG, and whether there is anything to draw."""

from pathlib import Path
from typing import assert_never

from rebal.formats.document import Chart, Picture, Strips
from rebal.formats.picture import curves, strips
from rebal.formats.picture.canvas import Page

STYLE = Path(__file__).with_name("picture.css").read_text(encoding="utf-8")


def is_drawn(picture: Picture) -> bool:
    """Whether there are marks, or curves of more than one point."""
    match picture:
        case Chart():
            return any(len(each.points) > 1 for each in picture.series)
        case Strips():
            return not strips.is_empty(picture)
        case _:
            assert_never(picture)


def drawn(picture: Picture, page: Page) -> str:
    """The chart as one SVG element on its page."""
    match picture:
        case Chart():
            return curves.drawn(picture, page)
        case Strips():
            return strips.drawn(picture, page)
        case _:
            assert_never(picture)
