"""``rebal record exchange``: what happened at the exchange, under its own ids, for the plans that it filled."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.accounts import Event, Ledger
from exchange_server.books import NOW, VENUES, asked, has_keys, ledger, portfolio, serving
from rebal.amounts import COIN_STEP, Fraction, down

pytestmark = pytest.mark.usefixtures("loopback")
MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
FEE = exact("0.0001")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def record(server: Server, file: str, *options: str) -> dict[str, Any]:
    done = asked(server, "record", "exchange", "-p", file, *NOW, "--format", "json", "--allow-trading-key", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def verdict(server: Server, file: str) -> str:
    done = asked(server, "reconcile", file, *NOW, "--format", "json", "--allow-trading-key")
    return str(json.loads(done.out)["verdict"])


def happens(account: Ledger, venue: str, *, name: int = 100, minutes: int = 0, client_id: str = "",
            contracts: Fraction | None = None, forced: bool = False, price: str = "40000") -> None:  # fmt: skip
    """A quarter of the short is bought back at a price, for a fee; what it brings goes to the wallet."""
    traded = VENUES[venue]
    size = -traded.contracts / 4 if contracts is None else contracts
    held = account.positions[traded.contract]
    pnl = down(-size * traded.size * (1 / held.entry - 1 / exact(price)), COIN_STEP)
    account.wallets["BTC"] += pnl - FEE
    held.contracts += size
    account.events.append(
        Event(str(name), MORNING + timedelta(minutes=minutes), "fill", "BTC", pnl - FEE, traded.contract, size,
              exact(price), FEE, client_id, forced, traded.size)
    )  # fmt: skip


def pays(account: Ledger, venue: str, coins: str, *, name: int = 200, minutes: int = 30) -> None:
    account.wallets["BTC"] += exact(coins)
    account.events.append(
        Event(str(name), MORNING + timedelta(minutes=minutes), "funding", "BTC", exact(coins), VENUES[venue].contract)
    )


def moves(account: Ledger, coins: str, *, name: int = 300, minutes: int = 40, kind: str = "transfer") -> None:
    account.wallets["BTC"] += exact(coins)
    account.events.append(Event(str(name), MORNING + timedelta(minutes=minutes), kind, "BTC", exact(coins)))


@pytest.mark.parametrize("venue", VENUES)
def test_what_happened_is_recorded_once_and_then_both_agree(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, file = ledger(venue), portfolio(tmp_path, venue)
    happens(account, venue)
    pays(account, venue, "0.00001234")
    moves(account, "-0.25")
    assert verdict(serving(server, venue, account), file) == "differs"
    tried = record(server, file, "--dry-run")
    assert not (tmp_path / "portfolio.journal.db").exists()
    first = record(server, file)
    assert [entry["id"] for entry in first["entries"]] == [entry["id"] for entry in tried["entries"]]
    contract = VENUES[venue].contract
    assert [(entry["type"], entry["id"].removesuffix("_BTC")) for entry in first["entries"][1:]] == [
        ("fill", f"{contract}:100"), ("funding", f"{contract}:funding:200"), ("transfer", "BTC:transfer:300")
    ]  # fmt: skip
    filled = first["entries"][1]
    assert exact(filled["contracts"]) == -VENUES[venue].contracts / 4
    assert (filled["price"], filled["fee"], filled["time"]) == ("40000", "0.0001", "2026-11-20T09:00:00Z")
    assert first["entries"][2]["amount"] == "0.00001234"
    assert first["notes"][-1] == "reconcile: equal: portfolio; the account is as the book has it"
    again = record(server, file)
    assert (again["entries"], len(again["repeated"])) == ([], 3)
    assert verdict(server, file) == "equal"
