"""How far the coins that a plan relies on can fall, against a count of what the policy asks at each price."""

from dataclasses import replace

import pytest
from hypothesis import assume, given

from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code
from rebal.market.contract import Kind
from rebal.market.margin import Factors, Held
from rebal.planner import build_plan
from rebal.planner.checks.sustain import sustained
from rebal.planner.collateral import accounts, need
from rebal.planner.posting import free_coins
from rebal.portfolio import Portfolio

from .books import SETTINGS, books
from .given import INPUTS, inverse, policy, portfolio

HAIR = Fraction(1, 10**6)


def kept(held: tuple[Held, ...], factor: Fraction, balance: Fraction, made: Portfolio) -> bool:
    """Whether a balance is what the policy asks of positions once every mark has moved by a factor."""
    moved = tuple(replace(each, mark_price=each.mark_price * factor) for each in held)
    return need(moved, made).most <= balance


@SETTINGS
@given(books())
def test_the_coins_do_up_to_there_and_not_beyond(made: Portfolio) -> None:
    listed = [each for each in accounts(made.statement, made.statement, (), portfolio=made) if each.held_after]
    assume(listed)
    for account in listed:
        free = free_coins(account.currency, made.statement, made)
        balance, ends = account.balance + free, sustained(account, made, free=free)
        held = account.held_after
        if need(held, made).most >= balance:
            continue  # no coin is left today: told apart from what needs none
        for factor in (Fraction(n, 40) for n in range(2, 160)):
            inside = (ends.below is None or factor > ends.below) and (ends.above is None or factor < ends.above)
            assert not inside or kept(held, factor, balance, made)
        if ends.below is not None:
            assert kept(held, ends.below * (1 + HAIR), balance, made)
            assert not kept(held, ends.below * (1 - HAIR), balance + HAIR * HAIR, made)
        if ends.above is not None and ends.above < 10**6:
            assert kept(held, ends.above * (1 - HAIR), balance, made)
            assert not kept(held, ends.above * (1 + HAIR), balance + HAIR * HAIR, made)
        assert {each.contract.kind for each in held} <= set(Kind)


def test_a_long_says_how_far_its_coins_can_fall_and_what_half_costs() -> None:
    """10 ETH at 2,500, 10,000 dollars of it long: value 4 ETH at today's price and 4/k at k times it.

    Leverage 1 asks for 4/k + (4/k - 4) of 10 ETH less 0.002 of fees: k = 8/13.998. The distance of 50 % asks for
    maintenance at half of k: 8/k·1.005 - 4 <= 9.998, nearer: k = 8.04/13.998.
    """
    made = portfolio({"BTC": "1", "ETH": "10"}, {"BTC": "0", "ETH": "1"}, {"BTC": "10000", "ETH": "2500"},
                     (inverse("BTC", fee="0"), inverse("ETH")))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    said = {each.code: each for each in plan.findings if each.code in (Code.SUSTAIN, Code.COIN_MARGINED_LONG)}
    assert said[Code.SUSTAIN].data["move_below"] == Fraction("8.04") / Fraction("13.998") - 1
    assert said[Code.COIN_MARGINED_LONG].data["lost_coins"] == 4
    assert said[Code.COIN_MARGINED_LONG].data["lost_usd"] == 5000


def test_no_coin_left_is_said_of_a_long_and_not_of_a_short_that_its_coins_cover() -> None:
    """ETH margin a long, and a fall asks for more of them; every BTC covers the short, which asks for no more."""
    held, targets = {"BTC": "1", "ETH": "16.032032"}, {"BTC": "0", "ETH": "1"}
    made = portfolio(held, targets, {"BTC": "40000", "ETH": "2500"}, (inverse("BTC"), inverse("ETH")))
    fitted = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    assert {order.contract for order in fitted.orders} == {"BTCUSD", "ETHUSD"}
    said = {each.subject: each for each in fitted.findings if each.code is Code.SUSTAIN}
    assert list(said) == ["ETH"]


def test_a_long_without_a_coin_left_says_so() -> None:
    """At leverage 1, 4 ETH margin a long of 10,000 dollars and not one dollar more."""
    made = portfolio(
        {"BTC": "1", "ETH": "4"},
        {"BTC": "0.5", "ETH": "0.5"},
        {"BTC": "10000", "ETH": "2500"},
        (inverse("BTC"), inverse("ETH")),
        wallets={"ETH": "4"},
        positions=(opened(inverse("ETH"), contracts=Fraction(9000), entry_price=Fraction(2500)),),
        rules=policy(distance="0.1", alert=("0.01", "9"), band="0"),
    )
    made = replace(made, targets={"BTC": Fraction(0), "ETH": Fraction(1)})
    plan = build_plan(made, made.statement, inputs=INPUTS)
    (said,) = [each for each in plan.findings if each.code is Code.SUSTAIN and each.subject == "ETH"]
    assert said.message == "no free ETH is left to keep the policy: any fall asks for more, or a smaller position"
    assert said.data["ways"] == ("fall",)


