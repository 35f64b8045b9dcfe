"""Prices and accounts of several venues at once, and what is judged where one of them, or all, are down."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Asked, Fault, Reply, Server
from exchange_server.accounts import Ledger, Open, answers
from exchange_server.books import CANARY, asked, has_keys
from program import Answered
from rebal.amounts import Fraction

pytestmark = pytest.mark.usefixtures("loopback")
NOW = ("--now", "2026-11-20T07:58:10Z")
ONE = """\
venue: bybit
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 3, ETH: 20}
targets: {BTC: 60%, ETH: 40%}
wallets: {BTC: 1.5}
positions: [{contract: BTCUSD, contracts: -40000, entry_price: 41000, hedge: -40000}]
"""
TWO = """\
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 3, ETH: 20}
targets: {BTC: 60%, ETH: 40%}
accounts:
  main:
    venue: bybit
    margin: cross
    wallets: {BTC: 1.5}
    positions: [{contract: BTCUSD, contracts: -40000, entry_price: 41000, hedge: -40000}]
  other:
    venue: okx
    margin: cross
    wallets: {ETH: 4}
    positions: [{contract: ETH-USD-SWAP, contracts: -100, entry_price: 2500, hedge: -100}]
"""
LAST = "as_of: 2026-11-20T04:00:00Z\nprices: {BTC: 39000, ETH: 2500}\n"
FALLBACK = ("--fallback", "last.yaml")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().serve("bybit").serve("okx") as running:
        yield running


@pytest.fixture
def accounts(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, Ledger]:
    """Files, keys, and the accounts that hold what the files say."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("one.yaml", ONE), ("two.yaml", TWO), ("last.yaml", LAST)):
        (tmp_path / name).write_text(text)
    for venue in ("bybit", "okx"):
        has_keys(monkeypatch, venue)
    first = Ledger({"BTC": exact("1.5")}, {"BTCUSD": Open(Fraction(-40000), Fraction(41000), Fraction(1))})
    second = Ledger(
        {"ETH": Fraction(4)}, {"ETH-USD-SWAP": Open(Fraction(-100), Fraction(2500), Fraction(10), coin="ETH")}
    )
    server.answers |= {**answers("bybit", first), **answers("okx", second)}
    return first, second


def status(server: Server, file: str, *more: str) -> Answered:
    return asked(server, "status", file, "--market", "live", "--reconcile", "--format", "json", "--timeout", "60",
                 *NOW, *more)  # fmt: skip


def about_accounts(report: dict[str, Any]) -> dict[str, str]:
    codes = ("account-differs", "position-unrecorded")
    return {each["subject"]: each["code"] for each in report["findings"] if each["code"] in codes}


def down(server: Server, *hosts: str) -> None:
    server.faults = [Fault(host, 99, Reply("", 503)) for host in hosts]


