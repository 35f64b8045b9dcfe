"""The door to the exchanges: what is asked is answered exactly or refused in one line of ours, and nothing hangs."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from exchange_server import Asked, Fault, Reply, Server
from rebal import venues
from rebal.errors import Unavailable
from rebal.exchange import Deadline, Keys, Network, opened, tickers
from rebal.exchange.line import Line
from rebal.exchange.problems import KeyRefused, Unlisted
from rebal.exchange.together import together
from rebal.market.contract import Contract

pytestmark = pytest.mark.usefixtures("loopback")
MARKS = "/dapi/v1/premiumIndex"
CANARY = "CANARY0123456789abcdef"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().serve("binance") as running:
        yield running


def line(server: Server, *, venue: str = "binance", allowed: float = 5, keys: Keys | None = None) -> Line:
    network = server.network()
    return opened(venue, network, deadline=Deadline(network, allowed), keys=keys)


def refusal(server: Server, *, allowed: float = 5, kind: type[Unavailable] = Unavailable) -> str:
    with pytest.raises(kind) as refused:
        line(server, allowed=allowed).ask("dapiPublicGetPremiumIndex")
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_numbers_arrive_as_they_were_sent(server: Server) -> None:
    server.answers[f"GET dapi.binance.com{MARKS}"] = Reply(
        '[{"symbol": "X", "price": 0.1000000000000000055511151231257827}]'
    )
    (answer,) = line(server).ask("dapiPublicGetPremiumIndex")
    assert answer["price"] == "0.1000000000000000055511151231257827"


def test_what_is_asked_arrives_at_the_host_it_is_for(server: Server) -> None:
    assert line(server).ask("dapiPublicGetPremiumIndex")[0]["markPrice"] == "40010.12345678"
    assert [asked.where for asked in server.asked] == [f"dapi.binance.com{MARKS}"]


def test_too_many_requests_are_waited_out_as_long_as_the_exchange_says(server: Server) -> None:
    server.faults = [Fault(reply=Reply({}, 429, {"Retry-After": "2"}), times=2)]
    assert line(server).ask("dapiPublicGetPremiumIndex")
    assert server.waited == [2, 2]


def test_nothing_is_waited_for_past_the_deadline(server: Server) -> None:
    server.faults = [Fault(reply=Reply({}, 429, {"Retry-After": "60"}), times=9)]
    assert refusal(server) == "binance: is asked too often (HTTP 429); nothing of it is known"
    assert (server.waited, len(server.asked)) == ([], 1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_of_the_exchange_is_tried_four_times_and_no_more(server: Server, status: int) -> None:
    server.faults = [Fault(reply=Reply("<html>", status, {"Content-Type": "text/html"}), times=99)]
    assert refusal(server) == f"binance: fails (HTTP {status}), tried 4 times; nothing of it is known"
    assert (server.waited, len(server.asked)) == ([0.5, 1, 2], 4)


def test_an_address_that_is_shut_out_asks_no_more(server: Server) -> None:
    server.faults = [Fault(reply=Reply({}, 418, {"Retry-After": "1"}), times=99)]
    assert "shut this address out" in refusal(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", [Fault(closed=True, times=99), Fault(halved=True, times=99)])
def test_a_connection_that_breaks_is_tried_again_and_then_told(server: Server, fault: Fault) -> None:
    server.faults = [fault]
    assert refusal(server) == "binance: cannot be reached, tried 4 times; nothing of it is known"


def test_a_connection_that_breaks_once_does_no_harm(server: Server) -> None:
    server.faults = [Fault(halved=True)]
    assert len(line(server).ask("dapiPublicGetPremiumIndex")) == 5


def test_a_slow_exchange_is_given_up_at_the_deadline(server: Server) -> None:
    server.faults = [Fault(silent=True, times=9)]
    assert refusal(server, allowed=0.3) == "binance: has not answered within 0.3 s"
    assert len(server.asked) <= 1  # a busy machine may have had no time to take it


def test_an_answer_that_comes_late_is_none(server: Server) -> None:
    server.faults = [Fault(slow=5.1)]
    assert refusal(server) == "binance: has not answered within 5 s"


def test_a_trickle_of_bytes_is_given_up_at_the_deadline(server: Server) -> None:
    server.faults = [Fault(trickle=0.05, times=9)]
    assert refusal(server) == "binance: has not answered within 5 s"
    assert len(server.asked) == 1


@pytest.mark.parametrize("venue", [each for each in venues.names() if each != "bitmex"])  # it is asked without ccxt
def test_what_ccxt_waits_between_questions_ends_by_the_deadline(server: Server, venue: str) -> None:
    module = tickers.reader(venue)
    assert module is not None
    question, *_ = module.questions([any_contract(venue)])
    network = Network(lambda: server.moved, server.wait, server.serve(venue).session)  # nothing else takes any time
    asking = opened(venue, network, deadline=Deadline(network, 1))
    with pytest.raises(Unavailable, match=f"^{venue}: has not answered within 1 s$"):
        [asking.ask(question.call, dict(question.given)) for _ in range(500)]
    assert 0 < len(server.waited) < len(server.asked) < 200  # those of the first second leave at once
    assert sum(server.waited) <= 1


def any_contract(venue: str) -> Contract:
    """A perpetual of BTC there, or of another venue where no size is known."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    known = [each for each in venues.venue(venue).serving("BTC", at) if each.expiry is None]
    return (known or venues.venue("binance").serving("BTC", at))[-1]


