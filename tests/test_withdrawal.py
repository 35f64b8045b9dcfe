"""What sending coins from one account to another takes, in whole steps of 1e-8 coin."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import COIN_STEP, ZERO, Fraction
from rebal.withdrawal import NOT_SAID, Withdrawal


def said(fee: str | None, least: str | None = None) -> Withdrawal:
    paid, fewest = (None if each is None else exact(each) for each in (fee, least))
    return Withdrawal(paid, fewest, timedelta(hours=1))


@pytest.mark.parametrize(
    ("fee", "costs"), [(None, "0"), ("0", "0"), ("0.0005", "0.0005"), ("0.000000001", "0.00000001")]
)
def test_a_fee_is_paid_in_whole_steps(fee: str | None, costs: str) -> None:
    assert said(fee).costs == exact(costs)


@pytest.mark.parametrize(
    ("fee", "least", "arrive"),
    [
        (None, None, "0"),
        ("0.0005", None, "0"),
        ("0.0005", "0.1", "0.0995"),
        ("0.1", "0.1", "0"),
        ("0.2", "0.1", "0"),
        ("0", "0.100000001", "0.10000001"),
    ],
)
def test_the_least_that_leaves_arrives_less_the_fee_and_in_whole_steps(
    fee: str | None, least: str | None, arrive: str
) -> None:
    assert said(fee, least).least_arriving == exact(arrive)


@pytest.mark.parametrize(
    ("there", "arrive"), [("0.09999999", "0"), ("0.1", "0.0995"), ("1", "0.9995"), ("0", "0"), ("-1", "0")]
)
def test_fewer_than_the_least_do_not_arrive_at_all(there: str, arrive: str) -> None:
    assert said("0.0005", "0.1").arriving(exact(there)) == exact(arrive)


def test_what_the_fee_takes_whole_leaves_nothing_and_no_debt() -> None:
    assert said("0.1").arriving(exact("0.05")) == 0
    assert NOT_SAID.arriving(exact("0.05")) == exact("0.05")


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_what_arrives_and_its_fee_are_there_and_no_fewer_leave_than_may(fee: int, least: int, there: int) -> None:
    way, coins = Withdrawal(Fraction(fee, 10**9), Fraction(least, 10**9)), Fraction(there, 10**8)
    arrived = way.arriving(coins)
    assert arrived in (ZERO, coins - way.costs)
    assert not arrived or arrived + way.costs >= Fraction(least, 10**9)
    fewest = way.least_arriving
    assert fewest % COIN_STEP == 0
    assert fewest + way.costs >= Fraction(least, 10**9)
