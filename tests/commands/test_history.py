"""``rebal history``: what was recorded and what it adds up to; and a hedge's whole life, whatever its figures."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifecycle import BOOK, LATER, PERP, SOLD, done, made, refused, saved, start_over

from booked import STEP, near
from exact import exact
from program import NOW, PORTFOLIO, answered, in_process
from rebal.amounts import Fraction, plain
from rebal.commands import history, record


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a portfolio in it, to work in."""
    start_over(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestHistory:
    def test_of_nothing_is_empty(self, folder: Path) -> None:
        shown = made("history")
        assert (shown["schema"], shown["entries"], shown["totals"]) == ("rebal/history/1", [], [])
        assert os.listdir(folder) == ["portfolio.yaml"]

    def test_since_a_day(self) -> None:
        done("record", *SOLD)
        assert len(made("history", "--since", "2026-11-20")["entries"]) == 2
        assert made("history", "--since", "2026-11-21")["entries"] == []
        assert "--since yesterday" in refused(2, "history", "--since", "yesterday")

    def test_says_what_the_statement_holds_by_now(self, folder: Path) -> None:
        done("record", *SOLD)
        (old,) = made("history")["notes"]
        assert old.startswith("the prices are of 2026-11-20T08:00:00Z, older than the last fill of a hedge")
        (folder / "portfolio.yaml").write_text(BOOK.replace("as_of: 2026-11-20T08", "as_of: 2026-11-20T10"))
        (note,) = made("history", now=("--now", "2026-11-20T11:00:00Z"))["notes"]
        assert note.startswith("1 entry is not later than the statement of 2026-11-20T10:00:00Z and a part of it")

    @pytest.mark.parametrize("format", ["json", "csv"])
    def test_rebuilds_the_journal(self, folder: Path, format: str) -> None:
        done("record", "plan", saved("plan"))
        done("record", *SOLD, "--id", "ex-1")
        done("record", "void", "ex-1", "--reason", "typed, by mistake")
        exported = f"history.{format}"
        done("history", "--out", exported)
        shown = made("history")
        (folder / "portfolio.journal.db").rename(folder / "kept.db")
        assert made("record", "from", exported, "--dry-run")["dry_run"] is True
        assert not (folder / "portfolio.journal.db").exists()
        assert len(made("record", "from", exported)["entries"]) == shown["journal_seq"]
        assert made("history") == shown
        assert made("record", "from", exported)["entries"] == []
        done("record", "spot", "--asset", "ETH", "--quantity", "1", "--journal", "kept.db", "--id", "only-here")
        refused(3, "record", "from", "portfolio.yaml", "--journal", "kept.db")

    def test_csv_is_one_row_an_entry(self) -> None:
        done("record", *SOLD, "--id", "ex-1")
        _, row = csv.DictReader(io.StringIO(done("history", "--format", "csv")))
        assert (row["id"], row["contracts"], row["parts.hedge.contracts"]) == ("ex-1", "-100", "-100")

    @pytest.mark.parametrize("format", ["table", "plain"])
    def test_people_see_what_was_done(self, format: str) -> None:
        recorded = done("record", *SOLD, "--id", "ex-1", "--format", format)
        shown = done("history", "--format", format)
        for text in (recorded, shown):
            assert "ex-1" in text
            assert "BTCUSD_PERP" in text
            assert "40,000" in text or "40000" in text

    def test_a_damaged_journal_is_invalid_input(self, folder: Path) -> None:
        done("record", *SOLD)
        path = folder / "portfolio.journal.db"
        path.write_bytes(path.read_bytes().replace(b"40000", b"41000"))
        before = path.read_bytes()
        for command in (("history",), ("plan",), ("status",), ("record", *SOLD)):
            assert "entry 1: hash: is not that of the contents" in refused(3, *command, now=LATER)
        assert path.read_bytes() == before

    def test_a_position_that_a_new_statement_leaves_out_is_a_breach_until_it_is_taken(self, folder: Path) -> None:
        done("record", *SOLD)
        (folder / "portfolio.yaml").write_text(BOOK.replace("as_of: 2026-11-20T08", "as_of: 2026-11-20T10"))
        code, out, _ = answered("status", "--format", "json", *LATER)
        found = {finding["code"]: finding for finding in json.loads(out)["findings"]}["statement-differs"]
        assert (code, found["severity"], found["subject"]) == (20, "warning", "BTCUSD_PERP")
        assert found["message"].startswith("the statement has 0 contracts, and the journal adds up to -100")
        assert found["data"] == {"contracts_stated": "0", "contracts_journal": "-100"}
        assert "statement-differs" in done("plan", now=LATER)
        taken = made("record", "statement", now=LATER)["entries"]
        assert [entry["type"] for entry in taken] == ["statement", "difference"]
        assert taken[1]["shifts"][0]["contracts_before"] == "-100"
        assert "statement-differs" not in answered("status", *LATER).out
        assert made("record", "statement", now=LATER)["entries"] == []

    def test_a_half_unwind_tells_half_of_what_it_carries(self) -> None:
        done("record", *SOLD, "--id", "open")
        done("record", "funding", *PERP, "--amount", "0.00002", "--price", "40000")
        for left in ("-50", "0"):
            (line,) = made("unwind", "--purpose", "hedge", "--pct", "50" if left == "-50" else "100")["pnl"]
            closing = Fraction("0.0000625")
            assert exact(line["fees_coin"]) == closing + Fraction("0.000125") / 2
            assert line["funding_coin"] == "0.00001"
            done(
                "record",
                "fill",
                *PERP,
                "--contracts",
                "50",
                "--price",
                "40000",
                "--fee",
                "0.0000625",
                "--id",
                f"left{left}",
            )
        (episode,) = made("history")["episodes"]
        assert (episode["fees_coin"], episode["funding_coin"]) == ("0.00025", "0.00002")


WEIGHTS = st.tuples(st.integers(0, 100), st.integers(0, 100)).filter(lambda w: sum(w) <= 100)
SLOW = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def book_of(bitcoin: int, ether: int, weights: tuple[int, int]) -> str:
    targets = f"BTC: {weights[0]}%, ETH: {weights[1]}%, USD: {100 - sum(weights)}%"
    text = BOOK.replace("BTC: 50%, ETH: 30%, USD: 20%", targets)
    return text.replace("BTC: 2, ETH: 14", f"BTC: {bitcoin / 8:.3f}, ETH: {ether / 8:.3f}")


@given(bitcoin=st.integers(1, 40), ether=st.integers(1, 400), weights=WEIGHTS)
@SLOW
def test_what_a_recorded_plan_leaves_needs_no_plan(
    folder: Path, bitcoin: int, ether: int, weights: tuple[int, int]
) -> None:
    start_over(folder, book_of(bitcoin, ether, weights))
    plan = json.loads(Path(saved("plan")).read_text())
    if plan["refused"]:
        refused(1, "record", "plan", "plan.json")
        return
    made("record", "plan", "plan.json")
    after = made("plan", now=LATER)
    assert (after["orders"], after["transfers"]) == ([], [])
    fees = exact(plan["costs"]["fees_usd"])
    booked = sum(STEP * exact(asset["price"]) for asset in plan["assets"])
    assert abs(exact(plan["equity"]) - fees - exact(after["equity"])) <= booked


@given(bitcoin=st.integers(1, 40), first=st.integers(1, 95), second=st.integers(0, 95))
@SLOW
def test_a_hedge_is_a_target_from_open_to_close(folder: Path, bitcoin: int, first: int, second: int) -> None:
    start_over(folder, book_of(bitcoin, 80, (50, 30)))
    for share in (first, second):
        made("record", "plan", saved("hedge", "BTC", "--pct", str(share), file="hedge.json"))
        assert made("hedge", "BTC", "--pct", str(share))["orders"] == []
    unwind = json.loads(Path(saved("unwind", file="unwind.json")).read_text())
    made("record", "plan", "unwind.json")
    history = made("history", now=LATER)
    assert history["positions"] == []
    if history["totals"]:
        fills = sum(entry["type"] == "fill" for entry in history["entries"])
        assert near(exact(history["totals"][0]["coin"]), realised_by_hand(history), steps=fills)
    assert unwind["refused"] is False


def realised_by_hand(history: Any) -> Fraction:
    """The exact PnL of the fills of a position that is closed: what was bought and sold, in coins."""
    fills = [entry for entry in history["entries"] if entry["type"] == "fill"]
    truth = sum(exact(fill["contracts"]) * exact(fill["multiplier"]) / exact(fill["price"]) for fill in fills)
    return exact(plain(exact(truth)))


def test_every_example_is_of_a_command_that_is_there() -> None:
    for line in (*record.EXAMPLES, *history.EXAMPLES):
        words = line.split()
        assert words[0] == "rebal"
        assert answered(words[1], *([words[2]] if words[1] == "record" else []), "--help").code == 0


def test_the_journal_is_beside_the_file_however_the_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "p.yaml").write_text(PORTFOLIO)
    for n, named in enumerate(("sub/p.yaml", "./sub/p.yaml", str(folder / "p.yaml"), "../sub/p.yaml")):
        cwd = tmp_path / "sub" if named.startswith("..") else tmp_path
        spot = ("record", "spot", "--asset", "BTC", "--quantity", "1", "--id", f"spot-{n}", "-p", named, *NOW)
        assert in_process(*spot, cwd=cwd).returncode == 0
    assert sorted(path.name for path in tmp_path.rglob("*.db")) == ["p.journal.db"]
    assert "entries 5 of 5" in in_process("history", "-p", "sub/p.yaml", *NOW, cwd=tmp_path).stdout
