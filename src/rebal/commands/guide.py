"""``rebal guide``."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._options import Shown, Where, one_of
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from rebal.guide import Given

EXAMPLES = (
    "rebal guide",
    "rebal guide inverse",
    "rebal guide margin -p portfolio.yaml",
    "rebal guide reference",
    "rebal guide --all",
)


def _topics_like(incomplete: str) -> list[str]:
    from rebal import guide

    return [name for name in guide.names() if name.startswith(incomplete)]


def guide(
    world: World,
    *,
    where: Where,
    shown: Shown,
    topics: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]...", show_default=False, autocompletion=_topics_like, help="What to tell; a list without."
        ),
    ] = None,
    all_topics: Annotated[bool, typer.Option("--all", help="Every topic, in reading order: the manual.")] = False,
) -> Answer:
    """Explain inverse futures, margin, hedges and plans, with figures.

    Its figures are computed when it is shown: on a portfolio of its own, or with -p FILE on yours.
    """
    shown.check(world)
    from rebal import guide as book
    from rebal.commands._reference import command_lines

    asked = _asked(topics or (), all_topics=all_topics)
    example = _example()
    own = example if where.portfolio is where.market is None else where
    worked = cache(lambda of: _given(of, world))
    reader = book.Reader(given=lambda: worked(own), example=lambda: worked(example), command_lines=command_lines)
    report = book.told(asked, reader) if asked else book.listed()
    return shown.answer(report, world, inputs=() if where.portfolio is None else (where.portfolio,))


def _asked(topics: Sequence[str], *, all_topics: bool) -> tuple[str, ...]:
    from rebal import guide

    known = guide.names()
    if topics and all_topics:
        raise UsageProblem("--all shows every topic; leave the names away")
    for each in topics:
        if each not in known:
            raise UsageProblem(f"{each}: there is no such topic; {one_of(each, known)}")
    return known if all_topics else tuple(topics)


def _given(where: Where, world: World) -> "Given":
    from rebal import guide

    found = opened(where, world)
    return guide.Given(found.portfolio, found.book, found.inputs)


def _example() -> Where:
    from rebal import guide

    return Where(guide.EXAMPLE, None, None, guide.EXAMPLE_NOW)
