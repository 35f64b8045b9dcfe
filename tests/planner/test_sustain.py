"""How far the coins that a plan relies on can fall, against a count of what the policy asks at each price."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given

from rebal.market.contract import Kind
from rebal.market.margin import Held
from rebal.plan import Code
from rebal.planner import build_plan
from rebal.planner.collateral import accounts, free_coins, need
from rebal.planner.sustain import sustained
from rebal.portfolio import Portfolio

from .books import SETTINGS, books
from .given import INPUTS, inverse, portfolio

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
        balance = account.balance + free_coins(account.currency, made.statement, made)
        ends = sustained(account, made.statement, made)
        assert ends is not None
        held = account.held_after
        if Fraction(1) in (ends.below, ends.above):
            continue
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
