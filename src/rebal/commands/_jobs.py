"""The options of commands that put many questions: who answers them, and how far they are."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rebal.amounts import NumberProblem, number
from rebal.commands._answer import World
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.workers import Crew

_Shared = TypeVar("_Shared")
_Done = TypeVar("_Done")
_MOST_JOBS = 256
_STEPS = 20


@frozen
class Workers:
    """Who answers: this process, several, or a cluster; the answers are the same."""

    jobs: Annotated[
        str | None, typer.Option("--jobs", metavar="N", help="How many processes share the work; 1 without it.")
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", metavar="ADDRESS", help="A Dask scheduler whose workers share it; they read the same paths."
        ),
    ] = None

    def check(self) -> None:
        """Refuse what contradicts itself. Raises UsageProblem."""
        if self.jobs is not None and self.cluster is not None:
            raise UsageProblem("--jobs is of this machine and --cluster of others; give one of them")
        self._count()

    def hired(self, shared: _Shared) -> "AbstractContextManager[Crew[_Shared]]":
        """The crew. Raises Unavailable."""
        from rebal import workers

        return workers.hired(shared, jobs=self._count(), cluster=self.cluster)

    def _count(self) -> int:
        if self.jobs is None:
            return 1
        try:
            count = number(self.jobs)
        except NumberProblem as problem:
            raise UsageProblem(f"--jobs {self.jobs}: {problem}") from problem
        if count.denominator != 1 or not 1 <= count <= _MOST_JOBS:
            raise UsageProblem(f"--jobs {self.jobs}: write a whole number of processes from 1 to {_MOST_JOBS}")
        return int(count)


def told(done: Iterable[_Done], world: World, *, of: int, what: str) -> Iterator[_Done]:
    """What is done, one by one; where somebody watches stderr, and nothing else is on the screen, with a bar."""
    paint = world.progress
    if paint is None:
        yield from done
        return
    try:
        for count, each in enumerate(done, start=1):
            full = _STEPS * count // of
            paint(f"[{'#' * full}{'.' * (_STEPS - full)}] {count} of {of} {what}")
            yield each
    finally:
        paint("")
