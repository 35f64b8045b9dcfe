"""What ``--market`` says: a file, a source such as live, or several of both between commas, of which the last wins."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rebal.amounts import NumberProblem, number
from rebal.commands._answer import World
from rebal.errors import Unavailable, UsageProblem

if TYPE_CHECKING:
    from rebal.prices import Source

_USUAL_TIMEOUT = 20.0
_LONGEST_TIMEOUT = 3_600


def parts(given: str | None, world: World, *, timeout: str | None) -> "tuple[str | Source, ...]":
    """The files by their paths and the sources ready to be asked.

    Raises UsageProblem for a timeout that is none, for nothing between commas, and for a source in capitals.
    """
    allowed = seconds(timeout)
    named = _split(given)
    for name in named:
        if name not in _sources():
            _refuse_slip(name, named, given=given)
    if not any(name in _sources() for name in named):
        return named
    if world.network is None:
        raise Unavailable("the network is not to be had here")
    from rebal import prices

    return tuple(prices.source(name, world.network, timeout=allowed) if name in _sources() else name for name in named)


def files(given: str | None) -> tuple[str, ...]:
    """The files alone."""
    return tuple(name for name in _split(given) if name not in _sources())


def seconds(timeout: str | None) -> float:
    """The seconds of ``--timeout``. Raises UsageProblem."""
    if timeout is None:
        return _USUAL_TIMEOUT
    try:
        allowed = number(timeout)
    except NumberProblem as problem:
        raise UsageProblem(f"--timeout {timeout}: {problem}") from problem
    if not 0 < allowed <= _LONGEST_TIMEOUT:
        raise UsageProblem(f"--timeout {timeout}: write seconds, above 0 and at most {_LONGEST_TIMEOUT}")
    return float(allowed)


def _refuse_slip(name: str, named: Sequence[str], *, given: str | None) -> None:
    if name and (name.lower() not in _sources() or os.path.exists(name)):
        return
    meant = ",".join(each.lower() if each.lower() in _sources() else each for each in named if each)
    what = f"no file is named {name}, and sources are in small letters" if name else "names no file"
    raise UsageProblem(f"--market {given}: {what}; write --market {meant or 'FILE'}")


def _split(given: str | None) -> tuple[str, ...]:
    """The parts between commas where one of them is a source; a file's name may hold commas of its own."""
    if given is None:
        return ()
    named = tuple(given.split(","))
    return named if any(name in _sources() for name in named) else (given,)


def _sources() -> frozenset[str]:
    """The names of sources, without importing any: commands that ask no exchange start as fast as before."""
    folder = Path(__file__).parent.parent / "prices"
    return frozenset(file.stem for file in folder.glob("[!_]*.py"))
