"""A walk through prices: what happens on the way, by figures worked out by hand, and where all of it went."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import among
from exact import exact
from planner.books import SETTINGS, books
from planner.given import INPUTS, NOW, inverse, policy, portfolio
from planner.test_accounts import read
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code
from rebal.planner.build import build_plan
from rebal.portfolio import Costs, Portfolio
from rebal.replay import report
from rebal.replay.course import Course, Rates, stamp
from rebal.replay.quotes import Quotes
from rebal.replay.walk import Walk, every_bar
from rebal.replay.ways import Planned
from rebal.reports.replay import Refused, Replay

from .courses import DAY, HOUR, adds_up, course, courses, track

F = Fraction
NONE = report.Terms(slippage=F(0), check=DAY)


def replayed(made: Portfolio, on: Course, terms: report.Terms = NONE) -> Replay:
    return report.build_replay(made, on, terms=terms, inputs=INPUTS)


def one_position(contracts: str, entry: str, *, wallet: str, coins: str = "2", margin: str | None = None) -> Portfolio:
    """Bitcoin and one position on them, of 100 USD a contract, with 0.5 % maintenance; no targets, and no alert."""
    contract = inverse("BTC", "100")
    held = opened(
        contract, contracts=exact(contracts), entry_price=exact(entry), margin=None if margin is None else exact(margin)
    )
    rules = policy(alert=("0", "100"))
    made = portfolio({"BTC": coins}, None, {"BTC": "40000"}, (contract,), positions=(held,), rules=rules)
    return replace(made, targets=None, statement=replace(made.statement, wallets={"BTC": exact(wallet)}))


def test_funding_is_paid_on_the_value_at_the_mark_and_booked_in_steps_of_a_hundred_millionth() -> None:
    made = one_position("-150", "40000", wallet="0.6")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    # 8 hours into the second bar, at the price before it: 15,000/40,000 * 0.0001; at its end: 15,000/50,000 * -0.001
    rates = Rates([stamp(start) + 8 * HOUR, stamp(start) + DAY], ["0.0001", "-0.001"])
    on = course({"BTC": track(["40000", "50000"])}, start=start, rates={"BTCUSD": rates})
    told = replayed(made, on)
    (line,) = told.years
    assert line.funding_coin == F("0.0000375") - F("0.0003")
    assert line.funding_usd == F("0.0000375") * 40000 - F("0.0003") * 50000
    assert told.ways[0].coins == {"BTC": 2 + F("0.0000375") - F("0.0003")}


def test_a_long_is_liquidated_where_the_low_reaches_its_price_and_not_one_cent_above() -> None:
    # N = 40,000, Pe = 40,000, W = 1, m = 0.5 %: P = 40,000 * 1.005 / (1 + 1) = 20,100
    made = one_position("400", "40000", wallet="1")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    near = course({"BTC": track(["40000", "30000"], ["40000", "20100.01"], ["40000", "40000"])}, start=start)
    there = course({"BTC": track(["40000", "30000"], ["40000", "20100"], ["40000", "40000"])}, start=start)
    assert replayed(made, near).liquidated == ()
    told = replayed(made, there)
    (gone,) = told.liquidated
    assert (gone.wallet, gone.price, gone.lost, gone.lost_usd) == ("BTC", F(20100), F(1), F(20100))
    assert told.ways[0].coins == {"BTC": F(1)}
    # at its end it is 1 + 40,000 (1/40,000 - 1/20,100) coins, which is maintenance: 40,000/20,100 * 0.5 % coins, $200
    assert told.ways[0].liquidations_usd == 40000 * F("0.005") + _booked(told)
    assert told.ways[0].equity_end == 30000


def _booked(told: Replay) -> Fraction:
    """What booking in steps of 1e-8 adds: less than one step."""
    rest = told.ways[0].liquidations_usd - 200
    assert 0 <= -rest < F(20100, 10**8) or 0 <= rest < F(20100, 10**8)
    return rest


def test_a_short_is_liquidated_at_the_high_and_an_isolated_margin_goes_alone() -> None:
    # N = 40,000, W = 0.5: P = 40,000 * 0.995 / (1 - 0.5) = 79,600
    made = one_position("-400", "40000", wallet="0.75", margin="0.5")
    on = course(
        {"BTC": track(["40000", "50000"], ["40000", "40000"], ["40000", "79600"])},
        start=datetime(2024, 1, 1, tzinfo=UTC),
    )
    (gone,) = replayed(made, on).liquidated
    assert (gone.wallet, gone.currency, gone.price, gone.lost) == ("BTCUSD", "BTC", F(79600), F("0.5"))
    assert replayed(made, on).ways[0].coins == {"BTC": F("1.5")}


def test_the_closest_call_is_a_low_away_from_the_price_of_liquidation() -> None:
    made = one_position("400", "40000", wallet="1")
    on = course(
        {"BTC": track(["40000", "30000", "35000"], ["40000", "25125", "29000"], ["40000", "40000", "36000"])},
        start=datetime(2024, 1, 1, tzinfo=UTC),
    )
    call = replayed(made, on).closest
    assert call is not None
    assert (call.wallet, call.time, call.distance) == ("BTC", datetime(2024, 1, 2, tzinfo=UTC), F("0.2"))


def test_a_dated_contract_is_delivered_at_the_index_of_its_hour() -> None:
    expiry = datetime(2024, 1, 2, 8, tzinfo=UTC)
    contract = replace(inverse("BTC", "100", name="BTCQ", expiry=expiry), delivery_fee=F("0.0005"))
    held = opened(contract, contracts=F(-150), entry_price=F(40000))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,), positions=(held,))
    made = replace(made, targets=None, statement=replace(made.statement, wallets={"BTC": F("0.6")}))
    # it expires eight hours into the third bar, so at the price of the second
    on = course({"BTC": track(["40000", "50000", "60000"])}, start=datetime(2024, 1, 1, tzinfo=UTC))
    told = replayed(made, on)
    (line,) = told.years
    assert line.realised_coin == -15000 * (1 / F(40000) - 1 / F(50000)) == -F("0.075")
    assert line.fees_coin == F(15000) / 50000 * F("0.0005")
    assert told.ways[0].coins == {"BTC": 2 - F("0.075") - F("0.00015")}


@pytest.mark.parametrize(("mark", "entry", "basis"), [("40000", "40000", "0"), ("40400", "40400", "92.82")])
def test_basis_is_what_the_index_s_move_did_not_bring(mark: str, entry: str, basis: str) -> None:
    expiry = datetime(2024, 1, 2, 8, tzinfo=UTC)
    contract = inverse("BTC", "100", name="BTCQ", expiry=expiry)
    held = opened(contract, contracts=F(-75), entry_price=exact(entry))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,), positions=(held,))
    market = replace(made.market, as_of=datetime(2024, 1, 1, tzinfo=UTC), marks={"BTCQ": exact(mark)})
    made = replace(made, targets=None, market=market, statement=replace(made.statement, wallets={"BTC": F("0.6")}))
    on = course({"BTC": track(["40000", "50000", "60000"])}, start=datetime(2024, 1, 1, tzinfo=UTC))
    (line,) = replayed(made, on).years
    # delivered at 50,000: what a short from the index, 40,000, would have lost more, 7,500 (1/40,000 - 1/entry) coins
    assert line.realised_coin == -7500 * (1 / exact(entry) - 1 / F(50000)) // F(1, 10**8) * F(1, 10**8)
    assert abs(line.basis_usd - exact(basis)) <= (F("0.005") if line.basis_usd else 0)


def test_a_covered_short_is_flat_in_dollars_and_earns_its_funding() -> None:
    made = one_position("-400", "40000", wallet="1", coins="1")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    prices = ["40000", "13000", "99999.5", "250", "41000"]
    quiet = course({"BTC": track(prices)}, start=start)
    (way,) = replayed(made, quiet).ways
    assert (way.equity_start, way.equity_end, way.worst_fall) == (F(40000), F(40000), F(0))
    paid = Rates([stamp(start) + n * DAY for n in range(1, 5)], ["0.0001"] * 4)
    (way,) = replayed(made, course({"BTC": track(prices)}, start=start, rates={"BTCUSD": paid})).ways
    # each day 40,000 * 0.0001 dollars in coin, rounded down to 1e-8, which then moves with the price
    coins = [F(int(40000 * F("0.0001") / exact(price) * 10**8), 10**8) for price in prices[1:]]
    assert way.equity_end == 40000 + sum(coins) * 41000
    assert way.funding_usd == sum(coin * exact(price) for coin, price in zip(coins, prices[1:], strict=True))


def test_what_is_due_is_filled_at_the_mark_and_slippage_with_its_fee() -> None:
    contract = inverse("BTC", "100")
    made = portfolio({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (contract,))
    on = course({"BTC": track(["40000", "40000"])}, start=datetime(2024, 1, 1, tzinfo=UTC))
    told = replayed(made, on, report.Terms(slippage=F("0.001"), check=DAY))
    (line,) = told.years
    filled = 40000 * F("0.999")
    fee = -(-(40000 / filled * F("0.0005")) * 10**8 // 1) / F(10**8)
    assert line.fees_coin == -fee or line.fees_coin == abs(fee)
    assert line.slippage_usd == 40000 * 40000 * (1 / filled - 1 / F(40000))
    (way,) = told.ways
    assert (way.plans, way.orders) == (1, 1)
    assert way.equity_end == 80000 - line.slippage_usd - line.fees_usd


def test_a_refused_plan_holds_and_is_told_with_its_reason() -> None:
    made = portfolio(
        {"BTC": "1", "ETH": "1"}, {"BTC": "0.1", "ETH": "0.9"}, {"BTC": "40000", "ETH": "2500"},
        (inverse("BTC", "100"), inverse("ETH", "10")), rules=policy(uncovered="refuse"),
    )  # fmt: skip
    on = course(
        {"BTC": track(["40000", "40000"]), "ETH": track(["2500", "2500"])}, start=datetime(2024, 1, 1, tzinfo=UTC)
    )
    told = replayed(made, on)
    assert told.ways[0].refusals == 2
    assert {line.code for line in told.refusals} == {"under-collateralised"}
    assert told.ways[0].coins == {"BTC": F(1), "ETH": F(1)}
    # what fits of it is what `plan --fit` says, and is still refused whole the next day
    fits = Planned(report.PLAN, F(0), Refused.FIT)
    walk = Walk(Quotes(made, on), fits, check=DAY).run(every_bar)
    wanted = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    assert {each.contract: each.signed for each in wanted.orders} == {
        name: each.contracts for name, each in walk.book.positions.items()
    }
    assert (walk.tally.plans, len(walk.tally.refusals)) == (1, 2)


@SETTINGS
@given(data=st.data())
def test_where_equity_went_adds_up_to_the_last_digit(data: st.DataObject) -> None:
    made = data.draw(books())
    made = replace(made, costs=Costs(F("0.001"), F("0.0005")))
    on = data.draw(courses(made, start=NOW, bars=8))
    terms = report.Terms(
        slippage=F("0.0005"), check=on.step * data.draw(st.integers(1, 3)), refused=data.draw(among(*Refused)),
        spot_fee=F("0.001"), against=report.AGAINST,
    )  # fmt: skip
    told = replayed(made, on, terms)
    assert [way.way for way in told.ways] == ["plan", *report.AGAINST]
    assert adds_up(told)
    for way in told.ways:
        years = [line for line in told.years if line.way == way.way]
        assert way.fees_usd == sum(line.fees_usd for line in years)
        assert way.funding_usd == sum(line.funding_usd for line in years)


def test_checks_stand_at_the_ends_of_bars_and_say_where_that_is_not_what_was_asked() -> None:
    made = one_position("-150", "40000", wallet="0.6")
    on = course({"BTC": track(["40000"] * 5)}, start=datetime(2024, 1, 1, tzinfo=UTC))
    for asked, apart, told in ((DAY, 24, 0), (2 * DAY, 48, 0), (36 * HOUR, 48, 1), (HOUR // 2, 24, 1)):
        found = replayed(made, on, report.Terms(slippage=F(0), check=asked))
        assert found.check_hours == apart
        said = [each.message for each in found.findings if each.code is Code.CHECKS_APART]
        assert len(said) == told
    assert said == ["are 1 day apart, at the ends of bars, not the 30 minutes asked for"]


def test_nothing_done_is_arithmetic() -> None:
    made = portfolio({"BTC": "2", "ETH": "14"}, {"BTC": "0.5", "ETH": "0.5"}, {"BTC": "40000", "ETH": "2500"}, ())
    on = course(
        {"BTC": track(["40000", "61234.5", "20000.25"]), "ETH": track(["2500", "2500", "1234.5"])},
        start=datetime(2024, 1, 1, tzinfo=UTC),
    )
    hold = next(way for way in replayed(made, on, replace(NONE, against=("hold",))).ways if way.way == "hold")
    assert hold.equity_end == 2 * F("20000.25") + 14 * F("1234.5")
    assert hold.worst_fall == 1 - hold.equity_end / (2 * F("61234.5") + 14 * 2500)


SENT = """
as_of: 2026-11-20T08:00:00Z
holdings: {SOL: 100, BTC: 0.1}
targets: {SOL: 50%, BTC: 20%, USD: 30%}
accounts:
  kraken: {venue: kraken, wallets: {SOL: 90}, withdrawal: {SOL: {fee: FEE, takes: 3h}}}
  bybit: {venue: bybit, margin: cross}
policy: {routes: [SOLUSD, inverse]}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, SOL: 100}}
"""


def test_what_the_network_keeps_of_coins_that_travel_is_a_fee(tmp_path: Path) -> None:
    """0.25 SOL at 100 dollars: 25 dollars less at the end, all of them fees, and as many coins."""
    on = course({"BTC": track(["40000"] * 3), "SOL": track(["100"] * 3)}, start=NOW)
    (free, *_), (paid, *_) = (
        replayed(read(tmp_path, SENT.replace("FEE", fee)), on).ways for fee in ("0", "0.25")
    )  # fmt: skip
    assert paid.fees_usd - free.fees_usd == free.equity_end - paid.equity_end == 25
    assert free.coins["SOL"] - paid.coins["SOL"] == exact("0.25")
    assert paid.slippage_usd == free.slippage_usd
    told = replayed(read(tmp_path, SENT.replace("FEE", "0.25")), on)
    (line,) = [each for each in told.years if each.contract == "SOL withdrawals"]
    assert (line.fees_usd, line.currency) == (F(25), "SOL")
    assert adds_up(told)
