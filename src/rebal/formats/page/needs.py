"""Which findings ask for something to be done; shared by the screen and the records of status."""

from collections.abc import Sequence

from rebal.plan import Finding, Severity
from rebal.status import ACTIONS, BREACHES


def sorted_out(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings that make status ask for attention or action, breaches first, and the others."""
    breaches = [each for each in findings if _is_breach(each)]
    others = [each for each in findings if not _is_breach(each)]
    actions = [each for each in others if each.severity is not Severity.INFO and each.code in ACTIONS]
    return [*breaches, *actions], [each for each in others if each not in actions]


def _is_breach(finding: Finding) -> bool:
    if finding.severity is Severity.WARNING:
        return finding.code in BREACHES
    return finding.severity is Severity.ERROR
