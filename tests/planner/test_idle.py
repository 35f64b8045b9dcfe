"""What an account can spare: beyond what the plan opens there, once all is closed there, and never a cushion."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, Position, Purpose, opened
from rebal.findings import Code
from rebal.market.pooled import ClosingFee, Collateral, Counted, Printed, Rules, Slice
from rebal.plan import Plan
from rebal.planner.candidates import named
from rebal.planner.desk import Desk
from rebal.planner.exposure import with_room
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.rescue import build_rescue
from rebal.planner.sequence import after_orders, after_transfers
from rebal.planner.sizing import Leg
from rebal.policy import Route
from rebal.portfolio import Account, Pooling, Portfolio
from rebal.withdrawal import Withdrawal

from .given import INPUTS, inverse, linear, policy
from .test_splitting import accounts, at, book, planned, told, traded
from .test_travelling import A, B, done, moves

F = Fraction
COUNTS = Collateral(Counted.COINS, (Slice(None, F(4, 5)),))
POOL = Pooling("pool", Rules(F(1), ClosingFee.SCHEDULE, False, F(0), F(0), Printed.SHARE), {}, COUNTS)
"""A coin counts 80 % there, whichever it is."""


def left(plan: Plan, made: Portfolio) -> Portfolio:
    book = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    return replace(made, statement=book)


def in_mode(made: Portfolio, *modes: MarginMode) -> Portfolio:
    pools = {MarginMode.POOLED: POOL}
    told = (replace(each, margin_mode=mode, pooling=pools.get(mode))
            for each, mode in zip(made.told_accounts, modes, strict=True))  # fmt: skip
    return replace(made, told_accounts=tuple(told))


def two_legs(dollars: str, listed: tuple[Account, ...] = accounts(a="1", b="1")) -> Portfolio:
    """10,000 dollars of BTC are to be short at a and as many of ETH at b, where all the USDT are that margin both."""
    contracts = (at("a", linear("BTC")), at("b", linear("ETH")))
    made = book(
        {"BTC": "1", "ETH": "16", "USDT": dollars}, {"USD": "1"}, contracts, listed, wallets={"b:USDT": dollars}
    )
    short = 30000 / (80000 + exact(dollars))
    return replace(made, targets={"BTC": short, "ETH": short, "USD": 1 - 2 * short})


def test_what_the_leg_of_an_account_does_not_need_margins_another_accounts() -> None:
    """10,000 each at leverage 1, and 0.05 % of it as fee: 10,005 of 40,000 leave, before any order."""
    made = two_legs("40000")
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSDT": -250, "b:ETHUSDT": -4000}
    assert moves(plan) == [("b", "a", F(-10005)), ("a", "b", F(10005))]
    assert done(plan) == [("out", "b a"), ("order", "b:ETHUSDT"), ("in", "a b"), ("order", "a:BTCUSDT")]
    after = left(plan, made)
    assert after.statement.wallets == {"a:USDT": F(10000), "b:USDT": F(40000 - 10005 - 5)}
    again = planned(after)
    assert (traded(again), moves(again)) == ({}, [])


def test_what_the_leg_of_an_account_needs_stays_its_fee_on_top() -> None:
    """Of 20,006 the 10,005 stay: 10,001 leave, which is 10,000 for the other leg and a fifth of its fee."""
    made = two_legs("20006")
    plan = planned(made)
    assert not plan.refused
    assert moves(plan) == [("b", "a", F(-10001)), ("a", "b", F(10001))]
    assert left(plan, made).statement.wallets == {"a:USDT": F(9996), "b:USDT": F(10000)}
    # of 19,000 BTC, which comes first, takes 10,000: 8,995 of ETH and their fee of 4.4975 are left, no lot more
    cut = planned(two_legs("19000"), fit=True)
    assert traded(cut) == {"a:BTCUSDT": -250, "b:ETHUSDT": -3598}
    assert moves(cut) == [("b", "a", exact("-10000.5025")), ("a", "b", exact("10000.5025"))]


@pytest.mark.parametrize(
    ("fee", "least", "arrived"),
    [("8", "10013", "10005"), ("8", "10014", "10006"), ("11", "1", "10004"), ("16", "1", None)],
)
def test_a_withdrawal_leaves_as_much_as_the_leg_needs_too(fee: str, least: str, arrived: str | None) -> None:
    """20,020 less 10,005 are 10,015 to leave, of which the network keeps its fee: without 10,000 the leg is cut."""
    said = {"USDT": Withdrawal(exact(fee), exact(least), timedelta(hours=2))}
    made = two_legs("20020", tuple(replace(each, withdrawals=said) for each in accounts(a="1", b="1")))
    plan = planned(made, fit=True)
    assert (traded(plan) == {"a:BTCUSDT": -250, "b:ETHUSDT": -4000}) is (arrived is not None)
    if arrived is not None:
        assert moves(plan) == [("b", "a", -exact(arrived) - exact(fee)), ("a", "b", exact(arrived))]
    after = left(plan, made)
    assert after.statement.wallets["b:USDT"] >= -traded(plan)["b:ETHUSDT"] * exact("2.5")
    again = planned(after)
    assert (traded(again), moves(again)) == ({}, [])


def test_a_pool_sends_what_its_other_coins_do_without() -> None:
    """8,000 short at the pool b count on 4 ETH, 8,000 of credit less 3.2 for the fee: 0.0001 BTC more do, of 0.7504.

    30,000 short at a need 0.75 BTC, and 0.000375 for the fee, of which 0.0003 are left.
    """
    made = book({"BTC": "0.7504", "ETH": "4"}, {"USD": "1"}, (A, at("b", inverse("ETH", "1"))), accounts(a="1", b="1"),
                wallets={"b:BTC": "0.7504", "b:ETH": "4"})  # fmt: skip
    made = replace(made, targets={"BTC": F(16, 40016), "ETH": F(2000, 40016), "USD": F(38000, 40016)})
    made = in_mode(made, MarginMode.CROSS, MarginMode.POOLED)
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSD": -30000, "b:ETHUSD": -8000}
    assert moves(plan) == [("b", "a", exact("-0.7503")), ("a", "b", exact("0.7503"))]
    assert done(plan) == [("out", "b a"), ("order", "b:ETHUSD"), ("in", "a b"), ("order", "a:BTCUSD")]
    again = planned(left(plan, made))
    assert (traded(again), moves(again)) == ({}, [])


@pytest.mark.parametrize("mode", [MarginMode.CROSS, MarginMode.ISOLATED])
def test_coins_that_a_leg_takes_leave_no_second_time(mode: MarginMode) -> None:
    """8,000 are to be short on 0.2 BTC at b, whose contract is 5,000 large: that takes 0.1250625 with its fee.

    What is left, 0.0749375, carries 2,997 of the 3,000 that a contract of one dollar at a could.
    """
    made = book({"BTC": "0.2"}, {"BTC": "0", "USD": "1"}, (A, at("b", inverse("BTC", "5000"))), accounts(a="1", b="1"),
                wallets={"b:BTC": "0.2"})  # fmt: skip
    made = in_mode(made, mode, mode)
    plan = planned(made, fit=True)
    assert not plan.refused
    assert traded(plan) == {"b:BTCUSD": -1, "a:BTCUSD": -2997}
    between = [each for each in plan.transfers if each.other_account is not None]
    assert [(each.account, each.quantity) for each in between] == [
        ("b", exact("-0.0749375")),
        ("a", exact("0.0749375")),
    ]
    assert left(plan, made).statement.wallets == {"a:BTC": exact("0.07490003"), "b:BTC": exact("0.125")}


def rolled(
    quantity: str, wallet: str, share: str = "1", *, alert: str = "1.25", modes: tuple[MarginMode, ...] = ()
) -> tuple[Portfolio, Plan]:
    """A hedge at b that is to stand at a; all coins are at b."""
    dollars = int(exact(quantity) * 40000)
    position = opened(B, contracts=F(-dollars), entry_price=F(40000), hedge=F(-dollars))
    made = book({"BTC": wallet}, None, (A, B), accounts(a="1", b="1"), wallets={"b:BTC": wallet}, positions=(position,))
    made = replace(made, policy=replace(made.policy, alert=replace(made.policy.alert, leverage=exact(alert))))
    made = in_mode(made, *modes) if modes else made
    ask = Ask("BTC", exact(share) * exact(quantity) / exact(wallet), named("a:BTCUSD", "BTC", made, now=INPUTS.now),
              stays=frozenset({"a:BTCUSD"}))  # fmt: skip
    return made, build_hedge(made, made.statement, asks=[ask], inputs=INPUTS)


def test_where_nothing_stays_open_all_may_go_once_it_is_closed_to_spot_what_orders_free() -> None:
    """20,000 are bought back, which frees 0.5 of 1 BTC; a tenth of what the fee leaves is 0.099975."""
    made, plan = rolled("0.5", "1", "0.2")
    assert traded(plan) == {"b:BTCUSD": 20000, "a:BTCUSD": -3999}
    sent = exact("0.099975") + exact("0.00004999")
    assert moves(plan) == [("b", "a", -sent), ("a", "b", sent), ("b", None, sent - exact("0.5"))]
    assert done(plan) == [
        ("order", "b:BTCUSD"),
        ("out", "b a"),
        ("in", "a b"),
        ("order", "a:BTCUSD"),
        ("out", "b None"),
    ]
    assert left(plan, made).statement.wallets["b:BTC"] == exact("0.5") - exact("0.00025")


def test_nothing_leaves_a_wallet_in_alert_even_where_all_of_it_is_closed() -> None:
    """8,000 short are 0.2 on 0.3 BTC, leverage 2/3."""
    _, calm = rolled("0.2", "0.3")
    assert not calm.refused
    assert [each.account for each in calm.transfers if each.other_account] == ["b", "a"]
    _, alarmed = rolled("0.2", "0.3", alert="0.5")
    assert alarmed.refused
    assert not alarmed.transfers


def pooled_before(eth: int) -> tuple[Portfolio, Plan]:
    """A pool b with 4,000 short of ETH and 1 BTC beside; 10,000 of BTC are to be short at a, and so many of ETH."""
    ethusd = at("b", inverse("ETH", "1"))
    position: Position = opened(ethusd, contracts=F(-4000), entry_price=F(2500))
    made = book({"BTC": "1", "ETH": "4"}, {"USD": "1"}, (A, ethusd), accounts(a="1", b="1"),
                wallets={"b:BTC": "1", "b:ETH": "4"}, positions=(position,))  # fmt: skip
    made = replace(made, targets={"BTC": F(3, 5), "ETH": F(10000 - eth, 50000), "USD": F(10000 + eth, 50000)})
    made = in_mode(made, MarginMode.CROSS, MarginMode.POOLED)
    return made, planned(made)


def test_a_pool_that_is_closed_sends_any_coin_once_it_is() -> None:
    made, plan = pooled_before(0)
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSD": -10000, "b:ETHUSD": 4000}
    sent = exact("0.250125")
    assert [each for each in moves(plan) if each[1]] == [("b", "a", -sent), ("a", "b", sent)]
    assert done(plan)[:4] == [("order", "b:ETHUSD"), ("out", "b a"), ("in", "a b"), ("order", "a:BTCUSD")]
    again = planned(left(plan, made))
    assert (traded(again), moves(again)) == ({}, [])


def test_what_backs_a_pool_in_which_something_stays_open_is_its_owners_cushion() -> None:
    _, plan = pooled_before(2000)
    assert [each for each in moves(plan) if each[1]] == []
    assert told(plan, Code.UNDER_COLLATERALISED)


@pytest.mark.parametrize(("entry", "inside"), [(50000, "0.15"), (40000, "0.25"), (32000, "0.375")])
def test_what_closing_makes_or_loses_counts_before_a_fee_is_brought(entry: int, inside: str) -> None:
    """Half of 20,000 short from ``entry`` is bought back, which leaves 0.25 to margin: with that PnL exactly there.

    The fee, 0.05 % of 0.25 BTC, would leave it past an alert at leverage 1: so much and no more comes from b.
    """
    position = opened(A, contracts=F(-20000), entry_price=F(entry))
    gained = F(20000) * (F(1, 40000) - F(1, entry))
    equity = 40000 * (1 + exact(inside) + gained)
    made = book({"BTC": str(1 + float(inside))}, {"USD": "1"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": inside, "b:BTC": "1"}, positions=(position,))  # fmt: skip
    made = replace(
        made,
        targets={"BTC": 1 - 10000 / equity, "USD": 10000 / equity},
        policy=replace(made.policy, alert=replace(made.policy.alert, leverage=F(1))),
    )
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": 10000}
    assert moves(plan) == [("b", "a", exact("-0.000125")), ("a", "b", exact("0.000125"))]


def strict(made: Portfolio, leverage: str, alert: str) -> Portfolio:
    policy = made.policy
    return replace(
        made, policy=replace(policy, leverage=exact(leverage), alert=replace(policy.alert, leverage=exact(alert)))
    )


@pytest.mark.parametrize("other", ["1", "0.9"])
def test_the_room_that_fees_leave_is_filled_at_once_where_the_alert_would_ask_for_it(other: str) -> None:
    """A quarter of 40,000 may sit at a: 0.25 BTC, which 20,000 short need at leverage 2, and the fee of 10 dollars.

    Once it is paid 9,990 of a quarter of 39,990 sit there, 7.5 dollars below: 0.0001875 BTC.
    """
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="0.25", b=other))
    for each, moved in ((strict(made, "2", "1.25"), "0.2501875"), (strict(made, "2", "2.5"), "0.25")):
        plan = planned(each)
        assert traded(plan) == {"a:BTCUSD": -20000}
        assert moves(plan) == [("a", None, exact(moved))]
        again = planned(left(plan, each))
        assert (traded(again), moves(again)) == ({}, [])


def test_a_pool_gets_its_fee_from_another_account_where_the_alert_would_ask_for_it_at_once() -> None:
    """0.625 BTC count 20,000 dollars at the pool a, which its short of as much needs; the fee is 0.00025 BTC."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.625", "b:BTC": "0.375"})  # fmt: skip
    made = in_mode(made, MarginMode.POOLED, MarginMode.CROSS)
    assert moves(planned(made)) == []
    made = strict(made, "1", "1")
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert moves(plan) == [("b", "a", exact("-0.00025")), ("a", "b", exact("0.00025"))]
    again = planned(left(plan, made))
    assert (traded(again), moves(again)) == ({}, [])


