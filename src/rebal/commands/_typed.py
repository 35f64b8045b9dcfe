"""Commands to type next: spelled for a shell, and with the files that they are about."""

import os
import re
import shlex
from dataclasses import is_dataclass, replace
from typing import Any

_OF_A_PORTFOLIO = "plan|hedge|unwind|rescue|record|status|history|compare|stress|check"
# A cure stands in backticks, or after a colon up to the end of its clause.
_CURE = (
    rf"(?<=`)rebal (?:{_OF_A_PORTFOLIO})\b[^`]*(?=`)|(?<=: )rebal (?:{_OF_A_PORTFOLIO})\b[^`;]*?(?=;| \(and [0-9]|$)"
)


def typed(*words: str) -> str:
    """Words as the shell of this system wants them typed."""
    if os.name == "nt":
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)


def pasted(message: str, again: tuple[str, ...]) -> str:
    """A message whose cures work as they are pasted: with the options that name the files.

    >>> pasted("is off: rebal plan", ("-p", "my book.yaml"))
    "is off: rebal plan -p 'my book.yaml'"
    """
    if not again or "rebal" not in message:
        return message
    options = typed(*again)
    return re.sub(_CURE, lambda found: f"{found[0].rstrip()} {options}", message)


def first_cure(message: str) -> str | None:
    """The command that a message ends in, as it stands there; None without one."""
    found = re.search(_CURE, message)
    return None if found is None else found[0].strip()


def with_cures(report: Any, again: tuple[str, ...]) -> Any:
    """The report, its findings' cures as they are pasted."""
    if not again or not is_dataclass(report) or not hasattr(report, "findings"):
        return report
    findings = tuple(_pasted(each, again) for each in report.findings)
    changed = {"summary": pasted(report.summary, again)} if hasattr(report, "summary") else {}
    return replace(report, findings=findings, **changed)  # type: ignore[type-var]


def _pasted(finding: Any, again: tuple[str, ...]) -> Any:
    message = pasted(finding.message, again)
    return finding if message == finding.message else replace(finding, message=message)
