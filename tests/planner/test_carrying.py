"""Which contract carries a leg, and what becomes of one that no contract carries whole, by a twin in whole dollars."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Purpose, opened
from rebal.planner.carrying import Carried, Shrink, carry, moved_usd
from rebal.planner.desk import Desk
from rebal.planner.sizing import Leg
from rebal.policy import Route

from .division import Asked, Divided, Line, Lots, asks, asks_alone, divided, with_the_rest, worth
from .given import INPUTS, NOW, inverse, linear, policy, portfolio
from .test_splitting import accounts, at

WHOLE = Shrink(to_nothing=False, to_fit=False)
TO_NOTHING = Shrink(to_nothing=True, to_fit=False)
TO_FIT = Shrink(to_nothing=True, to_fit=True)
NEVER = Shrink(to_nothing=True, to_fit=True, never=frozenset({"ETH", "BTC"}))
SHRINKS = st.sampled_from([WHOLE, TO_NOTHING, TO_FIT, NEVER])


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
    if not shrink.to_nothing or shrink is NEVER:
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
    stays_whole = twin.is_whole or shrink is NEVER or not (shrink.to_fit or (shrink.to_nothing and not twin.lots))
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
        (-3, 4, 0), (-3, 5, 8), (-3, 9, 12), (-1, 4, 0), (-1, 5, 6),
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


def test_legs_are_carried_by_name_whether_coins_do_or_not() -> None:
    """2,500 of each are there for 1,000 or for 4,000."""
    held, prices = {"SOL": "25", "BTC": "25", "XRP": "25"}, {"SOL": "100", "BTC": "100", "XRP": "100"}
    made = portfolio(held, None, prices, tuple(inverse(asset, fee="0") for asset in held))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    for dollars in (-1000, -4000):
        found = carry({asset: Fraction(dollars) for asset in held}, desk, shrink=TO_FIT)
        assert list(found) == ["BTC", "SOL", "XRP"]
        assert {moved_usd(each, made) for each in found.values()} == {Fraction(max(dollars, -2500))}


def legs_of(
    wanted: dict[str, int], *, usdt: int, shrink: Shrink = TO_FIT, settled: dict[str, int] | None = None,
    held: dict[str, int] | None = None,
) -> tuple[dict[str, Fraction], dict[str, Carried]]:  # fmt: skip
    """Dollars that each asset's legs move on linear contracts of a dollar, which so many dollars of USDT margin."""
    coins = dict.fromkeys(wanted, "0")
    contracts = {asset: linear(asset, "0.01", fee="0") for asset in wanted}
    positions = tuple(
        opened(contracts[asset], contracts=Fraction(size), entry_price=Fraction(100))
        for asset, size in (held or {}).items()
    )
    made = portfolio({**coins, "USDT": str(usdt)}, None, dict.fromkeys(wanted, "100"), tuple(contracts.values()),
                     wallets={"USDT": str(usdt)}, positions=positions,
                     rules=policy(distance="0.3", alert=("0.2", "1.25"), min_order="0"))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    before = {
        asset: Carried(None, (Leg(contracts[asset], Fraction(size), Route.LINEAR, Purpose.REBALANCE, asset),), True)
        for asset, size in (settled or {}).items()
    }
    found = carry({asset: Fraction(size) for asset, size in wanted.items()}, desk, shrink=shrink, settled=before)
    assert list(found) == sorted(wanted)
    return {asset: moved_usd(each, made) for asset, each in found.items()}, found


