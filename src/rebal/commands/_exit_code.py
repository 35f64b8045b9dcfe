"""What a command hands back of a plan: its exit code, and what stderr says of a refusal."""

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened
from rebal.commands._cures import cured
from rebal.commands._options import Shown, Where
from rebal.errors import Exit

if TYPE_CHECKING:
    from rebal.beta import Beta
    from rebal.plan import Plan
    from rebal.status import Status

_Report = TypeVar("_Report", bound="Plan | Status", covariant=True)


class Reported(NamedTuple, Generic[_Report]):
    """One book's answer. ``standing``: its code by its state; ``code``: the one to leave with."""

    book: Opened
    report: _Report
    standing: Exit
    code: Exit


def planned(
    report: "Plan", book: Opened, world: World, *, shown: Shown, where: Where, by_state: bool = False
) -> Answer:
    """A plan of an opened book as its command answers; ``by_state``: see ``verdict``."""
    told = cured(report)
    answer = shown.answer(
        told,
        world,
        code=verdict(told, by_state=by_state),
        portfolio=book.portfolio,
        inputs=book.files,
        remarks=refusals(told),
        where=where,
    )
    return answer._replace(made_from=(report, told, book))


def verdict(report: "Plan", *, by_state: bool = False) -> Exit:
    """1 where the plan is refused; ``by_state``, 20 on a breach and 10 where there is something to do; else 0."""
    if report.refused:
        return Exit.REFUSED
    if not by_state:
        return Exit.DONE
    from rebal.findings import is_breach

    if any(map(is_breach, report.findings)):
        return Exit.BREACH
    return Exit.ACTION if report.changes else Exit.DONE


def refusals(report: "Plan | Beta") -> tuple[str, ...]:
    """Why an answer is refused, a line each."""
    errors = [finding for finding in report.findings if finding.severity == "error"]
    return tuple(f"rebal: refused: {finding.subject}: {finding.message}" for finding in errors)
