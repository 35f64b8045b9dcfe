"""Every portfolio that ships has a golden plan: what a person and what a script get from it.

REBAL_UPDATE=1 pytest tests/test_golden.py    writes them anew; read the difference before it is committed.
"""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from rebal import load
from rebal.amounts import Fraction
from rebal.formats import View, render
from rebal.plan import Inputs, Plan
from rebal.planner import build_plan

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FILES = sorted((ROOT / "portfolios").glob("*.yaml"))


def planned(file: Path) -> Plan:
    portfolio = load.portfolio(str(file), now=NOW)
    inputs = Inputs(portfolio.statement_sha256, None, None, portfolio.market.as_of, NOW, "0")
    return build_plan(portfolio, portfolio.statement, inputs=inputs)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize(("name", "suffix"), [("json", "json"), ("plain", "txt"), ("csv", "csv")])
def test_the_plan_is_the_golden_one(file: Path, name: str, suffix: str) -> None:
    text = render(name, planned(file), View(width=100, colour=False))
    golden = ROOT / "tests" / "golden" / file.stem / f"plan.{suffix}"
    if os.environ.get("REBAL_UPDATE"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


class _AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: numbers are numbers, instants are text."""


_AsEditorsRead.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, _AsEditorsRead])
def test_what_ships_is_accepted_by_the_schema_that_it_names(file: Path, loader: type[yaml.BaseLoader]) -> None:
    document = yaml.load(file.read_text(), Loader=loader)
    jsonschema.Draft7Validator(load.schema()).validate(document)


def _orders(file: str) -> dict[str, tuple[str, Fraction, Fraction]]:
    plan = planned(ROOT / "portfolios" / file)
    return {order.contract: (order.side, order.contracts, order.coins) for order in plan.orders}


def test_the_first_documents_drift_takes_three_exact_orders() -> None:
    assert _orders("drift.yaml") == {
        "BTCUSD_PERP": ("sell", Fraction(150), Fraction("0.375")),
        "ETHUSD_PERP": ("buy", Fraction(400), Fraction("1.6")),
        "ALTUSD": ("buy", Fraction(1100), Fraction(22000)),
    }
    text = json.loads(render("json", planned(ROOT / "portfolios" / "drift.yaml"), View(width=100, colour=False)))
    weights = {line["asset"]: line["weight"] for line in text["assets"]}
    assert weights == {"BTC": "0.615384615384615385", "ETH": "0.269230769230769231", "ALT": "0.115384615384615385"}
    assert text["equity"] == "130000"


def test_the_second_documents_half_is_two_and_a_half_bitcoin() -> None:
    (order,) = planned(ROOT / "portfolios" / "five-bitcoin.yaml").orders
    assert order.notional == 162500
    assert str(Decimal(order.coins.numerator) / Decimal(order.coins.denominator)).startswith("2.519379")


def test_the_schema_beside_them_is_the_one_that_rebal_prints() -> None:
    shipped = ROOT / "portfolios" / "portfolio.schema.json"
    if os.environ.get("REBAL_UPDATE"):
        shipped.write_text(json.dumps(load.schema(), indent=2) + "\n")
    assert json.loads(shipped.read_text()) == load.schema()
