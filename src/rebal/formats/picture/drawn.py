"""A chart of either kind as SVG, and whether there is anything to draw."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import assert_never

from rebal.formats.document import Block, Section, blocks_for
from rebal.formats.document.charts import Chart, Picture, Strips
from rebal.formats.document.said import Medium, Said
from rebal.formats.picture import curves, strips
from rebal.formats.picture.canvas import Page

STYLE = Path(__file__).with_name("picture.css").read_text(encoding="utf-8")


def pictures(blocks: Iterable[Block], title: Said = "") -> Iterator[tuple[Said, Picture]]:
    """The charts of a document, as paper has them, each under the title that it stands under."""
    for each in blocks_for(Medium.PAPER, blocks):
        if isinstance(each, Section):
            yield from pictures(each.blocks, each.title or title)
        elif isinstance(each, Chart | Strips):
            yield title, each


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
