"""What editors are given: the schema, and a file to start from."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from load.editor import seen
from load.given import SMALL, read
from load.test_resolve import FULL
from rebal import load
from rebal.load import models

SCHEMA = load.schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
CORPUS = Path(__file__).parents[1] / "errors"


def accepted(text: str) -> bool:
    return bool(VALIDATOR.is_valid(seen(text)))


def test_it_is_a_schema_of_draft_7_and_the_same_each_time() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert load.schema() == SCHEMA
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_it_needs_nothing_but_itself_and_no_later_draft() -> None:
    written = json.dumps(SCHEMA)
    assert not any(word in written for word in ('"$ref"', '"$defs"', '"prefixItems"', '"default"', "2020-12"))


def test_every_section_and_key_is_described() -> None:
    def undescribed(schema: dict[str, Any], path: str) -> list[str]:
        found = []
        for key, field in schema.get("properties", {}).items():
            found += [] if field.get("description") else [f"{path}.{key}"]
            inner = [field, *field.get("anyOf", ()), field.get("items", {}), field.get("additionalProperties", {})]
            for part in inner:
                if isinstance(part, dict):
                    found += undescribed(part, f"{path}.{key}")
        return found

    assert undescribed(SCHEMA, "") == []
    assert set(SCHEMA["properties"]) == set(models.PORTFOLIO.keys)


@pytest.mark.parametrize("text", [SMALL, FULL, load.starter()], ids=["small", "full", "starter"])
def test_files_that_are_read_are_accepted(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text)
    VALIDATOR.validate(seen(text))


@pytest.mark.parametrize(
    "change",
    [
        ("BTC: 2", "BTC: '2'"),
        ("BTC: 2", "BTC: {quantity: 2.5, lots: []}"),
        ("BTC: 40000", "BTC: 0.000001"),
        ("BTC: 40000", "BTC: 4.1e+04"),
        ("BTC: 40000", "BTC: '7.2E-06'"),
        ("market:", "name: 2026\nmarket:"),
        ("market:", "policy: {band: 0.05, max_price_age: none}\nmarket:"),
        ("market:", "policy: {band: {relative: 25%}}\nmarket:"),
        ("taker_fee: 0.05%", "taker_fee: -0.0001"),
        ("taker_fee: 0.05%", "taker_fee: 0.05%\n    maintenance: {close_fee: true, tiers: [{rate: 1%}]}"),
        ("asset: BTC", "asset: BTC\n    expiry: 2026-12-25T08:00:00Z"),
    ],
)
def test_every_way_of_writing_a_value_is_accepted(change: tuple[str, str], tmp_path: Path) -> None:
    text = SMALL.replace(*change)
    assert text != SMALL
    assert read(tmp_path, text)
    assert accepted(text)


@pytest.mark.parametrize(
    "name",
    [
        "negative-holding", "price-of-zero", "price-negative", "unknown-key", "unknown-section", "unknown-word",
        "lower-case-asset", "comma", "underscore", "hexadecimal", "sexagesimal", "percentage-for-a-number",
        "percentage-without-sign", "no-time-zone", "date-without-time", "not-a-length-of-time", "tax-incomplete",
        "position-incomplete", "entry-price-of-zero", "list-is-a-mapping", "section-is-a-list", "no-holdings",
        "leverage-of-zero", "tier-without-rate", "no-value", "name-empty", "neither-true-nor-false",
    ],
)  # fmt: skip
def test_what_can_be_told_from_one_value_is_underlined_while_it_is_typed(name: str) -> None:
    assert not accepted((CORPUS / f"{name}.yaml").read_text(encoding="utf-8"))


def test_the_starter_names_its_schema_first() -> None:
    assert load.starter().splitlines()[0] == "# yaml-language-server: $schema=portfolio.schema.json"


def test_the_starter_shows_every_section(tmp_path: Path) -> None:
    uncommented = [line.lstrip("# ").split(":")[0] for line in load.starter().splitlines()]
    shown = {key for key in models.PORTFOLIO.keys if key in uncommented}
    assert set(models.PORTFOLIO.keys) - shown <= {"proxies", "journal", "cash", "accounts"}
    assert read(tmp_path, load.starter()).policy == read(tmp_path, SMALL).policy


def test_the_starter_is_dated_now_and_valid(tmp_path: Path) -> None:
    now = datetime(2031, 1, 5, 23, 59, 58, tzinfo=timezone(timedelta(hours=2)))
    text = load.starter(now=now)
    assert text.count("as_of: 2031-01-05T21:59:00Z") == 2
    assert "2026" not in text
    (tmp_path / "dated.yaml").write_text(text)
    made = load.portfolio(str(tmp_path / "dated.yaml"), now=now)
    assert made.as_of == made.market.as_of == datetime(2031, 1, 5, 21, 59, tzinfo=UTC)
    assert [lot.acquired for lot in made.holdings["ETH"].lots][1].date().isoformat() == "2030-10-19"


def test_what_the_starter_has_in_comments_is_valid_too(tmp_path: Path) -> None:
    keys = ("aside", "wallets", "positions", "contracts", "costs", "tax", "scenarios", " ")
    lines = []
    # its accounts stand in place of its venue, wallets and positions: `rebal init` has a test of its own for them
    text = load.starter()
    start = text.index("# accounts:")
    for line in (text[:start] + text[text.index("\n\n", start) :]).splitlines():
        bare = line.removeprefix("# ")
        lines.append(bare if line.startswith("# ") and bare.startswith(keys) else line)
    portfolio = read(tmp_path, "\n".join(lines))
    assert portfolio.statement.positions
    assert portfolio.tax
    assert portfolio.scenarios
    assert portfolio.contracts["BTCUSD"].leverage == 5
