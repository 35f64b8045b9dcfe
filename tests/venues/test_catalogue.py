"""The catalogue holds what its sources print, all of it, and says what they do not."""

import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from rebal import venues
from rebal.amounts import Fraction
from rebal.market.contract import Assumption, Contract, Kind, OrderUnit
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, Valuation, assumed, is_continuous, with_deductions

from .expected import NOW, PLANNABLE, PRINTED, Printed, entries, figure, shown

NAMES = (
    "binance", "bingx", "bitmex", "bybit", "deribit", "gate", "htx", "kraken", "kucoin", "mexc", "okx", "phemex",
    "weex",
)  # fmt: skip
ROOT = Path(__file__).parents[2]
BINANCE_LISTED = "AAVE ADA AVAX BCH BNB BTC DOGE DOT ETC ETH FIL LINK LTC NEAR SOL SUI TRX UNI XLM XRP"
BYBIT_LISTED = "BTC ETH SOL XRP ADA AAVE APT AVAX BCH DOGE DOT ETC FIL LINK LTC MNT NEAR OP SUI UNI XLM"
NOT_LISTED_ELSEWHERE = {"okx": ["XRP-USD-SWAP"], "kraken": ["FI_ETHUSD_YYMMDD"]}
CONTRACT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
SETTLED_IN_USDT = {"binance", "bybit", "weex"}
USD_FORMS = {"bitmex", "bybit", "deribit", "kraken", "phemex"}


def contracts(venue: str) -> list[Contract]:
    return [entry.contract for entry in entries(venue) if entry.contract is not None]


def keys(contract: Contract) -> set[str]:
    return {assumption.key.removeprefix(f"contracts.{contract.name}.") for assumption in contract.assumed}


def every_contract() -> list[Contract]:
    return [contract for venue in NAMES for contract in contracts(venue)]


def test_the_venues_are_found_by_name() -> None:
    assert venues.names() == NAMES
    with pytest.raises(LookupError):
        venues.venue("bitget")
    assert "bitget" in venues.LEFT_OUT
    assert not set(venues.LEFT_OUT) & set(NAMES)


