"""``rebal replay`` as it is typed."""

import json
from pathlib import Path

import pytest
from lifecycle import BOOK, NOW, made, refused

from program import answered

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


@pytest.mark.parametrize(
    ("code", "typed", "said"),
    [
        (2, (), "replay needs prices"),
        (2, ("--prices", "prices.csv", "--gaps", "drop"), "--gaps drop: write carry"),
        (2, ("--prices", "prices.csv", "--refused", "sell"), "--refused sell: write one of hold, rescue"),
        (2, ("--prices", "prices.csv", "--check", "0d"), "--check 0d: write a length of time"),
        (2, ("--prices", "prices.csv", "--check", "often"), "--check often: is not a length of time"),
        (2, ("--prices", "prices.csv", "--from", "soon"), "--from soon: is not a timestamp"),
        (2, ("--prices", "prices.csv", *COSTS, "--against", "cash"), "cash is no way here; write one of hedge, hold"),
        (3, ("--prices", "prices.csv"), "costs.slippage: is missing, and every fill pays it"),
        (3, ("--prices", "prices.csv", "--costs", "slippage=0%", "--against", "spot"), "costs.spot_fee: is missing"),
        (3, ("--prices", "none.csv", *COSTS), "none.csv: does not exist"),
        (3, ("--prices", "prices.csv", *COSTS, "--from", "2025-01-01"), "leaves fewer than 2 prices to replay"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_said(code: int, typed: tuple[str, ...], said: str) -> None:
    assert said in refused(code, "replay", *typed)
