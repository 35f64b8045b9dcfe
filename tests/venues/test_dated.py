"""Dated contracts by rule: every expiry that a source prints, and what is listed when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal import venues
from rebal.venues._dated import (
    at_1600_london,
    ddmmmyy,
    last_weekday,
    letter_yy,
    read_ddmmmyy,
    read_letter_yy,
    read_yymmdd,
    yymmdd,
)

from .expected import NOW, PRINTED

FRIDAY = 4
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("venue", "contract", "expiry"),
    [
        ("binance", "BTCUSD_231229", datetime.fromtimestamp(1703836800, UTC)),
        ("binance", "ETHUSD_240329", datetime.fromtimestamp(1711699200, UTC)),
        ("binance", "BNBUSD_240329", datetime.fromtimestamp(1711699200, UTC)),
        ("binance", "BTCUSD_261225", datetime.fromtimestamp(1798185600, UTC)),
        ("bybit", "BTCUSDZ26", datetime.fromtimestamp(1798185600, UTC)),
        ("bybit", "BTCUSDH27", datetime.fromtimestamp(1806048000, UTC)),
        ("bybit", "ETHUSDU26", instant("2026-09-25T08:00")),
        ("bybit", "ETHUSDZ26", instant("2026-12-25T08:00")),
        ("okx", "BTC-USD-261030", datetime.fromtimestamp(1793347200, UTC)),
        ("okx", "BTC-USD-261225", instant("2026-12-25T08:00")),
        ("okx", "BTC-USD-270326", instant("2027-03-26T08:00")),
        ("okx", "BTC-USD-270625", instant("2027-06-25T08:00")),
        ("deribit", "BTC-26SEP25", instant("2025-09-26T08:00")),
        ("deribit", "BTC-4DEC26", instant("2026-12-04T08:00")),
        ("bitmex", "XBTM26", instant("2026-06-26T12:00")),
        ("bitmex", "XBTU26", instant("2026-09-25T12:00")),
        ("kraken", "FI_XBTUSD_210924", instant("2021-09-24T15:00")),
        ("kraken", "FI_XBTUSD_220930", instant("2022-09-30T15:00")),
        ("kraken", "FI_XBTUSD_261225", instant("2026-12-25T16:00")),
        ("kucoin", "XBTMU26", datetime.fromtimestamp(1790323200, UTC)),
        ("htx", "BTC261127", instant("2026-11-27T08:00")),
        ("htx", "BTC261225", instant("2026-12-25T08:00")),
        ("htx", "BTC270326", instant("2027-03-26T08:00")),
    ],
)
def test_a_name_gives_its_expiry(venue: str, contract: str, expiry: datetime) -> None:
    made = venues.venue(venue).contract(contract, NOW)
    assert made is not None
    assert made.name == contract
    assert made.expiry == expiry
    assert made.funding_interval_hours is None


@pytest.mark.parametrize(
    ("venue", "contract"),
    [
        ("binance", "BTCUSD_261224"),
        ("binance", "BTCUSD_261127"),
        ("binance", "BTCUSD_261332"),
        ("binance", "BTCUSD_2612"),
        ("binance", "BTCUSD_２６１２２５"),
        ("binance", "BTCUSD_YYMMDD"),
        ("binance", "SOLUSD_261225"),
        ("bybit", "BTCUSDX26"),
        ("bybit", "BTCUSDZ6"),
        ("bybit", "BTCUSD<H|M|U|Z>YY"),
        ("okx", "BTC-USD-261029"),
        ("okx", "BTC-USD_UM-261225"),
        ("deribit", "BTC-04DEC26"),
        ("deribit", "BTC-25dec26"),
        ("deribit", "BTC-24DEC26"),
        ("deribit", "BTC-DEC26"),
        ("bitmex", "XBTA26"),
        ("kraken", "FI_XBTUSD_261224"),
        ("kucoin", "XBTMX26"),
        ("htx", "BTC_CM"),
        ("htx", "BTC_"),
    ],
)
def test_a_name_off_the_rule_is_no_contract(venue: str, contract: str) -> None:
    assert venues.venue(venue).contract(contract, NOW) is None


def listed(venue: str, asset: str, now: datetime) -> list[str]:
    return [contract.name for contract in venues.venue(venue).serving(asset, now) if contract.expiry is not None]


@pytest.mark.parametrize(
    ("venue", "now", "names"),
    [
        ("binance", "2026-11-20T09:00", ["BTCUSD_261225", "BTCUSD_270326"]),
        ("binance", "2026-12-25T07:59:59", ["BTCUSD_261225", "BTCUSD_270326"]),
        ("binance", "2026-12-25T08:00", ["BTCUSD_270326", "BTCUSD_270625"]),
        ("bybit", "2026-09-26T00:00", ["BTCUSDZ26", "BTCUSDH27"]),
        ("bitmex", "2026-06-04T00:00", ["XBTM26", "XBTU26"]),
        ("kucoin", "2026-09-18T00:00", ["XBTMU26"]),
        ("kraken", "2026-09-25T15:00", ["FI_XBTUSD_261225"]),
        (
            "okx",
            "2026-09-25T09:00",
            [f"BTC-USD-{day}" for day in (261002, 261009, 261030, 261127, 261225, 270326, 270625)],
        ),
        ("deribit", "2026-11-20T09:00", ["BTC-25DEC26", "BTC-26MAR27", "BTC-25JUN27", "BTC-24SEP27"]),
        ("htx", "2026-11-20T09:00", ["BTC261127", "BTC261204", "BTC261225"]),
    ],
)
def test_what_is_listed_when(venue: str, now: str, names: list[str]) -> None:
    assert listed(venue, "BTC", instant(now)) == names


def test_eth_is_listed_on_bybit_as_its_list_of_june_2026_has_it() -> None:
    assert listed("bybit", "ETH", instant("2026-06-26T08:00")) == ["ETHUSDU26", "ETHUSDZ26"]


def test_an_expired_or_far_contract_is_named_but_not_listed() -> None:
    binance = venues.venue("binance")
    for name in ("BTCUSD_260925", "BTCUSD_270625"):
        contract = binance.contract(name, NOW)
        assert contract is not None
        assert not contract.listed
    assert venues.venue("htx").contract("BTC270326", NOW) not in venues.venue("htx").serving("BTC", NOW)


@pytest.mark.parametrize(
    ("now", "expiries"),
    [
        ("2026-12-11T07:00", ["2026-12-11", "2026-12-18", "2026-12-25"]),
        ("2026-12-11T08:00", ["2026-12-18", "2026-12-25", "2027-03-26"]),
        ("2026-09-23T00:00", ["2026-09-25", "2026-10-02", "2026-12-25"]),
    ],
)
def test_htx_lists_two_weeks_and_the_quarter_beyond_them(now: str, expiries: list[str]) -> None:
    assert listed("htx", "BTC", instant(now)) == [f"BTC{day[2:].replace('-', '')}" for day in expiries]


@pytest.mark.parametrize(
    ("day", "hour"),
    [("2026-03-27", 16), ("2026-03-29", 15), ("2026-06-26", 15), ("2026-10-24", 15), ("2026-10-25", 16)],
)
def test_london_keeps_summer_time_between_the_last_sundays_of_march_and_october(day: str, hour: int) -> None:
    assert at_1600_london(date.fromisoformat(day)).hour == hour


@given(DAYS)
def test_names_are_read_as_they_are_spelled(day: date) -> None:
    assert read_yymmdd(yymmdd(day)) == day
    assert read_ddmmmyy(ddmmmyy(day)) == day
    assert read_letter_yy(letter_yy(day)) == last_weekday(day.year, day.month, FRIDAY)


@given(st.text(max_size=8))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read, spell in ((read_yymmdd, yymmdd), (read_letter_yy, letter_yy)):
        day = read(text)
        assert day is None or spell(day) == text
    day = read_ddmmmyy(text)
    assert day is None or ddmmmyy(day) == text.removeprefix("0")


@given(DAYS, st.integers(0, 6))
def test_the_last_weekday_of_a_month(day: date, weekday: int) -> None:
    last = last_weekday(day.year, day.month, weekday)
    assert last.weekday() == weekday
    assert (last.year, last.month) == (day.year, day.month)
    assert (last + timedelta(days=7)).month != day.month


@given(st.datetimes(datetime(2024, 1, 1), datetime(2098, 1, 1), timezones=st.just(UTC)))
def test_what_is_listed_is_unexpired_and_can_be_named(now: datetime) -> None:
    for venue in sorted({row.venue for row in PRINTED if row.kind == "dated"}):
        catalogue = venues.venue(venue)
        dated = [contract for contract in catalogue.serving("BTC", now) if contract.expiry is not None]
        assert dated
        for contract in dated:
            assert contract.expiry is not None
            assert contract.expiry > now
            assert contract.listed
            assert catalogue.contract(contract.name, now) == contract
        assert dated == sorted(dated, key=lambda contract: contract.expiry or now)


@pytest.mark.parametrize("year", [1, 2099, 2100, 9999])
def test_no_clock_is_too_early_or_too_late(year: int) -> None:
    for venue in venues.names():
        assert venues.venue(venue).entries(datetime(year, 12, 31, 23, tzinfo=UTC)) is not None