def test_what_leaves_an_account_makes_room_there() -> None:
    """20,000 dollars may sit at a, and 8 ETH do, which b lacks for 20,000 short: 0.25 BTC of c's come for 10,000."""
    made = book({"BTC": "1", "ETH": "24"}, {"USD": "1"}, (A, at("b", inverse("ETH", "1"))),
                accounts(a="0.2", b="1", c="1"), wallets={"a:ETH": "8", "c:ETH": "16", "c:BTC": "1"})  # fmt: skip
    made = replace(made, targets={"BTC": F(3, 10), "ETH": F(4, 10), "USD": F(3, 10)})
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSD": -10000, "b:ETHUSD": -20000}
    assert moves(plan) == [
        ("a", "b", exact("-8")),
        ("c", "b", exact("-0.004")),
        ("c", "a", exact("-0.250125")),
        ("b", "a", exact("8")),
        ("b", "c", exact("0.004")),
        ("a", "c", exact("0.250125")),
    ]


@pytest.mark.parametrize("mode", [MarginMode.CROSS, MarginMode.POOLED])
def test_no_coin_leaves_twice(mode: MarginMode) -> None:
    """10,005 USDT are missing at a and as many at c; of the 20,006 that lie at b 10,005 go there and 10,001 here."""
    contracts = (at("a", linear("BTC")), at("c", linear("ETH")))
    made = book({"BTC": "1", "ETH": "16", "USDT": "20006"}, {"USD": "1"}, contracts, accounts(a="1", b="1", c="1"),
                wallets={"b:USDT": "20006"})  # fmt: skip
    short = F(30000, 100006)
    made = replace(made, targets={"BTC": short, "ETH": short, "USD": 1 - 2 * short})
    plan = planned(in_mode(made, MarginMode.CROSS, mode, MarginMode.CROSS))
    assert traded(plan) == {"a:BTCUSDT": -250, "c:ETHUSDT": -4000}
    assert moves(plan) == [("b", "a", F(-10005)), ("b", "c", F(-10001)), ("a", "b", F(10005)), ("c", "b", F(10001))]


