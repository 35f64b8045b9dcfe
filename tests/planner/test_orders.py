"""From legs to orders: one a contract by name, which minimum refuses it, and what only makes a position smaller."""

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Book, Position, Purpose, opened
from rebal.market.contract import Contract
from rebal.planner.orders import any_order_of, close_orders, orders_of, refused_size, residual
from rebal.planner.sizing import LeftOut, Leg
from rebal.portfolio import Portfolio, Route

from .given import inverse, portfolio

COINS = ("SOL", "BTC", "XRP", "ADA")


def leg(contract: Contract, contracts: str, *, of: str | None = None) -> Leg:
    return Leg(contract, exact(contracts), Route.INVERSE, Purpose.REBALANCE, of or contract.asset)


def made(*contracts: Contract, open_now: str | None = None) -> Portfolio:
    """A coin of each at 40,000 dollars; ``open_now``: of the first contract."""
    positions: tuple[Position, ...] = ()
    if open_now is not None:
        positions = (opened(contracts[0], contracts=exact(open_now), entry_price=Fraction(40000)),)
    coins = {each.asset: "1" for each in contracts}
    return portfolio(coins, None, dict.fromkeys(coins, "40000"), contracts, positions=positions)


def test_orders_stand_by_their_contracts_whatever_the_order_of_legs() -> None:
    contracts = tuple(inverse(coin) for coin in COINS)
    book = made(*contracts)
    legs = [leg(each, "-100") for each in contracts]
    for orders in (orders_of, close_orders):
        names = [each.contract for each in orders(legs, book=book.statement, portfolio=book)]
        assert names == [f"{coin}USD" for coin in sorted(COINS)]


@pytest.mark.parametrize(
    ("open_now", "signed", "refused"),
    [
        (None, "99", LeftOut.BELOW_MIN_CONTRACTS),
        (None, "100", None),
        ("-500", "50", LeftOut.BELOW_MIN_CONTRACTS),
        ("-500", "-50", LeftOut.BELOW_MIN_CONTRACTS),
        ("-50", "50", None),
        ("-50", "-50", LeftOut.BELOW_MIN_CONTRACTS),
        ("-5", "5", LeftOut.BELOW_MIN_ORDER),
    ],
)
def test_less_than_the_venues_least_is_taken_only_where_it_closes_all(
    open_now: str | None, signed: str, refused: LeftOut | None
) -> None:
    """A venue takes 100 contracts of a dollar or all of a position, the policy no less than 10 dollars."""
    contract = inverse("BTC", minimum="100")
    book = made(contract, open_now=open_now)
    assert refused_size(contract, exact(signed), book=book.statement, portfolio=book) is refused
    legs = [leg(contract, signed)]
    assert any_order_of(legs, book=book.statement, portfolio=book) is (refused is None)


@pytest.mark.parametrize(
    ("open_now", "signed", "reduces"),
    [
        ("-0.4", "0.3", True),
        ("-0.4", "0.4", True),
        ("-0.4", "0.5", False),
        ("-0.4", "-0.3", False),
        ("0.4", "0.3", False),
        ("0.4", "-0.3", True),
        (None, "0.3", False),
    ],
)
def test_an_order_only_reduces_where_its_net_gets_smaller_and_does_not_turn(
    open_now: str | None, signed: str, reduces: bool
) -> None:
    contract = inverse("BTC", "1000", lot="0.1")
    book = made(contract, open_now=open_now)
    (order,) = orders_of([leg(contract, signed)], book=book.statement, portfolio=book)
    assert order.reduce_only is reduces


def test_what_is_left_out_is_told_of_the_first_leg_without_an_order() -> None:
    """20 dollars of the first are an order of their own, so that other legs on it are why there is none."""
    near, far = inverse("BTC", name="BTCA"), inverse("BTC", name="BTCB")
    book: Portfolio = made(near, far)
    legs = [leg(near, "20"), leg(far, "-15")]
    left = residual(
        "BTC", Fraction(5), legs=legs, orders={}, opening=None, passed=(), book=Book({}, {}, {}), portfolio=book
    )
    assert (left.contract, left.left_out, left.undone) == (near, LeftOut.CANCELS, Fraction(5))
