"""Files for tests of the reader, and the moment at which they are read."""

from datetime import UTC, datetime
from pathlib import Path

from rebal import load
from rebal.errors import InvalidInput, Problem
from rebal.portfolio import Portfolio

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)

OWN = """\
contracts:
  BTCX:
    asset: BTC
    kind: inverse
    multiplier: 100
    lot_size: 1
    taker_fee: 0.05%
"""
SMALL = f"""\
holdings: {{BTC: 2}}
market: {{prices: {{BTC: 40000}}}}
{OWN}"""


def read(folder: Path, text: str | bytes, *, market: str | None = None, name: str = "p.yaml") -> Portfolio:
    """Write a portfolio file, and a market file where one is given, and load them."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    prices = None
    if market is not None:
        (folder / "m.yaml").write_text(market, encoding="utf-8")
        prices = str(folder / "m.yaml")
    return load.portfolio(str(file), now=NOW, market=prices)


def refusals(folder: Path, text: str | bytes, *, market: str | None = None) -> tuple[Problem, ...]:
    """The problems of a file that must have some."""
    try:
        read(folder, text, market=market)
    except InvalidInput as refused:
        return refused.problems
    raise AssertionError("the file was read without a problem")