@pytest.mark.parametrize("mode", [MarginMode.CROSS, MarginMode.POOLED])
@pytest.mark.parametrize(("entry", "inside"), [("3000", "8010"), ("2000", "12010"), ("2500", "10010")])
def test_what_closing_makes_leaves_too_and_what_it_loses_does_not(entry: str, inside: str, mode: MarginMode) -> None:
    """4 ETH short are bought back at 2,500 for a fee of 5 dollars: 10,005 are left, which 10,000 of BTC at a need."""
    ethusdt = at("b", linear("ETH"))
    position = opened(ethusdt, contracts=F(-4000), entry_price=exact(entry))
    made = book({"BTC": "1", "ETH": "16", "USDT": inside}, {"USD": "1"}, (at("a", linear("BTC")), ethusdt),
                accounts(a="1", b="1"), wallets={"b:USDT": inside}, positions=(position,))  # fmt: skip
    made = replace(made, targets={"BTC": F(30000, 90010), "ETH": F(40000, 90010), "USD": F(20010, 90010)})
    made = in_mode(made, MarginMode.CROSS, mode)
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSDT": -250, "b:ETHUSDT": 4000}
    assert moves(plan) == [("b", "a", F(-10005)), ("a", "b", F(10005))]
    assert done(plan) == [("order", "b:ETHUSDT"), ("out", "b a"), ("in", "a b"), ("order", "a:BTCUSDT")]
    assert left(plan, made).statement.wallets == {"a:USDT": F(10000), "b:USDT": F(0)}


