"""Whatever the book: what a plan leaves behind is what recording it adds up to."""

from collections.abc import Iterator
from datetime import timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from exchange import carried_out
from planner.books import books
from planner.given import INPUTS
from planner.test_laws import planned
from rebal import formats
from rebal.amounts import Fraction, toward_zero
from rebal.book import Book
from rebal.formats import View
from rebal.journal import saved
from rebal.journal.adding import add
from rebal.journal.fold import fold
from rebal.journal.from_plan import drafts
from rebal.journal.placed import Given, Placed
from rebal.ledger import Journal
from rebal.plan import Plan
from rebal.portfolio import Portfolio

SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
DUST = Fraction(1, 10**12)
STEP = Fraction(1, 10**8)


def recorded(plan: Plan, portfolio: Portfolio) -> Journal:
    text = formats.render("json", plan, View(width=100, colour=False))
    made = drafts(
        saved.read(text, "plan.json"),
        portfolio,
        journal=Journal(),
        placed=Placed(),
        time=INPUTS.now + timedelta(minutes=1),
    )
    return add(Journal(), made).after


def close(ours: Fraction | None, theirs: Fraction | None, *, steps: int = 0) -> bool:
    """Equal, up to what JSON rounds away of a number without end, and so many steps of booked figures."""
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= DUST * max(Fraction(1), abs(theirs)) + STEP * steps


def same(ours: Book, theirs: Book, *, steps: int = 0) -> None:
    for mine, other in ((ours.holdings, theirs.holdings), (ours.wallets, theirs.wallets)):
        for asset in {*mine, *other}:
            assert close(mine.get(asset, Fraction(0)), other.get(asset, Fraction(0)), steps=steps), asset
    assert ours.positions.keys() == theirs.positions.keys()
    for name, position in ours.positions.items():
        other_position = theirs.positions[name]
        assert position.contracts == other_position.contracts
        assert close(position.entry_price, other_position.entry_price)
        if position.contracts:
            assert close(position.margin, other_position.margin, steps=steps)
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
    book = fold(portfolio, recorded(plan, portfolio).entries).book
    same(book, carried_out(plan, portfolio, portfolio.statement), steps=len(plan.orders))


@SETTINGS
@given(books(), st.data())
def test_a_plan_recorded_in_any_number_of_parts_is_the_plan(portfolio: Portfolio, data: st.DataObject) -> None:
    """Each part recorded twice adds nothing; coins go out with the last fill; then there is nothing to plan."""
    plan = planned(portfolio)
    # An isolated position that is flat for a moment gives its margin back, so a crossing of zero depends on its parts.
    crosses = any(line.isolated_margin and line.contracts * line.contracts_before < 0 for line in plan.positions)
    assume(plan.orders and not plan.refused and not crosses)
    saved_plan = saved.read(formats.render("json", plan, View(width=100, colour=False)), "plan.json")
    journal = Journal()
    for minute, fill in enumerate(data.draw(st.permutations([*parts(plan, portfolio, data)]))):
        time = INPUTS.now + timedelta(minutes=1 + minute)
        placed = Placed(fills=(fill,), time=time)
        part = add(journal, drafts(saved_plan, portfolio, journal=journal, placed=placed, time=time))
        assert add(part.after, drafts(saved_plan, portfolio, journal=part.after, placed=placed, time=time)).new == ()
        assert (
            add(part.after, drafts(saved_plan, portfolio, journal=part.after, placed=placed, time=time)).after
            == part.after
        )
        journal = part.after
    assert add(journal, drafts(saved_plan, portfolio, journal=journal, placed=Placed(), time=INPUTS.now)).new == ()
    made = fold(portfolio, journal.entries).book
    same(made, carried_out(plan, portfolio, portfolio.statement), steps=journal.seq)
    again = planned(portfolio, made)
    assert again.orders == ()
    assert again.transfers == () or portfolio.statement.positions  # PnL realised in parts is booked in steps each


def parts(plan: Plan, portfolio: Portfolio, data: st.DataObject) -> Iterator[Given]:
    """Each order's fills, at its price, in up to four whole numbers of lots; their fees sum to the order's."""
    for order in plan.orders:
        lot, contracts, fee = portfolio.contracts[order.contract].lot_size, order.contracts, order.fee
        for cut in data.draw(st.lists(st.integers(1, max(1, int(contracts / lot) - 1)), max_size=3)):
            if cut * lot < contracts:
                paid = toward_zero(fee * cut * lot / contracts, STEP)
                contracts, fee = contracts - cut * lot, fee - paid
                yield Given(order.contract, cut * lot, order.price, paid)
        yield Given(order.contract, contracts, order.price, fee)
