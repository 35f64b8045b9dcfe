"""Keys are read from the environment or a file of one's own, only read with, and never seen."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange_server import Fault, Reply, Server
from exchange_server.books import (
    CANARY,
    NOW,
    PASSWORD,
    SECRET,
    SECRETS,
    TOLD,
    VENUES,
    any_portfolio,
    asked,
    has_keys,
    ledger,
    portfolio,
    serving,
)
from rebal import commands, venues
from rebal.errors import UsageProblem
from rebal.exchange.keys import keys

pytestmark = pytest.mark.usefixtures("loopback")
COMMANDS: dict[str, Callable[[str, str], tuple[str, ...]]] = {
    # those that read a key, of a file and its venue
    "reconcile": lambda file, _: ("reconcile", file),
    "record exchange": lambda file, _: ("record", "exchange", "-p", file),
    "status": lambda file, _: ("status", file, "--reconcile"),
    "venues": lambda _, venue: ("venues", venue, "--refresh"),
}


def lost(values: dict[str, str]) -> Any:
    return values.get


def test_keys_come_from_the_environment() -> None:
    found = keys("okx", lost({"REBAL_OKX_KEY": "a", "REBAL_OKX_SECRET": "b", "REBAL_OKX_PASSWORD": "c"}))
    assert (found.key, found.secret, found.password) == ("a", "b", "c")
    assert repr(found) == "Keys(...)"


def test_keys_come_from_a_file_of_one_s_own(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# mine\nREBAL_BYBIT_KEY=a=b\nexport REBAL_BYBIT_SECRET='c'\n\nREBAL_OKX_KEY=d\n")
    file.chmod(0o600)
    found = keys("bybit", lost({"REBAL_KEYS": str(file)}))
    assert (found.key, found.secret, found.password) == ("a=b", "c", None)
    assert keys("bybit", lost({"REBAL_KEYS": str(file), "REBAL_BYBIT_KEY": "e"})).key == "e"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o602, 0o610])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys"
    file.write_text(f"REBAL_BYBIT_KEY={CANARY}\nREBAL_BYBIT_SECRET={SECRET}\n")
    file.chmod(mode)
    with pytest.raises(UsageProblem, match=r"others may read .*chmod 600") as refused:
        keys("bybit", lost({"REBAL_KEYS": str(file)}))
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{CANARY}\n", "line 1 of .* is not NAME=VALUE"),
        (f"REBAL_BYBIT_KEY={CANARY}\nREBAL_BYBIT_KEY={CANARY}\n", "REBAL_BYBIT_KEY stands twice"),
        (f"BYBIT_KEY={CANARY}\n", "line 1 of .* is not NAME=VALUE"),
        (f"REBAL_BYBIT_KEY={CANARY}\n", "REBAL_BYBIT_SECRET is not set"),
        ("", "REBAL_BYBIT_KEY and REBAL_BYBIT_SECRET are not set"),
        (b"\xff\xfe", "is no text"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_what_stands_there(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    file = tmp_path / "keys"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o600)
    with pytest.raises(UsageProblem, match=said) as refused:
        keys("bybit", lost({"REBAL_KEYS": str(file)}))
    assert CANARY not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, said in ((tmp_path, "is no file of keys|directory"), (tmp_path / "pipe", "is no file of keys"),
                       (tmp_path / "none", "No such file")):  # fmt: skip
        with pytest.raises(UsageProblem, match=said):
            keys("bybit", lost({"REBAL_KEYS": str(path)}))


def test_no_key_is_a_usage_error_that_says_which(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("KEY", "SECRET", "PASSWORD"):
        monkeypatch.delenv(f"REBAL_OKX_{part}", raising=False)
    monkeypatch.delenv("REBAL_KEYS", raising=False)
    done = asked(server, "reconcile", portfolio(tmp_path, "okx"), *NOW)
    assert (done.code, done.out) == (2, "")
    assert "REBAL_OKX_KEY and REBAL_OKX_SECRET and REBAL_OKX_PASSWORD are not set" in done.err
    assert server.asked == []


@pytest.mark.parametrize(
    ("venue", "right", "said"),
    [
        ("binance", "enableFutures", "trade futures"),
        ("binance", "enableWithdrawals", "withdraw"),
        ("bybit", "ContractTrade", "trade futures"),
        ("bybit", "Unheard", "write"),
        ("okx", "trade", "trade"),
        ("okx", "withdraw", "withdraw"),
        ("deribit", "trade", "trade"),
        ("bitmex", "order", "order"),
        ("bitmex", "withdraw", "withdraw"),
        ("bitmex", "unheard", "write"),
    ],
)
def test_a_key_that_can_do_more_than_read_is_refused_whatever_is_allowed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str, right: str, said: str
) -> None:
    has_keys(monkeypatch, venue)
    account = ledger(venue)
    account.rights = frozenset({right})
    for allowed in ((), ("--allow-trading-key",)):
        done = asked(serving(server, venue, account), "reconcile", portfolio(tmp_path, venue), *NOW, *allowed)
        assert (done.code, done.out) == (1, "")
        assert f"{venue}: the key may {said}, and reading is all it is for" in done.err
    assert len(server.asked) == 2  # nothing else was asked with it


@pytest.mark.parametrize("venue", [venue for venue in VENUES if venue not in TOLD])
def test_where_an_exchange_does_not_tell_it_has_to_be_allowed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    has_keys(monkeypatch, venue)
    file = portfolio(tmp_path, venue)
    done = asked(serving(server, venue, ledger(venue)), "reconcile", file, *NOW)
    assert (done.code, done.out, server.asked) == (1, "", [])
    assert "does not tell what a key may do" in done.err
    assert asked(server, "reconcile", file, *NOW, "--allow-trading-key").code == 0


FAULTS: dict[str, dict[str, Any]] = {
    "refused with all that was sent": {"status": 401, "echo": True},
    "forbidden": {"status": 403, "echo": True},
    "a fault of its own": {"status": 500, "echo": True},
    "too many": {"status": 429, "echo": True},
    "a page": {"status": 200, "body": f"<html>{CANARY} {SECRET}</html>"},
    "garbage": {"status": 200, "body": f'{{"code": {CANARY}'},
    "another shape": {"status": 200, "body": json.dumps({"result": CANARY, "code": "0", "retCode": 0, "data": CANARY})},
    "a list": {"status": 200, "body": json.dumps([CANARY, {"key": SECRET}])},
    "nothing": {"status": 200, "body": ""},
    "an error": {"status": 200, "body": json.dumps({"retCode": 10004, "code": "50113", "retMsg": CANARY, "msg": SECRET,
                                                    "error": {"code": 13009, "message": CANARY}})},
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("venue", venues.names())
def test_no_error_shows_a_key_a_signature_or_a_header(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, venue: str, fault: str
) -> None:
    has_keys(monkeypatch, venue)
    file = any_portfolio(tmp_path, venue)
    monkeypatch.setattr(server, "reply", _worst(FAULTS[fault]))
    for name, command in COMMANDS.items():
        server.asked.clear()
        done = asked(server, *command(file, venue), *NOW, "--allow-trading-key")
        assert done.code in (1, 4), done
        assert server.asked or (name, venue) == ("venues", "weex")  # whose contracts cannot be asked for
        assert done.out == ""
        assert "Traceback" not in done.err
        _nothing_signed(server, done.err)
    assert not (tmp_path / "portfolio.journal.db").exists()


def _worst(how: dict[str, Any]) -> Any:
    def answer(question: Any) -> Reply:
        if how.get("echo"):
            said = {"query": dict(question.query), "headers": dict(question.headers), "body": question.body}
            return Reply({"code": -2015, "retCode": 10003, "msg": json.dumps(said), "error": json.dumps(said)},
                         how["status"])  # fmt: skip
        return Reply(how["body"], how["status"])

    return answer


def _nothing_signed(server: Server, said: str) -> None:
    """No signature or token that was sent stands in what is said."""
    for question in server.asked:
        values = [*question.query.values(), *question.headers.values()]
        long = {part for value in values for part in re.findall(r"[A-Za-z0-9+/=]{24,}", value)}
        assert not [each for each in (*long, *SECRETS) if each in said]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", ["slow", "trickle", "halved", "closed"])
@pytest.mark.parametrize("venue", ["bybit", "bitmex"])
def test_no_broken_line_shows_a_key(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, venue: str, fault: str, command: str
) -> None:
    has_keys(monkeypatch, venue)
    file = portfolio(tmp_path, venue)
    serving(server, venue, ledger(venue))
    how: dict[str, Any] = (
        {"slow": 2.0} if fault == "slow" else {"trickle": 0.2} if fault == "trickle" else {fault: True}
    )
    server.faults = [Fault(times=99, **how)]
    done = asked(server, *COMMANDS[command](file, venue), *NOW, "--timeout", "0.7")
    assert (done.code, done.out) == (4, "")
    assert len(done.err.splitlines()) == 1
    _nothing_signed(server, done.err)


def test_every_command_that_reads_a_key_is_tried_here() -> None:
    """Keys are read in two places, and these are the commands that come there."""
    folder = Path(commands.__file__).parent
    readers = {each.stem for each in folder.glob("*.py") if "rebal.exchange.keys import" in each.read_text()}
    assert readers == {"_account", "venues"}
    users = {each.stem for each in folder.glob("*.py") if "commands._account import" in each.read_text()}
    assert users == {"_exchange", "reconcile", "status", "venues"}


def test_no_traceback_shows_a_key(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_keys(monkeypatch, "bybit")
    from rebal.reconcile import report

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr(report, "reconcile", fails)
    done = asked(serving(server, "bybit", ledger("bybit")), "reconcile", portfolio(tmp_path, "bybit"), *NOW)
    assert done.code == 70
    assert "a defect of ours" in done.err
    _nothing_signed(server, done.err)


def test_no_key_is_in_the_journal_or_a_saved_answer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_keys(monkeypatch, "bybit")
    file, out = portfolio(tmp_path, "bybit"), tmp_path / "answer.json"
    serving(server, "bybit", ledger("bybit"))
    assert asked(server, "record", "exchange", "-p", file, *NOW, "--out", str(out)).code == 0
    assert asked(server, "reconcile", file, *NOW, "--write", str(tmp_path / "statement.yaml")).code == 0
    for each in tmp_path.iterdir():
        assert not [secret for secret in (CANARY, SECRET, PASSWORD) if secret.encode() in each.read_bytes()]


def test_no_key_is_taken_from_a_portfolio_or_a_command_line(tmp_path: Path, server: Server) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(Path(portfolio(tmp_path, "bybit")).read_text() + "keys: {bybit: x}\n")
    assert asked(server, "reconcile", str(file), *NOW).code == 3
    assert asked(server, "reconcile", str(file), *NOW, "--key", "x").code == 2
