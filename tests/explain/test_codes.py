"""A finding's code is explained: what it means, its figures, and what to do."""

import json
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, answered
from rebal.commands._finding_codes import MEANINGS, meanings
from rebal.findings import Code

AT = NOW


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a book, and of a plan of it of which nothing was filled."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    answered("plan", *AT, "--out", "plan.json")
    orders = json.loads((tmp_path / "plan.json").read_text())["orders"]
    none = [word for each in orders for word in ("--fill", f"{each['contract']}=0")]
    assert answered("record", "plan", "plan.json", *none, *AT).code == 0
    answered("status", *AT, "--out", "s.json")
    return tmp_path


def test_every_code_is_answered() -> None:
    for code in Code:
        meaning, instead = MEANINGS[code]
        (told,) = meanings(code.value, ())
        assert (told.figure, told.title, told.value) == (f"findings.{code.value}", meaning, None)
        assert told.note.endswith(f": {instead}")
        for text in (meaning, instead):
            assert text.isascii()
            assert not text.endswith(".")


def test_its_findings_are_told_with_their_figures() -> None:
    findings = [each for each in json.loads(Path("s.json").read_text())["findings"] if each["code"] == "unfilled"]
    assert findings
    told = json.loads(answered("explain", "s.json", "unfilled", "--format", "json", *AT).out)["derivations"]
    for each in findings:
        at = f"findings.{each['subject']}.unfilled"
        (meant,) = [row for row in told if row["figure"] == at]
        assert meant["note"].startswith(f"{each['severity']}: {each['message']}; what to do: record it once")
        (contracts,) = [row for row in told if row["figure"] == f"{at}.contracts"]
        assert contracts["value"] == each["data"]["contracts"]
        alone = json.loads(answered("explain", "s.json", at, "--format", "json", *AT).out)["derivations"]
        assert [row["figure"] for row in alone] == [row["figure"] for row in told if row["figure"].startswith(at)]


def test_of_one_that_is_not_there_it_says_so_in_words() -> None:
    shown = answered("explain", "s.json", "over-hedged", "--format", "table", "--width", "100", *AT).out
    assert "more of a coin is short than is held" in shown
    assert "there is no such finding here; what to do where there is one: hedge less" in " ".join(shown.split())
    plain = answered("explain", "s.json", "over-hedged", *AT).out
    assert plain.startswith("figure    findings.over-hedged  none  more of a coin is short than is held; there is no")


def test_a_slip_in_a_code_is_offered_the_code() -> None:
    refused = answered("explain", "s.json", "unfiled", *AT)
    assert refused.code == 2
    assert "did you mean unfilled, " in refused.err


def test_a_name_that_is_a_figure_s_too_is_both() -> None:
    told = json.loads(answered("explain", "s.json", "drift", "--format", "json", *AT).out)["derivations"]
    figures = [row["figure"] for row in told]
    assert figures[0].startswith("findings.")
    assert figures[0].endswith(".drift")
    assert "assets.BTC.drift" in figures
    assert len(set(figures)) == len(figures)
    told = json.loads(answered("explain", "s.json", "leverage", "--format", "json", *AT).out)["derivations"]
    assert told
    assert all(row["value"] is not None for row in told)  # it is not said that there is no such finding
