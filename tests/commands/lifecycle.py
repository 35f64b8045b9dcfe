"""A portfolio in a folder of its own, and the program asked about it."""

import json
from pathlib import Path
from typing import Any

from program import Answered, answered

NOW = ("--now", "2026-11-20T09:00:00Z")
LATER = ("--now", "2026-11-20T10:00:00Z")
BOOK = """\
name: Core holdings
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14, USDT: 5000}
targets: {BTC: 50%, ETH: 30%, USD: 20%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
  funding: {BTCUSD_PERP: 0.01%, ETHUSD_PERP: 0.01%}
"""
PERP = ("--contract", "BTCUSD_PERP")
SOLD = ("fill", *PERP, "--contracts", "-100", "--price", "40000", "--fee", "0.000125", "--purpose", "hedge")


def start_over(folder: Path, text: str = BOOK) -> None:
    """Nothing but the portfolio."""
    for file in folder.iterdir():
        file.unlink()
    (folder / "portfolio.yaml").write_text(text)


def done(*arguments: str, now: tuple[str, ...] = NOW) -> str:
    code, out, err = answered(*arguments, *now)
    assert (code, err) == (0, ""), err
    return out


def made(*arguments: str, now: tuple[str, ...] = NOW) -> Any:
    return json.loads(done(*arguments, "--format", "json", now=now))


def refused(code: int, *arguments: str, now: tuple[str, ...] = NOW) -> str:
    answer: Answered = answered(*arguments, *now)
    assert (answer.code, answer.out) == (code, ""), answer
    assert "Traceback" not in answer.err
    return answer.err


def saved(*arguments: str, file: str = "plan.json", now: tuple[str, ...] = NOW) -> str:
    answered(*arguments, "--out", file, *now)
    return file
