"""What a hedge is made of: coins asked of a base, the contract that moves, whose turn it is, where nothing lacks."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Purpose, opened
from rebal.planner.candidates import SHORT, Candidate
from rebal.planner.cover import Cover, cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, Tally, _root, contract_moved, in_turn
from rebal.planner.sizing import Leg
from rebal.portfolio import Portfolio, Route

from .given import NOW, inverse, linear, policy, portfolio

F = Fraction


def desk_of(made: Portfolio) -> Desk:
    return Desk.of(made, made.statement, now=NOW)


def carried(ask: Ask, desk: Desk) -> Tally:
    tally = Tally(desk, cover(desk.portfolio, desk.book))
    tally.carry(ask)
    return tally


def test_a_share_of_no_base_is_nothing_and_coins_stand_whatever_the_base() -> None:
    assert [Ask("BTC", F(1, 2), ()).of(exact(base)) for base in ("3", "0", "-3")] == [exact("1.5"), 0, 0]
    assert [Ask("BTC", F(1, 2), (), coins=F(2)).of(exact(base)) for base in ("3", "-3")] == [2, 2]


@pytest.mark.parametrize(("short", "sold"), [("19800", []), ("19799", [-201])])
def test_a_hedge_may_be_off_by_the_band_of_its_base(short: str, sold: list[int]) -> None:
    """A hundredth of half a bitcoin are 200 dollars of 20,000, and a lot is one."""
    contract = inverse("BTC", fee="0")
    held = opened(contract, contracts=-exact(short), entry_price=F(40000), hedge=-exact(short))
    made = portfolio({"BTC": "0.5"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "0.5"}, positions=(held,),
                     rules=policy(hedge_band="0.01", min_order="0"))  # fmt: skip
    desk = desk_of(made)
    tally = carried(Ask("BTC", ONE, desk.candidates("BTC", SHORT)), desk)
    assert [leg.contracts for leg in tally.legs] == sold


def test_what_nothing_serves_is_not_hedged_and_no_contract_is_skipped_for_it() -> None:
    desk = desk_of(portfolio({"BTC": "1"}, None, {"BTC": "40000"}, ()))
    tally = carried(Ask("BTC", F(1, 2), ()), desk)
    assert (tally.legs, tally.skipped) == ([], {})


def test_a_change_moves_what_is_in_its_way_else_what_opens_it_else_nothing() -> None:
    far, near = inverse("BTC"), inverse("BTC", name="BTCA", expiry=NOW + timedelta(days=35))
    other = inverse("BTC", name="BTCB")
    positions = tuple(opened(each, contracts=F(-100), entry_price=F(40000), hedge=F(-100)) for each in (far, near))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (far, near, other), wallets={"BTC": "1"},
                     positions=positions)  # fmt: skip
    desk, empty = desk_of(made), desk_of(replace(made, statement=replace(made.statement, positions={})))
    long = {each.contract.name: replace(each, contracts=F(100), parts=(replace(each.parts[0], contracts=F(100)),))
            for each in positions}  # fmt: skip
    turned = desk_of(replace(made, statement=replace(made.statement, positions=long)))
    ask = Ask("BTC", F(1, 2), tuple(Candidate(each, Route.INVERSE, ONE) for each in (other, far)))
    nowhere = Ask("BTC", F(1, 2), ())
    for at, missing, asked, moved in (
        (desk, "0.25", ask, "BTCB"), (desk, "0.25", nowhere, None),
        (desk, "-0.25", ask, "BTCA"), (desk, "0", ask, "BTCA"),
        (empty, "0.25", ask, "BTCB"), (empty, "-0.25", ask, None), (empty, "0", ask, None),
        (turned, "0.25", ask, "BTCA"),
    ):  # fmt: skip
        found = contract_moved(asked, exact(missing), at)
        assert (None if found is None else found.name) == moved


def test_contracts_that_protect_count_those_that_legs_have_sold() -> None:
    contract = inverse("BTC")
    tally = Tally(desk_of(portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,))), Cover({}, {}, {"BTC": ONE}))
    for signed, held in ((-3, 3), (-4, 7), (2, 5)):
        tally.take(Leg(contract, F(signed), Route.INVERSE, Purpose.HEDGE, "BTC"))
        assert tally.held(contract, "BTC") == held


@pytest.mark.parametrize(("over", "bought"), [("990", {}), ("1010", {"BTCDEC": 2000})])
def test_of_coins_asked_for_a_lot_takes_off_what_it_protects_whatever_it_earns(
    over: str, bought: dict[str, int]
) -> None:
    """A lot of 1,000 from 72,000 protects 500 dollars of the index at a mark of 36,000, and earns 556; both 0.375 BTC.

    To open it again takes 1,000.
    """
    coarse = inverse("BTC", name="BTCDEC", lot="1000", fee="0", expiry=NOW + timedelta(days=35))
    fine = inverse("BTC", fee="0")
    shorts = tuple(
        opened(each, contracts=F(-10000), entry_price=F(entry), hedge=F(-10000))
        for each, entry in ((coarse, 72000), (fine, 36000))
    )
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000"}, (coarse, fine), wallets={"BTC": "1"}, positions=shorts,
        marks={"BTCDEC": "36000", "BTCUSD": "36000"}, rules=policy(hedge_band="0", min_order="0"),
    )  # fmt: skip
    desk = desk_of(made)
    ask = Ask("BTC", ONE, desk.candidates("BTC", SHORT), coins=exact("0.375") - exact(over) / 40000)
    assert {leg.contract.name: leg.contracts for leg in carried(ask, desk).legs} == bought


def test_where_the_next_contract_is_too_large_the_first_stays_though_its_coins_are_missing() -> None:
    """20,000 dollars are 20 contracts of 1,000, for which no dollars are held, and less than a lot of 50,000."""
    first, coarse = linear("BTC", "0.025", fee="0"), inverse("BTC", "50000", fee="0")
    desk = desk_of(portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (first, coarse)))
    listed = Candidate(first, Route.LINEAR, ONE), Candidate(coarse, Route.INVERSE, ONE)
    tally = carried(Ask("BTC", F(1, 2), listed), desk)
    assert [(leg.contract, leg.contracts) for leg in tally.legs] == [(first, F(-20))]
    assert not tally.skipped


def test_what_trades_in_contracts_of_another_coin_goes_before_it_whoever_was_asked_first() -> None:
    """SOL and DOT are hedged through BTC, which realises its coin; ETH and BTC in their own."""
    contracts = (inverse("BTC"), inverse("ETH"))
    made = portfolio(dict.fromkeys(("BTC", "ETH", "SOL", "DOT"), "1"), None,
                     dict.fromkeys(("BTC", "ETH", "SOL", "DOT"), "100"), contracts,
                     proxies={"SOL": ("BTC", "1"), "DOT": ("BTC", "1")})  # fmt: skip
    desk = desk_of(made)
    asks = [Ask(asset, F(1, 2), desk.candidates(asset, SHORT)) for asset in ("BTC", "ETH", "SOL", "DOT")]
    turns = {tuple(ask.asset for ask in in_turn(listed, desk)) for listed in permutations(asks)}
    (turn,) = turns
    assert set(turn[:-1]) == {"DOT", "ETH", "SOL"}
    assert turn[-1] == "BTC"
    # where each trades in the coin of the other there is no such turn: by their names
    rings = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": "100", "ETH": "100"}, contracts)
    ring = desk_of(rings)
    crossed = [Ask(asset, F(1, 2), ring.candidates(other, SHORT)) for asset, other in (("ETH", "BTC"), ("BTC", "ETH"))]
    assert [[ask.asset for ask in in_turn(listed, ring)] for listed in permutations(crossed)] == [["BTC", "ETH"]] * 2


@st.composite
def bent(draw: st.DrawFn) -> tuple[list[int], list[int], int, list[Fraction]]:
    """A line through whole values at 0 and at some whole points, its slope beyond them, and more ends than it has."""
    points = sorted(draw(st.lists(st.integers(1, 30), max_size=4, unique=True)))
    start = draw(st.integers(1, 9)) * draw(st.sampled_from([1, -1]))
    values = [start, *(start // abs(start) * draw(st.integers(-3, 9)) for _ in points)]
    more = draw(st.lists(st.sampled_from([F(-9), F(-1, 2), F(0), F(1, 2), F(7), F(40)]), max_size=3))
    return [0, *points], values, draw(st.integers(-3, 3)), draw(st.permutations([*map(F, points), *more]))


@given(line=bent(), limit=st.none() | st.integers(1, 40))
@example(line=([0, 3], [2, 1], -1, [F(3), F(-1, 2)]), limit=None)
def test_what_is_missing_is_nothing_where_the_line_first_meets_it(
    line: tuple[list[int], list[int], int, list[Fraction]], limit: int | None
) -> None:
    points, values, slope, ends = line

    def missing(size: Fraction) -> Fraction:
        if size < 0:
            raise AssertionError("less than nothing is traded")
        for (low, at_low), (high, at_high) in pairwise(zip(points, values, strict=True)):
            if size <= high:
                return F(at_low) + (size - low) * F(at_high - at_low, high - low)
        return values[-1] + (size - points[-1]) * slope

    found = _root(missing, ends, limit=None if limit is None else F(limit))
    sign = values[0]
    before = [F(each) for each in points if each < found] or [ZERO]
    assert all(missing(each) * sign > 0 for each in before)
    if limit is not None and found == limit:
        assert missing(found) * sign >= 0
    elif found:
        assert limit is None or found < limit
        assert missing(found) == 0
    else:
        assert limit is None
        assert all(value * sign > 0 for value in values)
        assert slope * sign >= 0
