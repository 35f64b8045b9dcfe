"""Points and lengths of time as people write them: RFC 3339 with a zone, and a number with m, h, d, w or y."""

import re
from datetime import UTC, datetime, timedelta, timezone

from rebal.amounts import Fraction, NumberProblem, number
from rebal.portfolio import Duration

_DAY = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_DATE = re.compile(_DAY, re.ASCII)
_INSTANT = re.compile(
    _DAY + r"[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MOST_YEARS = 200
_MICROSECONDS = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_LONGEST = timedelta(days=366 * _MOST_YEARS)


class TimeProblem(ValueError):
    """A text that is no time of ours; ``instead`` says what to write."""

    def __init__(self, problem: str, instead: str) -> None:
        super().__init__(f"{problem}; {instead}")
        self.problem = problem
        self.instead = instead


def instant(text: str) -> datetime:
    """Read an RFC 3339 timestamp with its zone, as UTC; digits below the microsecond are dropped.

    Raises TimeProblem: no zone, no such day, a bare date, a year before 1970 or after 2199.

    >>> instant("2026-11-20T09:00:00+01:00").isoformat()
    '2026-11-20T08:00:00+00:00'
    """
    shape = _INSTANT.fullmatch(text)
    if shape is None:
        if _DATE.fullmatch(text):
            day_or_instant(text)
            raise TimeProblem("is a date without a time", f"write {text}T00:00:00Z")
        raise TimeProblem("is not a timestamp", "write one like 2026-11-20T08:00:00Z")
    *numbers, decimals, zone = shape.groups()
    if zone is None:
        raise TimeProblem("has no time zone", f"write {text[:10]}T{text[11:]}Z if it is UTC")
    microsecond = int((decimals or "0").ljust(9, "0")[:6])
    return _moment(tuple(map(int, numbers)), microsecond, zone)


def day_or_instant(text: str) -> datetime:
    """Read a timestamp, or a bare date as the start of that day in UTC. Raises TimeProblem.

    >>> day_or_instant("2024-03-01").isoformat()
    '2024-03-01T00:00:00+00:00'
    """
    shape = _DATE.fullmatch(text)
    if shape is None:
        return instant(text)
    return _moment((*map(int, shape.groups()), 0, 0, 0), 0, "Z")


def duration(text: str) -> Duration:
    """Read a number with its unit: m minutes, h hours, d days, w weeks, y whole calendar years. Raises TimeProblem.

    >>> duration("90d").rest.days, duration("1y").years
    (90, 1)
    """
    instead = "write a number and m, h, d, w or y, like 8h or 90d"
    try:
        count = number(text[:-1])
    except NumberProblem:
        raise TimeProblem("is not a length of time", instead) from None
    unit = text[-1:]
    if unit not in (*_MICROSECONDS, "y"):
        raise TimeProblem("is not a length of time", instead)
    if count < 0:
        raise TimeProblem("is a negative length of time", instead)
    if unit == "y":
        return Duration(years=_years(count))
    return Duration(rest=_rest(count * _MICROSECONDS[unit]))


def _years(count: Fraction) -> int:
    if count.denominator != 1:
        raise TimeProblem("is not a whole number of years", "write months as days, like 182d")
    if count > _MOST_YEARS:
        raise TimeProblem("is too long", f"write at most {_MOST_YEARS}y")
    return int(count)


def _rest(microseconds: Fraction) -> timedelta:
    if microseconds > _LONGEST // timedelta(microseconds=1):
        raise TimeProblem("is too long", f"write at most {_MOST_YEARS}y")
    return timedelta(microseconds=int(microseconds))


def _moment(numbers: tuple[int, ...], microsecond: int, zone: str) -> datetime:
    year, month, day, hour, minute, second = numbers
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise TimeProblem(f"is outside the years {_FIRST_YEAR} to {_LAST_YEAR}", "check the year")
    try:
        datetime(year, month, day)
    except ValueError:
        raise TimeProblem("is no day of the calendar", "check the month and the day") from None
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond, _offset(zone))
    except ValueError:
        raise TimeProblem("is no time of the day", "write hours to 23, minutes and seconds to 59") from None
    return moment.astimezone(UTC)


def _offset(zone: str) -> timezone:
    if zone in "Zz":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if minutes > 59:
        raise ValueError(zone)
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if zone[0] == "-" else away)
