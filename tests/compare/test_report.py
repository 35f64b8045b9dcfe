"""Every route of a rebalance or a hedge, over a horizon, against selling."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact import exact
from planner.given import INPUTS, NOW, inverse, policy, portfolio
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.compare.break_even import REACH_DAYS
from rebal.findings import Code
from rebal.planner import build_plan
from rebal.planner.costs import ROLL_DAYS
from rebal.policy import Sizing
from rebal.portfolio import Costs, FundingRate, Holding, Lot, LotMethod, Market, Portfolio, Tax
from rebal.reports.comparison import Compare, RouteLine, Way
from rebal.tax import tax_usd
from rebal.times import Duration

from .given import (
    ALT,
    BTC,
    COSTS,
    DECEMBER,
    ETH,
    HALF,
    LOTS,
    MARCH,
    TAX,
    book,
    compared,
)

Each = TypeVar("Each")
F = Fraction


def route(report: Compare, way: Way, expiry: datetime | None = None) -> RouteLine:
    (line,) = (each for each in report.routes if (each.route, each.expiry) == (way, expiry))
    return line


class TestTheDrift:
    def test_its_legs_are_the_plans(self) -> None:
        report = compared(book())
        plan = build_plan(book(), book().statement, inputs=INPUTS)
        legs = {leg.asset: leg.leg_usd for leg in report.legs if leg.route is Way.INVERSE}
        assert legs == {"BTC": -15_000, "ETH": 4_000, "ALT": 11_000}
        assert {o.asset: (o.notional if o.side == "buy" else -o.notional) for o in plan.orders} == legs
        assert report.notional == 30_000
        inverse_route = route(report, Way.INVERSE)
        assert inverse_route.fees_in_usd == plan.costs.fees_usd == 15
        assert inverse_route.capital == sum(t.quantity * book().price(t.asset) for t in plan.transfers)

    def test_the_rows_are_perpetual_each_expiry_linear_and_spot(self) -> None:
        rows = [(line.route, line.expiry, line.contract) for line in compared(book()).routes]
        assert rows == [
            (Way.INVERSE, None, None),
            (Way.DATED, DECEMBER, "BTCUSD_261225"),
            (Way.DATED, MARCH, "BTCUSD_270326"),
            (Way.LINEAR, None, "BTCUSDT"),
            (Way.SPOT, None, None),
        ]

    def test_the_perpetuals_by_hand(self) -> None:
        line = route(compared(book()), Way.INVERSE)
        assert (line.fees_usd, line.slippage_usd) == (F(30), F(30))
        assert line.carry_usd == 0  # the short receives what the longs pay
        assert (line.total_usd, line.share_of_notional) == (F(60), F(60, 30_000))
        assert line.tax_deferred_usd == F(3, 8) * 20_000 * F("0.2")  # long-term before the horizon ends
        assert line.total_then_sold_usd == 60 + 45 + 1_500

    def test_spot_sells_what_is_over_and_buys_the_rest(self) -> None:
        line = route(compared(book()), Way.SPOT)
        assert (line.fees_usd, line.slippage_usd, line.carry_usd) == (F(30), F(15), F(0))
        assert line.tax_usd == F(3, 8) * 20_000 * F("0.37")
        assert (line.total_usd, line.capital, line.break_even_day) == (F(2_820), F(0), None)

    def test_a_row_that_carries_some_legs_is_compared_with_the_sale_of_those(self) -> None:
        report = compared(book(funding={"BTCUSDT": "-0.0002"}))
        line = route(report, Way.LINEAR)
        assert line.notional == 15_000
        daily = 15_000 * F("0.0002") * 3
        assert (line.fees_usd, line.slippage_usd, line.carry_usd) == (F(15), F(15), 90 * daily)
        alone = 15_000 * F("0.0015") + 2_775
        assert line.break_even_day == (alone - 30) // daily + 1
        left_out = {leg.asset: leg.left_out for leg in report.legs if leg.route is Way.LINEAR and leg.left_out}
        assert left_out == {"ETH": "unserved", "ALT": "unserved"}
        assert any(
            each.code is Code.UNSERVED_ASSET and "linear" in each.subject and "ETH 4000.00 USD" in each.message
            for each in report.findings
        )

    def test_a_leg_smaller_than_a_lot_is_not_carried(self) -> None:
        coarse = inverse("ETH", "10000")
        report = compared(book(contracts=(BTC, coarse, ALT)))
        assert route(report, Way.INVERSE).notional == 26_000
        assert [leg.left_out for leg in report.legs if leg.asset == "ETH"] == ["smaller than a lot"]

    def test_inside_the_band_it_says_that_plan_trades_nothing(self) -> None:
        wide = compared(book(rules=policy(band="0.2")))
        assert wide.notional == 30_000
        assert Code.DRIFT in {each.code for each in wide.findings}
        assert Code.DRIFT not in {each.code for each in compared(book()).findings}

    def test_legs_below_the_least_order_are_no_legs(self) -> None:
        exact = replace(book(), targets={"BTC": F(80, 130), "ETH": F(35, 130), "ALT": F(15, 130)})
        report = compared(exact)
        assert (report.notional, report.routes, report.lots, report.methods) == (F(0), (), (), ())
        assert [each.code for each in report.findings] == [Code.DRIFT]


class TestAHedge:
    def test_the_second_documents_hedge_and_its_fall_of_ten_percent(self) -> None:
        made = portfolio(
            {"BTC": "5"},
            None,
            {"BTC": "65000"},
            (inverse("BTC", "1", name="BTCUSD_PERP"),),
            marks={"BTCUSD_PERP": "64500"},
            funding={"BTCUSD_PERP": "0.0001"},
        )
        made = replace(made, costs=COSTS, tax=TAX, holdings={"BTC": Holding("BTC", F(5), LOTS)})
        report = compared(made, 30, ("BTC", F(1, 2)))
        (leg,) = report.legs
        assert (leg.leg_usd, leg.notional) == (F(-162_500), F(162_500))
        perpetual = made.contracts["BTCUSD_PERP"]
        gained = perpetual.pnl(leg.leg_usd / perpetual.multiplier, F(64_500), F(58_000))
        assert round(gained, 8) == F("0.28234429")
        assert round(gained * 58_500, 2) == F("16517.14")
        line = route(report, Way.INVERSE)
        assert line.carry_usd == -162_500 * F("0.0001") * 90
        assert line.fees_usd == 2 * 162_500 * F("0.0005")

    def test_the_sale_is_bought_back_and_no_tax_is_deferred(self) -> None:
        report = compared(book(), hedge=HALF)
        line = route(report, Way.SPOT)
        assert (line.fees_usd, line.fees_in_usd, line.fees_out_usd, line.slippage_usd) == (F(80), F(40), F(40), F(40))
        assert line.tax_usd == 20_000 * F("0.37")
        assert [each.tax_deferred_usd for each in report.routes] == [0] * 5
        assert {each.total_then_sold_usd for each in report.routes} == {None}

    def test_it_is_compared_whole_and_its_collateral_beside_what_is_open(self) -> None:
        short = opened(BTC, contracts=F(-200), entry_price=F(40000), hedge=F(-200))
        made = book()
        half_way = replace(
            made, statement=replace(made.statement, positions={"BTCUSD": short}, wallets={"BTC": F("0.5005")})
        )
        report = compared(half_way, hedge=HALF)
        assert report.notional == 40_000
        assert Code.ESTIMATE in {each.code for each in report.findings}
        assert [line.missing for line in report.posted if line.route is Way.INVERSE] == [0]

    def test_coin_sizing_trades_the_coins_and_earns_the_premium_on_them(self) -> None:
        report = compared(book(rules=policy(sizing=Sizing.COIN)), 35, HALF)
        line = route(report, Way.DATED, DECEMBER)
        assert [leg.notional for leg in report.legs if leg.expiry == DECEMBER] == [40_400]
        assert line.carry_usd == -400
        assert line.fees_usd == 2 * 40_400 * F("0.0005")

    def test_more_than_the_coins_held_cannot_be_sold(self) -> None:
        report = compared(book(), hedge=("BTC", F(3, 2)))
        assert Way.SPOT not in {line.route for line in report.routes}
        assert route(report, Way.INVERSE).break_even_day is None

    def test_nothing_to_hedge(self) -> None:
        assert compared(book(), hedge=("BTC", F(0))).routes == ()


class TestWhatIsNotKnown:
    @pytest.mark.parametrize(
        ("change", "key", "unknown"),
        [
            ({"costs": Costs(None, F("0.0005"))}, "costs.spot_fee", {Way.SPOT}),
            ({"costs": Costs(F("0.001"), None)}, "costs.slippage", set(Way) - {Way.PROXY}),
            ({"tax": None}, "tax", {Way.SPOT}),
            ({"lots": ()}, "holdings.BTC.lots", {Way.SPOT}),
            ({"lots": (Lot(F("0.1"), F(1), NOW),)}, "holdings.BTC.lots", {Way.SPOT}),
            (
                {"funding": {"BTCUSD": "0.0001", "ETHUSD": "0.0001", "BTCUSDT": "0"}},
                "market.funding.ALTUSD",
                {Way.INVERSE},
            ),
            ({"marks": {"BTCUSD_270326": "42000"}}, "market.prices.BTCUSD_261225", {Way.DATED}),
        ],
    )
    def test_is_null_and_named_never_nothing(self, change: dict[str, object], key: str, unknown: set[Way]) -> None:
        report = compared(book(**change))  # type: ignore[arg-type]
        assert {line.route for line in report.routes if line.total_usd is None} == unknown
        for line in report.routes:
            assert (line.total_usd is None) == bool(line.missing)
            assert set(line.missing) <= {key}
            if line.total_usd is None:
                assert (line.share_of_notional, line.break_even_day) == (None, None)
        drawn = {(line.route, line.expiry) for line in report.routes if line.total_usd is not None}
        assert {(each.route, each.expiry) for each in report.curve} == drawn
        named = [each for each in report.findings if each.code is Code.MISSING]
        assert [each.subject for each in named] == [key]

    def test_is_one_line_that_says_what_to_add(self) -> None:
        report = compared(book(costs=Costs(), tax=None, funding={}))
        (found,) = (each for each in report.findings if each.code is Code.MISSING)
        assert found.subject == "costs, tax, market.funding"
        assert found.data["keys"] == (
            "costs.spot_fee", "costs.slippage", "tax", "market.funding.ALTUSD", "market.funding.BTCUSD",
            "market.funding.ETHUSD", "market.funding.BTCUSDT",
        )  # fmt: skip

    def test_what_is_known_is_added_up(self) -> None:
        report = compared(book(costs=Costs(), tax=None, funding={"BTCUSD": "0.0001"}))
        line = route(report, Way.INVERSE)
        assert line.known_usd == 30 - 15_000 * F("0.0001") * 270
        assert (line.carry_usd, line.slippage_usd, line.tax_deferred_usd) == (None, None, None)
        assert line.missing == ("costs.slippage", "market.funding.ALTUSD", "market.funding.ETHUSD")
        assert route(report, Way.SPOT).known_usd == 0

    def test_an_interval_that_is_not_known(self) -> None:
        report = compared(book(contracts=(replace(BTC, funding_interval_hours=None), ETH, ALT)))
        assert route(report, Way.INVERSE).missing == ("contracts.BTCUSD.funding_interval",)


class TestBreakEven:
    def test_by_hand(self) -> None:
        # 40,000 sold short pay 12 a day; selling costs 120 and 7,400 tax, the hedge 80 for being traded
        report = compared(book(funding={"BTCUSD": "-0.0001"}), hedge=HALF)
        line = route(report, Way.INVERSE)
        assert (line.total_usd, line.break_even_day, line.cheaper_from_day) == (F(80 + 90 * 12), 621, 0)
        assert 80 + 12 * 620 == 7_520 == route(report, Way.SPOT).total_usd

    def test_a_hedge_that_is_paid_never_costs_more(self) -> None:
        line = route(compared(book(), hedge=HALF), Way.INVERSE)
        assert (line.break_even_day, line.break_even_day_high) == (None, None)

    def test_dearer_at_once_and_cheaper_later(self) -> None:
        free = book(tax=Tax(LotMethod.FIFO, F(0), F(0), Duration(1)), costs=Costs(F("0.0002"), F("0.0005")))
        line = route(compared(free, hedge=HALF), Way.INVERSE)
        # 80 against 56 on the first day, 12 earned a day
        assert (line.break_even_day, line.cheaper_from_day) == (0, 3)

    def test_a_range_of_rates_is_a_range_of_days(self) -> None:
        made = book()
        rates = FundingRate(F("-0.0002"), F("-0.0001"), F("0.0001"))
        made = replace(made, market=replace(made.market, funding={"BTCUSD": rates}))
        line = route(compared(made, hedge=HALF), Way.INVERSE)
        assert (line.break_even_day_low, line.break_even_day, line.break_even_day_high) == (311, 621, None)
        assert (line.carry_usd_low, line.carry_usd, line.carry_usd_high) == (F(-1080), F(1080), F(2160))
        assert (line.total_usd_low, line.total_usd, line.total_usd_high) == (F(-1000), F(1160), F(2240))

    def test_with_the_deferred_tax_only_what_waiting_saves_counts(self) -> None:
        made = book(funding={"BTCUSD": "-0.0001", "ETHUSD": "0", "ALTUSD": "0"})
        same_rate, lower_rate = compared(made, 60), compared(made, 90)
        assert route(same_rate, Way.INVERSE).tax_deferred_usd == 2_775
        assert route(same_rate, Way.INVERSE).break_even_day_then_sold == 0
        # the lot turns long-term on day 74: 1,275 saved, 60 to trade, 4.50 a day
        line = route(lower_rate, Way.INVERSE)
        assert line.tax_deferred_usd == 1_500
        assert line.break_even_day_then_sold == (1_275 - 60) // F("4.5") + 1
        assert line.break_even_day == (2_820 - 60) // F("4.5") + 1

    @settings(max_examples=40, deadline=None)
    @given(
        st.sampled_from(["-0.0009", "-0.00003", "0", "0.0001"]),
        st.sampled_from(["39000", "39990", "40000", "40100"]),
        st.sampled_from(["0", "0.0003", "0.01"]),
        st.sampled_from([None, "0", "0.001"]),
        st.booleans(),
        st.fractions(8, 100, max_denominator=2),
        st.sampled_from(["0", "0.01"]),
    )
    def test_trying_every_day_finds_the_same(
        self, rate: str, mark: str, fee: str, delivery: str | None, hedges: bool, left: Fraction, short_term: str
    ) -> None:
        expiry = NOW + timedelta(hours=int(left * 24))
        dated = replace(
            inverse("BTC", "100", name="Q", expiry=expiry), delivery_fee=None if delivery is None else exact(delivery)
        )
        made = book(
            contracts=(BTC, dated),
            marks={"Q": mark},
            funding={"BTCUSD": rate},
            costs=Costs(exact(fee), F("0.0001")),
            tax=replace(TAX, short_term=exact(short_term), long_term=exact(short_term) / 2),
        )
        made = replace(made, targets={"BTC": F("0.5"), "ETH": F(35, 130), "ALT": F(15, 130), "USD": F(15, 130)})
        report = compared(made, 90, HALF if hedges else None)
        size = report.notional
        tax_now = sum((lot.tax_usd for lot in report.lots), F(0))
        sale = size * (exact(fee) + F("0.0001")) * (2 if hedges else 1) + tax_now
        for line in report.routes[:-1]:
            costs = list(_every_day(size, made, line.expiry))
            assert line.break_even_day == _first(costs, lambda cost: cost > sale)
            assert line.cheaper_from_day == _first(costs, lambda cost: cost < sale)
            if not hedges:
                # the short-term lot turns on day 74, inside the horizon
                saved = tax_now - sum((lot.gain_usd for lot in report.lots), F(0)) * exact(short_term) / 2
                assert line.break_even_day_then_sold == _first(costs, lambda cost: cost > saved)  # noqa: B023


def _first(costs: list[Fraction], wanted: object) -> int | None:
    return next((day for day, cost in enumerate(costs) if wanted(cost)), None)  # type: ignore[operator]


def _every_day(size: Fraction, made: Portfolio, expiry: datetime | None) -> Iterator[Fraction]:
    """The cost of holding on, day by day, were it closed then."""
    traded, carried, earned, coming = size * F("0.0006"), F(0), made.market.funding["BTCUSD"].base * 3 * size, None
    closing, delivery = traded, traded
    if expiry is not None:
        coming = F(int((expiry - NOW).total_seconds()), 86_400)
        earned = size * (1 - 40_000 / made.market.marks["Q"]) / coming
        fee = made.contracts["Q"].delivery_fee
        delivery = traded if fee is None else size * fee
    paid = traded
    for day in range(REACH_DAYS + 1):
        if coming is not None and coming < day:
            paid += 2 * traded
            coming += ROLL_DAYS
        yield paid + carried + (delivery if day == coming else closing)
        carried -= earned


class TestTaxByLot:
    def test_what_waiting_saves_against_what_hedging_costs(self) -> None:
        (lot,) = compared(book(funding={"BTCUSD": "-0.0001"})).lots
        assert (lot.asset, lot.quantity, lot.gain_usd, lot.rate) == ("BTC", F(3, 8), F(7_500), F("0.37"))
        assert lot.long_term_on == datetime(2027, 2, 2, tzinfo=UTC)
        assert (lot.tax_usd, lot.saved_by_waiting_usd) == (F(2_775), F(1_275))
        days = F(73) + F(16, 24)
        assert lot.hedge_cost_until_usd == 30 + F("4.5") * days
        assert (lot.hedged_on, lot.worth_waiting) == ("BTCUSD", True)

    def test_a_lot_that_saves_no_tax_is_not_worth_waiting_for_whatever_the_hedge_earns(self) -> None:
        (lot,) = compared(book(lots=(Lot(F(2), F(90_000), NOW),), funding={"BTCUSD": "0.0005"})).lots
        assert lot.saved_by_waiting_usd == 0
        assert lot.hedge_cost_until_usd is not None
        assert lot.hedge_cost_until_usd < 0
        assert lot.worth_waiting is None

    def test_hedging_that_eats_up_the_saving_is_not_worth_it(self) -> None:
        (lot,) = compared(book(funding={"BTCUSD": "-0.0005"})).lots
        assert lot.worth_waiting is False

    def test_a_lot_that_is_long_term_has_nothing_to_wait_for(self) -> None:
        (lot,) = compared(book(tax=replace(TAX, method=LotMethod.FIFO))).lots
        assert (lot.rate, lot.saved_by_waiting_usd) == (F("0.2"), F(0))
        assert (lot.hedge_cost_until_usd, lot.hedged_on, lot.worth_waiting) == (None, None, None)

    def test_what_hedging_costs_may_not_be_known(self) -> None:
        (lot,) = compared(book(funding={})).lots
        assert (lot.hedge_cost_until_usd, lot.worth_waiting, lot.hedged_on) == (None, None, "BTCUSD")

    def test_a_loss_owes_nothing_and_says_so(self) -> None:
        report = compared(book(lots=(Lot(F(2), F(90_000), NOW),)))
        (lot,) = report.lots
        assert lot.tax_usd < 0
        assert route(report, Way.SPOT).tax_usd == 0
        assert any(each.code is Code.ESTIMATE and each.subject == "tax" for each in report.findings)

    def test_the_lots_are_those_of_the_tax(self) -> None:
        report = compared(book(), hedge=("BTC", F(9, 10)))
        assert sum(lot.quantity for lot in report.lots) == F(9, 5)
        assert sum(lot.tax_usd for lot in report.lots) == route(report, Way.SPOT).tax_usd
        assert tax_usd((), TAX, at=NOW) == 0


class TestFindings:
    def test_a_short_below_the_index_pays_the_basis(self) -> None:
        report = compared(book(marks={"BTCUSD_261225": "39600", "BTCUSD_270326": "42000"}))
        (found,) = (each for each in report.findings if each.code is Code.BASIS_PAID)
        assert found.subject == "BTCUSD_261225"
        assert "-1.00 %" in found.message
        assert "-10.43 % a year" in found.message
        assert f"{float(15_000 * (F(40000) / 39600 - 1) * 90 / 35):.2f} USD" in found.message

    def test_a_roll_within_the_horizon(self) -> None:
        report = compared(book())
        (found,) = (each for each in report.findings if each.code is Code.ROLL_DUE)
        assert found.subject == "BTCUSD_261225"
        assert [line.rolls for line in report.routes] == [0, 1, 0, 0, 0]

    def test_once_each(self) -> None:
        codes = [each.code for each in compared(book()).findings]
        assert codes.count(Code.CONSTRUCTIVE_SALE) == 1
        assert codes.count(Code.DOLLARS_AT_ISSUER) == 1

    def test_missing_collateral(self) -> None:
        report = compared(book())
        lacking = [(line.currency, line.missing) for line in report.posted if line.missing]
        # none is held, so all that is to be posted is missing: the margin at leverage 1 and the fee of opening, 0.05 %
        assert lacking == [("USDT", F(15_000) + F("7.5"))]
        assert [line.quantity for line in report.posted if line.missing] == [F("15007.5")]
        assert any(each.code is Code.UNDER_COLLATERALISED and each.subject == "USDT" for each in report.findings)

    def test_no_contract_at_all(self) -> None:
        report = compared(book(contracts=()))
        assert [line.route for line in report.routes] == [Way.SPOT]
        assert any(each.subject == "inverse, dated, linear" for each in report.findings)

    def test_a_leg_that_would_close_what_is_open(self) -> None:
        made = book()
        short = opened(BTC, contracts=F(-300), entry_price=F(40000))
        made = replace(made, statement=replace(made.statement, positions={"BTCUSD": short}, wallets={"BTC": F(1)}))
        report = compared(made)
        assert [leg.leg_usd for leg in report.legs if leg.route is Way.INVERSE and leg.asset == "BTC"] == [15_000]
        assert any(each.code is Code.ESTIMATE and each.subject == "BTC" for each in report.findings)


@pytest.mark.parametrize(("days", "points", "last"), [(0, 1, 0), (1, 2, 1), (90, 91, 90), (10_000, 91, 10_000)])
def test_horizons(days: int, points: int, last: int) -> None:
    report = compared(book(), days)
    for line in report.routes:
        own = [each for each in report.curve if (each.route, each.expiry) == (line.route, line.expiry)]
        assert len(own) == points
        assert (own[0].day, own[-1].day, own[-1].cost_usd) == (0, last, line.total_usd)
        assert [each.day for each in own] == sorted({each.day for each in own})
        assert line.fees_usd == line.fees_in_usd + line.fees_rolling_usd + line.fees_out_usd  # type: ignore[operator]
    if not days:
        assert all(line.carry_usd == 0 for line in report.routes)


def test_a_horizon_of_part_of_a_day() -> None:
    report = compared(book(), F(1, 3), HALF)
    assert {each.day for each in report.curve} == {0}
    assert route(report, Way.INVERSE).carry_usd == -4


def test_a_proxy_carries_beta_dollars() -> None:
    made = portfolio(
        {"DOT": "1000", "BTC": "2"},
        None,
        {"DOT": "5", "BTC": "40000"},
        (BTC,),
        funding={"BTCUSD": "0.0001"},
        proxies={"DOT": ("BTC", "1.3")},
    )
    report = compared(replace(made, costs=COSTS), hedge=("DOT", F(1)))
    line = route(report, Way.PROXY)
    assert (line.notional, line.fees_usd) == (F(5_000), 2 * 6_500 * F("0.0005"))
    assert line.carry_usd == -6_500 * F("0.0001") * 270
    assert [each.currency for each in report.posted] == ["BTC"]


def turned(mapping: Mapping[str, Each]) -> dict[str, Each]:
    return dict([*mapping.items()][::-1])


@pytest.mark.parametrize("hedge", [None, HALF])
def test_the_order_of_the_file_changes_nothing(hedge: tuple[str, Fraction] | None) -> None:
    made = book()
    backwards = replace(
        made,
        contracts=turned(made.contracts),
        targets=turned(made.targets or {}),
        holdings={asset: replace(holding, lots=holding.lots[::-1]) for asset, holding in turned(made.holdings).items()},
        market=Market(
            made.market.as_of,
            turned(made.market.prices),
            turned(made.market.marks),
            turned(made.market.funding),
        ),
    )
    assert compared(backwards, hedge=hedge) == compared(made, hedge=hedge)


@pytest.mark.parametrize("k", [2, 3, 9])
def test_a_larger_book_costs_as_much_more(k: int) -> None:
    made = book()
    lots = tuple(replace(lot, quantity=lot.quantity * k) for lot in LOTS)
    large = replace(
        made,
        statement=replace(made.statement, holdings={a: q * k for a, q in made.statement.holdings.items()}),
        holdings={"BTC": Holding("BTC", F(2 * k), lots)},
    )
    money = [each.name for each in fields(RouteLine) if each.name.endswith("_usd") or each.name == "notional"]
    for one, many in zip(compared(made).routes, compared(large).routes, strict=True):
        for name in money:
            assert getattr(many, name) == k * getattr(one, name)
        assert (many.break_even_day, many.share_of_notional) == (one.break_even_day, one.share_of_notional)
