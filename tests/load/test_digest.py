"""The fingerprint of a statement: the same for the same statement, and no other."""

import hashlib
import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from load.given import read
from rebal.amounts import Fraction, plain
from rebal.book import Position
from rebal.portfolio import Holding

TEXT = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings:
  ETH:
    quantity: 3
    lots:
      - {quantity: 1, cost: 10, acquired: 2024-03-01}
      - {quantity: 2, cost: 20, acquired: 2025-03-01}
  BTC: 2
wallets: {BTC: 0.4, ETH: 0.1}
positions:
  - {contract: BTCUSD_PERP, contracts: -50, entry_price: 40000, hedge: -20}
  - {contract: ETHUSD_PERP, contracts: -5, entry_price: 2500}
targets: {BTC: 50%, ETH: 50%}
market: {prices: {BTC: 40000, ETH: 2500}}
contracts: {BTCUSD_PERP: {leverage: 5}}
policy: {band: 5%}
"""


def digest(folder: Path, *changes: tuple[str, str]) -> str:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(folder, text).statement_sha256


@pytest.mark.parametrize(
    "change",
    [
        ("BTC: 2\n", "BTC: 2.000\n"),
        ("BTC: 40000", "BTC: 39000"),
        ("band: 5%", "band: 4%"),
        ("{BTC: 50%, ETH: 50%}", "{BTC: 40%, ETH: 60%}"),
        ("venue: binance", "name: Other\nvenue: binance  # a comment"),
        ("{BTC: 0.4, ETH: 0.1}", "{ETH: 0.1, BTC: 0.4}"),
        ("2024-03-01", "2024-03-01T00:00:00Z"),
        ("as_of: 2026-11-20T08:00:00Z", "as_of: 2026-11-20T09:00:00+01:00"),
    ],
)
def test_what_the_statement_does_not_say_leaves_it(tmp_path: Path, change: tuple[str, str]) -> None:
    assert digest(tmp_path, change) == digest(tmp_path)


def test_the_order_of_lots_and_rows_leaves_it(tmp_path: Path) -> None:
    swapped = TEXT
    for first in ("      - {quantity: 1", "  - {contract: BTCUSD_PERP"):
        lines = swapped.splitlines(keepends=True)
        (n,) = (n for n, line in enumerate(lines) if line.startswith(first))
        lines[n], lines[n + 1] = lines[n + 1], lines[n]
        swapped = "".join(lines)
    assert swapped != TEXT
    assert read(tmp_path, swapped).statement_sha256 == digest(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        ("BTC: 2\n", "BTC: 2.00000001\n"),
        ("cost: 10", "cost: 11"),
        ("2024-03-01", "2024-03-02"),
        ("{BTC: 0.4,", "{BTC: 0.5,"),
        ("contracts: -50", "contracts: -51"),
        ("entry_price: 40000", "entry_price: 40001"),
        ("hedge: -20", "hedge: -21"),
        ("hedge: -20", "margin: 0.1"),
        ("as_of: 2026-11-20T08:00:00Z", "as_of: 2026-11-20T07:00:00Z"),
        ("as_of: 2026-11-20T08:00:00Z\n", ""),
        ("leverage: 5", "leverage: 6"),
        ("contracts: {BTCUSD_PERP: {leverage: 5}}\n", ""),
    ],
)
def test_what_the_statement_says_changes_it(tmp_path: Path, change: tuple[str, str]) -> None:
    assert digest(tmp_path, change) != digest(tmp_path)


def naive(value: Any) -> Any:
    """A value of the core as what json writes."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Fraction):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple):
        return [naive(each) for each in value]
    left_out = {"own", "listed", "assumed", "account"}
    return {each.name: naive(getattr(value, each.name)) for each in fields(value) if each.name not in left_out}


def parts(holding: Holding) -> Any:
    lots = sorted([naive(lot.acquired), plain(lot.quantity), plain(lot.cost)] for lot in holding.lots)
    return [plain(holding.quantity), lots] if lots else plain(holding.quantity)


def row(position: Position) -> Any:
    purposes = sorted([part.purpose.value, part.stands_for, plain(part.contracts)] for part in position.parts)
    return [*map(naive, (position.contracts, position.entry_price, position.margin)), purposes]


OWN = """\
contracts:
  BTCUSD_PERP: {leverage: 5}
  OWN-1: {asset: BTC, kind: linear, multiplier: 0.1, taker_fee: 0.05%, expiry: 2027-03-26T09:00:00Z, tick_size: 0.5}
  OWN-2:
    asset: ETH
    kind: inverse
    multiplier: 10
    taker_fee: 0.05%
    maintenance: {close_fee: true, tiers: [{up_to: 10, rate: 1%, max_leverage: 20}, {rate: 2.5%}]}
  OWN-3: {asset: ETH, kind: inverse, multiplier: 10, taker_fee: 0.05%, maintenance: {base: 1%, slope: 0.5%}}
"""
ONE = "accounts:\n  one: {venue: binance}\n"
TWO = "accounts:\n  one: {venue: binance}\n  two: {venue: bybit, wallets: {BTC: 0.4}}\n"


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("contracts: {BTCUSD_PERP: {leverage: 5}}\n", OWN),),
        (
            ("venue: binance\nas_of: 2026-11-20T08:00:00Z\n", ""),
            (TEXT[TEXT.index("positions") : TEXT.index("targets")], ""),
            ("contracts: {BTCUSD_PERP: {leverage: 5}}\n", OWN.replace("  BTCUSD_PERP: {leverage: 5}\n", "")),
        ),
        (
            ("venue: binance\n", ONE),
            ("wallets: {BTC: 0.4, ETH: 0.1}\n", ""),
            (TEXT[TEXT.index("positions") : TEXT.index("targets")], ""),
        ),
        (
            ("venue: binance\n", TWO),
            ("wallets: {BTC: 0.4, ETH: 0.1}\n", ""),
            (TEXT[TEXT.index("positions") : TEXT.index("targets")], ""),
            ("contracts: {BTCUSD_PERP: {leverage: 5}}\n", ""),
        ),
    ],
)
def test_it_is_of_json_with_its_keys_in_order(tmp_path: Path, changes: tuple[tuple[str, str], ...]) -> None:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    portfolio = read(tmp_path, text)
    several = {each.name: each.venue for each in portfolio.told_accounts}
    statement = {
        "as_of": naive(portfolio.as_of),
        "venue": portfolio.venue,
        "holdings": {asset: parts(holding) for asset, holding in portfolio.holdings.items()},
        "wallets": {asset: plain(balance) for asset, balance in portfolio.statement.wallets.items()},
        "positions": {name: row(position) for name, position in portfolio.statement.positions.items()},
        "contracts": {name: naive(each) for name, each in portfolio.contracts.items() if each.own},
        **({"accounts": several} if len(several) > 1 else {}),
    }
    written = json.dumps(statement, sort_keys=True, separators=(",", ":"))
    assert portfolio.statement_sha256 == hashlib.sha256(written.encode()).hexdigest()
