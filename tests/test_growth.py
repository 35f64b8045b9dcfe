"""A command, a format, a price source and a venue are one new file each; reports: see the formats' own test."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rebal
from program import NOW, PORTFOLIO, environment

GREET = '''"""``rebal greet``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World

EXAMPLES = ("rebal greet Ada",)


def greet(world: World, *, name: Annotated[str, typer.Argument(help="Who.")]) -> Answer:
    """Greet somebody by name."""
    return Answer(f"good day, {name}\\n")
'''
COUNT = '''"""How many orders a plan has."""


def render(report, view):
    return f"{len(report.orders)} orders on {report.orders[0].contract}"
'''
FLAT = '''"""A price of a hundred for whatever is wanted."""

from rebal.amounts import Fraction
from rebal.prices import Quotes


def source(network, *, timeout):
    """Quote everything at a hundred."""
    return lambda wanted: Quotes(wanted.now, {coin: Fraction(100) for coin in wanted.coins}, {})
'''
HARBOUR = '''"""Harbour: one inverse perpetual."""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

_PERPETUALS = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0002",
    taker_fee="0.0005",
    funding_hours="8",
    listed={"yes": "seen"},
    common={"lot": "1", "min": "1", "leverage": "100", "listed": "yes", "source": "pages", "date": "2026-11-20",
            "status": "doc"},
    text="""
contract  asset  multiplier  tick
BTCHAR    BTC    100         0.5
""",
)
_FORM = Form(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN)


def maintenance(contract: str) -> Known | None:
    """Half a percent, whatever the size."""
    return Known(_FORM.tiers("- 0.005"))


VENUE = Venue(
    name="harbour",
    title="Harbour",
    statements=(),
    sources={"pages": "its pages"},
    tables=(_PERPETUALS,),
    notes={},
    maintenance=maintenance,
)
'''


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package to which one file of each kind was added, and nothing else changed."""
    folder = tmp_path_factory.mktemp("grown")
    package = folder / "rebal"
    shutil.copytree(Path(rebal.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "commands" / "greet.py").write_text(GREET)
    (package / "prices" / "flat.py").write_text(FLAT)
    (package / "formats" / "count.py").write_text(COUNT)
    (package / "venues" / "harbour.py").write_text(HARBOUR)
    (folder / "portfolio.yaml").write_text(
        PORTFOLIO.replace("binance", "harbour").replace("{BTC: 2, ETH: 14}", "{BTC: 2}").replace(
            "{BTC: 60%, ETH: 40%}", "{BTC: 60%, USD: 40%}"
        )
    )  # fmt: skip
    return folder


def said(grown: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rebal", *arguments], cwd=grown, capture_output=True, text=True, check=False,
        env=environment(PYTHONPATH=str(grown), PYTHONDONTWRITEBYTECODE="1"),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_command_is_one_new_file(grown: Path) -> None:
    assert "greet" in said(grown, "--help")
    assert "Examples:\n    rebal greet Ada" in said(grown, "greet", "--help")
    assert said(grown, "greet", "Ada") == "good day, Ada\n"


def test_a_venue_is_one_new_file(grown: Path) -> None:
    assert "Harbour" in said(grown, "venues", "--format", "plain", *NOW)
    (contract,) = json.loads(said(grown, "venues", "harbour", "--format", "json", *NOW))["contracts"]
    assert (contract["contract"], contract["standing"], contract["multiplier"]) == ("BTCHAR", "planned-on", "100")
    (order,) = json.loads(said(grown, "plan", "--format", "json", *NOW))["orders"]
    assert (order["contract"], order["side"], order["contracts"]) == ("BTCHAR", "sell", "320")


def test_a_price_source_is_one_new_file(grown: Path) -> None:
    plan = json.loads(said(grown, "plan", "--market", "flat", "--format", "json", *NOW))
    assert [(asset["asset"], asset["price"]) for asset in plan["assets"]] == [("BTC", "100"), ("USD", "1")]


def test_a_format_is_one_new_file(grown: Path) -> None:
    assert said(grown, "plan", "--format", "count", *NOW).strip() == "1 orders on BTCHAR"