def test_coins_go_to_legs_by_name_but_first_to_what_is_settled_closes_or_may_not_shrink() -> None:
    """100 USDT are there for legs of 80 dollars each."""
    wanted = {"SOL": -80, "BTC": -80, "XRP": -80}
    assert legs_of(wanted, usdt=100)[0] == {"BTC": -80, "SOL": -20, "XRP": 0}
    never = replace(TO_FIT, never=frozenset({"SOL"}))
    assert legs_of(wanted, usdt=100, shrink=never)[0] == {"BTC": -20, "SOL": -80, "XRP": 0}
    also = replace(TO_FIT, never=frozenset({"SOL", "XRP"}))
    assert legs_of(wanted, usdt=100, shrink=also)[0] == {"BTC": 0, "SOL": -80, "XRP": -80}
    assert legs_of(wanted, usdt=80, shrink=also)[0] == {"BTC": 0, "SOL": -80, "XRP": -80}
    assert legs_of(wanted, usdt=100, settled={"XRP": -50})[0] == {"BTC": -50, "SOL": 0, "XRP": -50}
    # 40 long of XRP are closed before, so that what they took is there too; what only closes is whole
    moves, found = legs_of({**wanted, "XRP": -40}, usdt=100, held={"XRP": 40})
    assert moves == {"BTC": -80, "SOL": -20, "XRP": -40}
    assert {asset: (each.opens, each.covered) for asset, each in found.items()} == {
        "BTC": (True, True), "SOL": (True, False), "XRP": (False, True),
    }  # fmt: skip


def test_legs_on_one_contract_that_lack_nothing_together_are_carried_together() -> None:
    """80 of BTC sold and 80 of DOT bought through it are no order; 10 dollars of BTC would carry 10 of either alone."""
    shared, other = inverse("BTC", fee="0"), linear("ADA", "0.01", fee="0")
    held, prices = {"BTC": "0.1", "ADA": "0", "DOT": "0", "USDT": "20"}, {"BTC": "100", "ADA": "100", "DOT": "1"}
    made = portfolio(held, None, prices, (shared, other), proxies={"DOT": ("BTC", "1")},
                     rules=policy(distance="0.3", alert=("0.2", "1.25"), min_order="0"))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    wanted = {"ADA": Fraction(-50), "BTC": Fraction(-80), "DOT": Fraction(80)}
    found = carry(wanted, desk, shrink=TO_FIT)
    assert {asset: moved_usd(each, made) for asset, each in found.items()} == {"ADA": -20, "BTC": -80, "DOT": 80}
    # where the two together lack coins each has what there is in turn
    found = carry({**wanted, "DOT": Fraction(50)}, desk, shrink=TO_FIT)
    assert {asset: moved_usd(each, made) for asset, each in found.items()} == {"ADA": -20, "BTC": -10, "DOT": 20}


def test_what_nothing_carries_is_covered_where_closing_does_it() -> None:
    """What expires in three days opens nothing, but 50 long are closed."""
    near = inverse("BTC", fee="0", expiry=INPUTS.now + timedelta(days=3))
    position = opened(near, contracts=Fraction(50), entry_price=Fraction(100))
    made = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": "100", "ETH": "10"}, (near,), wallets={"BTC": "1"},
                     positions=(position,))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    for dollars, moved, covered in ((-50, -50, True), (-30, -30, True), (-51, -50, False), (20, 0, False)):
        found = carry({"BTC": Fraction(dollars)}, desk, shrink=TO_FIT)["BTC"]
        assert moved_usd(found, made) == moved
        assert (found.opening, found.opens, found.covered) == (None, False, covered)
    nothing = carry({"ETH": Fraction(-5)}, desk, shrink=TO_FIT)["ETH"]
    assert (nothing.legs, nothing.opening, nothing.opens, nothing.covered) == ((), None, False, False)


@pytest.mark.parametrize(("shrink", "lots"), [(WHOLE, 50), (NEVER, 50), (TO_NOTHING, 0), (TO_FIT, 0)])
def test_where_no_account_has_a_coin_a_leg_is_left_whole_or_comes_to_nothing(shrink: Shrink, lots: int) -> None:
    line = replace(LINE, account="a")
    asked = one_account(line, btc=0, dollars=50)
    asked = replace(asked, names=("a", "b"), shares={"a": ONE, "b": ONE}, coins=dict.fromkeys(
        [("a", "BTC"), ("a", "USDT"), ("b", "BTC"), ("b", "USDT")], 0), free={"BTC": 0, "USDT": 9})  # fmt: skip
    made = carried(asked, shrink)
    assert opened_by(made, asked) == ({line: lots} if lots else {})
    assert (made.opens, made.covered) == (bool(lots), bool(lots))


