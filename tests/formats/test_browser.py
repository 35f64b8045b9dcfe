"""Pages as a browser shows them: nothing overflows or is asked of anyone, and the figures are those of the JSON."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import browser
import program
from rebal import formats
from rebal.formats import View

from . import limits
from .test_paper import EVERY, shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=browser.missing() or "")

PLANS = ("shipped", "worked-example", "open-book", "refused", "unwind", "rescue", "extreme")
OTHERS = ("status", "history", "compare", "stress", "reconcile")
COMMANDS = {
    "plan of a pool": "plan pool.yaml",
    "hedge": "hedge BTC --pct 50 -p b.yaml",
    "unwind by rungs": "unwind --ladder --force -p b.yaml",
    "stress of a plan": "stress b.yaml --planned",
    "history of a plan": "history -p b.yaml",
    "replay": "replay b.yaml --prices prices.csv --against hold,spot,hedge --policy band=2%,8% --paths 5",
    "beta": "beta ETH --via BTC --history prices.csv --force",
    "diff": "diff plan.json hedged.json",
    "explain": "explain BTC -p b.yaml",
    "guide --all": "guide --all",
    "venues": "venues",
    "venue": "venues bingx",
}
PAGES = (*PLANS, *OTHERS, *COMMANDS)
ALIKE = {"worked-example", "open-book", "unwind", "unwind by rungs", "extreme", "hedge", "history of a plan"}
"""Pages of the same kinds as others: axe takes as long as all the rest."""

WIDTHS = (360, 768, 1440)
A4 = 688
"""Pixels of A4 between our margins."""

OVER = """() => {
  const wide = document.documentElement.clientWidth;
  const seen = each => each.getClientRects().length && !each.closest('.away, thead');
  const over = [...document.querySelectorAll('main *, nav *')].filter(seen).filter(each => {
    const box = each.getBoundingClientRect();
    return box.right > wide + 1 || box.left < -1 || (!each.closest('svg') && each.scrollWidth > each.clientWidth + 1
      && getComputedStyle(each).overflow !== 'visible');
  });
  return [document.documentElement.scrollWidth - wide, over.map(each => each.outerHTML.slice(0, 200)).slice(0, 5)];
}"""
ROWS = """title => {
  const heading = [...document.querySelectorAll('h2')].find(each => each.textContent.startsWith(title));
  const table = heading.parentElement.querySelector('table');
  const heads = [...table.querySelectorAll('thead tr > *')].map(each => each.textContent);
  return [...table.querySelectorAll('tbody tr:not(.below)')].map(row => Object.fromEntries(
    [...row.children].map((cell, n) => [heads[n] || `column ${n}`, {
      text: cell.textContent, values: [...cell.querySelectorAll('data')].map(each => each.value)}])));
}"""


def visit(page: "Page", name: str, folder: Path) -> list[str]:
    """Open a report's page; the list has what is said on the console, and what is asked of anyone, from then on."""
    file = folder / "page.html"
    file.write_text(written(name, folder), encoding="utf-8")
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("request", lambda request: None if request.url == file.as_uri() else heard.append(request.url[:200]))
    page.goto(file.as_uri())
    return heard


def written(name: str, folder: Path) -> str:
    """The page of a report, or of a command by its name."""
    if name in EVERY:
        return shown(EVERY[name](), "html")
    timed = () if name in ("diff", "beta") else program.NOW
    done = program.answered(*COMMANDS[name].split(), "--format", "html", *timed)
    assert done.code in (0, 1, 10, 20), done.err
    return done.out


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_screen_and_paper_and_asks_nothing_of_anyone(name: str, page: "Page", tmp_path: Path) -> None:
    heard = visit(page, name, tmp_path)
    for width in (*WIDTHS, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(OVER) == [0, []], width
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4, "height": 1000})
    assert page.evaluate(OVER) == [0, []]
    assert [each for each in heard if not each.startswith("data:,")] == []
    if name not in ALIKE:
        page.emulate_media(media="screen", color_scheme="dark")
        page.set_viewport_size({"width": 360, "height": 900})
        assert_accessible(page)


def assert_accessible(page: "Page") -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", ["shipped", "status"])
def test_axe_finds_nothing_in_the_light_either(name: str, page: "Page", tmp_path: Path) -> None:
    page.emulate_media(color_scheme="light")
    visit(page, name, tmp_path)
    assert_accessible(page)


