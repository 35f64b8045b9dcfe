"""``rebal show``: any saved answer in any format, and nothing else."""

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
    for name in ("table", "plain", "csv"):
        shown = answered("show", saved, "--format", name)
        assert (shown.code, shown.err) == (0, "")
        assert shown.out


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
