"""What a shell is offered while a command line is typed; silence where nothing can be told."""

import os
import shlex
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, answered, environment, in_process, shell


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
    done = in_process(cwd=folder, env=environment(**told, **more))
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
    in_process("record", "spot", "--asset", "BTC", "--quantity", "1", "--id", "gift-1", *NOW, cwd=folder)
    before = sorted(os.listdir(folder))
    assert offered(folder, "record", "void", "g") == ["gift-1"]
    assert sorted(os.listdir(folder)) == before


TWO_ACCOUNTS = """\
accounts:
  main: {venue: bybit, wallets: {BTC: 0.1}}
  other: {venue: bybit, margin: cross}
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2}
targets: {BTC: 100%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""


@pytest.mark.parametrize(
    ("words", "breaks", "expected"),
    [
        (("--contract", "main", ":", "BTCUSD"), ":=@", ["BTCUSD", "BTCUSDH27", "BTCUSDT", "BTCUSDZ26"]),
        (("--contract", "main", ":"), ":=@", ["BTCUSD", "BTCUSDH27", "BTCUSDT", "BTCUSDZ26"]),
        (("--contract", "main:BTCUSDT"), "", ["main:BTCUSDT"]),
        (("--contract", "'main:BTCUSDT"), ":=@", ["main:BTCUSDT"]),  # what is quoted is not broken
        (("--purpose", "=", "h"), ":=@", ["hedge"]),
    ],
)
def test_bash_gets_what_stands_behind_the_last_break(
    folder: Path, words: tuple[str, ...], breaks: str, expected: list[str]
) -> None:
    """As bash calls it: a word in pieces where it breaks words, which are told apart by the spaces of the line."""
    (folder / "portfolio.yaml").write_text(TWO_ACCOUNTS)
    typed = ["rebal", "unwind" if "--purpose" in words else "hedge", *words]
    line = " ".join(typed).replace(" : ", ":").replace(" :", ":").replace(" = ", "=")
    told = shell(
        "\n".join([
            answered("--show-completion", "bash").out,
            f"COMP_LINE={shlex.quote(line)} COMP_WORDBREAKS={shlex.quote(breaks)}",
            f"COMP_WORDS=({' '.join(map(shlex.quote, typed))}) COMP_CWORD={len(typed) - 1}",
            '_rebal_completion "$rebal"; printf "%s\\n" "${COMPREPLY[@]}"',
        ]),
        cwd=folder,
    )  # fmt: skip
    assert (told.stderr, told.stdout.split()) == ("", expected)


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
