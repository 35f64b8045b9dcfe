"""What a hedge is a share of, and what stays asked for once orders close a part of it, by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.book import Book, HedgeAsked, Part, Position, Purpose, opened
from rebal.planner.cover import Cover, cover, in_force, still_asked, yet_to_realise
from rebal.planner.targets import target

from .given import NOW, inverse, portfolio

LARGE, SMALL = inverse("BTC", "100", name="LARGE"), inverse("BTC", "10", name="SMALL")
DAY = NOW + timedelta(days=9)
ASKED = {
    "BTC": HedgeAsked("BTC", exact("0.5"), DAY, Fraction(40000)),
    "DOT": HedgeAsked("DOT", exact("0.4")),
    "ETH": HedgeAsked("ETH", exact("0.3")),
}


def book(large: tuple[int, int, int], small: int) -> Book:
    """On the large contract hedges of bitcoin and of DOT beside what stands for spot; on the small one of bitcoin."""
    purposes = (Purpose.HEDGE, "BTC"), (Purpose.HEDGE, "DOT"), (Purpose.REBALANCE, "BTC")
    parts = [(LARGE, [Part(purpose, Fraction(size), Fraction(40000), asset)
                      for (purpose, asset), size in zip(purposes, large, strict=True) if size]),
             (SMALL, [Part(Purpose.HEDGE, Fraction(small), Fraction(40000), "BTC")] if small else [])]  # fmt: skip
    positions = {
        each.name: Position(each, sum((part.contracts for part in of), Fraction(0)), Fraction(40000), None, tuple(of))
        for each, of in parts
    }
    return Book({"BTC": Fraction(1)}, {}, positions, hedges=ASKED)


@pytest.mark.parametrize(
    ("large", "small", "bitcoin", "dot"),
    [
        # 1,000 dollars on the one and 300 on the other; of DOT 700
        ((-10, -7, -5), -30, "0.5", "0.4"),
        ((0, -7, -5), -30, Fraction(3, 26), "0.4"),
        ((-10, -7, 0), 0, Fraction(10, 26), "0.4"),
        ((-5, -7, -5), -30, Fraction(8, 26), "0.4"),
        ((-10, 0, -5), -30, "0.5", None),
        ((-10, -7, -50), -30, "0.5", "0.4"),
        ((-20, -7, -5), -30, "0.5", "0.4"),
        ((0, 0, -5), 0, None, None),
    ],
)
def test_what_stays_asked_for_is_the_share_of_its_dollars_that_is_left(
    large: tuple[int, int, int], small: int, bitcoin: Fraction | str | None, dot: str | None
) -> None:
    wanted = {"BTC": bitcoin if isinstance(bitcoin, Fraction | None) else exact(bitcoin),
              "DOT": None if dot is None else exact(dot), "ETH": exact("0.3")}  # fmt: skip
    assert still_asked(book((-10, -7, -5), -30), book(large, small)) == {
        asset: replace(ASKED[asset], fraction=fraction) for asset, fraction in wanted.items() if fraction is not None
    }


def test_a_hedge_whose_day_has_passed_is_in_force_as_long_as_any_of_it_is_open() -> None:
    opened, closed = book((0, 0, -5), -30), book((0, -7, -5), 0)
    for when, names in ((DAY - timedelta(seconds=1), {*ASKED}), (DAY + timedelta(seconds=1), {"DOT", "ETH"})):
        assert in_force(opened, when) == ASKED
        assert in_force(closed, when) == {asset: ASKED[asset] for asset in names}


def test_what_two_contracts_stand_for_is_in_the_base_together() -> None:
    """Of a coin at 40,000 half is sold by the one and a quarter by the other."""
    both = tuple(
        opened(each, contracts=Fraction(size), entry_price=Fraction(40000))
        for each, size in ((LARGE, -200), (SMALL, -1000))
    )
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (LARGE, SMALL), wallets={"BTC": "1"}, positions=both)
    assert cover(made, made.statement).base("BTC") == exact("0.25")


def test_a_base_is_what_is_held_and_what_would_be() -> None:
    one, half = Fraction(1), exact("0.5")
    cover = Cover({"BTC": half, "DOT": half}, {"BTC": -half, "DOT": half, "ETH": -one}, {"BTC": one, "ETH": half})
    assert [cover.base(asset) for asset in ("BTC", "DOT", "ETH", "SOL")] == [half, half, -half, 0]
    assert [cover.ratio(asset) for asset in ("BTC", "DOT", "ETH", "SOL")] == [1, 1, None, None]
    assert replace(cover, hedged={}).ratio("BTC") == 0


def test_nothing_is_wanted_of_what_no_target_names() -> None:
    assert target("BTC", portfolio({"BTC": "1"}, None, {}, ())) == 0
    assert target("ETH", portfolio({"BTC": "1"}, {"BTC": "1"}, {}, ())) == 0


@pytest.mark.parametrize(("bought", "apart"), [(50_000_000, exact("0.00000001")), (51_000_000, ZERO)])
def test_a_step_that_parts_have_realised_is_counted_and_less_is_the_rounding_of_an_entry(
    bought: int, apart: Fraction
) -> None:
    """A contract of a dollar at 100 million is a step of 1e-8 coin; one at half of that is two of them."""
    sizes = ((Purpose.HEDGE, 1, 100_000_000), (Purpose.REBALANCE, -1, bought))
    parts = tuple(Part(purpose, Fraction(size), Fraction(entry), "BTC") for purpose, size, entry in sizes)
    assert yet_to_realise(Position(inverse("BTC"), ZERO, Fraction(40000), None, parts)) == apart
