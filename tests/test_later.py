"""Rows that are worked out when they are first looked at: once, and like any others from then on."""

import pickle

import pytest

from rebal.frozen import Later
from rebal.planner import build
from test_golden import ROOT, planned


def test_rows_are_worked_out_once_when_somebody_looks() -> None:
    asked: list[str] = []

    def work() -> list[int]:
        asked.append("now")
        return [3, 5]

    rows = Later(work)
    assert not asked
    assert (len(rows), rows[0], rows[1:], list(rows), 5 in rows) == (2, 3, (5,), [3, 5], True)
    assert asked == ["now"]


def test_they_are_equal_by_value_and_travel_as_a_tuple() -> None:
    rows = Later(lambda: [3, 5])
    assert rows == (3, 5) == rows
    assert rows == Later(lambda: [3, 5])
    assert rows != Later(lambda: [3])
    assert (hash(rows), repr(rows)) == (hash((3, 5)), "(3, 5)")
    assert pickle.loads(pickle.dumps(rows)) == (3, 5)


@pytest.mark.parametrize("answer", ["plain", "table", "csv"])
def test_what_a_format_does_not_tell_is_not_worked_out(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from rebal import formats

    monkeypatch.setattr(build, "payoff_lines", lambda *_, **__: pytest.fail("worked out"))
    plan = planned(ROOT / "portfolios" / "drift.yaml")
    assert formats.render(answer, plan, formats.View(100, colour=False))
