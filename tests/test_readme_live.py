"""The README's commands that ask an exchange, as they are typed, by a shell in an empty environment.

The program is the real one, in a process of its own; every exchange is a server of the loopback address.
"""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.accounts import Event, Ledger, Open, answers
from exchange_server.books import CANARY, SECRET, ledger, portfolio
from exchange_server.histories import Past
from exchange_server.histories import answers as histories
from program import ROOT
from rebal.amounts import COIN_STEP, Fraction, down
from test_readme import section
from test_readme_cron import LINES

pytestmark = pytest.mark.usefixtures("loopback")
NOW = "2026-11-20T12:00:00Z"
PRICES = "as_of: 2026-11-20T11:00:00Z\nprices: {BTC: 40000}\n"


def commands(title: str) -> list[str]:
    """The commands of a section's blocks, without what is said of them."""
    blocks = re.findall(r"```(?:sh)?\n(.*?)```", section(title), re.DOTALL)
    lines = [line.partition("   #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("rebal ")]


@pytest.fixture
def home(tmp_path: Path, server: Server) -> Path:
    """A home with the program where the README has it, its keys and its portfolio, at Bybit."""
    folder = tmp_path / "rebal" / ".venv" / "bin"
    folder.mkdir(parents=True)
    program = folder / "rebal"
    paths = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests")))
    program.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={paths}\nrun='{sys.executable} -m exchange_server {server.port}'\n"
        f'case $1 in show) exec $run "$@";; *) exec $run "$@" --now {NOW};; esac\n'
    )
    program.chmod(0o700)
    keys = tmp_path / "keys"
    keys.write_text(f"REBAL_BYBIT_KEY={CANARY}\nREBAL_BYBIT_SECRET={SECRET}\n")
    keys.chmod(0o600)
    portfolio(tmp_path, "bybit")
    (tmp_path / "overrides.yaml").write_text(PRICES)
    (tmp_path / "last.yaml").write_text(PRICES)
    return tmp_path


@pytest.fixture
def account(server: Server) -> Ledger:
    """The account that holds what the portfolio says, its exchange and its past."""
    held = ledger("bybit")
    server.serve("bybit")
    server.answers |= {**histories("bybit", {"BTCUSD": Past(900, lambda _: "40000")}), **answers("bybit", held)}
    return held


def typed(command: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run a line by sh from home, with nothing in the environment but where programs and keys are."""
    env = {"PATH": f"{home}/rebal/.venv/bin:/usr/bin:/bin", "HOME": str(home), "REBAL_KEYS": f"{home}/keys"}
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("/home/me", str(home))], cwd=home, env=env, capture_output=True, text=True,
        timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done


def test_there_are_commands_of_each_kind() -> None:
    assert [len(commands(title)) for title in ("Live prices", "The account")] == [5, 6]
    assert [line for line in LINES if "live" in line or "rebal market" in line] == LINES[2:4]


def test_live_prices_are_had_as_they_are_typed(home: Path, server: Server, account: Ledger) -> None:
    live, over, saved, bars, rates = commands("Live prices")
    for command in (live, over):
        done = typed(command, home)
        # the tests' exchange prints prices of four hours ago, by a clock that is behind
        assert (done.returncode, done.stderr) == (0, ""), command
        assert "price-in-doubt" in done.stdout
    assert typed(saved, home).returncode == 0
    assert "prices:" in (home / "market.yaml").read_text()
    for command, file in ((bars, "prices.csv"), (rates, "funding.csv")):
        first = typed(command, home)
        assert first.returncode == 0, first.stderr
        text = (home / file).read_text()
        assert text.count("\n") > 700
        again = typed(command, home)  # "the same command goes on where it ends"
        assert (again.returncode, (home / file).read_text()) == (0, text)


def fills(account: Ledger, line: str, number: int) -> None:
    """Send an order of ``--format orders``: it is filled in full at its price."""
    order = json.loads(line)
    held, price = account.positions[order["contract"]], exact(str(order["price"]))
    size = exact(order["amount"]) * (1 if order["side"] == "buy" else -1)
    assert size > 0 > held.contracts + size  # it buys back a part of the short
    gained = down(-size * (1 / held.entry - 1 / price), COIN_STEP) - exact("0.0001")
    held.contracts += size
    account.wallets["BTC"] += gained
    sender = order["params"]["clientOrderId"]
    fee, at = exact("0.0001"), datetime(2026, 11, 20, 11, tzinfo=UTC)
    account.events.append(Event(str(number), at, "fill", "BTC", gained, order["contract"], size, price, fee, sender))


def test_from_a_plan_to_a_book_that_agrees_as_it_is_typed(home: Path, server: Server, account: Ledger) -> None:
    file = home / "portfolio.yaml"
    file.write_text(file.read_text().replace("BTC: 60%, USD: 40%", "BTC: 80%, USD: 20%"))
    plan, orders, dry, record, reconcile, write = commands("The account")
    assert typed(plan, home).returncode == 0
    shown = typed(orders, home)
    assert shown.returncode == 0, shown.stderr
    for number, line in enumerate(shown.stdout.splitlines(), start=100):
        fills(account, line, number)
    assert typed(reconcile, home).returncode == 10
    tried = typed(dry, home)
    assert tried.returncode == 0, tried.stderr
    assert "by the id of a plan's order" in tried.stdout
    assert not (home / "portfolio.journal.db").exists()
    done = typed(record, home)
    assert (done.returncode, done.stderr) == (0, "")
    assert typed(record, home).returncode == 0
    assert typed(reconcile, home).returncode == 0
    written = typed(write, home)
    assert written.returncode == 0, written.stderr
    assert "positions:" in (home / "statement.yaml").read_text()
    account.positions["ETHUSD"] = Open(Fraction(-100), Fraction(2500), Fraction(1), coin="ETH")
    assert typed(reconcile, home).returncode == 20


def test_cron_asks_the_exchange_and_holds_the_account_against_the_book(
    home: Path, server: Server, account: Ledger
) -> None:
    live, market = LINES[2:4]
    done = typed(live, home)
    assert (done.returncode, done.stderr) == (20, "")  # for the clock, as above
    assert "clock" in done.stdout
    account.wallets["BTC"] += exact("0.5")
    assert "account-differs" in typed(live, home).stdout
    before = (home / "last.yaml").read_text()
    assert (typed(market, home).returncode, (home / "last.yaml").read_text() != before) == (0, True)


def test_cron_is_told_in_one_line_that_the_exchange_is_down(home: Path, server: Server) -> None:
    done = typed(LINES[2], home)  # nothing is served: 404
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("rebal: bybit: ")
    assert f"judged by {home}/last.yaml, prices of 2026-11-20T11:00:00Z, 60 min old" in done.stderr