def test_prices_and_accounts_of_both_venues_are_asked(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    accounts[1].wallets["ETH"] += exact("0.5")
    done = status(server, "two.yaml")
    report = json.loads(done.out)
    assert about_accounts(report) == {"other:ETH": "account-differs"}
    sources = {each["name"]: each["source"] for each in report["inputs"]["price_sources"]}
    assert (sources["BTCUSD"], sources["ETH-USD-SWAP"]) == ("bybit", "okx")
    accounts[1].wallets["ETH"] = Fraction(4)
    assert about_accounts(json.loads(status(server, "two.yaml").out)) == {}
    both = status(server, "two.yaml", *FALLBACK)
    assert both == status(server, "two.yaml")


def test_the_venues_of_all_accounts_are_asked_side_by_side(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    both_here = threading.Barrier(2, timeout=30)
    for where in ("GET api.bybit.com/v5/market/tickers?category=inverse",
                  "GET www.okx.com/api/v5/public/mark-price?instType=SWAP"):  # fmt: skip
        server.answers[where] = partial(_once_both_are_asked, both_here, server.answers[where])
    done = asked(server, "plan", "two.yaml", "--market", "live", "--format", "json", *NOW)
    assert done.code == 0, done.err
    sources = {each["name"]: each["source"] for each in json.loads(done.out)["inputs"]["price_sources"]}
    assert (sources["BTCUSD"], sources["ETH-USD-SWAP"]) == ("bybit", "okx")


def _once_both_are_asked(barrier: threading.Barrier, answer: Any, _: Asked) -> Any:
    barrier.wait()
    return answer


def test_an_exchange_that_says_nothing_takes_nothing_from_the_other(
    server: Server, accounts: tuple[Ledger, Ledger]
) -> None:
    server.faults = [Fault("okx", 99, silent=True)]
    at = ("--market", "live", "--format", "json", "--timeout", "2", *NOW)
    done = asked(server, "status", "two.yaml", *at, *FALLBACK)
    assert done.code == 4
    assert "within 2 s; the other venues answer; judged by them and" in done.err
    sources = {each["name"]: each["source"] for each in json.loads(done.out)["inputs"]["price_sources"]}
    assert sources["BTCUSD"] == "bybit"


def test_an_exchange_that_is_down_is_one_line_and_no_answer(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    down(server, "bybit", "okx")
    for file in ("one.yaml", "two.yaml"):
        done = status(server, file)
        assert (done.code, done.out, len(done.err.splitlines())) == (4, "", 1)


def test_where_prices_and_account_are_down_the_last_prices_judge_and_one_line_says_so(
    server: Server, accounts: tuple[Ledger, Ledger]
) -> None:
    down(server, "bybit")
    done = status(server, "one.yaml", *FALLBACK)
    judged = asked(server, "status", "one.yaml", "--market", "last.yaml", "--format", "json", *NOW)
    assert done.code == 4
    here, alone = json.loads(done.out), json.loads(judged.out)
    assert [here[key] for key in ("equity", "assets", "wallets", "needs")] == [
        alone[key] for key in ("equity", "assets", "wallets", "needs")
    ]
    assert done.err.count("\n") == 1
    assert done.err.startswith("rebal: bybit: ")
    assert done.err.endswith(
        "; judged by last.yaml, prices of 2026-11-20T04:00:00Z, 3 h old, and without the account\n"
    )
    assert done.err.count("bybit: ") == 1  # the same reason is said once
    assert CANARY not in done.err


def test_the_account_alone_may_be_down(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    down(server, "bybit.com/v5/account", "bybit.com/v5/user")
    done = status(server, "one.yaml", *FALLBACK)
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert done.err.endswith("; judged without the account\n")
    assert json.loads(done.out)["inputs"]["price_sources"]


def test_the_account_that_answers_is_judged_and_the_other_named(
    server: Server, accounts: tuple[Ledger, Ledger]
) -> None:
    accounts[1].wallets["ETH"] += exact("0.5")
    down(server, "bybit")
    done = status(server, "two.yaml", *FALLBACK)
    assert about_accounts(json.loads(done.out)) == {"other:ETH": "account-differs"}
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert done.err.startswith("rebal: bybit: ")
    # okx quotes both coins, and the file nothing else
    assert done.err.endswith(", 0 min old, and without the account main\n")
    down(server, "bybit", "okx")
    done = status(server, "two.yaml", *FALLBACK)
    assert about_accounts(json.loads(done.out)) == {}
    assert done.err.endswith(", 3 h old, and without the accounts main and other\n")
    assert (done.code, done.err.count("\n")) == (4, 1)


def test_a_key_that_is_refused_is_no_account_that_is_down(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    accounts[0].rights = frozenset({"ContractTrade"})
    done = status(server, "two.yaml", *FALLBACK)
    assert (done.code, done.out) == (1, "")
    assert "bybit: the key may" in done.err


def test_who_is_told_hears_what_could_be_judged(
    server: Server, accounts: tuple[Ledger, Ledger], tmp_path: Path
) -> None:
    accounts[1].wallets["ETH"] += exact("0.5")
    down(server, "bybit")
    told = ("--notify", f"sh -c 'cat >> {tmp_path}/told'")
    assert [status(server, "two.yaml", *FALLBACK, *told).code for _ in range(2)] == [4, 4]
    (line,) = (tmp_path / "told").read_text().splitlines()
    assert about_accounts(json.loads(line)) == {"other:ETH": "account-differs"}


def test_what_was_told_before_an_exchange_was_down_is_not_told_again_after_it(
    server: Server, accounts: tuple[Ledger, Ledger], tmp_path: Path
) -> None:
    told = ("--notify", f"sh -c 'cat >> {tmp_path}/told'")
    accounts[1].wallets["ETH"] += exact("0.5")
    assert status(server, "two.yaml", *FALLBACK, *told).code == 10
    accounts[0].wallets["BTC"] += exact("0.1")
    down(server, "okx")
    assert status(server, "two.yaml", *FALLBACK, *told).code == 4
    server.faults = []
    assert status(server, "two.yaml", *FALLBACK, *told).code == 10
    heard = [about_accounts(json.loads(line)) for line in (tmp_path / "told").read_text().splitlines()]
    assert heard == [{"other:ETH": "account-differs"}, {"main:BTC": "account-differs"}]
    accounts[1].wallets["ETH"] -= exact("0.5")
    assert status(server, "two.yaml", *FALLBACK, *told).code == 10
    assert (tmp_path / "told").read_text().count("\n") == 3  # that it ended


def test_each_contract_has_the_mark_of_its_own_venue(server: Server, accounts: tuple[Ledger, Ledger]) -> None:
    marks = {}
    told = server.answers["GET www.okx.com/api/v5/public/mark-price?instType=SWAP"]
    told["data"][0]["markPx"] = "40015"  # as recorded both venues have the same
    for file, text in (
        ("bybit.yaml", ONE),
        ("okx.yaml", ONE.replace("bybit", "okx").replace("BTCUSD", "BTC-USD-SWAP")),
    ):
        Path(file).write_text(text.replace("-40000", "-400"))
        done = asked(server, "status", file, "--market", "live", "--format", "json", *NOW)
        (line,) = json.loads(done.out)["positions"]
        marks[line["contract"]] = line["mark_price"]
    text = TWO.replace(
        "ETH-USD-SWAP, contracts: -100, entry_price: 2500", "BTC-USD-SWAP, contracts: -1, entry_price: 41000"
    )
    Path("both.yaml").write_text(
        text.replace("wallets: {ETH: 4}", "wallets: {BTC: 0.5}").replace("hedge: -100", "hedge: -1")
    )
    done = asked(server, "status", "both.yaml", "--market", "live", "--format", "json", *NOW)
    assert {each["contract"]: each["mark_price"] for each in json.loads(done.out)["positions"]} == marks
    assert marks == {"BTCUSD": "40010.5", "BTC-USD-SWAP": "40015"}


def test_a_plan_on_the_market_file_of_several_accounts_is_the_plan_on_their_exchanges(
    server: Server, accounts: tuple[Ledger, Ledger]
) -> None:
    assert asked(server, "market", "-p", "two.yaml", "--out", "now.yaml", *NOW).code == 0
    plan = ("plan", "two.yaml", "--format", "json", *NOW, "--market")
    live, file = asked(server, *plan, "live"), asked(server, *plan, "now.yaml")
    assert live == file
    assert {"name": "ETH-USD-SWAP", "source": "okx"} in json.loads(file.out)["inputs"]["price_sources"]
    assert "    BTCUSD: bybit\n" in Path("now.yaml").read_text()


def test_what_the_living_venue_quotes_stays_live_and_the_file_gives_the_rest(
    server: Server, accounts: tuple[Ledger, Ledger]
) -> None:
    """The file has other prices of all: of what bybit quotes none is used, of what okx alone would quote all are."""
    Path("last.yaml").write_text(
        "as_of: 2026-11-20T04:00:00Z\nprices: {BTC: 39000, ETH: 2400, BTCUSD: 39001, ETH-USD-SWAP: 2401}\n"
    )
    prices = ("status", "two.yaml", "--market", "live", "--format", "json", "--timeout", "5", *NOW)
    live = marked(json.loads(asked(server, *prices).out))
    down(server, "okx")
    found = asked(server, *prices, *FALLBACK)
    told = marked(json.loads(found.out))
    assert told == live | {"ETH-USD-SWAP": "2401"}
    assert live["BTCUSD"] != "39001"
    assert (found.code, found.err.count("\n")) == (4, 1)
    assert found.err.startswith("rebal: okx: ")
    assert found.err.endswith(
        "; the other venues answer; judged by them and, where they say nothing, last.yaml, prices of "
        "2026-11-20T04:00:00Z, 3 h old\n"
    )
    many = asked(server, *prices[:2], "one.yaml", *prices[2:], *FALLBACK)
    assert (many.code, many.err.count("judged by them")) == (4, 1)
    down(server, "okx", "bybit")
    found = asked(server, *prices, *FALLBACK)
    assert marked(json.loads(found.out)) == {
        "BTC": "39000", "ETH": "2400", "BTCUSD": "39001", "ETH-USD-SWAP": "2401"
    }  # fmt: skip
    assert "the other venues" not in found.err
    Path("last.yaml").write_text("as_of: 2026-11-20T04:00:00Z\nprices: {ETH: 2400}\n")
    found = asked(server, *prices, *FALLBACK)
    assert found.out == ""
    assert found.code in (3, 4)


def marked(told: dict[str, Any]) -> dict[str, str]:
    """What each coin and contract costs in an answer."""
    marks = {each["contract"].rpartition(":")[2]: each["mark_price"] for each in told["positions"]}
    return {each["asset"]: each["price"] for each in told["assets"] if each["asset"] != "USD"} | marks
