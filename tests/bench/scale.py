"""Time and memory of ``rebal plan`` on large portfolios. Run by hand, on a quiet machine.

    python tests/bench/scale.py [RUNS]

Three books of 1,000 and 10,000 holdings: one that rests inside its band, one in which every leg is to move and no
contract serves it, and one in which each holding has a contract of its own and every leg becomes an order, a transfer
and a wallet that is short of coins. The floor of each is to read the same file with yaml's own loader in C and to write
the same answer with json's own encoder in C, and to work nothing out.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
SMALL, LARGE = 1_000, 10_000
LIMITS = {"resting": (1.5, 200), "unserved": (1.5, 200), "trading": (3, 300)}
"""Seconds and MiB of the large one."""
GROWTH = 1.3
ENV = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}


class Run(NamedTuple):
    """Wall time and peak memory of one run."""

    seconds: float
    mebibytes: float


def main() -> None:
    """Print time, memory and growth for each book."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        start = _best(_written(Path(folder), "resting", 1), runs)
        print(f"one holding: {start.seconds:.3f} s, {start.mebibytes:.0f} MiB")
        for book in ("resting", "unserved", "trading"):
            files = [_written(Path(folder), book, size) for size in (SMALL, LARGE)]
            small, large = (_best(each, runs) for each in files)
            _print(book, small, large, start=start)
            floor = _floor(files[1])
            print(f"{'':9} floor of {LARGE:,}: {floor:.3f} s, of which this is {large.seconds / floor:.1f} times")


def _print(book: str, small: Run, large: Run, *, start: Run) -> None:
    growth = large.seconds / small.seconds * SMALL / LARGE
    net = (large.seconds - start.seconds) / (small.seconds - start.seconds) * SMALL / LARGE
    seconds, mebibytes = LIMITS[book]
    print(
        f"{book:9} {SMALL:6,}: {small.seconds:.3f} s, {small.mebibytes:.0f} MiB; "
        f"{LARGE:,}: {large.seconds:.3f} s (limit {seconds}), {large.mebibytes:.0f} MiB (limit {mebibytes}); "
        f"time per holding grows by {growth:.2f}, without start-up {net:.2f} (limit {GROWTH})"
    )


def _written(folder: Path, book: str, size: int) -> Path:
    file = folder / f"{book}-{size}.yaml"
    file.write_text("\n".join(_lines(book, size)) + "\n")
    return file


def _lines(book: str, size: int) -> Iterator[str]:
    coins = [f"C{n}" for n in range(size)]
    # The first coin is as heavy as all the others together where legs are to move.
    first = 1 if book == "resting" else size
    yield from ("venue: bybit", "as_of: 2026-11-20T08:00:00Z", "holdings:")
    yield from (f"  {coin}: {(100 + n % 7 * 0.01) * (first if n == 0 else 1):.2f}" for n, coin in enumerate(coins))
    yield "targets:"
    yield from (f"  {coin}: {100 / size}%" for coin in coins)
    yield from ("market:", "  as_of: 2026-11-20T08:00:00Z", "  prices:")
    yield from (f"    {coin}: {10 + n % 11 * 0.001:.3f}" for n, coin in enumerate(coins))
    if book == "trading":
        yield "contracts:"
        yield from (_contract(coin) for coin in coins)


def _contract(coin: str) -> str:
    return (
        f"  {coin}USD: {{asset: {coin}, kind: inverse, multiplier: 1, tick_size: 0.001, lot_size: 1, taker_fee: 0.05%}}"
    )


def _best(file: Path, runs: int) -> Run:
    taken = [_run(file) for _ in range(runs)]
    return Run(min(run.seconds for run in taken), max(run.mebibytes for run in taken))


def _floor(file: Path) -> float:
    answer = json.loads(subprocess.run(_command(file), stdout=subprocess.PIPE, env=ENV, check=False).stdout)
    gc.disable()  # as rebal does
    begun = time.perf_counter()
    yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    json.dumps(answer)
    spent = time.perf_counter() - begun
    gc.enable()
    return spent


def _command(file: Path) -> list[str]:
    return [sys.executable, "-m", "rebal", "plan", str(file), "--format", "json", "--now", "2026-11-20T09:00:00Z"]


def _run(file: Path) -> Run:
    command = _command(file)
    begun = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENV)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} left with {running.returncode}")
    return Run(time.perf_counter() - begun, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
