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
from rebal.planner.candidates import SHORT
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.rescue import build_rescue
from rebal.planner.unwind import build_unwind
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation

PORTFOLIOS = sorted((ROOT / "portfolios").glob("*.yaml"))
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
COUNTS = {"steps.n", "steps.index", "costs.by_day.day", "payoff.shock", "accounts.levels.crossings"}
"""Numbers of a plan that are no figures: where things stand in a list, what rows are called by, every crossing of a
path of which the nearest either side are told."""


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
    """Each is redone; no term is idle, and one that is said to be a figure is it, in size; no figure is told twice."""
    figures = {each.figure: each.value for each in found}
    assert len(figures) == len(found)
    for each in found:
        assert each.agrees, (each.figure, each.formula, each.terms)
        if each.formula is None:
            assert each.note
            assert each.terms == ()
        else:
            assert each.value is not None
            assert redone(each) == each.value, each.figure
            for term in each.terms:
                assert re.search(rf"(?<!\w){term.symbol}(?!\w)", each.formula), (each.figure, term.symbol)
                if term.found in figures:
                    value = figures[term.found or ""]
                    assert value is not None
                    assert abs(value) == abs(term.value), (each.figure, term)


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


def named(row: dict[str, Any], within: str) -> str:
    """What explain calls a row of a list."""
    match within:
        case "payoff":
            return plain(exact(row["shock"]) * 100)
        case "by_day":
            return str(row["day"])
        case "findings":
            return f"{row['subject']}.{row['code']}"
        case "ways":
            return f"{row['wallet']}.{row['way']}"
        case "levels":
            return str(row["path"])
        case "accounts":
            return str(row["account"])
    return str(row.get("contract") or row.get("asset") or row.get("currency") or row.get("purpose"))


