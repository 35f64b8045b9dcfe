"""``rebal replay`` as it is typed."""

import json
import sys
from pathlib import Path

import pytest
from lifecycle import BOOK, NOW, made, refused

from dask_cluster import cluster
from program import answered, rebal

PRICES = "".join(
    ["time,BTC,ETH\n"]
    + [f"2024-01-{day:02},{40000 + 2500 * (day % 7)},{2500 - 40 * (day % 5)}\n" for day in range(1, 29)]
)
COSTS = ("--costs", "slippage=0.05%,spot_fee=0.1%")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portfolio.yaml").write_text(BOOK)
    (tmp_path / "prices.csv").write_text(PRICES)
    return tmp_path


def test_a_replay_says_what_became_of_the_book() -> None:
    told = made("replay", "--prices", "prices.csv", *COSTS, "--against", "hold,spot,hedge,unhedged")
    assert told["schema"] == "rebal/replay/1"
    assert [way["way"] for way in told["ways"]] == ["plan", "hold", "spot", "hedge", "unhedged"]
    assert (told["since"], told["until"], told["checks"]) == ("2024-01-01T00:00:00Z", "2024-01-28T00:00:00Z", 28)
    assert len(told["path"]) == 28
    held = next(way for way in told["ways"] if way["way"] == "hold")
    assert held["equity_end"] == str(2 * 40000 + 14 * (2500 - 40 * 3) + 5000)


@pytest.mark.parametrize("form", ["table", "plain", "csv", "json"])
def test_every_format_shows_it(form: str) -> None:
    code, out, err = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--format", form)
    assert (code, err) == (0, "")
    assert out
    if form == "csv":
        assert out.splitlines()[0].startswith("time,plan,hold,spot")
        assert len(out.splitlines()) == 29


def test_a_saved_replay_is_shown_again() -> None:
    code, _, err = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--out", "replay.json")
    assert (code, err) == (0, "")
    assert json.loads(Path("replay.json").read_text())["schema"] == "rebal/replay/1"
    assert "prices.csv" in refused(2, "replay", "--prices", "prices.csv", *COSTS, "--out", "prices.csv")


def test_the_weights_are_drawn_against_their_bands() -> None:
    told = made("replay", "--prices", "prices.csv", *COSTS)
    weights = {line["asset"]: (line["target"], line["lowest"], line["highest"]) for line in told["bands"]}
    assert weights["BTC"] == ("0.5", "0.45", "0.55")
    code, _, err = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--chart", "weights", "--out", "w.svg")
    assert (code, err) == (0, "")
    assert Path("w.svg").read_text().count('class="band ink') == 2
    code, out, _ = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--format", "table", "--width", "100")
    assert code == 0
    assert "band 45.0 % to 55.0 %" in out


@pytest.mark.parametrize(("chart", "curves"), [("path", 3), ("distance", 1)])
def test_equity_and_the_distance_to_liquidation_are_drawn(chart: str, curves: int) -> None:
    code, _, err = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--chart", chart, "--out", "c.svg")
    assert (code, err) == (0, "")
    assert Path("c.svg").read_text().count("<polyline") == curves
    code, page, _ = answered("replay", "--prices", "prices.csv", *COSTS, *NOW, "--format", "html")
    assert code == 0
    assert page.count("<polyline") >= curves + 2


SWEPT = ("replay", "--prices", "prices.csv", *COSTS, "--against", "hold", "--policy", "band=2%..6%:2%")


def test_policies_are_tried_and_the_best_is_told() -> None:
    told = made(*SWEPT, "--policy", "leverage=1,2", "--starts", "2", "--rank", "cost")
    assert [line["place"] for line in told["combinations"]] == list(range(1, 7))
    assert {(line["policy"]["band"], line["policy"]["leverage"]) for line in told["combinations"]} == {
        (band, leverage) for band in ("2%", "4%", "6%") for leverage in ("1", "2")
    }
    best = told["combinations"][0]
    assert (told["ranked_by"], best["equity_end"]) == ("cost", told["ways"][0]["equity_end"])
    assert best["least_change"] is not None


def test_futures_have_their_shares_and_quantiles() -> None:
    told = made(*SWEPT[:7], "--paths", "10", "--block", "3d", "--seed", "4")["drawn"]
    assert (told["paths"], told["block_days"], told["seed"]) == (10, "3", 4)
    assert [line["figure"] for line in told["lines"]][:3] == ["liquidated", "refused", "end"]
    code, out, err = answered(*SWEPT[:7], "--paths", "10", *NOW, "--format", "table")
    assert (code, err) == (0, "")
    assert "10 drawn from these prices" in out


