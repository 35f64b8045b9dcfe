"""The screen of status: is anything to be done, then the book as it stands."""

from rebal.formats.page.ink import ALARM, DIM, GREEN, YELLOW, Line, Piece, line
from rebal.formats.page.needs import sorted_out
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import unbroken
from rebal.formats.screens import _drift, _findings, _margin, _origin, _positions, _realised
from rebal.status import Needs, Status

_INKS = {Needs.NOTHING: GREEN, Needs.ACTION: YELLOW, Needs.ATTENTION: ALARM}


def lines(status: Status, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a book."""
    pressing, others = sorted_out(status.findings)
    return [
        *_heading(status, sheet),
        *_findings.lines(pressing, sheet, title="To do"),
        *_drift.lines(status.assets, sheet, planned=False),
        *_margin.now(status.wallets, sheet),
        *_positions.lines(status.positions, sheet, planned=False),
        *_positions.hedges(status.hedges, status.assets, sheet, planned=False),
        *_realised.so_far(status.realised, sheet),
        *_findings.lines(others, sheet),
    ]


def _heading(status: Status, sheet: Sheet) -> list[Line]:
    summary = line(Piece(unbroken(sheet.text(status.summary)), _INKS[status.needs]))
    origin = [_origin.venue(status, sheet), _origin.prices(status), _origin.statement(status)]
    return [*sheet.flow([summary]), *sheet.flow([line(Piece(each, DIM)) for each in origin if each], between="   ")]
