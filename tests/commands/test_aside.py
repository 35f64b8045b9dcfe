"""What stands aside is no business of a plan, so it margins nothing that is open."""

import json
from pathlib import Path

import pytest

from program import NOW, answered

PORTFOLIO = """\
venue: binance
as_of: 2026-11-19T08:00:00Z
holdings: {BTC: 1, ETH: 20}
targets: {BTC: 100%}
aside: [ETH]
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""
POSITION = "wallets: {ETH: 2}\npositions: [{contract: ETHUSD_PERP, contracts: -100, entry_price: 3000}]\n"


@pytest.mark.parametrize("command", ["plan", "stress", "status", "compare", "check"])
def test_a_position_of_the_file(command: str, tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(PORTFOLIO + POSITION)
    done = answered(command, str(file), *NOW)
    assert (done.code, done.out) == (3, "")
    assert ":10:24: positions[0].contract: is margined in ETH, which stands under aside" in done.err
    assert "take ETH out of aside and give it a target, or close the position first" in done.err


def test_a_position_that_only_the_journal_knows(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(PORTFOLIO.replace("targets: {BTC: 100%}\naside: [ETH]", "targets: {BTC: 50%, ETH: 50%}"))
    filled = ["--contract", "ETHUSD_PERP", "--contracts=-100", "--price", "2500", "--time", "2026-11-20T07:00:00Z"]
    recorded = answered("record", "fill", "-p", str(file), *NOW, *filled)
    assert recorded.code == 0, recorded.err
    file.write_text(PORTFOLIO)
    for command in ("plan", "stress", "status"):
        done = answered(command, str(file), *NOW)
        assert (done.code, done.out) == (3, "")
        assert "aside: holds ETH, which margins ETHUSD_PERP, open in the journal; take ETH out of aside" in done.err


@pytest.mark.parametrize("command", ["plan", "stress", "status", "compare", "check", "hedge"])
def test_what_stands_aside_may_lie_in_the_futures_account_and_have_no_price(command: str, tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    told = PORTFOLIO.replace("ETH: 20", "ETH: 20, DUST: 5").replace("ETH]", "ETH, DUST]")
    file.write_text(f"{told}wallets: {{BTC: 0.5, DUST: 5}}\n")
    asked = ("BTC", "--pct", "50", "-p", str(file)) if command == "hedge" else (str(file),)
    done = answered(command, *asked, *NOW)
    assert done.code in (0, 10), done.err


def test_what_stands_aside_is_no_part_of_an_account_s_share(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(f"{PORTFOLIO}wallets: {{BTC: 0.5, ETH: 20}}\n")
    (account,) = json.loads(answered("status", str(file), "--format", "json", *NOW).out)["accounts"]
    assert (account["equity"], account["share_of_equity"]) == ("20000", "0.5")
