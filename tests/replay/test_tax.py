"""Tax on the way and at the end, and days whose funding nobody knows: told beside equity, never made up."""

from dataclasses import replace
from datetime import UTC, datetime

from planner.given import INPUTS, inverse, portfolio
from rebal.amounts import Fraction
from rebal.findings import Code
from rebal.portfolio import Holding, Lot, LotMethod, Portfolio, Tax
from rebal.replay import report
from rebal.replay.course import DAY, Rates, stamp
from rebal.times import duration

from .courses import HOUR, course, track
from .test_walk import one_position

F = Fraction
START = datetime(2024, 1, 1, tzinfo=UTC)
FREE = report.Terms(slippage=F(0), check=DAY, spot_fee=F(0), against=("hold", "spot"))


def with_lots() -> Portfolio:
    """Two bitcoin that cost 10,000 each four years ago, half of them wanted; long-term gains are taxed a fifth."""
    made = portfolio({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (inverse("BTC", "100"),))
    lots = (Lot(F(2), F(10000), datetime(2020, 1, 1, tzinfo=UTC)),)
    tax = Tax(LotMethod.HIFO, F("0.37"), F("0.2"), duration("1y"))
    return replace(made, holdings={"BTC": Holding("BTC", F(2), lots)}, tax=tax)


def test_tax_is_paid_by_selling_deferred_by_holding_and_both_are_left_after_a_sale_of_all() -> None:
    on = course({"BTC": track(["40000", "50000"])}, start=START)
    told = report.build_replay(with_lots(), on, terms=FREE, inputs=INPUTS)
    ways = {way.way: way for way in told.ways}
    # one coin is sold at 40,000, then a tenth of one at 50,000: gains of 30,000 and 4,000
    spot = ways["spot"]
    assert (spot.equity_end, spot.tax_paid_usd) == (F(90_000), 34_000 * F("0.2"))
    # nine tenths are left, with a gain of 40,000 a coin
    assert (spot.tax_deferred_usd, spot.after_sale_usd) == (F(7_200), F(90_000 - 6_800 - 7_200))
    assert [(line.year, line.tax_usd) for line in told.years if line.way == "spot"] == [(2024, F(6_800))]
    hold = ways["hold"]
    assert (hold.tax_paid_usd, hold.tax_deferred_usd, hold.after_sale_usd) == (F(0), F(16_000), F(84_000))
    # futures sell nothing: the coins of the plan wait with all of their gain
    plan = ways["plan"]
    assert plan.tax_paid_usd == 0
    assert plan.orders > 0
    assert plan.tax_deferred_usd == 16_000 - (2 - plan.coins["BTC"]) * 40_000 * F("0.2")


def test_without_lots_or_rates_nothing_is_told_of_tax() -> None:
    on = course({"BTC": track(["40000", "50000"])}, start=START)
    for made in (replace(with_lots(), tax=None), replace(with_lots(), holdings={"BTC": Holding("BTC", F(2))})):
        for way in report.build_replay(made, on, terms=FREE, inputs=INPUTS).ways:
            assert (way.tax_paid_usd, way.tax_deferred_usd, way.after_sale_usd) == (None, None, None)


def test_days_whose_funding_is_not_known_are_counted_and_named() -> None:
    made = one_position("-150", "40000", wallet="0.6")
    # three times a day over the first three days, then nothing for four
    times = [stamp(START) + n * 8 * HOUR for n in range(10)]
    on = course({"BTC": track(["40000"] * 8)}, start=START, rates={"BTCUSD": Rates(times, ["0.0001"] * 10)})
    told = report.build_replay(made, on, terms=replace(FREE, against=()), inputs=INPUTS)
    (line,) = told.years
    assert line.unfunded_days == 4
    finding = next(each for each in told.findings if each.code is Code.FUNDING_UNKNOWN)
    assert (finding.subject, finding.data["days"]) == ("BTCUSD", 4)
    assert finding.message == "no funding is known for 4 days on which it was held; none is counted for them"
