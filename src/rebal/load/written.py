"""A document against the models: what could be read, and everything that could not.

A file with a wrong price may also have wrong weights, and one run says both: what cannot be read is left out, and the
rest is read again so that the checks that compare sections still have something to compare.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rebal.errors import InvalidInput
from rebal.load.fields import Name, Reader, Section
from rebal.load.flaws import MOST_LISTED, Flaw, Path, flaws_in, problems
from rebal.load.places import Document

T = TypeVar("T")
U = TypeVar("U")
_LEFT_OUT = object()


class Written(Generic[T]):
    """What a document says. ``flaws``: what could not be read and was left out of it."""

    __slots__ = ("_above", "_broken", "_kept", "document", "flaws", "says")

    def __init__(
        self, document: Document, says: T, *, flaws: list[Flaw], broken: set[Path], kept: Mapping[Path, list[int]]
    ) -> None:
        self.document = document
        self.says = says
        self.flaws = flaws
        self._broken = broken
        self._above = {path[:n] for path in broken for n in range(len(path))}
        self._kept = kept

    def names(self, allowed: Name, *section: str) -> frozenset[str]:
        """The keys typed in a section that are names, those with unreadable values too."""
        typed: Any = self.document.data
        for step in section:
            typed = typed.get(step) if isinstance(typed, dict) else None
        lost = (str(path[-1]) for path in self._broken if path[:-1] == section)
        return frozenset(filter(allowed.pattern.fullmatch, (*(typed if isinstance(typed, dict) else ()), *lost)))

    def misnamed(self, allowed: Name, *section: str) -> bool:
        """Whether a section was left out, or some key of it that is no name."""
        unreadable = (str(path[-1]) for path in self._broken if path[:-1] == section)
        return self.lost(*section) or not all(map(allowed.pattern.fullmatch, unreadable))

    def has(self, *path: str | int) -> bool:
        """Whether something was typed at a path, readable or not."""
        return path in self._broken or self.document.holds(path)

    def lost(self, *path: str | int) -> bool:
        """Whether a path, or something above it, could not be read."""
        return _reaches(path, self._broken)

    def sound(self, *path: str | int) -> bool:
        """Whether a path, all that is above it and all that is below it could be read."""
        return not self._broken or (path not in self._above and not self.lost(*path))

    def rows(self, section: Path, entries: Iterable[U]) -> Iterable[tuple[int, U]]:
        """The entries of a list with the index that each has in the file."""
        return zip(self._kept[section], entries, strict=True) if section in self._kept else enumerate(entries)

    def left_out(self, section: Path) -> Sequence[int]:
        """The indices of the entries of a list that were left out, each for what it lacks or holds wrongly."""
        if section not in self._kept:
            return ()
        typed: Any = self.document.at(section)
        return sorted(set(range(len(typed))) - set(self._kept[section]))

    def unreadable(self, *path: str | int) -> bool:
        """Whether something stands at a path that could not be read."""
        return path in self._broken

    def in_part(self, path: Path, model: type[BaseModel]) -> dict[str, Any]:
        """By field, what could be read of a mapping that was left out as a whole."""
        typed: Any = self.document.at(path)
        return {
            name: _reader(field).read(typed[key])
            for name, field in model.model_fields.items()
            for key in (field.alias or name,)
            if isinstance(typed, dict) and key in typed and (*path, key) not in self._broken
        }


def read(document: Document, section: Section) -> Written[Any]:
    """What a document says by a model. Raises InvalidInput where nothing of it can be read."""
    flaws, broken = list(document.flaws), set(document.broken)
    kept: dict[Path, list[int]] = {}
    says, found = _attempt(document, section, broken, kept)
    flaws += [flaw for flaw in found if not _reaches(flaw.path, document.broken)]
    if len(flaws) >= MOST_LISTED:
        raise InvalidInput(problems(document, flaws))
    while found:
        # What the next attempt misses is missing because it was left out, and that was said.
        broken |= {_present(_original(flaw.path, kept), document, broken) for flaw in found}
        if () in broken:
            raise InvalidInput(problems(document, flaws))
        kept = {}
        says, found = _attempt(document, section, broken, kept)
    return Written(document, says, flaws=flaws, broken=broken, kept=kept)


def _attempt(
    document: Document, section: Section, broken: set[Path], kept: dict[Path, list[int]]
) -> tuple[Any, list[Flaw]]:
    data = _without(broken, document.data, kept) if broken else document.data
    try:
        return section.read(data), []
    except ValueError as error:
        return None, list(flaws_in(error))


def _reader(field: FieldInfo) -> Reader:
    return next(each for each in field.metadata if isinstance(each, Reader))


def _reaches(path: Path, broken: set[Path]) -> bool:
    return bool(broken) and any(path[:n] in broken for n in range(len(path) + 1))


def _original(path: Path, kept: Mapping[Path, list[int]]) -> Path:
    """A path into what was left, as a path into the file."""
    steps: Path = ()
    for step in path:
        steps += (kept[steps][step] if isinstance(step, int) and steps in kept else step,)
    return steps


def _present(path: Path, document: Document, broken: set[Path]) -> Path:
    """What to leave out for a flaw: the value itself, or what misses it."""
    while path and (path in broken or not document.holds(path)):
        path = path[:-1]
    return path


def _without(broken: set[Path], data: Any, kept: dict[Path, list[int]]) -> Any:
    marked: dict[Any, Any] = {}
    for path in broken:
        node = marked
        for step in path:
            node = node.setdefault(step, {})
        node[_LEFT_OUT] = True
    return _pruned(data, marked, (), kept)


def _pruned(data: Any, marked: dict[Any, Any], path: Path, kept: dict[Path, list[int]]) -> Any:
    def stays(step: str | int) -> bool:
        return _LEFT_OUT not in marked.get(step, ())

    def inner(step: str | int, value: Any) -> Any:
        return _pruned(value, marked[step], (*path, step), kept) if step in marked else value

    if isinstance(data, dict):
        return {key: inner(key, value) for key, value in data.items() if stays(key)}
    if isinstance(data, list):
        kept[path] = [n for n in range(len(data)) if stays(n)]
        return [inner(n, data[n]) for n in kept[path]]
    return data