def test_what_is_set_aside_stays() -> None:
    made = two_legs("40000")
    aside = planned(replace(made, aside=frozenset({"USDT"})))
    assert moves(aside) == []
    assert "a:BTCUSDT" not in traded(aside)


def reduced(btc: str, inside: str, listed: tuple[Account, ...], *, eth: int = 10000) -> Portfolio:
    """Of 20,000 short of ETH at b, on USDT, ``eth`` are to stay; ``btc`` dollars are to be short, on USDT too."""
    ethusdt = at("b", linear("ETH"))
    others = (at(each.name or "", linear("BTC")) for each in listed if each.name != "b")
    position = opened(ethusdt, contracts=F(-8000), entry_price=F(2500))
    made = book({"BTC": "1", "ETH": "16", "USDT": inside}, {"USD": "1"}, (*others, ethusdt), listed,
                wallets={"b:USDT": inside}, positions=(position,))  # fmt: skip
    equity, short = 80000 + exact(inside), exact(btc)
    weights = {"BTC": (40000 - short) / equity, "ETH": (40000 - eth) / equity}
    return replace(made, targets={**weights, "USD": 1 - sum(weights.values(), F(0))})


@pytest.mark.parametrize(("short", "sent"), [("10000", "10000"), ("4000", "4002")])
def test_what_orders_free_goes_where_it_is_missing_and_only_the_rest_to_spot(short: str, sent: str) -> None:
    """Half of 20,000 is bought back, which frees 10,000 of 25,000; a fee on top comes as far as that does."""
    made = reduced(short, "25000", accounts(a="1", b="1"))
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"b:ETHUSDT": 4000, "a:BTCUSDT": -exact(short) / 40}
    rest = 10000 - exact(sent)
    out = [("b", None, -rest)] if rest else []
    assert moves(plan) == [("b", "a", -exact(sent)), ("a", "b", exact(sent)), *out]
    assert done(plan)[:2] == [("order", "b:ETHUSDT"), ("out", "b a")]
    # 5 dollars of fee for what is bought back, and what that leaves beyond its need stays a cushion
    assert left(plan, made).statement.wallets["b:USDT"] == 25000 - 10000 - 5


def test_what_orders_free_in_a_pool_goes_to_one_account_after_the_other_and_none_of_it_twice() -> None:
    """USDT count 80 % at the pool b: 8,000 less short free 10,000 of them. 4,800 may sit at a, and 5,200 are left to c.

    Both carry as much at leverage 1, before their fees.
    """
    made = in_mode(reduced("10000", "40000", accounts(a="0.04", b="1", c="1"), eth=12000), MarginMode.CROSS,
                   MarginMode.POOLED, MarginMode.CROSS)  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {"b:ETHUSDT": 3200, "a:BTCUSDT": -120, "c:BTCUSDT": -130}
    assert moves(plan) == [("b", "a", F(-4800)), ("b", "c", F(-5200)), ("a", "b", F(4800)), ("c", "b", F(5200))]


