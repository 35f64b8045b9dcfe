"""Legs over two or three accounts, in lots and least orders of all sizes, as a twin in whole dollars divides them."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebal.amounts import ONE, ZERO, Fraction
from rebal.planner.candidates import SHORT
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, Tally
from rebal.planner.hedge_parts import open_in_parts
from rebal.planner.sizing import Leg, Passed
from rebal.planner.splitting import Split, split

from .division import NAMES, PRICE, SIZES, Asked, Line, asks, divided, with_the_rest, worth
from .given import INPUTS


def of(legs: tuple[Leg, ...]) -> dict[str, Fraction]:
    """Signed contracts, by name."""
    found: dict[str, Fraction] = {}
    for leg in legs:
        found[leg.contract.name] = found.get(leg.contract.name, ZERO) + leg.contracts
    return found


def expected(asked: Asked) -> dict[str, Fraction]:
    found = {line.contract.name: asked.sign * lots * line.size for line, lots in asked.held.items()}
    for line, lots in divided(asked).lots.items():
        name = line.contract.name
        found[name] = found.get(name, ZERO) + asked.sign * lots * line.size
    return found


def split_of(asked: Asked) -> Split:
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    return split("BTC", asked.sign * asked.dollars, desk, taken=asked.legs_before(desk))


def check_leg(asked: Asked) -> None:
    made, twin = split_of(asked), divided(asked)
    assert of(made.legs) == expected(asked)
    assert told(made.passed) == [
        (line.contract.name, asked.sign * lots * line.size, capped, asked.sign * twin.lots.get(line, 0) * line.size)
        for line, lots, capped in twin.passed
    ]
    left = [line.contract.name for line, *_ in twin.passed if asked.takes(line, twin.lots)]
    assert (made.left.contract.name if made.left else None) == (None if twin.is_whole else left[0])
    assert made.opens == bool(twin.lots)


def told(passed: tuple[Passed, ...]) -> list[tuple[str, Fraction, bool, Fraction]]:
    return [(each.candidate.contract.name, each.contracts, each.capped, each.carried) for each in passed]


@given(asked=asks())
def test_a_leg_is_divided_as_the_twin_divides_it(asked: Asked) -> None:
    check_leg(asked)


@given(asked=asks(with_others=True))
def test_a_leg_beside_others_and_behind_what_it_closes_is_divided_as_the_twin_divides_it(asked: Asked) -> None:
    check_leg(asked)


def hedge_of(asked: Asked) -> tuple[Tally, tuple[Passed, ...]]:
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    tally = Tally(desk, cover(made, made.statement))
    before, own = asked.others(), asked.rolled_off()
    for leg in (*before, *own):
        tally.take(leg)
    ask = Ask("BTC", ONE, desk.candidates("BTC", SHORT), coins=asked.after_closing() / PRICE)
    return tally, open_in_parts(tally, ask, own, taken=before, desk=desk)


def check_hedge(asked: Asked) -> None:
    (tally, passed), twin = hedge_of(asked), divided(asked)
    whole = {line: lots for line, lots in with_the_rest(asked, twin).items() if lots}
    own = tuple(leg for leg in tally.legs if leg.stands_for == "BTC")[len(asked.held) :]
    assert of(own) == {line.contract.name: -lots * line.size for line, lots in whole.items()}
    assert told(passed) == [
        (line.contract.name, -lots * line.size, capped, -twin.lots.get(line, 0) * line.size)
        for line, lots, capped in twin.passed
    ]
    assert ("BTC" in tally.skipped) == (not twin.lots and not twin.passed)


@given(asked=asks(is_hedge=True))
def test_a_hedge_is_divided_as_the_twin_divides_it(asked: Asked) -> None:
    check_hedge(asked)


@given(asked=asks(is_hedge=True, with_others=True))
def test_a_hedge_behind_others_and_what_it_is_rolled_off_is_divided_as_the_twin_divides_it(asked: Asked) -> None:
    check_hedge(asked)


@st.composite
def bought_back(draw: st.DrawFn) -> tuple[Asked, Fraction]:
    """Hedges at two or three accounts, in lots that divide each other, and dollars of them that are to go."""
    names = NAMES[: draw(st.integers(2, 3))]
    listed = tuple(Line(name, "BTC", "BTCUSD", draw(st.sampled_from([1, 5, 20])), draw(SIZES), 1) for name in names)
    held = {line: -draw(st.integers(1, 12 // line.lot + 4)) for line in listed}
    coins = {(name, coin): 200 if coin == "BTC" else 0 for name in names for coin in ("BTC", "USDT")}
    made = Asked(names, listed, coins, {"BTC": 0, "USDT": 0}, dict.fromkeys(names, ONE), held, {}, ZERO, is_long=False,
                 min_order=0, is_hedge=True)  # fmt: skip
    most = -worth(held)
    least = max(line.lot for line in listed)
    assume(most > least + 1)
    return made, draw(st.integers(8 * (least + 1), 8 * most - 1)) * Fraction(1, 8)


@given(case=bought_back())
def test_of_a_hedge_bought_back_less_than_the_finest_lot_stays_wherever_any_number_of_lots_does_so(
    case: tuple[Asked, Fraction],
) -> None:
    """Against every number of lots of each that goes in turn."""
    asked, dollars = case
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    tally = Tally(desk, cover(made, made.statement))
    stays = (-worth(dict(asked.held)) - dollars) / PRICE
    tally.carry(Ask("BTC", ONE, desk.candidates("BTC", SHORT), coins=stays))
    bought = of(tuple(tally.legs))
    lots = [int(bought.get(line.contract.name, ZERO) / line.size) for line in asked.lines]
    assert all(lots[n] * line.size == bought.get(line.contract.name, ZERO) for n, line in enumerate(asked.lines))
    rest = dollars - sum(n * line.lot for n, line in zip(lots, asked.lines, strict=True))
    assert rest >= 0
    assert all(0 <= n <= -asked.held[line] for n, line in zip(lots, asked.lines, strict=True))
    in_turn, left = [], dollars
    for line in asked.lines:
        n = min(-asked.held[line], int(left / line.lot))
        in_turn += [line] if n else []
        left -= n * line.lot
        assert not 0 < n < -asked.held[line] or not tally.skipped  # what its lots leave is not told of others
    assert rest <= left
    finest = min(line.lot for line in in_turn)
    ways = product(*(range(-asked.held[line] + 1) for line in in_turn))
    reached = (dollars - sum(n * line.lot for n, line in zip(way, in_turn, strict=True)) for way in ways)
    assert rest < finest or not any(0 <= each < finest for each in reached)


def two_accounts(at_a: Line, *, coins: int, held: int, dollars: int, min_order: int = 0, others: int = 0) -> Asked:
    """A leg that goes short, with so many dollars of coins and lots held long at a; 100 and a line of a dollar at b."""
    at_b = replace(at_a, account="b", lot=1, venue_least=1)
    there = {("a", "BTC"): coins, ("a", "USDT"): 0, ("b", "BTC"): others, ("b", "USDT"): 0}
    return Asked(("a", "b"), (at_a, at_b), there, {"BTC": 0, "USDT": 0}, {"a": ONE, "b": ONE}, {at_a: held}, {},
                 Fraction(dollars), is_long=False, min_order=min_order)  # fmt: skip


FIVE = Line("a", "BTC", "BTCUSD", 1, ONE, 5)


def test_what_opens_behind_what_is_closed_on_its_contract_is_of_any_size_as_both_are_one_order() -> None:
    """6 long from 80,000 with 6 dollars of coins lose 3 of them: 6 are closed, and 3 opened, where 5 are an order."""
    asked = two_accounts(FIVE, coins=6, held=6, dollars=106)
    made = asked.portfolio()
    (position,) = made.statement.positions.values()
    lost = replace(position, entry_price=Fraction(80000))
    made = replace(made, statement=replace(made.statement, positions={lost.contract.name: lost}))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    found = split("BTC", Fraction(-106), desk, taken={})
    assert [(leg.contract.name, leg.contracts) for leg in found.legs] == [
        ("a:BTCUSD", Fraction(-6)),
        ("a:BTCUSD", Fraction(-3)),
    ]
    assert found.left is not None
    assert found.opens


def test_nothing_opens_at_one_account_while_a_coarse_lot_is_open_the_other_way_at_another() -> None:
    """2 lots of 50 are long at a; of 60 one is closed, and the 10 that it leaves are not sold at b."""
    asked = two_accounts(Line("a", "BTC", "BTCUSD", 50, ONE, 1), coins=100, held=2, dollars=60, others=100)
    found = split_of(asked)
    assert of(found.legs) == {"a:BTCUSD": -1}
    assert (found.passed, found.left, found.opens) == ((), None, False)


def test_what_is_too_little_to_close_alone_is_closed_where_more_is_sold_behind_it() -> None:
    """5 are long where 10 are an order: at a, where the rest opens, they are a part of it, at b they stay."""
    asked = two_accounts(replace(FIVE, venue_least=1), coins=200, held=5, dollars=100, min_order=10, others=100)
    assert of(split_of(asked).legs) == {"a:BTCUSD": -100}
    _, at_b = asked.lines
    assert [leg.contracts for leg in split_of(asked).legs] == [-5, -95]
    elsewhere = replace(asked, held={at_b: 5})
    assert [(leg.contract.name, leg.contracts) for leg in split_of(elsewhere).legs] == [("a:BTCUSD", Fraction(-100))]


@pytest.mark.parametrize(
    ("size", "dollars", "at_c", "at_a"),
    [
        # 40 and three of 10 leave 8: a fourth for 2 less would leave 2 at c, a fifth for 12 less leaves 12
        (10, 78, 28, 5),
        # they leave 5: a fourth for 5 less leaves just an order
        (10, 75, 35, 4),
        # they leave 9: a fourth for 1 less would leave 1
        (1, 79, 29, 5),
    ],
)
def test_no_less_of_a_hedge_stays_than_an_order_where_a_coarse_lot_more_is_bought_back(
    size: int, dollars: int, at_c: int, at_a: int
) -> None:
    """40 lots of 1 at c, where 5 are an order, and 20 of 10 at a."""
    fine, coarse = Line("c", "BTC", "BTCUSD", 1, Fraction(size), 5), Line("a", "BTC", "BTCUSD", 10, ONE, 1)
    coins = {(name, coin): 300 if coin == "BTC" else 0 for name in ("c", "a") for coin in ("BTC", "USDT")}
    asked = Asked(("c", "a"), (fine, coarse), coins, {"BTC": 0, "USDT": 0}, {"c": ONE, "a": ONE},
                  {fine: -40, coarse: -20}, {}, ZERO, is_long=False, min_order=0, is_hedge=True)  # fmt: skip
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    tally = Tally(desk, cover(made, made.statement))
    tally.carry(Ask("BTC", ONE, desk.candidates("BTC", SHORT), coins=Fraction(240 - dollars, PRICE)))
    assert of(tuple(tally.legs)) == {"c:BTCUSD": at_c * size, "a:BTCUSD": at_a}
