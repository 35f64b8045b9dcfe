"""What a shell is offered while a command line is typed; silence where nothing can be told."""

import os
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, answered, environment, rebal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    return tmp_path


def offered(folder: Path, *words: str, **more: str) -> list[str]:
    """What bash is offered for the last word."""
    told = {
        "_REBAL_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("rebal", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = rebal(cwd=folder, env=environment(**told, **more))
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("hedge", "E"), ["ETH"]),
        (("hedge", ""), ["BTC", "ETH"]),
        (("hedge", "BTC", "--contract", "BTCUSD_P"), ["BTCUSD_PERP"]),
        (("unwind", "--purpose", "h"), ["hedge"]),
        (("plan", "--section", "wal"), ["wallets"]),
        (("stress", "--section", "sc"), ["scenarios"]),
        (("hedge", "-p", "other.yaml", "S"), ["SOL"]),
        (("hedge", "-p", "missing.yaml", "B"), []),
        (("hedge", "-p", "broken.yaml", "B"), []),
    ],
)
def test_names_out_of_the_portfolio(folder: Path, words: tuple[str, ...], expected: list[str]) -> None:
    (folder / "broken.yaml").write_text("holdings: 1\n")
    (folder / "other.yaml").write_text(PORTFOLIO.replace("ETH", "SOL"))
    assert offered(folder, *words) == expected


def test_the_ids_of_the_journal(folder: Path) -> None:
    rebal("record", "spot", "--asset", "BTC", "--quantity", "1", "--id", "gift-1", *NOW, cwd=folder)
    before = sorted(os.listdir(folder))
    assert offered(folder, "record", "void", "g") == ["gift-1"]
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize(
    ("shell", "mark"), [("zsh", "#compdef rebal"), ("bash", "complete -o"), ("fish", "complete --command rebal")]
)
def test_the_script_of_a_shell(shell: str, mark: str) -> None:
    shown = answered("--show-completion", shell)
    assert (shown.code, shown.err) == (0, "")
    assert mark in shown.out


def test_the_script_of_no_shell() -> None:
    told = "rebal: --show-completion tcsh: write one of bash, zsh, fish, powershell, pwsh\n"
    assert answered("--show-completion", "tcsh") == (2, "", told)
