"""Commands to type next name the files that they are about, spelled for the shell, and work as they are pasted."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, answered
from rebal import cli
from rebal.commands._answer import World
from rebal.commands._options import Source
from rebal.commands._typed import pasted, typed

AWKWARD = "my book's; rm.yaml"
OPEN = PORTFOLIO.replace("targets: {BTC: 60%, ETH: 40%}", "targets: {BTC: 60%, ETH: 40%}")


def world() -> World:
    return World(datetime(2026, 11, 20, 9, tzinfo=UTC), "portfolio.yaml", False, 100, False, True)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("is off: rebal plan", "is off: rebal plan -p 'a b.yaml'"),
        ("is off: rebal hedge BTC --pct 50", "is off: rebal hedge BTC --pct 50 -p 'a b.yaml'"),
        ("short: rebal rescue BTC; else wait", "short: rebal rescue BTC -p 'a b.yaml'; else wait"),
        ("short: rebal rescue BTC (and 4 more)", "short: rebal rescue BTC -p 'a b.yaml' (and 4 more)"),
        ("`rebal rescue BTC` says how", "`rebal rescue BTC -p 'a b.yaml'` says how"),
        ("so rebal plan trades nothing", "so rebal plan trades nothing"),
        ("`rebal venues` lists them", "`rebal venues` lists them"),
        ("plain words", "plain words"),
    ],
)
def test_cures_name_the_file(message: str, expected: str) -> None:
    assert pasted(message, ("-p", "a b.yaml")) == expected
    assert pasted(message, ()) == message


def test_only_what_is_not_found_without_is_named() -> None:
    assert Source().again(world()) == ()
    assert Source(portfolio="portfolio.yaml").again(world()) == ()
    assert Source(portfolio="-").again(world()) == ()
    assert Source(portfolio="b.yaml").again(world()) == ("-p", "b.yaml")
    everything = Source(file="b.yaml", market="m.yaml", journal="j.db")
    assert everything.again(world()) == ("-p", "b.yaml", "--market", "m.yaml", "--journal", "j.db")


def test_a_cure_out_of_status_can_be_pasted(tmp_path: Path) -> None:
    file = tmp_path / AWKWARD
    file.write_text(OPEN)
    status = answered("status", str(file), *NOW, "--format", "json")
    assert status.code == 10
    (cure,) = {message["message"].partition("its weight: ")[2] for message in json.loads(status.out)["findings"]
               if message["code"] == "drift"}  # fmt: skip
    assert shlex.split(cure) == ["rebal", "plan", "-p", str(file)]
    assert answered(*shlex.split(cure)[1:], *NOW).code == 0


def test_a_mail_names_its_file(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(OPEN)
    first = answered("status", str(file), *NOW).out.splitlines()[0]
    assert first.endswith(f"  file {file}")
    saved = answered("status", str(file), *NOW, "--out", str(tmp_path / "s.json"))
    assert saved.err.startswith(f"rebal: {file}: action: book, ")


class TestOutOnATerminal:
    @pytest.fixture
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = cli._world
        monkeypatch.setattr(cli, "_world", lambda *given: told(*given)._replace(terminal=True, width=80))

    @pytest.mark.usefixtures("terminal")
    def test_it_shows_the_table_too_and_what_to_type_next(self, tmp_path: Path) -> None:
        file, saved = tmp_path / AWKWARD, tmp_path / "the plan.json"
        file.write_text(OPEN)
        table, _, _ = answered("plan", str(file), *NOW).out.rpartition("\nnext: ")
        shown = answered("plan", str(file), *NOW, "--out", str(saved))
        following = typed("rebal", "record", "plan", str(saved), "-p", str(file))
        assert shown.out == f"{table}\nsaved in {saved}\nnext: once it is placed: {following}\n"
        assert saved.read_text() == answered("plan", str(file), *NOW, "--format", "json").out
        assert answered(*shlex.split(following)[1:], *NOW).code == 0

    @pytest.mark.usefixtures("terminal")
    def test_what_cannot_be_recorded_is_shown(self, tmp_path: Path) -> None:
        file = tmp_path / "portfolio.yaml"
        file.write_text(PORTFOLIO.replace("BTC: 60%, ETH: 40%", "BTC: 70%, ETH: 30%"))
        for command in ("plan", "status"):
            out = answered(command, "-p", str(file), *NOW, "--out", str(tmp_path / "a.json")).out
            assert out.endswith(f"\nsaved in {tmp_path}/a.json\nnext: rebal show {tmp_path}/a.json\n")
        assert answered("plan", str(file), *NOW, "--out", str(tmp_path / "a.csv")).out.endswith(
            f"\nsaved in {tmp_path}/a.csv; save it as .json to show it again, or to record it\n"
            f"next: rebal status -p {file}\n"
        )

    @pytest.mark.usefixtures("terminal")
    def test_quiet_is_silent_at_nothing_to_do(self, tmp_path: Path) -> None:
        file = tmp_path / "portfolio.yaml"
        file.write_text(OPEN)
        assert answered("plan", str(file), *NOW, "--quiet", "--out", str(tmp_path / "a.json")) == (0, "", "")


class TestAnotherFile:
    """A file of ours where a portfolio belongs is named for what it is."""

    @pytest.mark.parametrize("command", ["status", "plan", "check", "stress", "compare"])
    def test_a_saved_answer(self, tmp_path: Path, command: str) -> None:
        file, saved = tmp_path / "portfolio.yaml", tmp_path / "saved.json"
        file.write_text(OPEN)
        answered("hedge", "BTC", "--pct", "50", "-p", str(file), *NOW, "--out", str(saved))
        told = answered(command, str(saved), *NOW)
        assert (told.code, told.out) == (3, "")
        assert told.err == (
            f"{saved}: is no portfolio but a saved answer of rebal hedge (found rebal/plan/1); name a portfolio; "
            f"show it with `rebal show {saved}`, record it with `rebal record plan {saved}`\n"
        )
        market = answered(command, str(file), "--market", str(saved), *NOW)
        assert market.code == 3
        assert market.err.startswith(f"{saved}: is no market file but a saved answer of rebal hedge")

    def test_a_portfolio_as_market_file(self, tmp_path: Path) -> None:
        file = tmp_path / "portfolio.yaml"
        file.write_text(OPEN)
        assert answered("plan", str(file), "--market", str(file), *NOW) == (
            3,
            "",
            f"{file}: is a portfolio, no market file; name a file with market: alone; the portfolio goes after -p\n",
        )

    def test_an_answer_that_cannot_be_recorded(self, tmp_path: Path) -> None:
        file, saved = tmp_path / "portfolio.yaml", tmp_path / "saved.json"
        file.write_text(OPEN)
        answered("status", str(file), *NOW, "--out", str(saved))
        assert answered("plan", str(saved), *NOW).err == (
            f"{saved}: is no portfolio but a saved answer of rebal status (found rebal/status/1); name a portfolio; "
            f"show it with `rebal show {saved}`\n"
        )

    def test_a_journal(self, tmp_path: Path) -> None:
        file = tmp_path / "portfolio.yaml"
        file.write_text(OPEN)
        answered("record", "spot", "--asset", "BTC", "--quantity", "1", "-p", str(file), *NOW)
        journal = tmp_path / "portfolio.journal.db"
        told = answered("plan", str(journal), *NOW)
        assert (told.code, told.out) == (3, "")
        instead = "name the portfolio it belongs to; `rebal history` shows what it holds"
        assert told.err == f"{journal}: is a journal, not a text; {instead}\n"
        assert answered("record", "plan", str(journal), "-p", str(file), *NOW).err == told.err


@pytest.mark.parametrize("command", [("hedge", "--pct", "50"), ("unwind",)])
def test_a_portfolio_among_the_coins_goes_after_its_option(command: tuple[str, ...]) -> None:
    told = answered(*command, "my f.yaml", "BTC")
    assert (told.code, told.out) == (2, "")
    assert told.err == "rebal: my f.yaml: is a file, not a coin; the portfolio goes after -p: -p 'my f.yaml'\n"


def test_a_portfolio_in_place_of_a_figure_is_not_taken_for_one() -> None:
    told = answered("explain", "drift.yaml", "BTC")
    assert (told.code, told.out) == (2, "")
    assert told.err == "rebal: drift.yaml: is a file, not a figure; the portfolio goes after -p: -p drift.yaml\n"


def test_an_option_that_takes_a_list_is_not_given_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(OPEN)
    told = answered("compare", str(file), *NOW, "--costs", "slippage=0.05%", "--costs", "spot_fee=0.1%")
    assert (told.code, told.out) == (2, "")
    assert told.err == "rebal: --costs is given more than once; write all of it as one, KEY=RATE,...\n"
    assert answered("compare", str(file), *NOW, "--costs", "slippage=0.05%,spot_fee=0.1%").code == 0
