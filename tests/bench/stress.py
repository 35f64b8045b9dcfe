"""Time of ``rebal stress`` under 1,000 scenarios and of ``rebal beta`` over 100,000 rows. Run by hand, in quiet.

    python tests/bench/stress.py [RUNS]

A book of ten coins with a position on each, stressed by the ladder alone and by 1,000 scenarios that move every coin by
itself, against one plan of the same book; and the regression of two coins' hourly closes, against ``--version``.
"""

import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 1.0
SCENARIOS, ROWS = 1_000, 100_000
NOW = ("--now", "2026-11-20T09:00:00Z")


def main() -> None:
    """Print the best of some runs of each, and what it takes above its base."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = _portfolio(folder, 0), _portfolio(folder, SCENARIOS)
        history = _history(folder)
        plan = _best(("plan", few, *NOW, "--format", "json"), runs)
        print(f"plan: {plan:.3f} s")
        _tell("stress, the ladder alone", _best(("stress", few, *NOW, "--format", "json"), runs), plan)
        for form in ("json", "plain", "table"):
            taken = _best(("stress", many, *NOW, "--format", form), runs)
            _tell(f"stress, {SCENARIOS:,} scenarios, {form}", taken, plan)
        start = _best(("--version",), runs)
        _tell(f"beta, {ROWS:,} rows", _best(("beta", "SOL", "--via", "BTC", "--history", history), runs), start)


def _tell(title: str, seconds: float, base: float) -> None:
    verdict = "within" if seconds - base <= LIMIT else "OVER"
    print(f"{title}: {seconds:.3f} s, {seconds - base:.3f} s more ({verdict} {LIMIT})")


def _portfolio(folder: Path, scenarios: int) -> str:
    drawn = random.Random(1)
    coins = [f"C{n}" for n in range(10)]
    lines = ["venue: bybit", "as_of: 2026-11-20T08:00:00Z"]
    lines.append(f"holdings: {{{', '.join(f'{coin}: 1000' for coin in coins)}}}")
    lines.append(f"targets: {{{', '.join(f'{coin}: 10%' for coin in coins)}}}")
    lines.append(f"wallets: {{{', '.join(f'{coin}: 500' for coin in coins)}}}")
    lines.append("positions:")
    for coin in coins:
        contracts, entry = drawn.choice((-1, 1)) * 3000, drawn.uniform(8, 12)
        lines.append(f"  - {{contract: {coin}USD, contracts: {contracts}, entry_price: {entry:.3f}}}")
    lines += ["contracts:", *(_contract(coin) for coin in coins)]
    prices = ", ".join(f"{coin}: {drawn.uniform(9, 11):.4f}" for coin in coins)
    lines += ["market:", "  as_of: 2026-11-20T08:00:00Z", f"  prices: {{{prices}}}"]
    lines += ["scenarios:"] if scenarios else []
    for n in range(scenarios):
        lines.append(f"  s{n}: {{{', '.join(f'{coin}: {drawn.uniform(-80, 200):.2f}%' for coin in coins)}}}")
    file = folder / f"stressed-{scenarios}.yaml"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def _contract(coin: str) -> str:
    tiers = "{up_to: 100, rate: 1%}, {up_to: 500, rate: 2%}, {up_to: 2000, rate: 3%}, {rate: 5%}"
    return (
        f"  {coin}USD: {{asset: {coin}, kind: inverse, multiplier: 1, tick_size: 0.001, lot_size: 1, taker_fee: 0.05%, "
        f"funding_interval: 8h, max_leverage: 25, maintenance: {{tiers: [{tiers}]}}}}"
    )


def _history(folder: Path) -> str:
    drawn = random.Random(2)
    sol, btc, at = 140.0, 40000.0, datetime(2015, 1, 1, tzinfo=UTC)
    lines = ["date,SOL,BTC"]
    for n in range(ROWS):
        move = drawn.gauss(0, 0.01)
        sol, btc = sol * math.exp(1.3 * move + drawn.gauss(0, 0.008)), btc * math.exp(move)
        lines.append(f"{at + n * timedelta(hours=1):%Y-%m-%d %H:%M:%S},{sol:.10f},{btc:.8f}")
    file = folder / "prices.csv"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def _best(arguments: Sequence[str], runs: int) -> float:
    return min(_seconds(arguments) for _ in range(runs))


def _seconds(arguments: Sequence[str]) -> float:
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "rebal", *arguments], stdout=subprocess.DEVNULL, env=env, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"rebal {' '.join(arguments)} left with {done.returncode}")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
