"""``rebal reconcile`` and ``rebal record exchange`` of a file with several accounts, each at its venue."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Asked, Fault, Reply, Server
from exchange_server.accounts import Event, Ledger, Open, answers
from exchange_server.books import CANARY, NOW, PASSWORD, SECRET, asked, has_keys
from program import Answered
from rebal.amounts import Fraction

pytestmark = pytest.mark.usefixtures("loopback")
MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
FILE = """\
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 3, ETH: 10}}
targets: {{BTC: 80%, ETH: 20%}}
accounts:
  first:
    venue: {0}
    margin: {2}
    wallets: {{BTC: 1}}
    positions: [{{contract: BTCUSD, contracts: -40000, entry_price: 41000, hedge: -40000}}]
  second:
    venue: {1}
    margin: cross
    at_most: 70%
    wallets: {{BTC: 0.5, ETH: 4}}
    positions: [{{contract: {3}, contracts: 10, entry_price: 2500}}]
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {{BTC: 40000, ETH: 2500}}
"""


def written(folder: Path, second: str = "okx", *, mode: str = "cross") -> str:
    file = folder / "portfolio.yaml"
    contract = {"okx": "ETH-USD-SWAP", "bybit": "ETHUSD"}[second]
    file.write_text(FILE.format("bybit", second, mode, contract))
    return str(file)


def ledgers(size: int = 10) -> tuple[Ledger, Ledger]:
    """The accounts that hold the same; ``size``: dollars of a contract of the second."""
    name = "ETH-USD-SWAP" if size == 10 else "ETHUSD"
    return (
        Ledger({"BTC": Fraction(1)}, {"BTCUSD": Open(Fraction(-40000), Fraction(41000), Fraction(1))}),
        Ledger(
            {"BTC": exact("0.5"), "ETH": Fraction(4)},
            {name: Open(Fraction(10), Fraction(2500), Fraction(size), coin="ETH", mark=Fraction(2500))},
        ),
    )


@pytest.fixture
def both(server: Server, monkeypatch: pytest.MonkeyPatch) -> tuple[Server, Ledger, Ledger]:
    for venue in ("bybit", "okx"):
        has_keys(monkeypatch, venue)
    first, second = ledgers()
    server.answers |= answers("bybit", first)
    server.answers |= answers("okx", second)
    return server, first, second


def told(server: Server, file: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = asked(server, "reconcile", file, *NOW, "--format", "json", *options)
    assert done.out, done.err
    return done.code, json.loads(done.out)


def rows(report: dict[str, Any], name: str) -> list[tuple[Any, ...]]:
    key = {"coins": "asset", "positions": "contract"}[name]
    return [(each["account"], each[key], each["agrees"]) for each in report[name]]


@pytest.mark.parametrize("mode", ["cross", "pooled"])
def test_each_account_is_read_at_its_venue(both: tuple[Server, Ledger, Ledger], tmp_path: Path, mode: str) -> None:
    code, report = told(both[0], written(tmp_path, mode=mode))
    assert (code, report["verdict"], report["venue"]) == (0, "equal", None), report["summary"]
    assert rows(report, "coins") == [("first", "BTC", True), ("second", "BTC", True), ("second", "ETH", True)]
    assert rows(report, "positions") == [("first", "BTCUSD", True), ("second", "ETH-USD-SWAP", True)]
    assert report["verdicts"] == [
        {"account": "first", "venue": "bybit", "verdict": "equal", "margin_mode": mode,
         "margin_mode_exchange": "pooled"},
        {"account": "second", "venue": "okx", "verdict": "equal", "margin_mode": "cross", "margin_mode_exchange": None},
    ]  # fmt: skip
    other = (
        "first is pooled at the exchange, and planned as cross, as the file has it; write margin: pooled under accounts"
    )
    assert (other in report["notes"]) == (mode == "cross")
    hosts = {each.host for each in both[0].asked}
    assert hosts == {"api.bybit.com", "www.okx.com"}


def test_the_worst_account_says_how_it_ends(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server, first, second = both
    file = written(tmp_path)
    second.wallets["BTC"] += exact("0.1")
    code, report = told(server, file)
    assert (code, [each["verdict"] for each in report["verdicts"]]) == (10, ["equal", "differs"])
    assert report["summary"] == "differs: portfolio; BTC +0.1 in the futures account second"
    assert rows(report, "coins")[:2] == [("first", "BTC", True), ("second", "BTC", False)]
    first.positions["ETHUSD"] = Open(Fraction(7), Fraction(2500), Fraction(1), coin="ETH")
    code, report = told(server, file)
    assert (code, [each["verdict"] for each in report["verdicts"]]) == (20, ["unrecorded", "differs"])
    new = next(each for each in report["positions"] if each["where"] == "exchange")
    assert (new["account"], new["contract"]) == ("first", "ETHUSD")


def test_what_is_shown_says_of_which_account_it_is(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server, first, _ = both
    file = written(tmp_path)
    first.orders = [{"orderId": "o-1", "orderLinkId": "", "symbol": "BTCUSD", "side": "Buy", "leavesQty": "500",
                     "price": "39000.5", "reduceOnly": True}]  # fmt: skip
    plain = asked(server, "reconcile", file, *NOW, "--format", "plain").out
    assert "account   second  equal  venue okx\n" in plain
    assert "coins     BTC  at second  futures  book 0.5  exchange 0.5" in plain
    assert "order     BTCUSD  at first  buy reduce-only  contracts 500" in plain
    table = asked(server, "reconcile", file, *NOW, "--format", "table", "--width", "100").out
    assert "first equal, second equal" in table
    csv = asked(server, "reconcile", file, *NOW, "--format", "csv", "--section", "coins").out
    assert csv.splitlines()[2] == "BTC,futures,0.5,0.5,0,0.00000001,true,second"


def test_a_contract_that_both_venues_have_is_told_by_its_account(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        for part, value in (("KEY", f"{CANARY}-{name}"), ("SECRET", SECRET), ("PASSWORD", PASSWORD)):
            monkeypatch.setenv(f"REBAL_{name.upper()}_{part}", value)
    first, second = ledgers(size=1)
    one, other = answers("bybit", first), answers("bybit", second)
    server.answers |= {where: by_key(one, other, where) for where in one}
    file = written(tmp_path, "bybit")
    code, report = told(server, file)
    assert code == 0, report["summary"]
    assert rows(report, "positions") == [("first", "first:BTCUSD", True), ("second", "second:ETHUSD", True)]
    happens(first, "BTCUSD", contracts=exact(-1000), size=Fraction(1))
    report = record(server, file)
    filled = next(entry for entry in report["entries"] if entry["type"] == "fill")
    assert (filled["id"], filled["contract"], filled["account"]) == ("first:BTCUSD:100", "first:BTCUSD", "first")
    assert told(server, file)[0] == 0


def by_key(one: Any, other: Any, where: str) -> Callable[[Asked], Any]:
    return lambda question: (other if "-second" in str(question.headers) else one)[where](question)


def test_two_accounts_are_never_read_with_one_key(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "bybit")
    done = asked(server, "reconcile", written(tmp_path, "bybit"), *NOW)
    assert (done.code, done.out, server.asked) == (2, "", [])
    assert "first: REBAL_FIRST_KEY and REBAL_FIRST_SECRET are not set" in done.err
    file = Path(written(tmp_path, "bybit"))
    file.write_text(file.read_text().replace("first:", "a-b:").replace("second:", "a.b:"))
    done = asked(server, "reconcile", str(file), *NOW)
    assert (done.code, "a-b and a.b would both be read with REBAL_A_B_KEY" in done.err) == (2, True)


def test_a_key_that_may_trade_at_one_of_them_is_refused(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    both[2].rights = frozenset({"trade"})
    done = asked(both[0], "reconcile", written(tmp_path), *NOW)
    assert (done.code, done.out) == (1, "")
    assert "okx: the key may trade" in done.err


def test_an_exchange_that_is_down_leaves_nothing_to_say(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server = both[0]
    server.faults = [Fault("okx", 99, Reply("", 503))]
    for command in (("reconcile", written(tmp_path)), ("record", "exchange", "-p", written(tmp_path))):
        done = asked(server, *command, *NOW)
        assert (done.code, done.out, len(done.err.splitlines())) == (4, "", 1)
        assert done.err.startswith("rebal: okx: ")
    assert not (tmp_path / "portfolio.journal.db").exists()


def test_the_statement_that_is_written_takes_the_place_of_the_accounts(
    both: tuple[Server, Ledger, Ledger], tmp_path: Path
) -> None:
    server, first, second = both
    first.wallets["BTC"] = exact("0.91237")
    first.positions["BTCUSD"].contracts = exact(-30000)
    second.positions.clear()
    file, written_to = written(tmp_path, mode="pooled"), tmp_path / "statement.yaml"
    assert asked(server, "reconcile", file, *NOW, "--write", str(written_to)).code == 10
    text = written_to.read_text()
    assert text == (
        "as_of: 2026-11-20T12:00:00Z\n"
        "holdings:\n  BTC: 2.91237\n  ETH: 10\n"
        "accounts:\n"
        "  first:\n"
        "    venue: bybit\n"
        "    margin: pooled  # keep below it what the file says of collateral and borrowing\n"
        "    wallets:\n      BTC: 0.91237\n"
        "    positions:\n"
        "      - {contract: BTCUSD, contracts: -30000, entry_price: 41000, hedge: -30000}\n"
        "  second:\n    venue: okx\n    margin: cross\n    at_most: 70%\n"
        "    wallets:\n      BTC: 0.5\n      ETH: 4\n"
        "    positions: []\n"
    )
    old = Path(file).read_text()
    rest = old[old.index("targets:") : old.index("accounts:")] + old[old.index("market:") :]
    Path(file).write_text(rest + text)
    code, report = told(server, file)
    assert (code, report["verdict"]) == (0, "equal"), report["summary"]


def test_the_statement_of_the_only_account_of_a_file_takes_its_place(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "bybit")
    server.answers |= answers("bybit", ledgers()[0])
    file = Path(written(tmp_path))
    text = file.read_text()
    file.write_text(text[: text.index("  second:")] + text[text.index("market:") :])
    statement = tmp_path / "statement.yaml"
    done = asked(server, "reconcile", str(file), *NOW, "--write", str(statement))
    assert done.code == 0, done
    assert "accounts:\n  first:\n    venue: bybit\n" in statement.read_text()
    text = file.read_text()
    file.write_text(text[text.index("targets:") : text.index("accounts:")] + text[text.index("market:") :]
                    + statement.read_text())  # fmt: skip
    assert asked(server, "reconcile", str(file), *NOW).code == 0


def happens(account: Ledger, contract: str, *, contracts: Fraction, size: Fraction, name: int = 100) -> None:
    """A fill at 40,000 that adds to a short, for a fee."""
    fee, price, held = exact("0.0001"), Fraction(40000), account.positions[contract]
    held.entry = (held.contracts + contracts) / (held.contracts / held.entry + contracts / price)
    held.contracts += contracts
    account.wallets["BTC"] -= fee
    account.events.append(Event(str(name), MORNING, "fill", "BTC", -fee, contract, contracts, price, fee, size=size))


def record(server: Server, file: str, *options: str) -> dict[str, Any]:
    done = asked(server, "record", "exchange", "-p", file, *NOW, "--format", "json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_what_happened_at_each_is_recorded_once_under_its_account(
    both: tuple[Server, Ledger, Ledger], tmp_path: Path
) -> None:
    server, first, second = both
    file = written(tmp_path)
    happens(first, "BTCUSD", contracts=exact(-1000), size=Fraction(1))
    # 0.2 BTC go from the second to the first, less what the withdrawal took; both exchanges number it 300
    for account, coins, minute in ((second, "-0.2", 10), (first, "0.1999", 40)):
        account.wallets["BTC"] += exact(coins)
        time = MORNING.replace(minute=minute)
        account.events.append(Event("300", time, "transfer", "BTC", exact(coins)))
    second.wallets["ETH"] += exact("0.002")
    second.events.append(
        Event("400", MORNING, "funding", "ETH", exact("0.002"), "ETH-USD-SWAP", size=Fraction(10))
    )  # fmt: skip
    assert told(server, file)[0] == 10
    report = record(server, file)
    assert [(entry["type"], entry["id"], entry["account"]) for entry in report["entries"][1:]] == [
        ("fill", "BTCUSD:100", "first"),
        ("funding", "ETH-USD-SWAP:funding:400", "second"),
        ("transfer", "second:BTC:transfer:300", "second"),
        ("transfer", "first:BTC:transfer:300_BTC", "first"),
    ]
    assert report["notes"][-1] == "reconcile: equal: portfolio; the account is as the book has it"
    assert (told(server, file)[0], record(server, file)["entries"]) == (0, [])


def test_one_exchange_s_number_is_not_another_s(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server, first, _ = both
    file = written(tmp_path)
    typed = ("record", "transfer", "--asset", "BTC", "--quantity", "-0.1", "--account", "second", "--id", "300_BTC")
    assert asked(server, *typed, "-p", file, *NOW, "--time", "2026-11-20T08:30:00Z").code == 0
    first.wallets["BTC"] += exact("0.05")
    first.events.append(Event("300", MORNING, "transfer", "BTC", exact("0.05")))
    report = record(server, file)
    assert [entry["id"] for entry in report["entries"]] == ["first:BTC:transfer:300_BTC"]


def test_each_exchange_is_asked_from_its_own_last_on(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server, first, _ = both
    file, late = written(tmp_path), ("--now", "2026-11-28T12:00:00Z")
    first.wallets["BTC"] -= exact("0.1")
    first.events.append(Event("300", MORNING.replace(day=27), "transfer", "BTC", exact("-0.1")))
    done = asked(server, "record", "exchange", "-p", file, *late, "--format", "json")
    assert done.code == 0, done.err
    server.asked.clear()
    asked(server, "record", "exchange", "-p", file, *late)
    starts = {
        each.host: int(each.query.get("startTime") or each.query["begin"])
        for each in reversed(server.asked)
        if "startTime" in each.query or "begin" in each.query
    }
    as_of, last = (
        int(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp() * 1000) for day, hour in ((20, 8), (26, 9))
    )
    assert starts == {"api.bybit.com": last, "www.okx.com": as_of}


def status(server: Server, file: str, *options: str) -> Answered:
    return asked(server, "status", file, *NOW, "--format", "json", "--reconcile", *options)


def about_accounts(done: Answered) -> dict[str, str]:
    codes = ("account-differs", "position-unrecorded")
    found = json.loads(done.out)["findings"]
    return {each["subject"]: each["code"] for each in found if each["code"] in codes}


def test_status_tells_what_each_account_has_otherwise(both: tuple[Server, Ledger, Ledger], tmp_path: Path) -> None:
    server, first, second = both
    file = written(tmp_path)
    assert about_accounts(status(server, file)) == {}
    second.wallets["BTC"] += exact("0.1")
    first.positions["ETHUSD"] = Open(Fraction(7), Fraction(2500), Fraction(1), coin="ETH")
    done = status(server, file)
    assert (done.code, about_accounts(done)) == (20, {"second:BTC": "account-differs", "ETHUSD": "position-unrecorded"})
    assert "in the futures account second, and the book 0.5" in done.out


def test_a_coin_counts_once_though_two_spot_accounts_show_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "bybit")
    has_keys(monkeypatch, "binance")
    first, second = ledgers()
    second.positions = {"ETHUSD_PERP": second.positions["ETH-USD-SWAP"]}
    server.answers |= {**answers("bybit", first), **answers("binance", second)}
    file = Path(written(tmp_path))
    file.write_text(file.read_text().replace("venue: okx", "venue: binance").replace("ETH-USD-SWAP", "ETHUSD_PERP"))
    second.spot = {"BTC": exact("1.5")}  # as many as lie outside both futures accounts
    code, report = told(server, str(file))
    assert (code, report["coins"][-1]["place"], report["coins"][-1]["account"]) == (0, "spot", "second")
    first.spot = {"BTC": exact("0.1")}
    code, report = told(server, str(file))
    line = report["coins"][-1]
    assert (code, line["coins_exchange"], line["difference"], line["account"]) == (10, "1.6", "0.1", None)
    assert report["summary"].endswith("BTC +0.1 in the spot accounts")
    second.spot = {"BTC": exact("1.4")}
    assert told(server, str(file))[0] == 0


def test_a_wallet_that_is_nowhere_in_the_book_is_a_difference(
    both: tuple[Server, Ledger, Ledger], tmp_path: Path
) -> None:
    server, first, _ = both
    first.wallets["ETH"] = Fraction(1)
    code, report = told(server, written(tmp_path))
    assert (code, rows(report, "coins")[1]) == (10, ("first", "ETH", False))
    assert report["coins"][1]["coins"] == "0"


def test_a_fill_of_either_account_counts_for_the_plan_that_sent_it(
    both: tuple[Server, Ledger, Ledger], tmp_path: Path
) -> None:
    server, first, second = both
    file, plan = written(tmp_path), str(tmp_path / "unwind.json")
    at = ("--now", "2026-11-20T08:30:00Z")
    assert asked(server, "unwind", "-p", file, "--force", *at, "--out", plan).code == 0
    lines = map(json.loads, asked(server, "show", plan, "--format", "orders").out.splitlines())
    ids = {line["account"]: line["params"]["clientOrderId"] for line in lines}
    assert sorted(ids) == ["first", "second"]
    fee = exact("0.0001")
    for account, ledger, contract, coin, size, price, each in (
        ("first", first, "BTCUSD", "BTC", exact(1000), Fraction(41000), Fraction(1)),
        ("second", second, "ETH-USD-SWAP", "ETH", exact(-4), Fraction(2500), Fraction(10)),
    ):
        ledger.positions[contract].contracts += size  # at its entry price, so that nothing is realised
        ledger.wallets[coin] -= fee
        ledger.events.append(
            Event("100", MORNING, "fill", coin, -fee, contract, size, price, fee, ids[account], size=each)
        )
    report = record(server, file, "--plan", plan)
    fills = [entry for entry in report["entries"] if entry["type"] == "fill"]
    assert [(entry["account"], entry["plan"] is not None) for entry in fills] == [("first", True), ("second", True)]
    assert [part["purpose"] for part in fills[0]["parts"]] == ["hedge"]
    assert "2 fills by the id of a plan's order" in report["notes"]
    assert report["notes"][-1].startswith("reconcile: equal")
