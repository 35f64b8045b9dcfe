"""The compiled numbers of the extra ``fast`` change no byte of any answer."""

import json
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
RUN = """
import contextlib, io, json
from rebal import cli
told = []
for command in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        told.append([int(cli.run(command)), out.getvalue()])
print(json.dumps(told))
"""


def answers(numbers: str, file: str) -> list[tuple[int, str]]:
    asked = [[command[0], "-p", file, *command[1:], *NOW, "--format", "json"] for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", numbers + RUN, json.dumps(asked)],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [(code, out) for code, out in json.loads(done.stdout)]


@pytest.mark.parametrize("name", ["drift", "open-book", "ten-coins"])
def test_the_bytes_agree(name: str) -> None:
    file = str(ROOT / "portfolios" / f"{name}.yaml")
    counted = answers(WITH, file)
    assert {code for code, _ in counted} <= {0, 1, 10, 20}
    assert all(out for _, out in counted)
    assert counted == answers(WITHOUT, file)
