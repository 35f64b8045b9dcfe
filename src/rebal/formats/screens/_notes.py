"""Notes that a plan has one of for each order, told in one: their figures in a row, their words once."""

import re
from collections.abc import Sequence

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import BOLD, Line, Piece, line
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import unbroken
from rebal.plan import Code, Finding

_RESIDUAL = re.compile(r"(\S+) USD (?:more|less) would be exact; the order is rounded toward zero to lots of (\S+) USD")
_SIZING = re.compile(
    r"mark (\S+) and index (\S+) differ by (\S+ \S+) on this order; (\w+ sizing) would trade (\S+) contracts"
)


def shared(finding: Finding) -> str:
    """What a note has in common with those that it is told with; empty where it is told by itself."""
    if finding.code is Code.RESIDUAL:
        return "residual" if _RESIDUAL.fullmatch(finding.message) else ""
    sizing = _SIZING.fullmatch(finding.message) if finding.code is Code.SIZING else None
    return sizing[4] if sizing else ""


def merged(notes: Sequence[Finding], sheet: Sheet) -> Line:
    """Several notes that share one thing, as one sentence."""
    return _residual(notes, sheet) if notes[0].code is Code.RESIDUAL else _sizing(notes, sheet)


def _residual(notes: Sequence[Finding], sheet: Sheet) -> Line:
    lots: dict[str, list[Line]] = {}
    for each in notes:
        short, lot = _RESIDUAL.fullmatch(each.message).groups()  # type: ignore[union-attr]
        lots.setdefault(lot, []).append(line(Piece(sheet.text(each.subject), BOLD), f"{GLUE}{short}"))
    pieces = line("residual: ")
    for n, (lot, named) in enumerate(lots.items()):
        pieces += line("; ") if n else ()
        for i, short_of in enumerate(named):
            pieces += (line(", ") if i else ()) + short_of
        pieces += line(unbroken(f" USD short of exact, less than a lot of {lot} USD").replace(" USD", f"{GLUE}USD", 1))
    return pieces


def _sizing(notes: Sequence[Finding], sheet: Sheet) -> Line:
    pieces = line(f"mark, index, their difference on the order, and what {shared(notes[0])} would trade: ")
    for n, each in enumerate(notes):
        mark, index, difference, _, contracts = _SIZING.fullmatch(each.message).groups()  # type: ignore[union-attr]
        said = sheet.text(unbroken(f"{GLUE}{mark}, {index}, {difference}, {contracts} contracts"))
        pieces += (line("; ") if n else ()) + line(Piece(sheet.text(each.subject), BOLD), said)
    return pieces
