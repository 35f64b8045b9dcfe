"""How many lots are closed, and of which contract, in figures counted by hand and beside every other number of them."""

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.book import Part, Position, Purpose, opened
from rebal.market.contract import Contract
from rebal.planner.cutting import Wallet, _ladder, fewest_lots
from rebal.policy import Alert

from .given import inverse, portfolio, whole

F = Fraction
UNIT = F(100, 40000)
"""Coins of one contract of 100 dollars at 40,000."""
LEVERED, FAR = Alert(F(0), F(1)), Alert(F(1, 2), F(100))
"""Only the leverage counts, which may be 1; or only the distance, of which half of the price is asked."""


def contract(name: str, *, lot: str = "1", least: str | None = None, fee: str = "0", rate: str = "0.2") -> Contract:
    return inverse("BTC", "100", name=name, maintenance=whole(rate), lot=lot, minimum=least, fee=fee)


def held(each: Contract, contracts: int, *, hedge: int = 0, entry: int = 40000) -> Position:
    return opened(each, contracts=F(contracts), entry_price=F(entry), hedge=F(hedge))


def wallet(*positions: Position, units: str, first: Purpose = Purpose.REBALANCE, coins: Fraction = ZERO) -> Wallet:
    """A wallet of BTC at 40,000 whose coins are so many times one contract's."""
    there = exact(units) * UNIT
    made = portfolio({"BTC": str(there)}, None, {"BTC": "40000"}, tuple(each.contract for each in positions),
                     wallets={"BTC": str(there)}, positions=positions)  # fmt: skip
    return Wallet("BTC", None, made.statement, coins, positions, first, made)


def closed(asked: Wallet, level: Alert) -> dict[str, Fraction]:
    return {name: contracts for name, contracts in fewest_lots(asked, level).items() if contracts}


LONG, SHORT = contract("LONG"), contract("SHORT")


@pytest.mark.parametrize(
    ("short", "units", "found"),
    [
        # with a of one long and b of the other short the wallet must hold 1.4 a - 0.6 b where the price halves, and
        # 0.467 b - 0.2 a where half of it is added. Of 10 and 10 four longs are closed, and a short, and then neither
        # helps alone: at 6 and 9 it is 3.0 both ways. In tenths of what is left 3 leave 4 and 6, 2.0 both ways, and 2
        # leave 4 and 7, which is 2.47 above
        (SHORT, "2.1", {"LONG": 6, "SHORT": 4}),
        # 4 shorts a lot and 6 an order: no fewer than 8 close, and with 6 and 10 they help not. In tenths 4 leave 3 and
        # 2, which is 3.0, and 3 leave 4 and 2, which is 4.4
        (contract("SHORT", lot="4", least="6"), "3.3", {"LONG": 7, "SHORT": 8}),
        # 9 tenths round up to all of the 10 shorts, of which 12 would be whole lots; 8 leave 1 and 2, which is 0.73
        (contract("SHORT", lot="4"), "0.1", {"LONG": 10, "SHORT": 10}),
    ],
)
@pytest.mark.parametrize("hedge", [0, -10])
def test_what_needs_one_another_is_closed_in_proportion_in_whole_lots_of_each(
    short: Contract, units: str, found: dict[str, int], hedge: int
) -> None:
    """Whichever purpose the short has: alone no more of the long helps."""
    assert closed(wallet(held(LONG, 10), held(short, -10, hedge=hedge), units=units), FAR) == found


def test_a_proportion_counts_what_is_no_whole_lot_as_one() -> None:
    """11 longs in lots of 3 and 14 shorts in lots of 4, 4 of each: 2.8 and 4.93 without the first of the longs.

    Neither a lot more of them nor one of the shorts helps. In quarters 1 leaves 5 and 10, which is 3.67; in thirds 1
    would leave 5 and 6.
    """
    asked = wallet(held(contract("LONG", lot="3"), 11), held(contract("SHORT", lot="4"), -14), units="4.9")
    assert closed(asked, FAR) == {"LONG": 6, "SHORT": 4}


