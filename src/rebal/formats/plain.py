"""Plain text for pipes: one record a line, first a word that says what it is, then its fields two spaces apart."""

from rebal.formats import Report, View, describe
from rebal.formats.screen.ink import clean
from rebal.formats.screen.records import records


def render(report: Report, view: View) -> str:
    """Print the records of a report, the first with the file it is about; width and colour do not matter here."""
    first, *others = records(describe.document(report, view))
    named = first if view.file is None else f"{first}  file {clean(view.file)}"
    return "".join([f"{record}\n" for record in (named, *others)])
