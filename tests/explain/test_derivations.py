"""Each derivation, redone with a calculator of the tests' own, comes to the figure that the plan has."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from planner.books import SETTINGS, books
from planner.given import INPUTS
from program import NOW, PORTFOLIO, ROOT, answered
from rebal.amounts import Fraction, plain
from rebal.explain import derivations
from rebal.planner import build_plan
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.rescue import build_rescue
from rebal.planner.routes import SHORT
from rebal.planner.unwind import build_unwind
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation

PORTFOLIOS = sorted((ROOT / "portfolios").glob("*.yaml"))
CURVES = (".by_day.", "payoff.")
TOLD_ELSEWHERE = (
    "accounts",
    "levels",
    "inputs",
    "findings",
    "settings",
    "steps",
    "ways",
    "schema",
    "command",
    "name",
    "venue",
    "as_of",
)


def up(value: Fraction, step: Fraction) -> Fraction:
    whole = value / step
    return (whole.numerator + whole.denominator - 1) // whole.denominator * step


def down(value: Fraction, step: Fraction) -> Fraction:
    whole = value / step
    return whole.numerator // whole.denominator * step


def toward_zero(value: Fraction, step: Fraction) -> Fraction:
    return down(value, step) if value >= 0 else -down(-value, step)


def digits18(value: Fraction) -> Fraction:
    return exact(f"{Decimal(value.numerator) / Decimal(value.denominator):.17e}")


CALCULATOR = {"up": up, "down": down, "toward_zero": toward_zero, "digits18": digits18, "max": max, "min": min}


def redone(each: Derivation) -> Fraction:
    """The formula as Python reads it, on the numbers that stand with it."""
    assert each.formula is not None
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", each.formula).replace("·", "*").replace("−", "-")
    values = {term.symbol: term.value for term in each.terms}
    return Fraction(eval(text, {"__builtins__": {"abs": abs}}, {**CALCULATOR, **values}))


def hold(found: tuple[Derivation, ...]) -> None:
    for each in found:
        assert each.agrees, (each.figure, each.formula, each.terms)
        if each.formula is None:
            assert each.note
            assert each.terms == ()
        else:
            assert each.value is not None
            assert redone(each) == each.value, each.figure


@given(made=books())
@SETTINGS
def test_every_figure_of_a_plan_of_any_book(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    hold(derivations(plan, made, made.statement))


@given(made=books())
@SETTINGS
def test_every_figure_of_closing_and_of_a_rescue(made: Portfolio) -> None:
    for plan in (
        build_unwind(made, made.statement, inputs=INPUTS, force=True),
        build_rescue(made, made.statement, inputs=INPUTS),
    ):
        hold(derivations(plan, made, made.statement))


@given(made=books(), share=st.sampled_from(["0.1", "0.5", "1"]))
@SETTINGS
def test_every_figure_of_a_hedge(made: Portfolio, share: str) -> None:
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    asked = [asset for asset in sorted(made.targets or ()) if asset != "USD"]
    asks = [Ask(asset, exact(share), desk.candidates(asset, SHORT)) for asset in asked]
    plan = build_hedge(made, made.statement, asks=asks, inputs=INPUTS, allow_over_hedge=True)
    hold(derivations(plan, made, made.statement))


NAMES = (".contract", ".until", ".isolated_margin", ".other_account", ".hours")
"""What is null where there is none and no figure where there is."""


def figures(value: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    """Every figure of a plan's JSON by its path; rows by what they are of."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from figures(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                name = each.get("contract") or each.get("asset") or each.get("currency") or each.get("purpose")
                yield from figures(each, f"{path.removesuffix('.breakdown')}.{name}")
    elif value is None or (isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)):
        yield path, value


@pytest.mark.parametrize("path", PORTFOLIOS, ids=lambda path: path.stem)
def test_every_figure_of_a_saved_plan_is_told_and_is_its_figure(path: Path, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    asked = ("plan",) if "targets:" in path.read_text() else ("hedge", "BTC", "--pct", "50")
    assert answered(*asked, "-p", str(path), "--out", str(saved), *NOW).code == 0
    plan = json.loads(saved.read_text())
    done = answered("explain", str(saved), "-p", str(path), "--format", "json", *NOW)
    assert (done.code, done.err) == (0, "")
    told = {each["figure"]: each for each in json.loads(done.out)["derivations"]}
    for figure, value in figures(plan):
        if any(curve in figure for curve in CURVES):
            continue
        if figure.split(".")[0] in TOLD_ELSEWHERE or figure.endswith(NAMES):
            continue
        if figure.split(".")[-1] in ("target_weight", "drift", "aimed_weight", "outside_band") and value is None:
            continue
        assert figure in told, figure
        assert told[figure]["value"] == value, figure
        assert told[figure]["agrees"] is True


def test_a_liquidation_price_by_hand(tmp_path: Path) -> None:
    # 2 BTC short by half: a long of 2,000 USD of ETH at 2,500 on 0.8 ETH and some: N(1 + m) / (N/e + W).
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO)
    done = answered("explain", "wallets.ETH.liquidation_below", "-p", str(book), "--format", "json", *NOW)
    (each,) = json.loads(done.out)["derivations"]
    numbers = {term["symbol"]: exact(term["value"]) for term in each["terms"]}
    dollars = abs(numbers["n"]) * numbers["V"]
    by_hand = dollars * (1 + numbers["k"]) / (dollars / numbers["e"] + numbers["W"])
    assert plain(by_hand) == each["value"]


