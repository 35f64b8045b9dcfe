"""What left an account for another and has not come there."""

import pytest

from exact import exact
from rebal.journal.adding import add
from rebal.journal.underway import underway
from rebal.ledger import Draft, Journal, Spot, Transfer, Void

from .books import AS_OF, at, draft

PLAN = "a" * 64
Left = list[tuple[str, str, str, str, int]]


def moved(quantity: str, of: str, other: str | None = None, *, minute: int = 1, plan: str | None = None) -> Draft:
    return draft(Transfer("BTC", exact(quantity), None, of, other), minute, f"t{minute}", plan)


def kept(quantity: str, minute: int) -> Draft:
    return draft(Spot("BTC", exact(quantity), None, "a", "b"), minute, f"k{minute}")


def on_the_way(*drafts: Draft, as_of: int = 0) -> Left:
    """From, to, coins and the minute at which the first of them left."""
    found = underway(add(Journal(), drafts, again=True).after.entries, as_of=at(as_of))
    return [
        (each.source, each.sink, each.asset, str(each.quantity), int((each.since - AS_OF).total_seconds()) // 60)
        for each in found
    ]


SENT = moved("-0.25", "a", "b")


@pytest.mark.parametrize(
    ("drafts", "left"),
    [
        ([SENT], [("a", "b", "BTC", "1/4", 1)]),
        ([SENT, moved("0.25", "b", "a", minute=2)], []),
        ([SENT, moved("0.2", "b", "a", minute=2)], [("a", "b", "BTC", "1/20", 1)]),
        ([SENT, moved("0.2", "b", "a", minute=2), kept("-0.05", 3)], []),
        # the first first: of a quarter and a half, of which three eighths came, three eighths of the second are left
        (
            [SENT, moved("-0.5", "a", "b", minute=2), moved("0.375", "b", "a", minute=3)],
            [("a", "b", "BTC", "3/8", 2)],
        ),
        # without a word of where from and by no plan, what comes is what was awaited; more than that is from elsewhere
        ([SENT, moved("0.25", "b", minute=2)], []),
        ([SENT, moved("0.75", "b", minute=2), moved("-0.5", "a", "b", minute=3)], [("a", "b", "BTC", "1/2", 3)]),
        ([SENT, moved("0.25", "b", minute=2, plan=PLAN)], [("a", "b", "BTC", "1/4", 1)]),
        # to another account, from another account, of another way
        ([SENT, moved("0.25", "c", minute=2)], [("a", "b", "BTC", "1/4", 1)]),
        ([SENT, moved("0.25", "b", "c", minute=2)], [("a", "b", "BTC", "1/4", 1)]),
        ([SENT, moved("-0.25", "b", "a", minute=2)], [("a", "b", "BTC", "1/4", 1), ("b", "a", "BTC", "1/4", 2)]),
        # out of an account and into spot, as far as anybody said
        ([moved("-0.25", "a")], []),
        ([SENT, draft(Void("t1", "never sent"), 2, "v")], []),
        ([SENT, moved("0.25", "b", "a", minute=2), draft(Void("t2", "a slip"), 3, "v")], [("a", "b", "BTC", "1/4", 1)]),
    ],
)
def test_what_is_left_of_what_was_sent(drafts: list[Draft], left: Left) -> None:
    assert on_the_way(*drafts) == left


def test_a_statement_knows_where_the_coins_are() -> None:
    assert on_the_way(SENT, as_of=1) == []
    assert on_the_way(SENT, moved("0.25", "b", "a", minute=2), moved("-0.5", "a", "b", minute=3), as_of=1) == [
        ("a", "b", "BTC", "1/2", 3)
    ]
