"""From legs to orders: one a contract by name, which minimum refuses it, and what only makes a position smaller."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import ONE, Fraction
from rebal.book import Book, Position, Purpose, opened
from rebal.findings import Code
from rebal.market.contract import Contract
from rebal.plan import Side
from rebal.planner import build_plan
from rebal.planner.candidates import Candidate
from rebal.planner.orders import any_order_of, close_orders, limit_price, orders_of, refused_size, residual
from rebal.planner.sizing import LeftOut, Leg, Residual
from rebal.policy import Route
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, policy, portfolio
from .test_splitting import accounts, at

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


@pytest.mark.parametrize(
    ("own", "other", "route"),
    [("-100", "-50", Route.INVERSE), ("50", "-100", Route.PROXY), ("-100", "-100", Route.INVERSE)],
)
@pytest.mark.parametrize("name", ["ADA", "SOL"])
def test_an_order_for_two_assets_goes_by_the_route_of_its_larger_part(
    own: str, other: str, route: Route, name: str
) -> None:
    """Whichever of them comes first by name: ADA and SOL through BTC."""
    book = made(inverse("BTC"))
    through = replace(leg(inverse("BTC"), other, of=name), route=Route.PROXY)
    for legs in ([leg(inverse("BTC"), own), through], [through, leg(inverse("BTC"), own)]):
        (order,) = orders_of(legs, book=book.statement, portfolio=book)
        assert order.route is route


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


@pytest.mark.parametrize(
    ("price", "tick", "buying", "selling"),
    [("100.3", "0.5", "100.5", "100"), ("100.5", "0.5", "100.5", "100.5"), ("7", "2", "8", "6")],
)
def test_a_limit_stands_on_the_tick_from_which_the_order_still_fills_at_the_mark(
    price: str, tick: str, buying: str, selling: str
) -> None:
    assert limit_price(exact(price), exact(tick), Side.BUY) == exact(buying)
    assert limit_price(exact(price), exact(tick), Side.SELL) == exact(selling)
    assert limit_price(exact(price), None, Side.BUY) is None


COARSE, FINE = at("a", inverse("BTC", "100")), at("b", inverse("BTC", "1"))


def over_two(*contracts: Contract) -> Portfolio:
    return replace(made(*contracts), told_accounts=accounts(a="1", b="1"))


def rest(book: Portfolio, legs: list[Leg], undone: str, *, opening: Candidate | None = None) -> Residual:
    """What legs that are all placed leave of as much and so many dollars more."""
    orders = {each.contract: each for each in orders_of(legs, book=book.statement, portfolio=book)}
    wanted = sum((each.contracts * each.contract.multiplier for each in legs), Fraction(0)) - exact(undone)
    found = residual("BTC", wanted, legs=legs, orders=orders, opening=opening, passed=(), book=book.statement,
                     portfolio=book)  # fmt: skip
    assert (found.asset, found.wanted, found.undone, found.passed) == ("BTC", wanted, -exact(undone), ())
    return found


HERE = Candidate(COARSE, Route.INVERSE, ONE)


@pytest.mark.parametrize(
    ("undone", "reason"),
    [("0", None), ("0.5", None), ("1", LeftOut.BELOW_MIN_ORDER), ("9.5", LeftOut.BELOW_MIN_ORDER), ("10", None)],
)
def test_lots_that_are_left_over_accounts_are_too_few_for_an_order(undone: str, reason: LeftOut | None) -> None:
    """Lots of 1 and of 100 dollars, no order below 10: what is rounded to is the finer, whichever is last."""
    book = over_two(COARSE, FINE)
    for legs in ([leg(COARSE, "-2"), leg(FINE, "-50")], [leg(FINE, "-50"), leg(COARSE, "-2")]):
        found = rest(book, legs, undone, opening=HERE)
        assert (found.left_out, found.contract) == (reason, FINE)
    assert rest(book, [leg(COARSE, "-2")], undone, opening=HERE).left_out is None
    assert rest(book, [], "0", opening=HERE).left_out is None


def test_at_one_account_a_rest_is_told_in_the_lots_of_the_last_contract() -> None:
    near, far = inverse("BTC", name="BTCA"), inverse("BTC", "100", name="BTCB")
    book = made(near, far)
    for undone in ("5", "50"):
        found = rest(book, [leg(near, "-50"), leg(far, "-2")], undone, opening=Candidate(near, Route.INVERSE, ONE))
        assert (found.left_out, found.contract) == (None, far)


def test_what_nothing_opens_is_unserved_but_for_less_than_the_lot_that_closed_last() -> None:
    book = made(FINE, open_now="80")
    legs = [leg(FINE, "-80")]
    assert rest(book, legs, "0.5").left_out is None
    assert (rest(book, legs, "1").left_out, rest(book, legs, "1").contract) == (LeftOut.UNSERVED, FINE)
    assert (rest(book, [], "5").left_out, rest(book, [], "5").contract) == (LeftOut.UNSERVED, None)


@pytest.mark.parametrize(
    ("undone", "least", "reason"),
    [
        ("0", "10", None),
        ("99", "10", LeftOut.SMALLER_THAN_A_LOT),
        ("99", "500", LeftOut.SMALLER_THAN_A_LOT),
        ("100", "500", LeftOut.BELOW_MIN_ORDER),
        ("499", "500", LeftOut.BELOW_MIN_ORDER),
        ("500", "500", LeftOut.SMALLER_THAN_A_LOT),
    ],
)
def test_a_leg_that_has_come_to_nothing_was_less_than_a_lot_or_than_the_least_order(
    undone: str, least: str, reason: LeftOut | None
) -> None:
    """A lot is 100 dollars."""
    contract = inverse("BTC", "100")
    book = made(contract)
    book = replace(book, policy=replace(book.policy, min_order=exact(least)))
    found = rest(book, [], undone, opening=Candidate(contract, Route.INVERSE, ONE))
    assert (found.left_out, found.contract) == (reason, contract)


def test_an_order_says_what_it_trades_for_whom_and_what_it_costs() -> None:
    """52 of 10 at 40,000 are sold: 30 for BTC, 20 less 5 for SOL, 7 protect; the fee is 0.05 % of 0.013 BTC."""
    contract = at("b", inverse("BTC", "10"))
    book = over_two(contract)
    legs = [
        leg(contract, "-20", of="SOL"), leg(contract, "-30"), leg(contract, "5", of="SOL"),
        replace(leg(contract, "-7"), purpose=Purpose.HEDGE),
        leg(contract, "4", of="XRP"), leg(contract, "-4", of="XRP"),
    ]  # fmt: skip
    (order,) = orders_of(legs, book=book.statement, portfolio=book)
    assert (order.contract, order.account, order.signed) == ("b:BTCUSD", "b", Fraction(-52))
    assert (order.notional, order.coins, order.fee) == (Fraction(520), exact("0.013"), exact("0.0000065"))
    assert [(each.purpose, each.contracts, each.stands_for) for each in order.parts] == [
        (Purpose.HEDGE, Fraction(-7), ("BTC",)),
        (Purpose.REBALANCE, Fraction(-30), ("BTC",)),
        (Purpose.REBALANCE, Fraction(-15), ("SOL",)),
    ]


@pytest.mark.parametrize(
    ("least", "sold", "leaves"),
    [
        ("111", ("50", True), -60),
        ("110", ("110", False), 0),
        ("50", ("110", False), 0),
    ],
)
def test_a_position_below_the_least_order_is_closed_alone_where_reversing_it_is_too_little(
    least: str, sold: tuple[str, bool], leaves: int
) -> None:
    """Of 50 dollars long and 110 to sell all 50 are always taken, with 60 behind them only as the least order."""
    contract = inverse("BTC", minimum=least, fee="0")
    long = opened(contract, contracts=Fraction(50), entry_price=Fraction(40000))
    weights = {"BTC": "0.9985", "USD": "0.0015"}
    coin = portfolio({"BTC": "1"}, weights, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, positions=(long,),
                     rules=policy(band="0"))  # fmt: skip
    plan = build_plan(coin, coin.statement, inputs=INPUTS)
    (order,) = plan.orders
    assert (order.signed, order.reduce_only) == (-exact(sold[0]), sold[1])
    left = [each for each in plan.findings if each.code is Code.BELOW_MINIMUM]
    assert [each.data["undone_usd"] for each in left] == ([Fraction(leaves)] if leaves else [])
    assert all("60.00 USD are below the venue's minimum, 111 contracts" in each.message for each in left)
