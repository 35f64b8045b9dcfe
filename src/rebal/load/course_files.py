"""What price and funding files of a replay share: whose each is, its times, and what is looked for in it."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import PurePath

from rebal.errors import InvalidInput, Problem
from rebal.frozen import frozen
from rebal.load.flaws import MOST_LISTED, printable
from rebal.load.sheets import Sheet
from rebal.times import milliseconds

_NO_TIME = "is no time", "write one like 2026-11-20 or 1795132800000"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}", re.ASCII)


@frozen
class Wanted:
    """What a replay looks for in price files: ``assets`` that it must have, and ``contracts`` that may have marks."""

    assets: tuple[str, ...]
    contracts: tuple[str, ...]
    carries: bool = False
    first: int | None = None
    last: int | None = None


def named(given: str, names: Sequence[str]) -> tuple[str | None, str]:
    """Whose file it is, by ``BTC=FILE`` or by its own name, and its path. Raises InvalidInput for whose none is."""
    before, is_pair, path = given.partition("=")
    if is_pair and before in names:
        return before, path
    if is_pair and _NAME.fullmatch(before):
        near = ", ".join(f"{each}=FILE" for each in get_close_matches(before, names) or names[:1])
        instead = f"write {near or 'its name'} or the name of another that it has"
        raise refusal(given, f"is of {before}, which the portfolio does not have", instead)
    stem = PurePath(given).name.split(".")[0]
    return next((each for each in names if stem == each or stem.upper() == each), None), given


def times_of(cells: Sequence[str], lines: Sequence[int], read: Sheet, *, column: int) -> list[int]:
    """The times of a column, in milliseconds since 1970. Raises InvalidInput with the line of each that is none."""
    times = [_stamped(cell) for cell in cells]
    wrong = [n for n, time in enumerate(times) if time is None]
    if wrong:
        raise InvalidInput([read.wrong(lines[n], column, cells[n], said=_NO_TIME) for n in wrong[:MOST_LISTED]])
    return [time for time in times if time is not None]


@lru_cache(maxsize=1 << 17)
def _stamped(cell: str) -> int | None:
    """A time, read once for all files that hold it."""
    return milliseconds(cell.strip())


def refusal(name: str, problem: str, instead: str, *, found: str | None = None) -> InvalidInput:
    """What is wrong with a file as a whole, and what to do instead."""
    return InvalidInput([Problem(name, 0, 0, "", problem, None if found is None else printable(found), instead)])