def test_the_rest_of_one_leg_goes_on_though_that_of_another_does_not() -> None:
    """45 and 40 in lots of 20 at a: the 5 that are left of BTC go to b, of ETH there are none."""
    contracts = (at("a", inverse("BTC", "20", fee="0")), at("a", inverse("ETH", "20", fee="0")),
                 at("b", inverse("BTC", "1", fee="0")))  # fmt: skip
    made = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": "100", "ETH": "100"}, contracts,
                     rules=policy(min_order="0"))  # fmt: skip
    made = replace(made, told_accounts=accounts(a="1", b="1"))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    found = carry({"BTC": Fraction(-45), "ETH": Fraction(-40)}, desk, shrink=TO_FIT)
    assert {asset: moved_usd(each, made) for asset, each in found.items()} == {"BTC": -45, "ETH": -40}


def test_what_is_told_of_a_contract_that_is_passed_is_what_would_open_behind_what_closes() -> None:
    """6 long are closed with 6 dollars of coins, which carry 6 of the 100 that were to open."""
    line = replace(LINE, venue_least=1)
    asked = replace(one_account(line, btc=6, dollars=106), held={line: 6})
    made = carried(asked, TO_FIT)
    assert [leg.contracts for leg in made.legs] == [-6, -6]
    assert [each.contracts for each in made.passed] == [-100]
    assert (made.opens, made.covered) == (True, False)


def test_at_one_account_less_than_an_order_does_not_open_behind_what_it_closes() -> None:
    """6 long from 80,000 with 6 dollars of coins lose 3 of them, which carry 3 where 5 are an order."""
    asked = replace(one_account(LINE, btc=6, dollars=106), held={LINE: 6})
    made = asked.portfolio()
    (position,) = made.statement.positions.values()
    lost = replace(position, entry_price=Fraction(80000))
    made = replace(made, statement=replace(made.statement, positions={lost.contract.name: lost}))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    found = carry({"BTC": Fraction(-106)}, desk, shrink=TO_FIT)["BTC"]
    assert [leg.contracts for leg in found.legs] == [-6]
    assert (found.opens, found.covered) == (False, False)


@given(
    held=st.integers(1, 30), least=st.integers(0, 30), coins=st.integers(1, 90), dollars=st.integers(1, 120),
    shrink=SHRINKS, is_long=st.booleans(),
)  # fmt: skip
def test_a_leg_opens_where_it_is_more_than_what_is_closed_however_many_legs_that_takes(
    held: int, least: int, coins: int, dollars: int, shrink: Shrink, *, is_long: bool
) -> None:
    """What is open elsewhere is closed first, or stays where that is no order: then as many legs open as would close.

    Coins for less than a leg make it smaller all the same, down to the least order, or to nothing. Nothing is opened on
    the contract that is closed, which would be another way.
    """
    sign = 1 if is_long else -1
    dated = inverse("BTC", "1", name="BTCD", fee="0", expiry=INPUTS.now + timedelta(days=35))
    position = opened(dated, contracts=Fraction(-sign * held), entry_price=Fraction(100))
    made = portfolio({"BTC": str(Fraction(coins, 100))}, None, {"BTC": "100"}, (dated, inverse("BTC", "1", fee="0")),
                     wallets={"BTC": "0.01"}, positions=(position,),
                     rules=policy(distance="0.3", alert=("0.2", "9"), leverage="3", min_order=str(least),
                                  routes=("BTCUSD",)))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    stays = held < least and held <= dollars
    closed = 0 if stays else min(held, dollars)
    closing = (Leg(dated, Fraction(sign * closed), Route.INVERSE, Purpose.REBALANCE, "BTC"),) if closed else ()

    def opening(lots: int) -> tuple[Leg, ...]:
        contract = made.contracts["BTCUSD"]
        return (*closing, Leg(contract, Fraction(sign * lots), Route.INVERSE, Purpose.REBALANCE, "BTC"))

    whole = dollars - closed if stays or closed == held else 0
    fits = [n for n in range(whole + 1) if not desk.shortages("BTC", opening(n))]
    if whole and whole not in fits and shrink.to_nothing and shrink is not NEVER:
        lots = max((n for n in fits if n >= max(least, 1)), default=0)
        lots = lots if shrink.to_fit else whole if lots else 0
    else:
        lots = whole
    found = carry({"BTC": Fraction(sign * dollars)}, desk, shrink=shrink)["BTC"]
    assert found.legs == (opening(lots) if lots else closing)
    assert found.opens is bool(lots)
    assert found.covered is (lots == whole)


