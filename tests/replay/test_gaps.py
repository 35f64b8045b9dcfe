"""Histories with holes, carried over: a bar that is missing is a price that stood still, in every walk."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.books import SETTINGS
from planner.given import INPUTS, NOW
from rebal.amounts import Fraction
from rebal.load.course_files import Wanted
from rebal.load.courses import course as read
from rebal.replay import report
from rebal.replay.course import Course, Rates, exactly, moment, stamp
from rebal.replay.skipping import skipping
from rebal.times import rfc3339

from .books import books
from .courses import DAY, HOUR, adds_up, course, courses, track
from .test_walk import one_position

F = Fraction


@st.composite
def with_holes(draw: st.DrawFn, on: Course, folder: Path) -> Course:
    """The same prices out of files from which some bars, other ones of each coin, are missing.

    Between two holes stand three bars or more: their step is what most rows are apart.
    """
    for name, each in on.tracks.items():
        kept: list[int] = []
        n = 0
        while n < on.count - 1:
            kept += range(n, min(n + 3, on.count - 1))
            n += 3 + draw(st.integers(0, 3))
        kept.append(on.count - 1)
        rows = [
            f"{rfc3339(moment(on.start + (n - 1) * on.step))},{each.lows[n]},{each.highs[n]},{each.closes[n]}\n"
            for n in kept
        ]
        (folder / f"{name}.csv").write_text("time,low,high,close\n" + "".join(rows))
    files = [f"{name}={folder / name}.csv" for name in on.tracks]
    return replace(read(files, [], Wanted(tuple(on.tracks), (), carries=True)), rates=on.rates)


@settings(SETTINGS, max_examples=max(1, settings().max_examples // 4))
@given(data=st.data())
def test_every_walk_is_the_same_over_gaps(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    made = data.draw(books())
    drawn = data.draw(courses(made, start=NOW, bars=data.draw(st.integers(6, 20)), calm=data.draw(st.booleans())))
    on = data.draw(with_holes(drawn, tmp_path_factory.mktemp("prices")))
    assert (on.start, on.step, on.count) == (drawn.start, drawn.step, drawn.count)
    terms = report.Terms(slippage=F("0.0005"), check=on.step, spot_fee=F("0.001"), against=report.AGAINST)
    slow = report.build_replay(made, on, terms=terms, inputs=INPUTS)
    assert report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping) == slow
    assert adds_up(slow)


def test_funding_is_paid_in_a_gap_at_the_price_before_it(tmp_path: Path) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    (tmp_path / "BTC.csv").write_text(
        "time,close\n2024-01-01,40000\n2024-01-02,50000\n2024-01-03,50000\n2024-01-05,20000\n2024-01-06,20000\n"
    )
    given = read([str(tmp_path / "BTC.csv")], [], Wanted(("BTC",), (), carries=True))
    # on the fourth, of which there is no bar, at 50,000: 15,000/50,000 * 0.001
    paid = {"BTCUSD": Rates([stamp(start) + 3 * DAY + 8 * HOUR], ["0.001"])}
    made = one_position("-150", "40000", wallet="0.6")
    told = report.build_replay(
        made, replace(given, rates=paid), terms=report.Terms(slippage=F(0), check=DAY), inputs=INPUTS, skipping=skipping
    )
    assert told.years[0].funding_coin == F("0.0003")
    whole = course({"BTC": track(["40000", "50000", "50000", "50000", "20000", "20000"])}, start=start)
    assert [exactly(each) for each in given.tracks["BTC"].closes] == [exactly(e) for e in whole.tracks["BTC"].closes]
