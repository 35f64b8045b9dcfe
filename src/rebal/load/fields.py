"""How a field of the file is read, and what an editor is told of it: one small reader for each kind of field.

The readers run inside pydantic's models, but each list, mapping and section reports everything wrong in it at once and
only what the file holds is built: a model that no section of the file needs costs nothing at start-up.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from rebal.amounts import Fraction, NumberProblem, number, percentage
from rebal.load.flaws import MOST_LISTED, ONE_OF, Flaw, Flawed, Unreadable, flaws_in
from rebal.load.syntax import lacks_space, with_space

Json = dict[str, Any]

_LONGEST_NUMBER = 60
_REMEMBERED = 256
_DIGITS = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?"
_NUMBER_PATTERN = f"{_DIGITS}$"
_PERCENTAGE_PATTERN = f"{_DIGITS}%?$"


class Reader:
    """Reads one kind of value; raises ValueError in the form that ``flaws_in`` takes apart."""

    def read(self, written: Any) -> Any:
        """The value that was meant."""
        raise NotImplementedError

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """What an editor accepts here."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return self.json_schema(handler)


class Text(Reader):
    """A scalar that a function turns into what it means."""

    def __init__(self, meaning: Callable[[str], Any], **schema: Any) -> None:
        self.meaning = meaning
        self.schema = schema

    def read(self, written: Any) -> Any:
        """The meaning of the text; what is no scalar is refused."""
        if not isinstance(written, str):
            raise Unreadable("should be a single value")
        return self.meaning(written)

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """What was given for it."""
        return dict(self.schema)


class Number(Text):
    """A number with its bounds; with ``percent`` a fraction that may be written as a percentage."""

    def __init__(
        self,
        *,
        percent: bool = False,
        least: int | None = None,
        above: int | None = None,
        most: int | None = None,
        below: int | None = None,
        nonzero: bool = False,
        instead: str | None = None,
    ) -> None:
        # many contracts of a file have the same sizes, steps and fees
        meaning = lru_cache(maxsize=_REMEMBERED)(self._within)
        super().__init__(meaning, **_number_schema(percent=percent, least=least, above=above, most=most, below=below))
        self.parse = percentage if percent else number
        self.percent = percent
        self.least, self.above, self.most, self.below, self.nonzero = least, above, most, below, nonzero
        self.instead = instead

    def _within(self, text: str) -> Fraction:
        if len(text) > _LONGEST_NUMBER:
            raise NumberProblem("is too long for a number", "write digits with at most one decimal point")
        value = self.parse(text)
        problem = self._beyond(value)
        if problem is not None:
            raise Unreadable(problem, self.instead)
        return value

    def _beyond(self, value: Fraction) -> str | None:
        # Compared as integers: comparing Fractions is most of the time that ten thousand prices take.
        above, least, most, below = self.above, self.least, self.most, self.below
        numerator, unit = value.numerator, value.denominator
        if numerator == 0 and (above == 0 or self.nonzero):
            return "is 0"
        if above is not None and numerator <= above * unit:
            return "is negative" if above == 0 else f"is not above {self._written(above)}"
        if least is not None and numerator < least * unit:
            return "is negative" if least == 0 else f"is below {self._written(least)}"
        if most is not None and numerator > most * unit:
            return f"is above {self._written(most)}"
        if below is not None and numerator >= below * unit:
            return f"is not below {self._written(below)}"
        return None

    def _written(self, bound: int) -> str:
        return f"{100 * bound}%" if self.percent else str(bound)


class Choice(Text):
    """One of a few words."""

    def __init__(self, kinds: type[StrEnum]) -> None:
        self.kinds = {kind.value: kind for kind in kinds}
        super().__init__(self._chosen, enum=list(self.kinds))

    def _chosen(self, text: str) -> StrEnum:
        chosen = self.kinds.get(text)
        if chosen is None:
            raise Unreadable("is not known here", ONE_OF + ", ".join(self.kinds), near=(text, self.kinds))
        return chosen


class Word(Text):
    """One of a few names, found when they are needed."""

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        super().__init__(self._known)
        self.names = names

    def _known(self, text: str) -> str:
        known = self.names()
        if text not in known:
            raise Unreadable("is not known here", ONE_OF + ", ".join(known), near=(text, known))
        return text

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """The names."""
        return {"enum": list(self.names())}


class Section(Reader):
    """A mapping with known keys. ``refused``: keys that deserve a sentence of their own; ``instead``: its shape."""

    def __init__(
        self, model: type[BaseModel], instead: str | None = None, *, refused: dict[str, tuple[str, str]] | None = None
    ) -> None:
        self.model = model
        self.keys = tuple(field.alias or name for name, field in model.model_fields.items())
        self.known = frozenset(self.keys)
        self.instead = instead
        self.refused = refused or {}

    def read(self, written: Any) -> BaseModel:
        """The model, or everything wrong with it."""
        if not isinstance(written, dict):
            raise Unreadable("should be a mapping of keys", self._shape(written))
        for key, (problem, instead) in self.refused.items():
            if key in written:
                raise Flawed([Flaw((key,), problem, instead, at_key=True)])
        flaws = [] if self.known.issuperset(written) else list(islice(self._unknown(written), MOST_LISTED))
        given = {key: value for key, value in written.items() if key in self.known} if flaws else written
        try:
            # what model_validate asks, which takes as long again to ask it
            says: BaseModel = self.model.__pydantic_validator__.validate_python(given)
        except ValidationError as error:
            flaws += _model_flaws(error)
        if flaws:
            raise Flawed(flaws)
        return says

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """The model's own."""
        self.model.model_rebuild()
        return handler(self.model.__pydantic_core_schema__)

    def _unknown(self, written: dict[str, Any]) -> Iterator[Flaw]:
        for key in written:
            if key not in self.keys:
                instead = ONE_OF + ", ".join(self.keys)
                yield Flaw((key,), "is not a key here", instead, at_key=True, near=(key, self.keys))

    def _shape(self, written: Any) -> str | None:
        if isinstance(written, str) and lacks_space(written):
            return with_space(written)
        return self.instead or f"write one of its keys below it: {', '.join(self.keys)}"


