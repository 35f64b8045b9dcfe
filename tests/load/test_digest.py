"""The fingerprint of a statement: the same for the same statement, and no other."""

from pathlib import Path

import pytest

from load.given import read

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
