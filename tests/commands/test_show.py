"""``rebal show``: any saved answer in any format, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, answered

COMMANDS = (
    ("plan",), ("hedge", "BTC", "--pct", "50"), ("unwind",), ("status",), ("compare",), ("stress",), ("history",),
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    return str(tmp_path / "portfolio.yaml")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_answer_comes_back_in_every_format(file: str, command: tuple[str, ...], tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.json")
    answered(*command, "-p", file, *NOW, "--out", saved)
    assert answered("show", saved, "--format", "json") == (0, Path(saved).read_text(), "")
    for name in ("table", "plain", "csv", "md", "html"):
        shown = answered("show", saved, "--format", name)
        assert (shown.code, shown.err) == (0, "")
        first = answered(*command, "-p", file, *NOW, "--format", name)
        assert told(shown.out) == told(first.out).replace(f"  file {file}", f"  file {saved}")


def told(screen: str) -> str:
    """An answer without what to type next, and with the cures as they are typed in the folder of the file."""
    return re.sub(r"\nnext: .*", "", screen)


def test_what_it_is_measured_against_is_in_it(file: str, tmp_path: Path) -> None:
    rules = "{band: {points: 3%, relative: 20%}, leverage: 0.8, max_price_age: 36h}"
    Path(file).write_text(f"{PORTFOLIO}policy: {rules}\n")
    saved = tmp_path / "plan.json"
    answered("plan", file, *NOW, "--out", str(saved))
    policy = json.loads(saved.read_text())["inputs"]["policy"]
    assert (policy["band"], policy["leverage"]) == ({"points": "0.03", "relative": "0.2"}, "0.8")
    assert policy["max_price_age"] == "36h"
    told = answered("show", str(saved), "--format", "table").out
    assert "3 points, or 20 % of the target where that is less" in told
    assert "leverage at most 0.8, liquidation at least 50 % away" in told


def test_an_answer_of_before_that_does_not_tell_it_is_shown_without(file: str, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    answered("plan", file, *NOW, "--out", str(saved))
    plan = json.loads(saved.read_text())
    del plan["inputs"]["policy"]
    saved.write_text(json.dumps(plan))
    told = answered("show", str(saved), "--format", "table")
    assert (told.code, told.err) == (0, "")
    assert "Drift\n" in told.out


def test_the_catalogue_comes_back_too(tmp_path: Path) -> None:
    for name in ((), ("bybit",)):
        saved = str(tmp_path / "venues.json")
        answered("venues", *name, *NOW, "--out", saved)
        assert answered("show", saved, "--format", "json") == (0, Path(saved).read_text(), "")


def test_what_is_no_answer_is_named(file: str, tmp_path: Path) -> None:
    shown = answered("show", file)
    assert (shown.code, shown.out) == (3, "")
    assert "is not JSON: Expecting value; save an answer with --format json --out FILE" in shown.err
    assert "it is no saved plan; name one that was made" in answered("record", "plan", file, "-p", file).err
    missing = answered("show", str(tmp_path / "nothing.json"))
    assert missing.code == 3
    assert "does not exist; name an existing file, or make it with --format json --out FILE" in missing.err


def test_figures_that_do_not_belong_together_are_an_error(file: str, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    answered("plan", file, *NOW, "--out", str(saved))
    text = saved.read_text()
    assert '"index": 0' in text
    saved.write_text(text.replace('"index": 0', '"index": 99'))
    shown = answered("show", str(saved), "--format", "table")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err == f"{saved}: holds figures that do not belong together; save the answer again\n"


def test_it_is_not_written_over_what_it_shows(file: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "plan.json")
    answered("plan", file, *NOW, "--out", saved)
    assert answered("show", saved, "--out", saved).code == 2