@pytest.mark.parametrize(("count", "waits"), [(3, 0), (9, 6)])
def test_more_questions_side_by_side_than_a_second_takes_leave_one_after_another(
    server: Server, count: int, waits: int
) -> None:
    network = Network(lambda: server.moved, server.wait, server.session)  # nothing else takes any time
    asking = opened("binance", network, deadline=Deadline(network, 60))
    assert asking.exchange.rateLimit == 50  # milliseconds, and this question weighs ten of them
    together([partial(asking.ask, "dapiPublicGetPremiumIndex")] * count, asking.deadline)
    assert len(server.waited) == waits
    assert len(server.asked) == count


def test_a_clock_that_is_set_back_keeps_nobody_waiting(server: Server) -> None:
    asking = line(server)
    asking.exchange.lastRestRequestTimestamp = 10**13
    assert asking.ask("dapiPublicGetPremiumIndex")
    assert server.waited == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply("<html>We will be back soon</html>", headers={"Content-Type": "text/html"}),
        Reply("<html>We will be back soon</html>"),
        Reply("", headers={"Content-Type": "image/png"}),
        Reply('[{"symbol": "BTCUSD_PERP", "mark'),
    ],
)
def test_a_page_in_place_of_figures_is_told(server: Server, reply: Reply) -> None:
    server.faults = [Fault(reply=reply)]
    assert refusal(server).startswith("binance: answers with a page instead of figures")


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.faults = [Fault(reply=Reply({}, 302, {"Location": "https://elsewhere.example/"}), times=9)]
    assert refusal(server) == "binance: refuses the question"
    assert {asked.host for asked in server.asked} == {"dapi.binance.com"}


