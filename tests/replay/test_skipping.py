"""The walk that skips bars says what the walk over every bar says, to the last digit."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from planner.books import SETTINGS, books
from planner.given import INPUTS, NOW
from rebal.amounts import Fraction
from rebal.book import Book, HedgeAsked
from rebal.portfolio import Costs
from rebal.replay import report
from rebal.replay.skipping import skipping
from rebal.reports.replay import Refused

from .courses import courses

F = Fraction


@SETTINGS
@given(data=st.data())
def test_it_equals_the_walk_over_every_bar_to_the_last_digit(data: st.DataObject) -> None:
    made = data.draw(books())
    hedges = {asset: HedgeAsked(asset, F(1, 2)) for asset in made.holdings if data.draw(st.integers(0, 3)) == 0}
    book = made.statement
    statement = Book(book.holdings, book.wallets, book.positions, hedges)
    made = replace(made, costs=Costs(F("0.001"), F("0.0005")), statement=statement)
    on = data.draw(courses(made, start=NOW, bars=data.draw(st.integers(2, 30)), calm=data.draw(st.booleans())))
    terms = report.Terms(
        slippage=F("0.0005"), check=on.step * data.draw(st.integers(1, 5)), refused=data.draw(st.sampled_from(Refused)),
        spot_fee=F("0.001"), against=report.AGAINST,
    )  # fmt: skip
    slow = report.build_replay(made, on, terms=terms, inputs=INPUTS)
    fast = report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping)
    assert fast == slow