def test_of_what_leaves_two_wallets_only_the_coin_that_is_sent_on_is_less() -> None:
    """19,000 of ETH are bought back: 10,000 and 5,000 on USDT, 15,000 and 5,000 free, and 4,000 on 1.6 ETH at b.

    3,001.5 USDT go from b to a: the ETH leaves b whole, and c's USDT do.
    """
    ethusd, ethusdt = at("b", inverse("ETH", "1")), at("b", linear("ETH"))
    held = [(ethusd, -4000), (ethusdt, -4000), (at("c", linear("ETH")), -4000)]
    positions = tuple(opened(each, contracts=F(size), entry_price=F(2500)) for each, size in held)
    made = book({"BTC": "1", "ETH": "16", "USDT": "30000"}, {"USD": "1"},
                (at("a", linear("BTC")), *(each for each, _ in held)), accounts(a="1", b="1", c="1"),
                wallets={"b:USDT": "15000", "c:USDT": "15000", "b:ETH": "2"}, positions=positions)  # fmt: skip
    made = replace(made, targets={"BTC": F(37, 110), "ETH": F(35, 110), "USD": F(38, 110)})
    plan = planned(made)
    assert traded(plan) == {"b:ETHUSD": 4000, "b:ETHUSDT": 4000, "c:ETHUSDT": 2000, "a:BTCUSDT": -75}
    sent = [(each.account, each.other_account, each.asset, each.quantity) for each in plan.transfers]
    assert sent == [
        ("b", "a", "USDT", exact("-3001.5")),
        ("a", "b", "USDT", exact("3001.5")),
        ("b", None, "ETH", exact("-1.6")),
        ("b", None, "USDT", exact("3001.5") - 10000),
        ("c", None, "USDT", F(-5000)),
    ]


def test_nothing_leaves_a_pool_in_alert_even_where_all_of_it_is_closed() -> None:
    """8,000 short on 0.3 BTC, of which 9,600 dollars count: leverage 5/6, beyond an alert of a half."""
    modes = (MarginMode.CROSS, MarginMode.POOLED)
    _, calm = rolled("0.2", "0.3", modes=modes)
    assert not calm.refused
    assert [each.account for each in calm.transfers if each.other_account] == ["b", "a"]
    _, alarmed = rolled("0.2", "0.3", alert="0.5", modes=modes)
    assert alarmed.refused
    assert not alarmed.transfers


@pytest.mark.parametrize("fee", ["0.0005", "0"])
def test_a_pool_has_nothing_of_a_coin_that_nobody_holds(fee: str) -> None:
    """10,000 of ETH are opened at the pool b; 10,000 of BTC would take USDT at a, of which there are none.

    Whether its fee is owed or there is none: then USDT are no coin of the book at all.
    """
    made = book({"BTC": "1", "ETH": "16"}, None, (at("a", linear("BTC", fee=fee)), at("b", inverse("ETH", "1"))),
                accounts(a="1", b="1"), wallets={"b:ETH": "16"})  # fmt: skip
    made = in_mode(replace(made, targets={"BTC": F(3, 8), "ETH": F(3, 8), "USD": F(1, 4)}),
                   MarginMode.CROSS, MarginMode.POOLED)  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    legs = [
        Leg(made.contracts["a:BTCUSDT"], F(-250), Route.LINEAR, Purpose.REBALANCE, "BTC"),
        Leg(made.contracts["b:ETHUSD"], F(-10000), Route.INVERSE, Purpose.REBALANCE, "ETH"),
    ]
    outcome = desk.step(desk.orders_of(legs))
    assert outcome.transfers == ()
    assert [(each.account.name, each.missing) for each in outcome.shortages] == [("a:USDT", F(10000))]


def test_a_pool_that_lacks_itself_what_no_amount_brings_sends_nothing() -> None:
    """At the pool b 1 BTC counts, four fifths of it, which 80,000 short of ETH ask more of; there are 3."""
    made = book({"BTC": "4", "ETH": "40"}, None, (A, at("b", inverse("ETH", "1"))), accounts(a="1", b="1"),
                wallets={"b:BTC": "3"}, rules=policy(max_at_venue="1"))  # fmt: skip
    made = in_mode(replace(made, aside=frozenset({"ETH"})), MarginMode.CROSS, MarginMode.POOLED)
    counts = Collateral(Counted.COINS, (Slice(F(1), F(4, 5)), Slice(None, F(0))))
    a, b = made.told_accounts
    made = replace(made, told_accounts=(a, replace(b, pooling=replace(POOL, collateral={"BTC": counts}))))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    legs = [
        Leg(A, F(-80000), Route.INVERSE, Purpose.HEDGE, "BTC"),
        Leg(made.contracts["b:ETHUSD"], F(-80000), Route.INVERSE, Purpose.HEDGE, "ETH"),
    ]
    outcome = desk.step(desk.orders_of(legs))
    assert [each for each in outcome.transfers if each.other_account] == []
    assert ("a:BTC", exact("1")) in [(each.account.name, each.missing) for each in outcome.shortages]


