"""What is said of the figures that a plan is told, at the bounds of what is usual, to the word."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Contract
from rebal.planner import build_plan
from rebal.planner.checks.market import unusual_funding
from rebal.policy import Sizing
from rebal.portfolio import Doubt, Doubtful, Portfolio

from .given import INPUTS, NOW, inverse, policy, portfolio

HALF = {"BTC": "0.5", "USD": "0.5"}


def said(made: Portfolio, *codes: Code) -> list[Finding]:
    found = build_plan(made, made.statement, inputs=INPUTS).findings
    return [each for each in found if each.code in codes]


def book(contract: Contract | None = None, *, price: str = "40000", mark: str | None = None) -> Portfolio:
    """A bitcoin of which half is to be dollars."""
    contract = contract or inverse("BTC")
    marks = {} if mark is None else {contract.name: mark}
    return portfolio({"BTC": "1"}, HALF, {"BTC": price}, (contract,), marks=marks)


def sides(
    contract: Contract,
    *,
    sells: bool,
    marks: Mapping[str, str] | None = None,
    funding: Mapping[str, str] | None = None,
) -> Portfolio:
    """Half bitcoin and half dollars, of which a fifth is to be sold or bought."""
    held, targets = {"BTC": "1", "USDT": "40000"}, {"BTC": "0.3", "USD": "0.7"}
    targets = targets if sells else {"BTC": "0.7", "USD": "0.3"}
    return portfolio(held, targets, {"BTC": "40000"}, (contract,), marks=marks, funding=funding)


def hours_old(hours: str) -> Portfolio:
    made = book()
    return replace(made, market=replace(made.market, as_of=NOW - timedelta(hours=1) * float(hours)))


def test_prices_are_stale_once_they_are_older_than_the_policy_lets_them_be() -> None:
    assert not said(hours_old("24"), Code.STALE_PRICES)
    (stale,) = said(hours_old("25.5"), Code.STALE_PRICES)
    assert stale.message == "are 25 hours old, older than policy.max_price_age; refresh market before placing orders"
    assert stale.data == {"hours": 25, "as_of": NOW - timedelta(hours=25, minutes=30)}


@pytest.mark.parametrize(
    ("days", "severity", "more"), [("30.9", Severity.INFO, ""), ("31", Severity.WARNING, ", 31 days ago; ask it again")]
)
def test_contracts_as_an_exchange_printed_them_are_fresh_for_thirty_days(
    days: str, severity: Severity, more: str
) -> None:
    asked = NOW - timedelta(days=1) * float(days)
    (each,) = said(replace(book(), asked={"bybit": asked}), Code.REFRESHED)
    assert (each.subject, each.severity, each.data["days"]) == ("bybit", severity, int(float(days)))
    at = asked.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert each.message == f"its inverse contracts are live: as the exchange printed them at {at}{more}"


@pytest.mark.parametrize(
    ("doubt", "figures", "message"),
    [
        (Doubt.STALE, {"seconds": "-90.6"}, "its price is 91 seconds older than others of kraken"),
        (Doubt.CROSSED, {"bid": "40001", "ask": "40000"}, "its bid 40001.00 is above its ask 40000.00 at kraken"),
        (Doubt.ONE_SIDED, {"bid": "40001"}, "a side of its order book is empty at kraken: bid 40001.00, ask None"),
        (Doubt.SKEWED, {"seconds": "-1"}, "its clock is 1 seconds behind this one: set the one that is wrong"),
        (Doubt.SKEWED, {"seconds": "0"}, "its clock is 0 seconds ahead of this one: set the one that is wrong"),
        (Doubt.SKEWED, {"seconds": "0.5"}, "its clock is 0 seconds ahead of this one: set the one that is wrong"),
        (Doubt.SKEWED, {"seconds": "61"}, "its clock is 61 seconds ahead of this one: set the one that is wrong"),
        (Doubt.UNDATED, {}, "kraken does not say when its price was true: it counts as of now"),
        (Doubt.IN_TETHER, {}, "its price is kraken's index in another currency than dollars, taken as dollars"),
        (Doubt.UNPRICED, {}, "kraken gives no price of it: what stands in the file is used"),
    ],
)
def test_what_an_exchange_said_that_may_be_wrong_is_told(doubt: Doubt, figures: dict[str, str], message: str) -> None:
    given = {name: exact(figure) for name, figure in figures.items()}
    (each,) = said(doubted("BTC", doubt, given), Code.PRICE_IN_DOUBT)
    harmless = doubt in (Doubt.UNDATED, Doubt.IN_TETHER)
    assert (each.severity, each.message) == (Severity.INFO if harmless else Severity.WARNING, message)
    assert each.data == {"doubt": doubt.value, "source": "kraken", **given}


def doubted(subject: str, doubt: Doubt = Doubt.UNPRICED, figures: dict[str, Fraction] | None = None) -> Portfolio:
    made = portfolio({"BTC": "1", "ETH": "4"}, {"BTC": "0.5", "ETH": "0.2", "USD": "0.3"},
                     {"BTC": "40000", "ETH": "2500"}, (inverse("BTC"), inverse("ETH")))  # fmt: skip
    doubts = (Doubtful(subject, doubt, "kraken", figures or {}),)
    return replace(made, market=replace(made.market, doubts=doubts))


def test_of_contracts_only_those_in_play_are_told_of() -> None:
    (each,) = said(doubted("BTCUSD"), Code.PRICE_IN_DOUBT)
    assert each.message == "kraken gives no price of it: BTC's price is used"
    assert not said(doubted("ETHUSD"), Code.PRICE_IN_DOUBT)  # which stands at its weight
    assert said(doubted("DOGE"), Code.PRICE_IN_DOUBT)


@pytest.mark.parametrize(
    ("mark", "band", "sourced", "told"),
    [
        ("42000", "0.02", False, False),
        ("42000", "0.02", True, True),
        ("40801", "0.02", True, True),
        ("40800", "0.02", True, False),
        ("39199", "0.02", True, True),
        ("42001", "0.2", True, True),
        ("42000", "0.2", True, False),
    ],
)
def test_what_an_exchange_gave_lies_within_the_band_too(mark: str, band: str, told: bool, *, sourced: bool) -> None:
    made = replace(book(mark=mark), policy=policy(band=band))
    made = replace(made, market=replace(made.market, sources={"BTC": "kraken"} if sourced else {}))
    assert bool(said(made, Code.MARK_OFF)) is told
    for each in said(made, Code.MARK_OFF):
        apart = abs(exact(mark) / 40000 - 1)
        assert each.data == {"mark": exact(mark), "index": 40000, "apart": apart}


@pytest.mark.parametrize(
    ("tick", "sells", "limit"), [("39600", True, None), ("39599", True, 39599), ("20200", False, None),
                                 ("20201", False, 40402)],
)  # fmt: skip
def test_a_tick_that_moves_a_price_by_more_than_a_hundredth_is_asked_about(
    tick: str, limit: int | None, *, sells: bool
) -> None:
    """40,000 is sold at a whole tick below it, and bought at one above."""
    found = said(sides(inverse("BTC", tick=tick), sells=sells), Code.MARK_OFF)
    told = {"price": Fraction(40000), "limit_price": limit, "tick_size": exact(tick)}
    assert [dict(each.data) for each in found] == ([] if limit is None else [told])


def test_a_coin_whose_price_is_far_from_two_entries_is_asked_about_once() -> None:
    first, second = inverse("BTC", name="AUSD"), inverse("BTC", name="BUSD")
    held = tuple(opened(each, contracts=Fraction(-100), entry_price=Fraction(600000)) for each in (first, second))
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (first, second), wallets={"BTC": "1"}, positions=held)
    (each,) = said(made, Code.PRICE_IN_DOUBT)
    assert each.message == "its price 40000 is far from 600000, the entry price of AUSD"
    assert each.data == {"price": 40000, "entry_price": 600000}


@pytest.mark.parametrize(
    ("mark", "sells", "fee", "code", "terms"),
    [
        ("40400", True, None, Code.DATED, "its basis is 1.00 %, 10.00 % a year, which this side earns"),
        ("39600", True, None, Code.BASIS_PAID, "its basis is -1.00 %, -10.00 % a year, which this side pays"),
        ("39600", False, None, Code.DATED, "its basis is -1.00 %, -10.00 % a year, which this side earns"),
        ("40400", False, "0.0002", Code.BASIS_PAID,
         "its basis is 1.00 %, 10.00 % a year, which this side pays, its delivery fee 0.02 %"),
        ("40000", True, None, Code.DATED, "its basis is 0.00 %, 0.00 % a year"),
        ("40000", False, "0.0002", Code.DATED, "its basis is 0.00 %, 0.00 % a year, its delivery fee 0.02 %"),
    ],
)  # fmt: skip
def test_the_side_that_a_basis_runs_against_pays_it(
    mark: str, fee: str | None, code: Code, terms: str, *, sells: bool
) -> None:
    """A hundredth in 36.5 days is a tenth a year: a short above its index earns it, and a long below."""
    contract = inverse("BTC", expiry=NOW + timedelta(days=36.5))
    contract = replace(contract, delivery_fee=None if fee is None else exact(fee))
    (each,) = said(sides(contract, sells=sells, marks={"BTCUSD": mark}), Code.DATED, Code.BASIS_PAID)
    assert (each.code, each.severity) == (code, Severity.WARNING if code is Code.BASIS_PAID else Severity.INFO)
    assert each.message == f"expires on 2026-12-26, in 36 days; {terms}"
    basis = exact(mark) / 40000 - 1
    owed = {} if fee is None else {"delivery_fee": exact(fee)}
    assert each.data == {
        "expiry": contract.expiry, "days": exact("36.5"), "basis": basis, "basis_annualised": 10 * basis, **owed,
    }  # fmt: skip


def test_a_dated_contract_without_a_mark_has_no_basis_to_tell() -> None:
    (each,) = said(book(inverse("BTC", expiry=NOW + timedelta(days=36.5))), Code.DATED, Code.BASIS_PAID)
    assert (each.severity, each.data["days"]) == (Severity.WARNING, exact("36.5"))
    assert each.message.startswith("expires on 2026-12-26, in 36 days; no mark of it is given, so the index is taken")


def test_rates_that_are_hardly_meant_are_told_by_name() -> None:
    rates = dict.fromkeys(("XRPUSD", "ADAUSD", "SOLUSD", "ETHUSD", "DOTUSD", "BTCUSD"), "0.01")
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC"),), funding={**rates, "LTCUSD": "0.003"})
    assert [each.subject for each in unusual_funding(made)] == sorted(rates)


@pytest.mark.parametrize(("rate", "sells", "told"), [
    ("-0.0001", True, True), ("0", True, False), ("0.0001", True, False), ("-0.0001", False, False),
])  # fmt: skip
def test_a_short_that_pays_its_funding_is_told(rate: str, *, sells: bool, told: bool) -> None:
    made = sides(inverse("BTC"), sells=sells, funding={"BTCUSD": rate})
    assert bool(said(made, Code.NEGATIVE_FUNDING)) is told


@pytest.mark.parametrize(
    ("sizing", "name", "left", "other"),
    # 20,000 dollars at 50,000 are 0.4 BTC where 0.5 are meant; 25,000 there would be half a coin for half a coin
    [(Sizing.NOTIONAL, "coin", "0.1", "25000"), (Sizing.COIN, "notional", "0.125", "20000")],
)
def test_what_mark_and_index_differ_by_is_told_of_an_order_that_opens(
    sizing: Sizing, name: str, left: str, other: str
) -> None:
    made = replace(book(mark="50000"), policy=policy(sizing=sizing))
    (each,) = said(made, Code.SIZING)
    assert each.data == {
        "mark": 50000, "index": 40000, "difference_coins": exact(left), "asset": "BTC", "sizing": name,
        "contracts": exact(other),
    }  # fmt: skip
    assert each.message == (
        f"mark 50000.00 and index 40000.00 differ by {left} BTC on this order; {name} sizing would trade {other} "
        "contracts"
    )
    assert not said(book(mark="40000"), Code.SIZING)