def figures(value: Any, path: str = "", kind: str = "") -> Iterator[tuple[str, str | None]]:
    """Every figure of a plan's JSON by its path; rows by what they are of."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from figures(each, f"{path}.{key}" if path else key, f"{kind}.{key}" if kind else key)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                at = f"{path.removesuffix('.breakdown')}.{named(each, path.rpartition('.')[2])}"
                data = each.get("data", {})
                yield from figures({**{key: each[key] for key in each if key != "data"}, **data}, at, kind)
            else:
                yield from figures(each, path, kind)
    elif kind not in COUNTS and (value is None or (isinstance(value, str) and NUMBER.fullmatch(value))):
        yield path, value


def asked(path: Path) -> Iterator[tuple[str, ...]]:
    """Every kind of plan that a file can be asked for."""
    if "targets:" in (text := path.read_text()):
        yield ("plan",)
    yield ("hedge", "BTC", "--pct", "50")
    if "positions:" in text:
        yield ("unwind", "--force")
        yield ("unwind", "--ladder")
        yield ("rescue",)


@pytest.mark.parametrize(
    ("path", "words"),
    [(path, words) for path in PORTFOLIOS for words in asked(path)],
    ids=lambda given: given.stem if isinstance(given, Path) else given[0],
)
def test_every_figure_of_a_saved_plan_is_told_and_is_its_figure(
    path: Path, words: tuple[str, ...], tmp_path: Path
) -> None:
    assert_told(path, words, tmp_path)


def assert_told(path: Path, words: tuple[str, ...], folder: Path) -> set[str]:
    """Every figure of a plan is derived, or why there is nothing to derive is said; which were."""
    saved = folder / "plan.json"
    assert answered(*words, "-p", str(path), "--out", str(saved), *NOW).code in (0, 1)
    plan = json.loads(saved.read_text())
    if len(plan["accounts"]) > 1:  # a coin is in the wallet of its account
        for row in (*plan["wallets"], *plan["transfers"]):
            row["asset"] = f"{row['account']}:{row.get('currency') or row['asset']}"
    done = answered("explain", str(saved), "-p", str(path), "--format", "json", *NOW)
    assert (done.code, done.err) == (0, "")
    told = {each["figure"]: each for each in json.loads(done.out)["derivations"]}
    seen = set()
    for figure, value in figures(plan):
        if value is None and figure not in told:
            continue  # what is not there, and is not asked for
        assert figure in told, figure
        each = told[figure]
        assert each["value"] == value, figure
        assert each["agrees"] is True, figure
        assert each["formula"] or each["note"], figure
        seen.add(figure)
    assert {each.split(".")[0] for each in told} == {each.split(".")[0] for each in seen}
    return seen


POOLED = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, margin: pooled, wallets: {BTC: 0.3, USDT: 4000},
         positions: [{contract: BTCUSD, contracts: -9000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14, USDT: 4000}
targets: {BTC: 40%, ETH: 55%, USD: 5%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""


@pytest.mark.parametrize("words", [("plan",), ("rescue",), ("unwind", "--force")], ids=lambda words: words[0])
def test_every_figure_of_a_pooled_account_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(POOLED)
    seen = assert_told(book, words, tmp_path)
    assert {"accounts.main.margin_ratio", "accounts.main.credit"} <= seen


REASONS = (
    "given", "asked for", "rule of the policy", "no order on it", "no funding on it", "no position is open",
    "nothing is open", "the price of the order", "closing a part leaves", "is not known",
)  # fmt: skip
"""What stands in place of a formula where a figure is given, or there is nothing to derive."""

TRIED = {
    "plan": {"findings.ETH.sustain.price_below", "findings.LINK.sustain.price_below",
             "findings.ETHUSD.coin-margined-long.fall", "findings.LINKUSD.coin-margined-long.fall"},
    "rescue": {"ways.BTC.close.contracts.BTCUSD"},
    "unwind": {"ladder.ETHUSD.frees.ETH", "orders.BTCUSD.parts.hedge.contracts",
               "orders.BTCUSD.parts.rebalance.contracts", "pnl.BTCUSD.fees_coin", "pnl.BTCUSD.funding_coin",
               "pnl.ETHUSD.fees_coin", "pnl.ETHUSD.funding_coin"},
}  # fmt: skip
"""What is found by trying, an example's own number, the journal's, or one of two parts that were decided together."""


@pytest.mark.parametrize("words", [("plan",), ("rescue",), ("unwind", "--ladder")], ids=lambda words: words[0])
def test_what_has_no_formula_is_given_or_found_by_trying(words: tuple[str, ...], tmp_path: Path) -> None:
    path, saved = str(ROOT / "portfolios" / "open-book.yaml"), str(tmp_path / "plan.json")
    assert answered(*words, "-p", path, "--out", saved, *NOW).code in (0, 1)
    done = answered("explain", saved, "-p", path, "--format", "json", *NOW)
    told = json.loads(done.out)["derivations"]
    bare = {each["figure"]: each["note"] for each in told if not each["formula"] and each["value"] is not None}
    left = {figure for figure, note in bare.items() if not any(reason in note for reason in REASONS)}
    assert left == TRIED[words[0]]
    assert 3 * len(bare) < len([each for each in told if each["formula"]])


def test_each_way_of_a_rescue_is_derived_of_the_book_that_it_alone_leaves(tmp_path: Path) -> None:
    path, saved = str(ROOT / "portfolios" / "open-book.yaml"), str(tmp_path / "rescue.json")
    assert answered("rescue", "-p", path, "--out", saved, *NOW).code == 0
    done = answered("explain", saved, "-p", path, "--format", "json", *NOW)
    told = {each["figure"]: each for each in json.loads(done.out)["derivations"]}
    taken = {"leverage_after": "leverage", "margin_balance": "margin_balance", "balance": "balance"}
    for figure, row in taken.items():
        assert told[f"ways.BTC.coins.{figure}"]["value"] == told[f"wallets.BTC.{row}"]["value"]
    # so many of the contracts sold at 52,000 are bought back at 66,412.50, with the taker fee, to the step of the coin
    other = {term["symbol"]: exact(term["value"]) for term in told["ways.BTC.close.balance"]["terms"]}
    closed = exact(told["ways.BTC.close.contracts.BTCUSD"]["value"])
    realised = down(closed * (1 / exact("66412.5") - 1 / exact("52000")), exact("0.00000001"))
    assert other == {"B": exact("0.4"), "M": 0, "R": realised,
                     "f": up(closed / exact("66412.5") * exact("0.00055"), exact("0.00000001"))}  # fmt: skip
    for asset in ("BTC", "ETH", "LINK", "USD"):
        assert told[f"ways.BTC.close.weights.{asset}"]["formula"] == "X / E"
    for way in ("coins", "close"):
        for figure in ("distance_after", "leverage_after", "realised_usd", "hedge_ratios.BTC"):
            each = told.get(f"ways.BTC.{way}.{figure}")
            assert each is None or each["value"] is None or each["formula"], (way, figure)


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


def test_where_coins_go_is_told_in_words(tmp_path: Path) -> None:
    book = tmp_path / "portfolio.yaml"
    book.write_text(PORTFOLIO)
    told = json.loads(answered("explain", "transfers.BTC", "-p", str(book), "--format", "json", *NOW).out)
    assert [each["title"] for each in told["derivations"]] == ["BTC to move into the futures account"]


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


def test_a_status_is_derived_as_a_plan_that_trades_nothing(tmp_path: Path) -> None:
    book, saved = ROOT / "portfolios" / "open-book.yaml", tmp_path / "status.json"
    assert answered("status", str(book), "--out", str(saved), *NOW).code == 20
    status = json.loads(saved.read_text())
    done = answered("explain", str(saved), "-p", str(book), "--format", "json", *NOW)
    assert (done.code, done.err) == (0, "")
    told = {each["figure"]: each for each in json.loads(done.out)["derivations"]}
    for figure, value in figures(status):
        if value is not None:
            assert (told[figure]["value"], told[figure]["agrees"]) == (value, True), figure
    assert told["wallets.BTC.leverage"]["formula"] == "v / b"


def test_what_a_journal_realised_is_told_of_a_status(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "status.json"
    book.write_text(PORTFOLIO)
    at = ("-p", str(book), *NOW)
    assert answered("record", "fill", "--contract", "BTCUSD_PERP", "--contracts", "-10", "--price", "40000",
                    "--fee", "0.00001", *at).code == 0  # fmt: skip
    answered("status", *at, "--out", str(saved))
    done = answered("explain", str(saved), "realised", *at, "--format", "json")
    told = {each["figure"]: each["value"] for each in json.loads(done.out)["derivations"]}
    assert told["realised.BTCUSD_PERP.fees_coin"] == "0.00001"


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


PRICED = """\
costs: {slippage: 0.05%, spot_fee: 0.1%}
tax: {method: hifo, short_term: 37%, long_term: 20%, long_after: 1y}
"""
LOTS = "{BTC: {quantity: 2, lots: [{quantity: 2, cost: 30000, acquired: 2026-03-01}]}, ETH: 14}"


@pytest.mark.parametrize(
    ("words", "figure", "formula"),
    [
        (("compare", "--for", "30d"), "lots.BTC.2026-03-01.tax_usd", "g · r"),
        (("compare", "--for", "30d"), "routes.inverse.total_usd", "f + s + c + t"),
        (("compare", "--for", "30d"), "routes.spot.share_of_notional", "a / N"),
        (("stress", "--planned"), "scenarios.-50%.difference", "h − s"),
        (("stress", "--planned"), "scenarios.-50%.made_of", "c1 + c2 + c3 + c4 + c5 + c6 + c7"),
        (("stress", "--planned"), "scenarios.-50%.wallets.ETH.margin_ratio", "k / b"),
    ],
)
def test_the_sums_of_a_saved_comparison_and_stress_test(
    words: tuple[str, ...], figure: str, formula: str, tmp_path: Path
) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "saved.json"
    rates = "  funding: {BTCUSD_PERP: 0.01%, ETHUSD_PERP: 0.01%}\n"
    book.write_text(PORTFOLIO.replace("{BTC: 2, ETH: 14}", LOTS) + rates + PRICED)
    assert answered(*words, "-p", str(book), "--out", str(saved), *NOW).code == 0
    book.unlink()  # of what is saved alone
    done = answered("explain", str(saved), "--format", "json")
    assert (done.code, done.err) == (0, "")
    told = {each["figure"]: each for each in json.loads(done.out)["derivations"]}
    assert all(each["agrees"] for each in told.values())
    each = told[figure]
    assert each["formula"] == formula
    values = {term["symbol"]: exact(term["value"]) for term in each["terms"]}
    assert all(told[term["found"]]["value"] == term["value"] for term in each["terms"])
    found = eval(formula.replace("·", "*").replace("−", "-"), {"__builtins__": {}}, values)
    assert abs(exact(found) - exact(each["value"])) < exact("0.000000000001")


def test_other_answers_have_no_figures_to_derive(tmp_path: Path) -> None:
    book, saved = tmp_path / "portfolio.yaml", tmp_path / "saved.json"
    book.write_text(PORTFOLIO)
    assert answered("history", "-p", str(book), "--out", str(saved), *NOW).code == 0
    done = answered("explain", str(saved), "-p", str(book), *NOW)
    assert (done.code, done.out) == (3, "")
    assert "is of no plan and no status" in done.err
    assert "save one of plan, hedge, unwind, rescue, status, compare or stress" in done.err
