"""Which findings ask for something to be done; shared by the screen and the records of status."""

from collections.abc import Sequence

from rebal.plan import Finding, Severity
from rebal.planner.status import ACTIONS, BREACHES


def sorted_out(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings that make status ask for action or attention, and the others, each in their order."""
    pressing = [each for each in findings if _presses(each)]
    return pressing, [each for each in findings if not _presses(each)]


def _presses(finding: Finding) -> bool:
    if finding.severity is Severity.WARNING:
        return finding.code in BREACHES | ACTIONS
    return finding.severity is Severity.ERROR
