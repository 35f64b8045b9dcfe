"""``rebal beta`` on the command line."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from program import answered, rebal

MOVES = [0.01 * math.sin(n * n) for n in range(120)]
OWN = [0.01 * math.sin(3 * n * n + 1) for n in range(120)]


def history(folder: Path, follows: float, name: str = "prices.csv") -> str:
    lines, sol, btc, day = ["date,SOL,BTC"], 140.0, 40000.0, datetime(2026, 1, 1, tzinfo=UTC)
    for n, (move, own) in enumerate(zip(MOVES, OWN, strict=True)):
        lines.append(f"{day + n * timedelta(days=1):%Y-%m-%d},{sol:.10f},{btc:.10f}")
        sol, btc = sol * math.exp(follows * move + (1 - follows / 2) * own), btc * math.exp(move)
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def single(folder: Path, column: int, name: str) -> str:
    rows = [line.split(",") for line in Path(history(folder, 1.6)).read_text().splitlines()]
    file = folder / name
    file.write_text("".join(f"{row[0]},{row[column]}\n" for row in [["date", "close", "close"], *rows[1:]]))
    return str(file)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return history(tmp_path, 1.6)


def test_a_coin_that_follows(file: str) -> None:
    done = answered("beta", "SOL", "--via", "BTC", "--history", file, "--format", "json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert (said["asset"], said["via"], said["count"]) == ("SOL", "BTC", 119)
    assert abs(float(said["beta"]) - 1.6) < 4 * float(said["standard_error"])
    assert float(said["r_squared"]) > 0.9
    assert said["proxies"][0] == "proxies:"


def test_two_files_say_what_one_says(file: str, tmp_path: Path) -> None:
    sol, btc = single(tmp_path, 1, "sol.csv"), single(tmp_path, 2, "btc.csv")
    both = answered("beta", "SOL", "--via", "BTC", "--history", file)
    apart = answered("beta", "SOL", "--via", "BTC", "--history", sol, "--via-history", btc)
    assert (apart.code, apart.out) == (0, both.out)


def test_what_is_pasted_makes_a_portfolio_that_plans_through_it(file: str, tmp_path: Path) -> None:
    pasted = answered("beta", "SOL", "--via", "BTC", "--history", file).out.split("paste     ")[1].splitlines()[0]
    (tmp_path / "portfolio.yaml").write_text(
        "venue: binance\nas_of: 2026-11-20T08:00:00Z\nholdings: {SOL: 100, BTC: 1}\n"
        "targets: {SOL: 10%, BTC: 90%}\npolicy: {routes: [proxy, inverse]}\n"
        f"market: {{prices: {{SOL: 140, BTC: 40000}}}}\n{pasted}\n"
    )
    assert answered("check", str(tmp_path / "portfolio.yaml")) == (0, "", "")


def test_a_window_takes_the_last_returns(file: str) -> None:
    arguments = ("beta", "SOL", "--via", "BTC", "--history", file, "--format", "json")
    said = json.loads(answered(*arguments, "--window", "60").out)
    assert (said["count"], said["first"], said["last"]) == (60, "2026-03-01T00:00:00Z", "2026-04-30T00:00:00Z")
    whole = json.loads(answered(*arguments, "--window", "119").out)
    assert whole == json.loads(answered(*arguments).out)


def test_one_that_does_not_follow_is_refused_unless_forced(tmp_path: Path) -> None:
    arguments = ("beta", "SOL", "--via", "BTC", "--history", history(tmp_path, 0.4))
    done = answered(*arguments)
    assert done.code == 1
    assert "refused" in done.out
    assert "paste" not in done.out
    forced = answered(*arguments, "--force")
    assert forced.code == 0
    assert "paste     proxies: {SOL: {via: BTC, beta: 0." in forced.out
    written = answered(*arguments, "--out", str(tmp_path / "beta.json"))
    assert (written.code, written.out) == (1, "")
    assert written.err.startswith("rebal: refused: SOL: shares ")
    assert json.loads((tmp_path / "beta.json").read_text())["refused"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sol", "--via", "BTC"], "sol: is no asset's name; write 1 to 20 of A-Z and 0-9"),
        (["SOL", "--via", "SOL"], "--via SOL: is the coin itself; name the one to hedge it through"),
        (["SOL", "--via", "BTC", "--window", "2"], "--window 2: write a whole number of returns from 3"),
        (["SOL", "--via", "BTC", "--window", "30.5"], "--window 30.5: write a whole number of returns from 3"),
        (["SOL", "--via", "BTC", "--window", "90d"], "--window 90d: is not a number"),
        (["SOL", "--via", "BTC", "--window", "120"], "--window 120: the history holds 119 returns; write at most"),
    ],
)
def test_refused(file: str, arguments: list[str], said: str) -> None:
    done = answered("beta", *arguments, "--history", file)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rebal: {said}")


@pytest.mark.parametrize(
    "missing", [["SOL", "--via", "BTC"], ["SOL", "--history", "x"], ["--via", "BTC", "--history", "x"]]
)
def test_what_is_missing_is_a_usage_error(missing: list[str]) -> None:
    done = answered("beta", *missing)
    assert (done.code, done.out) == (2, "")
    assert "Missing" in done.err


def test_a_bad_history_is_invalid_input(tmp_path: Path) -> None:
    done = answered("beta", "SOL", "--via", "BTC", "--history", str(tmp_path / "none.csv"))
    assert (done.code, done.out) == (3, "")
    assert done.err == f"{tmp_path}/none.csv: does not exist; name an existing file\n"
    (tmp_path / "prices.csv").write_text("date,SOL,BTC\n2026-01-01,1,2\n")
    done = answered("beta", "SOL", "--via", "BTC", "--history", str(tmp_path / "prices.csv"))
    assert (done.code, done.out) == (3, "")
    assert "too few closes" in done.err


def test_out_is_never_the_history(file: str) -> None:
    before = Path(file).read_bytes()
    done = answered("beta", "SOL", "--via", "BTC", "--history", file, "--out", file)
    assert done.code == 2
    assert Path(file).read_bytes() == before


def test_a_history_on_stdin(file: str) -> None:
    done = rebal("beta", "SOL", "--via", "BTC", "--history", "-", stdin=Path(file).read_text())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("beta      SOL  via BTC")
