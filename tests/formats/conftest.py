"""One browser for all tests of pages, and the folder that their commands are typed in."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import browser
import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

POOLED = """\
name: Pool
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14, USDT: 5000}
targets: {BTC: 50%, ETH: 45%, USD: 5%}
accounts:
  main: {venue: bybit, margin: pooled, wallets: {BTC: 0.5, USDT: 5000},
         positions: [{contract: BTCUSD, contracts: -9000, entry_price: 39000}]}
  other: {venue: deribit, wallets: {BTC: 0.1}}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}, funding: {BTCUSD: 0.01%, ETHUSD: 0.01%}}
"""
FILES = {
    "b.yaml": program.PORTFOLIO + "costs: {slippage: 0.05%, spot_fee: 0.1%}\n",
    "hedged.yaml": program.PORTFOLIO.replace("BTC: 2,", "BTC: 2.25,"),
    "pool.yaml": POOLED,
    "prices.csv": "time,BTC,ETH\n"
    + "".join(f"{date(2024, 1, 1) + timedelta(n)},{40000 + 2500 * (n % 7)},{2500 - 40 * (n % 5)}\n" for n in range(80)),
}


@pytest.fixture(scope="session")
def opened() -> Iterator["Browser"]:
    with browser.chromium() as found:
        yield found


@pytest.fixture
def page(opened: "Browser") -> Iterator["Page"]:
    context = opened.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that commands are typed in."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for name, book in (("plan", "b"), ("hedged", "hedged")):
        program.answered("plan", f"{book}.yaml", "--out", f"{name}.json", *program.NOW)
    program.answered("record", "plan", "plan.json", "-p", "b.yaml", *program.NOW)
