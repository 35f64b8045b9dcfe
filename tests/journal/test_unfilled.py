"""What recorded plans have ordered and nobody has recorded as filled."""

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import HedgeAsked, Purpose
from rebal.journal.adding import add
from rebal.journal.unfilled import unfilled
from rebal.ledger import Draft, Journal, Ordered, OrderedPart, Void

from .books import AS_OF, at, draft, fill, part

F = Fraction
PLAN, OTHER = "a" * 64, "b" * 64


def ordered(*contracts: str, purpose: str = "rebalance", of: str = "BTCUSD") -> Ordered:
    return Ordered(tuple(OrderedPart(of, exact(each), Purpose(purpose), "BTC") for each in contracts))


def left(*drafts: Draft) -> list[Fraction]:
    """What is left of orders of -100 contracts of plan ``a``, once more was recorded."""
    entries = add(Journal(), [draft(ordered("-100"), 1, "orders", PLAN), *drafts], again=True).after.entries
    found = unfilled(entries, as_of=AS_OF)
    assert all((each.contract, each.ordered, each.entry) == ("BTCUSD", F(-100), "orders") for each in found)
    return [each.contracts for each in found]


def sold(contracts: str, name: str, plan: str | None, *, purpose: str = "rebalance", minute: int = 2) -> Draft:
    return draft(fill(contracts, "40000", part(contracts, purpose)), minute, name, plan)


@pytest.mark.parametrize(
    ("more", "rest"),
    [
        ([], [-100]),
        ([sold("-30", "f", PLAN)], [-70]),
        ([sold("-30", "f", PLAN), sold("-70", "g", PLAN)], []),
        ([sold("-30", "f", PLAN), draft(Void("f", "a slip"), 3, "v")], [-100]),
        # by hand, without the plan: the same way it fills the order, the other way it does not
        ([sold("-100", "f", None)], []),
        ([sold("-130", "f", None)], []),
        ([sold("100", "f", None)], [-100]),
        # a plan that was recorded later is in its place, one for the other purpose is not
        ([sold("-5", "f", OTHER)], []),
        ([sold("-5", "f", OTHER, purpose="hedge")], [-100]),
        ([draft(HedgeAsked("BTC", F("0.5")), 2, "h", OTHER)], [-100]),
        ([draft(Void("orders", "not placed"), 3, "v")], []),
    ],
)
def test_what_is_left_of_an_order(more: list[Draft], rest: list[int]) -> None:
    assert left(*more) == rest


def test_what_a_later_plan_leaves_open_is_of_that_plan() -> None:
    first, second = draft(ordered("-100"), 1, "a", PLAN), draft(ordered("-40"), 2, "b", OTHER)
    found = unfilled(add(Journal(), [first, second]).after.entries, as_of=AS_OF)
    assert [(each.entry, each.contracts) for each in found] == [("b", F(-40))]


def test_hedges_are_replaced_by_what_is_asked_later() -> None:
    first = draft(ordered("-100", purpose="hedge"), 1, "a", PLAN)
    asked = draft(HedgeAsked("BTC", F("0.2")), 2, "h", OTHER)
    assert unfilled(add(Journal(), [first]).after.entries, as_of=AS_OF)
    assert unfilled(add(Journal(), [first, asked]).after.entries, as_of=AS_OF) == ()


def test_parts_of_one_contract_are_one_order() -> None:
    both = Ordered((*ordered("-100").orders, *ordered("-50", purpose="hedge").orders))
    entries = add(Journal(), [draft(both, 1, "a", PLAN), sold("-20", "f", PLAN)]).after.entries
    (rest,) = unfilled(entries, as_of=AS_OF)
    assert (rest.contracts, rest.ordered) == (F(-130), F(-150))


def test_a_statement_has_what_was_ordered_before_it() -> None:
    entries = add(Journal(), [draft(ordered("-100"), 10, "a", PLAN)]).after.entries
    assert unfilled(entries, as_of=at(9))
    assert unfilled(entries, as_of=None)
    assert unfilled(entries, as_of=at(10)) == ()