def test_every_place_that_spot_fills_keeps_its_own_coins_where_a_fee_is_brought_to_one() -> None:
    """A quarter of 80,000 may sit at a, and 20,000 short take all of it: 0.5 BTC. The plan pays 15 dollars of fees.

    10 of them at a, where a quarter of 79,985 may sit then, 6.25 dollars above the 19,990: 0.00015625 BTC.
    """
    made = book({"BTC": "1", "ETH": "16"}, None, (A, at("b", inverse("ETH", "1"))), accounts(a="0.25", b="1"))
    made = strict(replace(made, targets={"BTC": F(2, 8), "ETH": F(3, 8), "USD": F(3, 8)}), "1", "1")
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -20000, "b:ETHUSD": -10000}
    assert sorted(moves(plan)) == [("a", None, exact("0.50015625")), ("b", None, exact("4.002"))]


def test_the_room_that_fees_leave_is_filled_with_whole_steps() -> None:
    """9,999 short cost 4.9995: a quarter of 39,995.0005 is 9,998.750125, 3.749625 above what sits at a then."""
    made = book({"BTC": "1"}, None, (A,), accounts(a="0.25", b="1"))
    plan = planned(strict(replace(made, targets={"BTC": F(30001, 40000), "USD": F(9999, 40000)}), "1", "1"))
    assert traded(plan) == {"a:BTCUSD": -9999}
    assert moves(plan) == [("a", None, exact("0.25009374"))]


def test_a_fee_that_spot_brings_whole_once_there_is_room_is_brought_no_second_time() -> None:
    """10,005 of 40,000 may sit at a, which 10,000 of 20,000 short at leverage 2 and half of the fee of 10 fill.

    Of the 39,990 left 10,002.49875 may, where 9,995 sit: room for the other half, and b's coins stay.
    """
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="0.250125", b="1"),
                wallets={"b:BTC": "0.3"})  # fmt: skip
    assert moves(planned(strict(made, "2", "2"))) == [("a", None, exact("0.25025"))]


def test_a_fee_that_is_no_whole_step_is_rounded_up_as_the_alert_would_ask_for_it_again() -> None:
    """20,000 at leverage 3 need 0.1666... BTC, and 0.16666667 are there before a fee of 0.00025."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.16666667", "b:BTC": "0.83333333"},
                rules=policy(leverage="3", distance="0.2", alert=("0.1", "3")))  # fmt: skip
    plan = planned(made)
    assert moves(plan) == [("b", "a", exact("-0.00025")), ("a", "b", exact("0.00025"))]
    again = planned(left(plan, made))
    assert (traded(again), moves(again)) == ({}, [])


def test_a_fee_comes_from_another_account_beside_what_spot_had() -> None:
    """0.25 BTC at a and as many in spot margin 20,000; only the fee of 0.00025 is missing then, and comes from b."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.25", "b:BTC": "0.5"})  # fmt: skip
    plan = planned(strict(made, "1", "1"))
    assert moves(plan) == [("b", "a", exact("-0.00025")), ("a", None, exact("0.25")), ("a", "b", exact("0.00025"))]


@pytest.mark.parametrize("most", ["1", "0.9"])
def test_of_a_fee_no_more_comes_from_spot_than_is_there_whatever_has_room(most: str) -> None:
    """As above, with 0.0001 BTC in spot besides."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a=most, b="1"),
                wallets={"a:BTC": "0.25", "b:BTC": "0.4999"})  # fmt: skip
    assert moves(planned(strict(made, "1", "1"))) == [
        ("b", "a", exact("-0.00015")), ("a", None, exact("0.2501")), ("a", "b", exact("0.00015"))
    ]  # fmt: skip


def test_what_is_more_than_the_policy_asks_stays_though_the_alert_asks_for_still_more() -> None:
    """20,000 short on 0.3 BTC: a policy of leverage 2 asks for 0.25, an alert at 1.25 for 0.4."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.3", "b:BTC": "0.5"})  # fmt: skip
    plan = planned(strict(made, "2", "1.25"))
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert moves(plan) == []


@pytest.mark.parametrize(("least", "came"), [("10", None), ("2", "0.00005")])
def test_too_little_for_what_nothing_trades_does_not_come_with_the_fees_either(least: str, came: str | None) -> None:
    """A hedge of 4,000 at b lacks 0.0001 BTC at leverage 1; 2 dollars, half of it, are in spot."""
    position = opened(B, contracts=F(-4000), entry_price=F(40000), hedge=F(-4000))
    made = book({"BTC": "0.09995"}, {"BTC": "1"}, (A, B), accounts(a="1", b="1"), wallets={"b:BTC": "0.0999"},
                positions=(position,), rules=policy(min_order=least))  # fmt: skip
    plan = planned(strict(made, "1", "1"))
    assert traded(plan) == {}
    assert moves(plan) == ([] if came is None else [("b", None, exact(came))])


def test_what_leaves_an_account_makes_room_there_though_another_one_stays_short() -> None:
    """8 ETH leave a for b, where 20,000 are short, and 0.25 BTC of c's have room at a; d lacks USDT nobody has."""
    made = book({"BTC": "1", "ETH": "24"}, None, (A, at("b", inverse("ETH", "1")), at("d", linear("BTC"))),
                accounts(a="0.2", b="1", c="1", d="1"), wallets={"a:ETH": "8", "c:ETH": "16", "c:BTC": "1"}
    )  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    sizes = {"a:BTCUSD": -10000, "b:ETHUSD": -20000, "d:BTCUSDT": -100}
    outcome = desk.step(desk.orders_of(
        Leg(contract, F(sizes[name]), Route.INVERSE, Purpose.HEDGE, contract.asset)
        for name, contract in made.contracts.items()
    ))  # fmt: skip
    assert [each.account.name for each in outcome.shortages] == ["d:USDT"]
    came = {(each.account, each.asset): each.quantity for each in outcome.transfers if each.account == "a"}
    assert came == {("a", "ETH"): -8, ("a", "BTC"): exact("0.250125")}


