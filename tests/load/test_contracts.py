"""Contracts of the file: whole ones, and what it has otherwise than the catalogue."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exact import exact
from load.given import NOW, read, refusals
from rebal import venues
from rebal.amounts import Fraction
from rebal.load.flaws import MOST_LISTED
from rebal.market.contract import Assumption, Contract, Kind, OrderUnit
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation, assumed

BASE = "venue: binance\nholdings: {BTC: 1, ETH: 1}\nmarket: {prices: {BTC: 40000, ETH: 2500}}\n"
NEEDED = "asset: BTC, kind: inverse, multiplier: 100, lot_size: 1, taker_fee: 0.05%"


def made(folder: Path, written: str, name: str = "BTCX") -> Contract:
    return read(folder, f"{BASE}contracts:\n  {name}: {{{written}}}\n").contracts[name]


def listed(name: str) -> Contract:
    contract = venues.venue("binance").contract(name, NOW)
    assert contract is not None
    return contract


def test_what_a_contract_needs_and_what_stands_in_for_the_rest(tmp_path: Path) -> None:
    assert made(tmp_path, NEEDED) == Contract(
        name="BTCX",
        asset="BTC",
        kind=Kind.INVERSE,
        multiplier=Fraction(100),
        settle="BTC",
        expiry=None,
        tick_size=None,
        lot_size=Fraction(1),
        min_contracts=Fraction(1),
        maker_fee=Fraction(1, 2000),
        taker_fee=Fraction(1, 2000),
        funding_interval_hours=None,
        max_leverage=None,
        maintenance=assumed(None),
        own=True,
        assumed=(Assumption("maintenance rate", "2.5 % with the closing fee", "contracts.BTCX.maintenance"),),
    )


def test_every_figure_may_be_given(tmp_path: Path) -> None:
    contract = made(
        tmp_path,
        "asset: ETH, kind: linear, multiplier: 0.01, settle: USDC, expiry: 2026-12-25T09:00:00+01:00, tick_size: 0.05, "
        "lot_size: 2, min_contracts: 4, maker_fee: -0.01%, taker_fee: 0.06%, delivery_fee: 0.02%, max_leverage: 50, "
        "leverage: 3, maintenance: {price: entry, close_fee: true, method: marginal, tier_unit: usd, "
        "tiers: [{up_to: 1000, rate: 1%, max_leverage: 50}, {up_to: 5000, rate: 2%}]}",
    )
    assert contract == Contract(
        name="BTCX",
        asset="ETH",
        kind=Kind.LINEAR,
        multiplier=Fraction(1, 100),
        settle="USDC",
        expiry=datetime(2026, 12, 25, 8, tzinfo=UTC),
        tick_size=Fraction(1, 20),
        lot_size=Fraction(2),
        min_contracts=Fraction(4),
        maker_fee=Fraction(-1, 10000),
        taker_fee=Fraction(6, 10000),
        funding_interval_hours=None,
        max_leverage=Fraction(50),
        maintenance=Tiers(
            Valuation.ENTRY,
            True,
            Method.MARGINAL,
            TierUnit.USD,
            (
                Tier(Fraction(1000), Fraction(1, 100), Fraction(0), Fraction(50)),
                Tier(Fraction(5000), Fraction(1, 50), Fraction(10)),
            ),
        ),
        order_unit=OrderUnit.CONTRACTS,
        delivery_fee=Fraction(2, 10000),
        leverage=Fraction(3),
        own=True,
    )


@pytest.mark.parametrize(
    ("interval", "hours"), [("8h", 8), ("4h", 4), ("1d", 24), ("30m", Fraction(1, 2)), ("1w", 168)]
)
def test_funding_intervals_are_hours(tmp_path: Path, interval: str, hours: Fraction) -> None:
    assert made(tmp_path, f"{NEEDED}, funding_interval: {interval}").funding_interval_hours == hours


@pytest.mark.parametrize("interval", ["0h", "1y", "8d", "often"])
def test_other_intervals_are_refused(tmp_path: Path, interval: str) -> None:
    (problem,) = refusals(tmp_path, f"{BASE}contracts:\n  BTCX: {{{NEEDED}, funding_interval: {interval}}}\n")
    assert problem.path == "contracts.BTCX.funding_interval"


def test_a_linear_contract_settles_in_tether_unless_said(tmp_path: Path) -> None:
    assert made(tmp_path, NEEDED.replace("inverse", "linear")).settle == "USDT"


@pytest.mark.parametrize(("leverage", "rate"), [(100, "0.025"), (20, "0.025"), (5, "0.1")])
def test_the_rate_that_stands_in_follows_the_most_leverage(tmp_path: Path, leverage: int, rate: str) -> None:
    contract = made(tmp_path, f"{NEEDED}, max_leverage: {leverage}")
    assert contract.maintenance == assumed(exact(leverage))
    assert contract.assumed[0].stands_in == f"{float(rate) * 100:g} % with the closing fee"


class TestMaintenance:
    def schedule(self, folder: Path, written: str) -> Tiers | SizeRate:
        contract = made(folder, f"{NEEDED}, maintenance: {{{written}}}")
        assert contract.assumed == ()
        return contract.maintenance

    def test_deductions_are_derived_from_continuity(self, tmp_path: Path) -> None:
        assert self.schedule(
            tmp_path, "tiers: [{up_to: 10, rate: 0.4%}, {up_to: 20, rate: 0.5%}, {rate: 1%}]"
        ) == Tiers(
            Valuation.MARK,
            False,
            Method.DEDUCTION,
            TierUnit.COIN,
            (
                Tier(Fraction(10), Fraction(4, 1000)),
                Tier(Fraction(20), Fraction(5, 1000), Fraction(1, 100)),
                Tier(None, Fraction(1, 100), Fraction(11, 100)),
            ),
        )

    def test_deductions_may_be_given(self, tmp_path: Path) -> None:
        tiers = self.schedule(tmp_path, "tiers: [{up_to: 10, rate: 1%}, {rate: 2%, deduction: 0.09}]")
        assert isinstance(tiers, Tiers)
        assert [tier.deduction for tier in tiers.tiers] == [0, Fraction(9, 100)]

    def test_whole_has_none(self, tmp_path: Path) -> None:
        tiers = self.schedule(tmp_path, "method: whole, tiers: [{up_to: 10, rate: 1%}, {rate: 2%}]")
        assert isinstance(tiers, Tiers)
        assert [tier.deduction for tier in tiers.tiers] == [0, 0]

    def test_a_rate_may_grow_with_the_size(self, tmp_path: Path) -> None:
        assert self.schedule(tmp_path, "base: 1%, slope: 0.005%, initial_base: 2%") == SizeRate(
            Fraction(1, 100), Fraction(5, 100000), Fraction(1, 50)
        )

    def test_equal_rates_need_less_leverage(self, tmp_path: Path) -> None:
        tier = "{{up_to: {0}, rate: 1%, max_leverage: {1}}}"
        assert self.schedule(tmp_path, f"tiers: [{tier.format(10, 50)}, {tier.format(20, 25)}]")
        assert refusals(
            tmp_path,
            f"{BASE}contracts: {{BTCX: {{{NEEDED}, maintenance: {{tiers: "
            f"[{tier.format(10, 50)}, {tier.format(20, 50)}]}}}}}}\n",
        )


class TestOverrides:
    def test_only_what_is_given_changes(self, tmp_path: Path) -> None:
        known = listed("BTCUSD_PERP")
        contract = made(tmp_path, "leverage: 5", "BTCUSD_PERP")
        assert (contract.leverage, contract.own) == (Fraction(5), True)
        assert (contract.multiplier, contract.maintenance, contract.taker_fee, contract.assumed) == (
            known.multiplier, known.maintenance, known.taker_fee, known.assumed,
        )  # fmt: skip

    def test_what_is_given_is_no_longer_assumed(self, tmp_path: Path) -> None:
        assert any(entry.key.endswith(".maintenance") for entry in listed("ETHUSD_PERP").assumed)
        contract = made(tmp_path, "maintenance: {tiers: [{rate: 0.5%}]}", "ETHUSD_PERP")
        assert not any(entry.key.endswith(".maintenance") for entry in contract.assumed)
        assert isinstance(contract.maintenance, Tiers)
        assert contract.maintenance.tiers == (Tier(None, Fraction(1, 200)),)

    def test_how_tiers_are_valued_may_change_without_them(self, tmp_path: Path) -> None:
        known = listed("BTCUSD_PERP").maintenance
        assert isinstance(known, Tiers)
        contract = made(tmp_path, "maintenance: {close_fee: true, price: entry}", "BTCUSD_PERP")
        assert contract.maintenance == Tiers(Valuation.ENTRY, True, known.method, known.unit, known.tiers)

    def test_a_stand_in_follows_the_leverage_given(self, tmp_path: Path) -> None:
        contract = made(tmp_path, "max_leverage: 5", "SOLUSD_PERP".replace("SOL", "ETH"))
        assert contract.maintenance == assumed(Fraction(5))
        assert [entry.stands_in for entry in contract.assumed if entry.key.endswith("maintenance")] == [
            "10 % with the closing fee"
        ]

    def test_dated_contracts_too(self, tmp_path: Path) -> None:
        contract = made(tmp_path, "taker_fee: 0.04%", "BTCUSD_261225")
        assert (contract.taker_fee, contract.expiry) == (Fraction(4, 10000), listed("BTCUSD_261225").expiry)

    def test_the_venues_order_form_stays(self, tmp_path: Path) -> None:
        assert made(tmp_path, "taker_fee: 0.04%", "BTCUSDT").order_unit is OrderUnit.COINS

    def test_another_kind_brings_its_own_settlement(self, tmp_path: Path) -> None:
        assert made(tmp_path, "kind: linear", "BTCUSD_PERP").settle == "USDT"

    def test_the_isolated_schedule_goes_with_the_one_replaced(self, tmp_path: Path) -> None:
        contract = made(tmp_path, "maintenance: {tiers: [{rate: 0.5%}]}", "BTCUSD_PERP")
        assert contract.isolated_maintenance is None


@pytest.mark.parametrize("name", ["BTCX", "one:BTCX", "btc.x"])
def test_a_contract_of_the_files_own_at_an_account_is_quoted_by_its_bare_name_too(tmp_path: Path, name: str) -> None:
    bare = name.rpartition(":")[2]
    text = f"""\
holdings: {{BTC: 2}}
accounts: {{one: {{venue: bybit, margin: cross}}, two: {{venue: deribit, margin: cross}}}}
contracts: {{"one:{bare}": {{{NEEDED}}}}}
market: {{prices: {{BTC: 40000, "{name}": 40010}}, funding: {{"{name}": 0.01%}}}}
"""
    made = read(tmp_path, text)
    assert made.market.marks[f"one:{bare}"] == 40010
    assert made.market.funding_rate(made.contracts[f"one:{bare}"]) == Fraction(1, 10000)


def test_a_thousand_flaws_of_a_contract_are_those_found_first(tmp_path: Path) -> None:
    tiers = "".join("      - {rate: 1%}\n" for _ in range(1_100))
    text = f"{BASE}contracts:\n  BTCX:\n    maintenance:\n     tiers:\n{tiers}    leverage: 9\n    max_leverage: 5\n"
    found = refusals(tmp_path, f"{text}    kind: inverse\n    multiplier: 1\n    taker_fee: 0%\n    asset: ZZZ\n")
    assert len(found) == MOST_LISTED + 1
    assert {"contracts.BTCX.asset", "contracts.BTCX.leverage"} <= {problem.path for problem in found}
