"""The first source document's book with all that compare asks for, compared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from planner.given import INPUTS, NOW, inverse, linear, portfolio
from rebal.amounts import Fraction
from rebal.compare.report import build_compare
from rebal.market.contract import Contract
from rebal.policy import Policy
from rebal.portfolio import Costs, Holding, Lot, LotMethod, Portfolio, Tax
from rebal.reports.comparison import Compare
from rebal.times import Duration

F = Fraction
HALF = ("BTC", F(1, 2))
DECEMBER = NOW + timedelta(days=35)
MARCH = NOW + timedelta(days=126)
BTC, ETH, ALT = inverse("BTC", "100"), inverse("ETH", "10"), inverse("ALT", "10")
BTC_DECEMBER = inverse("BTC", "100", name="BTCUSD_261225", expiry=DECEMBER)
BTC_MARCH = inverse("BTC", "100", name="BTCUSD_270326", expiry=MARCH)
COSTS = Costs(F("0.001"), F("0.0005"))
TAX = Tax(LotMethod.HIFO, F("0.37"), F("0.2"), Duration(1))
LOTS = (
    Lot(F(1), F(20000), datetime(2026, 2, 1, tzinfo=UTC)),
    Lot(F(1), F(10000), datetime(2024, 2, 1, tzinfo=UTC)),
)


def book(
    *,
    contracts: tuple[Contract, ...] = (BTC, ETH, ALT, BTC_DECEMBER, BTC_MARCH, linear("BTC")),
    funding: dict[str, str] | None = None,
    marks: dict[str, str] | None = None,
    costs: Costs = COSTS,
    tax: Tax | None = TAX,
    lots: tuple[Lot, ...] = LOTS,
    rules: Policy | None = None,
) -> Portfolio:
    """The first source document's book, with what compare asks for."""
    rates = {"BTCUSD": "0.0001", "ETHUSD": "0.0001", "ALTUSD": "0.0001", "BTCUSDT": "0.0002"}
    made = portfolio(
        {"BTC": "2", "ETH": "14", "ALT": "30000"},
        {"BTC": "0.5", "ETH": "0.3", "ALT": "0.2"},
        {"BTC": "40000", "ETH": "2500", "ALT": "0.5"},
        contracts,
        marks={"BTCUSD_261225": "40400", "BTCUSD_270326": "42000"} if marks is None else marks,
        funding=rates if funding is None else funding,
        rules=rules,
    )
    return replace(made, costs=costs, tax=tax, holdings={**made.holdings, "BTC": Holding("BTC", F(2), lots)})


def compared(made: Portfolio, days: int | Fraction = 90, hedge: tuple[str, Fraction] | None = None) -> Compare:
    return build_compare(made, made.statement, inputs=INPUTS, horizon_days=F(days), hedge=hedge)
