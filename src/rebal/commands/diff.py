"""``rebal diff``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._options import Shown
from rebal.errors import InvalidInput, Problem, UsageProblem

if TYPE_CHECKING:
    from rebal.plan import Plan

EXAMPLES = (
    "rebal diff monday.json tuesday.json",
    "rebal diff monday.json tuesday.json --format csv --section orders",
)


def diff(
    world: World,
    *,
    shown: Shown,
    before: Annotated[
        str, typer.Argument(metavar="A.json", show_default=False, help="The earlier plan, saved as JSON; - is stdin.")
    ],
    after: Annotated[
        str, typer.Argument(metavar="B.json", show_default=False, help="The later plan, saved as JSON; - is stdin.")
    ],
) -> Answer:
    """Put two saved plans side by side: what changed in the answer, and what changed that it was made from.

    Takes what plan, hedge, unwind or rescue saved as JSON, and nothing else. Leaves with 0 whether they differ or not.
    """
    shown.check(world)
    if before == after == "-":
        raise UsageProblem("both plans are stdin; name a file for one of them")
    from rebal.load import source
    from rebal.reports import diffing

    plans = _plan(before), _plan(after)
    files = source.shown(before), source.shown(after)
    try:
        return shown.answer(diffing.diff(*plans, files=files), world, inputs=(before, after))
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        problem = f"or {files[1]} holds figures that do not belong together"
        raise InvalidInput([Problem(files[0], 0, 0, "", problem, None, "save the plans again")]) from None


def _plan(file: str) -> "Plan":
    from rebal.journal import answers
    from rebal.load import source
    from rebal.plan import Plan

    named = source.shown(file)
    found = answers.read(source.text(file, source.PLAN), named)
    if not isinstance(found, Plan):
        instead = "save one of plan, hedge, unwind or rescue with --out plan.json"
        raise InvalidInput([Problem(named, 0, 0, "schema", "is of no plan", found.schema, instead)])
    return found
