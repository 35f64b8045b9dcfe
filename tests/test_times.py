"""Points and lengths of time as people type them."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal import times
from rebal.times import Duration, TimeProblem


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20t08:00:00z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20 08:00:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00+00:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T09:30:00+01:30", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-19T23:00:00-09:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00.123456789Z", datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-20T08:00:00.5Z", datetime(2026, 11, 20, 8, 0, 0, 500000, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_timestamps_become_utc(text: str, moment: datetime) -> None:
    assert times.instant(text) == moment
    assert times.instant(text).tzinfo is UTC
    assert times.day_or_instant(text) == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-20T08:00:00", "has no time zone; write 2026-11-20T08:00:00Z if it is UTC"),
        ("2026-11-20", "is a date without a time; write 2026-11-20T00:00:00Z"),
        ("2024-02-30", "is no day of the calendar; check the month and the day"),
        ("2023-02-29T00:00:00Z", "is no day of the calendar; check the month and the day"),
        ("2026-13-01T00:00:00Z", "is no day of the calendar; check the month and the day"),
        ("2026-11-20T24:00:00Z", "is no time of the day; write hours to 23, minutes and seconds to 59"),
        ("2026-11-20T08:00:60Z", "is no time of the day; write hours to 23, minutes and seconds to 59"),
        ("2026-11-20T08:00:00+24:00", "is no time of the day; write hours to 23, minutes and seconds to 59"),
        ("2026-11-20T08:00:00+01:99", "is no time of the day; write hours to 23, minutes and seconds to 59"),
        ("1969-12-31T23:59:59Z", "is outside the years 1970 to 2199; check the year"),
        ("9999-12-31T23:59:59Z", "is outside the years 1970 to 2199; check the year"),
        ("yesterday", "is not a timestamp; write one like 2026-11-20T08:00:00Z"),
        ("2026-11-20T08:00Z", "is not a timestamp; write one like 2026-11-20T08:00:00Z"),
        ("２026-11-20T08:00:00Z", "is not a timestamp; write one like 2026-11-20T08:00:00Z"),
        ("1763625600", "is not a timestamp; write one like 2026-11-20T08:00:00Z"),
        ("", "is not a timestamp; write one like 2026-11-20T08:00:00Z"),
    ],
)
def test_what_is_no_timestamp_is_told_what_to_write(text: str, said: str) -> None:
    with pytest.raises(TimeProblem) as refused:
        times.instant(text)
    assert str(refused.value) == said


def test_a_bare_date_is_that_day_in_utc_where_it_may_stand() -> None:
    assert times.day_or_instant("2024-03-01") == datetime(2024, 3, 1, tzinfo=UTC)
    with pytest.raises(TimeProblem, match="is no day of the calendar"):
        times.day_or_instant("2024-02-30")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", Duration(rest=timedelta(minutes=30))),
        ("8h", Duration(rest=timedelta(hours=8))),
        ("1.5d", Duration(rest=timedelta(hours=36))),
        ("90d", Duration(rest=timedelta(days=90))),
        ("2w", Duration(rest=timedelta(days=14))),
        ("1y", Duration(years=1)),
        ("0d", Duration()),
    ],
)
def test_lengths_of_time(text: str, length: Duration) -> None:
    assert times.duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "d", "8", "8 h", "h8", "-1d", "1e2", "1_0d", "1mo", "0.5y", "201y", "9" * 18 + "w"]
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(TimeProblem):
        times.duration(text)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)), st.integers(-1439, 1439))
def test_any_zone_names_the_same_moment(moment: datetime, minutes: int) -> None:
    there = moment + timedelta(minutes=minutes)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{there:%Y-%m-%dT%H:%M:%S}.{there.microsecond:06}{sign}{hours:02}:{rest:02}"
    if there.year in range(1970, 2200):
        assert times.instant(text) == moment.replace(tzinfo=UTC)


@given(st.text())
def test_any_text_is_a_time_or_told_why_not(text: str) -> None:
    for reader in (times.instant, times.day_or_instant, times.duration):
        with contextlib.suppress(TimeProblem):
            assert reader(text)
