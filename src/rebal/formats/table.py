"""Tables for a terminal: what to know, in the reader's order, in as many columns as there are."""

from rebal import discover
from rebal.formats import Report, View, describe, kind, screens
from rebal.formats.page import paper
from rebal.formats.page.drawing import draw
from rebal.formats.page.ink import paint
from rebal.formats.page.sheet import sheet


def render(report: Report, view: View) -> str:
    """Lay a report out at the view's width; no figure is cut, whatever that is."""
    if kind(report) in discover.names(describe):
        limits = None if view.portfolio is None else view.portfolio.policy
        document = discover.load(describe, kind(report)).document(report, limits)
        return paint(draw(document, paper.sheet(view)), colour=view.colour)
    lines = discover.load(screens, kind(report)).lines(report, sheet(view))
    return paint(lines, colour=view.colour)