def test_only_the_venue_that_is_asked_for_is_imported() -> None:
    code = (
        "import sys; from rebal import venues; venues.names(); venues.venue('okx');"
        "print(sorted(m for m in sys.modules if m.startswith('rebal.venues.') and '._' not in m))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert done.stdout.strip() == "['rebal.venues.okx']"


def test_every_printed_contract_is_in_the_catalogue_and_no_other() -> None:
    for venue in NAMES:
        held = sorted({(entry.family or entry.name, entry.asset) for entry in entries(venue)})
        assert held == sorted((row.contract, row.asset) for row in PRINTED if row.venue == venue)
    assert sum(row.kind != "linear" for row in PRINTED) == 132
    assert sum(row.kind == "linear" for row in PRINTED) == 73 + 73 + 1


@pytest.mark.parametrize("venue", NAMES)
def test_no_name_stands_twice_and_each_can_be_written_in_a_portfolio(venue: str) -> None:
    names = [entry.name for entry in entries(venue)]
    assert len(names) == len(set(names))
    assert all(CONTRACT_NAME.fullmatch(name) for name in names)
    rows = [row.name for table in venues.venue(venue).tables for row in table.rows()]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("printed", PLANNABLE, ids=str)
def test_figures_are_as_printed(printed: Printed) -> None:
    for entry in shown(printed):
        contract = entry.contract
        assert contract is not None
        assert entry.kind is contract.kind is (Kind.LINEAR if printed.kind == "linear" else Kind.INVERSE)
        assert contract.asset == printed.asset
        assert contract.multiplier == figure(printed.multiplier)
        assert contract.tick_size == figure(printed.tick)
        assert contract.max_leverage == figure(printed.leverage)
        assert contract.lot_size == (figure(printed.lot) or 1)
        assert contract.min_contracts == (figure(printed.min) or contract.lot_size)
        assert (contract.expiry is not None) == (printed.kind == "dated")


@pytest.mark.parametrize("printed", PLANNABLE, ids=str)
def test_what_is_not_printed_is_assumed_and_says_so(printed: Printed) -> None:
    for entry in shown(printed):
        contract = entry.contract
        assert contract is not None
        assert ("lot_size" in keys(contract)) == (printed.lot == "")
        assert ("min_contracts" in keys(contract)) == (printed.min == "")
        assert ("multiplier" in keys(contract)) == (entry.status == "inferred" or entry.name == "XRP-USD-SWAP")
        if printed.tiers == "no":
            assert "maintenance" in keys(contract)
            assert contract.maintenance == assumed(contract.max_leverage)
        else:
            assert contract.maintenance != assumed(contract.max_leverage)


@pytest.mark.parametrize("printed", [row for row in PRINTED if not row.multiplier], ids=str)
def test_a_contract_of_unknown_size_is_shown_and_never_made(printed: Printed) -> None:
    venue = venues.venue(printed.venue)
    assert shown(printed)
    for entry in shown(printed):
        assert entry.contract is None
        assert venue.contract(entry.name, NOW) is None
        assert entry.name not in {contract.name for contract in venue.serving(printed.asset, NOW)}


def test_linear_figures_nobody_published_are_assumed() -> None:
    binance, bybit = venues.venue("binance"), venues.venue("bybit")
    on_binance, on_bybit = binance.contract("ETHUSDT", NOW), bybit.contract("ETHUSDT", NOW)
    assert on_binance is not None
    assert on_bybit is not None
    assert keys(on_binance) == {"min_contracts", "maker_fee", "funding_interval"}
    assert keys(on_bybit) == {"min_contracts", "funding_interval", "maintenance"}
    assert Assumption("maker fee", "0.02 %", "contracts.ETHUSDT.maker_fee") in on_binance.assumed
    assert Assumption("smallest order", "0.001 ETH", "contracts.ETHUSDT.min_contracts") in on_binance.assumed
    assert Assumption("funding interval", "8 hours", "contracts.ETHUSDT.funding_interval") in on_bybit.assumed


@pytest.mark.parametrize(
    ("venue", "contract", "maker", "taker", "hours", "delivery"),
    [
        ("binance", "BTCUSD_PERP", "0.0001", "0.0005", "8", ""),
        ("binance", "BTCUSD_261225", "0.0001", "0.0005", "", ""),
        ("binance", "BTCUSDT", "0.0002", "0.0005", "8", ""),
        ("bingx", "BTC-USD", "0.0002", "0.0005", "8", ""),
        ("bitmex", "XBTUSD", "0.0005", "0.0005", "8", ""),
        ("bitmex", "XBTZ26", "0.0005", "0.0005", "", ""),
        ("bybit", "BTCUSD", "0.0002", "0.00055", "8", ""),
        ("bybit", "BTCUSDZ26", "0.0002", "0.00055", "", "0.0005"),
        ("bybit", "BTCUSDT", "0.0002", "0.00055", "8", ""),
        ("deribit", "BTC-PERPETUAL", "0.00015", "0.00035", "8", ""),
        ("deribit", "BTC-25DEC26", "0.00015", "0.00035", "", "0.00025"),
        ("gate", "BTC_USD", "-0.0002", "0.00075", "8", ""),
        ("htx", "BTC-USD", "0.0002", "0.0005", "8", ""),
        ("htx", "BTC261225", "0.0002", "0.0004", "", "0.00015"),
        ("kraken", "PI_XBTUSD", "0.0002", "0.0005", "1", ""),
        ("kraken", "FI_XBTUSD_261225", "0.0002", "0.0005", "", ""),
        ("kucoin", "XBTUSDM", "0.0002", "0.0006", "8", ""),
        ("kucoin", "XBTMZ26", "0.0002", "0.0006", "", ""),
        ("mexc", "BTC_USD", "0.0006", "0.0008", "8", ""),
        ("okx", "BTC-USD-SWAP", "0.0002", "0.0005", "8", ""),
        ("okx", "BTC-USD-261225", "0.0002", "0.0005", "", ""),
        ("phemex", "BTCUSD", "0.0001", "0.0006", "8", ""),
    ],
)
def test_fees_and_funding_are_as_printed(
    venue: str, contract: str, maker: str, taker: str, hours: str, delivery: str
) -> None:
    made = venues.venue(venue).contract(contract, NOW)
    assert made is not None
    assert (made.maker_fee, made.taker_fee) == (figure(maker), figure(taker))
    assert (made.funding_interval_hours, made.delivery_fee) == (figure(hours), figure(delivery))


@pytest.mark.parametrize("name", NAMES)
def test_every_contract_can_be_reckoned_with(name: str) -> None:
    for contract in contracts(name):
        assert contract.multiplier > 0
        assert contract.lot_size > 0
        assert contract.min_contracts % contract.lot_size == 0
        assert contract.tick_size is None or contract.tick_size > 0
        assert contract.taker_fee > 0
        assert contract.maker_fee <= contract.taker_fee
        assert (contract.funding_interval_hours is None) == (contract.expiry is not None)
        assert contract.settle == ("USDT" if contract.kind is Kind.LINEAR else contract.asset)
        assert not contract.own


@pytest.mark.parametrize("name", NAMES)
def test_quantities_are_typed_as_the_order_form_takes_them(name: str) -> None:
    for contract in contracts(name):
        if contract.kind is Kind.LINEAR:
            assert name in SETTLED_IN_USDT
            assert contract.order_unit is OrderUnit.COINS
        else:
            assert contract.order_unit is (OrderUnit.USD if name in USD_FORMS else OrderUnit.CONTRACTS)


def ascends(values: Sequence[Fraction]) -> bool:
    return all(a < b for a, b in pairwise(values))


def test_schedules_ascend_and_printed_deductions_are_those_of_continuity() -> None:
    deducted = 0
    for contract in every_contract():
        schedule = contract.maintenance
        if isinstance(schedule, SizeRate):
            assert 0 < schedule.base < schedule.initial_base
            continue
        bounds = [tier.up_to for tier in schedule.tiers[:-1]]
        assert None not in bounds
        assert ascends([bound for bound in bounds if bound is not None])
        assert ascends([tier.rate for tier in schedule.tiers])
        if schedule.method is Method.WHOLE:
            assert all(tier.deduction == 0 for tier in schedule.tiers)
        else:
            assert is_continuous(schedule.tiers)
            assert with_deductions(schedule.tiers) == schedule.tiers
            deducted += len(schedule.tiers) > 1
    assert deducted == 1 + 73 + 1 + 3, "Binance's BTC and linear contracts, Bybit's BTCUSD, Kraken's three"


def schedule_of(venue: str, contract: str) -> Tiers:
    made = venues.venue(venue).contract(contract, NOW)
    assert made is not None
    assert isinstance(made.maintenance, Tiers)
    return made.maintenance


def test_binance_deducts_11_605_btc_from_300() -> None:
    """Source: Binance's FAQ on leverage and margin in coin-margined contracts."""
    tier = schedule_of("binance", "BTCUSD_PERP").tier(Fraction(300))
    assert tier == Tier(Fraction(400), Fraction("0.125"), Fraction("11.605"), Fraction(4))


@pytest.mark.parametrize(
    ("venue", "contract", "valuation", "close_fee", "method"),
    [
        ("binance", "BTCUSD_PERP", Valuation.MARK, False, Method.DEDUCTION),
        ("binance", "BTCUSDT", Valuation.MARK, False, Method.DEDUCTION),
        ("bybit", "BTCUSD", Valuation.MARK, True, Method.DEDUCTION),
        ("bingx", "BTC-USD", Valuation.MARK, False, Method.WHOLE),
        ("bitmex", "XBTUSD", Valuation.ENTRY, True, Method.WHOLE),
        ("kraken", "PI_XBTUSD", Valuation.ENTRY, False, Method.MARGINAL),
        ("gate", "BTC_USD", Valuation.MARK, True, Method.DEDUCTION),
        ("kucoin", "XBTUSDM", Valuation.MARK, True, Method.WHOLE),
        ("phemex", "BTCUSD", Valuation.MARK, False, Method.WHOLE),
    ],
)
def test_each_venue_applies_its_tiers_in_its_own_way(
    venue: str, contract: str, valuation: Valuation, close_fee: bool, method: Method
) -> None:
    schedule = schedule_of(venue, contract)
    assert (schedule.valuation, schedule.close_fee, schedule.method) == (valuation, close_fee, method)


def test_leverage_printed_as_an_initial_margin_rate_is_its_inverse() -> None:
    caps = [tier.max_leverage for tier in schedule_of("bitmex", "XBTUSD").tiers]
    assert caps == [100, Fraction(200, 3), 50, 40]
    assert schedule_of("kraken", "PI_XBTUSD").tiers[-1].max_leverage == Fraction("2.5")


@pytest.mark.parametrize(
    ("venue", "contract", "figure_named"),
    [
        ("binance", "BTCUSD_PERP", "maintenance schedule"),
        ("bingx", "BTC-USD", "maintenance schedule"),
        ("bingx", "SOL-USD", "maintenance rate"),
        ("bybit", "ETHUSD", "maintenance beyond the first tier"),
        ("deribit", "BTC-25DEC26", "maintenance rate"),
        ("gate", "BTC_USD", "closing fee in maintenance margin"),
        ("kraken", "PI_ETHUSD", "valuation for maintenance margin"),
        ("kucoin", "XBTUSDM", "maintenance schedule"),
        ("phemex", "BTCUSD", "maintenance schedule"),
    ],
)
def test_a_schedule_that_is_inferred_or_old_says_so(venue: str, contract: str, figure_named: str) -> None:
    made = venues.venue(venue).contract(contract, NOW)
    assert made is not None
    assert [a.figure for a in made.assumed if a.key == f"contracts.{contract}.maintenance"] == [figure_named]


@pytest.mark.parametrize(
    ("venue", "contract"), [("bybit", "BTCUSD"), ("bitmex", "XBTUSD"), ("deribit", "BTC-PERPETUAL")]
)
def test_a_contract_that_is_wholly_published_rests_on_no_assumption(venue: str, contract: str) -> None:
    made = venues.venue(venue).contract(contract, NOW)
    assert made is not None
    assert made.assumed == ()


@pytest.mark.parametrize(("venue", "assets"), [("binance", BINANCE_LISTED), ("bybit", BYBIT_LISTED)])
def test_listed_inverse_perpetuals(venue: str, assets: str) -> None:
    listed = {
        entry.asset for entry in entries(venue)
        if entry.listed and entry.kind is Kind.INVERSE and entry.family is None
    }  # fmt: skip
    assert listed == set(assets.split())


@pytest.mark.parametrize("venue", [name for name in NAMES if name not in ("binance", "bybit")])
def test_elsewhere_all_are_listed_but_what_no_source_confirms(venue: str) -> None:
    unlisted = [entry.family or entry.name for entry in entries(venue) if not entry.listed]
    assert unlisted == NOT_LISTED_ELSEWHERE.get(venue, [])


@pytest.mark.parametrize("venue", NAMES)
def test_what_is_not_listed_can_be_named_but_serves_no_asset(venue: str) -> None:
    catalogue = venues.venue(venue)
    for entry in entries(venue):
        contract = catalogue.contract(entry.name, NOW)
        assert contract == entry.contract
        assert contract is None or contract.listed == entry.listed
        serves = entry.name in {served.name for served in catalogue.serving(entry.asset, NOW)}
        assert serves == (entry.listed and contract is not None)


def test_serving_joins_perpetual_dated_and_linear_contracts() -> None:
    serving = venues.venue("binance").serving("BTC", NOW)
    assert [contract.name for contract in serving] == ["BTCUSD_PERP", "BTCUSD_261225", "BTCUSD_270326", "BTCUSDT"]
    assert all(contract.listed for contract in serving)
    assert venues.venue("binance").serving("NOSUCHCOIN", NOW) == ()
    assert venues.venue("binance").contract("NOSUCHCOIN", NOW) is None


@pytest.mark.parametrize("venue", NAMES)
def test_every_entry_names_its_sources_and_their_date(venue: str) -> None:
    catalogue = venues.venue(venue)
    assert catalogue.name == venue
    assert catalogue.title
    for entry in entries(venue):
        assert set(entry.sources) <= set(catalogue.sources)
        assert entry.date is None or re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", entry.date)
        assert entry.status in {"recorded", "doc", "code", "inferred"}
        assert entry.listing


@pytest.mark.parametrize("venue", NAMES)
def test_notes_are_about_contracts_that_exist(venue: str) -> None:
    held = {row.contract for row in PRINTED if row.venue == venue}
    assert set(venues.venue(venue).notes) <= held


@pytest.mark.parametrize("venue", NAMES)
def test_statements_are_sentences(venue: str) -> None:
    statements = venues.venue(venue).statements
    assert statements
    assert all(statement.endswith(".") and statement[0].isupper() for statement in statements)
    assert "margin" in " ".join(statements)


def test_weex_says_that_it_has_no_inverse_contract_and_when_that_was_seen() -> None:
    weex = venues.venue("weex")
    assert "No inverse contract" in weex.statements[0]
    assert "2026-09-23" in weex.statements[0]
    assert all(entry.kind is Kind.LINEAR for entry in entries("weex"))
