"""SVG: one chart of a report, a picture that stands alone."""

from rebal.errors import UsageProblem
from rebal.formats import Report, View, describe
from rebal.formats.paper.markup import text
from rebal.formats.picture.canvas import Page
from rebal.formats.picture.drawn import STYLE, drawn, is_drawn, pictures

_WIDTH = 680


def render(report: Report, view: View) -> str:
    """Draw the view's chart, the first where it names none. Raises UsageProblem for one there is not."""
    document = describe.document(report, view)
    found = {picture.name: (title, picture) for title, picture in pictures(document) if is_drawn(picture)}
    if not found:
        raise UsageProblem("--format svg: this answer has no chart; write another format")
    name = next(iter(found)) if view.chart is None else view.chart
    if name not in found:
        raise UsageProblem(f"--chart {name}: this answer has no such chart; write one of {', '.join(found)}")
    title, picture = found[name]
    return f"{drawn(picture, Page(_WIDTH, text(title), name, style=STYLE))}\n"
