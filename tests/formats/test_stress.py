"""Stress as people and scripts see it."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from exact import exact
from planner.given import INPUTS, inverse, linear, policy, portfolio
from rebal import formats
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.formats import View
from rebal.portfolio import Portfolio
from rebal.reports.stress import Stress
from rebal.stress.report import Scenario, build_stress, everywhere, scenarios_of
from rebal.stress.wallets import Strain

from . import curves
from .golden import assert_golden

F = Fraction
BTC, ETH = inverse("BTC"), inverse("ETH")


def book(**given: object) -> Portfolio:
    """A short whose wallet a rise empties, a long whose wallet a fall empties, and a coin hedged by nothing."""
    made = portfolio(
        {"BTC": "2", "ETH": "14", "ADA": "30000", "USDT": "1000"},
        {"BTC": "0.4", "ETH": "0.4", "ADA": "0.1", "USD": "0.1"},
        {"BTC": "40000", "ETH": "2500", "ADA": "0.5"},
        (BTC, ETH),
        wallets={"BTC": "0.2", "ETH": "1"},
        marks={"BTCUSD": "40100"},
        funding={"BTCUSD": "0.0001", "ETHUSD": "-0.0002"},
        positions=(
            opened(BTC, contracts=F(-20000), entry_price=F(40000)),
            opened(ETH, contracts=F(4000), entry_price=F(2500), hedge=F(0)),
        ),
    )
    crash = {"BTC": F("-0.4"), "ETH": F("-0.55"), "ADA": F("-0.7")}
    return replace(made, **{"name": "Core holdings", "venue": "bybit", "scenarios": {"crash": crash}, **given})  # type: ignore[arg-type]


def stressed(made: Portfolio, *extra: Scenario, strain: Strain | None = None, planned: bool = False) -> Stress:
    asked = scenarios_of(made, extra)
    return build_stress(made, made.statement, inputs=INPUTS, scenarios=asked, strain=strain, planned=planned)


def strained() -> Stress:
    return stressed(book(), everywhere(F("-0.355")), strain=Strain(F("-0.05"), F(-5), F(45)), planned=True)


def basket() -> Stress:
    """Several coins' linear contracts in one wallet, another isolated, and a coin whose wallet nothing empties."""
    contracts = (linear("SOL"), linear("DOT"), linear("ADA"), BTC)
    sol, dot, ada, btc = contracts
    made = portfolio(
        {"BTC": "1", "SOL": "100", "USDT": "9000"},
        None,
        {"BTC": "40000", "SOL": "140", "DOT": "5", "ADA": "0.5"},
        contracts,
        wallets={"USDT": "7000", "BTC": "1"},
        rules=policy(),
        positions=(
            opened(sol, contracts=F(-100000), entry_price=F(150), hedge=F(-100000)),
            opened(dot, contracts=F(2000000), entry_price=F(4)),
            opened(ada, contracts=F(-4000000), entry_price=F("0.5"), margin=F(1000)),
            opened(btc, contracts=F(-30000), entry_price=F(40000)),
        ),
    )
    apart = {"SOL": F("0.6"), "DOT": F("-0.3")}
    return stressed(replace(made, scenarios={"apart": apart}))


def no_futures() -> Stress:
    return stressed(portfolio({"BTC": "1"}, None, {"BTC": "40000"}, ()))


REPORTS: dict[str, Callable[[], Stress]] = {
    "stress-book": lambda: stressed(book()),
    "stress-strained": strained,
    "stress-basket": basket,
    "stress-no-futures": no_futures,
}


def shown(report: Stress, width: int, form: str = "table", **view: object) -> str:
    return formats.render(form, report, View(**{"width": width, "colour": False, **view}))  # type: ignore[arg-type]


def figures(text: str) -> set[str]:
    return {token.strip(",;:()") for token in curves.without(text).split() if any(each.isdigit() for each in token)}


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_screen(name: str, width: int) -> None:
    assert_golden(f"{name}-{width}.txt", shown(REPORTS[name](), width))


@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_text_on_a_pipe(name: str) -> None:
    text = shown(REPORTS[name](), 100, "plain")
    assert text == shown(REPORTS[name](), 20, "plain")
    assert text.isascii()
    assert not curves.rows(text)
    assert_golden(f"{name}-plain.txt", text)


def test_the_whole_screen_in_ascii() -> None:
    screen = shown(strained(), 100, ascii=True)
    assert screen.isascii()
    assert_golden("stress-strained-ascii-100.txt", screen)


