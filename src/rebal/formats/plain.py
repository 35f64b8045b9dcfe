"""Plain text for pipes: one record a line, first a word that says what it is, then its fields two spaces apart."""

from rebal.formats import Report, View, describe
from rebal.formats.page.records import records


def render(report: Report, view: View) -> str:
    """Print the records of a report; the width and colour of the view do not matter here."""
    return "".join([f"{record}\n" for record in records(describe.document(report, view))])