def test_a_figure_that_is_not_the_plans_is_said_not_to_be(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    book.write_text(PORTFOLIO)
    assert answered("plan", str(book), "--out", str(saved), *NOW).code == 0
    for figure in ("leverage", "maintenance_margin", "liquidation_below"):
        plan = json.loads(saved.read_text())
        (wallet,) = [each for each in plan["wallets"] if each["currency"] == "ETH"]
        wallet[figure] = plain(exact(wallet[figure]) + exact("0.01"))
        saved.with_name("other.json").write_text(json.dumps(plan))
        done = answered("explain", str(saved.with_name("other.json")), f"wallets.ETH.{figure}", "-p", str(book), *NOW)
        assert done.code == 1
        assert "does not come to the plan's figure" in done.err
        assert "differs" in done.out


def test_a_plan_of_another_statement_is_refused(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    book.write_text(PORTFOLIO)
    assert answered("plan", str(book), "--out", str(saved), *NOW).code == 0
    book.write_text(PORTFOLIO.replace("BTC: 2,", "BTC: 2.5,"))
    done = answered("explain", str(saved), "equity", "-p", str(book), *NOW)
    assert (done.code, done.out) == (3, "")
    assert "was made from another statement" in done.err


def test_a_plan_that_was_recorded_since_is_derived_from_the_book_it_was_made_on(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    book.write_text(PORTFOLIO)
    at = ("-p", str(book), *NOW)
    assert answered("plan", "--out", str(saved), *at).code == 0
    assert answered("record", "plan", str(saved), *at).code == 0
    second = tmp_path / "hedge.json"
    assert answered("hedge", "BTC", "--pct", "25", "--out", str(second), *at).code == 0
    assert answered("record", "plan", str(second), *at).code == 0
    for each in (saved, second):
        done = answered("explain", str(each), *at)
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("named", "offered"),
    [
        ("wallet.BTC.leverage", "wallets.BTC.leverage"),
        ("BCT", "BTC"),
        ("liquidation_abov", "liquidation_above"),
        ("qqqqqqqq", "rebal explain lists them all"),
    ],
)
def test_what_is_not_there_brings_what_is_near(tmp_path: Path, named: str, offered: str) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO)
    done = answered("explain", named, "-p", str(book), *NOW)
    assert (done.code, done.out) == (2, "")
    assert offered in done.err


def test_a_coin_a_contract_a_section_and_a_kind_are_names_too(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO)

    def named(name: str) -> list[str]:
        done = answered("explain", name, "-p", str(book), "--format", "json", *NOW)
        return [each["figure"] for each in json.loads(done.out)["derivations"]]

    assert all(".BTC" in each for each in named("BTC"))
    assert {each.split(".")[0] for each in named("BTC")} >= {"assets", "orders", "wallets", "transfers", "positions"}
    assert all(each.split(".")[1] == "ETHUSD_PERP" for each in named("ETHUSD_PERP"))
    assert named("costs")[0] == "costs.fees_usd"
    assert all(each.endswith(".leverage") for each in named("leverage"))


TWO_ACCOUNTS = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, MODEwallets: {BTC: 0.3},
         positions: [{contract: BTCUSD, contracts: -1000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 40%, ETH: 60%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""


@pytest.mark.parametrize("mode", ["", "margin: cross, "])
def test_wallets_are_named_by_their_account_where_there_are_several(mode: str, tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(TWO_ACCOUNTS.replace("MODE", mode))
    done = answered("explain", "-p", str(book), "--format", "json", *NOW)
    assert (done.code, done.err) == (0, "")
    figures = [each["figure"] for each in json.loads(done.out)["derivations"]]
    assert len(set(figures)) == len(figures)
    assert {"wallets.main:BTC.margin_balance", "wallets.second:BTC.leverage"} <= set(figures)
    pooled = answered("explain", "wallets.main:BTC.leverage", "-p", str(book), *NOW).out
    assert ("judged as one" in pooled) is not bool(mode)
