"""In which order orders are placed and coins are moved: what reduces, then pairs, each coin behind what frees it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, MarginMode, Purpose, opened
from rebal.market.contract import Contract
from rebal.market.pooled import ClosingFee, Collateral, Counted, Printed, Rules, Slice
from rebal.plan import Order, Side, StepKind, Transfer
from rebal.planner.orders import orders_of
from rebal.planner.sequence import placing_order, steps, waiting, waiting_last
from rebal.planner.sizing import Leg
from rebal.policy import Route
from rebal.portfolio import Account, Pooling, Portfolio

from .given import inverse
from .test_splitting import accounts, at, book

A, B, DATED = at("a", inverse("BTC")), at("b", inverse("BTC")), at("b", inverse("BTC", name="BTCDEC"))
ETHER = at("b", inverse("ETH"))


def over_two() -> Portfolio:
    """20,000 short in each of two contracts at b, nothing at a."""
    shorts = tuple(opened(each, contracts=Fraction(-20000), entry_price=Fraction(40000)) for each in (B, DATED))
    return book(
        {"BTC": "2"}, None, (A, B, DATED, ETHER), accounts(a="1", b="1"), wallets={"b:BTC": "2"}, positions=shorts
    )


def ordered(made: Portfolio, **sizes: str) -> tuple[Order, ...]:
    """An order for each of these contracts, in this order."""
    named = {"a": A, "b": B, "dated": DATED, "ether": ETHER}
    legs = [Leg(named[name], exact(size), Route.INVERSE, Purpose.REBALANCE, "BTC") for name, size in sizes.items()]
    found = {each.contract: each for each in orders_of(legs, book=made.statement, portfolio=made)}
    return tuple(found[leg.contract.name] for leg in legs)


@pytest.mark.parametrize(
    ("made", "first"), [("0.5", Side.BUY), ("10", Side.BUY), ("0", Side.SELL), ("-0.5", Side.SELL), ("-10", Side.SELL)]
)
def test_what_opens_takes_back_the_dollars_that_what_reduces_made(made: str, first: Side) -> None:
    """Before 20 sold and 15 bought: whatever there is of dollars is bought for first, of the larger ones first."""
    some = over_two()
    (sold, bought, reducing) = ordered(some, a="-20", b="15", dated="10")
    size = exact(made)
    reducing = replace(
        reducing, notional=abs(size), side=Side.SELL if size >= 0 else Side.BUY, contracts=abs(size), reduce_only=True
    )
    bought = replace(bought, reduce_only=False)
    placed = placing_order((sold, bought, reducing), replace(some.statement, positions={}))
    assert placed[0] is reducing
    assert [each.side for each in placed[1:]] == [first, Side.BUY if first is Side.SELL else Side.SELL]


def test_what_turns_a_position_over_to_a_smaller_one_stands_before_what_opens() -> None:
    """Of 20,000 short at b: 30,000 bought leave 10,000 open; 50,000 leave 30,000, which asks for more margin."""
    made = over_two()
    sold, smaller, larger = ordered(made, a="-40000", b="30000", dated="50000")
    (reducing,) = ordered(made, b="10000")
    assert placing_order((sold, reducing), made.statement) == (reducing, sold)
    assert placing_order((sold, smaller), made.statement) == (smaller, sold)
    assert placing_order((larger, smaller), made.statement) == (smaller, larger)
    assert placing_order((sold, larger, smaller), made.statement) == (smaller, sold, larger)


def test_a_long_that_is_turned_over_to_a_smaller_short_stands_before_what_opens() -> None:
    """20,000 long at b: 30,000 sold leave 10,000 short, 50,000 leave 30,000."""
    made = over_two()
    long = opened(B, contracts=Fraction(20000), entry_price=Fraction(40000))
    book_of = replace(made.statement, positions={B.name: long})
    for size, is_first in (("-30000", True), ("-50000", False), ("-40000", False)):
        larger, turning = ordered(made, a="-60000", b=size)
        assert (placing_order((larger, turning), book_of)[0] is turning) is is_first


def test_of_two_that_do_the_same_the_larger_goes_first_and_of_equals_the_first_by_name() -> None:
    made = over_two()
    flat = replace(made.statement, positions={})
    for sizes, names in (({"a": "-20", "b": "-30"}, ["b:BTCUSD", "a:BTCUSD"]),
                         ({"b": "-20", "a": "-20"}, ["a:BTCUSD", "b:BTCUSD"])):  # fmt: skip
        assert [each.contract for each in placing_order(ordered(made, **sizes), flat)] == names


def test_coins_leave_behind_the_last_order_that_frees_them_and_come_before_what_waits() -> None:
    made = over_two()
    orders = ordered(made, b="20000", dated="20000", ether="20000", a="-40000")
    moves = (
        Transfer("BTC", None, Fraction(-1), "b", "a"),
        Transfer("BTC", None, Fraction(1), "a", "b", Fraction(1)),
        Transfer("BTC", None, Fraction(-1), "b"),
    )

    def told(before: Book) -> list[str | None]:
        found = steps(moves, orders, made, before=before)
        assert [each.index for each in found if each.kind is StepKind.TRANSFER] == [0, 1, 2]
        assert [each.n for each in found] == [1, 2, 3, 4, 5, 6, 7]
        return [
            orders[each.index].contract if each.kind is StepKind.ORDER else moves[each.index].account for each in found
        ]

    opens = "b:ETHUSD"
    assert told(made.statement) == ["b:BTCUSD", "b:BTCDEC", "b", opens, "a", "a:BTCUSD", "b"]
    # where nothing is open there is nothing that an order could free
    assert told(replace(made.statement, positions={})) == ["b", "b:BTCUSD", "b:BTCDEC", opens, "a", "a:BTCUSD", "b"]


def test_an_order_waits_for_coins_that_come_and_not_for_such_as_leave() -> None:
    made = over_two()
    here, there, closing = ordered(made, a="-20000", b="-20000", dated="20000")
    out, into = Transfer("BTC", None, Fraction(-1), "b", "a"), Transfer("BTC", None, Fraction(1), "a", "b")
    assert waiting((here, there, closing), (out, into), made) == (here,)
    assert waiting_last((here, there, closing), (out, into), made) == (there, closing, here)
    assert waiting((here,), (out,), made) == ()
    assert waiting((replace(here, reduce_only=True),), (out, into), made) == ()
    # one of several that come is enough
    assert waiting((here,), (replace(into, asset="ETH"), into), made) == (here,)
    assert waiting((here,), (replace(into, quantity=Fraction(0)),), made) == ()
    # other coins, those from spot, and such as are for another position's own margin
    for other in (
        replace(into, asset="ETH"), replace(into, other_account=None), replace(into, contract="a:BTCDEC"),
        replace(into, account="b"),
    ):  # fmt: skip
        assert waiting((here,), (other,), made) == ()
    assert waiting((here,), (replace(into, contract="a:BTCUSD"),), made) == (here,)


def over_three(open_at: Sequence[Contract]) -> Portfolio:
    """Wallets a coin at a and b, one pool at p; 20,000 short in some of what trades there."""
    shorts = tuple(opened(each, contracts=Fraction(-20000), entry_price=Fraction(40000)) for each in open_at)
    counts = Collateral(Counted.COINS, (Slice(None, ONE),))
    pool = Account("p", None, MarginMode.POOLED, ONE, Pooling("pool", POOLED, {}, counts))
    made = book({"BTC": "2"}, None, TRADED, (), wallets={"a:BTC": "1", "b:BTC": "1"}, positions=shorts)
    return replace(made, told_accounts=(*accounts(a="1", b="1"), pool))


def test_what_a_pool_opens_waits_for_any_coin_that_comes_there() -> None:
    made = over_three(())
    legs = [Leg(each, -ONE * 100, Route.INVERSE, Purpose.REBALANCE, "BTC") for each in (A, POOL_OF_BTC)]
    at_a, at_p = orders_of(legs, book=made.statement, portfolio=made)
    ether = Transfer("ETH", None, ONE, "p", "b")
    assert waiting((at_a, at_p), (ether,), made) == (at_p,)
    assert waiting((at_a, at_p), (replace(ether, account="a"),), made) == ()
    assert waiting((at_a, at_p), (replace(ether, account="a", asset="BTC"),), made) == (at_a,)


POOL_OF_BTC = at("p", inverse("BTC"))
POOLED = Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.SHARE)
TRADED = (A, B, DATED, ETHER, POOL_OF_BTC, at("p", inverse("ETH")))
COINS = st.sampled_from(["BTC", "ETH"])


@st.composite
def moves(draw: st.DrawFn) -> tuple[Transfer, ...]:
    """From and to spot, and pairs from one account to another, in any order."""
    found: list[Transfer] = []
    for _ in range(draw(st.integers(0, 4))):
        here, there = draw(st.permutations("abp"))[:2]
        asset, contract = draw(COINS), draw(st.sampled_from([None, None, "b:BTCUSD"]))
        kind = draw(st.sampled_from(["in", "out", "sent", "sent"]))
        if kind == "sent":
            found.append(Transfer(asset, None, -ONE, here, there))
            found.append(Transfer(asset, contract if there == "b" else None, ONE, there, here))
        else:
            found.append(Transfer(asset, None, ONE if kind == "in" else -ONE, here))
    return tuple(draw(st.permutations(found)))


@given(
    chosen=st.lists(st.tuples(st.sampled_from(TRADED), st.booleans()), max_size=4, unique_by=lambda each: each[0].name),
    held=st.lists(st.sampled_from(TRADED), max_size=3, unique_by=lambda each: each.name),
    transfers=moves(),
)
def test_steps_stand_in_the_order_in_which_coins_are_there_for_them(
    chosen: list[tuple[Contract, bool]], held: list[Contract], transfers: tuple[Transfer, ...]
) -> None:
    """What each step needs is before it: coins before what they margin, what frees them before they leave."""
    made = over_three(held)
    orders = tuple(
        replace(order, reduce_only=reduces)
        for contract, reduces in chosen
        for order in orders_of([Leg(contract, -ONE * 100, Route.INVERSE, Purpose.REBALANCE, "BTC")],
                               book=Book({}, {}, {}), portfolio=made)
    )  # fmt: skip
    told = steps(transfers, orders, made, before=made.statement)
    assert [each.n for each in told] == list(range(1, len(orders) + len(transfers) + 1))
    place = {(each.kind, each.index): each.n for each in told}
    assert len(place) == len(told)

    def purse(account: str | None, coin: str) -> tuple[str | None, str]:
        return account, "" if account == "p" else coin

    def moved(*, where: Callable[[int, Transfer], bool]) -> list[int]:
        return [place[StepKind.TRANSFER, n] for n, each in enumerate(transfers) if where(n, each)]

    last_in = max((n for n, each in enumerate(transfers) if each.quantity > 0 and not each.other_account), default=-1)
    arriving = moved(where=lambda n, each: not each.other_account and n <= last_in)
    leaving = moved(where=lambda n, each: not each.other_account and n > last_in)
    credited = moved(where=lambda _, each: bool(each.other_account) and each.quantity > 0)
    waiting_for = [order in waiting(orders, transfers, made) for order in orders]
    ready = [place[StepKind.ORDER, n] for n, waits in enumerate(waiting_for) if not waits]
    late = [place[StepKind.ORDER, n] for n, waits in enumerate(waiting_for) if waits]
    in_turn = [*arriving, *ready, *credited, *late, *leaving]
    assert in_turn == sorted(in_turn)
    backed = {purse(each.account, each.settle) for each in held}
    behind: dict[int, int] = {}
    for n, each in enumerate(transfers):
        if each.other_account and each.quantity < 0:
            here = purse(each.account, each.asset)
            frees = [
                place[StepKind.ORDER, k]
                for k, order in enumerate(orders)
                if not waiting_for[k] and here in backed and purse(order.account, order.fee_currency) == here
            ]
            # nothing but others like it stands between
            last = max(frees, default=0)
            behind[last] = behind.get(last, 0) + 1
            assert place[StepKind.TRANSFER, n] == last + behind[last]