def test_a_proportion_is_counted_by_the_contract_of_most_lots() -> None:
    """10 longs and 2 shorts of five times their size: 1.4 a - 3 b where the price halves, and 2.33 b - 0.2 a.

    At 6 and 2 it is 3.47, and 5.4 without a short. In tenths 3 and 2 leave 4 and 1, which is 2.6, and 1 leaves 5 and 1,
    which is 4; in halves 1 would leave 3 and 1.
    """
    coarse = replace(SHORT, multiplier=F(500))
    assert closed(wallet(held(LONG, 10), held(coarse, -2), units="2.7"), FAR) == {"LONG": 6, "SHORT": 1}


def test_of_what_helps_as_much_the_first_by_name_goes_first_whatever_has_been_lost_on_another() -> None:
    """20 contracts on 15 at leverage 1; what B has lost, 5 of them, is lost whether it is closed or not."""
    asked = wallet(held(contract("A"), 10), held(contract("B"), 10, entry=80000), units="20")
    assert closed(asked, LEVERED) == {"A": 5}


def test_of_however_many_contracts_no_lot_more_is_closed_than_it_takes() -> None:
    """Two lots each of ten contracts, of which all but one lot are to be closed."""
    asked = wallet(*(held(contract(name), 2) for name in "ABCDEFGHIJ"), units="1")
    assert closed(asked, LEVERED) == {**dict.fromkeys("ABCDEFGHI", 2), "J": 1}


def test_what_costs_more_than_it_helps_is_closed_last() -> None:
    """A's fee is a tenth of what it closes: 18 on 10, each of A helps 0.9 and each of B 1."""
    asked = wallet(held(contract("A", fee="0.1"), 9), held(contract("B"), 9), units="10")
    assert closed(asked, LEVERED) == {"B": 8}
    # beyond the 9 of B a lot of A leaves 8.9 of the 9 that would be held by 9: two leave 7 on 7.8
    assert closed(replace(asked, book=replace(asked.book, wallets={"BTC": 8 * UNIT})), LEVERED) == {"A": 2, "B": 9}


@pytest.mark.parametrize(
    ("units", "found"),
    [
        # 23 on 16: seven more than are carried, in lots of 5
        ("16", 10),
        # all but three would be 20: what is open is no whole lots, and all of it closes
        ("3", 20),
        ("2.9", 23),
    ],
)
def test_all_of_a_position_closes_though_it_is_no_whole_lots(units: str, found: int) -> None:
    assert closed(wallet(held(contract("A", lot="5"), 23), units=units), LEVERED) == {"A": found}


@pytest.mark.parametrize(("units", "found"), [("18", {"A": 5}), ("13", {"A": 10}), ("12", {"A": 15}), ("2", {"A": 23})])
def test_of_the_first_purpose_whole_lots_close_and_then_the_rest(units: str, found: dict[str, int]) -> None:
    """12 of 23 are for rebalance, in lots of 5: 10 of them alone, and with the others what closes is whole lots too."""
    assert closed(wallet(held(contract("A", lot="5"), 23, hedge=11), units=units), LEVERED) == found


@pytest.mark.parametrize(("units", "found"), [("400", 200), ("0.5", 600)])
def test_no_more_than_the_net_is_closed_of_the_part_that_is_larger(units: str, found: int) -> None:
    """700 long for rebalance beside 100 short for a hedge: at 600 the exchange has nothing left."""
    parts = (Part(Purpose.HEDGE, F(-100), F(40000), "BTC"), Part(Purpose.REBALANCE, F(700), F(40000), "BTC"))
    net = Position(LONG, F(600), F(40000), None, parts)
    asked = wallet(net, units=units)
    assert closed(asked, LEVERED) == {"LONG": found}
    assert [asked.room(net, only_first=each) for each in (True, False)] == [600, 600]
    (order,) = asked.orders({"LONG": F(found)})
    assert [(part.purpose, part.contracts) for part in order.parts] == [(Purpose.REBALANCE, F(-found))]


def test_coins_that_come_in_close_so_much_less() -> None:
    assert closed(wallet(held(LONG, 20), units="10", coins=5 * UNIT), LEVERED) == {"LONG": 5}
    # where nothing is left they are all that there is
    assert wallet(held(LONG, 20), units="10", coins=5 * UNIT).left({"LONG": F(20)}) == (15 * UNIT, ())


