"""Notes that a plan has one of for each order, told in one: their figures in a row, their words once."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.amounts import plain
from rebal.formats.page.figures import GLUE, PLAIN
from rebal.formats.page.ink import BOLD, Line, Piece, line
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import unbroken
from rebal.plan import Code, Finding


def shared(finding: Finding) -> str:
    """What a note has in common with those that it is told with; empty where it is told by itself."""
    if finding.code is Code.RESIDUAL and "lot_usd" in finding.data:
        return "residual"
    return str(finding.data["sizing"]) if finding.code is Code.SIZING and finding.data else ""


def merged(notes: Sequence[Finding], sheet: Sheet) -> Line:
    """Several notes that share one thing, as one sentence."""
    return _residual(notes, sheet) if notes[0].code is Code.RESIDUAL else _sizing(notes, sheet)


def _residual(notes: Sequence[Finding], sheet: Sheet) -> Line:
    lots: dict[str, list[Line]] = {}
    for each in notes:
        short, lot = (PLAIN.dollars(abs(_number(each, name))) for name in ("undone_usd", "lot_usd"))
        lots.setdefault(lot, []).append(line(Piece(sheet.text(each.subject), BOLD), f"{GLUE}{short}"))
    pieces = line("residual: ")
    for n, (lot, named) in enumerate(lots.items()):
        pieces += line("; ") if n else ()
        for i, short_of in enumerate(named):
            pieces += (line(", ") if i else ()) + short_of
        pieces += line(unbroken(f" USD short of exact, less than a lot of {lot} USD").replace(" USD", f"{GLUE}USD", 1))
    return pieces


def _sizing(notes: Sequence[Finding], sheet: Sheet) -> Line:
    pieces = line(f"mark, index, their difference on the order, and what {shared(notes[0])} sizing would trade: ")
    for n, each in enumerate(notes):
        mark, index = (PLAIN.price(_number(each, name)) for name in ("mark", "index"))
        difference = f"{PLAIN.coins(_number(each, 'difference_coins'))} {each.data['asset']}"
        contracts = plain(_number(each, "contracts"))
        said = sheet.text(unbroken(f"{GLUE}{mark}, {index}, {difference}, {contracts} contracts"))
        pieces += (line("; ") if n else ()) + line(Piece(sheet.text(each.subject), BOLD), said)
    return pieces


def _number(note: Finding, name: str) -> Fraction:
    figure = note.data[name]
    assert isinstance(figure, Fraction)
    return figure
