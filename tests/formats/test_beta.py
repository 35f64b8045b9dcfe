"""Beta as people and scripts see it."""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rebal import formats
from rebal.beta import Beta, build_beta
from rebal.formats import View
from rebal.market.regression import Pair, regression

from .golden import assert_golden

MOVES = (0.011, -0.024, 0.017, 0.004, -0.013, 0.021, -0.008, 0.002, 0.015, -0.019) * 4
OTHERS = (0.004, 0.009, -0.006, 0.001, -0.011, 0.003, 0.012, -0.002, -0.007, 0.005) * 4


def closes(returns: list[float]) -> tuple[float, ...]:
    prices = [100.0]
    for each in returns:
        prices.append(prices[-1] * math.exp(each))
    return tuple(prices)


def beta(
    of_via: float, of_its_own: float, *, count: int = 40, step: timedelta = timedelta(days=1), force: bool = False
) -> Beta:
    own = [of_via * a + of_its_own * b for a, b in zip(MOVES[:count], OTHERS[:count], strict=True)]
    pair = Pair("SOL", "BTC", datetime(2026, 1, 1, tzinfo=UTC), step, closes(own), closes(list(MOVES[:count])))
    return build_beta(pair, regression(pair), force=force)


REPORTS: dict[str, Callable[[], Beta]] = {
    "beta": lambda: beta(1.3, 0.9),
    "beta-refused": lambda: beta(0.3, 2, count=10, step=timedelta(hours=4)),
    "beta-forced": lambda: beta(0.9, 2, force=True, step=timedelta(hours=1)),
}


def shown(report: Beta, width: int, form: str = "table", **view: object) -> str:
    return formats.render(form, report, View(**{"width": width, "colour": False, **view}))  # type: ignore[arg-type]


def figures(text: str) -> set[str]:
    return {token.strip(",;:()") for token in text.split() if any(each.isdigit() for each in token)}


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_screen(name: str, width: int) -> None:
    assert_golden(f"{name}-{width}.txt", shown(REPORTS[name](), width))


@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_text_on_a_pipe(name: str) -> None:
    text = shown(REPORTS[name](), 100, "plain")
    assert text == shown(REPORTS[name](), 20, "plain")
    assert text.isascii()
    assert_golden(f"{name}-plain.txt", text)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_stands_at_every_width(name: str, width: int) -> None:
    assert figures(shown(REPORTS[name](), 300)) == figures(shown(REPORTS[name](), width))
    assert shown(REPORTS[name](), width, ascii=True).isascii()


@pytest.mark.parametrize("name", REPORTS)
def test_colour_changes_nothing_but_colour(name: str) -> None:
    coloured = shown(REPORTS[name](), 100, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown(REPORTS[name](), 100)


def test_the_lines_to_paste_stand_as_they_are_pasted() -> None:
    report = beta(1.3, 0.9)
    assert "\nproxies:\n  SOL: {via: BTC, beta: 1.1533}\n" in shown(report, 20)
    assert "\npaste     proxies: {SOL: {via: BTC, beta: 1.1533}}\n" in shown(report, 100, "plain")


def test_json_has_every_figure_as_a_string_and_counts_as_numbers() -> None:
    said = json.loads(shown(beta(1.3, 0.9), 100, "json"))
    assert (said["schema"], said["count"], said["step_hours"]) == ("rebal/beta/1", 40, "24")
    assert (said["first"], said["last"]) == ("2026-01-01T00:00:00Z", "2026-02-10T00:00:00Z")
    assert all(isinstance(said[key], str) for key in ("beta", "r_squared", "standard_error"))
    assert said["refused"] is False


def test_csv_has_no_table_but_the_findings() -> None:
    assert shown(beta(1.3, 0.9), 100, "csv") == "severity,code,subject,message,data\n"
