"""Accounts of more exchanges: their units, the ends of their pages, and what is told of a fill beside its size."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Fault, Server
from exchange_server.accounts import Event, Ledger, Open, answers
from exchange_server.books import CANARY, NOW, SECRET, VENUES, asked, has_keys, ledger, portfolio, serving
from exchange_server.more_accounts import DATED
from exchange_server.test_account_laws import CONTRACTS, FILLS_ALONE, MORE, OWN, TEXT, WALLETS, asking
from rebal import load
from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange import accounts
from rebal.exchange_account import Filled, Moved, Other, Paid
from rebal.portfolio import Portfolio

pytestmark = pytest.mark.usefixtures("loopback")
AS_OF = datetime(2026, 11, 20, 8, tzinfo=UTC)
END = AS_OF + timedelta(days=3)
NEW = ("bitmex", "gate", "htx", "kucoin", "phemex")
NAMES = {**CONTRACTS, **MORE}
PAGES = {
    "binance": 1000, "bybit": 50, "okx": 100, "deribit": 1000, "kraken": 250, "bitmex": 500, "gate": 100, "htx": 50,
    "kucoin": 100, "phemex": 200, "weex": 100, "binance usd-m": 1000, "mexc": 100,
}  # fmt: skip


def book(tmp_path: Path, venue: str) -> Portfolio:
    file = tmp_path / "portfolio.yaml"
    text = TEXT.format(venue=venue.partition(" ")[0], wallets=WALLETS[venue], positions="")
    file.write_text(text + OWN.get(venue, ""))
    return load.portfolio(str(file), now=AS_OF)


def fill(number: int, name: str, portfolio: Portfolio, **more: Any) -> Event:
    contract = portfolio.contracts[name]
    event = Event(
        str(number), AS_OF + timedelta(seconds=number), "fill", contract.settle, Fraction(0), name, Fraction(-100),
        exact("40000.5"), exact("0.00012345"), size=contract.multiplier,
    )  # fmt: skip
    for field, value in more.items():
        setattr(event, field, value)
    return event


def told(server: Server, tmp_path: Path, venue: str, account: Ledger) -> tuple[Portfolio, Any]:
    known = book(tmp_path, venue)
    server.answers |= answers(venue, account)
    return known, asking(server, known, linear=venue == "binance usd-m")


@pytest.mark.parametrize("venue", NEW)
def test_an_account_that_holds_the_same_agrees(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    has_keys(monkeypatch, venue)
    allowed = () if venue == "bitmex" else ("--allow-trading-key",)
    account = ledger(venue)
    done = asked(serving(server, venue, account), "reconcile", portfolio(tmp_path, venue), *NOW, *allowed)
    assert (done.code, done.err) == (0, "")
    account.positions[VENUES[venue].contract].contracts += 100
    assert asked(server, "reconcile", portfolio(tmp_path, venue), *NOW, *allowed).code == 10
    account.wallets["BTC"] += exact("0.0000001")
    del account.positions[VENUES[venue].contract]
    assert asked(server, "reconcile", portfolio(tmp_path, venue), *NOW, *allowed).code == 10


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("venue", PAGES)
def test_no_fill_is_lost_at_the_end_of_a_page(server: Server, tmp_path: Path, venue: str, more: int) -> None:
    known = book(tmp_path, venue)
    count, name = PAGES[venue] + more, NAMES[venue][0]
    found = [fill(number, name, known) for number in range(1, count + 1)]
    for event in found[-3:]:
        event.time = found[-3].time  # a page that ends among fills of one instant
    # Kraken tells a fill in two rows, which a page may part.
    before = [Event("9999", AS_OF + timedelta(seconds=0.5), "transfer", "BTC", Fraction(1))] * (venue == "kraken")
    _, line = told(server, tmp_path, venue, Ledger(wallets={"BTC": Fraction(1)}, events=[*before, *found]))
    fills = [each for each in accounts.happened(line, AS_OF, END) if isinstance(each, Filled)]
    assert sorted(int(each.id.partition("-")[0]) for each in fills) == list(range(1, count + 1))


@pytest.mark.parametrize("venue", [venue for venue in MORE if venue not in FILLS_ALONE])
def test_what_happened_is_told_in_contracts_and_coins(server: Server, tmp_path: Path, venue: str) -> None:
    known = book(tmp_path, venue)
    name, coin = MORE[venue][0], known.contracts[MORE[venue][0]].settle
    # Gate wants its prefix, and these tell no sender's id.
    sender = None if venue in ("htx", "weex", "mexc") else "t-1a2b3c4d5e6f7a8bo0"
    events = [
        fill(1, name, known, client_id=sender or ""),
        fill(2, name, known, contracts=Fraction(300), fee=exact("-0.00002"), forced=True, price=exact("39999.5")),
        Event("3", AS_OF + timedelta(seconds=3), "funding", coin, exact("-0.00001234"), name, price=exact("40000")),
        Event("4", AS_OF + timedelta(seconds=4), "transfer", coin, exact("-0.25")),
        Event("5", AS_OF + timedelta(seconds=5), "transfer", coin, exact("0.5")),
    ]
    _, line = told(server, tmp_path, venue, Ledger(events=events))
    first, second, funding, out, into = accounts.happened(line, AS_OF, END)
    assert isinstance(first, Filled)
    assert (first.contract, first.contracts, first.price, first.fee) == (
        name, Fraction(-100), exact("40000.5"), exact("0.00012345"),
    )  # fmt: skip
    assert (first.client_id, first.time, first.forced) == (sender, AS_OF + timedelta(seconds=1), False)
    assert isinstance(second, Filled)
    assert (second.contracts, second.fee) == (Fraction(300), exact("-0.00002"))
    assert second.forced is (venue != "weex")
    assert isinstance(funding, Paid)
    assert (funding.contract, funding.amount) == (name, exact("-0.00001234"))
    assert isinstance(out, Moved)
    assert isinstance(into, Moved)
    assert (out.asset, out.quantity, into.quantity) == (coin, exact("-0.25"), exact("0.5"))


@pytest.mark.parametrize("venue", MORE)
def test_what_is_open_is_told_with_its_margin_and_liquidation(server: Server, tmp_path: Path, venue: str) -> None:
    known = book(tmp_path, venue)
    contract = known.contracts[MORE[venue][0]]
    apart = None if venue == "htx" else exact("0.5")  # there each swap has an account of its own
    held = Open(Fraction(-500), exact("39876.5"), contract.multiplier, contract.settle, apart, 7, exact("50000.5"))
    _, line = told(server, tmp_path, venue, Ledger({contract.settle: Fraction(3)}, {contract.name: held}))
    account = accounts.state(line)
    (there,) = account.positions
    assert (there.contract, there.contracts, there.entry_price) == (contract.name, Fraction(-500), exact("39876.5"))
    assert there.liquidation_price == exact("50000.5")
    assert there.margin_mode is (MarginMode.CROSS if apart is None else MarginMode.ISOLATED)
    assert there.margin == (None if venue in ("mexc", "bingx") else apart)  # these do not tell it
    assert account.wallets == {contract.settle: 3}


WAITING = {
    "bitmex": {"orderID": "a", "clOrdID": "me", "symbol": "XBTUSD", "side": "Sell", "orderQty": 300, "leavesQty": 200,
               "price": 41000.5, "execInst": "ReduceOnly"},
    "gate": {"id": 15, "text": "t-me", "contract": "BTC_USD", "size": -300, "left": -200, "price": "41000.5",
             "is_reduce_only": True},
    "htx": {"order_id_str": "a", "client_order_id": 17, "contract_code": "BTC-USD", "direction": "sell", "volume": 300,
            "trade_volume": 100, "price": 41000.5, "offset": "close"},
    "kucoin": {"id": "a", "clientOid": "me", "symbol": "XBTUSDM", "side": "sell", "size": 300, "filledSize": 100,
               "price": "41000.5", "reduceOnly": True},
    "phemex": {"orderID": "a", "clOrdID": "me", "symbol": "BTCUSD", "side": "Sell", "orderQty": 300, "leavesQty": 200,
               "priceEp": 410005000, "reduceOnly": True},
    "weex": {"orderId": 15, "clientOrderId": "me", "symbol": "BTCUSDT", "side": "SELL", "origQty": "0.03",
             "executedQty": "0.01", "price": "41000.5", "reduceOnly": True},
}  # fmt: skip


@pytest.mark.parametrize("venue", WAITING)
def test_what_waits_is_told_with_what_is_left_of_it(server: Server, tmp_path: Path, venue: str) -> None:
    _, line = told(server, tmp_path, venue, Ledger(orders=[WAITING[venue]]))
    (order,) = accounts.state(line).orders
    assert (order.contract, order.contracts, order.price) == (MORE[venue][0], Fraction(-200), exact("41000.5"))
    assert order.client_id == {"gate": "t-me", "htx": "17"}.get(venue, "me")
    assert order.reduce_only is True


def test_bitmex_signs_as_its_documentation_has_it(server: Server, tmp_path: Path) -> None:
    # BitMEX's own example: this secret, GET /api/v1/instrument, expires 1518064236.
    secret = b"chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
    known = "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"
    assert hmac.new(secret, b"GET/api/v1/instrument1518064236", hashlib.sha256).hexdigest() == known
    _, line = told(server, tmp_path, "bitmex", Ledger())
    accounts.state(line)
    signed = [each for each in server.asked if each.path != "/api/v1/wallet/assets"]
    for question in signed:
        query = "&".join(f"{name}={value}" for name, value in question.query.items())
        target = f"{question.path}?{query}" if query else question.path
        told_ = f"GET{target}{question.headers['api-expires']}"
        if "{" not in told_:  # what is quoted in the address is signed as it is quoted
            made = hmac.new(b"c2VjcmV0c2VjcmV0c2VjcmV0", told_.encode(), hashlib.sha256).hexdigest()
            assert question.headers["api-signature"] == made
    assert len(signed) == 3


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": {"message": f"Signature not valid. {CANARY}", "name": "HTTPError"}}, "refuses the key"),
        (401, {"error": {"message": "This request has expired - `expires` is in the past.", "name": "HTTPError"}},
         "the machine's clock"),
        (403, {"error": {"message": f"Access Denied {SECRET}", "name": "HTTPError"}}, "a permission or an address"),
        (400, {"error": {"message": f"Account has no {CANARY}", "name": "HTTPError"}}, "refuses the question"),
        (503, {"error": {"message": "overloaded", "name": "HTTPError"}}, "fails (HTTP 503), tried 4 times"),
        (429, {"error": {"message": "Rate limit exceeded", "name": "RateLimitError"}}, "is asked too often"),
    ],
)  # fmt: skip
def test_what_bitmex_refuses_is_said_in_our_words(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, body: Any, said: str
) -> None:
    from exchange_server import Reply

    has_keys(monkeypatch, "bitmex")
    monkeypatch.setattr(server, "reply", lambda _: Reply(body, status))
    done = asked(server, "reconcile", portfolio(tmp_path, "bitmex"), *NOW)
    assert (done.code, done.out, said in done.err) == (4, "", True)
    assert len(server.asked) <= 4


def test_a_coin_of_which_bitmex_tells_no_decimals_is_not_guessed(server: Server, tmp_path: Path) -> None:
    _, line = told(server, tmp_path, "bitmex", Ledger())
    server.answers["GET www.bitmex.com/api/v1/user/margin"] = [{"currency": "Gwei", "walletBalance": 5}]
    with pytest.raises(Unavailable, match="how many decimals Gwei has"):
        accounts.state(line)


def test_what_htx_settled_of_an_open_position_is_no_difference(server: Server, tmp_path: Path) -> None:
    known = book(tmp_path, "htx")
    held = Open(Fraction(-500), exact(40000), known.contracts["BTC-USD"].multiplier)
    _, line = told(server, tmp_path, "htx", Ledger({"BTC": Fraction(3)}, {"BTC-USD": held}))
    # Settled at 40,400: -50,000·(1/40,000 - 1/40,400) BTC are in its balance.
    (row,) = line.ask("contractPrivatePostSwapApiV1SwapAccountInfo")["data"]
    assert exact(row["margin_static"]) == 3 - DATED - exact("0.01237624")
    assert accounts.state(line).wallets == {"BTC": 3}


def test_htx_is_read_of_swaps_and_of_dated_contracts(server: Server, tmp_path: Path) -> None:
    known = book(tmp_path, "htx")
    size = known.contracts["BTC-USD"].multiplier
    account = Ledger(
        {"BTC": Fraction(3)},
        {"BTC-USD": Open(Fraction(-500), exact(40000), size, liquidation=exact("81000.5")),
         "BTC261225": Open(Fraction(-30), exact("40200.5"), size, liquidation=exact("79000.5"))},
        [fill(1, "BTC261225", known, forced=True), fill(2, "BTC-USD", known),
         Event("3", AS_OF + timedelta(seconds=3), "transfer", "BTC", exact("0.5"))],
        [WAITING["htx"], {**WAITING["htx"], "order_id_str": "b", "contract_code": "BTC261225", "symbol": "BTC"}],
    )  # fmt: skip
    _, line = told(server, tmp_path, "htx", account)
    there = accounts.state(line)
    assert there.wallets == {"BTC": 3}
    assert [(each.contract, each.contracts, each.entry_price, each.liquidation_price) for each in there.positions] == [
        ("BTC-USD", Fraction(-500), Fraction(40000), exact("81000.5")),
        ("BTC261225", Fraction(-30), exact("40200.5"), exact("79000.5")),
    ]  # fmt: skip
    assert [(each.contract, each.contracts) for each in there.orders] == [
        ("BTC-USD", Fraction(-200)), ("BTC261225", Fraction(-200)),
    ]  # fmt: skip
    first, second, moved = accounts.happened(line, AS_OF, END)
    assert isinstance(first, Filled)
    assert isinstance(second, Filled)
    assert isinstance(moved, Moved)
    assert (first.contract, first.contracts, first.forced, second.contract) == (
        "BTC261225", Fraction(-100), True, "BTC-USD",
    )  # fmt: skip


def test_of_two_dated_positions_in_one_account_htx_tells_no_liquidation_of_its_own(
    server: Server, tmp_path: Path
) -> None:
    size = book(tmp_path, "htx").contracts["BTC-USD"].multiplier
    held = {
        name: Open(Fraction(-30), exact(40000), size, liquidation=exact(79000)) for name in ("BTC261225", "BTC261127")
    }
    _, line = told(server, tmp_path, "htx", Ledger({"BTC": Fraction(3)}, held))
    assert [each.liquidation_price for each in accounts.state(line).positions] == [None, None]


@pytest.mark.parametrize("missing", ["swap-api/v1/swap", "api/v1/contract"])
def test_an_account_that_was_never_opened_at_htx_holds_nothing(server: Server, tmp_path: Path, missing: str) -> None:
    events = [fill(1, "BTC261225", book(tmp_path, "htx")), fill(2, "BTC-USD", book(tmp_path, "htx"))]
    _, line = told(server, tmp_path, "htx", Ledger({"BTC": Fraction(3)}, events=events))
    none = {"status": "error", "err_code": 1220, "err_msg": "You don't have access permission as you have not opened "
            "contracts trading.", "ts": 1645096660718}  # fmt: skip
    server.answers[f"POST api.hbdm.vn/{missing}_account_info"] = none
    assert accounts.state(line).wallets == {"BTC": exact("0.25") if "swap" in missing else exact("2.75")}
    (found,) = accounts.happened(line, AS_OF, END)
    assert isinstance(found, Filled)
    assert found.contract == ("BTC261225" if "swap" in missing else "BTC-USD")
    server.answers[
        f"POST api.hbdm.vn/{'api/v1/contract' if 'swap' in missing else 'swap-api/v1/swap'}_account_info"
    ] = none
    with pytest.raises(Unavailable, match="htx: knows no account of this sort with this key"):
        accounts.state(line)


def test_a_delivery_at_htx_is_said_with_its_coins(server: Server, tmp_path: Path) -> None:
    event = Event("7", AS_OF + timedelta(seconds=7), "9", "BTC", exact("-0.0125"), "BTC261120")
    _, line = told(server, tmp_path, "htx", Ledger({"BTC": Fraction(3)}, events=[event]))
    (said,) = accounts.happened(line, AS_OF, END)
    assert isinstance(said, Other)
    assert (said.what, said.asset, said.quantity) == ("delivery of a long", "BTC", exact("-0.0125"))


def test_a_fee_in_another_coin_is_no_fee_of_the_wallet(server: Server, tmp_path: Path) -> None:
    known = book(tmp_path, "binance usd-m")
    one = fill(1, "BTCUSDT", known)
    _, line = told(server, tmp_path, "binance usd-m", Ledger(events=[one]))
    where = "GET fapi.binance.com/fapi/v1/userTrades"
    before = server.answers[where]
    server.answers[where] = lambda question: [{**row, "commissionAsset": "BNB"} for row in before(question)]
    filled, beside = accounts.happened(line, AS_OF, END)
    assert isinstance(filled, Filled)
    assert isinstance(beside, Other)
    assert (filled.fee, beside.asset, beside.quantity) == (Fraction(0), "BNB", exact("-0.00012345"))


def test_usd_m_is_asked_where_its_collateral_is_held(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "binance")
    serving(server, "binance", ledger("binance"))
    file = Path(portfolio(tmp_path, "binance"))
    assert asked(server, "reconcile", str(file), *NOW).code == 0
    assert not [each for each in server.asked if each.host == "fapi.binance.com"]
    file.write_text(
        file.read_text().replace("{BTC: 3}", "{BTC: 3, USDT: 500}").replace("{BTC: 1.5}", "{BTC: 1.5, USDT: 400}")
    )
    assert asked(server, "reconcile", str(file), *NOW).code == 4
    side = answers("binance usd-m", Ledger({"USDT": Fraction(400), "BTC": Fraction(9)}))
    server.answers |= {key: answer for key, answer in side.items() if "fapi" in key}
    assert asked(server, "reconcile", str(file), *NOW).code == 0  # BTC of USD-M is not that of COIN-M


def test_a_long_history_has_as_much_time_as_it_has_pages(server: Server, tmp_path: Path) -> None:
    known = book(tmp_path, "bitmex")
    events = [fill(number, "XBTUSD", known) for number in range(1, 2502)]
    _, line = told(server, tmp_path, "bitmex", Ledger(events=events))
    line.line.deadline.allowed = 90
    server.faults = [Fault(slow=60, times=99)]
    assert len(accounts.happened(line, AS_OF, END)) == 2501
    assert server.moved > 2 * line.line.deadline.allowed
    asked = len(server.asked)
    server.faults = [Fault(at="tradeHistory", slow=100, times=99)]
    with pytest.raises(Unavailable, match=r"within 90 s"):
        accounts.happened(line, AS_OF, END)
    assert len(server.asked) <= asked + 3


def test_binance_is_asked_for_fills_of_the_weeks_that_have_some(server: Server, tmp_path: Path) -> None:
    known = book(tmp_path, "binance usd-m")
    late = fill(1, "BTCUSDT", known, time=AS_OF + timedelta(days=30))
    _, line = told(server, tmp_path, "binance usd-m", Ledger(events=[late]))
    (found,) = accounts.happened(line, AS_OF, AS_OF + timedelta(days=60))
    assert found.time == late.time
    assert len([each for each in server.asked if each.path.endswith("/userTrades")]) == 1


def test_mexc_is_asked_for_fills_of_linear_contracts_that_the_file_has(server: Server, tmp_path: Path) -> None:
    book(tmp_path, "mexc")
    file = tmp_path / "portfolio.yaml"
    own = "contracts: {BTC_USDT: {asset: BTC, kind: linear, multiplier: 0.0001, taker_fee: 0.04%}}\n"
    file.write_text(file.read_text() + own)
    known = load.portfolio(str(file), now=AS_OF)
    server.answers |= answers("mexc", Ledger(events=[fill(1, "BTC_USDT", known), fill(2, "BTC_USD", known)]))
    found = accounts.happened(asking(server, known), AS_OF, END)
    assert [(each.contract, each.contracts) for each in found if isinstance(each, Filled)] == [
        ("BTC_USDT", Fraction(-100)), ("BTC_USD", Fraction(-100)),
    ]  # fmt: skip


LONG_PAYS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # a long at a positive rate, in the figures of each exchange's own example: it pays
    "kucoin": ("GET api-futures.kucoin.com/api/v1/funding-history",
               {"dataList": [{"id": 239471298749817, "symbol": "XBTUSDM", "timePoint": 1795168800000,
                              "fundingRate": 0.0001, "positionQty": 12, "funding": -0.000553539,
                              "settleCurrency": "XBT"}], "hasMore": False}, "XBTUSDM", "-0.000553539"),
    # held long, and closed after it by the sale of as many
    "phemex": ("GET api.phemex.com/exchange/order/trade",
               {"rows": [{"transactTimeNs": 1795168800000000000, "symbol": "BTCUSD", "currency": "BTC", "side": "Buy",
                          "action": "SettleFundingFee", "tradeType": "Funding", "execQty": 700,
                          "execPriceEp": 69473435, "execValueEv": 10075793, "feeRateEr": 4747, "execFeeEv": 479,
                          "execID": "381fbe21", "clOrdID": "SettlingFunding"}]}, "BTCUSD", "-0.00000479"),
}  # fmt: skip


@pytest.mark.parametrize("venue", LONG_PAYS)
def test_a_long_pays_where_the_rate_is_above_zero(server: Server, tmp_path: Path, venue: str) -> None:
    where, data, contract, amount = LONG_PAYS[venue]
    held = Open(Fraction(700), exact(40000), Fraction(1))
    _, line = told(server, tmp_path, venue, Ledger({"BTC": Fraction(1)}, {contract: held}))
    server.answers[where] = {"code": "200000" if venue == "kucoin" else 0, "data": data}
    if venue == "phemex":
        server.answers[f"{where}?symbol=cETHUSD"] = {"code": 0, "data": {"rows": []}}
    (paid,) = [each for each in accounts.happened(line, AS_OF, END) if isinstance(each, Paid)]
    assert (paid.contract, paid.amount) == (contract, exact(amount))


@pytest.mark.parametrize("venue", MORE)
def test_from_what_nobody_recorded_to_a_book_that_agrees(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    has_keys(monkeypatch, venue.partition(" ")[0])
    known, name = book(tmp_path, venue), MORE[venue][0]
    file = str(tmp_path / "portfolio.yaml")
    contract = known.contracts[name]
    wallet = known.statement.wallets[contract.settle]
    account = Ledger(dict(known.statement.wallets), {
        name: Open(Fraction(-100), exact("40000.5"), contract.multiplier, contract.settle)
    }, [fill(1, name, known)])  # fmt: skip
    account.wallets[contract.settle] = wallet - exact("0.00012345")
    server.answers |= answers(venue, account)
    allowed = () if venue in ("bitmex", "binance usd-m") else ("--allow-trading-key",)
    assert asked(server, "reconcile", file, *NOW, *allowed).code == 20
    for _ in range(2):
        done = asked(server, "record", "exchange", "-p", file, *NOW, *allowed)
        assert (done.code, done.err) == (0, "")
        done = asked(server, "reconcile", file, *NOW, *allowed)
        assert (done.code, done.err) == (0, "")
