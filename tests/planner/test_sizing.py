"""From dollars to contracts: what is in the way in whole lots, what opens behind it, and what is too little."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Purpose, opened
from rebal.market.contract import Contract
from rebal.planner.candidates import Candidate
from rebal.planner.sizing import (
    Leg,
    carried_usd,
    closing_legs,
    fully_reducing,
    is_below_min_order,
    least_lots,
    legs_for,
)
from rebal.planner.targets import least_leg_usd
from rebal.policy import Route, Sizing
from rebal.portfolio import Portfolio

from .given import NOW, inverse, policy, portfolio
from .test_splitting import accounts, at

PRICE, MARK = 40000, 50000
NAMES = ("a", "b", "c")


@dataclass(frozen=True)
class Line:
    """A contract on BTC: what a lot is called, dollars of it, and the lots that are open of it for DOT."""

    name: str
    size: Fraction
    lot: int
    held: int

    def contract(self, *, days: int | None, account: str = "") -> Contract:
        made = inverse("BTC", str(self.lot / self.size), name=self.name, lot=str(self.size),
                       expiry=None if days is None else NOW + timedelta(days=days))  # fmt: skip
        return at(account, made) if account else made


@dataclass(frozen=True)
class Asked:
    """Dollars of DOT to be bought (or sold) through BTC, against lots that are open the other way.

    ``opening``: the line that opens what closing leaves, if any. A dollar of a contract is so many of DOT: over its
    beta, and 4/5 of it where a coin is to stand for a coin, as the mark is 5/4 of the index.
    """

    lines: tuple[Line, ...]
    opening: Line | None
    dollars: Fraction
    is_long: bool
    min_order: int
    beta: Fraction
    sizing: Sizing

    @property
    def sign(self) -> int:
        return 1 if self.is_long else -1

    @property
    def one(self) -> Fraction:
        """Dollars of DOT that a dollar of a contract stands for."""
        return (Fraction(PRICE, MARK) if self.sizing is Sizing.COIN else ONE) / self.beta


@st.composite
def asks(draw: st.DrawFn) -> Asked:
    """Up to three contracts, and some part of all that is open of them, or that and somewhat more."""
    lots = draw(st.lists(among(1, 5, 20), min_size=1, max_size=3))
    held = _lines(draw, [(lot, draw(st.integers(1, 12 // lot + 4))) for lot in lots])
    spare = Line("BTCUSD", draw(among(ONE, Fraction(10))), draw(among(1, 3, 20)), 0)
    opening, min_order = draw(among(None, spare, spare, spare, held[-1])), draw(among(0, 4, 30))
    most = _worth(held)
    dollars = draw(st.integers(1, 8 * most) | st.integers(8 * most, 8 * (most + 60)))
    return _asked(draw, held, opening, dollars, min_order=min_order)


@st.composite
def over_accounts(draw: st.DrawFn) -> Asked:
    """Two or three contracts whose lots divide each other, with many fine ones, and a part of all that is open."""
    lots = draw(among((1, 20), (1, 5, 20), (5, 20), (5, 1, 20), (1, 20, 5), (20, 1)))
    held = _lines(draw, [(lot, draw(st.integers(2, 4) if lot == 20 else st.integers(6, 25))) for lot in lots])
    most = _worth(held)
    return _asked(draw, held, None, draw(st.integers(8 * most // 5, 8 * most)))


def _lines(draw: st.DrawFn, lots: Sequence[tuple[int, int]]) -> tuple[Line, ...]:
    sizes = among(Fraction(1, 2), Fraction(10), ONE)
    return tuple(Line(f"BTC{n}", draw(sizes), lot, held) for n, (lot, held) in enumerate(lots))


def _asked(draw: st.DrawFn, held: tuple[Line, ...], opening: Line | None, eighths: int, *, min_order: int = 0) -> Asked:
    betas, longs = among(Fraction(1, 2), ONE, Fraction(5, 4)), draw(st.booleans())
    made = Asked(held, opening, ZERO, longs, min_order, draw(betas), draw(among(*Sizing)))
    return replace(made, dollars=Fraction(eighths, 8) * made.one)


def _worth(lines: Iterable[Line]) -> int:
    return sum(each.held * each.lot for each in lines)


def book_of(asked: Asked, contracts: Mapping[Line, Contract]) -> Portfolio:
    positions = tuple(
        opened(contracts[line], contracts=-asked.sign * line.held * line.size, entry_price=Fraction(MARK),
               stands_for="DOT")
        for line in asked.lines
    )  # fmt: skip
    return portfolio(
        {"BTC": "1", "DOT": "1"}, None, {"BTC": str(PRICE), "DOT": "5"}, tuple(contracts.values()),
        positions=positions, marks={each.name: str(MARK) for each in contracts.values()},
        proxies={"DOT": ("BTC", str(asked.beta))}, rules=policy(min_order=str(asked.min_order), sizing=asked.sizing),
    )  # fmt: skip


def in_lots(legs: tuple[Leg, ...], contracts: Mapping[Line, Contract]) -> list[tuple[str, Fraction]]:
    """Signed lots of each leg, by name."""
    sizes = {each.name: line.size for line, each in contracts.items()}
    assert all((leg.route, leg.purpose, leg.stands_for) == (Route.PROXY, Purpose.REBALANCE, "DOT") for leg in legs)
    return [(leg.contract.name, leg.contracts / sizes[leg.contract.name]) for leg in legs]


def asked_for(held: Sequence[tuple[int, int]], opens: int | None, dollars: int) -> Asked:
    """Lots of some dollars that are open, those of what opens, and dollars to be sold."""
    lines = tuple(Line(f"BTC{n}", ONE, lot, lots) for n, (lot, lots) in enumerate(held))
    opening = None if opens is None else Line("BTCUSD", ONE, opens, 0)
    return Asked(lines, opening, Fraction(dollars), False, 0, ONE, Sizing.NOTIONAL)


@example(asked=asked_for([(20, 2), (1, 30)], 1, 30))  # the 10 that a lot of 20 leaves are not closed behind it
@example(asked=asked_for([(1, 5)], 20, 10))  # nor are 5 opened of lots of 20
@example(asked=asked_for([(1, 5)], None, 10))
@given(asked=asks())
def test_what_is_open_is_closed_in_turn_and_the_rest_opens_once_all_of_it_is(asked: Asked) -> None:
    """In whole lots; what a lot is too large for is left, and so is what is less than an order if others can open."""
    contracts = {line: line.contract(days=35 + 28 * n) for n, line in enumerate(asked.lines)}
    if asked.opening is not None and asked.opening not in contracts:
        contracts[asked.opening] = asked.opening.contract(days=None)
    made = book_of(asked, contracts)
    opening = None
    if asked.opening is not None:
        opening = Candidate(contracts[asked.opening], Route.PROXY, asked.beta)
    found = legs_for("DOT", asked.sign * asked.dollars, opening, positions=made.statement.positions.values(),
                     portfolio=made, now=NOW)  # fmt: skip
    expected: list[tuple[str, Fraction]] = []
    left = asked.dollars / asked.one
    for line in asked.lines:
        lots = min(line.held, int(left / line.lot))
        elsewhere = asked.opening is not None and asked.opening != line
        if lots == line.held and lots * line.lot < asked.min_order and elsewhere:
            continue
        expected += [(line.name, asked.sign * Fraction(lots))] if lots else []
        left -= lots * line.lot
        if lots < line.held:
            break
    else:
        if asked.opening is not None and left >= asked.opening.lot:
            expected.append((asked.opening.name, asked.sign * Fraction(int(left / asked.opening.lot))))
    assert in_lots(found, contracts) == expected
    carried = sum((carried_usd(leg, made) for leg in found), ZERO)
    lots_usd = {line.name: line.lot * asked.one for line in contracts}
    assert carried == sum((lots * lots_usd[name] for name, lots in expected), ZERO)
    undone = asked.sign * asked.dollars - carried
    assert fully_reducing(found, undone, made) == (abs(undone) < lots_usd[expected[-1][0]] if expected else not undone)


@example(asked=asked_for([(20, 2), (1, 3)], None, 38))  # 15 are left, and 5 are not there to be given back for 20 more
@example(asked=asked_for([(1, 4), (20, 2)], None, 40))  # 4 are, and none of it is traded
@given(asked=over_accounts())
def test_over_several_accounts_less_than_the_finest_lot_stays_wherever_any_number_of_lots_does_so(
    asked: Asked,
) -> None:
    """Against every number of lots of each that goes in turn; nothing opens until all of them are closed."""
    check_over_accounts(asked)
    check_over_accounts(replace(asked, is_long=not asked.is_long))


def check_over_accounts(asked: Asked) -> None:
    contracts = {line: line.contract(days=None, account=name) for line, name in zip(asked.lines, NAMES, strict=False)}
    made = replace(book_of(asked, contracts), told_accounts=accounts(a="1", b="1", c="1"))
    dollars = asked.dollars / asked.one
    legs, remaining = closing_legs("DOT", asked.sign * asked.dollars, None,
                                   positions=made.statement.positions.values(), portfolio=made, now=NOW)  # fmt: skip
    bought = {name: asked.sign * lots for name, lots in in_lots(legs, contracts)}
    assert all(bought.values())
    lots = [bought.get(contracts[line].name, ZERO) for line in asked.lines]
    assert all(n.denominator == 1 and 0 <= n <= line.held for n, line in zip(lots, asked.lines, strict=True))
    rest = dollars - sum((n * line.lot for n, line in zip(lots, asked.lines, strict=True)), ZERO)
    if all(n == line.held for n, line in zip(lots, asked.lines, strict=True)):
        assert remaining == asked.sign * rest * asked.one
        return
    assert remaining is None
    in_turn, left = [], dollars
    for line in asked.lines:
        n = min(line.held, int(left / line.lot))
        in_turn += [line] if n else []
        left -= n * line.lot
    assert 0 <= rest <= left
    finest = min((line.lot for line in in_turn), default=0)
    ways = product(*(range(line.held + 1) for line in in_turn))
    reached = (dollars - sum(n * line.lot for n, line in zip(way, in_turn, strict=True)) for way in ways)
    assert rest < finest or not any(0 <= each < finest for each in reached)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("dollars", "first", "second", "third"),
    [
        # 100 leave 50, which are no order of 60 at b: 48 at c
        ("150", "1", "0", "12"),
        # 60 are one at b, and then nothing is left
        ("160", "1", "60", "0"),
        # 8 of 9 are none at c
        ("109", "1", "0", "0"),
        # 12 are
        ("112", "1", "0", "3"),
    ],
)
def test_of_several_accounts_what_lots_leave_goes_on_where_it_is_an_order(
    sign: int, dollars: str, first: str, second: str, third: str
) -> None:
    """Two lots of 100 dollars at a, 200 of a dollar at b where 60 are an order, fifty of 4 at c; 10 are one."""
    contracts = (
        at("a", inverse("BTC", "100")),
        at("b", inverse("BTC", "1", minimum="60")),
        at("c", inverse("BTC", "4")),
    )
    sizes = ("2", "200", "50")
    positions = tuple(opened(each, contracts=-sign * exact(size), entry_price=Fraction(PRICE))
                      for each, size in zip(contracts, sizes, strict=True))  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, contracts, positions=positions)
    made = replace(made, told_accounts=accounts(a="1", b="1", c="1"))
    legs, remaining = closing_legs("BTC", sign * exact(dollars), None, positions=positions, portfolio=made, now=NOW)
    assert [sum((leg.contracts for leg in legs if leg.contract is each), ZERO) for each in contracts] == [
        sign * exact(each) for each in (first, second, third)
    ]
    assert remaining is None


@pytest.mark.parametrize(
    ("lot", "minimum", "min_order", "lots"),
    [
        ("1", "1", "0", 1),
        ("0.5", "2", "0", 4),
        ("2", "1", "0", 1),
        ("0.5", "0.5", "100", 2),
        ("0.5", "0.5", "101", 3),  # 1.01 contracts are three halves
        ("10", "15", "0", 2),
        ("10", "10", "2500", 3),
    ],
)
def test_the_least_order_is_as_many_lots_as_venue_and_policy_both_take(
    lot: str, minimum: str, min_order: str, lots: int
) -> None:
    contract = inverse("BTC", "100", lot=lot, minimum=minimum)
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, (contract,), rules=policy(min_order=min_order))
    assert least_lots(contract, made) == lots


@pytest.mark.parametrize(("signed", "below"), [("9", True), ("-9", True), ("10", False), ("-10", False)])
def test_an_order_of_just_the_least_dollars_is_one(signed: str, below: bool) -> None:
    contract = inverse("BTC", "10")
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, (contract,), rules=policy(min_order="100"))
    assert is_below_min_order(contract, exact(signed), made) is below


def test_legs_reduce_fully_up_to_a_lot_of_the_last_and_no_legs_where_nothing_is_undone() -> None:
    coarse, fine = inverse("BTC", "100"), inverse("BTC", "10", name="BTCA")
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, (coarse, fine))
    legs = [Leg(each, ONE, Route.INVERSE, Purpose.REBALANCE, "BTC") for each in (coarse, fine)]
    for undone, fully in (("0", True), ("9.9", True), ("-9.9", True), ("10", False), ("-10", False)):
        assert fully_reducing(legs, exact(undone), made) is fully
    assert fully_reducing(legs[::-1], exact("99"), made)
    assert fully_reducing([], ZERO, made)
    assert not fully_reducing([], exact("0.5"), made)


@pytest.mark.parametrize(
    ("hedged", "other", "opens"),
    [
        ("0", None, False),
        ("0", "-70", False),
        # what protects stays open: all of the position would not be closed
        ("-20", None, True),
        ("-20", "50", True),
    ],
)
def test_only_all_of_a_position_is_closed_alone_where_reversing_it_is_too_little(
    hedged: str, other: str | None, *, opens: bool
) -> None:
    """Of 50 long in the place of spot 50 are sold, and 60 more where those are no closing of all; 111 are an order."""
    contract, beside = inverse("BTC", minimum="111"), inverse("ETH")
    held = opened(contract, contracts=50 + exact(hedged), entry_price=Fraction(PRICE), hedge=exact(hedged))
    more = () if other is None else (opened(beside, contracts=exact(other), entry_price=Fraction(PRICE)),)
    made = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": str(PRICE), "ETH": str(PRICE)}, (contract, beside))
    legs = legs_for("BTC", Fraction(-110), Candidate(contract, Route.INVERSE, ONE), positions=(held, *more),
                    portfolio=made, now=NOW)  # fmt: skip
    assert [leg.contracts for leg in legs] == [-50, -60][: 1 + opens]


def test_what_is_closed_is_all_of_its_own_contract_only() -> None:
    """50 of BTCA and 50 of BTCUSD are sold of 50 and 60 long: 10 stay, and nothing opens behind them."""
    near, far = inverse("BTC", name="BTCA"), inverse("BTC", "1", minimum="111")
    long = [
        opened(each, contracts=exact(size), entry_price=Fraction(PRICE)) for each, size in ((near, "50"), (far, "60"))
    ]
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, (near, far))
    for dollars, legs in (("-100", [-50, -50]), ("-110", [-50, -60]), ("-160", [-50, -60]), ("-221", [-50, -60, -111])):
        found = legs_for("BTC", exact(dollars), Candidate(far, Route.INVERSE, ONE), positions=long, portfolio=made,
                         now=NOW)  # fmt: skip
        assert [leg.contracts for leg in found] == legs


@pytest.mark.parametrize(
    ("lot", "minimum", "least"), [("1", "1", 100), ("5", "1", 500), ("1", "5", 500), ("5", "5", 500)]
)
def test_the_least_that_a_leg_comes_to_is_a_lot_and_an_order(lot: str, minimum: str, least: int) -> None:
    """Contracts of 100 dollars, for DOT at a beta of two."""
    contract = inverse("BTC", "100", lot=lot, minimum=minimum)
    made = portfolio({"BTC": "1"}, None, {"BTC": str(PRICE)}, (contract,), proxies={"DOT": ("BTC", "2")})
    assert [least_leg_usd(asset, contract, made) for asset in ("BTC", "DOT")] == [least, least / 2]
