"""``rebal diff``: two saved plans, what changed and why; each figure here was computed by hand."""

import io
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from formats import books
from formats.rows import order as order_of
from program import NOW, ROOT, answered
from rebal.amounts import ZERO, Fraction
from rebal.book import Purpose
from rebal.commands._next import Context, saved_line
from rebal.findings import Code, Finding, Severity, info, warning
from rebal.formats import View, render
from rebal.journal import answers
from rebal.plan import HedgeLine, OrderPart, Plan, Side
from rebal.reports.diff import Cause, Diff, Found
from rebal.reports.diffing import diff
from rebal.reports.reconciliation import OrderLine, Reconciliation, Verdict

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*/plan.json"))
VIEW = View(width=100, colour=False)
MONDAY = """\
name: mine
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14}
wallets: {BTC: 0.5}
positions: [{contract: BTCUSD_PERP, contracts: -100, entry_price: 40000}]
targets: {BTC: 60%, ETH: 40%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""
TUESDAY = MONDAY.replace("BTC: 40000", "BTC: 50000").replace("BTC: 2,", "BTC: 2.5,").replace("60%", "50%").replace(
    "40%", "50%"
)  # fmt: skip


def saved(folder: Path, name: str, text: str, *command: str, at: tuple[str, ...] = NOW) -> str:
    """A plan of a portfolio, saved."""
    book = folder / "portfolio.yaml"
    book.write_text(text)
    answered(*(command or ("plan",)), "-p", str(book), *at, "--out", str(folder / name))
    return str(folder / name)


@pytest.fixture
def days(tmp_path: Path) -> tuple[str, str]:
    return saved(tmp_path, "monday.json", MONDAY), saved(tmp_path, "tuesday.json", TUESDAY)


def told(*files: str) -> dict[str, Any]:
    done = answered("diff", *files, "--format", "json")
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_what_changed_of_equity_is_told_by_what_made_it(days: tuple[str, str]) -> None:
    # 2 BTC rose by 10,000 each; 0.5 BTC more at 50,000; the short of 10,000 USD is worth 0.25 less 0.2 BTC more, which
    # it lost: 0.05 BTC at 50,000.
    assert told(*days)["equity"] == {
        "before": "115000", "after": "157500", "difference": "42500",
        "by_prices": "20000", "by_coins": "25000", "by_positions": "-2500",
    }  # fmt: skip


def test_what_the_plans_were_made_from_is_told(days: tuple[str, str]) -> None:
    found = told(*days)
    assert (found["same"], found["causes"]) == (False, ["prices", "coins", "targets"])
    assert [(each["name"], each["quote"], each["difference"], each["change"]) for each in found["prices"]] == [
        ("BTC", "index", "10000", "0.25"), ("BTCUSD_PERP", "mark", "10000", "0.25"),
    ]  # fmt: skip
    assert [(each["asset"], each["place"], each["before"], each["after"]) for each in found["coins"]] == [
        ("BTC", "held", "2", "2.5")
    ]
    assert found["positions"] == []
    targets = [each for each in found["asked"] if each["figure"] == "target_weight"]
    assert [(each["subject"], each["before"], each["after"], each["difference"]) for each in targets] == [
        ("BTC", "0.6", "0.5", "-0.1"), ("ETH", "0.4", "0.5", "0.1"),
    ]  # fmt: skip
    assert (found["before"]["file"], found["after"]["file"]) == days
    assert (found["before"]["refused"], found["after"]["refused"]) == (False, True)


def test_orders_and_transfers_are_put_side_by_side(days: tuple[str, str]) -> None:
    # Monday: 70,000 to 69,000 of BTC, 35,000 to 46,000 of ETH. Tuesday: 112,500 and 35,000 to 78,750 each, lots of 100.
    found = told(*days)
    assert [
        (each["contract"], each["before"], each["after"], each["difference"], each["usd_before"], each["usd_after"],
         each["price_before"], each["price_after"])
        for each in found["orders"]
    ] == [
        ("BTCUSD_PERP", "-10", "-337", "-327", "-1000", "-33700", "40000", "50000"),
        ("ETHUSD_PERP", "1100", "4375", "3275", "11000", "43750", "2500", "2500"),
    ]  # fmt: skip
    eth = next(each for each in found["transfers"] if each["asset"] == "ETH")
    assert (eth["after"], eth["account"]) == ("14", None)
    fees = {each["subject"]: each["before"] for each in found["costs"] if each["figure"] == "fee_usd"}
    assert fees == {"BTCUSD_PERP": "0.5", "ETHUSD_PERP": "5.5"}  # 0.05 % of 1,000 and of 11,000
    assert [each["code"] for each in found["findings"] if each["severity"] == "error"] == ["under-collateralised"]


def test_an_order_that_one_plan_has_alone_is_told_with_nothing_on_the_other_side(tmp_path: Path) -> None:
    before = saved(tmp_path, "before.json", MONDAY)
    found = told(before, saved(tmp_path, "quiet.json", MONDAY.replace("60%", "60.8%").replace("40%", "39.2%")))
    assert found["causes"] == ["targets"], "what to set for a contract that one of them alone opens is none"
    # 60.8 % of 115,000 are 69,920: 80 too much of BTC, less than a lot; 39.2 % are 45,080: 10,080 too little of ETH.
    sides = [(each["contract"], each["before"], each["after"], each["price_after"]) for each in found["orders"]]
    assert sides == [("BTCUSD_PERP", "-10", "0", None), ("ETHUSD_PERP", "1100", "1008", "2500")]
    back = told(str(tmp_path / "quiet.json"), before)
    sides = [(each["contract"], each["before"], each["after"], each["price_before"]) for each in back["orders"]]
    assert sides == [("ETHUSD_PERP", "1008", "1100", "2500"), ("BTCUSD_PERP", "0", "-10", None)]


def test_a_position_and_a_wallet_that_changed_are_told(tmp_path: Path) -> None:
    one = saved(tmp_path, "one.json", MONDAY)
    two = saved(tmp_path, "two.json", MONDAY.replace("-100,", "-160,").replace("{BTC: 0.5}", "{BTC: 0.75}"))
    found = told(one, two)
    assert found["causes"] == ["coins", "positions"]
    assert [(each["contract"], each["before"], each["after"], each["difference"]) for each in found["positions"]] == [
        ("BTCUSD_PERP", "-100", "-160", "-60")
    ]
    assert [(each["asset"], each["place"], each["difference"]) for each in found["coins"]] == [
        ("BTC", "wallet", "0.25")
    ]
    assert found["equity"]["difference"] == "0"


def test_a_minute_later_the_plan_is_the_same(tmp_path: Path) -> None:
    one = saved(tmp_path, "one.json", MONDAY)
    found = told(one, saved(tmp_path, "two.json", MONDAY, at=("--now", "2026-11-20T09:01:00Z")))
    assert (found["same"], found["causes"], found["differs"], found["findings"]) == (True, [], [], [])
    assert answered("diff", one, one, "--format", "table").out.startswith("the plans are the same\n")


def test_where_no_plan_shows_the_cause_that_is_said(tmp_path: Path) -> None:
    one = saved(tmp_path, "one.json", MONDAY)
    found = told(one, saved(tmp_path, "two.json", f"{MONDAY}policy: {{leverage: 3}}\n"))
    assert found["causes"] == ["settings", "policy"], "the leverage to set is in a plan"
    found = told(one, saved(tmp_path, "two.json", f"{MONDAY}contracts: {{BTCUSD_PERP: {{taker_fee: 0.06%}}}}\n"))
    assert found["causes"] == ["other"]
    shown = answered("diff", one, str(tmp_path / "two.json"), "--format", "table").out
    assert "why: nothing that a plan shows" in shown


def test_a_rule_of_the_policy_is_a_cause_and_told_by_its_name(tmp_path: Path) -> None:
    one = saved(tmp_path, "one.json", MONDAY)
    rules = "{max_at_venue: 10%, max_price_age: 36h, band: {points: 4%, relative: 25%}, routes: [inverse]}"
    found = told(one, saved(tmp_path, "two.json", f"{MONDAY}policy: {rules}\n"))
    assert "policy" in found["causes"]
    changed = {
        each["figure"]: (each["before"], each["after"]) for each in found["words"] if each["subject"] == "policy"
    }
    assert changed == {
        "band.points": ("0.05", "0.04"),
        "band.relative": (None, "0.25"),
        "routes": ("inverse, linear, proxy", "inverse"),
        "max_at_venue": ("1", "0.1"),
        "max_price_age": ("1d", "36h"),
    }


def test_a_plan_of_before_that_tells_no_policy_has_none_to_differ(tmp_path: Path) -> None:
    one, two = saved(tmp_path, "one.json", MONDAY), saved(tmp_path, "two.json", f"{MONDAY}policy: {{band: 4%}}\n")
    older = json.loads(Path(one).read_text())
    del older["inputs"]["policy"]
    Path(one).write_text(json.dumps(older))
    assert [each for each in told(one, two)["words"] if each["subject"] == "policy"] == []


def test_another_command_and_a_hedge_are_causes(tmp_path: Path) -> None:
    plan = saved(tmp_path, "plan.json", MONDAY)
    hedge = saved(tmp_path, "hedge.json", MONDAY, "hedge", "ETH", "--pct", "50")
    found = told(plan, hedge)
    assert "command" in found["causes"]
    assert (found["before"]["command"], found["after"]["command"]) == ("plan", "hedge")
    assert ("ETH", "hedge", None, "0.5", None) in [tuple(each.values()) for each in found["asked"]]


def plans() -> tuple[Plan, Plan]:
    return books.open_book(), books.open_book()


def changed(plan: Plan, **fields: object) -> Plan:
    return replace(plan, **fields)  # type: ignore[arg-type]


def side_by_side(before: Plan, after: Plan) -> Diff:
    return diff(before, after, files=("a.json", "b.json"))


def test_findings_are_new_gone_or_changed() -> None:
    kept = info(Code.RESIDUAL, "BTC", "as ever")
    one = (kept, warning(Code.DRIFT, "BTC", "is 3 points off"), warning(Code.ALERT, "ETH", "is near"))
    two = (Finding(Severity.ERROR, Code.DRIFT, "BTC", "is 9 points off"), kept, info(Code.DRIFT, "ETH", "is off"))
    was, now = plans()
    found = side_by_side(changed(was, findings=one), changed(now, findings=two)).findings
    assert [(each.found, each.severity, each.subject, each.message, each.message_before) for each in found] == [
        (Found.CHANGED, Severity.ERROR, "BTC", "is 9 points off", "is 3 points off"),
        (Found.NEW, Severity.INFO, "ETH", "is off", None),
        (Found.GONE, Severity.WARNING, "ETH", "is near", None),
    ]
    assert found[0].severity_before is Severity.WARNING


def test_each_purpose_of_an_order_has_its_share_of_the_dollars() -> None:
    was, now = plans()
    order = order_of(
        "BTCUSD_PERP", "BTC", "-30", notional="3000", price="40000", fee="0",
        parts=(OrderPart(Purpose.HEDGE, exact("-20"), ("BTC",)),
               OrderPart(Purpose.REBALANCE, exact("-10"), ("BTC",))),
    )  # fmt: skip
    found = side_by_side(changed(was, orders=()), changed(now, orders=(order,))).orders
    assert [(each.purpose, each.before, each.after, each.usd_after) for each in found] == [
        (Purpose.HEDGE, ZERO, exact("-20"), exact("-2000")),
        (Purpose.REBALANCE, ZERO, exact("-10"), exact("-1000")),
    ]


def test_a_hedge_with_another_end_is_a_cause() -> None:
    was, now = plans()
    end = was.inputs.now
    one, two = (
        changed(plan, hedges=(HedgeLine("BTC", Fraction(1, 2), until),)) for plan, until in ((was, None), (now, end))
    )
    found = side_by_side(one, two)
    assert (found.causes, found.differs) == ((Cause.HEDGES,), ("hedges",))
    assert [(each.subject, each.figure, each.before) for each in found.words] == [("BTC", "until", None)]


def read(file: Path) -> Plan:
    plan = answers.read(file.read_text(), file.name)
    assert isinstance(plan, Plan)
    return plan


PAIRS = list(itertools.product(GOLDEN, repeat=2))


@pytest.mark.parametrize(("one", "two"), PAIRS, ids=lambda file: file.parent.name)
def test_any_two_plans_hold_to_the_laws(one: Path, two: Path) -> None:
    before, after = read(one), read(two)
    found = side_by_side(before, after)
    assert found.same is (one == two)
    assert bool(found.causes) is not found.same
    equity = found.equity
    assert equity.by_prices + equity.by_coins + equity.by_positions == equity.difference == after.equity - before.equity
    back = side_by_side(after, before)
    for name in (
        "orders",
        "transfers",
        "coins",
        "positions",
        "prices",
        "asked",
        "assets",
        "wallets",
        "accounts",
        "costs",
    ):
        there = {(each.before, each.after, each.difference) for each in getattr(found, name)}
        again = {(each.after, each.before, negative(each.difference)) for each in getattr(back, name)}
        assert there == again, name
    text = render("json", found, VIEW)
    assert render("json", answers.read(text, "diff.json"), VIEW) == text


def negative(figure: Fraction | None) -> Fraction | None:
    return None if figure is None else -figure


@pytest.mark.parametrize("name", ["table", "plain", "md", "html", "csv"])
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.parent.name)
def test_every_format_shows_it(name: str, file: Path) -> None:
    found = side_by_side(read(GOLDEN[0]), read(file))
    assert render(name, found, VIEW)


def test_it_is_shown_again_as_it_was(days: tuple[str, str], tmp_path: Path) -> None:
    kept = str(tmp_path / "diff.json")
    assert answered("diff", *days, "--out", kept).code == 0
    assert answered("show", kept, "--format", "plain").out == answered("diff", *days, "--format", "plain").out
    assert answered("diff", *days, "--out", days[0]).code == 2


def test_what_is_saved_is_no_plan_to_record(days: tuple[str, str]) -> None:
    found = side_by_side(read(Path(days[0])), read(Path(days[1])))
    assert saved_line(found, Context(file="diff.json")) == "rebal show diff.json"
    monday = read(Path(days[0]))
    assert saved_line(monday, Context(file="monday.json")) == "once it is placed: rebal record plan monday.json"
    assert saved_line(changed(monday, refused=True), Context(file="monday.json")) == "rebal show monday.json"
    waiting = OrderLine("7", None, "BTCUSD_PERP", Side.SELL, Fraction(1), None, reduce_only=False)
    account = Reconciliation(
        "rebal/reconcile/1",
        "reconcile",
        "mine",
        "binance",
        None,
        monday.inputs,
        Verdict.EQUAL,
        (),
        (),
        (waiting,),
        (),
        "",
    )
    assert saved_line(account, Context(file="account.json")) == "rebal show account.json"


PORTFOLIOS = sorted((ROOT / "portfolios").glob("*.yaml"))
OTHERS = (
    ("hedge", "BTC", "--pct", "50"),
    ("hedge", "BTC", "--pct", "0"),
    ("unwind",),
    ("unwind", "--purpose", "hedge"),
)


@pytest.mark.parametrize("file", PORTFOLIOS, ids=lambda file: file.stem)
def test_what_two_commands_say_of_one_file_is_made_from_the_same(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    one = saved(tmp_path, "plan.json", text)
    for n, command in enumerate(OTHERS):
        causes = told(one, saved(tmp_path, f"{n}.json", text, *command))["causes"]
        assert {"command"} <= {*causes} <= {"command", "hedges"}, command


def test_accounts_are_named_where_there_are_several(tmp_path: Path) -> None:
    text = """\
