"""JSON: the contract with scripts."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import pytest

from program import environment
from rebal import formats
from rebal.amounts import Fraction
from rebal.findings import Code, Finding, FindingData, Severity
from rebal.formats import Report, View

from . import books, extremes, ledgers, rows

VIEW = View(width=100, colour=True)
NUMBER = re.compile(r"0|-?(?:0\.[0-9]*[1-9]|[1-9][0-9]*(?:\.[0-9]*[1-9])?)")
KEYS = {
    "": "schema command name venue as_of currency changes refused equity inputs assets orders transfers steps wallets "
    "positions hedges costs findings settings payoff accounts",
    "inputs": "statement_sha256 journal_seq journal_head market_as_of now version price_sources policy",
    "assets": "asset price holding spot_value exposure weight target_weight drift outside_band exposure_after "
    "weight_after hedge_ratio hedge_ratio_after net_exposure net_exposure_after aimed_weight",
    "orders": "contract asset kind side contracts order_quantity order_unit notional coins price limit_price "
    "reduce_only fee fee_currency route parts account",
    "parts": "purpose contracts stands_for",
    "transfers": "asset contract quantity account other_account hours fee",
    "steps": "n kind index",
    "wallets": "currency mode balance unrealised_pnl margin_balance position_value leverage initial_margin "
    "maintenance_margin margin_ratio liquidation_below liquidation_above distance_below distance_above",
    "positions": "contract contracts contracts_before contracts_hedge contracts_rebalance entry_price mark_price "
    "notional coin_value unrealised_pnl delta isolated_margin liquidation_price asset settle account "
    "liquidation_estimate margin",
    "hedges": "asset fraction until",
    "costs": "fees_usd funding_usd_per_day funding_usd_per_year breakdown by_day sending_usd",
    "breakdown": "contract fee_usd funding_usd_per_day",
    "settings": "contract margin_mode leverage",
    "findings": "severity code subject message data",
    "pnl": "contract coin usd fees_coin funding_coin net_usd currency",
}
TEXTS = {
    "account",
    "margin",
    "mode",
    "of",
    "path",
    "schema",
    "command",
    "name",
    "venue",
    "as_of",
    "currency",
    "statement_sha256",
    "journal_head",
    "market_as_of",
    "now",
    "version",
    "asset",
    "contract",
    "kind",
    "settle",
    "side",
    "order_unit",
    "fee_currency",
    "route",
    "way",
    "wallet",
    "purpose",
    "until",
    "severity",
    "code",
    "subject",
    "message",
    "stands_for",
    "summary",
    "needs",
    "id",
    "time",
    "type",
    "margin_mode",
    "expiry",
    "voids",
    "reason",
    "statement",
    "plan",
    "previous",
    "hash",
    "voided_by",
    "since",
    "journal",
    "repeated",
    "notes",
}
COUNTS = {"n", "index", "journal_seq", "seq"}
BOOKS = (books.worked_example, books.open_book, books.unwind, books.rescue, extremes.extreme)
LEDGERS = (ledgers.status, ledgers.history, ledgers.recorded, ledgers.extreme)


def shown(plan: Report) -> str:
    return formats.render("json", plan, VIEW)


def members(value: object, key: str = "") -> list[tuple[str, object]]:
    """Every scalar with the key it stands under, in order."""
    if isinstance(value, dict):
        return [each for inner, member in value.items() for each in members(member, inner)]
    if isinstance(value, list):
        return [each for member in value for each in members(member, key)]
    return [(key, value)]


@pytest.mark.parametrize("book", [*BOOKS, *LEDGERS])
def test_it_is_laid_out_like_the_standard_library_does(book: Callable[[], Report]) -> None:
    text = shown(book())
    assert text == json.dumps(json.loads(text), indent=2) + "\n"


def test_keys_in_their_order() -> None:
    plan = json.loads(shown(books.open_book()))
    assert " ".join(plan) == KEYS[""]
    assert " ".join(plan["inputs"]) == KEYS["inputs"]
    assert " ".join(plan["costs"]) == KEYS["costs"]
    assert " ".join(plan["orders"][0]["parts"][0]) == KEYS["parts"]
    assert " ".join(plan["costs"]["breakdown"][0]) == KEYS["breakdown"]
    for name in ("assets", "orders", "transfers", "steps", "positions", "hedges", "findings"):
        assert " ".join(plan[name][0]) == KEYS[name]
    assert " ".join(plan["wallets"][0]).startswith(KEYS["wallets"] + " ")


def test_the_figures_of_a_finding_are_written_like_every_other() -> None:
    data = FindingData(
        distance=Fraction(1, 3),
        missing_coins=None,
        expiry=rows.MORNING,
        entries=3,
        asset="BTC",
        contracts=("A", "B"),
    )
    found = Finding(Severity.INFO, Code.ALERT, "BTC", "is off", data)
    bare = Finding(Severity.INFO, Code.ALERT, "ETH", "is off")
    told = json.loads(shown(rows.plan(findings=(found, bare))))["findings"]
    assert list(told[0]["data"].items()) == [
        ("distance", "0.333333333333333333"),
        ("missing_coins", None),
        ("expiry", "2026-11-20T08:00:00Z"),
        ("entries", 3),
        ("asset", "BTC"),
        ("contracts", ["A", "B"]),
    ]
    assert told[1]["data"] == {}


def test_names_and_texts_are_written_as_they_are_whatever_signs_they_hold() -> None:
    data = FindingData.of({'5%s "off"': "%d %s", "%": Fraction(1, 2)})
    found = Finding(Severity.INFO, Code.ALERT, "%s", "5 % is {off}", data)
    (told,) = json.loads(shown(rows.plan(findings=(found,))))["findings"]
    assert (told["subject"], told["message"]) == ("%s", "5 % is {off}")
    assert told["data"] == {'5%s "off"': "%d %s", "%": "0.5"}


def test_only_unwind_has_pnl_and_spot_matches() -> None:
    plan = json.loads(shown(books.unwind()))
    assert " ".join(plan) == f"{KEYS['']} pnl spot_matches ladder first_rungs"
    assert " ".join(plan["pnl"][0]) == KEYS["pnl"]
    assert plan["spot_matches"] is False
    assert json.loads(shown(replace(books.unwind(), spot_matches=None)))["spot_matches"] is None
    assert "pnl" not in json.loads(shown(replace(books.unwind(), command="hedge")))


def test_only_rescue_has_ways() -> None:
    plan = json.loads(shown(books.rescue()))
    assert " ".join(plan) == f"{KEYS['']} ways"
    assert " ".join(plan["ways"][0]) == (
        "wallet currency contract way coins transfers contracts fees_usd realised_usd distance_after leverage_after "
        "weights hedge_ratios enough chosen"
    )
    assert plan["ways"][2]["contracts"] == {"BTCUSD_PERP": "-120"}
    assert "ways" not in json.loads(shown(replace(books.rescue(), command="plan")))


@pytest.mark.parametrize("book", [*BOOKS, *LEDGERS])
def test_every_number_is_a_plain_decimal_string(book: Callable[[], Report]) -> None:
    for key, value in members(json.loads(shown(book()))):
        if key in COUNTS:
            assert value is None or type(value) is int
        elif key not in TEXTS:
            assert value is None or isinstance(value, bool) or NUMBER.fullmatch(str(value)), key


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 2), "0.5"),
        (Fraction(-5), "-5"),
        (Fraction(0), "0"),
        (Fraction(2, 3), "0.666666666666666667"),
        (Fraction(10) ** 20, "100000000000000000000"),
        (Fraction(1, 10**18), "0.000000000000000001"),
    ],
)
def test_numbers(value: Fraction, text: str) -> None:
    assert json.loads(shown(rows.plan(equity=value)))["equity"] == text


def test_instants_are_in_utc() -> None:
    there = datetime(2026, 11, 20, 9, 30, 0, 250000, tzinfo=timezone(timedelta(hours=1)))
    assert json.loads(shown(rows.plan(as_of=there)))["as_of"] == "2026-11-20T08:30:00.250000Z"
    assert json.loads(shown(rows.plan()))["as_of"] == "2026-11-20T08:00:00Z"


def test_any_text_survives_in_ascii() -> None:
    name = 'Zürich "長" \u202e \x1b \\ [red]'
    text = shown(rows.plan(name=name, venue=None))
    assert text.isascii()
    assert json.loads(text)["name"] == name
    assert json.loads(text)["venue"] is None


def test_empty_lists_stay_lists() -> None:
    assert json.loads(shown(rows.plan()))["orders"] == []


def test_the_keys_of_status() -> None:
    status = json.loads(shown(ledgers.status()))
    assert " ".join(status) == (
        "schema command name venue as_of currency equity inputs assets wallets positions hedges realised findings "
        "needs summary accounts payoff costs"
    )
    realised = "contract coin usd fees_coin funding_coin currency fees_usd funding_usd net_usd"
    assert " ".join(status["realised"][0]) == realised
    assert status["needs"] == "attention"


def test_the_keys_of_history() -> None:
    history = json.loads(shown(ledgers.history()))
    assert " ".join(history) == (
        "schema name as_of currency since journal_seq journal_head entries totals total positions effects notes "
        "episodes path market_as_of"
    )
    fill = history["entries"][2]
    assert list(fill)[:4] == ["seq", "id", "time", "type"]
    assert list(fill)[-5:] == ["voided_by", "settle_price", "account", "orders", "other_account"]
    assert fill["parts"][0] == {"purpose": "hedge", "contracts": "-700", "stands_for": "DOT", "beta": "1.3"}
    assert fill["quantity"] is None


@dataclass(frozen=True, slots=True)
class _Scenario:
    name: str
    shocks: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class _Report:
    schema: str
    scenarios: tuple[_Scenario, ...]


def test_other_reports_print_by_their_fields() -> None:
    report = _Report("rebal/stress/1", (_Scenario("crash", {"BTC": Fraction("-0.4"), "ALT": Fraction(-1, 3)}),))
    printed = json.loads(formats.render("json", report, VIEW))
    assert printed == {
        "schema": "rebal/stress/1",
        "scenarios": [{"name": "crash", "shocks": {"BTC": "-0.4", "ALT": "-0.333333333333333333"}}],
    }


def test_a_type_without_a_rule_is_our_bug() -> None:
    report = _Report("rebal/stress/1", (0.5,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float"):
        formats.render("json", report, VIEW)


@pytest.mark.parametrize("name", ["json", "csv"])
def test_machines_do_not_wait_for_rich(name: str) -> None:
    script = (
        "import sys; from rebal import discover, formats; import rebal.plan;"
        f"discover.load(formats, {name!r}); print([each for each in sys.modules if each.startswith('rich')])"
    )
    ran = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_the_keys_of_settings() -> None:
    plan = json.loads(shown(books.worked_example()))
    assert [" ".join(each) for each in plan["settings"]] == [KEYS["settings"]] * 3
