"""A plan that was placed in part: what is left of it is known until it is filled, replaced or forgotten."""

import json
from pathlib import Path

import pytest
from lifecycle import NOW, done, made, refused, saved, start_over

from program import PORTFOLIO, answered

LATER = ("--now", "2026-11-20T10:00:00Z")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which half of the first order of a plan is filled, and nothing of the second."""
    start_over(tmp_path, PORTFOLIO.replace("venue: binance", "venue: bybit"))
    monkeypatch.chdir(tmp_path)
    done("record", "plan", saved("plan"), "--fill", "BTCUSD=5000@40000")
    return tmp_path


def waiting(command: str = "status") -> dict[str, str]:
    found = json.loads(answered(command, "--format", "json", *LATER).out)["findings"]
    return {each["subject"]: each["data"]["contracts"] for each in found if each["code"] == "unfilled"}


def test_status_and_plan_say_what_is_not_filled_until_it_is() -> None:
    status = answered("status", *LATER)
    assert status.code == 10
    assert (
        "warning   unfilled  BTCUSD  6000 of 11000 contracts to be sold by the plan recorded at 2026-11-20T09:00:00Z "
        "are not filled: record them once they are; what forgets them: rebal record void "
    ) in status.out
    assert waiting() == waiting("plan") == {"BTCUSD": "-6000", "ETHUSD": "11000"}
    assert "cancel what waits of them before this is placed" in answered("plan", "--brief", *LATER).out
    done("record", "plan", "plan.json", "--fill", "BTCUSD=6000@40000", "--fill", "ETHUSD=11000@2500")
    assert waiting() == {}
    assert answered("status", *LATER).code == 0


def test_recording_it_again_changes_nothing() -> None:
    before = made("history")["entries"]
    told = made("record", "plan", "plan.json", "--fill", "BTCUSD=5000@40000")
    assert told["entries"] == []
    assert made("history")["entries"] == before
    assert before[-1]["type"] == "orders"
    assert before[-1]["orders"][0] == {
        "contract": "BTCUSD", "contracts": "-11000", "purpose": "rebalance", "stands_for": "BTC"
    }  # fmt: skip


def test_what_is_not_to_be_is_forgotten_with_the_command_that_status_names() -> None:
    (message, *_) = [
        each["message"]
        for each in json.loads(answered("status", "--format", "json", *LATER).out)["findings"]
        if each["code"] == "unfilled"
    ]
    words = message.partition("rebal ")[2].replace("'", "").split(" --reason ")
    done(*words[0].split(), "--reason", words[1], now=LATER)
    assert waiting() == {}


def test_a_plan_that_is_recorded_later_takes_its_place() -> None:
    again = saved("plan")
    done("record", "plan", again)
    assert waiting() == {}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_export_brings_it_back(folder: Path, form: str) -> None:
    (folder / f"all.{form}").write_text(done("history", "--format", form))
    (folder / "portfolio.journal.db").unlink()
    done("record", "from", f"all.{form}")
    assert waiting() == {"BTCUSD": "-6000", "ETHUSD": "11000"}


def test_a_plan_that_is_filled_whole_leaves_nothing_to_know(folder: Path) -> None:
    (folder / "portfolio.journal.db").unlink()
    done("record", "plan", "plan.json")
    assert "orders" not in [each["type"] for each in made("history")["entries"]]
    assert "orders" not in done("history", "--format", "csv").splitlines()[0].split(",")


def test_a_fill_against_what_waits_is_told(folder: Path) -> None:
    fill = ("record", "fill", "--contract", "BTCUSD", "--price", "40000", "--fee", "0")
    told = "BTCUSD: 137 contracts, and a recorded plan waits for -6000; sold is negative; if that is a slip, "
    assert made(*fill, "--contracts", "137", "--dry-run", now=LATER)["notes"] == [
        f"{told}correct it before it is recorded"
    ]
    assert made(*fill, "--contracts", "137", now=LATER)["notes"] == [f"{told}void the entry"]
    assert made(*fill, "--contracts", "-137", "--id", "x", now=LATER)["notes"] == []
    assert waiting()["BTCUSD"] == "-5863"
    assert made(*fill, "--contracts", "138", "--yes", now=LATER)["notes"] == []


def test_a_fill_that_takes_a_weight_further_out_is_told(folder: Path) -> None:
    (folder / "portfolio.journal.db").unlink()
    fill = ("record", "fill", "--contract", "BTCUSD", "--price", "40000", "--fee", "0", "--dry-run")
    told = "BTCUSD: 1370 contracts take BTC from 9.6 to 10.8 points over its weight; sold is negative; "
    assert made(*fill, "--contracts", "1370", now=NOW)["notes"] == [
        f"{told}if that is a slip, correct it before it is recorded"
    ]
    assert made(*fill, "--contracts", "-1370", now=NOW)["notes"] == []
    assert made(*fill, "--contracts", "1370", "--purpose", "hedge", now=NOW)["notes"] == []


def test_what_is_refused_leaves_no_orders_behind() -> None:
    assert "record fill" in refused(1, "record", "plan", "plan.json", "--fill", "BTCUSD=60000@40000")
    assert [each["type"] for each in made("history")["entries"]].count("orders") == 1