def test_a_levered_short_without_a_coin_left_lasts_until_the_next_rise() -> None:
    """4 ETH of value at leverage 2 on the 2 there are: at k times the price 4/k/2 and a loss of 4 - 4/k, 4 - 2/k."""
    ether = inverse("ETH", fee="0")
    for wallet, rise in (("2", Fraction(1)), ("2.5", Fraction(4, 3)), ("4", None)):
        made = portfolio(
            {"ETH": wallet}, None, {"ETH": "2500"}, (ether,), wallets={"ETH": wallet}, rules=policy(leverage="2"),
            positions=(opened(ether, contracts=Fraction(-10000), entry_price=Fraction(2500)),),
        )  # fmt: skip
        (account,) = accounts(made.statement, made.statement, (), portfolio=made)
        assert sustained(account, made, free=Fraction(0)) == Factors(None, rise)


def sustain(made: Portfolio) -> list[tuple[str, str]]:
    found = build_plan(made, made.statement, inputs=INPUTS).findings
    return [(each.subject, each.message) for each in found if each.code is Code.SUSTAIN]


def levered_short(coins: str) -> Portfolio:
    """9,000 dollars of ether short, and 1,000 more to be: 4 ETH of value in all, at a leverage of 2."""
    ether, prices = inverse("ETH", fee="0"), {"ETH": "2500"}
    short = opened(ether, contracts=Fraction(-9000), entry_price=Fraction(2500))
    made = portfolio({"ETH": coins}, None, prices, (ether,), wallets={"ETH": coins}, positions=(short,),
                     rules=policy(leverage="2", distance="0.1", alert=("0.01", "9"), band="0"))  # fmt: skip
    owned = exact(coins) * 2500
    weight = (owned - 10000) / owned
    return replace(made, targets={"ETH": weight, "USD": 1 - weight})


def test_how_far_up_the_coins_of_a_levered_short_do() -> None:
    """At k times the price it has lost 4 - 4/k and is worth 4/k, of which half is asked: 4 - 2/k of what is there."""
    assert sustain(levered_short("2")) == [
        ("ETH", "no free ETH is left to keep the policy: any rise asks for more, or a smaller position")
    ]
    until = "its free ETH keep the policy until"
    assert sustain(levered_short("3")) == [
        ("ETH", f"{until} 5000.00, a rise of 100.0 %; from there none is left: the position has to shrink")
    ]
    # ten times the price is as far as is told
    assert sustain(levered_short("3.8")) == [
        ("ETH", f"{until} 25000.00, a rise of 900.0 %; from there none is left: the position has to shrink")
    ]
    assert sustain(levered_short("3.81")) == []


@pytest.mark.parametrize(
    ("coins", "until"), [("76.4", "250.00, a fall of 90.0 %"), ("76.41", None), ("12.08", "1250.00, a fall of 50.0 %")]
)
def test_how_far_down_the_coins_of_a_long_do(coins: str, until: str | None) -> None:
    """10,000 dollars of it are 4 ETH; at half of k times the price maintenance and loss are 8.04/k - 4."""
    made = portfolio({"BTC": "1", "ETH": coins}, {"BTC": "0", "ETH": "1"}, {"BTC": "10000", "ETH": "2500"},
                     (inverse("BTC", fee="0"), inverse("ETH", fee="0")), rules=policy(band="0"))  # fmt: skip
    said = f"its free ETH keep the policy until {until}; from there none is left: the position has to shrink"
    assert sustain(made) == ([] if until is None else [("ETH", said)])


@pytest.mark.parametrize(
    ("before", "told"), [(None, True), ("-0.1", True), ("0.3", True), ("0.8", False), ("0.5", False)]
)
def test_a_long_in_its_own_coin_falls_twice_where_a_plan_makes_it_longer(before: str | None, *, told: bool) -> None:
    """Half a contract of 20,000 dollars is to be open: at half the price its 4 ETH are lost, 5,000 dollars by then."""
    ether = inverse("ETH", "20000", lot="0.1", fee="0")
    held = () if before is None else (opened(ether, contracts=exact(before), entry_price=Fraction(2500)),)
    made = portfolio({"ETH": "20", "USDT": "50000"}, {"ETH": "0.6", "USD": "0.4"}, {"ETH": "2500"}, (ether,),
                     wallets={"ETH": "20"}, positions=held, rules=policy(band="0"))  # fmt: skip
    found = build_plan(made, made.statement, inputs=INPUTS).findings
    said = [each for each in found if each.code is Code.COIN_MARGINED_LONG]
    assert [each.subject for each in said] == (["ETHUSD"] if told else [])
    for each in said:
        assert each.data == {"fall": Fraction(1, 2), "lost_coins": 4, "currency": "ETH", "lost_usd": 5000}
        assert each.message == (
            "a long margined in its own coin falls twice: at half the price it has lost 4 ETH, 5000.00 USD then, on "
            "top of the fall of the coins themselves"
        )
