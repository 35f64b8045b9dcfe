"""Funding a day, basis, and the days between two instants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.market.carry import (
    annualised,
    basis,
    basis_usd_per_day,
    days_between,
    funding_coins_per_day,
    funding_usd_per_day,
)
from rebal.market.contract import Kind
from rebal.market.examples import INVERSE

PRICE = Fraction(40000)
RATE = Fraction("0.0001")
DATED = replace(INVERSE, expiry=datetime(2026, 12, 25, 8, tzinfo=UTC), funding_interval_hours=None)


def test_a_short_of_15_000_dollars_receives_one_fifty_three_times_a_day() -> None:
    assert funding_usd_per_day(INVERSE, Fraction(-150), price=PRICE, rate=RATE) == Fraction("-4.5")
    assert funding_usd_per_day(INVERSE, Fraction(150), price=PRICE, rate=RATE) == Fraction("4.5")


def test_funding_is_paid_in_coin_at_the_mark() -> None:
    assert funding_coins_per_day(INVERSE, Fraction(150), price=PRICE, rate=RATE) == Fraction("4.5") / PRICE
    linear = replace(INVERSE, kind=Kind.LINEAR, settle="USDT", multiplier=Fraction("0.001"))
    # 0.15 BTC of 40,000 are 6,000 dollars
    assert funding_coins_per_day(linear, Fraction(-150), price=PRICE, rate=RATE) == Fraction("-1.8")
    assert funding_coins_per_day(INVERSE, Fraction(150), price=PRICE, rate=None) is None


@pytest.mark.parametrize(("hours", "payments"), [("1", 24), ("4", 6), ("8", 3), ("24", 1)])
def test_the_interval_sets_how_often(hours: str, payments: int) -> None:
    contract = replace(INVERSE, funding_interval_hours=exact(hours))
    assert funding_usd_per_day(contract, Fraction(1), price=PRICE, rate=RATE) == INVERSE.multiplier * RATE * payments


def test_dated_contracts_and_empty_positions_cost_nothing_and_the_unknown_is_said() -> None:
    assert funding_usd_per_day(DATED, Fraction(150), price=PRICE, rate=RATE) == 0
    assert funding_usd_per_day(INVERSE, Fraction(0), price=PRICE, rate=None) == 0
    assert funding_usd_per_day(INVERSE, Fraction(150), price=PRICE, rate=None) is None
    assert (
        funding_usd_per_day(replace(INVERSE, funding_interval_hours=None), Fraction(150), price=PRICE, rate=RATE)
        is None
    )


def test_basis_is_a_fraction_of_the_index_and_annualises_simply() -> None:
    premium = basis(Fraction(41000), PRICE)
    assert premium == Fraction("0.025")
    assert annualised(premium, Fraction(73)) == Fraction("0.125")
    assert basis(PRICE, PRICE) == 0


@pytest.mark.parametrize("kind", list(Kind))
def test_a_premium_that_is_gone_at_expiry_is_earned_by_a_short_day_by_day(kind: Kind) -> None:
    """41,000 dollars at 41,000 converge to an index of 40,000 by 1,000 in 50 days, and to one of 42,000 by as much."""
    contract = replace(DATED, kind=kind, multiplier=Fraction(1))
    contracts = Fraction(41000 if kind is Kind.INVERSE else 1)
    premium, discount = Fraction(40000), Fraction(42000)
    for index, paid in ((premium, Fraction(20)), (discount, Fraction(-20)), (Fraction(41000), Fraction(0))):
        for side in (1, -1):
            found = basis_usd_per_day(contract, side * contracts, price=Fraction(41000), index=index, days=Fraction(50))
            assert found == side * paid


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.timedeltas(timedelta(-900), timedelta(900)))
def test_days_keep_every_microsecond(start: datetime, span: timedelta) -> None:
    days = days_between(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + span)
    assert days * 86_400 * 10**6 == span // timedelta(microseconds=1)


def test_days_are_counted_across_zones() -> None:
    tokyo = timezone(timedelta(hours=9))
    start, end = datetime(2026, 11, 20, 9, tzinfo=tokyo), datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert days_between(start, end) == Fraction(1, 2)
