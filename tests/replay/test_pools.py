"""Pooled accounts, and several accounts, walked through prices."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import among
from exact import exact
from planner.books import SETTINGS
from planner.given import INPUTS, NOW
from planner.test_accounts import WORKED, books, read, two
from rebal.amounts import Fraction, plain
from rebal.portfolio import Portfolio
from rebal.replay import report
from rebal.replay.course import Course
from rebal.replay.quotes import Quotes
from rebal.replay.skipping import skipping
from rebal.replay.walk import Walk, every_bar
from rebal.replay.ways import Planned
from rebal.reports.replay import Refused, Replay

from .books import hedges
from .courses import DAY, adds_up, course, courses, track, without_funding

F = Fraction
STILL = report.Terms(slippage=F(0), check=DAY, against=("hold",))
END = exact("606000/991637")


def worked(tmp_path: Path) -> Portfolio:
    """1 BTC at 98 % that margins a long of 60,000 USD of ETHUSD from 2,500; nothing is wanted, and nothing alarms."""
    made = read(tmp_path, WORKED)
    return replace(made, policy=replace(made.policy, alert=replace(made.policy.alert, distance=F(0), leverage=F(100))))


def bars(btc: tuple[str, str, str], eth: tuple[str, str, str]) -> Course:
    """A bar after the first, by its close, low and high."""
    tracks = {
        name: track([first, close], [first, low], [first, high])
        for name, first, (close, low, high) in (("BTC", "40000", btc), ("ETH", "2500", eth))
    }
    return course(tracks, start=NOW)


def test_it_is_liquidated_where_both_coins_have_fallen_to_its_level_and_not_before(tmp_path: Path) -> None:
    made = worked(tmp_path)
    # 606,000/991,637 of 40,000 is 24,444.428959; of 2,500 it is 1,527.776810
    near = bars(("30000", "24444.43", "40000"), ("2000", "1527.77682", "2500"))
    there = bars(("30000", "24444.42", "40000"), ("2000", "1527.77681", "2500"))
    assert report.build_replay(made, near, terms=STILL, inputs=INPUTS).liquidated == ()
    told = report.build_replay(made, there, terms=STILL, inputs=INPUTS)
    gone = next(line for line in told.liquidated if line.way == "plan")
    assert (gone.wallet, gone.currency, gone.price) == ("bybit", "USD", None)
    # 40,000 k of BTC, less the 60,000 (1 - k) that the long has lost; the bar is not quite on that line
    assert abs(gone.lost_usd - (40000 * END - 60000 * (1 - END))) < exact("0.001")
    (way, hold) = told.ways
    assert way.equity_end == hold.equity_end == 0
    assert way.coins == {}
    assert told.closest is not None
    assert told.closest.distance == 0


def test_each_coin_is_judged_at_the_end_of_the_bar_that_is_worse_for_it(tmp_path: Path) -> None:
    # a short of ETH dies upwards while its collateral falls: neither all lows nor all highs would take it
    text = WORKED.replace("contracts: 60000", "contracts: -60000").replace("{ETHUSD: {leverage: 10}}", "{}")
    made = replace(read(tmp_path, text), targets=None)
    made = replace(made, policy=replace(made.policy, alert=replace(made.policy.alert, distance=F(0), leverage=F(100))))
    falls, rises = ("40000", "26000", "60000"), ("2500", "1400", "3300")
    told = report.build_replay(made, bars(falls, rises), terms=STILL, inputs=INPUTS)
    # 98 % of 26,000 are 25,480 dollars, and the short loses 60,000 · 800/2,500 = 19,200 of them: it lives
    assert told.liquidated == ()
    told = report.build_replay(made, bars(("40000", "20000", "60000"), rises), terms=STILL, inputs=INPUTS)
    # 98 % of 20,000 are 19,600, less 19,200, which the margin of 600 and more is above
    assert [line.way for line in told.liquidated] == ["plan", "hold"]
    # with all lows, and with all highs, it would have lived: 19,600 + 26,400, and 58,800 - 19,200
    calm = [bars(("40000", "20000", "40000"), ("2500", "1400", "2500")), bars(("60000", "40000", "60000"), rises)]
    for each in calm:
        assert report.build_replay(made, each, terms=STILL, inputs=INPUTS).liquidated == ()


def test_the_closest_call_is_told_at_the_worst_of_the_bar(tmp_path: Path) -> None:
    made = worked(tmp_path)
    told = report.build_replay(
        made, bars(("40000", "32000", "40000"), ("2500", "2000", "2500")), terms=STILL, inputs=INPUTS
    )
    assert told.closest is not None
    # from four fifths of the prices it is 606,000/991,637 over 4/5 to the end
    assert told.closest.distance == F(round((1 - END * 5 / 4) * 10**6), 10**6)


def walked(made: Portfolio, on: Course, terms: report.Terms) -> tuple[Replay, Replay]:
    slow = report.build_replay(made, on, terms=terms, inputs=INPUTS)
    return slow, report.build_replay(made, on, terms=terms, inputs=INPUTS, skipping=skipping)


def test_it_equals_the_walk_over_every_bar_and_adds_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    met: Counter[str] = Counter()

    @settings(SETTINGS, max_examples=max(1, settings().max_examples // 3))
    @given(text=books(), data=st.data())
    def equals(text: str, data: st.DataObject) -> None:
        made = without_funding(read(tmp_path_factory.mktemp("books"), text))
        made = replace(made, statement=replace(made.statement, hedges=data.draw(hedges(made, odds=3))))
        on = data.draw(courses(made, start=NOW, bars=data.draw(st.integers(2, 7)), calm=data.draw(st.booleans())))
        terms = report.Terms(
            slippage=F("0.0005"), check=on.step * data.draw(st.integers(1, 3)),
            refused=data.draw(among(*Refused)), spot_fee=F("0.001"), against=report.AGAINST,
        )  # fmt: skip
        slow, fast = walked(made, on, terms)
        assert fast == slow
        assert adds_up(slow)
        met["pooled"] += bool(made.pools)
        met["cross or isolated"] += len(made.pools) < len(made.accounts)
        met["hedges"] += bool(made.statement.hedges)
        met["planned again"] += slow.ways[0].plans > 1
        met["liquidated"] += bool(slow.liquidated)
        met["refused"] += bool(slow.refusals)

    equals()
    if settings().max_examples >= 100:
        assert {name: count for name, count in met.items() if count < 2} == {}


class Counted(Walk):
    """A walk that counts the bars it looks at."""

    looked = 0

    def bar(self, n: int) -> None:
        """See the walk."""
        self.looked += 1
        super().bar(n)


@pytest.mark.parametrize("mode", ["cross", "pooled"])
def test_most_bars_of_calm_days_are_passed_over(tmp_path: Path, mode: str) -> None:
    made = two(tmp_path, mode)
    wave = [1000 + n % 7 - n // 9 for n in range(40)]
    tracks = {coin: track([plain(made.price(coin) * n / 1000) for n in wave]) for coin in ("BTC", "ETH", "SOL")}
    on = course(tracks, start=NOW)
    walks = []
    for skips in (False, True):
        quotes = Quotes(made, on)
        walk = Counted(quotes, Planned("plan", F(0)), check=DAY)
        walks.append(walk.run(skipping(quotes) if skips else every_bar))
    slow, fast = walks
    assert (slow.worth, slow.tally.closest, slow.tally.rows()) == (fast.worth, fast.tally.closest, fast.tally.rows())
    assert isinstance(fast, Counted)
    assert fast.looked < 8
