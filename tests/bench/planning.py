"""Time of reading, deciding, planning and printing a book of ten coins, in one process. Run by hand.

    python tests/bench/planning.py [RUNS]

Each is measured against a floor in the same run, what yaml's C reader takes for the file, so that what else the machine
does falls on both alike: a limit in milliseconds holds where that floor takes 0.47. Once with the compiled numbers of
the extra ``fast``, once without. Garbage is not collected meanwhile, as the command line does not.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTFOLIO = ROOT / "portfolios" / "ten-coins.yaml"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FLOOR_MS = 0.47
LIMITS_MS = {"read": (3.0, 3.0), "step": (2.0, 5.0), "plan": (4.0, 9.0)}
"""With the extra, and without."""


def main() -> None:
    """Measure here, as the environment is, or both ways in processes of their own."""
    runs = sys.argv[1] if len(sys.argv) > 1 else "200"
    if len(sys.argv) > 2:
        _measure(int(runs), without="without" in sys.argv[2:])
        return
    for how in ("with", "without"):
        subprocess.run([sys.executable, __file__, runs, how], check=True, env={"PYTHONPATH": str(ROOT / "src")})


def _measure(runs: int, *, without: bool) -> None:
    if without:
        sys.modules["quicktions"] = None  # type: ignore[assignment]
    gc.disable()
    acts = _acts()
    taken = dict.fromkeys(acts, float("inf"))
    for _ in range(runs):
        for name, act in acts.items():
            begun = time.process_time()
            act()
            taken[name] = min(taken[name], time.process_time() - begun)
    print(f"{'without' if without else 'with'} fast: floor {taken['floor'] * 1e3:.2f} ms")
    for name, seconds in taken.items():
        limit = LIMITS_MS[name][without] / FLOOR_MS if name in LIMITS_MS else None
        ratio = seconds / taken["floor"]
        verdict = "" if limit is None else f" ({'within' if ratio <= limit else 'OVER'} {limit:.1f})"
        print(f"  {name:6} {seconds * 1e3:6.2f} ms, {ratio:5.1f} floors{verdict}")


def _acts() -> dict[str, Callable[[], object]]:
    import yaml

    from rebal import formats
    from rebal.load import portfolio
    from rebal.plan import Inputs
    from rebal.planner import build_plan
    from rebal.planner.desk import Desk
    from rebal.planner.rebalance import rebalance

    text, read = PORTFOLIO.read_text(), portfolio(str(PORTFOLIO), now=NOW)
    inputs = Inputs(read.statement_sha256, None, None, read.market.as_of, NOW, "bench")
    plan = build_plan(read, read.statement, inputs=inputs)

    def stepped() -> object:
        desk = Desk.of(read, read.statement, now=NOW)
        return desk.step(rebalance(desk).orders)

    return {
        "floor": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
        "read": lambda: portfolio(str(PORTFOLIO), now=NOW),
        "step": stepped,
        "plan": lambda: build_plan(read, read.statement, inputs=inputs),
        **{
            form: partial(formats.render, form, plan, formats.View(100, colour=False, portfolio=read))
            for form in ("json", "plain", "table")
        },
    }


if __name__ == "__main__":
    main()
