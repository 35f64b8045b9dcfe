"""What else is worth a look, in sentences."""

from collections.abc import Sequence

from rebal.formats.page.ink import ALARM, BOLD, DIM, YELLOW, Line, Piece, line, measure
from rebal.formats.page.layout import hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import SEVERITIES, unbroken
from rebal.plan import Finding, Severity

_INKS = {Severity.ERROR: ALARM, Severity.WARNING: YELLOW, Severity.INFO: DIM}
_GAP = "  "


def lines(findings: Sequence[Finding], sheet: Sheet) -> list[Line]:
    """The findings in the planner's order."""
    if not findings:
        return []
    wide = max(measure(sheet.text(each.subject)) for each in findings)
    return [*sheet.section("Look at"), *(each for finding in findings for each in _finding(finding, wide, sheet))]


def _finding(finding: Finding, wide: int, sheet: Sheet) -> list[Line]:
    severity = Piece(SEVERITIES[finding.severity].ljust(max(map(len, SEVERITIES.values()))), _INKS[finding.severity])
    subject = sheet.text(finding.subject)
    padding = " " * (wide - measure(subject))
    message = line(unbroken(sheet.text(finding.message)))
    return hang(line(severity, _GAP, Piece(subject, BOLD), f"{padding}{_GAP}"), message, sheet.view.width)