@pytest.mark.parametrize(("equity", "room"), [("100", "50"), ("0.5", "0.25"), ("0", "0"), ("-5", "0")])
def test_a_share_of_what_is_owned_may_sit_at_an_account_and_of_debts_nothing(equity: str, room: str) -> None:
    made = book({"BTC": "1"}, None, (A,), accounts(a="0.5", b="1"))
    roomy = with_room(made, exact(equity))
    assert [each.most_usd for each in roomy.accounts] == [exact(room), None]


def test_what_can_leave_at_once_goes_before_what_waits_for_orders_though_the_file_has_it_later() -> None:
    """A hedge of 20,000 goes from b to a: closing it frees 0.5 BTC, and 0.6 lie behind nothing at c."""
    position = opened(B, contracts=F(-20000), entry_price=F(40000), hedge=F(-20000))
    made = book({"BTC": "1.6"}, None, (A, B), accounts(a="1", b="1", c="1"), wallets={"b:BTC": "1", "c:BTC": "0.6"},
                positions=(position,))  # fmt: skip
    ask = Ask("BTC", F(5, 16), named("a:BTCUSD", "BTC", made, now=INPUTS.now), stays=frozenset({"a:BTCUSD"}))
    plan = build_hedge(made, made.statement, asks=[ask], inputs=INPUTS)
    # five sixteenths of what the fee of 10 dollars leaves of 64,000, in whole dollars, and 0.05 % on top
    assert traded(plan) == {"b:BTCUSD": 20000, "a:BTCUSD": -19996}
    sent = exact("0.4999") + exact("0.00024995")
    assert moves(plan) == [("c", "a", -sent), ("a", "c", sent), ("b", None, exact("-0.5"))]


def test_no_coin_leaves_a_pool_twice_where_some_of_it_is_needed_there() -> None:
    """10,000 of ETH take 12,500 USDT at the pool b, which counts 80 % of them; of 22,505 its fee of 5 is paid.

    10,000 are left: 4,800 may sit at a, and 5,200 margin as many dollars at c, before their fee.
    """
    contracts = (at("a", linear("BTC")), at("b", linear("ETH")), at("c", linear("BTC")))
    made = book({"BTC": "1", "ETH": "16", "USDT": "22505"}, {"USD": "1"}, contracts, accounts(a="1", b="1", c="1"),
                wallets={"b:USDT": "22505"})  # fmt: skip
    made = replace(made, targets={"BTC": F(30000, 102505), "ETH": F(30000, 102505), "USD": F(42505, 102505)})
    made = in_mode(made, MarginMode.CROSS, MarginMode.POOLED, MarginMode.CROSS)
    first, *others = made.told_accounts
    plan = planned(replace(made, told_accounts=(replace(first, at_most=F(4800, 102505)), *others)))
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSDT": -120, "b:ETHUSDT": -4000, "c:BTCUSDT": -130}
    assert moves(plan) == [("b", "a", F(-4800)), ("b", "c", F(-5200)), ("a", "b", F(4800)), ("c", "b", F(5200))]


def test_a_pool_sends_what_it_needs_no_more_with_the_fee_that_comes_from_spot() -> None:
    """8,000 short of ETH count on 0.25 of 0.75025 BTC once the fee of 0.0016 ETH has come, and owe none of it.

    20,000 short at a take the rest: 0.5 and 0.00025 for the fee.
    """
    made = book({"BTC": "0.75025", "ETH": "5"}, None, (A, at("b", inverse("ETH", "1"))), accounts(a="1", b="1"),
                wallets={"b:BTC": "0.75025"})  # fmt: skip
    made = replace(made, targets={"BTC": F(10010, 42510), "ETH": F(4500, 42510), "USD": F(28000, 42510)})
    plan = planned(in_mode(made, MarginMode.CROSS, MarginMode.POOLED))
    assert not plan.refused
    assert traded(plan) == {"a:BTCUSD": -20000, "b:ETHUSD": -8000}
    sent = exact("0.50025")
    assert moves(plan) == [("b", "a", -sent), ("b", None, exact("0.0016")), ("a", "b", sent)]


def test_what_does_do_comes_however_little_it_is() -> None:
    """A hedge of 20,000 at a lacks 4 dollars at leverage 1, of which an order would take 10."""
    position = opened(A, contracts=F(-20000), entry_price=F(40000), hedge=F(-20000))
    made = book({"BTC": "1"}, {"BTC": "1"}, (A, B), accounts(a="1", b="1"), positions=(position,),
                wallets={"a:BTC": "0.4999", "b:BTC": "0.5001"})  # fmt: skip
    assert moves(planned(strict(made, "1", "1"))) == [("b", "a", exact("-0.0001")), ("a", "b", exact("0.0001"))]