@pytest.mark.parametrize(
    ("dollars", "wallet", "wanted", "bought"),
    [
        # 50,000 stay short, which lack a quarter of a coin where 60,000 lacked a half
        ("40000", "1", 50000, 10000),
        # 30,000 stay short, and lack nothing
        ("40000", "1", 70000, 30000),
        # 50,000 would be long: that is no closing, though it lacks no more than what stands
        ("200000", "1", 150000, None),
        # with all but a hundredth of a coin elsewhere nothing else is in the way
        ("40000", "0.01", 50000, 10000),
    ],
)
def test_what_a_wallet_lacks_keeps_its_net_from_turning_and_not_from_getting_smaller(
    dollars: str, wallet: str, wanted: int, bought: int | None
) -> None:
    """60,000 dollars protect the one coin that margins them at a leverage of one: half a coin is lacking as it is."""
    contract = inverse("BTC", fee="0")
    short = opened(contract, contracts=Fraction(-60000), entry_price=Fraction(40000), hedge=Fraction(-60000))
    made = portfolio({"BTC": "1", "USD": dollars}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": wallet},
                     positions=(short,), rules=policy(band="0"))  # fmt: skip
    weight = Fraction(wanted) / (40000 + int(dollars))
    made = replace(made, targets={"BTC": weight, "USD": 1 - weight})
    desk = Desk.of(made, made.statement, now=NOW)
    found = carry({"BTC": Fraction(wanted - 40000)}, desk, shrink=Shrink(to_nothing=True, to_fit=False))["BTC"]
    assert [leg.contracts for leg in found.legs] == ([] if bought is None else [bought])
    assert (found.covered, bool(found.passed)) == (bought is not None, bought is None)


def test_what_shrinks_to_fit_is_told_by_what_it_opens_beside_what_it_closes() -> None:
    """5,000 long are closed, and of 40,000 behind them half a coin margins 20,000, and none on what comes next."""
    dated = inverse("BTC", name="BTC35", fee="0", expiry=NOW + timedelta(days=35))
    contract = inverse("BTC", fee="0")
    long = opened(dated, contracts=Fraction(5000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, {"USD": "1"}, {"BTC": "40000"}, (dated, contract), wallets={"BTC": "0.5"},
                     positions=(long,), rules=policy(band="0", max_at_venue="0.5"))  # fmt: skip
    desk = Desk.of(made, made.statement, now=NOW)
    found = carry({"BTC": Fraction(-45000)}, desk, shrink=Shrink(to_nothing=True, to_fit=True))["BTC"]
    assert [leg.contracts for leg in found.legs] == [-5000, -20000]
    assert [each.candidate.contract for each in found.passed] == [contract, dated]
    assert [each.contracts for each in found.passed] == [-40000, -40000]
    assert [each.carried for each in found.passed] == [-20000, 0]
