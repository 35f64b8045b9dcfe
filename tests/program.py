"""The program as its users start it: the console script where it is installed, else the module."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from rebal import cli
from rebal.exchange import Network

ROOT = Path(__file__).parents[1]
_SCRIPT = Path(sys.executable).with_name("rebal")
PROGRAM: tuple[str, ...] = (str(_SCRIPT),) if _SCRIPT.exists() else (sys.executable, "-m", "rebal")
MODULE = (sys.executable, "-m", "rebal")
PORTFOLIO = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 60%, ETH: 40%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""
NOW = ("--now", "2026-11-20T09:00:00Z")


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing in it but a path, and the sources where the program is not installed."""
    sources = {} if _SCRIPT.exists() else {"PYTHONPATH": str(ROOT / "src")}
    return {"PATH": "/usr/bin:/bin", **sources, **more}


def rebal(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    program: Sequence[str] = PROGRAM,
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, with stdin given and both outputs kept."""
    return subprocess.run(
        [*program, *arguments],
        cwd=cwd,
        env=environment() if env is None else dict(env),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def in_process(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    encoding: str = "utf-8",
) -> subprocess.CompletedProcess[str]:
    """Answer as ``rebal`` does, to the byte, in this process: a thirtieth of the time where no process is tested."""
    out, err = _stream(encoding=encoding), _stream(encoding=encoding)
    with (
        contextlib.chdir(cwd or Path.cwd()),
        mock.patch.dict(os.environ, environment() if env is None else env, clear=True),
        mock.patch.object(sys, "stdin", _stream(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.run(arguments)
    return subprocess.CompletedProcess(arguments, code, _written(out), _written(err))


def _stream(text: str = "", *, encoding: str = "utf-8") -> io.TextIOWrapper:
    """What a process has for a pipe; a StringIO would have no bytes to read and no encoding to carry signs in."""
    return io.TextIOWrapper(io.BytesIO(text.encode(encoding)), encoding=encoding, write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


class Answered(NamedTuple):
    """How a command line was answered."""

    code: int
    out: str
    err: str


def answered(*arguments: str, network: Network | None = None) -> Answered:
    """Answer a command line in this process, which is faster than to start another.

    ``network``: that of a server of the test's own.
    """
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(arguments, network=network)
    return Answered(code, out.getvalue(), err.getvalue())


def shell(script: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a bash script in which $rebal is the program."""
    env = environment(rebal=" ".join(PROGRAM), PATH=f"/usr/bin:/bin:{os.path.dirname(sys.executable)}")
    return subprocess.run(
        ["bash", "-c", script], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
