"""The compiled numbers of the extra ``fast`` change no byte of any answer."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOW = ("--now", "2026-11-20T09:00:00Z")
COMMANDS = (
    ("plan",),
    ("status",),
    ("compare",),
    ("stress", "--planned", "--shock", "-37%"),
    ("rescue", "--to", "policy"),
)
WITH = "import sys; from rebal.amounts import Fraction; assert Fraction.__module__ == 'quicktions'; "
WITHOUT = "import sys; sys.modules['quicktions'] = None; "
RUN = "from rebal import cli; sys.argv[0] = 'rebal'; cli.main()"


def answer(numbers: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", numbers + RUN, *arguments, *NOW, "--format", "json"],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode in (0, 1, 10, 20), done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("name", ["drift", "open-book", "ten-coins"])
def test_the_bytes_agree(name: str, command: tuple[str, ...]) -> None:
    file = str(ROOT / "portfolios" / f"{name}.yaml")
    assert answer(WITH, command[0], "-p", file, *command[1:]) == answer(WITHOUT, command[0], "-p", file, *command[1:])
