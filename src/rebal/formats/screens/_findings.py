"""What else is worth a look, in sentences.

What would be said again and again is said once: of findings of one code whose sentences are the same, the subjects
stand together, and notes that a plan has one of for each order become one, out of their figures. No figure is left out.
"""

from collections.abc import Iterable, Sequence

from rebal.formats.page.ink import ALARM, BOLD, DIM, YELLOW, Line, Piece, line, measure
from rebal.formats.page.layout import hang, stands_beside, wrap
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import SEVERITIES, unbroken
from rebal.formats.screens import _notes
from rebal.plan import Finding, Severity

_INKS = {Severity.ERROR: ALARM, Severity.WARNING: YELLOW, Severity.INFO: DIM}
_GAP = "  "
_BESIDE = max(map(len, SEVERITIES.values())) + len(_GAP)
_Groups = dict[tuple[object, ...], list[Finding]]


def lines(findings: Sequence[Finding], sheet: Sheet, *, title: str = "Look at") -> list[Line]:
    """The findings in the planner's order, like beside like."""
    if not findings:
        return []
    groups = list(_grouped(findings))
    breadths = [measure(sheet.text(group[0].subject)) for group in groups if len(group) == 1]
    wide = max((each for each in breadths if stands_beside(_BESIDE + each + len(_GAP), sheet.view.width)), default=0)
    return [*sheet.section(title), *(each for group in groups for each in _group(group, wide, sheet))]


def _grouped(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    groups: _Groups = {}
    for finding in findings:
        shared = _notes.shared(finding) if finding.severity is Severity.INFO else ""
        said = shared or _sentence(finding)
        groups.setdefault((finding.severity, finding.code, said), []).append(finding)
    return groups.values()


def _sentence(finding: Finding) -> str:
    # Only where the subject is part of a key of the file: elsewhere a figure could be taken for it.
    return finding.message.replace(f"contracts.{finding.subject}.", "contracts.<name>.")


def _group(group: list[Finding], wide: int, sheet: Sheet) -> list[Line]:
    if len(group) == 1:
        return _finding(group[0], wide, sheet)
    severity = Piece(SEVERITIES[group[0].severity].ljust(_BESIDE), _INKS[group[0].severity])
    if group[0].severity is Severity.INFO and _notes.shared(group[0]):
        return hang(line(severity), _notes.merged(group, sheet), sheet.view.width)
    return _of_many(group, severity, sheet)


def _finding(finding: Finding, wide: int, sheet: Sheet) -> list[Line]:
    severity = Piece(SEVERITIES[finding.severity].ljust(_BESIDE), _INKS[finding.severity])
    subject = sheet.text(finding.subject)
    padding = " " * (wide - measure(subject))
    message = line(unbroken(sheet.text(finding.message)))
    return hang(line(severity, Piece(subject, BOLD), f"{padding}{_GAP}"), message, sheet.view.width)


def _of_many(group: list[Finding], severity: Piece, sheet: Sheet) -> list[Line]:
    subjects = line(Piece(sheet.text(", ".join(each.subject for each in group)), BOLD))
    message = line(unbroken(sheet.text(_sentence(group[0]))))
    width = sheet.view.width
    return [*hang(line(severity), subjects, width), *wrap(message, width, indent=_BESIDE + len(_GAP))]
