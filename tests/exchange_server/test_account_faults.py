"""Accounts and histories of every venue's exchange as it fails: what is read is whole, or nothing is taken."""

import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exact import exact
from exchange_server import Fault, Reply, Server
from exchange_server.accounts import Event, Ledger, Open, answers
from exchange_server.books import CANARY, NOW, TOLD, asked, has_keys
from exchange_server.test_account_laws import FILLS_ALONE, asking
from exchange_server.test_more_accounts import AS_OF, END, NAMES, book, fill
from rebal import venues
from rebal.amounts import Fraction
from rebal.errors import Unavailable
from rebal.exchange import accounts
from rebal.exchange.accounts import Asking
from rebal.exchange_account import Account, Happened

pytestmark = pytest.mark.usefixtures("loopback")
HTML = {"Content-Type": "text/html"}
PASSING = {
    "too many": Fault(reply=Reply({}, 429, {"Retry-After": "3"})),
    "fails": Fault(reply=Reply("<html>", 502, HTML)),
    "halved": Fault(halved=True),
    "closed": Fault(closed=True),
    "slow": Fault(slow=0.1),
}
LASTING = {
    "too many": (Fault(reply=Reply(CANARY, 429, HTML)), "is asked too often \\(HTTP 429\\), tried 4 times"),
    "fails": (Fault(reply=Reply(CANARY, 503, HTML)), "fails \\(HTTP 503\\), tried 4 times"),
    "halved": (Fault(halved=True), "cannot be reached|is not available"),
    "closed": (Fault(closed=True), "cannot be reached|is not available"),
    "slow": (Fault(slow=1), "has not answered within"),
    "maintenance": (Fault(reply=Reply(f"<html>{CANARY}", 200, HTML)), "a page instead of figures|not understood"),
    "another shape": (Fault(reply=Reply({"code": 0, "status": "ok", "retCode": 0, "success": True})), ""),
}


@pytest.fixture(params=sorted(NAMES))
def venue(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def served(server: Server, folder: Path, venue: str) -> Asking:
    """An account with something of everything, and a line to it."""
    known, name = book(folder, venue), NAMES[venue][0]
    contract = known.contracts[name]
    events = [fill(1, name, known), fill(2, name, known)]
    if venue not in FILLS_ALONE:
        events += [
            Event("3", AS_OF + timedelta(seconds=3), "funding", contract.settle, exact("-0.00001234"), name,
                  price=exact(40000)),
            Event("4", AS_OF + timedelta(seconds=4), "transfer", contract.settle, exact("-0.25")),
        ]  # fmt: skip
    held = Open(Fraction(-500), exact("39876.5"), contract.multiplier, contract.settle)
    serve(server, venue, Ledger({contract.settle: Fraction(3)}, {name: held}, events))
    return asking(server, known, linear=venue == "binance usd-m")


def serve(server: Server, venue: str, account: Ledger) -> None:
    """The exchange as this account's; at Binance with a side for linear contracts, as tether is held."""
    beside = answers("binance usd-m", Ledger({"USDT": Fraction(0)})) if venue == "binance" else {}
    server.answers |= {**beside, **answers(venue, account)}


def read(line: Asking) -> tuple[Account, tuple[Happened, ...]]:
    return accounts.state(line), accounts.happened(line, AS_OF, END)


def test_every_venue_is_tried() -> None:
    assert {venue.partition(" ")[0] for venue in NAMES} == set(venues.names())


@pytest.mark.parametrize("fault", sorted(PASSING))
def test_what_fails_once_does_no_harm_wherever_it_does(server: Server, tmp_path: Path, venue: str, fault: str) -> None:
    line = served(server, tmp_path, venue)
    whole = read(line)
    assert whole[1]
    how, paths = PASSING[fault], Counter(each.where for each in server.asked)
    server.asked.clear()
    server.faults = [replace(how, at=path) for path in paths]
    assert read(line) == whole
    assert [each.times for each in server.faults] == [0] * len(paths)
    again = Counter() if fault == "slow" else Counter(paths.keys())
    assert Counter(each.where for each in server.asked) == paths + again
    if fault == "too many":
        assert server.waited.count(3) == len(paths)


@pytest.mark.parametrize("fault", sorted(LASTING))
def test_what_goes_on_failing_is_told_and_nothing_of_it_is_taken(
    server: Server, tmp_path: Path, venue: str, fault: str
) -> None:
    line = served(server, tmp_path, venue)
    read(line)
    paths = list(dict.fromkeys(each.where for each in server.asked))
    count = len(server.asked)
    how, said = LASTING[fault]
    line.line.deadline.allowed = 0.4 if fault == "slow" else 5
    for path in (paths[0], paths[-1]):  # at once, and at the end of all
        server.asked.clear()
        server.faults = [
            Fault(at=path, times=999, reply=how.reply, halved=how.halved, closed=how.closed, slow=how.slow)
        ]
        line.line.deadline.begin()
        with pytest.raises(Unavailable, match=said or None) as error:
            read(line)
        assert "\n" not in str(error.value)
        assert CANARY not in str(error.value)
        assert len(server.asked) <= count + 3


def test_a_history_that_breaks_off_records_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    has_keys(monkeypatch, venue.partition(" ")[0])
    line = served(server, tmp_path, venue)
    read(line)
    last = server.asked[-1].where
    server.faults = [Fault(at=last, times=999, reply=Reply(CANARY, 503, HTML))]
    allowed = () if venue.partition(" ")[0] in TOLD else ("--allow-trading-key",)
    done = asked(server, "record", "exchange", "-p", str(tmp_path / "portfolio.yaml"), *NOW, *allowed)
    assert (done.code, done.out) == (4, "")
    assert "fails (HTTP 503), tried 4 times" in done.err
    assert not list(tmp_path.glob("*.db"))


def test_a_contract_that_the_exchange_does_not_list_is_said_by_its_name(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    """What the portfolio holds and the exchange does not, and the other way round."""
    has_keys(monkeypatch, venue.partition(" ")[0])
    known, name = book(tmp_path, venue), NAMES[venue][0]
    serve(server, venue, Ledger(dict(known.statement.wallets)))
    allowed = () if venue.partition(" ")[0] in TOLD else ("--allow-trading-key",)
    file = tmp_path / "portfolio.yaml"
    row = f"positions: [{{contract: {name}, contracts: -100, entry_price: 40000}}]"
    file.write_text(file.read_text().replace("positions: []", row))
    done = asked(server, "reconcile", str(file), *NOW, *allowed)
    assert done.code == 10, done.err
    assert name in done.out


def test_a_time_without_its_zone_is_not_taken_for_one_of_this_machine_s(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        to = served(server, tmp_path, "kraken")
        assert to.time({"date": "2026-11-20T09:00:00.5Z"}, "date") == AS_OF.replace(hour=9, microsecond=500_000)
        with pytest.raises(Unavailable, match="date is no time"):
            to.time({"date": "2026-11-20T09:00:00.5"}, "date")
    finally:
        monkeypatch.undo()
        time.tzset()
