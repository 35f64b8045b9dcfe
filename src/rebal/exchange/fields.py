"""Fields of an exchange's answer: numbers as exact as they were sent, instants; what is not there is None."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rebal.amounts import Fraction, NumberProblem, number
from rebal.times import BEGINNING

Row = Mapping[str, Any]
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_INSTANT_DIGITS = 20  # nanoseconds since 1970 have 19


class Garbled(Exception):
    """An answer that is not of the shape that the exchange documents."""


def rows(answer: Any, *path: str) -> Sequence[Row]:
    """The objects of a list in an answer, by the keys that lead to it. Raises Garbled."""
    for step in path:
        answer = answer.get(step) if isinstance(answer, dict) else None
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise Garbled
    return answer


def row(answer: Any, *path: str) -> Row:
    """An object in an answer, by the keys that lead to it. Raises Garbled."""
    for step in path:
        answer = answer.get(step) if isinstance(answer, dict) else None
    if not isinstance(answer, dict):
        raise Garbled
    return answer


def text(of: Row, key: str) -> str:
    """A text. Raises Garbled where it is missing or something else."""
    found = of.get(key)
    if not isinstance(found, str) or not found:
        raise Garbled
    return found


def figure(of: Row, key: str, *, digits: int = 18) -> Fraction | None:
    """A number, None where it is missing or empty. Raises Garbled where it is no number."""
    found = of.get(key)
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Garbled
    try:
        return number(str(found), digits=digits)
    except NumberProblem:
        raise Garbled from None


def milliseconds(of: Row, key: str) -> datetime | None:
    """An instant given in milliseconds since 1970, None where it is missing or 0. Raises Garbled."""
    return _since_1970(of, key, a_second=1000)


def seconds(of: Row, key: str) -> datetime | None:
    """An instant given in seconds since 1970, None where it is missing or 0. Raises Garbled."""
    return _since_1970(of, key, a_second=1)


def nanoseconds(of: Row, key: str) -> datetime | None:
    """An instant given in nanoseconds since 1970, None where it is missing or 0. Raises Garbled."""
    return _since_1970(of, key, a_second=10**9)


def _since_1970(of: Row, key: str, *, a_second: int) -> datetime | None:
    count = figure(of, key, digits=_INSTANT_DIGITS)
    if not count:
        return None
    try:
        instant = BEGINNING + timedelta(microseconds=int(count * 1_000_000 / a_second))
    except OverflowError:
        raise Garbled from None
    if not BEGINNING < instant < _LATEST:
        raise Garbled
    return instant


def iso(of: Row, key: str) -> datetime | None:
    """An instant given as ISO 8601 with its zone, None where it is missing. Raises Garbled."""
    found = of.get(key)
    if found is None or found == "":
        return None
    try:
        instant = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        raise Garbled from None
    if instant.tzinfo is None:
        raise Garbled
    return instant.astimezone(UTC)
