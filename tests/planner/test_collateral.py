"""How many coins an account needs, and where they come from: figures worked out by hand."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from operator import ge

import pytest

from exact import exact
from rebal.amounts import COIN_STEP, Fraction
from rebal.book import MarginMode, Position, opened
from rebal.findings import Code
from rebal.market.contract import Contract
from rebal.market.margin import Held
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.collateral import Account, Need, Shortage, accounts, last_that, need, past
from rebal.planner.posting import free_coins, loose_in_wallets, post
from rebal.planner.sequence import after_orders, after_transfers
from rebal.planner.step import step
from rebal.planner.unwind import build_unwind
from rebal.policy import Alert, Policy
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, policy, portfolio
from .test_splitting import accounts as several

F = Fraction
BTC = inverse("BTC", "100")
NOTHING = F(0)


def book_of(*positions: Position, coins: str, wallet: str, rules: Policy | None = None) -> Portfolio:
    """Bitcoin at 40,000 with longs that are as large as they ought to be: nothing is to be traded."""
    exposure = exact(coins) + sum((each.contracts * each.contract.multiplier / 40000 for each in positions), NOTHING)
    share = exposure / exact(coins)
    return portfolio(
        {"BTC": coins},
        {"BTC": str(share), "USD": str(1 - share)},
        {"BTC": "40000"},
        tuple(each.contract for each in positions),
        wallets={"BTC": wallet},
        positions=positions,
        rules=rules,
    )


def long(contract: Contract = BTC, *, margin: str | None = None) -> Position:
    """40,000 dollars, one bitcoin, from where the mark is."""
    return opened(contract, contracts=F(400), entry_price=F(40000), margin=None if margin is None else F(margin))


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def moved(plan: Plan) -> list[tuple[str | None, Fraction]]:
    return [(transfer.contract, transfer.quantity) for transfer in plan.transfers]


def test_a_short_in_profit_needs_what_each_rule_asks_of_it() -> None:
    # 40,000 dollars short from 50,000: 1 BTC at 40,000, 0.2 of profit; at 60,000 it is worth 2/3, 0.5 % of that is due
    contract = replace(BTC, leverage=F(1))
    short = Held(contract, F(-400), F(50000), F(40000))
    made = portfolio({}, None, {"BTC": "40000"}, (contract,), rules=policy(leverage="2"))
    survival = F(4, 5) - F(2, 3) * F(995, 1000)
    assert need((short,), made) == Need(F(1, 2) - F(1, 5), 1 - F(1, 5), survival, F(1, 5))


def test_a_long_at_a_loss_leans_on_no_profit() -> None:
    # 40,000 dollars long from 50,000: 0.2 lost; at 20,000 it is worth 2 and stands 1.2 in loss
    held = Held(BTC, F(400), F(50000), F(40000))
    made = portfolio({}, None, {"BTC": "40000"}, (BTC,))
    assert need((held,), made) == Need(F(6, 5), F(6, 5), F(6, 5) + 2 * F(5, 1000), NOTHING)


def test_nothing_held_needs_nothing() -> None:
    assert need((), portfolio({}, None, {}, ())) == Need(NOTHING, NOTHING, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("asked", "most", "least"),
    [
        (Need(F(3), F(1), F(2), NOTHING), 3, 3),  # the fees of opening are not counted against leverage
        (Need(F(1), F(3), F(2), NOTHING), 3, 3),
        (Need(F(1), F(2), F(3), NOTHING), 3, F(7, 2)),
        (Need(F(-1), F(-2), F(-3), F(4)), 0, 0),
    ],
)
def test_the_largest_rule_is_the_need(asked: Need, most: Fraction, least: Fraction) -> None:
    assert asked.most == most
    assert asked.least(F(1, 2)) == least


def test_profit_may_be_leant_on_but_not_taken_out() -> None:
    assert Need(F(1), F(2), F(3), F(4)).without_profit == 7
    assert Need(F(-1), F(-2), F(-3), F(4)).without_profit == 0


def test_what_is_missing_is_rounded_up_to_what_can_be_moved() -> None:
    account = Account("BTC", None, NOTHING, (), ())
    missing = Shortage(account, F(2, 3), F(1, 3), need((), portfolio({}, None, {}, ()))).missing
    assert missing == F("0.33333334")


def test_no_more_is_free_than_the_policy_lets_in() -> None:
    made = book_of(long(), coins="2", wallet="1.5", rules=policy(max_at_venue="0.5"))
    assert free_coins("BTC", made.statement, made) == 0
    assert free_coins("BTC", made.statement, replace(made, policy=policy(max_at_venue="0.8"))) == F(1, 10)
    assert free_coins("BTC", made.statement, replace(made, policy=policy(), aside=frozenset({"BTC"}))) == 0


def test_accounts_stand_by_coin_and_the_wallet_before_its_isolated_positions() -> None:
    apart, ether = inverse("BTC", "100", name="BTCA"), inverse("ETH")
    positions = (opened(ether, contracts=F(10), entry_price=F(2500)), long(), long(apart, margin="0.4"))
    made = portfolio(
        {"ETH": "5", "BTC": "3"}, None, {"BTC": "40000", "ETH": "2500"}, (BTC, apart, ether),
        wallets={"ETH": "2", "BTC": "1"}, positions=positions,
    )  # fmt: skip
    listed = accounts(made.statement, made.statement, (), portfolio=made)
    assert [(each.currency, each.contract, each.balance) for each in listed] == [
        ("BTC", None, F(3, 5)), ("BTC", "BTCA", F(2, 5)), ("ETH", None, F(2))
    ]  # fmt: skip


def test_below_the_policy_but_not_in_alert_nothing_is_topped_up() -> None:
    # leverage 1/0.9, below 1.25; liquidated at 40,200/1.9, 47 % below
    assert moved(planned(book_of(long(), coins="2", wallet="0.9"))) == []


def test_in_alert_it_is_topped_up_to_the_policy() -> None:
    # at 20,000 the long is worth 2 and 1 is lost: with 0.5 % of 2 that is 1.01
    made = book_of(long(), coins="2", wallet="0.5")
    assert moved(planned(made)) == [(None, F("0.51"))]
    assert step(made, made.statement, (), tops_up=False).transfers == ()


def test_in_alert_nothing_leaves_though_the_policy_asks_for_less_than_the_alert_level() -> None:
    # leverage 1/0.6 is beyond 1.25 and below the policy's 3; at 32,000 the long needs 0.25 and 0.5 % of 1.25
    loose = policy(leverage="3", distance="0.2")
    assert moved(planned(book_of(long(), coins="2", wallet="0.6", rules=loose))) == []


def test_what_one_account_takes_is_gone_for_the_next() -> None:
    second = inverse("BTC", "100", name="BTCZ")
    made = book_of(
        long(margin="0.5"), long(second, margin="0.5"), coins="1.6", wallet="1",
        rules=policy(mode=MarginMode.ISOLATED),
    )  # fmt: skip
    plan = planned(made)
    assert moved(plan) == [("BTCUSD", F("0.51")), ("BTCZ", F("0.09"))]
    shortages = step(made, made.statement, ()).shortages
    assert [(each.account.contract, each.missing) for each in shortages] == [("BTCZ", F("0.42"))]


def test_no_more_than_is_there_is_moved_in() -> None:
    # a third of 2 BTC may be at the venue, half a bitcoin is: 1/6, of which whole steps of 1e-8 can be sent
    made = book_of(long(), coins="2", wallet="0.5", rules=policy(max_at_venue="1/3"))
    assert moved(planned(made)) == [(None, F("0.16666666"))]


@pytest.mark.parametrize(
    ("entry", "moved_in"),
    [
        # 0.1 to the half that may be there, and half of the fee of 130 contracts at 40,000: 0.0001625 BTC
        ("40000", "0.10008125"),
        # entered at 45,000 it loses 0.029166.. as 105 are sold, half of which makes room as well: 0.1146489...
        ("45000", "0.11464896"),
        # a gain makes room for no fewer
        ("38000", "0.1"),
    ],
)
def test_what_orders_take_out_of_the_account_makes_room_there_at_once(entry: str, moved_in: str) -> None:
    made = portfolio({"BTC": "1", "USD": "100000"}, {"BTC": "0.55", "USD": "0.45"}, {"BTC": "40000"}, (BTC,),
                     wallets={"BTC": "0.4"}, positions=(opened(BTC, contracts=F(500), entry_price=F(entry)),),
                     rules=policy(max_at_venue="0.5"))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert plan.orders
    assert [each.quantity for each in plan.transfers] == [exact(moved_in)]
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    again = build_plan(made, left, inputs=INPUTS)
    assert any(each.code is Code.ALERT for each in again.findings)
    assert (again.orders, again.transfers) == ((), ())
    assert entry == "38000" or left.wallets["BTC"] <= left.holdings["BTC"] / 2 + COIN_STEP


def test_what_is_missing_is_moved_in_up_to_the_next_step_and_what_is_freed_out_down_to_it() -> None:
    # at 28,000 a long of 40,000 has lost 3/7 and 0.5 % of 10/7 is due: 0.435714285.. of which 0.2 is there
    loose = policy(leverage="3", distance="0.3", alert=("0.2", "4"))
    assert moved(planned(book_of(long(), coins="2", wallet="0.2", rules=loose))) == [(None, F("0.23571429"))]
    # a third of a short of 40,000 at 30,000, 133 contracts of 100, takes 0.44333.. of its need
    short = opened(BTC, contracts=F(-400), entry_price=F(30000))
    made = portfolio({"BTC": "2"}, None, {"BTC": "30000"}, (BTC,), wallets={"BTC": "1.5"}, positions=(short,))
    assert moved(build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 3))) == [(None, F("-0.44333333"))]


@pytest.mark.parametrize(("signed", "distance"), [(400, "0.1625"), (-400, "0.24375")])
def test_a_position_is_past_a_level_whose_distance_it_does_not_keep(signed: int, distance: str) -> None:
    """On 0.2 BTC a long ends at 40,200 / 1.2 = 33,500, a short at 39,800 / 0.8 = 49,750."""
    held = (Held(BTC, F(signed), F(40000), F(40000)),)
    for more, is_past in (("0.0001", True), ("-0.0001", False)):
        assert past(F(1, 5), held, Alert(exact(distance) + exact(more), F(10))) is is_past
    assert past(F(1, 5), held, Alert(F(1, 100), F(4)))
    assert not past(NOTHING, (), Alert(F(1, 2), F(1)))


def test_a_shortage_counts_fees_where_there_are_any() -> None:
    account, asked = Account("BTC", None, NOTHING, (), ()), need((), portfolio({}, None, {}, ()))
    assert Shortage(account, F(2), F(1, 2), asked, with_fees=F(3)).missing_with_fees == F(5, 2)
    assert Shortage(account, F(2), F(1, 2), asked).missing_with_fees == F(3, 2)
    assert Shortage(account, F(1, 3), NOTHING, asked, with_fees=F(2, 3)).missing_with_fees == F("0.66666667")


def test_what_leaves_one_account_is_not_there_for_the_next() -> None:
    """It leaves once the orders are filled, and is needed before them."""
    held = (Held(BTC, F(400), F(40000), F(40000)),)
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1"})
    listed = [Account("BTC", None, F(1), held, (), traded=True), Account("BTC", "BTCA", NOTHING, (), held, traded=True)]
    arriving, leaving, shortages = post(listed, made.statement, made)
    assert (arriving, [each.quantity for each in leaving]) == ((), [F(-1)])
    assert [each.account.contract for each in shortages] == ["BTCA"]


def test_what_orders_need_is_brought_up_to_the_next_step() -> None:
    """A short of 40,000 at 30,000 is 4/3 of a bitcoin, and all of it is to be there."""
    held = (Held(BTC, F(-400), F(30000), F(30000)),)
    made = portfolio({"BTC": "2"}, None, {"BTC": "30000"}, (BTC,))
    arriving, _, _ = post([Account("BTC", None, NOTHING, (), held, traded=True)], made.statement, made)
    assert [each.quantity for each in arriving] == [F("1.33333334")]


@pytest.mark.parametrize(("owned", "brought"), [("0.80000", ["0.0001"]), ("0.79995", []), ("0.7999", [])])
def test_less_than_an_order_comes_to_an_account_where_it_is_all_that_it_lacks(owned: str, brought: list[str]) -> None:
    """A long of one bitcoin asks for 0.8 at leverage 1.25, which is the alert too; 0.0001 are 4 dollars of the 10."""
    held = (Held(BTC, F(400), F(40000), F(40000)),)
    made = portfolio({"BTC": owned}, None, {"BTC": "40000"}, (BTC,), wallets={"a:BTC": "0.7999"},
                     rules=policy(leverage="1.25", distance="0.1", alert=("0.05", "1.25")))  # fmt: skip
    made = replace(made, told_accounts=several(a="1", b="1"))
    arriving, _, shortages = post([Account("BTC", None, F("0.7999"), held, held, at="a")], made.statement, made)
    assert [each.quantity for each in arriving] == [exact(each) for each in brought]
    assert bool(shortages) is not bool(brought)


def test_an_isolated_margin_starts_with_nothing() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC,))
    after = replace(made.statement, positions={"BTCUSD": long(margin="0")})
    (listed,) = accounts(made.statement, after, (), portfolio=made)
    assert (listed.contract, listed.balance, len(listed.held_after)) == ("BTCUSD", NOTHING, 1)


def test_margins_are_a_part_of_their_wallet_even_where_none_is_named() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), positions=(long(margin="0.4"),))
    listed = accounts(made.statement, made.statement, (), portfolio=made)
    assert [(each.contract, each.balance) for each in listed] == [(None, F(-2, 5)), ("BTCUSD", F(2, 5))]
    assert loose_in_wallets(listed) == {"BTC": 0}


@pytest.mark.parametrize(
    ("before", "after", "loose"),
    [
        ((), (), {"BTC": F(1)}),
        ((), (Held(BTC, F(400), F(40000), F(40000)),), {}),
        ((Held(BTC, F(400), F(40000), F(40000)),), (), {}),
    ],
)
def test_coins_that_back_something_now_or_then_are_not_loose(
    before: tuple[Held, ...], after: tuple[Held, ...], loose: Mapping[str, Fraction]
) -> None:
    assert (
        loose_in_wallets([Account("BTC", None, F(1), before, after), Account("ETH", "ETHUSD", F(1), (), ())]) == loose
    )


def test_coins_that_orders_free_leave_but_no_profit_does() -> None:
    # a short of 40,000 from 50,000 on 1.5 BTC is halved: without its profit it needed 1 BTC, then 0.5. So 0.5 BTC
    # are freed, though 0.1 of profit is booked on top, and a fee of 0.00025 paid
    short = opened(BTC, contracts=F(-400), entry_price=F(50000))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1.5"}, positions=(short,))
    assert moved(build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 2))) == [(None, F("-0.5"))]
    # with 0.9 in the wallet, 0.9 + 0.1 - 0.00025 stand against the 0.5
    less = replace(made, statement=replace(made.statement, wallets={"BTC": F("0.9")}))
    assert moved(build_unwind(less, less.statement, inputs=INPUTS, share=F(1, 2))) == [(None, F("-0.49975"))]


def test_coins_that_lie_loose_are_drawn_before_free_ones_and_leave_those_to_the_next() -> None:
    # 1.2 in the wallet, 1 of it posted, 0.6 outside: the first takes the 0.2 and 0.31 of the 0.6, the second the rest
    second = inverse("BTC", "100", name="BTCZ")
    made = book_of(
        long(margin="0.5"), long(second, margin="0.5"), coins="1.8", wallet="1.2",
        rules=policy(mode=MarginMode.ISOLATED),
    )  # fmt: skip
    assert moved(planned(made)) == [(None, F("-0.2")), ("BTCUSD", F("0.51")), ("BTCZ", F("0.29"))]
    shortages = step(made, made.statement, ()).shortages
    assert [(each.account.contract, each.missing) for each in shortages] == [("BTCZ", F("0.22"))]


def test_the_last_count_that_holds_is_found_wherever_the_search_begins() -> None:
    for holds, highest, near in product(range(9), range(8), range(-1, 10)):
        assert last_that(partial(ge, holds), highest, near=near) == min(holds, highest)
    assert last_that(partial(ge, 10**30), 10**36) == 10**30
