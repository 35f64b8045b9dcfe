"""``rebal record exchange``: what happened at the exchange, under its own ids, for the plans that it filled."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.accounts import Event, Ledger
from exchange_server.books import NOW, VENUES, asked, has_keys, ledger, portfolio, serving
from program import answered
from rebal.amounts import COIN_STEP as STEP
from rebal.amounts import ZERO, Fraction, down

pytestmark = pytest.mark.usefixtures("loopback")
MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
FEE = exact("0.0001")
UNNUMBERED = ("gate", "htx")
"""Venues that give what happened no number of its own."""
MOVES_ALONE = ("kucoin", "phemex")
"""Venues that list fills, funding and moves of coins, and nothing of what else changed a wallet."""


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
    """A fill for a fee, a quarter of the short bought back unless it is said; what it brings goes to the wallet."""
    traded = VENUES[venue]
    size = -traded.contracts / 4 if contracts is None else contracts
    held = account.positions[traded.contract]
    pnl = ZERO
    if size * held.contracts < 0:
        pnl = down(-size * traded.size * (1 / held.entry - 1 / exact(price)), STEP)
    else:
        held.entry = (held.contracts + size) / (held.contracts / held.entry + size / exact(price))
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
    named = [(entry["type"], entry["id"].removesuffix("_BTC")) for entry in first["entries"][1:]]
    expected = [("fill", f"{contract}:100"), ("funding", f"{contract}:funding:200"), ("transfer", "BTC:transfer:300")]
    if venue in UNNUMBERED:  # told apart by their time, or by more than one number
        assert [kind for kind, _ in named] == [kind for kind, _ in expected]
        assert all(
            one.startswith(other.rpartition(":")[0]) for (_, one), (_, other) in zip(named, expected, strict=True)
        )
    else:
        assert named == expected
    filled = first["entries"][1]
    assert exact(filled["contracts"]) == -VENUES[venue].contracts / 4
    assert (filled["price"], filled["fee"], filled["time"]) == ("40000", "0.0001", "2026-11-20T09:00:00Z")
    assert first["entries"][2]["amount"] == "0.00001234"
    assert first["notes"][-1] == "reconcile: equal: portfolio; the account is as the book has it"
    assert first["differences"] == []
    again = record(server, file)
    assert (again["entries"], len(again["repeated"])) == ([], 3)
    assert verdict(server, file) == "equal"


def fills(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in report["entries"] if entry["type"] == "fill"]


@pytest.fixture
def bybit(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    has_keys(monkeypatch, "bybit")
    return server


def planned(folder: Path, file: str, *command: str) -> tuple[str, list[str]]:
    """A plan that is saved, and the ids that its orders are sent under."""
    plan = str(folder / f"{command[0]}.json")
    at = ("--now", "2026-11-20T08:30:00Z")
    options = (*command[1:], "-p", file) if command[0] in ("hedge", "unwind") else (file,)
    assert answered(command[0], *options, *at, "--out", plan).code == 0
    lines = answered("show", plan, "--format", "orders").out.splitlines()
    return plan, [json.loads(line)["params"]["clientOrderId"] for line in lines]


def test_a_fill_counts_for_the_plan_whose_order_it_filled(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    plan, (name,) = planned(tmp_path, file, "hedge", "BTC", "--pct", "50")
    for minutes in (0, 1):
        happens(account, "bybit", name=100 + minutes, minutes=minutes, client_id=name, contracts=exact(-1000))
    happens(account, "bybit", name=102, minutes=2, contracts=exact(500))
    report = record(serving(bybit, "bybit", account), file, "--plan", plan)
    first, second, third = fills(report)
    assert first["plan"] == second["plan"] is not None
    assert third["plan"] is None
    assert [(part["purpose"], part["contracts"]) for part in first["parts"]] == [("hedge", "-1000")]
    assert third["parts"][0]["purpose"] == "rebalance"
    (asked_for,) = (entry for entry in report["entries"] if entry["type"] == "hedge")
    assert (asked_for["asset"], asked_for["fraction"]) == ("BTC", "0.5")
    assert "2 fills by the id of a plan's order" in report["notes"]
    assert "1 fill of no plan that was given, taken for rebalance; --plan FILE or --purpose says otherwise" in (
        report["notes"]
    )  # fmt: skip
    assert verdict(bybit, file) == "equal"
    again = record(bybit, file, "--plan", plan)
    assert again["entries"] == []


def test_a_fill_without_an_id_counts_by_contract_side_and_time(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    plan, _ = planned(tmp_path, file, "hedge", "BTC", "--pct", "50")
    happens(account, "bybit", name=99, minutes=-40, contracts=exact(-700))  # 8:20, before the plan was made
    happens(account, "bybit", name=100, contracts=exact(-1000))
    happens(account, "bybit", name=101, minutes=1, contracts=exact(1000))  # the other side
    report = record(serving(bybit, "bybit", account), file, "--plan", plan)
    assert [entry["plan"] is not None for entry in fills(report)] == [False, True, False]
    assert "1 fill by contract and time of a plan's order" in report["notes"]


def test_a_fill_of_no_plan_counts_for_what_is_open_or_what_is_said(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    happens(account, "bybit", contracts=exact(-1000))
    told = record(serving(bybit, "bybit", account), file, "--dry-run", "--purpose", "hedge")
    assert fills(told)[0]["parts"][0]["purpose"] == "hedge"
    text = Path(file).read_text()
    Path(file).write_text(text.replace("entry_price: 41000}", "entry_price: 41000, hedge: -40000}"))
    assert fills(record(bybit, file))[0]["parts"][0]["purpose"] == "hedge"


def test_a_plan_that_was_recorded_as_planned_is_not_filled_again(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    plan, (name,) = planned(tmp_path, file, "hedge", "BTC", "--pct", "50")
    saved = answered("record", "plan", plan, "-p", file, "--now", "2026-11-20T08:40:00Z", "--format", "json")
    (order,) = fills(json.loads(saved.out))
    happens(account, "bybit", client_id=name, contracts=exact(order["contracts"]), price="40000")
    report = record(serving(bybit, "bybit", account), file, "--plan", plan)
    assert fills(report) == []
    assert f"BTCUSD:100 is in the journal as {order['id']}, and stays so" in report["notes"]


def test_what_was_typed_by_hand_is_not_recorded_again(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    at = ("--time", "2026-11-20T09:05:00Z", "-p", file, *NOW)
    typed = ("record", "fill", "--contract", "BTCUSD", "--contracts", "10000", "--price", "40000", "--fee", "0.0001")
    assert answered(*typed, *at).code == 0
    paid = ("--contract", "BTCUSD", "--amount", "0.00002", "--id", "200_BTC")
    assert answered("record", "funding", *paid, *at).code == 0
    assert answered("record", "transfer", "--asset", "BTC", "--quantity", "-0.25", *at).code == 0
    happens(account, "bybit")
    pays(account, "bybit", "0.00002")
    moves(account, "-0.25")
    report = record(serving(bybit, "bybit", account), file)
    assert (report["entries"], len(report["repeated"])) == ([], 1)
    assert len([note for note in report["notes"] if "which has no id of the exchange's" in note]) == 2
    assert verdict(bybit, file) == "equal"


TAKEN = exact("0.00004125")
"""0.055 % of 3,000 USD at 40,000."""
PLACED = ("--now", "2026-11-20T09:30:00Z", "--format", "json")


def placed(account: Ledger, folder: Path, file: str, *fills: str, said: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """A hedge that was placed, filled so, and recorded as it is said at half past nine."""
    plan, (name,) = planned(folder, file, "hedge", "BTC", "--pct", "50")
    moves(account, "0.01", name=300, minutes=0)
    for n, contracts in enumerate(fills):
        happens(account, "bybit", name=100 + n, minutes=1 + n, client_id=name, contracts=-exact(contracts))
    account.wallets["BTC"] += len(fills) * FEE - TAKEN  # the plan's record counts the taker fee
    saved = answered("record", "plan", plan, "-p", file, *PLACED, *said)
    assert saved.code == 0, saved.err
    return plan, json.loads(saved.out)


@pytest.mark.parametrize("named", [True, False])
def test_what_was_recorded_of_a_plan_is_not_recorded_again(bybit: Server, tmp_path: Path, named: bool) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    said = ("--fill", "BTCUSD=3000@40000", "--transfer", "BTC=0.01")
    plan, saved = placed(account, tmp_path, file, "1000", "2000", said=said)
    (filled,) = fills(saved)
    report = record(serving(bybit, "bybit", account), file, *(("--plan", plan) if named else ()))
    assert report["entries"] == []
    for number in (100, 101):
        assert f"BTCUSD:{number} is in the journal as {filled['id']}, and stays so" in report["notes"]
    (moved,) = (entry["id"] for entry in saved["entries"] if entry["type"] == "transfer")
    assert f"BTC:transfer:300_BTC is in the journal as {moved}, and stays so" in report["notes"]
    assert verdict(bybit, file) == "equal"


def test_what_filled_after_a_plan_was_recorded_is_recorded(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    said = ("--fill", "BTCUSD=3000@40000", "--transfer", "BTC=0.01")
    plan, _ = placed(account, tmp_path, file, "1000", "2000", said=said)
    happens(account, "bybit", name=110, minutes=90, contracts=exact(-500))
    moves(account, "0.01", name=310, minutes=90)
    report = record(serving(bybit, "bybit", account), file, "--plan", plan)
    assert [entry["id"] for entry in report["entries"]] == ["BTCUSD:110", "BTC:transfer:310_BTC"]
    assert verdict(bybit, file) == "equal"


def test_a_fill_that_a_plan_was_recorded_with_in_part_is_left_and_said(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    said = ("--fill", "BTCUSD=2500@40000", "--transfer", "BTC=0.01")
    plan, saved = placed(account, tmp_path, file, "1000", "2000", said=said)
    (filled,) = fills(saved)
    report = record(serving(bybit, "bybit", account), file, "--plan", plan)
    assert report["entries"] == []
    (left,) = (note for note in report["notes"] if note.startswith("not recorded"))
    assert left == (
        f"not recorded, BTCUSD:101: 1500 of its 2000 contracts are in the journal as {filled['id']}; void that: "
        f"rebal record void {filled['id']} --reason 'the exchange tells it' -p {file}; and again: "
        f"rebal record exchange -p {file}"
    )
    assert verdict(bybit, file) == "differs"
    void = ("record", "void", filled["id"], "--reason", "the exchange tells it", "-p", file, *NOW)
    assert answered(*void).code == 0
    account.wallets["BTC"] -= 2 * FEE - TAKEN
    report = record(bybit, file, "--plan", plan)
    assert [entry["id"] for entry in fills(report)] == ["BTCUSD:100", "BTCUSD:101"]
    assert verdict(bybit, file) == "equal"


def test_two_fills_alike_are_two(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    happens(account, "bybit", name=100)
    happens(account, "bybit", name=101)
    assert len(fills(record(serving(bybit, "bybit", account), file))) == 2
    assert verdict(bybit, file) == "equal"


@pytest.mark.parametrize("venue", VENUES)
def test_a_liquidation_is_a_fill_that_is_said(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, file = ledger(venue), portfolio(tmp_path, venue)
    happens(account, venue, forced=True)
    report = record(serving(server, venue, account), file)
    assert len(fills(report)) == 1
    assert [note for note in report["notes"] if note.endswith("were closed by force")]
    assert verdict(server, file) == "equal"


@pytest.mark.parametrize("venue", [venue for venue in VENUES if venue not in MOVES_ALONE])
def test_what_cannot_be_recorded_is_said_with_its_coins(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, file = ledger(venue), portfolio(tmp_path, venue)
    moves(account, "0.003", kind="99" if venue == "okx" else "INSURANCE_CLEAR")
    moves(account, "5", name=301)  # more than is held outside
    report = record(serving(server, venue, account), file)
    assert [entry for entry in report["entries"] if entry["type"] != "statement"] == []
    other, moved = (note for note in report["notes"] if note.startswith("not recorded"))
    name = other.partition(": ")[0].removeprefix("not recorded, ")
    cures = (
        f"rebal record spot --asset BTC --quantity 0.003 --id {name} -p {file}",
        f"rebal record transfer --asset BTC --quantity 0.003 -p {file}",
    )
    assert other.endswith(f" of 0.003 BTC; to have it in the book: {cures[0]}; and: {cures[1]}")
    assert "5 BTC moved into the account, and 1.5 are held outside it" in moved
    assert moved.endswith(f": rebal record spot --asset BTC --quantity 3.5 -p {file}")
    assert report["notes"][-1] == "reconcile: BTC +5.003 in the futures account"
    assert report["differences"] == ["BTC +5.003 in the futures account"]
    for cure in cures:
        assert answered(*cure.split()[1:], *NOW).code == 0
    report = record(server, file)
    (moved,) = (note for note in report["notes"] if note.startswith("not recorded"))
    assert "5 BTC moved" in moved
    assert report["notes"][-1] == "reconcile: BTC +5 in the futures account"


def test_coins_that_went_by_themselves_leave_the_account_before_the_book(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    moves(account, "-0.003", kind="FEE_REFUND")
    (other,) = (note for note in record(serving(bybit, "bybit", account), file)["notes"] if "not recorded" in note)
    transfer, spot = (cure.partition(" ")[2].split() for cure in other.partition("in the book: ")[2].split("; and: "))
    assert (transfer[1], spot[1]) == ("transfer", "spot")
    for cure in (transfer, spot):
        assert answered(*cure, *NOW).code == 0
    assert verdict(bybit, file) == "equal"
    assert not [note for note in record(bybit, file)["notes"] if "not recorded" in note]


def test_funding_in_another_coin_is_not_taken_for_the_contract_s(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "binance")
    account, file = ledger("binance"), portfolio(tmp_path, "binance")
    traded = VENUES["binance"].contract
    account.wallets["BNB"] = exact("1.5")
    account.events.append(Event("200", MORNING, "funding", "BNB", exact("1.5"), traded))
    report = record(serving(server, "binance", account), file)
    assert [entry["type"] for entry in report["entries"]] == ["statement"]
    (left,) = (note for note in report["notes"] if note.startswith("not recorded"))
    assert left == f"not recorded, {traded}:funding:200: 1.5 BNB of funding, and {traded} settles in BTC"
    assert report["notes"][-1] == "reconcile: BNB +1.5 in the futures account"


def test_a_contract_that_the_portfolio_does_not_know_is_said(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    account.events.append(Event("100", MORNING, "fill", "XRP", ZERO, "XRPUSD", exact(10), exact(2), FEE))
    report = record(serving(bybit, "bybit", account), file)
    assert [note for note in report["notes"] if note.startswith("not recorded, XRPUSD:100: ")]
    assert fills(report) == []


def test_an_entry_that_was_voided_stays_so(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    happens(account, "bybit")
    record(serving(bybit, "bybit", account), file)
    assert answered("record", "void", "BTCUSD:100", "--reason", "not mine", "-p", file, *NOW).code == 0
    report = record(bybit, file)
    assert fills(report) == []
    assert [note for note in report["notes"] if note.startswith("BTCUSD:100 is in the journal, voided by ")]


def test_since_asks_for_less(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    happens(account, "bybit", name=100)
    happens(account, "bybit", name=101, minutes=60)
    report = record(serving(bybit, "bybit", account), file, "--since", "2026-11-20T09:30:00Z", "--dry-run")
    assert [entry["id"] for entry in fills(report)] == ["BTCUSD:101"]


@pytest.mark.parametrize("venue", ["binance", "okx", "kraken", "deribit"])
def test_pages_end_where_they_are_full_and_nothing_is_lost_between_them(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, file = ledger(venue), portfolio(tmp_path, venue)
    # More than a page, of them a full page's end and the next one's beginning in the same millisecond.
    for n in range(1_050):
        account.events.append(
            Event(str(1_000 + n), MORNING + timedelta(seconds=n // 4), "funding", "BTC", STEP, VENUES[venue].contract)
        )
    account.wallets["BTC"] += 1_050 * STEP
    report = record(serving(server, venue, account), file)
    assert len([entry for entry in report["entries"] if entry["type"] == "funding"]) == 1_050
    assert report["notes"][-1].startswith("reconcile: equal")


def test_pages_without_end_are_given_up(bybit: Server, tmp_path: Path) -> None:
    file, numbers = portfolio(tmp_path, "bybit"), iter(range(10_000))
    serving(bybit, "bybit", ledger("bybit"))
    bybit.answers["GET api.bybit.com/v5/account/transaction-log"] = lambda _: {
        "retCode": 0, "result": {"list": [], "nextPageCursor": f"c{next(numbers)}"}
    }  # fmt: skip
    done = asked(bybit, "record", "exchange", "-p", file, *NOW, "--timeout", "3000")
    assert (done.code, done.out) == (4, "")
    assert "more than 400 pages" in done.err


def test_trades_of_two_contracts_may_have_one_number(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "binance")
    account, file = ledger("binance"), portfolio(tmp_path, "binance")
    for contract in ("BTCUSD_PERP", "BTCUSD_261225"):
        account.events.append(Event("100", MORNING, "fill", "BTC", -FEE, contract, exact(-1), exact(40000), FEE))
    report = record(serving(server, "binance", account), file, "--dry-run")
    assert [entry["id"] for entry in fills(report)] == ["BTCUSD_261225:100", "BTCUSD_PERP:100"]