@pytest.mark.parametrize("name", ["stress", "replay"])
@pytest.mark.usefixtures("files")
def test_curves_are_named_beside_them_and_by_no_letters(name: str, page: "Page", tmp_path: Path) -> None:
    visit(page, name, tmp_path)
    notes = page.evaluate("[...document.querySelectorAll('.note')].map(each => each.textContent)")
    assert not [each for each in notes if re.match(r"[a-z] \w", each)], notes


def test_the_colours_follow_the_readers_scheme(page: "Page", tmp_path: Path) -> None:
    visit(page, "open-book", tmp_path)
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]


def test_steps_are_ticked_by_keyboard(page: "Page", tmp_path: Path) -> None:
    visit(page, "worked-example", tmp_path)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    ticked = page.evaluate("[...document.querySelectorAll('input')].map(each => each.checked)")
    assert ticked[0] is True
    assert not any(ticked[1:])
    line = page.evaluate("getComputedStyle(document.querySelector('.steps li span')).textDecorationLine")
    assert line == "line-through"


def value(row: dict[str, Any], heading: str) -> str:
    """The last exact figure of a cell: of a change what is after."""
    found: str = row[heading]["values"][-1]
    return found


def answered(name: str) -> dict[str, Any]:
    view = View(100, colour=False, portfolio=limits.portfolio())
    told: dict[str, Any] = json.loads(formats.render("json", EVERY[name](), view))
    return told


@pytest.mark.parametrize("width", WIDTHS)
def test_a_plans_figures_are_read_back_as_the_json_has_them(page: "Page", tmp_path: Path, width: int) -> None:
    visit(page, "shipped", tmp_path)
    page.set_viewport_size({"width": width, "height": 900})
    told = answered("shipped")
    drift = page.evaluate(ROWS, "Drift")
    assets = {each["asset"]: each for each in told["assets"]}
    assert len(drift) > 1
    for row in drift:
        asset = assets[row["coin"]["text"]]
        keys = {"price": "price", "held": "holding", "worth $": "spot_value", "exposure $": "exposure"}
        keys |= {"weight": "weight", "target": "target_weight", "drift": "drift", "after": "weight_after"}
        for heading, key in keys.items():
            assert asset[key] is None or value(row, heading) == asset[key], (heading, asset)
    orders = page.evaluate(ROWS, "Orders")
    assert len(orders) == len(told["orders"])
    for row, order in zip(orders, told["orders"], strict=True):
        assert row["contract"]["text"] == order["contract"]
        keys = {"quantity": "order_quantity", "dollars": "notional", "coins": "coins", "fee": "fee"}
        assert {key: value(row, heading) for heading, key in keys.items()} == {key: order[key] for key in keys.values()}
        assert value(row, "at") == (order["limit_price"] or order["price"])
    wallets = page.evaluate(ROWS, "Margin after")
    assert [value(row, "margin balance") for row in wallets] == [each["margin_balance"] for each in told["wallets"]]
    payoff = page.evaluate(ROWS, "Worth as prices move")
    keys = {"unhedged $": "equity_unhedged", "hedged $": "equity_hedged", "in spot $": "equity_rebalanced_in_spot"}
    assert [[value(row, heading) for heading in keys] for row in payoff] == [
        [line[key] for key in keys.values()] for line in told["payoff"]
    ]
    assert [value(row, "cost $") for row in page.evaluate(ROWS, "Cost")] == [
        line["cost_usd"] for line in told["costs"]["by_day"]
    ]
    steps = page.evaluate("[...document.querySelectorAll('ol.steps li')].map(each => each.querySelector('data').value)")
    moved = [each["quantity"].lstrip("-") for each in told["transfers"]]
    placed = [each["order_quantity"] for each in told["orders"]]
    of = {"transfer": moved, "order": placed}
    assert steps == [of[each["kind"]][each["index"]] for each in told["steps"]]


def test_a_stress_reports_figures_are_read_back_as_the_json_has_them(page: "Page", tmp_path: Path) -> None:
    visit(page, "stress", tmp_path)
    rows = page.evaluate(ROWS, "Scenarios")
    keys = {
        "unhedged $": "equity_unhedged",
        "hedged $": "equity_hedged",
        "in spot $": "equity_rebalanced_in_spot",
        "difference $": "difference",
    }
    told = answered("stress")["scenarios"]
    assert [[value(row, heading) for heading in keys] for row in rows] == [
        [scenario[key] for key in keys.values()] for scenario in told
    ]
