"""Plain text for pipes: one record a line, first a word that says what it is, then its fields two spaces apart."""

from rebal import discover
from rebal.formats import Report, View, describe, kind, records
from rebal.formats.page.records import records as told


def render(report: Report, view: View) -> str:
    """Print the records of a report; the width and colour of the view do not matter here."""
    if kind(report) in discover.names(describe):
        document = discover.load(describe, kind(report)).document(report, None)
        return "".join(f"{record}\n" for record in told(document))
    return "".join(f"{record}\n" for record in discover.load(records, kind(report)).lines(report))
