"""What a file means once it is read: every default, every section."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exact import exact
from load.given import NOW, OWN, SMALL, read, refusals
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose
from rebal.policy import Alert, Band, Policy, Route, Sizing, Uncovered
from rebal.portfolio import Costs, FundingRate, Holding, Lot, LotMethod, Proxy, Tax
from rebal.times import Duration

FULL = """\
name: Core
venue: bybit
as_of: 2026-11-20T08:00:00Z
holdings:
  BTC: 2
  ETH:
    quantity: 14
    lots:
      - {quantity: 4, cost: 2900, acquired: 2026-08-15}
      - {quantity: 10, cost: 1500, acquired: 2024-03-01T12:00:00+01:00}
  ALT: 30000
  DOT: 100
  USDT: 500
  USDC: 50
  DOGE: 7
targets: {BTC: 50%, ETH: 30%, ALT: 0.15, DOT: 0, USD: 3%, USDC: 2%}
aside: [DOGE]
wallets: {BTC: 0.4}
positions:
  - {contract: BTCUSD, contracts: -14900, entry_price: 40000, hedge: -10000, margin: 0.01}
  - {contract: BTCX, contracts: 10, entry_price: 40100, for: DOT}
market:
  as_of: 2026-11-20T07:59:00Z
  prices: {BTC: 40000, ETH: 2500, ALT: 0.50, DOT: 5, BTCUSD: 40010}
  funding: {BTCUSD: 0.01%, ALTUSD: {low: -0.01%, base: 0, high: 0.03%}}
contracts:
  BTCX: {asset: BTC, kind: linear, multiplier: 0.001, lot_size: 1, taker_fee: 0.05%}
  ALTUSD: {asset: ALT, kind: inverse, multiplier: 10, lot_size: 1, taker_fee: 0.05%, funding_interval: 8h}
policy:
  band: {points: 4%, relative: 25%}
  margin_mode: isolated
  leverage: 2
  liquidation_distance: 40%
  alert: {distance: 20%, leverage: 3}
  min_order: 25
  routes: [linear, inverse]
  sizing: coin
  max_at_venue: 50%
  uncovered: refuse
  max_price_age: 36h
  hedge_band: 2%
proxies: {DOT: {via: BTC, beta: 1.3}}
costs: {spot_fee: 0.1%, slippage: 0.05%}
tax: {method: hifo, short_term: 37%, long_term: 20%, long_after: 1y}
scenarios:
  crash: {BTC: -40%, ETH: 300%}