def test_a_fee_stays_away_where_the_alert_would_not_ask_for_it_though_another_rule_of_it_is_strict() -> None:
    """20,000 short on 0.25 BTC at leverage 2, and 2.002 once the fee is paid: the alert is at 2.5, or 50 % away."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.25", "b:BTC": "0.75"},
                rules=policy(leverage="2", alert=("0.5", "2.5")))  # fmt: skip
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert moves(plan) == []


@pytest.mark.parametrize("names", [("a", "b"), ("a",)])
def test_a_rescue_of_an_isolated_position_counts_what_lies_loose_beside_it_once(names: tuple[str, ...]) -> None:
    """0.3 BTC margin 20,000 long, and 0.05 lie loose beside them, be it the account that there is or one of two."""
    contract, wallet = (A, "a:BTC") if len(names) > 1 else (inverse("BTC", "1"), "BTC")
    position = opened(contract, contracts=F(20000), entry_price=F(40000), margin=exact("0.3"))
    made = book({"BTC": "0.35"}, None, (contract,), accounts(**dict.fromkeys(names, "1")), wallets={wallet: "0.35"},
                positions=(position,))  # fmt: skip
    plan = build_rescue(in_mode(made, *[MarginMode.ISOLATED] * len(names)), made.statement, inputs=INPUTS)
    sent = [(each.account, each.other_account, each.contract, each.quantity) for each in plan.transfers]
    assert sent == [("a", None, None, exact("-0.05")), ("a", None, contract.name, exact("0.05"))]


def test_what_sits_at_an_account_beyond_what_may_is_no_reason_to_move_any_of_it() -> None:
    """A fifth of 40,000 may sit at a, where 20,000 do: they margin 20,000, and no fee has room."""
    made = book({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="0.2", b="1"),
                wallets={"a:BTC": "0.5", "b:BTC": "0.25"})  # fmt: skip
    plan = planned(strict(made, "1", "1"))
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert moves(plan) == []


def test_a_fee_is_brought_where_the_alert_asks_for_more_distance_than_the_policy() -> None:
    """20,000 long on 0.25 BTC at leverage 2 end at 26,800, a third away: past an alert at a half, which stands then.

    The next plan would ask for the fee of 0.00025, of which the policy's leverage is short.
    """
    made = book({"BTC": "0.75", "USD": "30000"}, None, (A,), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.25", "b:BTC": "0.5"},
                rules=policy(leverage="2", distance="0.2", alert=("0.5", "2.5")))  # fmt: skip
    made = replace(made, targets={"BTC": F(5, 6), "USD": F(1, 6)})
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": 20000}
    assert moves(plan) == [("b", "a", exact("-0.00025")), ("a", "b", exact("0.00025"))]
    again = planned(left(plan, made))
    assert (traded(again), moves(again)) == ({}, [])


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(("dollars", "sent"), [(37000, "0.374375"), (10000, "0.250125")])
def test_a_pool_keeps_what_backs_its_debts_though_nothing_is_open_there(dollars: int, sent: str, closes: bool) -> None:
    """500 long from 60,000, closed at 40,000, cost 10,000 dollars and 10 of fee, which are owed.

    At half the price 1 BTC counts 16,000 dollars: 10,010 of them are 0.625625 BTC. A short of 10,000 elsewhere takes
    0.250125 with its fee, one of 37,000 all that is over.
    """
    long = at("b", linear("BTC"))
    made = in_mode(
        book({"BTC": "1"}, None, (A, long), accounts(a="1", b="1"), wallets={"b:BTC": "1"},
             positions=(opened(long, contracts=F(500), entry_price=F(60000)),)),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    legs = [Leg(long, F(-500), Route.LINEAR, Purpose.REBALANCE, "BTC")]
    if not closes:
        closed = Desk.of(made, made.statement, now=INPUTS.now).orders_of(legs)
        made, legs = replace(made, statement=after_orders(made.statement, closed, made)), []
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    done = desk.step(desk.orders_of([*legs, Leg(A, F(-dollars), Route.INVERSE, Purpose.REBALANCE, "BTC")]))
    assert [(each.account, each.quantity) for each in done.transfers] == [("b", -exact(sent)), ("a", exact(sent))]
    assert bool(done.shortages) is (dollars == 37000)


def test_what_a_pool_frees_goes_to_each_account_that_misses_it_once() -> None:
    """Half of 20,000 short at b closes: of 0.625 BTC, which count 80 %, 0.3125 are needed no more.

    5,000 at a and at c take 0.125 each and 0.0000625 of fee; the rest goes to spot.
    """
    c = at("c", inverse("BTC", "1"))
    short = opened(B, contracts=F(-20000), entry_price=F(40000), hedge=F(-20000))
    made = book({"BTC": "1"}, None, (A, B, c), accounts(a="1", b="1", c="1"), wallets={"b:BTC": "1"},
                positions=(short,))  # fmt: skip
    made = in_mode(made, MarginMode.CROSS, MarginMode.POOLED, MarginMode.CROSS)
    legs = [
        Leg(each, F(contracts), Route.INVERSE, Purpose.HEDGE, "BTC")
        for each, contracts in ((B, 10000), (A, -5000), (c, -5000))
    ]
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    done = desk.step(desk.orders_of(legs))
    assert [(each.account, each.other_account, each.quantity) for each in done.transfers] == [
        ("b", "a", exact("-0.1250625")), ("b", "c", exact("-0.1250625")),
        ("a", "b", exact("0.1250625")), ("c", "b", exact("0.1250625")), ("b", None, exact("-0.062375")),
    ]  # fmt: skip
    assert not done.shortages
