"""Which route stands first, and what that depends on."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rebal.amounts import Fraction
from rebal.portfolio import Costs, FundingRate, LotMethod
from rebal.reports.comparison import Compare, RankLine, Way

from .given import COSTS, HALF, TAX, book, compared

F = Fraction


def by_way(report: Compare) -> Mapping[tuple[Way, object], RankLine]:
    return {(line.route, line.expiry): line for line in report.ranking}


def test_by_the_total_with_the_deferred_tax_and_only_routes_that_can_be_taken_whole() -> None:
    report = compared(book())
    assert [(line.route, line.place, line.known_usd) for line in report.ranking[:2]] == [
        (Way.INVERSE, 1, F(60 + 1_500)),
        (Way.SPOT, 2, F(2_820)),
    ]
    assert {line.left_out for line in report.ranking[2:]} == {"it carries only some legs"}
    assert all(line.place is None for line in report.ranking[2:])
    assert report.turns == ()
    for line in report.routes:
        assert line.total_with_deferred_usd == by_way(report)[line.route, line.expiry].known_usd


def test_a_route_whose_collateral_is_not_held_takes_no_place() -> None:
    report = compared(book(), hedge=HALF)
    assert by_way(report)[Way.LINEAR, None].left_out == "its collateral is not held"
    assert report.ranking[0].route is Way.DATED


def test_the_deferred_tax_may_put_selling_first() -> None:
    # no lot turns long-term within 60 days: trading futures and selling afterwards costs 60 more than the sale's tax
    made = book(funding={"BTCUSD": "0", "ETHUSD": "0", "ALTUSD": "0"}, costs=Costs(F("0.0001"), F(0)))
    assert [line.route for line in compared(made, 60).ranking[:2]] == [Way.SPOT, Way.INVERSE]
    assert [line.route for line in compared(made, 90).ranking[:2]] == [Way.INVERSE, Way.SPOT]


def test_what_is_missing_is_ranked_by_what_is_known_and_told() -> None:
    report = compared(book(costs=Costs(None, F(0)), tax=replace(TAX, short_term=F("0.2"), method=LotMethod.FIFO)))
    first, second = report.ranking[:2]
    assert (first.route, first.known_usd, first.missing) == (Way.SPOT, F(3, 8) * 30_000 * F("0.2"), ("costs.spot_fee",))
    assert (second.route, second.known_usd - first.known_usd) == (Way.INVERSE, F(30))
    (turn,) = report.turns
    assert (turn.key, turn.above, turn.route) == ("costs.spot_fee", F("0.001"), Way.INVERSE)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_a_rate_above_what_is_told_changes_the_order_and_one_below_does_not(fee: int, more: int, hedges: bool) -> None:
    made = book(costs=Costs(None, COSTS.slippage), funding={"BTCUSD": "0", "ETHUSD": "0", "ALTUSD": "0"})
    hedge = HALF if hedges else None
    report = compared(made, 30, hedge)
    told = next((turn.above for turn in report.turns if turn.key == "costs.spot_fee"), None)
    rate = F(fee + more, 10_000)
    known = compared(replace(made, costs=Costs(rate, COSTS.slippage)), 30, hedge)
    changed = known.ranking[0].route is not report.ranking[0].route
    assert changed == (told is not None and rate > told)


def test_any_funding_may_change_the_order() -> None:
    report = compared(book(funding={"BTCUSD": "0.0001", "ALTUSD": "0.0001"}))
    assert [(turn.key, turn.above) for turn in report.turns] == [("market.funding.ETHUSD", None)]
    made = book()
    dear = FundingRate(F("0.01"), F("0.01"), F("0.01"))
    dear_eth = replace(made, market=replace(made.market, funding={**made.market.funding, "ETHUSD": dear}))
    assert compared(dear_eth).ranking[0].route is Way.SPOT
