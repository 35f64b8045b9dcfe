"""What a hedge is made of: coins asked of a base, the contract that moves, whose turn it is, where nothing lacks."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import HedgeAsked, Part, Position, Purpose, opened
from rebal.market.contract import Contract
from rebal.planner.candidates import SHORT, Candidate
from rebal.planner.cover import Cover, cover
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge, fraction_of, hedge
from rebal.planner.hedge_legs import Ask, Tally, _root, contract_moved, in_turn
from rebal.planner.sizing import LeftOut, Leg, Residual
from rebal.policy import Route
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, linear, policy, portfolio

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


def test_coins_are_a_fraction_of_a_base_where_there_is_one() -> None:
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (inverse("BTC"),))
    for held, fraction in (("2", F(1, 4)), ("0.2", F(5, 2)), ("0", None), ("-2", None)):
        book = replace(made.statement, holdings={"BTC": exact(held)})
        assert fraction_of("BTC", F(1, 2), portfolio=made, book=book) == fraction


@pytest.mark.parametrize("fee", ["0", "0.0005"])
def test_coins_asked_for_of_no_base_stand_as_the_share_that_was_asked(fee: str) -> None:
    """No BTC are held, and the fee of a short leaves less."""
    made = portfolio({"BTC": "0"}, None, {"BTC": "40000"}, (inverse("BTC", fee=fee),))
    ask = Ask("BTC", F(1, 3), desk_of(made).candidates("BTC", SHORT), coins=ONE)
    (row,) = build_hedge(made, made.statement, asks=(ask,), inputs=INPUTS).hedges
    assert row.fraction == F(1, 3)


def test_a_hedge_that_was_given_up_passes_its_day_on_to_none() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC"),))
    later = NOW + timedelta(days=60)
    for fraction, until in ((F(1, 4), later), (ZERO, None)):
        book = replace(made.statement, hedges={"BTC": HedgeAsked("BTC", fraction, later)})
        ask = Ask("BTC", F(1, 2), desk_of(made).candidates("BTC", SHORT))
        (row,) = build_hedge(made, book, asks=(ask,), inputs=INPUTS).hedges
        assert row.until == until


def through_btc(*parts: tuple[Contract, str, int]) -> Portfolio:
    """A bitcoin, 8,000 DOT at 5 and SOL likewise; contracts of a dollar free of fees, with shorts that protect."""
    listed = {contract.name: contract for contract, _, _ in parts}
    positions = []
    for name, contract in listed.items():
        held = tuple(Part(Purpose.HEDGE, F(size), F(40000), asset) for each, asset, size in parts if each.name == name)
        net = sum((each.contracts for each in held), ZERO)
        if net:
            positions.append(Position(contract, net, F(40000), None, tuple(each for each in held if each.contracts)))
    return portfolio(
        {"BTC": "1", "DOT": "8000", "SOL": "8000"}, None, {"BTC": "40000", "DOT": "5", "SOL": "5"},
        tuple(listed.values()), wallets={"BTC": "1"}, positions=tuple(positions),
        proxies={"DOT": ("BTC", "1"), "SOL": ("BTC", "1")}, rules=policy(hedge_band="0"),
    )  # fmt: skip


NEAR = inverse("BTC", name="BTCDEC", fee="0", expiry=NOW + timedelta(days=35))
FAR = inverse("BTC", fee="0")


def sold(contract: Contract, asset: str) -> tuple[Candidate, ...]:
    return (Candidate(contract, Route.INVERSE if asset == "BTC" else Route.PROXY, ONE),)


def test_legs_that_cancel_out_on_their_contracts_are_told_of_the_first_without_an_order() -> None:
    """DOT buys 3,000 back on both contracts, on each of which another sells as many."""
    made = through_btc((NEAR, "DOT", -3000), (FAR, "DOT", -3000))
    asks = (Ask("SOL", F(3000, 40000), sold(FAR, "SOL")), Ask("DOT", ZERO, sold(FAR, "DOT")),
            Ask("BTC", F(3000, 40000), sold(NEAR, "BTC")))  # fmt: skip
    decided = hedge(desk_of(made), asks)
    assert decided.orders == ()
    assert decided.residuals == (
        Residual("BTC", F(-3000), F(-3000), LeftOut.CANCELS, NEAR),
        Residual("DOT", F(6000), F(6000), LeftOut.CANCELS, NEAR),
        Residual("SOL", F(-3000), F(-3000), LeftOut.CANCELS, FAR),
    )


def test_what_became_of_a_hedge_is_told_with_the_contract_that_it_came_to() -> None:
    coarse = inverse("BTC", "1000", fee="0")
    made, large = through_btc((NEAR, "BTC", -3000), (FAR, "BTC", -9000)), through_btc((coarse, "DOT", 0))
    kept = through_btc((coarse, "DOT", -3))
    for at, ask, told in (
        (made, Ask("BTC", ZERO, sold(FAR, "BTC")), Residual("BTC", F(12000), ZERO, None, FAR)),
        (made, Ask("SOL", F(1, 2), ()), Residual("SOL", F(-20000), F(-20000), LeftOut.UNSERVED, None)),
        (made, Ask("SOL", F(1, 80000), ()), Residual("SOL", F(-1, 2), F(-1, 2), LeftOut.UNSERVED, None)),
        (made, Ask("SOL", ZERO, ()), Residual("SOL", ZERO, ZERO, None, None)),
        (large, Ask("DOT", F(1, 40), sold(coarse, "DOT")),
         Residual("DOT", F(-1000), F(-1000), LeftOut.SMALLER_THAN_A_LOT, coarse)),
        (large, Ask("DOT", F(1, 80), sold(coarse, "DOT")),
         Residual("DOT", F(-500), F(-500), LeftOut.SMALLER_THAN_A_LOT, coarse)),
        (kept, Ask("DOT", F(35, 400), sold(coarse, "DOT")), Residual("DOT", F(-500), ZERO, None, coarse)),
    ):  # fmt: skip
        assert hedge(desk_of(at), (ask,)).residuals == (told,)


def test_what_a_long_hedge_has_gained_counts_once_opening_past_it_has_realised_it() -> None:
    """9 dollars long from 10 are 0.9 BTC, too few dollars to close alone, and 0.899775 are gained at 40,000.

    With them 1.899775 are held, of which half is 37,995.5 dollars: so many, and the 9 before.
    """
    contract = inverse("BTC", fee="0")
    held = opened(contract, contracts=F(9), entry_price=F(10), hedge=F(9))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, positions=(held,))
    desk = desk_of(made)
    tally = carried(Ask("BTC", F(1, 2), desk.candidates("BTC", SHORT)), desk)
    assert [leg.contracts for leg in tally.legs] == [-38004]