journal: elsewhere.db
"""
DEFAULT = Policy(
    band=Band(Fraction(1, 20)),
    margin_mode=MarginMode.CROSS,
    leverage=Fraction(1),
    liquidation_distance=Fraction(1, 2),
    alert=Alert(Fraction(35, 100), Fraction(5, 4)),
    min_order=Fraction(10),
    routes=(Route.INVERSE, Route.LINEAR, Route.PROXY),
    sizing=Sizing.NOTIONAL,
    max_at_venue=Fraction(1),
    max_price_age=timedelta(days=1),
    hedge_band=Fraction(1, 100),
    uncovered=Uncovered.SPREAD,
)


def test_the_statement(tmp_path: Path) -> None:
    portfolio = read(tmp_path, FULL)
    assert (portfolio.name, portfolio.venue, portfolio.as_of) == ("Core", "bybit", NOW)
    assert portfolio.holdings["BTC"] == Holding("BTC", Fraction(2))
    assert portfolio.holdings["ETH"].lots == (
        Lot(Fraction(4), Fraction(2900), datetime(2026, 8, 15, tzinfo=UTC)),
        Lot(Fraction(10), Fraction(1500), datetime(2024, 3, 1, 11, tzinfo=UTC)),
    )
    assert portfolio.statement.holdings["ALT"] == 30000
    assert portfolio.statement.wallets == {"BTC": Fraction(2, 5)}
    assert portfolio.aside == {"DOGE"}
    assert portfolio.cash == {"USD", "USDT", "USDC"}


def test_targets_of_all_dollars_stand_in_one_row(tmp_path: Path) -> None:
    assert read(tmp_path, FULL).targets == {
        "BTC": Fraction(1, 2), "ETH": Fraction(3, 10), "ALT": Fraction(3, 20), "DOT": 0, "USD": Fraction(1, 20),
    }  # fmt: skip
    assert read(tmp_path, SMALL).targets is None


def test_positions_and_their_purposes(tmp_path: Path) -> None:
    positions = read(tmp_path, FULL).statement.positions
    short = positions["BTCUSD"]
    assert (short.contracts, short.entry_price, short.margin) == (Fraction(-14900), Fraction(40000), Fraction(1, 100))
    assert (short.held_for(Purpose.HEDGE), short.held_for(Purpose.REBALANCE)) == (Fraction(-10000), Fraction(-4900))
    assert [part.stands_for for part in short.parts] == ["BTC", "BTC"]
    assert [part.stands_for for part in positions["BTCX"].parts] == ["DOT"]
    assert positions["BTCX"].margin is None


def test_the_market(tmp_path: Path) -> None:
    market = read(tmp_path, FULL).market
    assert market.as_of == datetime(2026, 11, 20, 7, 59, tzinfo=UTC)
    assert market.prices == {"BTC": 40000, "ETH": 2500, "ALT": Fraction(1, 2), "DOT": 5}
    assert market.marks == {"BTCUSD": 40010}
    assert market.funding == {
        "BTCUSD": FundingRate(Fraction(1, 10000), Fraction(1, 10000), Fraction(1, 10000)),
        "ALTUSD": FundingRate(Fraction(-1, 10000), Fraction(0), Fraction(3, 10000)),
    }


def test_rules_as_written(tmp_path: Path) -> None:
    portfolio = read(tmp_path, FULL)
    assert portfolio.policy == Policy(
        band=Band(Fraction(4, 100), Fraction(1, 4)),
        margin_mode=MarginMode.ISOLATED,
        leverage=Fraction(2),
        liquidation_distance=Fraction(2, 5),
        alert=Alert(Fraction(1, 5), Fraction(3)),
        min_order=Fraction(25),
        routes=(Route.LINEAR, Route.INVERSE),
        sizing=Sizing.COIN,
        max_at_venue=Fraction(1, 2),
        max_price_age=timedelta(hours=36),
        hedge_band=Fraction(2, 100),
        uncovered=Uncovered.REFUSE,
    )
    assert portfolio.proxies == {"DOT": Proxy("DOT", "BTC", Fraction(13, 10))}
    assert portfolio.costs == Costs(Fraction(1, 1000), Fraction(1, 2000))
    assert portfolio.tax == Tax(LotMethod.HIFO, Fraction(37, 100), Fraction(1, 5), Duration(years=1))
    assert portfolio.scenarios == {"crash": {"BTC": Fraction(-2, 5), "ETH": 3}}
    assert portfolio.journal == str(tmp_path / "elsewhere.db")


def test_rules_by_default(tmp_path: Path) -> None:
    portfolio = read(tmp_path, SMALL)
    assert portfolio.policy == DEFAULT
    assert (portfolio.name, portfolio.venue, portfolio.as_of) == ("p", None, None)
    assert (portfolio.costs, portfolio.tax, portfolio.scenarios, portfolio.proxies) == (Costs(), None, {}, {})
    assert portfolio.journal == str(tmp_path / "p.journal.db")
    assert portfolio.market.as_of is None


def policy(folder: Path, written: str) -> Policy:
    return read(folder, f"{SMALL}policy: {{{written}}}\n").policy


@pytest.mark.parametrize(
    ("written", "alert"),
    [
        ("leverage: 1", Alert(Fraction(35, 100), Fraction(5, 4))),
        ("leverage: 3", Alert(Fraction(35, 100), Fraction(15, 4))),
        ("leverage: 0.5", Alert(Fraction(35, 100), Fraction(5, 4))),
        ("liquidation_distance: 60%", Alert(Fraction(35, 100), Fraction(5, 4))),
        ("liquidation_distance: 20%", Alert(Fraction(14, 100), Fraction(5, 4))),
        ("survive: {shock: 10%}", Alert(Fraction(7, 100), Fraction(5, 4))),
        ("alert: {distance: 0%}", Alert(Fraction(0), Fraction(5, 4))),
        ("alert: {leverage: 2}", Alert(Fraction(35, 100), Fraction(2))),
    ],
)
def test_a_policy_never_alarms_on_its_own_plans(tmp_path: Path, written: str, alert: Alert) -> None:
    assert policy(tmp_path, written).alert == alert


@pytest.mark.parametrize(
    ("written", "band"),
    [
        ("band: 2%", Band(Fraction(1, 50))),
        ("band: 0", Band(Fraction(0))),
        ("band: {relative: 20%}", Band(Fraction(1, 20), Fraction(1, 5))),
        ("band: {points: 3%}", Band(Fraction(3, 100))),
        ("band: {points: 3%, relative: 150%}", Band(Fraction(3, 100), Fraction(3, 2))),
    ],
)
def test_bands_in_points_and_relative(tmp_path: Path, written: str, band: Band) -> None:
    assert policy(tmp_path, written).band == band


@pytest.mark.parametrize(
    ("written", "age"),
    [
        ("90m", timedelta(minutes=90)),
        ("none", None),
        ("1y", timedelta(days=365)),
        ("2y", timedelta(days=731)),  # 2028 is a leap year
        ("0d", timedelta()),
    ],
)
def test_ages_of_prices(tmp_path: Path, written: str, age: timedelta | None) -> None:
    assert policy(tmp_path, f"max_price_age: {written}").max_price_age == age


def test_what_survives_takes_the_place_of_the_distance(tmp_path: Path) -> None:
    assert policy(tmp_path, "survive: {shock: 60%}").shock == Fraction(3, 5)
    assert policy(tmp_path, "liquidation_distance: 30%").shock == Fraction(3, 10)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("017", "17"),
        ("+1.50", "1.5"),
        ("000000000000000001", "1"),
        ("'12345678901234567.89'", "12345678901234567.89"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
    ],
)
def test_numbers_keep_every_digit(tmp_path: Path, text: str, quantity: str) -> None:
    assert read(tmp_path, SMALL.replace("BTC: 2", f"BTC: {text}")).holdings["BTC"].quantity == exact(quantity)


def test_weights_that_are_exact_sum_to_one_however_many(tmp_path: Path) -> None:
    sevenths = "14.285714285714285714%"
    targets = ", ".join(f"A{n}: {sevenths}" for n in range(6)) + ", BTC: 14.285714285714285716%"
    prices = ", ".join(f"A{n}: 1" for n in range(6))
    text = SMALL.replace("BTC: 40000", f"BTC: 40000, {prices}").replace(
        OWN, f"venue: bybit\n{OWN}targets: {{{targets}}}\n"
    )
    portfolio = read(tmp_path, text)
    assert portfolio.targets is not None
    assert sum(portfolio.targets.values()) == 1
    (problem,) = refusals(tmp_path, text.replace("716%", "715%"))
    assert problem.found == "99.999999999999999999%, 0.000000000000000001% short"


def test_dollars_may_be_named_otherwise(tmp_path: Path) -> None:
    text = SMALL.replace("BTC: 2", "BTC: 2, DAI: 100").replace("market:", "cash: [DAI]\nmarket:")
    portfolio = read(tmp_path, text)
    assert portfolio.cash == {"DAI", "USD"}
    assert portfolio.price("DAI") == 1


def test_coins_set_aside_need_neither_price_nor_target(tmp_path: Path) -> None:
    text = SMALL.replace("BTC: 2", "BTC: 2, DOGE: 9") + "targets: {BTC: 100%}\naside: [DOGE]\n"
    assert "DOGE" not in read(tmp_path, text).market.prices


def test_the_order_of_sections_and_entries_changes_nothing(tmp_path: Path) -> None:
    sections: list[str] = []
    for line in FULL.splitlines(keepends=True):
        if line[0] == " ":
            sections[-1] += line
        else:
            sections.append(line)
    straight, reversed_ = read(tmp_path, FULL), read(tmp_path, "".join(reversed(sections)))
    assert straight == reversed_


def test_the_marks_of_a_plan_are_there_for_every_contract_that_it_may_trade(tmp_path: Path) -> None:
    portfolio = read(tmp_path, FULL)
    for contract in portfolio.contracts.values():
        assert portfolio.market.mark(contract) > 0


def test_contracts_are_those_of_the_file_and_of_the_venue_on_its_assets(tmp_path: Path) -> None:
    contracts = read(tmp_path, FULL).contracts
    assert {"BTCX", "ALTUSD", "BTCUSD", "ETHUSD"} <= contracts.keys()
    assert {contract.asset for contract in contracts.values()} <= {"BTC", "ETH", "ALT", "DOT"}
    assert {name for name, contract in contracts.items() if contract.own} == {"BTCX", "ALTUSD"}


def test_a_contract_that_only_a_position_names_is_there_too(tmp_path: Path) -> None:
    text = (
        "venue: bybit\nholdings: {BTC: 1}\npositions: [{contract: ETHUSD, contracts: 5, entry_price: 2500}]\n"
        "market: {prices: {BTC: 40000, ETH: 2500}}\n"
    )
    assert read(tmp_path, text).contracts["ETHUSD"].asset == "ETH"


def test_what_is_listed_and_not_planned_on_names_the_figure_that_is_missing(tmp_path: Path) -> None:
    text = "venue: weex\nholdings: {BTC: 1, USDT: 100}\nmarket: {prices: {BTC: 40000}}\n"
    assert read(tmp_path, text).incomplete == {"BTC": {"BTCUSDT": "contracts.BTCUSDT.multiplier"}}
    assert read(tmp_path, SMALL).incomplete == {}
