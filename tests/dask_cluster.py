"""A real Dask scheduler with its workers, processes on the loopback address that end with the block."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from program import ROOT, environment

_ANSWERS_WITHIN_S = 60.0


class Cluster(NamedTuple):
    """Where the scheduler answers; it and its workers as processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextlib.contextmanager
def cluster(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """A scheduler and some workers of one thread each, all of them there."""
    described = folder / "scheduler.json"
    with contextlib.ExitStack() as running:
        scheduler = _started(
            running, folder, "dask_scheduler",
            "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(described),
        )  # fmt: skip
        address = json.loads(_awaited(described))["address"]
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        hands = [_started(running, folder, "dask_worker", address, *options) for _ in range(workers)]
        yield Cluster(address, scheduler, hands)


def _started(running: contextlib.ExitStack, folder: Path, module: str, /, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    paths = f"{ROOT / 'src'}:{ROOT / 'tests'}"
    env = environment(PYTHONPATH=paths, DASK_TEMPORARY_DIRECTORY=str(folder))
    log = running.enter_context((folder / "cluster.log").open("ab"))
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    running.callback(_ended, process)
    return process


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _awaited(file: Path) -> str:
    until = time.monotonic() + _ANSWERS_WITHIN_S
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            text = file.read_text()
            if text.rstrip().endswith("}"):
                return text
        time.sleep(0.05)
    raise TimeoutError(f"no scheduler wrote {file}")
