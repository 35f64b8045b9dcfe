"""Hedges on the way: ordered again, closed on their day, rolled before their contract expires."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exact import exact
from planner.given import inverse, portfolio
from rebal.amounts import Fraction
from rebal.book import Book, HedgeAsked, Part, Position, Purpose, opened
from rebal.market.contract import Contract
from rebal.portfolio import Portfolio
from rebal.replay import report
from rebal.replay.course import DAY
from rebal.replay.quotes import Quotes
from rebal.replay.skipping import skipping
from rebal.replay.walk import Skip, Walk, every_bar
from rebal.replay.ways import Planned

from .courses import course, track

F = Fraction
START = datetime(2024, 1, 1, tzinfo=UTC)


def hedged(*contracts: Contract, short: str, until: datetime | None = None) -> Portfolio:
    """Two bitcoin, a hedge of half of them asked for, and a short that protects, on the first contract."""
    held = opened(contracts[0], contracts=exact(short), entry_price=F(40000), hedge=exact(short))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, contracts, positions=(held,), wallets={"BTC": "1.1"})
    asked = {"BTC": HedgeAsked("BTC", F(1, 2), until, F(40000))}
    return replace(made, statement=replace(made.statement, hedges=asked))


def walked(made: Portfolio, days: int, skip: str) -> Walk:
    on = course({"BTC": track(["40000"] * days)}, start=START)
    quotes = Quotes(made, on)
    looks: Skip = skipping(quotes) if skip == "fast" else every_bar
    return Walk(quotes, Planned(report.PLAN, F(0)), check=DAY).run(looks)


WALKS = pytest.mark.parametrize("skip", ["fast", "every bar"])


@WALKS
def test_a_hedge_that_has_left_what_was_asked_is_ordered_again(skip: str) -> None:
    walk = walked(hedged(inverse("BTC", "100"), short="-200"), 4, skip)
    # half of two coins at 40,000 are 400 contracts of 100
    assert walk.book.positions["BTCUSD"].contracts == -400
    assert (walk.tally.plans, walk.tally.orders) == (1, 1)


@WALKS
def test_a_hedge_ends_on_its_day(skip: str) -> None:
    made = hedged(inverse("BTC", "100"), short="-400", until=START + timedelta(days=3))
    assert "BTCUSD" in walked(made, 3, skip).book.positions
    ended = walked(made, 6, skip)
    assert ended.book.positions == {}
    assert ended.book.hedges == {}
    assert ended.tally.orders == 1


@WALKS
def test_a_hedge_is_rolled_within_a_week_of_its_expiry(skip: str) -> None:
    near = replace(inverse("BTC", "100", name="BTCN", expiry=START + timedelta(days=20)), own=True)
    far = replace(inverse("BTC", "100", name="BTCF", expiry=START + timedelta(days=110)), own=True)
    made = hedged(near, far, short="-400", until=START + timedelta(days=60))
    assert set(walked(made, 14, skip).book.positions) == {"BTCN"}
    rolled = walked(made, 16, skip)
    # buying back one coin's worth costs 0.0005 coins; half of the 1.9995 left are 399.9 contracts
    assert {name: each.contracts for name, each in rolled.book.positions.items()} == {"BTCF": F(-399)}
    assert rolled.tally.orders == 2


def cancelling(contract: Contract) -> Portfolio:
    """Two bitcoin, a hedge of one, and a long of one in the place of spot: a net of nothing that moves two weights."""
    parts = (
        Part(Purpose.HEDGE, F(-400), F(40000), "BTC"),
        Part(Purpose.REBALANCE, F(400), F(40000), "BTC"),
    )
    held = Position(contract, F(0), F(40000), None, parts)
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,))
    return replace(made, targets=None, statement=Book({"BTC": F(2)}, {"BTC": F(1)}, {contract.name: held}))


def test_purposes_that_cancel_out_are_weighed_on_every_bar() -> None:
    made = cancelling(inverse("BTC", "100"))
    rows = []
    for skips in (False, True):
        quotes = Quotes(made, course({"BTC": track(["40000", "44000", "50000", "46000"])}, start=START))
        walk = Walk(quotes, Planned(report.PLAN, F(0)), check=DAY).run(skipping(quotes) if skips else every_bar)
        rows.append(walk.tally.rows())
    slow, fast = rows
    assert fast == slow
    # two coins and 40,000 dollars of exposure beside them
    assert [row.weights["BTC"] for row in slow] == [round((2 * price + 40000) / (2 * price) * 10**9)
                                                    for price in (40000, 44000, 50000, 46000)]  # fmt: skip


@WALKS
def test_purposes_that_cancel_out_end_with_their_contract(skip: str) -> None:
    made = cancelling(replace(inverse("BTC", "100", name="BTCN", expiry=START + timedelta(days=2)), own=True))
    assert walked(made, 2, skip).book.positions != {}
    assert walked(made, 5, skip).book.positions == {}


def test_an_end_that_is_very_far_away_is_told_to_its_last_digit() -> None:
    # a short that its coins all but cover: N/Pe - W is 1e-6 coin, so that it ends some 400,000 times higher
    contract = inverse("BTC", "100")
    held = opened(contract, contracts=F(-400), entry_price=F(40000))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,), positions=(held,))
    made = replace(made, targets=None, statement=replace(made.statement, wallets={"BTC": F("0.999999")}))
    for price in range(30000, 50000, 487):
        quotes = Quotes(made, course({"BTC": track(["40000", str(price), "41234.5"])}, start=START))
        slow, fast = (Walk(quotes, Planned(report.PLAN, F(0)), check=DAY) for _ in range(2))
        assert fast.run(skipping(quotes)).tally.rows() == slow.run(every_bar).tally.rows()
        assert fast.tally.closest == slow.tally.closest