def test_an_unknown_contract_is_told_apart(server: Server) -> None:
    server.faults = [Fault(reply=Reply({"code": -1121, "msg": "Invalid symbol."}, 400))]
    assert refusal(server, kind=Unlisted) == "binance: knows no such contract (its code -1121)"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"code": -1022, "msg": f"Signature for this request is not valid. {CANARY}"}, 400), "refuses the key"),
        (Reply({"code": -2015, "msg": f"Invalid API-key {CANARY}"}, 401), "refuses"),
        (Reply({"code": -1021, "msg": f"Timestamp for this request is outside. {CANARY}"}, 400), "the machine's clock"),
        (Reply({"code": -9999, "msg": CANARY}, 400), "refuses the question (its code -9999)"),
        (Reply({"code": CANARY}, 400), "is not understood"),
        (Reply({}, 429), "is asked too often"),
        (Reply({}, 500), "fails (HTTP 500)"),
        (Reply(CANARY, 403), "binance"),
    ],
)
def test_no_key_secret_or_signature_shows_at_any_verbosity(
    server: Server, reply: Reply, said: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    server.faults = [Fault(reply=reply, times=99)]
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unavailable) as refused:
        line(server, keys=Keys(CANARY + "key", CANARY + "secret")).ask("dapiPrivateGetBalance")
    told = "".join(traceback.format_exception(refused.value))
    assert said in str(refused.value)
    assert CANARY in server.asked[0].headers["X-MBX-APIKEY"]
    assert "signature" in server.asked[0].query
    shown = capfd.readouterr()
    for text in (told, caplog.text, shown.out, shown.err, repr(Keys(CANARY, CANARY))):
        assert CANARY not in text
        assert "signature=" not in text


def test_an_answer_of_another_shape_is_told(server: Server) -> None:
    server.faults = [Fault(reply=Reply([CANARY]), times=9)]
    with pytest.raises(Unavailable) as refused:
        line(server, keys=Keys("key", "secret")).ask("fetch_balance")
    assert str(refused.value) == "binance: answers with something that is not understood"


def test_a_wrong_signature_is_a_matter_of_the_key(server: Server) -> None:
    server.faults = [Fault(reply=Reply({"code": -1022, "msg": "Signature for this request is not valid."}, 400))]
    with pytest.raises(KeyRefused, match="refuses the key"):
        line(server, keys=Keys("key", "secret")).ask("fetch_balance")


def test_a_line_with_keys_asks_for_no_currencies(server: Server) -> None:
    assert line(server, keys=Keys("key", "secret")).exchange.has["fetchCurrencies"] is False


def test_several_questions_are_asked_side_by_side(server: Server) -> None:
    all_here = threading.Barrier(4, timeout=30)

    def once_all_are_asked(_: Asked) -> Reply:
        all_here.wait()
        return Reply([{}])

    server.answers[f"GET dapi.binance.com{MARKS}"] = once_all_are_asked
    network = server.network()
    deadline = Deadline(network, 20)
    lines = [opened("binance", network, deadline=deadline) for _ in range(4)]
    assert together([partial(each.ask, "dapiPublicGetPremiumIndex") for each in lines], deadline) == [[{}]] * 4


def test_a_thread_that_hangs_is_left_behind_at_the_deadline() -> None:
    network, over = Network(time.monotonic, time.sleep), threading.Event()
    with pytest.raises(Unavailable, match="no answer within"):
        together([lambda: over.wait(30), lambda: True], Deadline(network, 0.1))
    over.set()


def test_a_failure_may_have_an_answer_of_its_own(server: Server) -> None:
    def fail() -> str:
        raise Unavailable("down")

    deadline = Deadline(server.network(), 1)
    assert together([fail, lambda: "up"], deadline, failed=str) == ["down", "up"]
    with pytest.raises(Unavailable, match="down"):
        together([fail, lambda: "up"], deadline)


def test_without_the_extra_one_line_says_how_to_get_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(Unavailable) as refused:
        line(server)
    assert str(refused.value) == "live figures need an extra: pip install 'rebal[live]'"


@pytest.mark.parametrize("venue", ["binance", "bitmex"])
def test_what_an_exchange_cannot_be_asked_is_told(server: Server, venue: str) -> None:
    with pytest.raises(Unavailable, match=f"^{venue}: cannot be asked that$"):
        line(server, venue=venue).ask("fetch_the_moon")


def test_a_venue_that_nobody_can_ask_is_told(server: Server) -> None:
    with pytest.raises(Unavailable, match="nowhere: no way to ask it is known"):
        line(server, venue="nowhere")
