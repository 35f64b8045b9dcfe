"""Every kind of page, read back from a browser: what its tables show is what the JSON of the same answer has."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import browser
import program

from .test_browser import COMMANDS, WIDTHS, answered, visit
from .test_paper import EVERY

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=browser.missing() or "")

TABLES = """() => [...document.querySelectorAll('table')].map(table => {
  const heads = [...table.querySelectorAll('thead tr > *')].map(each => each.textContent);
  return [table.querySelector('caption').textContent, [...table.querySelectorAll('tbody tr:not(.below)')].map(row =>
    Object.fromEntries([...row.children].map((cell, n) => [heads[n] || `${n}`, {
      text: cell.textContent, values: [...cell.querySelectorAll('data')].map(each => each.value)}])))];
})"""
UNSEEN = """() => [...document.querySelectorAll('data')].filter(each => !each.getClientRects().length
  || getComputedStyle(each).visibility !== 'visible').map(each => each.outerHTML)"""


class Shown(NamedTuple):
    """A table of a page: the list of the JSON that it shows, and which of its keys stand under which heading.

    ``by``: a heading and the key that says which row it is of; without, all rows stand in the list's order.
    """

    title: str
    of: str
    keys: dict[str, str]
    by: tuple[str, str] | None = None


ORDERS = Shown(
    "Orders",
    "orders",
    {"quantity": "order_quantity", "dollars": "notional", "coins": "coins", "at": "limit_price", "fee": "fee"},
)
MARGIN = {"margin balance": "margin_balance", "leverage": "leverage"}
POSITIONS = {"contracts": "contracts", "entry price": "entry_price", "mark": "mark_price"}
OPEN = {**POSITIONS, "dollars": "notional", "coins": "coin_value", "PnL": "unrealised_pnl"}
COINS = {"price": "price", "held": "holding", "worth $": "spot_value"}
DRIFT = {**COINS, "weight": "weight", "target": "target_weight", "drift": "drift"}
PAYOFF = {
    "all coins": "shock",
    "unhedged $": "equity_unhedged",
    "hedged $": "equity_hedged",
    "in spot $": "equity_rebalanced_in_spot",
}
WORTH = Shown("Worth as prices move", "payoff", PAYOFF)
REALISED = {"PnL": "coin", "PnL $": "usd", "fees": "fees_coin", "funding": "funding_coin", "net $": "net_usd"}

READ: dict[str, tuple[Shown, ...]] = {
    "shipped": (
        Shown("Drift", "assets", {**DRIFT, "after": "weight_after", "hedged": "hedge_ratio_after"}, ("coin", "asset")),
        ORDERS,
        Shown("Margin after", "wallets", MARGIN),
        Shown("Positions after", "positions", OPEN),
        WORTH,
    ),
    "plan of a pool": (
        Shown("Drift", "assets", {**DRIFT, "after": "weight_after"}, ("coin", "asset")),
        ORDERS,
        Shown(
            "Accounts after",
            "accounts",
            {
                "equity $": "equity",
                "share": "share_of_equity",
                "credit $": "credit",
                "initial $": "initial_margin",
                "maintenance $": "maintenance_margin",
                "ratio": "margin_ratio",
                "nearest": "nearest.distance",
            },
            ("account", "account"),
        ),
        Shown("Positions after", "positions", OPEN),
        WORTH,
    ),
    "hedge": (
        Shown(
            "Exposure",
            "assets",
            {**COINS, "net exposure $": "net_exposure_after", "hedged": "hedge_ratio_after", "exposure $": "exposure"},
            ("coin", "asset"),
        ),
        ORDERS,
        Shown("Margin after", "wallets", MARGIN),
        Shown("Positions after", "positions", OPEN),
        Shown("Hedges after", "hedges", {"asked": "fraction"}),
        WORTH,
    ),
    "unwind": (
        ORDERS,
        Shown("Realised by closing", "pnl", REALISED),
        Shown("Positions after", "positions", {"contracts": "contracts", "mark": "mark_price"}),
    ),
    "unwind by rungs": (
        ORDERS,
        Shown("Realised by closing", "pnl", REALISED),
        Shown(
            "Ladder",
            "ladder",
            {
                "close $": "notional",
                "a day $": "cost_usd_per_day",
                "a year": "cost_per_year",
                "frees $": "frees_usd",
                "saved a day $": "saved_usd_per_day",
            },
        ),
        WORTH,
    ),
    "rescue": (
        ORDERS,
        Shown("Margin after", "wallets", MARGIN),
        Shown(
            "Ways out",
            "ways",
            {"fees $": "fees_usd", "realised $": "realised_usd", "leverage": "leverage_after",
             "distance": "distance_after"},
        ),
    ),
    "status": (
        Shown("Drift", "assets", {**DRIFT, "hedged": "hedge_ratio"}, ("coin", "asset")),
        Shown("Margin", "wallets", MARGIN),
        Shown("Positions", "positions", OPEN),
        Shown("Hedges", "hedges", {"asked": "fraction"}),
        Shown("Realised", "realised", {**REALISED, "fees $": "fees_usd", "funding $": "funding_usd"}),
        WORTH,
    ),
    "compare": (
        Shown(
            "Cost over 90 days",
            "routes",
            {
                "fees": "fees_usd",
                "slippage": "slippage_usd",
                "carry": "carry_usd",
                "tax now": "tax_usd",
                "total": "total_usd",
                "of notional": "share_of_notional",
                "capital": "capital",
            },
        ),
        Shown(
            "Contracts",
            "legs",
            {"leg": "leg_usd", "futures": "notional", "funding": "funding_rate", "basis": "basis",
             "a year": "basis_annualised", "carry": "carry_usd"},
            ("contract", "contract"),
        ),
        Shown(
            "Tax by lot",
            "lots",
            {"quantity": "quantity", "gain": "gain_usd", "rate": "rate", "tax": "tax_usd",
             "waiting saves": "saved_by_waiting_usd", "hedging till then": "hedge_cost_until_usd"},
        ),
    ),
    "stress": (
        Shown(
            "Scenarios",
            "scenarios",
            {"unhedged $": "equity_unhedged", "hedged $": "equity_hedged", "in spot $": "equity_rebalanced_in_spot",
             "difference $": "difference"},
        ),
        Shown(
            "Difference",
            "scenarios",
            {"basis $": "made_of.basis_usd"},
            ("scenario", "name"),
        ),
        Shown("To come through all", "survival", {"liquidated in": "liquidated_in", "top up for all of them": "top_up",
                                                  "free outside": "free"}),
    ),
    "stress of a plan": (
        Shown(
            "Scenarios",
            "scenarios",
            {"unhedged $": "equity_unhedged", "hedged $": "equity_hedged", "in spot $": "equity_rebalanced_in_spot",
             "difference $": "difference"},
        ),
    ),
    "history": (
        Shown("What it came to", "path", {"entry": "seq", "net so far $": "net_usd"}),
        Shown("Positions", "positions", {"contracts": "contracts", "entry price": "entry_price",
                                         "for rebalance": "contracts_rebalance", "for hedge": "contracts_hedge",
                                         "own margin": "isolated_margin"}),
        Shown("Realised", "totals", {**REALISED, "fees $": "fees_usd", "funding $": "funding_usd"},
              ("contract", "contract")),
        Shown("Episodes", "episodes", {"at most": "contracts", "by price $": "price_usd", "by basis $": "basis_usd",
                                       "fees $": "fees_usd", "funding $": "funding_usd", "net": "net_coin",
                                       "net $": "net_usd"}),
        Shown("What hedges did", "effects", {"its PnL $": "hedge_pnl_usd", "coins' PnL $": "spot_pnl_usd",
                                             "given back": "effectiveness"}),
    ),
    "replay": (
        Shown("Policies", "combinations", {"place": "place", "end $": "equity_end", "change": "change",
                                           "worst fall": "worst_fall", "closest": "closest", "cost $": "cost_usd",
                                           "drift": "drift", "plans": "plans", "refused": "refusals",
                                           "liquidated": "liquidations"}),
        Shown("Futures", "drawn.lines", {"value": "value", "± standard error": "standard_error"}),
        Shown("Ways", "ways", {"start $": "equity_start", "end $": "equity_end", "worst fall": "worst_fall",
                               "plans": "plans", "orders": "orders", "refused": "refusals",
                               "liquidated": "liquidations"}),
        Shown("Where it went", "ways", {"prices $": "prices_usd", "funding $": "funding_usd", "fees $": "fees_usd",
                                        "slippage $": "slippage_usd", "liquidations $": "liquidations_usd"},
              ("way", "way")),
        Shown("Coins at the end", "ways", {"BTC": "coins.BTC", "ETH": "coins.ETH"}, ("way", "way")),
    ),
    "diff": (
        Shown("Orders", "orders", {"before": "before", "after": "after", "dollars before": "usd_before",
                                   "dollars after": "usd_after", "at, before": "price_before",
                                   "at, after": "price_after"}),
        Shown("Transfers", "transfers", {"before": "before", "after": "after", "difference": "difference"}),
        Shown("Coins", "assets", {"before": "before", "after": "after", "difference": "difference"}),
        Shown("Wallets after the plan", "wallets", {"before": "before", "after": "after", "difference": "difference"}),
        Shown("Costs", "costs", {"before": "before", "after": "after", "difference": "difference"}),
    ),
    "reconcile": (
        Shown("Coins", "coins", {"by the book": "coins", "at the exchange": "coins_exchange",
                                 "difference": "difference", "within": "tolerance"}),
        Shown("Orders that wait", "orders", {"contracts": "contracts", "price": "price"}),
    ),
}  # fmt: skip


DASHED = frozenset({"hedged", "for hedge", "for rebalance", "leverage", "capital"})
"""Headings under which nothing is a dash."""


def told(name: str) -> dict[str, Any]:
    """The JSON of the answer that a page shows."""
    if name in EVERY:
        return answered(name)
    timed = () if name == "diff" else program.NOW
    done = program.answered(*COMMANDS[name].split(), "--format", "json", *timed)
    found: dict[str, Any] = json.loads(done.out)
    return found


def at(row: Any, path: str) -> Any:
    """What a path leads to; counts as the page writes them."""
    for step in path.split("."):
        row = None if row is None else row.get(step)
    return str(row) if isinstance(row, int) else row


def last(cell: dict[str, Any]) -> str | None:
    """The figure of a cell, of a change what is after; None where there is none."""
    return cell["values"][-1] if cell["values"] else None


def words(cell: dict[str, Any]) -> str:
    """What a cell says, in the signs of the JSON."""
    text: str = cell["text"]
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", "")


def assert_shown(table: list[dict[str, Any]], spec: Shown, answer: dict[str, Any]) -> None:
    rows = at(answer, spec.of)
    if spec.by is None:
        assert len(table) == len(rows), spec.title
    else:
        heading, key = spec.by
        named = {each[key]: each for each in rows} | {"total": answer.get("total")}
        rows = [named[words(each[heading])] for each in table]
    for cells, row in zip(table, rows, strict=True):
        for heading, key in spec.keys.items():
            if key not in row and row is answer.get("total"):
                continue  # coins of several contracts have no sum
            found, value = last(cells[heading]) if heading in cells else None, at(row, key)
            nothing = found is None and value == "0" and heading in DASHED
            assert found == value or nothing, (spec.title, heading, row)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", READ)
def test_the_figures_of_a_page_are_read_back_as_the_json_has_them(name: str, page: "Page", tmp_path: Path) -> None:
    visit(page, name, tmp_path)
    answer, first = told(name), None
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(UNSEEN) == [], width
        tables = page.evaluate(TABLES)
        assert first in (None, tables), width
        first = tables
    for spec in READ[name]:
        found = [rows for title, rows in first or () if title.replace("\N{NO-BREAK SPACE}", " ") == spec.title and rows]
        candidates = [rows for rows in found if set(spec.keys) & set(rows[0])]
        assert candidates, (spec.title, [title for title, _ in first or ()])
        assert_shown(candidates[0], spec, answer)


@pytest.mark.usefixtures("files")
def test_a_hedge_leads_with_what_it_leaves_exposed(page: "Page", tmp_path: Path) -> None:
    visit(page, "hedge", tmp_path)
    assert page.evaluate("document.querySelector('main h2').textContent") == "Exposure"
    assert "net exposure" in page.evaluate("document.querySelector('h1').textContent")


def test_every_kind_of_answer_that_has_figures_is_read_back() -> None:
    kinds = {"plan", "hedge", "unwind", "rescue", "status", "compare", "stress", "history", "replay", "diff"}
    names = {"shipped": "plan", "plan of a pool": "plan", "unwind by rungs": "unwind", "stress of a plan": "stress"}
    assert {names.get(each, each) for each in READ} == kinds | {"reconcile"}
