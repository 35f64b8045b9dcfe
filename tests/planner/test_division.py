"""Legs over two or three accounts, in lots and least orders of all sizes, as a twin in whole dollars divides them."""

from hypothesis import given

from rebal.amounts import ONE, ZERO, Fraction
from rebal.planner.candidates import SHORT
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, Tally
from rebal.planner.hedge_parts import open_in_parts
from rebal.planner.sizing import Leg, Passed
from rebal.planner.splitting import Split, split

from .division import PRICE, Asked, asks, divided, with_the_rest
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
