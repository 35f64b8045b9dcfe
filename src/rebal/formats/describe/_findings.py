"""What else is worth a look, in sentences.

What would be said again and again is said once: of findings of one code whose sentences are the same, the subjects
stand together, and notes that a plan has one of for each order become one, out of their figures. No figure is left out.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from rebal.amounts import Fraction
from rebal.findings import Code, Finding, Severity
from rebal.formats.describe._phrases import joined
from rebal.formats.document import Note, Notes, Place, Section
from rebal.formats.document.said import ALARM, BOLD, DIM, GLUE, YELLOW, Figure, Inked, Kind, Reckoned, Said

SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_INKS = {Severity.ERROR: ALARM, Severity.WARNING: YELLOW, Severity.INFO: DIM}


def section(findings: Sequence[Finding], *, title: str = "Look at", place: Place = Place.LAST) -> Section:
    """The findings in the planner's order, like beside like; ``place``: of the section, on paper."""
    each = [(SEVERITIES[found.severity], found.code.value, found.subject, found.message) for found in findings]
    return Section(title, (Notes(each, partial(_told, findings)),), place=place)


def _told(findings: Sequence[Finding]) -> list[Note]:
    return [_note(group) for group in _grouped(findings)]


def _grouped(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        said = _shared(finding) or _sentence(finding)
        groups.setdefault((finding.severity, finding.code, said), []).append(finding)
    return groups.values()


def _sentence(finding: Finding) -> str:
    # Only where the subject is part of a key of the file: elsewhere a figure could be taken for it.
    return finding.message.replace(f"contracts.{finding.subject}.", "contracts.<name>.")


def _shared(finding: Finding) -> str:
    """What a note has in common with those that it is told with; empty where it is told by itself."""
    if finding.severity is not Severity.INFO:
        return ""
    if finding.code is Code.RESIDUAL and "lot_usd" in finding.data:
        return "residual"
    return str(finding.data["sizing"]) if finding.code is Code.SIZING and finding.data else ""


def _note(group: list[Finding]) -> Note:
    first = group[0]
    severity, ink, subjects = SEVERITIES[first.severity], _INKS[first.severity], tuple(each.subject for each in group)
    if len(group) == 1:
        return Note(subjects, Reckoned(first.message), severity, ink)
    if _shared(first):
        return Note((), _residual(group) if first.code is Code.RESIDUAL else _sizing(group), severity, ink)
    return Note(subjects, Reckoned(_sentence(first)), severity, ink)


def _residual(notes: Sequence[Finding]) -> Said:
    lots: dict[Fraction, list[Said]] = {}
    for each in notes:
        short = Figure(abs(_number(each, "undone_usd")), Kind.DOLLARS)
        lots.setdefault(abs(_number(each, "lot_usd")), []).append((Inked(each.subject, BOLD), GLUE, short))
    ending = f"{GLUE}USD short of exact, less than a lot of "
    said = [(*joined(short), ending, Figure(lot, Kind.DOLLARS, "USD")) for lot, short in lots.items()]
    return ("residual: ", *joined(said, "; "))


def _sizing(notes: Sequence[Finding]) -> Said:
    said: list[Said] = []
    for each in notes:
        mark, index = (Figure(_number(each, name), Kind.PRICE) for name in ("mark", "index"))
        difference = Figure(_number(each, "difference_coins"), Kind.COINS, str(each.data["asset"]))
        contracts = Figure(_number(each, "contracts"), Kind.EXACT, "contracts")
        said.append((Inked(each.subject, BOLD), GLUE, *joined((mark, index, difference, contracts))))
    heading = f"mark, index, their difference on the order, and what {_shared(notes[0])} sizing would trade: "
    return (heading, *joined(said, "; "))


def _number(note: Finding, name: str) -> Fraction:
    figure = note.data[name]
    assert isinstance(figure, Fraction)
    return figure
