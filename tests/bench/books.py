"""Books a second of ``rebal plan FOLDER``, the share of reading them, and memory. Run by hand, on a quiet machine.

    python tests/bench/books.py [BOOKS] [JOBS]

Ten-coin books of as many sizes as there are books, each with orders, planned as JSON. The memory is the largest of the
parent and of all its children together, looked at twenty times a second, for a tenth of the books and for all of them.
The goal of so many a second was set on two cores on which yaml's own loader in C took 0.47 ms for such a file; what a
book takes is told in that floor too, measured in the same run, so that it can be held against the goal on any machine.
"""

import contextlib
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "portfolios" / "ten-coins.yaml"
GOAL = 250
READ = 200
GOAL_FLOORS = 2 / GOAL / 0.47e-3
NOW = ("--now", "2026-11-20T09:00:00Z")


class Run(NamedTuple):
    """One run: wall time, processor time of all its processes, and the most memory of all of them together."""

    seconds: float
    processor: float
    mebibytes: float


def main() -> None:
    """Print books a second, the share of reading, and the memory of few and of many."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    jobs = sys.argv[2] if len(sys.argv) > 2 else "2"
    with tempfile.TemporaryDirectory() as name:
        few, many = _written(Path(name) / "few", count // 10), _written(Path(name) / "many", count)
        files = sorted(many.glob("*.yaml"))[:READ]
        for command in ("plan", "status"):
            floor = _floor(files)
            small, large = (_run((command, str(folder), "--format", "json", "--jobs", jobs)) for folder in (few, many))
            floor = min(floor, _floor(files))
            book = large.processor / count
            print(
                f"{command} {count:,} books, {jobs} jobs: {count / large.seconds:.0f} a second (goal {GOAL}), "
                f"{book * 1e3:.2f} ms of processor a book, {book / floor:.1f} floors of {floor * 1e3:.2f} ms "
                f"(goal {GOAL_FLOORS:.1f}); "
                f"memory {small.mebibytes:.0f} MiB of {count // 10:,}, {large.mebibytes:.0f} MiB of all"
            )
        print(f"reading and resolving a file: {_seconds_to_read(files) * 1e3:.2f} ms of processor")


def _written(folder: Path, count: int) -> Path:
    folder.mkdir()
    text = SAMPLE.read_text()
    for n in range(count):
        coins = f"BTC: {1.5 + n % 997 * 0.001:.3f}"
        (folder / f"{n:05}.yaml").write_text(text.replace("BTC: 1.84215337", coins))
    return folder


def _run(arguments: Sequence[str]) -> Run:
    command = [sys.executable, "-m", "rebal", *arguments, *NOW]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}
    begun, before = time.perf_counter(), os.times()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    most = 0.0
    while running.poll() is None:
        most = max(most, _resident(running.pid))
        time.sleep(0.05)
    if running.returncode not in (0, 1, 10, 20):
        raise SystemExit(f"{' '.join(command)} left with {running.returncode}")
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(time.perf_counter() - begun, spent, most / 2**20)


def _resident(process: int) -> float:
    """Bytes of a process and its children that no other has: what a fork shares with its parent counts once."""
    found = [process]
    with contextlib.suppress(OSError):
        found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return sum(map(_proportional, found))


def _proportional(process: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return 0.0


def _seconds_to_read(files: Sequence[Path]) -> float:
    sys.path.insert(0, str(ROOT / "src"))
    from datetime import UTC, datetime

    from rebal import load

    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    load.portfolio(str(files[0]), now=now)
    begun = time.process_time()
    for file in files:
        load.portfolio(str(file), now=now)
    return (time.process_time() - begun) / len(files)


def _floor(files: Sequence[Path]) -> float:
    """Seconds that yaml's own loader takes for a file, with no garbage collected meanwhile, as rebal collects none."""
    texts = [file.read_text() for file in files]
    gc.disable()
    begun = time.process_time()
    for text in texts:
        yaml.load(text, Loader=yaml.CSafeLoader)
    spent = time.process_time() - begun
    gc.enable()
    return spent / len(texts)


if __name__ == "__main__":
    main()
