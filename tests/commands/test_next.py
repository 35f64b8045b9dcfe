"""Every answer on a screen ends with one line that says what to type next, and that can be typed as it stands."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange_server import Server
from exchange_server.accounts import Event
from exchange_server.books import asked, has_keys, ledger, portfolio, serving
from program import NOW, PORTFOLIO, answered
from rebal import cli, commands, discover
from rebal.amounts import Fraction
from rebal.commands._next import Context, next_line
from rebal.reports.record import RECORD_SCHEMA, Recorded

DAYS = [f"2024-01-{day:02},{40000 + 2500 * (day % 7)},{2500 - 40 * (day % 5)}\n" for day in range(1, 29)]
PRICES = "".join(["time,BTC,ETH\n", *DAYS])
AFTER = {
    ("plan",): "save it, to record it once it is placed: rebal plan --now 2026-11-20T09:00:00Z --out plan.json",
    ("plan", "--fit", "--brief"): "rebal plan --fit --now 2026-11-20T09:00:00Z --out plan.json",
    ("hedge", "BTC", "--pct", "10"): "save it, to record it once it is placed: "
    "rebal hedge BTC --pct 10 --now 2026-11-20T09:00:00Z --out hedge.json",
    ("show", "saved.json"): "once it is placed: rebal record plan saved.json",
    ("show", "status.json"): "rebal plan",
    ("unwind",): "rebal status",
    ("rescue",): "rebal status",
    ("status",): "rebal plan",
    ("history",): "rebal status",
    ("compare",): "rebal plan",
    ("stress",): "rebal plan",
    ("replay", "--prices", "prices.csv", "--costs", "slippage=0.05%"): "rebal plan",
    ("beta", "ETH", "--via", "BTC", "--history", "prices.csv", "--force"): "once it stands in the portfolio file: "
    "rebal plan",
    ("diff", "saved.json", "saved.json"): "the later one whole: rebal show saved.json",
    ("explain",): "one of them in full: rebal explain equity",
    ("explain", "equity"): "every figure by its name: rebal explain",
    ("explain", "saved.json", "equity"): "every figure by its name: rebal explain saved.json",
    ("guide",): "rebal guide inverse",
    ("guide", "inverse"): "rebal guide drift",
    ("guide", "--all"): "begin with a file of your own: rebal init",
    ("venues",): "one of them in full: rebal venues binance",
    ("venues", "okx"): "what the exchange prints today: rebal venues okx --refresh",
    ("venues", "weex"): "all of them: rebal venues",
    ("record", "spot", "--asset", "BTC", "--quantity", "1"): "rebal status",
}  # fmt: skip
TESTED_ELSEWHERE = {"reconcile", "market"}
"""What asks an exchange is below."""
NO_ANSWER = {"check": "says nothing where the file is fine", "schema": "is a file", "init": "says it beside the file"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    (tmp_path / "prices.csv").write_text(PRICES)
    assert answered("plan", *NOW, "--out", "saved.json").code == 0
    assert answered("status", *NOW, "--out", "status.json").code == 10
    return tmp_path


def following(told: str) -> str:
    """What the last line says, the only one of its kind."""
    *others, last = told.splitlines()
    assert not [line for line in others if line.startswith("next:")]
    assert last.startswith("next: ")
    return last.removeprefix("next: ")


@pytest.mark.parametrize("words", AFTER, ids=" ".join)
def test_it_ends_with_what_to_type_next(words: tuple[str, ...]) -> None:
    timed = () if words[0] in ("show", "diff", "beta") else NOW
    done = answered(*words, *timed, "--format", "table")
    assert done.code in (0, 1, 10, 20), done.err
    assert following(done.out) == AFTER[words]
    _, *typed = shlex.split(AFTER[words].rpartition(": ")[2])
    assert typed[0] in discover.names(commands)
    if typed[0] != "init" and "--refresh" not in typed:
        again = answered(*typed)
        assert again.code in (0, 1, 10, 20), again.err


def test_every_command_is_among_them() -> None:
    assert {words[0] for words in AFTER} | TESTED_ELSEWHERE | NO_ANSWER.keys() == set(discover.names(commands))


def test_records_and_files_have_none() -> None:
    for form in ("plain", "json", "csv", "md", "html"):
        assert "\nnext: " not in answered("plan", *NOW, "--format", form).out


def test_the_file_is_named_where_it_is_not_found_without() -> None:
    Path("b c.yaml").write_text(PORTFOLIO)
    assert following(answered("status", "b c.yaml", *NOW, "--format", "table").out) == "rebal plan -p 'b c.yaml'"
    told = following(answered("plan", "b c.yaml", *NOW, "--format", "table", "--width=80").out)
    assert told.endswith("placed: rebal plan 'b c.yaml' --now 2026-11-20T09:00:00Z --out plan.json")


def test_a_refused_plan_is_not_to_be_recorded() -> None:
    Path("portfolio.yaml").write_text(PORTFOLIO + "policy: {max_at_venue: 1%}\n")
    assert re.fullmatch("place nothing of it; .*", following(answered("plan", *NOW, "--format", "table").out))


def test_what_is_saved_as_a_page_is_not_to_be_shown_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    told = cli._world
    monkeypatch.setattr(cli, "_world", lambda *given: told(*given)._replace(terminal=True, width=80))
    for name, said in (("a.html", "saved in a.html"), ("a.csv", "saved in a.csv; save it as .json to show it again, ")):
        assert f"\n{said}" in (out := answered("status", *NOW, "--out", name).out)
        assert following(out) == "rebal plan"


@pytest.mark.usefixtures("loopback")
def test_what_asks_an_exchange(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has_keys(monkeypatch, "bybit")
    account, file = ledger("bybit"), portfolio(tmp_path, "bybit")
    reconcile = ("reconcile", file, *NOW, "--format", "table", "--allow-trading-key")
    same = asked(serving(server, "bybit", account), *reconcile)
    assert following(same.out) == f"rebal status -p {file}"
    account.wallets["BTC"] += 1
    assert following(asked(server, *reconcile).out) == f"rebal record exchange -p {file}"
    record = ("record", "exchange", "-p", file, *NOW, "--format", "table", "--allow-trading-key")
    pasted = f"a statement of now has, to paste: rebal reconcile --write statement.yaml -p {file}"
    assert following(asked(server, *record).out).endswith(pasted)
    account.wallets["BTC"] -= 1
    account.wallets["BTC"] += Fraction(1, 4)
    early = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    account.events.append(Event("300", early, "transfer", "BTC", Fraction(1, 4)))
    tried = following(asked(server, *record, "--dry-run").out)
    assert tried == f"to have it in the journal: rebal record exchange -p {file} {' '.join(NOW)} --allow-trading-key"
    assert following(asked(server, *record).out) == f"rebal status -p {file}"


@pytest.mark.parametrize("differences", [None, (), ("BTC +1 in the futures account",)])
def test_what_to_type_after_a_record_stands_in_no_note(differences: tuple[str, ...] | None) -> None:
    made = Recorded(RECORD_SCHEMA, "a.db", False, (), (), (), (), ("reconcile: as it was",), differences)
    assert ("reconcile --write" in next_line(made, Context())) == bool(differences)


@pytest.mark.usefixtures("loopback")
def test_a_market_file_says_it_beside_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    told = cli._world
    monkeypatch.setattr(cli, "_world", lambda *given: told(*given)._replace(terminal=True, width=80))
    with Server().serve("binance") as running:
        Path("portfolio.yaml").write_text(PORTFOLIO.replace("T08:", "T07:"))
        at = ("--now", "2026-11-20T07:58:10Z")
        printed = answered("market", *at, network=running.network())
        assert printed.err == "next: save it: rebal market --now 2026-11-20T07:58:10Z --out FILE\n"
        saved = answered("market", *at, "--out", "m.yaml", network=running.network())
        assert (saved.out, saved.err) == ("", "saved in m.yaml\nnext: rebal plan --market m.yaml\n")


def test_many_books_end_with_what_the_worst_asks_for() -> None:
    Path("calm.yaml").write_text(PORTFOLIO.replace("BTC: 60%, ETH: 40%", "BTC: 70%, ETH: 30%"))
    told = answered("status", "calm.yaml", "portfolio.yaml", *NOW, "--format", "table").out
    assert following(told) == "rebal plan"


def test_books_that_cannot_be_read_are_to_be_checked() -> None:
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("foo: 1\n")
    told = answered("status", "a.yaml", "b.yaml", *NOW, "--format", "table")
    assert told.code == 3
    assert following(told.out) == "rebal check a.yaml"
