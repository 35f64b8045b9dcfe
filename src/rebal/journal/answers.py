"""A saved answer back into the report that it was: one reader for every report, led by the fields of its class.

What ``--format json`` wrote reads back whole: printed again it is the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin

from rebal.amounts import Fraction, NumberProblem, number, plain
from rebal.errors import InvalidInput
from rebal.findings import FindingData
from rebal.journal.spelling import TextProblem, instant
from rebal.journal.strict_json import Numeral, parse, refusal, shown
from rebal.times import TimeProblem, duration, rfc3339

REPORTS = {
    "rebal/plan/1": "rebal.plan.Plan",
    "rebal/status/1": "rebal.status.Status",
    "rebal/compare/1": "rebal.reports.comparison.Compare",
    "rebal/stress/1": "rebal.reports.stress.Stress",
    "rebal/beta/1": "rebal.beta.Beta",
    "rebal/history/1": "rebal.ledger.History",
    "rebal/record/1": "rebal.reports.record.Recorded",
    "rebal/guide/1": "rebal.reports.guide.Guide",
    "rebal/replay/1": "rebal.reports.replay.Replay",
    "rebal/reconcile/1": "rebal.reports.reconciliation.Reconciliation",
    "rebal/diff/1": "rebal.reports.diff.Diff",
    "rebal/problem/1": "rebal.reports.books.Unread",
    "rebal/explain/1": "rebal.reports.explanation.Explanation",
    "rebal/venues/1": "rebal.catalogue.Catalogue",
    "rebal/refresh/1": "rebal.catalogue.Refresh",
    "rebal/venue/1": "rebal.catalogue.VenueSheet",
}
"""The class of each report, by its schema."""

_WITH_FILE = frozenset({"rebal/problem/1", "rebal/refresh/1"})
_MOST_DIGITS = 2_000
_MOST_COUNT_DIGITS = 18
_AGAIN = "save the answer again with --format json"
_Reader = Callable[[Any], Any]


class _Wrong(ValueError):
    """What is wrong with a value, and the path to it from where it was found."""

    def __init__(self, problem: str, value: object = MISSING, instead: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.found = None if value is MISSING else shown(value)
        self.instead = instead
        self.path = ""

    def within(self, step: str) -> "_Wrong":
        """The same, seen from one step further out."""
        self.path = step + (self.path if self.path[:1] in ("", "[") else f".{self.path}")
        return self


def read(text: str, source: str) -> Any:
    """The report that a text holds. Raises InvalidInput with the path of what is wrong."""
    written = parse(text, source, instead="save an answer with --format json --out FILE")
    schema = written.get("schema") if isinstance(written, dict) else None
    if not isinstance(schema, str) or schema not in REPORTS:
        found = None if schema is None else shown(schema)
        raise refusal(source, "schema", "is none of a saved answer", found=found, instead=_AGAIN)
    module, _, name = REPORTS[schema].rpartition(".")
    if schema not in _WITH_FILE:
        written.pop("file", None)  # where it was, among many; no part of the answer
    try:
        return _reader(getattr(import_module(module), name))(written)
    except _Wrong as wrong:
        raise _told(wrong, source) from None


def _told(wrong: _Wrong, source: str) -> InvalidInput:
    return refusal(source, wrong.path, wrong.problem, found=wrong.found, instead=wrong.instead)


@cache
def _reader(of: Any) -> _Reader:
    """How a value of a type is read."""
    if get_origin(of) is UnionType:
        return _optional(of)
    if get_origin(of) in (tuple, Sequence):
        return _list(_reader(get_args(of)[0]))
    if get_origin(of) is not None and issubclass(get_origin(of), Mapping):
        return _mapping(_reader(get_args(of)[1]))
    if of in _SCALARS:
        return _SCALARS[of]
    if is_dataclass(of):
        return _object(cast(type, of))
    if issubclass(of, Enum):
        return _member(of)
    raise TypeError(f"no reader for {of}")


def _optional(of: Any) -> _Reader:
    *others, last = (_reader(each) for each in get_args(of) if each is not NoneType)

    def read_one(written: Any) -> Any:
        for each in others:
            with suppress(_Wrong):
                return each(written)
        return last(written)

    if NoneType not in get_args(of):
        return read_one
    return lambda written: None if written is None else read_one(written)


def _list(item: _Reader) -> _Reader:
    def read_list(written: Any) -> tuple[Any, ...]:
        if not isinstance(written, list):
            raise _Wrong("is not a list", written)
        return tuple(_at(f"[{n}]", item, each) for n, each in enumerate(written))

    return read_list


def _mapping(item: _Reader) -> _Reader:
    def read_mapping(written: Any) -> dict[str, Any]:
        return {key: _at(key, item, each) for key, each in _keys(written).items()}

    return read_mapping


def _object(of: type) -> _Reader:
    known = {each.name: each for each in fields(cast(Any, of))}

    def read_object(written: Any) -> Any:
        given = _keys(written)
        for key in given:
            if key not in known:
                raise _Wrong("is not a key here", instead=_AGAIN).within(key)
        present = [each for each in known.values() if _has(each, given)]
        return of(**{each.name: _at(each.name, _reader(cast(Any, each.type)), given[each.name]) for each in present})

    return read_object


def _has(each: "Field[Any]", given: Mapping[str, Any]) -> bool:
    if each.name in given:
        return True
    if each.default is MISSING and each.default_factory is MISSING:
        raise _Wrong("is missing", instead=_AGAIN).within(each.name)
    return False


def _at(step: str, item: _Reader, written: Any) -> Any:
    try:
        return item(written)
    except _Wrong as wrong:
        raise wrong.within(step) from None


def _keys(written: Any) -> dict[str, Any]:
    if not isinstance(written, dict):
        raise _Wrong("is not an object", written)
    return written


def _member(of: type[Enum]) -> _Reader:
    members = {str(member.value): member for member in of}

    def read_member(written: Any) -> Enum:
        if _text(written) not in members:
            raise _Wrong(f"is not one of {', '.join(members)}", written)
        return members[written]

    return read_member


def _text(written: Any) -> str:
    if not isinstance(written, str) or isinstance(written, Numeral):
        raise _Wrong("is not a text", written)
    return written


def _decimal(written: Any) -> Fraction:
    try:
        return number(_text(written), digits=_MOST_DIGITS)
    except NumberProblem:
        raise _Wrong("is not a decimal number", written, "write digits with at most one point, in quotes") from None


def _count(written: Any) -> int:
    digits = written.removeprefix("-") if isinstance(written, Numeral) else ""
    if not digits.isdigit() or len(digits) > _MOST_COUNT_DIGITS:
        raise _Wrong("is not a count", written)
    return int(written)


def _flag(written: Any) -> bool:
    if not isinstance(written, bool):
        raise _Wrong("is not true or false", written)
    return written


def _instant(written: Any) -> datetime:
    try:
        return instant(_text(written))
    except TextProblem as problem:
        raise _Wrong(str(problem), written) from None


def _length(written: Any) -> timedelta:
    try:
        return duration(_text(written)).rest
    except TimeProblem as problem:
        raise _Wrong(problem.problem, written, problem.instead) from None


def _figures(written: Any) -> FindingData:
    if "self" in _keys(written):
        raise _Wrong("is not a key here", instead=_AGAIN).within("self")
    return FindingData(**{key: _at(key, _figure, each) for key, each in _keys(written).items()})


def _figure(written: Any) -> Any:
    if isinstance(written, Numeral):
        return _count(written)
    if isinstance(written, list):
        return tuple(_at(f"[{n}]", _text, each) for n, each in enumerate(written))
    if written is None:
        return None
    # No field says what it is: what is printed again as it stands here is the number or the instant that it looks like.
    for meant, printed in _LOOKS_LIKE:
        with suppress(_Wrong):
            figure = meant(written)
            if printed(figure) == written:
                return figure
    return _text(written)


_LOOKS_LIKE: tuple[tuple[_Reader, Callable[[Any], str]], ...] = ((_decimal, plain), (_instant, rfc3339))
_SCALARS: Mapping[Any, _Reader] = {
    str: _text, int: _count, bool: _flag, Fraction: _decimal, datetime: _instant, timedelta: _length,
    FindingData: _figures,
}  # fmt: skip