class ByHistory(Reader):
    """A mapping that gives its figures, or names the file with the history that they are taken from."""

    def __init__(self, given: Section, taken: Section) -> None:
        self.given = given
        self.taken = taken
        self.figures = set(given.keys) - set(taken.keys)

    def read(self, written: Any) -> Any:
        """Whichever it is; with both, the history is one key too many."""
        by_history = isinstance(written, dict) and "history" in written and not self.figures & written.keys()
        return (self.taken if by_history else self.given).read(written)

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """Both forms."""
        return {"anyOf": [self.given.json_schema(handler), self.taken.json_schema(handler)]}


class Either(Reader):
    """A scalar in short, or a mapping or list in full."""

    def __init__(self, short: Text, full: Reader) -> None:
        self.short = short
        self.full = full

    def read(self, written: Any) -> Any:
        """Whichever it is."""
        return self.short.read(written) if isinstance(written, str) else self.full.read(written)

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """Both forms."""
        return {"anyOf": [self.short.json_schema(handler), self.full.json_schema(handler)]}


class Mapping(Reader):
    """Entries under names of the user's own. ``name`` says what is wrong with a name; ``instead``: its shape."""

    def __init__(self, entry: Reader, name: "Name", instead: str) -> None:
        self.entry = entry
        self.name = name
        self.instead = instead

    def read(self, written: Any) -> dict[str, Any]:
        """Every entry, or everything wrong with any."""
        if not isinstance(written, dict):
            missing_space = isinstance(written, str) and lacks_space(written)
            raise Unreadable("should be a mapping", with_space(written) if missing_space else self.instead)
        entries: dict[str, Any] = {}
        flaws: list[Flaw] = []
        read, allowed = self.entry.read, self.name.pattern.fullmatch
        for key, value in written.items():
            try:
                if not allowed(key):
                    raise Flawed([self.name.flaw(key)])
                entries[key] = read(value)
            except ValueError as error:
                flaws.extend(flaws_in(error, (key,)))
                if len(flaws) >= MOST_LISTED:
                    break
        if flaws:
            raise Flawed(flaws)
        return entries

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """Names by pattern, entries alike."""
        names = {"pattern": f"^{self.name.pattern.pattern}$"}
        return {"type": "object", "propertyNames": names, "additionalProperties": self.entry.json_schema(handler)}


class Name:
    """A pattern that names follow, and what to say of one that does not."""

    def __init__(self, what: str, pattern: str, instead: str) -> None:
        self.what = what
        self.pattern = re.compile(pattern, re.ASCII)
        self.instead = instead

    def fits(self, name: str) -> bool:
        """Whether a name follows the pattern."""
        return self.pattern.fullmatch(name) is not None

    def flaw(self, key: str) -> Flaw:
        """What is wrong with a key that does not follow the pattern."""
        return Flaw((), f"is not {self.what}", self._better(key), at_key=True)

    def text(self) -> Text:
        """A reader of such names where they are values."""
        return Text(self._checked, type="string", pattern=f"^{self.pattern.pattern}$")

    def _checked(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise Unreadable(f"is not {self.what}", self._better(text))
        return text

    def _better(self, text: str) -> str:
        upper = text.strip().upper()
        return f"write {upper}" if upper != text and self.pattern.fullmatch(upper) else self.instead


class List(Reader):
    """Entries in order."""

    def __init__(self, entry: Reader, instead: str) -> None:
        self.entry = entry
        self.instead = instead

    def read(self, written: Any) -> tuple[Any, ...]:
        """Every entry, or everything wrong with any."""
        if not isinstance(written, list):
            raise Unreadable("should be a list", self.instead)
        entries: list[Any] = []
        flaws: list[Flaw] = []
        for n, value in enumerate(written):
            try:
                entries.append(self.entry.read(value))
            except ValueError as error:
                flaws.extend(flaws_in(error, (n,)))
                if len(flaws) >= MOST_LISTED:
                    break
        if flaws:
            raise Flawed(flaws)
        return tuple(entries)

    def json_schema(self, handler: GetJsonSchemaHandler) -> Json:
        """Entries alike."""
        return {"type": "array", "items": self.entry.json_schema(handler)}


def _model_flaws(error: ValidationError) -> Iterator[Flaw]:
    for line in error.errors(include_url=False, include_input=False):
        path = line["loc"]
        cause = line.get("ctx", {}).get("error")
        if isinstance(cause, ValueError):
            yield from flaws_in(cause, path)
        elif line["type"] == "missing":
            yield Flaw(path, "is missing", f"add {path[-1]}", at_key=True)
        else:
            yield Flaw(path, line["msg"])


def _number_schema(*, percent: bool, **bounds: int | None) -> Json:
    schema: Json = {"type": ["number", "string"], "pattern": _PERCENTAGE_PATTERN if percent else _NUMBER_PATTERN}
    if percent:  # a bare number means a fraction; beyond 1 it has to be written with its sign
        schema["maximum"] = 1
    names = {"least": "minimum", "above": "exclusiveMinimum", "most": "maximum", "below": "exclusiveMaximum"}
    return schema | {names[name]: bound for name, bound in bounds.items() if bound is not None}
