"""A document, and where everything in it stands."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rebal.load.flaws import Flaw, Path, Place, printable

if TYPE_CHECKING:
    import yaml

Node = dict[str, Any] | list[Any] | str
"""What a document holds: mappings with text keys, lists, and scalars as text."""

RunIn = Mapping[int, int]


class Spot:
    """Where a mapping or a list starts, and where its entries stand: (key's mark, spot) by key, or spots in order."""

    __slots__ = ("entries", "mark")

    def __init__(self, mark: "yaml.Mark", entries: Any) -> None:
        self.mark = mark
        self.entries = entries


class Document:
    """A YAML document. ``flaws``: what the reader refused; ``broken``: the paths of the values it left out for that.

    ``spots``: finds where everything stands, which is asked only where something is wrong; ``run_in``: by line, the
    column of the key that was read as if a space stood after its colon.
    """

    __slots__ = ("_run_in", "broken", "data", "flaws", "source", "spots")

    def __init__(
        self, source: str, data: Node, *, spots: Callable[[], Any], flaws: list[Flaw], broken: set[Path], run_in: RunIn
    ) -> None:
        self._run_in = run_in
        self.source = source
        self.data = data
        self.flaws = flaws
        self.broken = broken
        self.spots = spots

    def place(self, path: Path, *, at_key: bool) -> Place:
        """Line and column, from 1, of a value or its key; of the nearest key above where there is no such value."""
        key_mark = None
        spot = self.spots()
        for n, step in enumerate(path):
            entry = _entry(spot, step)
            if entry is None:
                return place_of(key_mark, self._run_in) if key_mark is not None else (1, 1)
            key_mark, spot = entry
            if at_key and n == len(path) - 1:
                return place_of(key_mark, self._run_in)
        return place_of(spot.mark if isinstance(spot, Spot) else spot, self._run_in)

    def holds(self, path: Path) -> bool:
        """Whether anything stands at a path."""
        return self.at(path) is not None

    def found(self, path: Path) -> str | None:
        """What stands at a path: a scalar's own text, or what it is; None where there is nothing."""
        value = self.at(path)
        if value is None:
            return None
        if isinstance(value, str):
            return printable(value) or '""'
        return "a mapping" if isinstance(value, dict) else "a list"

    def at(self, path: Path) -> Node | None:
        """What stands at a path, None where there is nothing."""
        value: Any = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        found: Node = value
        return found


def _entry(spot: Any, step: str | int) -> Any:
    if not isinstance(spot, Spot):
        return None
    if isinstance(spot.entries, list):
        return spot.entries[step] if isinstance(step, int) and step < len(spot.entries) else None
    return spot.entries.get(step)


def place_of(mark: "yaml.Mark", run_in: RunIn) -> Place:
    """Line and column, from 1, of a mark."""
    return as_written((mark.line + 1, mark.column + 1), run_in)


def as_written(place: Place, run_in: RunIn) -> Place:
    """A place in the text with its spaces as one in the text without."""
    line, column = place
    return (line, column - 1) if line in run_in and column > run_in[line] else place