accounts:
  one: {venue: binance, wallets: {BTC: 0.5}, positions: [{contract: BTCUSD_PERP, contracts: -100, entry_price: 40000}]}
  two: {venue: deribit, wallets: {BTC: 0.2}}
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2}
targets: {BTC: 60%, USD: 40%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000}
"""
    one = saved(tmp_path, "one.json", text)
    two = saved(tmp_path, "two.json", text.replace("BTC: 0.2", "BTC: 0.3").replace("-100,", "-140,"))
    found = told(one, two)
    moved = [(each["place"], each["account"], each["difference"]) for each in found["coins"]]
    assert moved == [("wallet", "two", "0.1")]
    assert [(each["account"], each["difference"]) for each in found["positions"]] == [("one", "-40")]
    assert {each["account"] for each in found["orders"]} == {"one"}
    assert all(each["subject"].startswith(("one:", "two:")) for each in found["wallets"])


def test_a_pooled_account_is_told_with_what_it_counts_and_requires(tmp_path: Path) -> None:
    text = """\
accounts:
  main: {venue: bybit, margin: pooled, wallets: {USDC: 30000}, positions: [
    {contract: BTCUSD, contracts: -10000, entry_price: 40000}]}
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 1, USDC: 30000}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, USDC: 1}
"""
    one = saved(tmp_path, "one.json", text, "hedge", "BTC", "--pct", "0")
    two = saved(tmp_path, "two.json", text.replace("30000", "40000"), "hedge", "BTC", "--pct", "0")
    found = told(one, two)
    assert found["causes"] == ["coins"]
    accounts = {each["figure"]: each for each in found["accounts"]}
    assert {each["subject"] for each in found["accounts"]} == {"main"}
    assert accounts["equity"]["difference"] == "10000"
    plans = [json.loads(Path(file).read_text())["accounts"][0] for file in (one, two)]
    for figure in ("credit", "margin_ratio"):
        assert [accounts[figure]["before"], accounts[figure]["after"]] == [each[figure] for each in plans]
    assert accounts["nearest"]["before"] == plans[0]["nearest"]["distance"]


def test_what_is_no_plan_is_refused(days: tuple[str, str], tmp_path: Path) -> None:
    status = str(tmp_path / "status.json")
    answered("status", "-p", str(tmp_path / "portfolio.yaml"), *NOW, "--out", status)
    done = answered("diff", days[0], status)
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        f"{status}: schema: is of no plan (found rebal/status/1); "
        "save one of plan, hedge, unwind or rescue with --out plan.json\n"
    )
    missing = answered("diff", str(tmp_path / "none.json"), days[1])
    assert (missing.code, missing.out) == (3, "")
    assert missing.err.startswith(f"{tmp_path / 'none.json'}: does not exist; name an existing file")
    assert answered("diff", "-", "-").code == 2
    assert answered("diff", days[0]).code == 2


def test_figures_that_do_not_belong_together_are_an_error(days: tuple[str, str], tmp_path: Path) -> None:
    text = json.loads(Path(days[0]).read_text())
    text["orders"][0]["contracts"] = "0"
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(text))
    done = answered("diff", str(broken), days[1])
    assert (done.code, done.out) == (3, "")
    assert "holds figures that do not belong together; save the plans again" in done.err


def test_one_of_them_may_be_stdin(days: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(Path(days[1]).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert told(days[0], "-")["after"]["file"] == "stdin"


def test_what_stands_in_no_table_is_named_in_words_and_no_more_than_that() -> None:
    plan = books.open_book()
    other = replace(plan, payoff=(), hedges=(HedgeLine("BTC", Fraction("0.7"), None),))
    shown = render("table", diff(plan, other, files=("a.json", "b.json")), VIEW)
    assert "Also different  `rebal show` has each plan whole" in shown
    assert "the hedges asked for" in shown
    more = replace(plan, equity=plan.equity + 1)
    assert "Also different" not in render("table", diff(plan, more, files=("a.json", "b.json")), VIEW)


def test_a_margin_ratio_moves_by_points() -> None:
    plan = books.open_book()
    wallet = replace(plan.wallets[0], margin_ratio=Fraction("0.25"))
    other = replace(plan, wallets=(replace(wallet, margin_ratio=Fraction("0.9999")), *plan.wallets[1:]))
    plan = replace(plan, wallets=(wallet, *plan.wallets[1:]))
    shown = render("table", diff(plan, other, files=("a.json", "b.json")), VIEW)
    (line,) = [each for each in shown.splitlines() if "margin ratio" in each]
    assert "25.0" in line
    assert "99.9" in line
    assert "+75.0" in line
