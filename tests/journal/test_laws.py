"""Whatever the book: what a plan leaves behind is what recording it adds up to."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import HealthCheck, assume, given, settings

from planner.given import INPUTS
from planner.test_laws import books, carried_out, planned
from rebal import formats
from rebal.book import Book
from rebal.formats import View
from rebal.journal import saved
from rebal.journal.adding import add
from rebal.journal.fold import fold
from rebal.journal.from_plan import drafts
from rebal.ledger import Journal
from rebal.plan import Plan
from rebal.portfolio import Portfolio

SETTINGS = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
DUST = Fraction(1, 10**12)


def recorded(plan: Plan, portfolio: Portfolio) -> Journal:
    text = formats.render("json", plan, View(width=100, colour=False))
    made = drafts(
        saved.read(text, "plan.json"), portfolio, Journal(), given=None, time=INPUTS.now + timedelta(minutes=1)
    )
    return add(Journal(), made).after


def close(ours: Fraction | None, theirs: Fraction | None) -> bool:
    """Equal, up to what JSON rounds away of a number without end."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= DUST * max(1, abs(theirs))


def same(ours: Book, theirs: Book) -> None:
    for mine, other in ((ours.holdings, theirs.holdings), (ours.wallets, theirs.wallets)):
        for asset in {*mine, *other}:
            assert close(mine.get(asset, Fraction(0)), other.get(asset, Fraction(0))), asset
    assert ours.positions.keys() == theirs.positions.keys()
    for name, position in ours.positions.items():
        other_position = theirs.positions[name]
        assert position.contracts == other_position.contracts
        assert close(position.entry_price, other_position.entry_price)
        if position.contracts:
            assert close(position.margin, other_position.margin)
        parts = {(part.purpose, part.stands_for): part for part in position.parts}
        others = {(part.purpose, part.stands_for): part for part in other_position.parts}
        assert parts.keys() == others.keys()
        for key, part in parts.items():
            assert part.contracts == others[key].contracts
            assert close(part.entry_price, others[key].entry_price)


@SETTINGS
@given(books())
def test_the_fold_of_a_recorded_plan_is_what_the_plan_leaves(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    assume(plan.changes and not plan.refused)
    same(fold(portfolio, recorded(plan, portfolio).entries).book, carried_out(plan, portfolio, portfolio.statement))