@given(
    longs=st.integers(1, 20), shorts=st.integers(0, 20), lots=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    units=st.integers(1, 100), level=st.sampled_from([LEVERED, FAR]), size=st.sampled_from(["0.1", "10"]),
)  # fmt: skip
@example(longs=10, shorts=10, lots=(1, 1), units=21, level=FAR, size="0.1")
@example(longs=10, shorts=10, lots=(1, 4), units=33, level=FAR, size="10")
@example(longs=11, shorts=14, lots=(3, 4), units=49, level=FAR, size="10")
def test_how_many_dollars_a_contract_is_changes_none_that_are_closed(
    *, longs: int, shorts: int, lots: tuple[int, int], units: int, level: Alert, size: str
) -> None:
    """The same wallet in contracts of other sizes: as many more of them are open, a lot, and closed."""
    more = exact(size)

    def found(times: Fraction) -> dict[str, Fraction]:
        made = [
            opened(
                replace(contract(name), multiplier=100 / times, lot_size=lot * times, min_contracts=lot * times),
                contracts=size * times, entry_price=F(40000),
            )
            for name, lot, size in (("LONG", lots[0], longs), ("SHORT", lots[1], -shorts))
            if size
        ]  # fmt: skip
        return {name: each / times for name, each in closed(wallet(*made, units=str(F(units, 10))), level).items()}

    assert found(more) == found(F(1))


@pytest.mark.parametrize(
    ("longs", "shorts", "units", "found"),
    [
        # five longs are closed, 10 either way, and more of them help nothing. In fifteenths 1 leaves 4 and 14
        (10, 15, "9.5", {"LONG": 6, "SHORT": 1}),
        # 12 of 16 are closed, 8 either way. In sixteenths 15 are all of the rest of them and of the 12, rounded up
        (16, 12, "0.1", {"LONG": 16, "SHORT": 12}),
    ],
)
def test_what_changes_nothing_is_closed_no_further(longs: int, shorts: int, units: str, found: dict[str, int]) -> None:
    """At 50 % of maintenance a longs and b shorts take 2 a where the price halves, and 2/3 b where half is added."""
    long, short = (contract(name, rate="0.5") for name in ("LONG", "SHORT"))
    assert closed(wallet(held(long, longs), held(short, -shorts), units=units), FAR) == found


@pytest.mark.parametrize("sign", [1, -1])
def test_of_parts_of_a_contract_too_only_those_that_make_the_net_smaller_are_closed(sign: int) -> None:
    """0.7 one way beside 0.1 the other, in tenths of a contract: whichever purpose is asked for first."""
    parts = (
        Part(Purpose.HEDGE, -sign * exact("0.1"), F(40000), "BTC"),
        Part(Purpose.REBALANCE, sign * exact("0.7"), F(40000), "BTC"),
    )
    net = Position(contract("A", lot="0.1"), sign * exact("0.6"), F(40000), None, parts)
    (order,) = wallet(net, units="1", first=Purpose.HEDGE).orders({"A": exact("0.3")})
    assert [(part.purpose, part.contracts) for part in order.parts] == [(Purpose.REBALANCE, -sign * exact("0.3"))]


@given(
    lot=st.integers(1, 6), least=st.integers(1, 20), net=st.integers(1, 60), first=st.integers(0, 60),
    lots_so_far=st.integers(0, 10), short=st.booleans(),
)  # fmt: skip
@example(lot=1, least=20, net=7, first=0, lots_so_far=0, short=True)
@example(lot=1, least=20, net=19, first=0, lots_so_far=0, short=False)
@example(lot=4, least=6, net=11, first=9, lots_so_far=0, short=False)
def test_a_ladder_has_every_total_that_an_order_may_close_and_no_other(
    *, lot: int, least: int, net: int, first: int, lots_so_far: int, short: bool
) -> None:
    """Whole lots, the least order at the least; or all of a position, whatever is left of it.

    ``first``: contracts of the purpose that is closed first, of which no more is closed.
    """
    position = held(contract("A", lot=str(lot), least=str(least)), -net if short else net)
    room, so_far = min(first or net, net), lots_so_far * lot
    assume(so_far <= room and (not so_far or so_far >= least))
    ladder = _ladder(position, F(so_far), F(room))
    found = [ladder.step({"A": F(so_far), "B": F(1)}, n) for n in range(ladder.highest + 1)]
    totals = [n for n in range(so_far + 1, room + 1) if (n % lot == 0 and n >= least) or n == net]
    assert found == [{"A": F(n), "B": F(1)} for n in (so_far, *totals)]
