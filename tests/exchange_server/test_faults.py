"""Every venue's exchange as it fails: what is wrong is one line in our words, and nothing is asked without end."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Fault, Reply, Server
from exchange_server.books import CANARY, NOW, any_portfolio, asked, has_keys
from rebal import prices, venues
from rebal.errors import Unavailable
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Doubt
from rebal.prices import Quotes, Wanted

pytestmark = pytest.mark.usefixtures("loopback")
AT = datetime(2026, 11, 20, 7, 58, 10, tzinfo=UTC)
INDEX = exact("40000.5")
HTML = {"Content-Type": "text/html"}


def contracts(venue: str) -> tuple[Contract, ...]:
    """The perpetuals of BTC, and where no size is known one of its name with any size."""
    served = [each for each in venues.venue(venue).serving("BTC", AT) if each.expiry is None]
    inverse = [each for each in served if each.kind is Kind.INVERSE]
    return tuple(inverse or [venues.venue("binance").serving("BTC", AT)[-1]])


def quoted(server: Server, venue: str, *, timeout: float = 5, now: datetime = AT) -> Quotes:
    source = prices.source("live", server.network(), timeout=timeout)
    return source(Wanted(venue, ("BTC",), contracts(venue), (), now))


def refused(server: Server, venue: str, *, timeout: float = 5) -> str:
    with pytest.raises(Unavailable) as error:
        quoted(server, venue, timeout=timeout)
    said = str(error.value)
    assert said.startswith((f"{venue}: ", "no answer within"))
    assert "\n" not in said
    return said


@pytest.fixture(params=venues.names())
def venue(request: pytest.FixtureRequest, server: Server) -> str:
    name: str = request.param
    server.serve(name)
    return name


def questions(server: Server, venue: str) -> int:
    quoted(server, venue)
    count = len(server.asked)
    server.asked.clear()
    return count


def index(venue: str, found: Quotes) -> Any:
    """The price of BTC, which is an index in dollars but at WEEX, whose contracts are in tether."""
    return found.prices["BTC"] if venue != "weex" else INDEX


def test_too_many_requests_are_waited_out(server: Server, venue: str) -> None:
    server.faults = [Fault(reply=Reply({}, 429, {"Retry-After": "2"}), times=1)]
    assert index(venue, quoted(server, venue)) == INDEX
    assert server.waited.count(2) == 1


@pytest.mark.parametrize(
    "fault", [Fault(reply=Reply("<html>", 503, HTML)), Fault(halved=True), Fault(closed=True), Fault(slow=0.2)]
)
def test_what_fails_once_does_no_harm(server: Server, venue: str, fault: Fault) -> None:
    server.faults = [Fault(reply=fault.reply, halved=fault.halved, closed=fault.closed, slow=fault.slow)]
    assert index(venue, quoted(server, venue)) == INDEX


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_goes_on_failing_is_told_after_four_tries(server: Server, venue: str, status: int) -> None:
    count = questions(server, venue)
    server.faults = [Fault(reply=Reply(f"<html>{CANARY}", status, HTML), times=999)]
    said = refused(server, venue, timeout=60)  # the clock counts what is waited side by side as if in turn
    assert f"(HTTP {status}), tried 4 times" in said
    assert CANARY not in said
    assert len(server.asked) <= 4 * count


@pytest.mark.parametrize("how", ["halved", "closed"])
def test_a_line_that_goes_on_breaking_is_told(server: Server, venue: str, how: str) -> None:
    count = questions(server, venue)
    server.faults = [Fault(times=999, halved=how == "halved", closed=how == "closed")]
    said = refused(server, venue)
    assert "cannot be reached" in said or "is not available" in said
    assert len(server.asked) <= 4 * count


def test_a_slow_exchange_is_given_up(server: Server, venue: str) -> None:
    server.faults = [Fault(slow=1.0, times=999)]
    assert "within 0.3 s" in refused(server, venue, timeout=0.3)


def test_a_page_for_people_is_no_answer(server: Server, venue: str) -> None:
    server.faults = [Fault(reply=Reply(f"<html>Maintenance {CANARY}</html>", headers=HTML), times=999)]
    said = refused(server, venue)
    assert CANARY not in said
    assert "not understood" in said or "a page instead of figures" in said


MAINTENANCE: dict[str, tuple[Any, int, str]] = {
    # the exchange's own answers while it is not there, and what is said of it
    "bybit": ({"retCode": 10016, "retMsg": "Service is under maintenance"}, 200, "(its code 10016)"),
    "okx": ({"code": "50001", "msg": "Service temporarily unavailable.", "data": []}, 200, "is under maintenance"),
    "deribit": ({"jsonrpc": "2.0", "error": {"code": 11051, "message": "system_maintenance"}}, 400,
                "is under maintenance"),
    "kraken": ({"result": "error", "error": "Unavailable", "serverTime": "x"}, 200, "is not available, tried 4 times"),
    "gate": ({"label": "TOO_BUSY", "message": "busy"}, 503, "fails (HTTP 503), tried 4 times"),
    "htx": ({"status": "error", "err_code": 1056, "err_msg": "In settlement."}, 200, "(its code 1056)"),
    "bitmex": ({"error": {"message": "The system is currently overloaded.", "name": "HTTPError"}}, 503,
               "fails (HTTP 503), tried 4 times"),
}  # fmt: skip


@pytest.mark.parametrize("name", MAINTENANCE)
def test_what_an_exchange_says_while_it_is_not_there_is_no_price(server: Server, name: str) -> None:
    count = questions(server.serve(name), name)
    body, status, said = MAINTENANCE[name]
    server.faults = [Fault(reply=Reply(body, status), times=999)]
    assert said in refused(server, name, timeout=60)
    assert len(server.asked) <= 4 * count


@pytest.mark.parametrize("answer", [{}, [], None, 7, "{", '{"data": [{"symbol": 7}], "result": [[1]]}'])
def test_an_answer_of_another_shape_is_told(server: Server, venue: str, answer: Any) -> None:
    server.faults = [Fault(reply=Reply(answer), times=999)]
    if answer == [] and venue in ("binance", "bitmex", "weex"):
        found = quoted(server, venue)  # an empty list of contracts, in which none is priced
        assert {each.doubt for each in found.doubts} == {Doubt.UNPRICED}
    else:
        refused(server, venue)


def test_a_contract_that_is_gone_is_unpriced(server: Server, venue: str) -> None:
    gone = {each.name for each in contracts(venue)}
    for key, answer in server.answers.items():
        if "kline" in key:
            server.answers[key] = {"status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"}
        elif "funding_rate/" not in key:
            server.answers[key] = without(answer, gone)
    found = quoted(server, venue)
    assert not gone & set(found.prices)
    assert {(each.subject, each.doubt) for each in found.doubts} >= {(name, Doubt.UNPRICED) for name in gone}


def without(answer: Any, names: set[str]) -> Any:
    """An answer without the rows of some contracts."""
    if isinstance(answer, dict):
        return {key: without(each, names) for key, each in answer.items()}
    if isinstance(answer, list):
        rows = [each for each in answer if not (isinstance(each, dict) and names & set(map(str, each.values())))]
        return [without(each, names) for each in rows]
    return answer


def test_a_clock_that_is_off_is_said(server: Server, venue: str) -> None:
    early = datetime(2026, 11, 20, 6, tzinfo=UTC)
    found = quoted(server, venue, now=early)
    skewed = [each.subject for each in found.doubts if each.doubt is Doubt.SKEWED]
    assert skewed == [venue]
    assert found.as_of == early


REFUSALS: dict[str, list[tuple[Any, int, str]]] = {
    # the exchange's own answers: a wrong signature, and where it has one, a time that is off
    "binance": [({"code": -1022, "msg": "Signature for this request is not valid."}, 400, "key"),
                ({"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}, 400, "clock")],
    "bybit": [({"retCode": 10004, "retMsg": "error sign!"}, 200, "key"),
              ({"retCode": 10002, "retMsg": "invalid request, please check your server timestamp"}, 200, "clock")],
    "okx": [({"code": "50113", "msg": "Invalid Sign", "data": []}, 401, "key"),
            ({"code": "50102", "msg": "Timestamp request expired", "data": []}, 401, "clock")],
    "deribit": [({"jsonrpc": "2.0", "error": {"message": "invalid_credentials", "code": 13004}}, 400, "key")],
    "kraken": [({"result": "error", "error": "authenticationError", "serverTime": "x"}, 200, "key"),
               ({"result": "error", "error": "nonceBelowThreshold", "serverTime": "x"}, 200, "clock")],
    "bingx": [({"code": 100001, "msg": "signature verification failed"}, 200, "key"),
              ({"code": 100421, "msg": "Null timestamp or timestamp mismatch", "timestamp": 1}, 200, "clock")],
    "mexc": [({"success": False, "code": 602, "message": "Signature verification failed!"}, 200, "key"),
             ({"success": False, "code": 700003, "message": "Timestamp is outside of the recvWindow"}, 200, "clock")],
    "weex": [({"code": -1044, "msg": "INVALID_ACCESS_KEY"}, 401, "key"),
             ({"code": -1046, "msg": "ACCESS_TIMESTAMP_EXPIRED"}, 400, "clock")],
    "gate": [({"label": "INVALID_SIGNATURE", "message": "Signature mismatch"}, 401, "key"),
             ({"label": "REQUEST_EXPIRED", "message": "gap between request Timestamp and server time"}, 403, "clock")],
    "htx": [({"status": "error", "err-code": "api-signature-not-valid", "err-msg": "Signature not valid"}, 200, "key")],
    "kucoin": [({"code": "400005", "msg": "Invalid KC-API-SIGN"}, 401, "key"),
               ({"code": "400002", "msg": "Invalid KC-API-TIMESTAMP"}, 401, "clock")],
    "phemex": [({"code": 10500, "msg": "API Signature verification failed."}, 401, "key")],
    "bitmex": [({"error": {"message": "Signature not valid.", "name": "HTTPError"}}, 401, "key"),
               ({"error": {"message": "This request has expired", "name": "HTTPError"}}, 401, "clock")],
}  # fmt: skip


@pytest.mark.parametrize("name", venues.names())
def test_a_wrong_signature_and_a_wrong_time_are_told_apart(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    has_keys(monkeypatch, name)
    file = any_portfolio(tmp_path, name)
    for body, status, about in REFUSALS[name]:
        server.asked.clear()
        monkeypatch.setattr(server, "reply", lambda _, body=body, status=status: Reply(body, status))
        done = asked(server, "reconcile", file, *NOW, "--allow-trading-key")
        assert (done.code, done.out) == (4, "")
        assert {"key": "refuses the key", "clock": "set the machine's clock"}[about] in done.err, done.err
        assert len(server.asked) == 1


MARKS = frozenset({"markPrice", "markPx", "mark_price", "fairPrice", "markEp", "close"})


@pytest.mark.parametrize("mark", [None, "", "0", "-1"])
def test_a_mark_that_is_left_out_is_never_made_up(server: Server, venue: str, mark: str | None) -> None:
    for key, answer in server.answers.items():
        server.answers[key] = with_mark(answer, mark)
    found = quoted(server, venue)
    for each in contracts(venue):
        assert each.name not in found.prices
        assert (each.name, Doubt.UNPRICED) in {(doubt.subject, doubt.doubt) for doubt in found.doubts}


def with_mark(answer: Any, mark: str | None) -> Any:
    """An answer with another mark everywhere."""
    if isinstance(answer, dict):
        return {key: mark if key in MARKS else with_mark(each, mark) for key, each in answer.items()}
    return [with_mark(each, mark) for each in answer] if isinstance(answer, list) else answer
