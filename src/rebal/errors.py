"""What can go wrong, and the exit code that says so."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Exit(IntEnum):
    """The exit codes that scripts rely on; where several apply the strongest wins: 4, 3, 1, 20, 10, 0."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INVALID_INPUT = 3
    UNAVAILABLE = 4
    ACTION = 10
    BREACH = 20
    INTERNAL = 70
    INTERRUPTED = 130


class RebalError(Exception):
    """Anything we tell the user in a sentence instead of a traceback."""

    exit_code = Exit.INTERNAL


class UsageProblem(RebalError):
    """The command line asks for something contradictory, missing or unknown."""

    exit_code = Exit.USAGE


class Refused(RebalError):
    """What is asked for is understood and possible, but not safe or no longer true."""

    exit_code = Exit.REFUSED


class Unavailable(RebalError):
    """The disk, stdout or a lock is not to be had; the input may be perfect."""

    exit_code = Exit.UNAVAILABLE


class Problem(NamedTuple):
    """One thing wrong with a file: where it stands, what was found, and what to write instead."""

    source: str
    line: int
    column: int
    path: str
    problem: str
    found: str | None = None
    instead: str | None = None

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        named = f"{place}: {self.path}" if self.path else place
        found = f" (found {self.found})" if self.found is not None else ""
        instead = f"; {self.instead}" if self.instead else ""
        return f"{named}: {self.problem}{found}{instead}"


class InvalidInput(RebalError):
    """A portfolio, market, plan or journal that cannot be used, with everything wrong with it at once."""

    exit_code = Exit.INVALID_INPUT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))
