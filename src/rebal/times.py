"""Points and lengths of time: as people write them, as exchanges and price sites export them, and as we print them."""

import re
from datetime import UTC, datetime, timedelta, timezone

from rebal.amounts import Fraction, NumberProblem, number, plain
from rebal.frozen import frozen

_DAY = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_DATE = re.compile(_DAY, re.ASCII)
_INSTANT = re.compile(
    _DAY + r"[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
_EXPORTED = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?) ?"
    r"(?:([Zz]|UTC)|([+-][0-9]{2}):?([0-9]{2}))?)?"
)
_EPOCH = "[0-9]{10}|[0-9]{13}|[0-9]{16}"
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
BEGINNING = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
_END = datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SKEW = timedelta(minutes=1)
"""Clocks may differ by this much; what is further ahead is in the future."""
_MOST_YEARS = 200
_MICROSECONDS = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_LONGEST = timedelta(days=366 * _MOST_YEARS)
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"))


@frozen
class Duration:
    """A length of time: whole calendar years, and what is shorter."""

    years: int = 0
    rest: timedelta = timedelta()

    def after(self, start: datetime) -> datetime:
        """The instant this long after another; 29 February becomes 28 February in a common year."""
        year = start.year + self.years
        try:
            moved = start.replace(year=year)
        except ValueError:
            moved = start.replace(year=year, day=28)
        return moved + self.rest


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
        if not _INSTANT.fullmatch(text):
            said = "is neither a day nor a timestamp"
            raise TimeProblem(said, "write one like 2026-11-20 or 2026-11-20T08:00:00Z")
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


def length(time: timedelta) -> str:
    """Print a length of time as ``duration`` reads it, in the longest unit of which it is a whole number, else minutes.

    >>> length(timedelta(hours=36)), length(timedelta(days=2)), length(timedelta(seconds=15))
    ('36h', '2d', '0.25m')
    """
    whole = Fraction(time // timedelta(microseconds=1))
    unit = next((each for each in "dh" if whole % _MICROSECONDS[each] == 0), "m")
    return f"{plain(whole / _MICROSECONDS[unit])}{unit}"


def length_in_hours(hours: Fraction) -> str:
    """Print a number of hours as ``length`` does.

    >>> length_in_hours(Fraction(1, 3)), length_in_hours(Fraction(3))
    ('20m', '3h')
    """
    return length(timedelta(microseconds=round(hours * _MICROSECONDS["h"])))


def spoken(time: timedelta) -> str:
    """A length of time in a sentence, cut to whole hours from two on, below that to whole minutes.

    >>> spoken(timedelta(hours=50)), spoken(timedelta(minutes=119)), spoken(timedelta(seconds=80))
    ('50 hours', '119 minutes', '1 minute')
    """
    hours, minutes = time // timedelta(hours=1), time // timedelta(minutes=1)
    return f"{hours} hours" if hours > 1 else f"{minutes} minute{'' if minutes == 1 else 's'}"


def milliseconds(text: str) -> int | None:
    """Read a time as exports write it, in milliseconds since 1970: without a zone it is UTC. None for any other text.

    >>> milliseconds("1970-01-01 00:01"), milliseconds("1795161600"), milliseconds("1970-01-01T01:00:00+01:00")
    (60000, 1795161600000, 0)
    """
    if re.fullmatch(_EPOCH, text, re.ASCII):
        return int(text) * 1000 if len(text) == 10 else int(text) if len(text) == 13 else int(text) // 1000
    shape = re.fullmatch(_EXPORTED, text, re.ASCII)
    if shape is None:
        return None
    day, clock, _, hours, minutes = shape.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{f'{hours}:{minutes}' if hours else '+00:00'}")
    except ValueError:
        return None
    return (moment - BEGINNING) // MILLISECOND if BEGINNING <= moment < _END else None


def rfc3339(moment: datetime) -> str:
    """Print an instant for machines, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_or_time(moment: datetime) -> str:
    """Print a day, or the instant where it is not the start of one in UTC: what day_or_instant reads."""
    return rfc3339(moment).removesuffix("T00:00:00Z")


def length_of(span: int) -> str:
    """Print a length of time in milliseconds in its largest whole unit.

    >>> length_of(5_400_000)
    '90 minutes'
    """
    size, unit = next(((size, unit) for size, unit in _UNITS if span % size == 0), (1, "millisecond"))
    count = span // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


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
        moment = datetime(year, month, day, hour, minute, second, microsecond, _offset(zone))
    except ValueError:
        raise _not_there(year, month, day) from None
    return moment.astimezone(UTC)


def _not_there(year: int, month: int, day: int) -> TimeProblem:
    try:
        datetime(year, month, day)
    except ValueError:
        return TimeProblem("is no day of the calendar", "check the month and the day")
    return TimeProblem("is no time of the day", "write hours to 23, minutes and seconds to 59")


def _offset(zone: str) -> timezone:
    if zone in "Zz":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if minutes > 59:
        raise ValueError(zone)
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if zone[0] == "-" else away)
