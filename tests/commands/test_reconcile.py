"""``rebal reconcile``: the account at the exchange beside the book."""

import json
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.accounts import Open
from exchange_server.books import NOW, VENUES, asked, has_keys, ledger, portfolio, serving
from rebal.amounts import Fraction

pytestmark = pytest.mark.usefixtures("loopback")


def told(server: Server, file: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = asked(server, "reconcile", file, *NOW, "--format", "json", "--allow-trading-key", *options)
    assert done.out, done.err
    return done.code, json.loads(done.out)


@pytest.mark.parametrize("venue", VENUES)
def test_an_account_that_holds_the_same_is_equal(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account = ledger(venue)
    account.positions[VENUES[venue].contract].liquidation = Fraction("60000.5")
    code, report = told(serving(server, venue, account), portfolio(tmp_path, venue))
    assert (code, report["verdict"]) == (0, "equal"), report["summary"]
    (coins,) = [each for each in report["coins"] if each["place"] == "futures"]
    assert coins["coins"] == "1.5"
    assert (coins["coins_exchange"], coins["difference"]) == ("1.5", "0")
    (pair,) = report["positions"]
    assert pair["contracts"] == pair["contracts_exchange"] == str(VENUES[venue].contracts)
    assert (pair["entry_price"], pair["entry_price_exchange"]) == ("41000", "41000")
    assert (pair["where"], pair["agrees"], pair["liquidation_price_exchange"]) == ("both", True, "60000.5")
    if pair["liquidation_price"] is not None:
        apart = exact("60000.5") - exact(pair["liquidation_price"])
        assert abs(exact(pair["liquidation_difference"]) - apart) < exact("0.000000001")


@pytest.fixture
def bybit(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    has_keys(monkeypatch, "bybit")
    return server


def test_coins_that_are_not_the_book_s_are_a_difference(bybit: Server, tmp_path: Path) -> None:
    account = ledger("bybit")
    account.wallets["BTC"] += exact("0.00000002")
    code, report = told(serving(bybit, "bybit", account), portfolio(tmp_path, "bybit"))
    assert (code, report["verdict"], report["coins"][0]["difference"]) == (10, "differs", "0.00000002")
    assert report["summary"].endswith("BTC +0.00000002 in the futures account")
    account.wallets["BTC"] = exact("1.50000001")  # one step: exchanges round in their own way
    assert told(bybit, str(tmp_path / "portfolio.yaml"))[0] == 0
    account.wallets |= {"ETH": exact(2)}
    code, report = told(bybit, str(tmp_path / "portfolio.yaml"))
    assert (code, [(each["asset"], each["coins"], each["agrees"]) for each in report["coins"]]) == (
        10, [("BTC", "1.5", True), ("ETH", "0", False)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contracts", "entry", "code", "verdict"),
    [
        ("-40000", "41000.004", 0, "equal"),  # within a cent, as exchanges round
        ("-40000", "41001", 10, "differs"),
        ("-30000", "41000", 10, "differs"),
        ("-50000", "41000", 10, "differs"),
        ("40000", "41000", 20, "unrecorded"),  # a long in place of a short
    ],
)
def test_a_position_that_is_another(
    bybit: Server, tmp_path: Path, contracts: str, entry: str, code: int, verdict: str
) -> None:
    account = ledger("bybit")
    account.positions["BTCUSD"] = Open(exact(contracts), exact(entry), Fraction(1))
    assert (code, verdict) == (
        (done := told(serving(bybit, "bybit", account), portfolio(tmp_path, "bybit")))[0], done[1]["verdict"]
    )  # fmt: skip


def test_a_position_that_nobody_recorded_is_a_breach(bybit: Server, tmp_path: Path) -> None:
    account = ledger("bybit")
    account.positions["ETHUSD"] = Open(Fraction(10), Fraction(2500), Fraction(1), coin="ETH")
    code, report = told(serving(bybit, "bybit", account), portfolio(tmp_path, "bybit"))
    assert (code, report["verdict"]) == (20, "unrecorded")
    new = next(each for each in report["positions"] if each["contract"] == "ETHUSD")
    assert (new["where"], new["contracts"], new["contracts_exchange"]) == ("exchange", "0", "10")
    assert new["entry_price"] is None
    assert report["summary"].endswith("ETHUSD has 10 contracts that nobody recorded")


def test_a_position_that_is_gone_is_a_difference(bybit: Server, tmp_path: Path) -> None:
    account = ledger("bybit")
    account.positions.clear()
    code, report = told(serving(bybit, "bybit", account), portfolio(tmp_path, "bybit"))
    assert (code, report["positions"][0]["where"]) == (10, "book")


def test_margin_mode_and_a_leverage_that_the_file_gives_are_held_against_it(bybit: Server, tmp_path: Path) -> None:
    account = ledger("bybit")
    account.positions["BTCUSD"].isolated = exact("0.5")
    file = portfolio(tmp_path, "bybit")
    code, report = told(serving(bybit, "bybit", account), file)
    assert code == 10
    assert report["summary"].endswith("BTCUSD has margin mode isolated, not cross")
    assert (report["positions"][0]["margin_mode"], report["positions"][0]["margin_mode_exchange"]) == (
        "cross", "isolated"
    )  # fmt: skip


def test_waiting_orders_are_shown_and_change_nothing(bybit: Server, tmp_path: Path) -> None:
    account = ledger("bybit")
    account.orders = [
        {"orderId": "o-1", "orderLinkId": "1a2b3c4d5e6f7a8bo0", "symbol": "BTCUSD", "side": "Buy", "leavesQty": "500",
         "price": "39000.5", "reduceOnly": True}
    ]  # fmt: skip
    code, report = told(serving(bybit, "bybit", account), portfolio(tmp_path, "bybit"))
    assert code == 0
    assert report["orders"] == [
        {"id": "o-1", "client_id": "1a2b3c4d5e6f7a8bo0", "contract": "BTCUSD", "side": "buy", "contracts": "500",
         "price": "39000.5", "reduce_only": True, "account": "bybit"}
    ]  # fmt: skip


def test_spot_that_is_more_than_is_held_is_a_difference(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "binance")
    account = ledger("binance")
    account.spot = {"BTC": exact("0.5")}  # 1.5 lie outside the futures account: the rest is elsewhere
    assert told(serving(server, "binance", account), portfolio(tmp_path, "binance"))[0] == 0
    account.spot = {"BTC": exact("1.6")}
    code, report = told(server, str(tmp_path / "portfolio.yaml"))
    assert (code, report["coins"][1]["place"], report["coins"][1]["difference"]) == (10, "spot", "0.1")


def test_long_and_short_apart_are_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_keys(monkeypatch, "okx")
    served = serving(server, "okx", ledger("okx"))
    row = {"instType": "SWAP", "instId": "BTC-USD-SWAP", "pos": "5", "posSide": "long", "avgPx": "40000",
           "mgnMode": "cross", "ccy": "BTC"}  # fmt: skip
    server.answers["GET www.okx.com/api/v5/account/positions"] = {
        "code": "0", "data": [row, {**row, "posSide": "short"}]
    }  # fmt: skip
    done = asked(served, "reconcile", portfolio(tmp_path, "okx"), *NOW)
    assert (done.code, done.out) == (1, "")
    assert "set the account to one-way mode" in done.err


@pytest.mark.parametrize("venue", VENUES)
def test_the_statement_that_is_written_is_the_account(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, traded = ledger(venue), VENUES[venue]
    account.wallets["BTC"] = exact("1.41237")
    account.positions[traded.contract] = Open(traded.contracts / 2, exact("40999.5"), traded.size)
    file, written = portfolio(tmp_path, venue), tmp_path / "statement.yaml"
    done = asked(serving(server, venue, account), "reconcile", file, *NOW, "--allow-trading-key", "--write",
                 str(written))  # fmt: skip
    assert done.code == 10
    before = (tmp_path / "portfolio.yaml").read_text()
    assert written.read_text().startswith("as_of: 2026-11-20T12:00:00Z\nholdings:\n  BTC: 2.91237")
    rest = "\n".join(
        line for line in before.splitlines()
        if not line.startswith(("as_of", "holdings", "wallets", "positions", "  - {contract"))
    )  # fmt: skip
    (tmp_path / "portfolio.yaml").write_text(rest + "\n" + written.read_text())
    code, report = told(server, file)
    assert (code, report["verdict"]) == (0, "equal"), report["summary"]


def test_the_statement_that_is_written_has_what_spot_shows_beyond_the_book(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    account.wallets["BTC"] -= exact("0.25")  # 0.25 moved out, and 0.1 came: 1.5 are held outside by the book
    account.spot = {"BTC": exact("1.85"), "SOL": exact("7")}
    asked(serving(bybit, "bybit", account), "reconcile", file, *NOW, "--write", str(tmp_path / "st.yaml"))
    assert "holdings:\n  BTC: 3.1\n  SOL: 7\nwallets:\n  BTC: 1.25\n" in (tmp_path / "st.yaml").read_text()


def test_the_statement_that_is_written_keeps_what_lies_elsewhere(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    account.spot = {"BTC": exact("0.7")}
    asked(serving(bybit, "bybit", account), "reconcile", file, *NOW, "--write", str(tmp_path / "st.yaml"))
    assert "holdings:\n  BTC: 3\nwallets:\n  BTC: 1.5\n" in (tmp_path / "st.yaml").read_text()


@pytest.mark.parametrize(("shown", "said"), [("0.7", True), ("1.5", False), ("1.6", False)])
def test_that_fewer_in_a_spot_account_agree_is_said(bybit: Server, tmp_path: Path, shown: str, said: bool) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    account.spot = {"BTC": exact(shown)}
    code, report = told(serving(bybit, "bybit", account), file)
    words = "coins outside the futures account may lie anywhere, so that fewer in a spot account counts nothing"
    assert ((words in report["notes"]), code) == (said, 10 if shown == "1.6" else 0)


def test_the_statement_is_never_written_over_the_portfolio(bybit: Server, tmp_path: Path) -> None:
    file = portfolio(tmp_path, "bybit")
    before = Path(file).read_text()
    done = asked(serving(bybit, "bybit", ledger("bybit")), "reconcile", file, *NOW, "--write", file)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"rebal: --write {file}: is what is read as {file}; name another file\n"
    assert Path(file).read_text() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("-", "name a file to write"),
        ("/dev/null", "is not a regular file; name a file to write or replace"),
        ("{}/none/st.yaml", "there is no folder {}/none; create it first"),
    ],
)
def test_where_a_statement_cannot_be_written_its_own_option_is_named(
    bybit: Server, tmp_path: Path, given: str, words: str
) -> None:
    file, path = portfolio(tmp_path, "bybit"), given.format(tmp_path)
    done = asked(serving(bybit, "bybit", ledger("bybit")), "reconcile", file, *NOW, "--write", path)
    assert (done.code, done.out, done.err) == (2, "", f"rebal: --write {path}: {words.format(tmp_path)}\n")


def status(server: Server, file: str, *options: str) -> tuple[int, dict[str, str]]:
    """The exit code of a status, and its findings about the account."""
    done = asked(server, "status", file, *NOW, "--format", "json", *options)
    found = json.loads(done.out)["findings"]
    about = ("account-differs", "position-unrecorded")
    return done.code, {each["subject"]: each["code"] for each in found if each["code"] in about}


def test_status_tells_what_the_account_has_otherwise(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    text = Path(file).read_text().replace("BTC: 60%, USD: 40%", "BTC: 67%, USD: 33%")
    Path(file).write_text(text)
    serving(bybit, "bybit", account)
    (calm, _), (same, found) = status(bybit, file), status(bybit, file, "--reconcile")
    assert (calm, same, found) == (0, 0, {})
    account.wallets["BTC"] += exact("0.1")
    assert status(bybit, file) == (0, {})
    assert status(bybit, file, "--reconcile") == (10, {"BTC": "account-differs"})
    account.positions["BTCUSD"].contracts = exact(-41000)
    account.positions["ETHUSD"] = Open(Fraction(10), Fraction(2500), Fraction(1), coin="ETH")
    assert status(bybit, file, "--reconcile") == (
        20, {"BTC": "account-differs", "BTCUSD": "account-differs", "ETHUSD": "position-unrecorded"}
    )  # fmt: skip
    done = asked(bybit, "status", file, *NOW, "--reconcile", "--format", "plain")
    assert f"ETHUSD  has 10 contracts at the exchange that nobody recorded: rebal record exchange -p {file}" in done.out


def test_status_of_an_account_that_is_not_there_is_unavailable(bybit: Server, tmp_path: Path) -> None:
    done = asked(bybit, "status", portfolio(tmp_path, "bybit"), *NOW, "--reconcile")
    assert (done.code, done.out, len(done.err.splitlines())) == (4, "", 1)


def test_the_accounts_of_many_portfolios_are_not_read_at_once(bybit: Server, tmp_path: Path) -> None:
    file = portfolio(tmp_path, "bybit")
    done = asked(bybit, "status", file, file, *NOW, "--reconcile")
    assert (done.code, done.out, bybit.asked) == (2, "", [])


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_the_margin_of_an_isolated_position_is_a_part_of_its_wallet(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account, file = ledger(venue), portfolio(tmp_path, venue)
    Path(file).write_text(Path(file).read_text().replace("entry_price: 41000}", "entry_price: 41000, margin: 0.5}"))
    position = account.positions[VENUES[venue].contract]
    position.isolated = exact("0.5")
    code, report = told(serving(server, venue, account), file)
    assert (code, report["positions"][0]["isolated_margin_exchange"]) == (0, "0.5")
    position.isolated = exact("0.6")
    code, report = told(server, file)
    assert (code, report["positions"][0]["agrees"], report["coins"][0]["agrees"]) == (10, False, True)


def test_a_saved_answer_shows_again_as_it_was(bybit: Server, tmp_path: Path) -> None:
    account, file, saved = ledger("bybit"), portfolio(tmp_path, "bybit"), tmp_path / "account.json"
    account.positions["ETHUSD"] = Open(Fraction(10), Fraction(2500), Fraction(1), coin="ETH")
    done = asked(serving(bybit, "bybit", account), "reconcile", file, *NOW, "--out", str(saved))
    assert done.code == 20
    assert asked(bybit, "show", str(saved), "--format", "json").out == saved.read_text()
    table = asked(bybit, "show", str(saved), "--format", "table", "--width", "80").out
    assert "a position is open that nobody recorded" in table
    assert "ETHUSD" in table


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_what_lies_in_the_account_beside_the_futures_counts_against_what_is_held_outside(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account = ledger(venue)
    account.spot = {"BTC": exact("1.5")}
    code, report = told(serving(server, venue, account), portfolio(tmp_path, venue))
    (spot,) = [each for each in report["coins"] if each["place"] == "spot"]
    assert (code, spot["coins"], spot["coins_exchange"], spot["agrees"]) == (0, "1.5", "1.5", True)
    account.spot = {"BTC": exact("1.75")}
    code, report = told(server, str(tmp_path / "portfolio.yaml"))
    assert (code, report["summary"].endswith("BTC +0.25 in the spot account")) == (10, True)


@pytest.mark.parametrize("venue", ["bybit", "okx"])
def test_a_key_that_does_not_see_it_reads_the_futures_all_the_same(
    server: Server, venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    serving(server, venue, ledger(venue))
    for where in [where for where in server.answers if "/asset/" in where]:
        server.answers[where] = {"retCode": 10005, "retMsg": "permission denied", "code": "50120", "msg": "no"}
    code, report = told(server, portfolio(tmp_path, venue))
    assert (code, "no spot account apart from this is shown" in report["notes"]) == (0, True)


@pytest.mark.parametrize(
    ("venue", "word", "mode"),
    [
        ("bybit", "REGULAR_MARGIN", "pooled"), ("bybit", "PORTFOLIO_MARGIN", "pooled"),
        ("okx", "2", "cross"), ("okx", "3", "pooled"), ("okx", "4", "pooled"), ("okx", "1", None),
        ("deribit", "segregated_sm", "cross"), ("deribit", "cross_sm", "pooled"), ("deribit", "cross_pm", "pooled"),
        ("binance", "", None),
    ],
)  # fmt: skip
def test_how_the_account_is_margined_is_held_against_the_file(
    server: Server, venue: str, word: str, mode: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, venue)
    account = ledger(venue)
    account.mode = word
    serving(server, venue, account)
    code, report = told(server, portfolio(tmp_path, venue))
    (verdict,) = report["verdicts"]
    assert (code, verdict["margin_mode"], verdict["margin_mode_exchange"]) == (0, "cross", mode)
    advice = [note for note in report["notes"] if "policy: {margin_mode: pooled}" in note]
    assert len(advice) == (mode == "pooled")
    text = Path(portfolio(tmp_path, venue)).read_text()
    if mode is not None:
        (tmp_path / "portfolio.yaml").write_text(text + f"policy: {{margin_mode: {mode}}}\n")
        code, report = told(server, str(tmp_path / "portfolio.yaml"))
        assert (code, [note for note in report["notes"] if "margin_mode" in note]) == (0, [])


def test_a_pooled_account_s_estimate_stands_beside_that_of_the_exchange(bybit: Server, tmp_path: Path) -> None:
    account, file = ledger("bybit"), Path(portfolio(tmp_path, "bybit"))
    # long, so that there is an end to it
    account.positions["BTCUSD"] = Open(exact(40000), exact(41000), Fraction(1), liquidation=exact("15000.5"))
    text = file.read_text().replace("contracts: -40000", "contracts: 40000")
    file.write_text(text + "policy: {margin_mode: pooled}\n")
    code, report = told(serving(bybit, "bybit", account), str(file))
    (pair,) = report["positions"]
    assert (code, pair["liquidation_price"], pair["liquidation_price_exchange"]) == (0, None, "15000.5")
    estimate = json.loads(asked(bybit, "status", str(file), *NOW, "--format", "json").out)["positions"][0]
    assert pair["liquidation_estimate"] == estimate["liquidation_estimate"] is not None
    apart = exact("15000.5") - exact(pair["liquidation_estimate"])
    assert abs(exact(pair["liquidation_difference"]) - apart) < exact("0.000000001")
