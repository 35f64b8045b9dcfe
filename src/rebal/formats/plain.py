"""Plain text for pipes: one record a line, first a word that says what it is, then its fields two spaces apart."""

from collections.abc import Iterable

from rebal import discover
from rebal.formats import Report, View, describe, kind, records
from rebal.formats.page.ink import clean
from rebal.formats.page.records import records as told


def render(report: Report, view: View) -> str:
    """Print the records of a report, the first with the file it is about; width and colour do not matter here."""
    first, *others = _records(report)
    named = first if view.file is None else f"{first}  file {clean(view.file)}"
    return "".join(f"{record}\n" for record in (named, *others))


def _records(report: Report) -> Iterable[str]:
    if kind(report) in discover.names(describe):
        return told(discover.load(describe, kind(report)).document(report, None))
    lines: Iterable[str] = discover.load(records, kind(report)).lines(report)
    return lines
