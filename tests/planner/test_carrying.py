"""Which contract carries a leg, and what becomes of one that no contract carries whole, by a twin in whole dollars."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Purpose
from rebal.planner.carrying import Carried, Shrink, carry, moved_usd
from rebal.planner.desk import Desk

from .division import Asked, Divided, Line, Lots, asks, asks_alone, divided, with_the_rest, worth
from .given import INPUTS

WHOLE = Shrink(to_nothing=False, to_fit=False)
TO_NOTHING = Shrink(to_nothing=True, to_fit=False)
TO_FIT = Shrink(to_nothing=True, to_fit=True)
SHRINKS = st.sampled_from([WHOLE, TO_NOTHING, TO_FIT])


def carried(asked: Asked, shrink: Shrink) -> Carried:
    """By the coins that the legs of others, which are settled, leave."""
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    before = tuple(asked.others())
    wanted = {"BTC": asked.sign * asked.dollars} | ({"DOT": ZERO} if before else {})
    settled = {"DOT": Carried(None, before, opens=True)} if before else None
    return carry(wanted, desk, shrink=shrink, settled=settled)["BTC"]


def opened_by(made: Carried, asked: Asked) -> Lots:
    found: Lots = {}
    lines = {line.contract.name: line for line in asked.lines}
    assert all((leg.purpose, leg.stands_for) == (Purpose.REBALANCE, "BTC") for leg in made.legs)
    for leg in made.legs:
        line = lines[leg.contract.name]
        found[line] = found.get(line, 0) + int(leg.contracts / line.size) * asked.sign
    return {line: lots for line, lots in found.items() if lots}


def first_that_carries(asked: Asked, shrink: Shrink) -> tuple[Lots, list[tuple[Line, int]], bool]:
    """What is opened at the one account there is, which contracts are passed, and whether it is covered.

    The first contract that carries all; else, as the leg may shrink, the most of each in turn that opens at all.
    """
    passed: list[tuple[Line, int]] = []
    for line in asked.lines:
        whole = int(asked.dollars / line.lot)
        if whole and asked.carries({line: whole}, travels=False):
            return {line: whole}, passed, True
        passed += [(line, whole)] if whole else []
    if not shrink.to_nothing:
        return dict(passed[:1]), passed, True
    lots: Lots = {}
    for line, _ in passed:
        left = int((asked.dollars - worth(lots)) / line.lot)
        fitting = [n for n in range(asked.least(line), left + 1) if asked.carries(lots | {line: n}, travels=False)]
        if fitting and not shrink.to_fit:
            return dict(passed[:1]), passed, True
        if fitting:
            lots[line] = max(fitting)
    return lots, passed, False


@given(asked=asks_alone(), shrink=SHRINKS)
def test_at_one_account_the_first_contract_that_has_the_coins_carries_a_leg(asked: Asked, shrink: Shrink) -> None:
    assume(asked.dollars >= asked.lines[0].lot)
    made = carried(asked, shrink)
    lots, passed, covered = first_that_carries(asked, shrink)
    assert opened_by(made, asked) == lots
    assert [(each.candidate.contract.name, each.contracts) for each in made.passed] == [
        (line.contract.name, asked.sign * whole * line.size) for line, whole in passed
    ]
    assert made.covered == covered
    assert made.opens == bool(lots)
    opening = made.opening.contract.name if made.opening else None
    assert opening == (list(lots)[-1] if lots else passed[0][0]).contract.name
    dollars = moved_usd(made, asked.portfolio())
    assert dollars == asked.sign * sum(n * line.lot for line, n in lots.items())


def is_done_by_the_first(asked: Asked) -> bool:
    """Whether the first contract carries all, and no other account takes what its lots leave by the same route."""
    first, *others = asked.lines
    whole = int(asked.dollars / first.lot)
    rest = asked.dollars - whole * first.lot
    return asked.carries({first: whole}, travels=False) and not any(
        line.coin == first.coin and line.account != first.account and rest >= asked.least(line) * line.lot
        for line in others
    )


@given(asked=asks(), shrink=SHRINKS)
def test_over_accounts_a_leg_is_carried_in_parts_and_shrinks_as_it_may(asked: Asked, shrink: Shrink) -> None:
    first = asked.lines[0]
    assume(asked.dollars >= asked.least(first) * first.lot)
    made, twin = carried(asked, shrink), divided(asked)
    if is_done_by_the_first(asked):
        twin = Divided({first: int(asked.dollars / first.lot)}, [], is_whole=True)
    stays_whole = twin.is_whole or not (shrink.to_fit or (shrink.to_nothing and not twin.lots))
    lots = with_the_rest(asked, twin) if stays_whole else twin.lots
    assert opened_by(made, asked) == {line: n for line, n in lots.items() if n}
    assert made.covered == stays_whole
    assert made.opens == bool(lots)
    assert made.opening is not None
    assert made.opening.contract.name == first.contract.name


LINE = Line("", "BTC", "BTCUSD", 1, ONE, 5)


def one_account(*lines: Line, btc: int, usdt: int = 0, dollars: int, taken: int = 0, is_long: bool = False) -> Asked:
    """So many dollars of coins of each kind at one account; ``taken``: lots of another leg on the first contract."""
    others = {lines[0]: taken} if taken else {}
    return Asked(("",), lines, {("", "BTC"): btc, ("", "USDT"): usdt}, {"BTC": 0, "USDT": 0}, {"": ONE}, {}, others,
                 Fraction(dollars), is_long, 0)  # fmt: skip


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize(
    ("taken", "coins", "lots"),
    [
        # the least order is 5: of 100 the coins carry as many as they are worth
        (0, 4, 0), (0, 5, 5), (0, 9, 9),
        # 3 the other way are no order: 8 against them are the first that is, which 5 dollars carry
        (-3, 4, 0), (-3, 5, 8), (-3, 9, 12),
        # of 12 the other way, which 12 dollars carry, 5 leave an order of 7; 12 more than them are carried too
        (-12, 12, 24),
        # 5 on the same side leave 4 or 5 of them
        (5, 9, 0), (5, 10, 5),
    ],
)  # fmt: skip
def test_what_opens_against_another_leg_opens_from_where_the_two_are_an_order(
    taken: int, coins: int, lots: int, is_long: bool
) -> None:
    asked = one_account(LINE, btc=coins, dollars=100, taken=taken, is_long=is_long)
    beside = replace(asked, names=("a", "b"), lines=(replace(LINE, account="a"),), shares={"a": ONE, "b": ONE},
                     coins={("a", "BTC"): coins, ("a", "USDT"): 0, ("b", "BTC"): 0, ("b", "USDT"): 0},
                     taken={replace(LINE, account="a"): taken} if taken else {})  # fmt: skip
    for made in (asked, beside):
        assert list(opened_by(carried(made, TO_FIT), made).values()) == ([lots] if lots else [])


def test_what_the_first_contract_leaves_is_no_order_of_the_second() -> None:
    """970 of 1,000 go on the coins; the second, which has coins for 60, takes no less than 50 and is left 30."""
    second = Line("", "USDT", "BTCUSDT", 1, ONE, 50)
    made = one_account(LINE, second, btc=970, usdt=60, dollars=1000)
    assert opened_by(carried(made, TO_FIT), made) == {LINE: 970}
    more = one_account(LINE, second, btc=950, usdt=60, dollars=1000)
    assert opened_by(carried(more, TO_FIT), more) == {LINE: 950, second: 50}
