"""When dated contracts expire, what they are called and which are listed: from the calendar alone, by rule.

Every venue of the catalogue delivers on Fridays; a quarter ends with the last Friday of March, June, September or
December. Names carry two digits of the year, so nothing is listed after 2099.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

_FRIDAY, _SUNDAY = 4, 6
_WEEK = timedelta(days=7)
_MONTH_LETTERS = "FGHJKMNQUVXZ"
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LAST_YEAR = 2099


class Named(NamedTuple):
    """A family whose names carry the expiry day.

    ``pattern``: how the catalogue writes the day in the family's name. ``spell`` and ``read``: the day as a name and
    back. ``falls``: whether the family may expire on a day. ``at``: the instant of that day. ``weeks``, ``months``,
    ``quarters``: how many of the coming Fridays, month ends and quarter ends are listed. ``beyond``: whether quarters
    are counted beyond those weeks.
    """

    pattern: str
    spell: Callable[[date], str]
    read: Callable[[str], date | None]
    falls: Callable[[date], bool]
    at: Callable[[date], datetime]
    quarters: int
    months: int = 0
    weeks: int = 0
    beyond: bool = False

    def expiry(self, code: str) -> datetime | None:
        """The expiry that a name's code stands for, None where the rule knows no such contract."""
        day = self.read(code)
        if day is None or not self.falls(day) or self.spell(day) != code:
            return None
        return self.at(day)

    def listed(self, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """Codes and expiries of the contracts that trade at an instant, the nearest first."""
        weeks = tuple(islice(_fridays(now, self.at), self.weeks))
        quarters = (day for day in _fridays(now, self.at) if is_quarter_end(day) and not (self.beyond and day in weeks))
        coming = (
            *weeks,
            *islice(filter(is_month_end, _fridays(now, self.at)), self.months),
            *islice(quarters, self.quarters),
        )
        return tuple((self.spell(day), self.at(day)) for day in sorted(set(coming)))


def last_weekday(year: int, month: int, weekday: int) -> date:
    """The last day of a month that is a given day of the week, Monday being 0."""
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def is_friday(day: date) -> bool:
    """Whether a weekly contract may expire on a day."""
    return day.weekday() == _FRIDAY


def is_month_end(day: date) -> bool:
    """Whether a day is the last Friday of its month."""
    return is_friday(day) and (day + _WEEK).month != day.month


def is_quarter_end(day: date) -> bool:
    """Whether a day is the last Friday of March, June, September or December."""
    return day.month % 3 == 0 and is_month_end(day)


def at_0800(day: date) -> datetime:
    """08:00 UTC."""
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


def at_1200(day: date) -> datetime:
    """12:00 UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def at_1600_london(day: date) -> datetime:
    """16:00 London time: 15:00 UTC between the last Sundays of March and October, 16:00 UTC otherwise."""
    summer = last_weekday(day.year, 3, _SUNDAY) <= day < last_weekday(day.year, 10, _SUNDAY)
    return datetime(day.year, day.month, day.day, 15 if summer else 16, tzinfo=UTC)


def yymmdd(day: date) -> str:
    """Spell 25 December 2026 as 261225."""
    return f"{day:%y%m%d}"


def read_yymmdd(code: str) -> date | None:
    """Read what ``yymmdd`` spells."""
    if len(code) != 6 or not _are_digits(code):
        return None
    return _day(int(code[:2]), int(code[2:4]), int(code[4:]))


def ddmmmyy(day: date) -> str:
    """Spell 4 December 2026 as 4DEC26."""
    return f"{day.day}{_MONTH_NAMES[day.month - 1]}{day:%y}"


def read_ddmmmyy(code: str) -> date | None:
    """Read what ``ddmmmyy`` spells."""
    day, month, year = code[:-5], code[-5:-2], code[-2:]
    if month not in _MONTH_NAMES or not _are_digits(day + year) or len(day) not in (1, 2):
        return None
    return _day(int(year), _MONTH_NAMES.index(month) + 1, int(day))


def letter_yy(day: date) -> str:
    """Spell a day of December 2026 as Z26."""
    return f"{_MONTH_LETTERS[day.month - 1]}{day:%y}"


def read_letter_yy(code: str) -> date | None:
    """Read what ``letter_yy`` spells, as the last Friday of that month."""
    if len(code) != 3 or code[0] not in _MONTH_LETTERS or not _are_digits(code[1:]):
        return None
    return last_weekday(2000 + int(code[1:]), _MONTH_LETTERS.index(code[0]) + 1, _FRIDAY)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(2000 + year, month, day)
    except ValueError:
        return None


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _fridays(now: datetime, at: Callable[[date], datetime]) -> Iterator[date]:
    """The Fridays whose contracts expire after an instant."""
    today = now.astimezone(UTC).date()
    day = today + timedelta(days=(_FRIDAY - today.weekday()) % 7) if today.year <= _LAST_YEAR else today
    while day.year <= _LAST_YEAR:
        if at(day) > now:
            yield day
        day += _WEEK
