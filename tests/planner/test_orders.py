"""From legs to orders: one a contract by name, which minimum refuses it, and what only makes a position smaller."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawn import among
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

from .given import INPUTS, NOW, inverse, policy, portfolio
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
    book = made(near, far, open_now="50")
    for undone in ("5", "50"):
        found = rest(book, [leg(near, "-50"), leg(far, "-2")], undone, opening=Candidate(near, Route.INVERSE, ONE))
        assert (found.left_out, found.contract) == (None, far)


def test_a_rest_is_told_in_the_lots_of_what_opens_once_all_that_was_in_the_way_is_closed() -> None:
    near, far = inverse("BTC", name="BTCA"), inverse("BTC", "10", name="BTCB")
    other = Candidate(inverse("BTC", "100", name="BTCC"), Route.INVERSE, ONE)
    book = made(near, far, other.contract)
    fifty, two = (opened(each, contracts=exact(size), entry_price=ONE) for each, size in ((near, "50"), (far, "2")))
    for open_now in ((fifty,), (fifty, two)):
        held = {each.contract.name: each for each in open_now}
        full = replace(book, statement=replace(book.statement, positions=held))
        closing = [leg(each.contract, str(-each.contracts)) for each in open_now]
        assert rest(full, closing, "5", opening=other).contract == other.contract
        assert rest(full, closing, "0.5").contract == open_now[-1].contract
        assert rest(full, [leg(near, "-40")], "0.5", opening=other).contract == near


def test_where_nothing_opens_lots_of_several_accounts_are_too_few_for_an_order_all_the_same() -> None:
    for undone, reason in (("5", LeftOut.BELOW_MIN_ORDER), ("50", None)):
        assert rest(over_two(COARSE, FINE), [leg(FINE, "-50"), leg(COARSE, "-2")], undone).left_out is reason


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


@pytest.mark.parametrize(
    ("undone", "reason"),
    [("0.5", None), ("1", LeftOut.BELOW_MIN_CONTRACTS), ("119.5", LeftOut.BELOW_MIN_CONTRACTS), ("120", None)],
)
def test_lots_that_are_left_are_told_of_the_venue_that_takes_no_order_of_so_few(
    undone: str, reason: LeftOut | None
) -> None:
    """50 are sold in lots of a dollar; what opens takes 120 dollars and more: all below it, from the first lot on."""
    near, far = inverse("BTC", name="BTCA"), inverse("BTC", "10", minimum="12", name="BTCB")
    book, opening = made(near, far), Candidate(far, Route.INVERSE, ONE)
    told = far if reason else near
    for several in (book, replace(book, told_accounts=accounts(a="1", b="1"), policy=policy(min_order="0"))):
        for legs in ([leg(near, "-50")], [leg(near, "50")]):
            found = rest(several, legs, undone, opening=opening)
            assert (found.left_out, found.contract) == (reason, told)
    assert rest(book, [leg(near, "-50")], undone, opening=Candidate(near, Route.INVERSE, ONE)).left_out is None


@dataclass(frozen=True)
class Sold:
    """Dollars of BTC to be sold from what is long of a dated and a perpetual contract.

    Each of them: dollars of a lot, lots of its least order, lots that are open.
    """

    dated: tuple[int, int, int]
    perpetual: tuple[int, int, int]
    dollars: int
    routes: tuple[str, ...]
    over: tuple[str, ...]
    """Names of accounts: the dated one is at the first, the perpetual at the last."""


@st.composite
def sales(draw: st.DrawFn) -> Sold:
    most = st.just(0) | st.integers(10, 40)  # of which all can be closed
    dated, perpetual = ((draw(among(1, 10, 25)), draw(among(1, 4, 120)), draw(most)) for _ in range(2))
    # a dated one opens behind it only where nothing of coarser lots may stay open
    routes = draw(among(("inverse",), ("dated", "inverse"), ("dated",))) if perpetual[0] <= dated[0] else ("inverse",)
    return Sold(dated, perpetual, draw(st.integers(1, 900)), routes, draw(among((), ("a",), ("a", "b"))))


@example(Sold((1, 111, 50), (1, 1, 20), 130, ("dated",), ()))
@example(Sold((1, 1, 20), (10, 1, 0), 25, ("inverse",), ()))
@example(Sold((1, 111, 50), (1, 1, 0), 110, ("dated",), ("a", "b")))
@example(Sold((1, 111, 50), (1, 1, 0), 51, ("dated",), ()))
@example(Sold((1, 111, 50), (1, 1, 0), 55, ("dated",), ("a", "b")))
@given(sold=sales())
def test_what_is_said_of_a_rest_is_so(sold: Sold) -> None:
    """A rest that is told to be rounded is less than a lot, one below a minimum less than it with what is ordered."""
    first, last = (sold.over[0], sold.over[-1]) if sold.over else ("", "")
    contracts = [
        inverse("BTC", str(size), name=name, minimum=str(least), fee="0", expiry=expiry)
        for (size, least, _), name, expiry in (
            (sold.dated, "BTC35", NOW + timedelta(days=35)), (sold.perpetual, "BTCUSD", None),
        )
    ]  # fmt: skip
    contracts = [at(name, each) if name else each for each, name in zip(contracts, (first, last), strict=True)]
    open_now = [
        (each, lots) for each, (_, _, lots) in zip(contracts, (sold.dated, sold.perpetual), strict=True) if lots
    ]
    positions = tuple(opened(each, contracts=Fraction(n), entry_price=Fraction(40000)) for each, n in open_now)
    long = sum(int(each.contracts * each.contract.multiplier) for each in positions)
    weight = Fraction(40000 + long - sold.dollars, 40000)
    wallets = {f"{name}:BTC" if name else "BTC": "0.5" for name in (first, last)}
    coin = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, tuple(contracts), wallets=wallets, positions=positions,
                     rules=policy(band="0", routes=sold.routes))  # fmt: skip
    coin = replace(coin, targets={"BTC": weight, "USD": 1 - weight})
    if sold.over:
        coin = replace(coin, told_accounts=accounts(**dict.fromkeys(sold.over, "1")))
    plan = build_plan(coin, coin.statement, inputs=INPUTS)
    ordered = {each.contract: each.signed for each in plan.orders}
    sizes = {each.name: each.multiplier for each in contracts}
    left = -sold.dollars - sum((signed * sizes[name] for name, signed in ordered.items()), Fraction(0))
    said = [each.data for each in plan.findings if each.subject == "BTC" and "undone_usd" in each.data]
    assert not ordered or [each["undone_usd"] for each in said] == ([left] if left else [])
    for data in said:
        contract = next(each for each in contracts if each.name == data["contract"])
        if "lot_usd" in data:
            assert data["lot_usd"] == contract.multiplier
            assert abs(left) < contract.multiplier
        if "min_contracts" in data:
            more = Fraction(int(left / contract.multiplier))
            assert more
            assert data["min_contracts"] == contract.min_contracts
            assert abs(ordered.get(contract.name, 0) + more) < contract.min_contracts
        if "min_order_usd" in data:
            assert data["min_order_usd"] == 10
            assert abs(left) < 10 + sold.perpetual[0]  # nor is what another lot is too large for