@pytest.mark.parametrize("width", [20, 30, 40, 52, 60, 72, 80, 100, 120, 160])
@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_stands_at_every_width(name: str, width: int) -> None:
    wide, narrow = shown(REPORTS[name](), 300), shown(REPORTS[name](), width)
    assert figures(wide) == figures(narrow)
    assert "…" not in narrow
    if width >= 40:
        assert max(map(len, narrow.splitlines())) <= width


@pytest.mark.parametrize("name", REPORTS)
def test_colour_changes_nothing_but_colour(name: str) -> None:
    coloured = shown(REPORTS[name](), 100, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown(REPORTS[name](), 100)


def test_the_chart_draws_three_lines_that_meet_today() -> None:
    text = shown(stressed(book()), 100)
    drawn = curves.rows(text)
    assert len(drawn) == 12
    assert set("".join(drawn)) == set("hsu ")
    wide = max(map(len, drawn))
    today = round((wide - 1) * F(80, 280))
    assert {line.ljust(wide)[today] for line in drawn} - {" "} == {"h"}
    assert not curves.rows(shown(stressed(book()), 20))


def test_the_axes_have_round_figures_where_they_are() -> None:
    lines = shown(stressed(book()), 100).splitlines()
    (bottom,) = (n for n, line in enumerate(lines) if line.startswith("         └"))
    below = lines[bottom + 1]
    for figure in ("−50 %", "0 %", "+50 %", "+100 %", "+150 %"):
        middle = re.search(rf"(?<![\d+]){re.escape(figure)}", below)
        assert middle is not None
        assert lines[bottom][middle.start() + len(figure) // 2] == "┬"
    assert below.startswith("all coins")
    beside = [re.search(r"(\$[\d,]+)┤", line) for line in lines]
    assert [found[1] for found in beside if found] == ["$300,000", "$200,000", "$100,000", "$0"]


def test_the_ladder_stands_in_the_order_of_prices() -> None:
    text = shown(stressed(book()), 100)
    ladder = text.partition("Liquidation ladder")[2].splitlines()[3:6]
    assert [line.split()[0] for line in ladder] == ["BTC", "today", "ETH"]


def test_a_wallet_due_today_is_one_rung() -> None:
    made = book()
    thin = replace(made, statement=replace(made.statement, wallets={"BTC": F("0.001"), "ETH": F(14)}))
    text = shown(stressed(thin), 100)
    ladder = text.partition("Liquidation ladder")[2].partition("Look at")[0]
    assert sum(line.startswith("BTC") for line in ladder.splitlines()) == 1


def test_the_keys_of_json_begin_as_the_contract_has_them() -> None:
    said = json.loads(shown(stressed(book()), 100, "json"))
    assert list(said)[:2] == ["schema", "scenarios"]
    assert said["schema"] == "rebal/stress/1"
    scenario = said["scenarios"][-1]
    assert list(scenario)[:6] == [
        "name", "shocks", "equity_unhedged", "equity_hedged", "equity_rebalanced_in_spot", "wallets",
    ]  # fmt: skip
    assert (scenario["name"], scenario["shocks"]) == ("crash", {"ADA": "-0.7", "BTC": "-0.4", "ETH": "-0.55"})
    assert list(scenario["wallets"][0])[:6] == [
        "currency", "margin_balance", "maintenance_margin", "margin_ratio", "liquidated", "top_up",
    ]  # fmt: skip
    assert [each["liquidated"] for each in scenario["wallets"]] == [False, True]


def test_csv_has_the_scenarios_and_every_wallet_under_each() -> None:
    report = stressed(book())

    def table(section: str | None) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(shown(report, 100, "csv", section=section), newline="")))

    crash = table(None)[-1]
    assert (crash["name"], crash["shocks"]) == ("crash", "ADA=-0.7 BTC=-0.4 ETH=-0.55")
    assert exact(crash["made_of.liquidations_usd"]) > 0
    wallets = table("scenarios.wallets")
    assert len(wallets) == 2 * len(report.scenarios)
    assert [(row["scenarios.name"], row["currency"]) for row in wallets[-2:]] == [("crash", "BTC"), ("crash", "ETH")]
    assert len(table("survival")) == 2


def test_data_is_never_markup() -> None:
    odd = replace(BTC, name="[red]X")
    made = book(name="[/x] :fire:", scenarios={"[b]": {"BTC": F("-0.5"), "ETH": F(0)}})
    position = made.statement.positions["BTCUSD"]
    isolated = replace(position, contract=odd, margin=F("0.2"))
    made = replace(made, statement=replace(made.statement, positions={"[red]X": isolated}), contracts={"[red]X": odd})
    screen = shown(stressed(made), 100, colour=True)
    assert "[/x] :fire:" in screen
    assert "[red]X" in screen
    assert "[b]" in screen
