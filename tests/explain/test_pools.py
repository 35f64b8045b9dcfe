"""A pooled account derived: what its coins count, what is asked of it, and its levels, from numbers that are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from drawn import FEWER
from exact import exact
from planner.test_accounts import NOW, WORKED, books, carried_out, inputs, planned, read
from program import answered
from rebal.amounts import Fraction, plain
from rebal.explain import derivations
from rebal.formula import evaluated
from rebal.planner.ladder import Ladder
from rebal.planner.rescue import build_rescue
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.reports.explanation import Derivation

F = Fraction
AT = ("--now", NOW.isoformat().replace("+00:00", "Z"))
FORMULAS = ("credit", "initial_margin", "maintenance_margin", "position_value", "printed_rate", "margin_ratio")


def told(tmp_path: Path, text: str) -> dict[str, Any]:
    file = tmp_path / "portfolio.yaml"
    file.write_text(text, encoding="utf-8")
    saved = tmp_path / "status.json"
    answered("status", str(file), "--out", str(saved), *AT)
    done = answered("explain", str(saved), "accounts", "-p", str(file), "--format", "json", *AT)
    assert (done.code, done.err) == (0, "")
    return {each["figure"].removeprefix("accounts.bybit."): each for each in json.loads(done.out)["derivations"]}


def terms(each: dict[str, Any]) -> dict[str, Fraction]:
    return {term["symbol"]: exact(term["value"]) for term in each["terms"]}


def test_the_worked_account_by_hand(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        "targets: {BTC: 100%, ETH: 0%}\npolicy: {band: 100%}\n"
        + WORKED.replace("{leverage: 10}", "{leverage: 10, max_leverage: 10}"),
    )
    assert found["credit"]["formula"] == "r_BTC · b_BTC · S_BTC"
    assert terms(found["credit"]) == {"r_BTC": exact("0.98"), "b_BTC": 1, "S_BTC": 40000}
    asked = terms(found["maintenance_margin"])
    # 60,000 · 1 % and the fee of closing at the bankruptcy price: 60,000 · 1.1 · 0.055 %
    assert (asked["k"], asked["t"], asked["L"]) == (exact("0.01"), exact("0.00055"), F(10))
    assert found["maintenance_margin"]["value"] == "636.3"
    assert found["initial_margin"]["value"] == "6036.3"
    line = terms(found["levels.all.below"])
    # 39,200 f + 60,000 (f - 1) = 600 + 36.3 f
    assert (line["g_BTC"], line["h_BTC"]) == (F(39200), F(0))
    assert (line["g_ETH"], line["h_ETH"]) == (exact("59963.7"), F(-60600))
    assert -(line["h_BTC"] + line["h_ETH"]) / (line["g_BTC"] + line["g_ETH"]) == exact("606000/991637")
    assert found["nearest.factor"]["terms"][0]["found"] == "accounts.bybit.levels.all.below"
    assert found["printed_rate"]["formula"] == "down(m / c, step)"


def test_a_coin_in_parts_and_one_that_is_owed(tmp_path: Path) -> None:
    parts = "{BTC: [{up_to: 0.5, ratio: 98%}, {up_to: 2, ratio: 90%}]}\n    borrowing: {initial: 10%, maintenance: 4%}"
    found = told(tmp_path, WORKED.replace("{BTC: 98%}", parts).replace("entry_price: 2500", "entry_price: 2600"))
    assert found["credit"]["formula"] == "(r1_BTC · u1_BTC + r2_BTC · (b_BTC − u1_BTC)) · S_BTC + b_ETH · S_ETH"
    assert found["maintenance_margin"]["formula"].endswith(" + |b_ETH| · S_ETH · d")
    assert terms(found["maintenance_margin"])["d"] == exact("0.04")
    assert terms(found["initial_margin"])["d"] == exact("0.1")
    assert found["debts.ETH"]["formula"] == "|b_ETH|"


@pytest.mark.parametrize("venue", ["okx", "deribit", "binance", "kucoin"])
def test_every_venue_is_told_in_its_own_way(tmp_path: Path, venue: str) -> None:
    names = {"okx": "ETH-USD-SWAP", "deribit": "BTC-PERPETUAL", "binance": "ETHUSD_PERP", "kucoin": "ETHUSDM"}
    text = WORKED.replace("venue: bybit", f"venue: {venue}\n    margin: pooled").replace(
        "contracts: {ETHUSD: {leverage: 10}}\n", "").replace("{contract: ETHUSD, contracts: 60000",
        f"{{contract: {names[venue]}, contracts: 2000")  # fmt: skip
    found = told(tmp_path, text)
    assert all(each["agrees"] for each in found.values())
    assert found["credit"]["formula"]
    assert found["maintenance_margin"]["formula"]
    assert (found["initial_margin"]["formula"] is None) is (venue == "deribit")
    assert found["printed_rate"]["formula"] in ("c / m", "down(m / c, step)")


@FEWER
@given(text=books())
def test_every_figure_of_a_pool_comes_to_what_the_plan_says(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    left = carried_out(plan, made)
    stood = build_status(made, left, inputs=inputs(made))
    for report, book in ((plan, made.statement), (stood, left)):
        found = {each.figure: each for each in derivations(report, made, book)}
        for line in report.accounts:
            if line.credit is not None:
                at = f"accounts.{line.account}"
                assert all(_comes(found[f"{at}.{field}"], getattr(line, field)) for field in FORMULAS)
                for level in line.levels:
                    for way in ("below", "above"):
                        each = found[f"{at}.levels.{level.path}.{way}"]
                        assert each.value == getattr(level, way)
                        assert each.value in (None, 1) or _comes(each, each.value)


@FEWER
@given(text=books())
def test_every_figure_of_several_accounts_of_every_kind(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    for plan in (
        planned(made),
        build_rescue(made, made.statement, inputs=inputs(made)),
        build_unwind(made, made.statement, inputs=inputs(made), force=True, ladder=Ladder()),
    ):
        found = derivations(plan, made, made.statement)
        assert len({each.figure for each in found}) == len(found)
        assert [each for each in found if not each.agrees] == []


def _comes(each: Derivation, figure: Fraction | None) -> bool:
    """Whether the formula, put in the numbers beside it, is the figure."""
    if figure is None:
        return each.value is None
    assert each.formula is not None, each.figure
    comes = evaluated(each.formula, {term.symbol: term.value for term in each.terms})
    return each.agrees and each.value == figure and comes == figure and bool(plain(comes))
