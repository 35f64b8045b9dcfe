"""Which books are meant where several files or a folder are named."""

import os
import re
from collections.abc import Iterator, Sequence

from rebal.commands._options import Sources
from rebal.errors import InvalidInput, Problem, UsageProblem

_SUFFIXES = (".yaml", ".yml")
_TOP_LEVEL = re.compile(rb"^([A-Za-z_]+)[ \t]*:", re.MULTILINE)
_OF_A_MARKET_FILE = frozenset({b"market", b"as_of", b"prices", b"funding"})
_LOOKED_AT = 1 << 16


def are_many(sources: Sources) -> bool:
    """Whether a line a book is asked for: of several files, or of what is in a folder."""
    named = sources.files or []
    return len(named) > 1 or any(map(os.path.isdir, named))


def books(sources: Sources) -> tuple[str, ...]:
    """The files that are meant, in the order given and each once; those of a folder by name.

    What a folder holds beside portfolios, files of prices alone, is left out. Raises UsageProblem, and InvalidInput for
    a folder without any.
    """
    named = sources.files or []
    _refuse(sources, named)
    found: dict[object, str] = {}
    for name in named:
        for file in _portfolios(name) if os.path.isdir(name) else (name,):
            found.setdefault(_identity(file), file)
    return tuple(found.values())


def _refuse(sources: Sources, named: Sequence[str]) -> None:
    if sources.portfolio is not None:
        raise UsageProblem("portfolios are named twice; name them all without --portfolio")
    if "-" in named:
        raise UsageProblem("- is stdin, which holds one portfolio; give it alone, or name files")
    if sources.journal is not None:
        raise UsageProblem("--journal names one journal, and each portfolio has its own; put `journal:` in their files")


def _portfolios(folder: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise _unfit(folder, f"cannot be read: {error.strerror}", "name a portfolio") from error
    files = [os.path.join(folder, name) for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")]
    found = [file for file in files if not os.path.isdir(file) and not _is_market(file)]
    if not found:
        problem = "holds no portfolio, no file that ends in .yaml or .yml"
        raise _unfit(folder, problem, "name a portfolio, or another folder")
    yield from found


def _unfit(folder: str, problem: str, instead: str) -> InvalidInput:
    return InvalidInput([Problem(folder, 0, 0, "", problem, instead=instead)])


def _is_market(file: str) -> bool:
    """Whether a file says prices and nothing else; what cannot be read is told where it is read as a portfolio."""
    if not os.path.isfile(file):
        return False
    try:
        with open(file, "rb") as opened:
            keys = set(_TOP_LEVEL.findall(opened.read(_LOOKED_AT)))
    except OSError:
        return False
    return bool(keys) and keys <= _OF_A_MARKET_FILE and not keys <= {b"as_of"}


def _identity(file: str) -> object:
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return file
    return found.st_dev, found.st_ino
