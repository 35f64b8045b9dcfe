"""Tables for a terminal: what to know, in the reader's order, in as many columns as there are."""

from rebal.formats import Report, View, describe
from rebal.formats.screen.drawing import draw
from rebal.formats.screen.ink import paint
from rebal.formats.screen.sheet import sheet


def render(report: Report, view: View) -> str:
    """Lay a report out at the view's width; no figure is cut, whatever that is."""
    return paint(draw(describe.document(report, view), sheet(view)), ground=view.ground if view.colour else None)
