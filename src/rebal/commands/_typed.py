"""Commands to type next: spelled for a shell, and with the files that they are about."""

import os
import re
import shlex
from dataclasses import is_dataclass, replace
from typing import Any

_OF_A_PORTFOLIO = "plan|hedge|unwind|rescue|record|status|history|compare|stress|check"
# A cure stands in backticks, or after a colon up to the end of its clause.
_CURE = re.compile(
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
    options = typed(*again)
    return _CURE.sub(lambda found: f"{found[0].rstrip()} {options}", message) if again else message


def with_cures(report: Any, again: tuple[str, ...]) -> Any:
    """The report, its findings' cures as they are pasted."""
    if not again or not is_dataclass(report) or not hasattr(report, "findings"):
        return report
    findings = tuple(replace(each, message=pasted(each.message, again)) for each in report.findings)
    changed = {"summary": pasted(report.summary, again)} if hasattr(report, "summary") else {}
    return replace(report, findings=findings, **changed)  # type: ignore[type-var]


def what_next(report: Any, file: str, again: tuple[str, ...]) -> str:
    """The command that follows on an answer saved as JSON: recording what is to be placed, else showing it."""
    planned = report.schema.split("/")[1] == "plan" and not report.refused
    if planned and (report.orders or report.transfers):
        return typed("rebal", "record", "plan", file, *again)
    return typed("rebal", "show", file)


def next_line(report: Any, again: tuple[str, ...]) -> str | None:
    """What to type after an answer on the screen; None where nothing follows."""
    match report.schema.split("/")[1]:
        case "plan":
            return _after_plan(report, again)
        case "status":
            return _after_status(report, again)
        case "record" | "history":
            return typed("rebal", "status", *again)
        case "compare" | "stress" | "replay":
            return typed("rebal", "plan", *again)
        case _:
            return None


def _after_plan(report: Any, again: tuple[str, ...]) -> str:
    if report.refused:
        return "place nothing of it; the errors above say what stands in the way"
    if not report.changes:
        return typed("rebal", "status", *again)
    file = f"{report.command}.json"
    if report.command == "plan":
        return f"{typed('rebal', 'plan', *again, '--out', file)} saves it, to be recorded once it is placed"
    saved = f"the same with --out {file} saves it, to be recorded once it is placed"
    return f"the same with --rungs 1 closes the first rung alone; {saved}" if len(report.ladder) > 1 else saved


def _after_status(report: Any, again: tuple[str, ...]) -> str | None:
    if report.needs.value == "nothing":
        return None
    in_danger = report.needs.value == "attention" and any(each.code.value == "alert" for each in report.findings)
    return typed("rebal", "rescue" if in_danger else "plan", *again)
