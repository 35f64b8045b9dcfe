"""The screen of the list of venues."""

from rebal.catalogue import Catalogue, VenueLine
from rebal.formats.page.ink import BOLD, EMPTY, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row, hang
from rebal.formats.page.sheet import Sheet

_COLUMNS = (
    Column("venue", role=Role.NAME, left=True),
    Column("contracts", "", "contracts"),
    Column("inverse"),
    Column("linear"),
    Column("planned on"),
    Column("", left=True),
)


def lines(catalogue: Catalogue, sheet: Sheet) -> list[Line]:
    """A row a venue, then what is left out and why."""
    found = sheet.table(_COLUMNS, [_row(each, sheet) for each in catalogue.venues])
    for each in catalogue.left_out:
        found += [EMPTY, *hang(line(Piece(each.venue, BOLD), "  "), line(sheet.text(each.reason)), sheet.view.width)]
    return found


def _row(venue: VenueLine, sheet: Sheet) -> Row:
    counts = (venue.contracts, venue.inverse, venue.linear, venue.planned_on)
    return (line(venue.venue), *(line(str(count)) for count in counts), line(sheet.text(venue.title)))
