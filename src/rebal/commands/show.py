"""``rebal show``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._options import Shown
from rebal.errors import InvalidInput, Problem

EXAMPLES = (
    "rebal show hedge.json",
    "rebal show status.json --width 60",
    "rebal show plan.json --format csv --section transfers",
)


def show(
    world: World,
    shown: Shown,
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="What a command saved as JSON; - is stdin.")
    ],
) -> Answer:
    """Show a saved answer again, in any format.

    Reads what any command wrote with --format json, and nothing else: no portfolio, no journal, no prices of now.
    """
    shown.check(world)
    from rebal.journal import answers
    from rebal.load import source

    named = source.shown(file)
    report = answers.read(source.text(file, source.ANSWER), named)
    try:
        return shown.answer(report, world, inputs=(file,), saved=file)
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        # Every value is of its kind, and they do not belong together: a step to an order that is not there.
        problem = "holds figures that do not belong together"
        raise InvalidInput([Problem(named, 0, 0, "", problem, None, "save the answer again")]) from None
