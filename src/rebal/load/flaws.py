"""What is wrong with a document, found first and placed later: a flaw knows its path, a problem its line."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, Protocol

from rebal.errors import Problem

Path = tuple[str | int, ...]
Place = tuple[int, int]

MOST_LISTED = 1_000
"""Readers and checks stop at so many: nobody reads on, and a hostile file must not fill the memory with its errors."""
ONE_OF = "write one of: "
_SUGGESTED_FOR = 20
_LONGEST_SUGGESTED = 40
_LONGEST_SHOWN = 40
_MOST_CANDIDATES = 2_000
_SIGNS = re.compile("[-_]")
_BEFORE = ("", "c", "PI", "FI", "PF")
_OTHER_DOLLARS = ("T", "C")
_LEAST_OF_A_CONTRACT = 5
_ALIKE = 0.7


class Flaw(NamedTuple):
    """Something wrong at a path. ``near``: a name and those it may have been meant to be; ``place``: line and column.

    ``at_key``: it is the key that is wrong, or something that is missing beside it, rather than its value.
    """

    path: Path
    problem: str
    instead: str | None = None
    at_key: bool = False
    found: str | None = None
    near: tuple[str, Collection[str]] | None = None
    place: Place | None = None


class Unreadable(ValueError):
    """A value that cannot be read as what belongs there."""

    def __init__(self, problem: str, instead: str | None = None, near: tuple[str, Collection[str]] | None = None):
        super().__init__(problem)
        self.problem = problem
        self.instead = instead
        self.near = near


class Flawed(ValueError):
    """A value in parts, with everything wrong in it; the paths start at the value."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        super().__init__("flawed")
        self.flaws = tuple(flaws)


class Placed(Protocol):
    """A document that knows where its values stand."""

    source: str

    def place(self, path: Path, *, at_key: bool) -> Place:
        """Line and column of a value or its key; of the nearest that is there where it is missing."""

    def found(self, path: Path) -> str | None:
        """What stands at a path, as text for a person."""


def flaws_in(error: ValueError, path: Path = ()) -> Iterator[Flaw]:
    """The flaws that a reader raised, below a path."""
    if isinstance(error, Flawed):
        for flaw in error.flaws:
            yield flaw._replace(path=path + flaw.path)
    else:
        problem = getattr(error, "problem", "cannot be read")
        yield Flaw(path, problem, getattr(error, "instead", None), near=getattr(error, "near", None))


def problems(document: Placed, flaws: Iterable[Flaw]) -> list[Problem]:
    """Flaws with their lines, in the order of the file; from a thousand on one more says that there may be others."""
    placed = sorted(
        ((flaw.place or document.place(flaw.path, at_key=flaw.at_key), flaw) for flaw in flaws),
        key=lambda entry: (entry[0], dotted(entry[1].path), entry[1].problem),
    )
    listed = [_problem(document, place, flaw, n) for n, (place, flaw) in enumerate(placed[:MOST_LISTED])]
    if len(placed) >= MOST_LISTED:
        listed.append(
            Problem(document.source, 0, 0, "", f"holds {MOST_LISTED:,} problems or more; these are the first")
        )
    return listed


def dotted(path: Path) -> str:
    """A path as people write it: ``holdings.ETH.lots[0].cost``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{printable(step)}" if text else printable(step)
    return text


def printable(text: str) -> str:
    """Text of at most 40 characters that no terminal acts on: what is not printable ASCII is escaped."""
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
    if short.isascii() and short.isprintable():
        return short
    return "".join(c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in short)


def _problem(document: Placed, place: Place, flaw: Flaw, n: int) -> Problem:
    found = flaw.found if flaw.found is not None or flaw.at_key else document.found(flaw.path)
    suggestion = _suggestion(*flaw.near) if flaw.near and n < _SUGGESTED_FOR else None
    return Problem(document.source, *place, dotted(flaw.path), flaw.problem, found, _advice(flaw.instead, suggestion))


def _advice(instead: str | None, suggestion: str | None) -> str | None:
    if suggestion is None:
        return instead
    meant = f"did you mean {suggestion}?"
    return meant if instead is None or instead.startswith(ONE_OF) else f"{meant} Otherwise {instead}"


def _suggestion(name: str, candidates: Collection[str]) -> str | None:
    if len(name) > _LONGEST_SUGGESTED:
        return None
    from difflib import get_close_matches

    alike = sorted(known for known in candidates if abs(len(known) - len(name)) <= 2 and known != name)
    for known in alike:
        if known.casefold() == name.casefold() or sorted(known) == sorted(name):
            return known
    account, _, bare = name.rpartition(":")
    # of a contract's name, the same coin in the same currency comes before what is spelled alike
    whole = [known for known in candidates if known != name and _is_spelled_out(bare, known.rpartition(":")[2])]
    if whole:
        return min(whole, key=lambda known: (known.rpartition(":")[0] != account, _dated(known), known))
    close = get_close_matches(name, alike[:_MOST_CANDIDATES], n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _is_spelled_out(name: str, known: str) -> bool:
    """Whether a known contract's name is another up to its signs, with what a venue puts before it and behind.

    Behind dollars no letter that makes them others: SOL-USD-SWAP, SOLUSDM and PI_SOLUSD of SOLUSD, not SOLUSDT.
    """
    written = _SIGNS.sub("", name)
    if not written.isupper() or len(written) < _LEAST_OF_A_CONTRACT:
        return False
    before, found, behind = _SIGNS.sub("", known).partition(written)
    return bool(found) and before in _BEFORE and not behind.startswith(_OTHER_DOLLARS)


def _dated(name: str) -> bool:
    return name[-1:].isdigit()
