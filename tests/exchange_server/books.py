"""Accounts for the commands that read one: a portfolio a venue, the account that is the same, and both asked."""

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

import pytest

from exchange_server import Server
from exchange_server.accounts import Ledger, Open, answers
from program import Answered
from rebal import cli
from rebal.amounts import Fraction

CANARY = "CANARY0123456789abcdef"
SECRET = "Q0FOQVJZc2VjcmV0Q0FOQVJZc2VjcmV0"  # of letters that every venue's signing takes, base64 among them
PASSWORD = "CANARYpassphrase"
SECRETS = (CANARY, SECRET, PASSWORD)


class Traded(NamedTuple):
    """A contract of a venue: contracts that make 40,000 USD short, dollars a contract."""

    contract: str
    contracts: Fraction
    size: Fraction


VENUES = {
    "binance": Traded("BTCUSD_PERP", Fraction(-400), Fraction(100)),
    "bybit": Traded("BTCUSD", Fraction(-40000), Fraction(1)),
    "okx": Traded("BTC-USD-SWAP", Fraction(-400), Fraction(100)),
    "deribit": Traded("BTC-PERPETUAL", Fraction(-4000), Fraction(10)),
    "kraken": Traded("PI_XBTUSD", Fraction(-40000), Fraction(1)),
    "bitmex": Traded("XBTUSD", Fraction(-40000), Fraction(1)),
    "gate": Traded("BTC_USD", Fraction(-40000), Fraction(1)),
    "htx": Traded("BTC-USD", Fraction(-400), Fraction(100)),
    "kucoin": Traded("XBTUSDM", Fraction(-40000), Fraction(1)),
    "phemex": Traded("BTCUSD", Fraction(-40000), Fraction(1)),
}
TOLD = ("binance", "bybit", "okx", "deribit", "bitmex")
"""Venues whose exchange tells what a key may do."""
NOW = ("--now", "2026-11-20T12:00:00Z")
PRICES = "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}\n"
PORTFOLIO = """\
venue: {venue}
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 3}}
targets: {{BTC: 60%, USD: 40%}}
wallets: {{BTC: 1.5}}
positions:
  - {{contract: {contract}, contracts: {contracts}, entry_price: 41000}}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000}}
"""


def portfolio(folder: Path, venue: str) -> str:
    """A file with 40,000 USD short at a venue."""
    file = folder / "portfolio.yaml"
    file.write_text(PORTFOLIO.format(venue=venue, contract=VENUES[venue].contract, contracts=VENUES[venue].contracts))
    return str(file)


def any_portfolio(folder: Path, venue: str) -> str:
    """A file of whatever venue of the catalogue, with nothing open."""
    file = folder / "portfolio.yaml"
    file.write_text(PORTFOLIO.partition("positions:")[0].format(venue=venue) + PRICES)
    return str(file)


def ledger(venue: str) -> Ledger:
    """The account that holds the same."""
    traded = VENUES[venue]
    return Ledger(
        wallets={"BTC": Fraction(3, 2)},
        positions={traded.contract: Open(traded.contracts, Fraction(41000), traded.size)},
    )


def serving(server: Server, venue: str, account: Ledger) -> Server:
    """The server as this account's exchange."""
    server.answers |= answers(venue, account)
    return server


def has_keys(monkeypatch: pytest.MonkeyPatch, venue: str) -> None:
    """Put keys that must never be seen into the environment."""
    for part, value in (("KEY", CANARY), ("SECRET", SECRET), ("PASSWORD", PASSWORD)):
        monkeypatch.setenv(f"REBAL_{venue.upper()}_{part}", value)


def asked(server: Server, *arguments: str) -> Answered:
    """Answer a command line in this process, its network this server; no secret may be in what it says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(arguments, network=server.network())
    said = Answered(code, out.getvalue(), err.getvalue())
    assert not [secret for secret in SECRETS if secret in said.out or secret in said.err]
    return said