def test_several_processes_give_the_same_bytes() -> None:
    alone = answered(*SWEPT, "--paths", "6", *NOW, "--format", "json")
    assert answered(*SWEPT, "--paths", "6", *NOW, "--format", "json", "--jobs", "2") == alone


def test_without_numpy_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("rebal.replay")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpy", None)
    said = refused(4, "replay", "--prices", "prices.csv", *COSTS)
    assert said == "rebal: replay needs numpy: pip install 'rebal[replay]'\n"


@pytest.mark.parametrize(
    ("code", "typed", "said"),
    [
        (2, (), "replay needs prices"),
        (2, ("--prices", "prices.csv", "--gaps", "drop"), "--gaps drop: write carry"),
        (2, ("--prices", "prices.csv", "--refused", "sell"), "--refused sell: write one of fit, hold, rescue"),
        (2, ("--prices", "prices.csv", "--check", "0d"), "--check 0d: write a length of time"),
        (2, ("--prices", "prices.csv", "--check", "often"), "--check often: is not a length of time"),
        (
            2,
            ("--prices", "prices.csv", "--from", "soon"),
            "--from soon: is neither a day nor a timestamp; write one like 2026-11-20 or",
        ),
        (2, ("--prices", "prices.csv", *COSTS, "--against", "cash"), "cash is no way here; write one of hedge, hold"),
        (2, ("--prices", "prices.csv", "--policy", "bands=1%"), "bands is no rule here; did you mean band?"),
        (2, ("--prices", "prices.csv", "--policy", "band=5"), "band=5: 5 is above 1 without a percent sign"),
        (2, ("--prices", "prices.csv", "--policy", "band=5%..1%:1%"), "a range goes up, in steps above 0"),
        (2, ("--prices", "prices.csv", "--policy", "band=1%..2%"), "write a range as 2%..10%:2%"),
        (2, ("--prices", "prices.csv", "--policy", "band"), "--policy band: has no value; write band=VALUE"),
        (2, ("--prices", "prices.csv", "--policy", "band="), "--policy band=: has no value; write band=VALUE"),
        (2, ("--prices", "prices.csv", "--policy", "band=0..1:0.0001"), "10001 values are asked for; ask for at most"),
        (2, ("--prices", "prices.csv,more.csv"), "--prices prices.csv,more.csv: give --prices once for each file"),
        (2, ("more.csv", "--prices", "prices.csv"), "more.csv is no portfolio; give --prices before each file"),
        (2, ("--prices", "prices.csv", "--policy", "refused=sell"), "write one of fit, hold, rescue"),
        (2, ("--prices", "prices.csv", "--rank", "luck"), "--rank luck: write one of closest, cost, drift, end, fall"),
        (2, ("--prices", "prices.csv", "--paths", "1.5"), "--paths 1.5: write a whole number from 0"),
        (2, ("--prices", "prices.csv", "--jobs", "0"), "--jobs 0: write a whole number of processes"),
        (
            3,
            ("--prices", "prices.csv"),
            "costs.slippage: is missing, and every fill pays it; add costs: {slippage: 0.05%} to the file, or give ",
        ),
        (3, ("--prices", "prices.csv", "--costs", "slippage=0%", "--against", "spot"), "costs.spot_fee: is missing"),
        (3, ("--prices", "none.csv", *COSTS), "none.csv: does not exist"),
        (3, ("--prices", "prices.csv", *COSTS, "--from", "2025-01-01"), "and fewer than 2 within --from and --to"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_said(code: int, typed: tuple[str, ...], said: str) -> None:
    assert said in refused(code, "replay", *typed)


def test_a_cluster_gives_the_same_bytes_as_one_process(tmp_path: Path) -> None:
    asked = (*SWEPT, "--starts", "2", "--paths", "6", *NOW, "--format", "json")
    alone = rebal(*asked, cwd=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with cluster(tmp_path / "elsewhere", workers=2) as found:
        there = rebal(*asked, "--cluster", found.address, cwd=tmp_path)
    assert (there.returncode, there.stderr, there.stdout) == (0, "", alone.stdout)
    assert len(json.loads(alone.stdout)["combinations"]) == 3
