"""``--brief``, and what every answer on a screen ends with."""

import json
import re
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, ROOT, answered

TEN = str(ROOT / "portfolios" / "ten-coins.yaml")
PROTECTED = str(ROOT / "portfolios" / "protected-bitcoin.yaml")


def shown(*arguments: str, width: int = 100) -> list[str]:
    done = answered(*arguments, "--format", "table", "--width", str(width), *NOW)
    assert done.code in (0, 1, 10, 20), done.err
    return done.out.splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("command", ["plan", "status"])
def test_ten_coins_fit_a_screen(command: str, width: int) -> None:
    lines = shown(command, TEN, "--brief", width=width)
    assert sum(-(-len(line) // width) or 1 for line in lines) <= 24
    assert max(map(len, lines[:-1])) <= width  # the last is to be pasted, and so is whole


ACCOUNTS = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, margin: MODE, wallets: {BTC: 0.3, USDT: 4000},
         positions: [{contract: BTCUSD, contracts: -9000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14, SOL: 100, XRP: 4000, ADA: 20000, LINK: 600, AVAX: 400, DOGE: 50000, LTC: 90, USDT: 4000}
targets: {BTC: 30%, ETH: 25%, SOL: 9%, XRP: 6%, ADA: 5%, LINK: 5%, AVAX: 5%, DOGE: 5%, LTC: 5%, USD: 5%}
policy: {band: 0.5%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500, SOL: 140, XRP: 2, ADA: 0.5, LINK: 14, AVAX: 20, DOGE: 0.2, LTC: 90}
"""


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("mode", ["cross", "pooled"])
@pytest.mark.parametrize("command", ["plan", "status"])
def test_ten_coins_over_two_accounts_fit_a_screen(command: str, mode: str, width: int, tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(ACCOUNTS.replace("MODE", mode))
    lines = shown(command, str(book), "--brief", width=width)
    assert sum(-(-len(line) // width) or 1 for line in lines) <= 24
    assert lines[-1].startswith("next: ")


def test_an_end_that_no_one_will_see_is_no_figure(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(ACCOUNTS.replace("MODE", "pooled").replace("0.5%}", "60%}").replace("-9000", "-900"))
    lines = shown("plan", str(book), "--brief", width=80)
    assert [each for each in lines if each.startswith("nearest")] == [
        "nearest liquidation only beyond 10 x or 0.1 x; most leverage 1.00x"
    ]


def test_all_that_is_to_be_placed_is_in_it() -> None:
    whole = answered("plan", TEN, *NOW).out.splitlines()
    brief = " ".join(shown("plan", TEN, "--brief")).replace(",", "")
    orders = [line.split() for line in whole if line.startswith("order ")]
    moves = [line.split() for line in whole if line.startswith("move ")]
    assert (len(orders), len(moves)) == (9, 9)
    assert all(f"{order[1].upper()}" in brief and f" {order[2]} " in brief for order in orders)
    assert all(f"{move[2]} {move[1]}" in brief for move in moves)


def test_errors_are_told_in_full_and_the_others_are_counted(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO + "policy: {max_at_venue: 1%}\n")
    lines = " ".join(shown("plan", str(book), "--brief"))
    assert "Refused, do not place it" in lines
    assert "error" in lines
    assert "to be read without --brief" in " ".join(shown("plan", TEN, "--brief"))


def test_what_not_every_book_warns_of_is_told_in_full(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO + "positions: [{contract: BTCUSD_PERP, contracts: -10, entry_price: 41000}]\n")
    late = ("--now", "2026-11-22T09:00:00Z")
    for command in ("plan", "status"):
        whole = answered(command, str(book), *late).out.splitlines()
        lines = answered(command, str(book), "--brief", *late).out.splitlines()
        warned = [line for line in whole if line.startswith("warning")]
        unusual = [line for line in warned if line.split()[1] not in ("assumed-figure", "drift")]
        assert {"stale-prices", "missing"} <= {line.split()[1] for line in unusual}
        in_summary = unusual[:1] if command == "status" else []  # which tells the first in full
        told = [line for line in lines if line.startswith("warning")]
        assert sorted(told) == sorted(unusual[len(in_summary) :])
        assert told.index(next(line for line in told if " missing " in line)) == len(told) - 1
        assert all(" ".join(line.split()[2:]) in lines[0] for line in in_summary)


def test_a_share_that_may_be_meant_otherwise_is_told_in_the_headline(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO)
    for pct, end in (("0.5", "; 0.5 % is asked, not 50 %"), ("0.25", "; 0.25 % is asked, not 25 %"), ("5", ":")):
        lines = " ".join(shown("hedge", "BTC", "--pct", pct, "-p", str(book), "--brief")).replace("\u00a0", " ")
        assert end in lines
        assert ("is asked, not" in lines) == (pct != "5")


def test_what_no_order_brings_to_its_weight_stands_in_the_headline(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    text = (
        "venue: deribit\nas_of: 2026-11-20T08:00:00Z\nholdings: {BTC: 1.2, SOL: 240, LINK: 900}\n"
        "targets: {BTC: 45%, SOL: 10%, LINK: 4%, USD: 41%}\npolicy: {routes: [inverse]}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 91250, SOL: 141.9, LINK: 13.4}}\n"
    )
    book.write_text(text)
    assert "1 transfer, no coin sold; LINK and SOL stay off target " in " ".join(shown("plan", str(book), "--brief"))
    book.write_text(text.replace(", LINK: 900", "").replace(", LINK: 4%, USD: 41%", ", USD: 45%"))
    assert "no coin sold; SOL stays off target " in " ".join(shown("plan", str(book), "--brief"))


def test_on_a_pipe_it_is_records_too() -> None:
    words = [line.split()[0] for line in answered("plan", TEN, "--brief", *NOW).out.splitlines()]
    assert words == ["plan", "headline", *["order"] * 9, "move-in", "nearest", "cost", "more"]


def test_funding_that_nets_to_nothing_is_no_absence_of_it(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    rates = "  funding: {BTCUSD: 0.01%, ETHUSD: 0.01%}\n"
    book.write_text(PORTFOLIO.replace("venue: binance", "venue: bybit") + rates)
    for more in ((), ("--brief",)):
        told = " ".join(shown("plan", str(book), *more))
        assert re.search(r"fees \$12\.10\W+funding nets to nothing", told)
        assert "no funding" not in told


POOLED = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, margin: pooled, wallets: {BTC: 0.3, USDT: 500},
         positions: [{contract: BTCUSD, contracts: 9000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14, USDT: 500}
targets: {BTC: 60%, ETH: 40%, USD: 0%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""


@pytest.mark.parametrize("command", ["plan", "status"])
def test_the_end_of_a_pooled_account_is_told_too(tmp_path: Path, command: str) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(POOLED)
    account, _ = json.loads(answered(command, str(book), "--format", "json", *NOW).out)["accounts"]
    assert account["nearest"] is not None
    (line,) = [line for line in shown(command, str(book), "--brief") if line.startswith("nearest")]
    assert line.startswith(f"nearest liquidation main -{float(account['nearest']['distance']) * 100:.1f} % on ")


def test_moves_name_their_account_where_there_are_several(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(POOLED)
    lines = [line for line in shown("plan", str(book), "--brief") if line.startswith("move")]
    assert lines
    assert all(re.match(r"move (in|out) at (main|second) [0-9]", line) for line in lines)


@pytest.mark.parametrize("form", ["json", "csv", "svg"])
def test_scripts_get_no_less(form: str) -> None:
    done = answered("plan", TEN, "--brief", "--format", form, *NOW)
    assert (done.code, done.out) == (2, "")


def test_why_it_is_refused_and_that_nothing_is_saved(tmp_path: Path) -> None:
    told = "rebal: --brief shortens what people read, and json is told in full; "
    saved = tmp_path / "plan.json"
    done = answered("plan", TEN, "--brief", "--out", str(saved), *NOW)
    assert (done.code, done.err) == (2, f"{told}leave --brief away; nothing was saved\n")
    assert not saved.exists()
    named = answered("plan", TEN, "--brief", "--format", "json", *NOW)
    assert (named.code, named.err) == (2, f"{told}leave away --brief, or --format json\n")


def test_a_refused_plan_is_not_to_be_recorded(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO + "policy: {max_at_venue: 1%}\n")
    assert re.fullmatch("next: place nothing of it; .*", shown("plan", str(book))[-1])
