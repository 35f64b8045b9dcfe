"""Start-up of ``rebal plan`` against a floor: what the libraries alone cost. Run by hand, on a quiet machine.

    python tests/bench/startup.py [RUNS]

The floor imports typer, yaml and pydantic, builds as many pydantic models as the reader of portfolios does, and runs an
empty typer command; for the table it also imports rich.console and rich.table. Runs of both are interleaved, so that
what else the machine does falls on both alike.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LIMIT = 1.10
PORTFOLIO = ROOT / "portfolios" / "ten-coins.yaml"
FLOOR = """
{imports}
from typing import Annotated
{models}
app = typer.Typer()
@app.command()
def first(): pass
@app.command()
def second(file: str = "", flag: bool = False): pass
app(["second"])
"""
MODEL = """
class M{n}(pydantic.BaseModel):
    a: str
    b: str | None = None
    c: dict[str, str] = {{}}
    d: list[str] = []
    e: str | dict[str, str] = ""
"""
COUNT = """
import io, sys
from rebal import cli
sys.stdout = io.StringIO()
cli.run(["plan", "--format", "json", *sys.argv[1:]])
import pydantic
def below(model):
    return sum(1 + below(child) for child in model.__subclasses__())
ours = [model for model in pydantic.BaseModel.__subclasses__() if model.__module__.startswith("rebal")]
print(sum(1 + below(model) for model in ours), file=sys.stderr)
"""


class Spent(NamedTuple):
    """Seconds of one run."""

    wall: float
    processor: float


def main() -> None:
    """Print the medians and their ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    with tempfile.TemporaryDirectory() as folder:
        plan = (sys.executable, "-m", "rebal", "plan", str(PORTFOLIO), "--now", "2026-11-20T09:00:00Z")
        models = _count_models(plan[4:])
        print(f"{PORTFOLIO.name}, {models} pydantic models, {runs} runs, medians")
        json_floor = _floor(Path(folder), "json", "import typer, yaml, pydantic", models=models)
        table_floor = _floor(
            Path(folder), "table", "import typer, yaml, pydantic, rich.console, rich.table", models=models
        )
        _compare("plan --format json", (*plan, "--format", "json"), json_floor, runs=runs)
        _compare("plan --format table", (*plan, "--format", "table"), table_floor, runs=runs)
        _compare("--version", (sys.executable, "-m", "rebal", "--version"), json_floor, runs=runs)


def _count_models(arguments: Sequence[str]) -> int:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *arguments], capture_output=True, text=True, check=True, env=_environment()
    )
    return int(done.stderr.split()[-1])


def _floor(folder: Path, name: str, imports: str, *, models: int) -> tuple[str, ...]:
    file = folder / f"floor_{name}.py"
    file.write_text(FLOOR.format(imports=imports, models="".join(MODEL.format(n=n) for n in range(models))))
    return sys.executable, str(file)


def _compare(title: str, ours: Sequence[str], floor: Sequence[str], *, runs: int) -> None:
    """Wall time decides; processor time, which other programs disturb less, stands beside it."""
    taken: dict[str, list[Spent]] = {"ours": [], "floor": []}
    for _ in range(runs + 2):
        taken["ours"].append(_spent(ours))
        taken["floor"].append(_spent(floor))
    (mine, mine_cpu), (least, least_cpu) = (_median(taken[side][2:]) for side in ("ours", "floor"))
    verdict = "within" if mine <= LIMIT * least else "OVER"
    print(
        f"{title:20} {mine * 1e3:6.1f} ms, floor {least * 1e3:6.1f} ms, ratio {mine / least:.3f} ({verdict} {LIMIT}); "
        f"processor {mine_cpu * 1e3:.1f} and {least_cpu * 1e3:.1f} ms, ratio {mine_cpu / least_cpu:.3f}"
    )


def _median(taken: Sequence[Spent]) -> Spent:
    return Spent(statistics.median(each.wall for each in taken), statistics.median(each.processor for each in taken))


def _spent(command: Sequence[str]) -> Spent:
    start = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=_environment())
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        raise SystemExit(f"{' '.join(command)} left with {running.returncode}")
    return Spent(time.perf_counter() - start, used.ru_utime + used.ru_stime)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}


if __name__ == "__main__":
    main()
