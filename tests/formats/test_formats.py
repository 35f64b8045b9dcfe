"""Formats are found by name, reports by their schema."""

import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import rebal
from program import environment
from rebal import cli, discover, formats
from rebal.formats import SIGNS, View, describe

from . import books


def test_the_formats_on_offer() -> None:
    assert formats.names() == ("csv", "html", "json", "md", "orders", "plain", "svg", "table")


def test_the_kinds_of_reports() -> None:
    kinds = """
    beta books compare diff explain guide history plan problem reconcile record refresh replay status stress venue
    venues
    """
    assert list(discover.names(describe)) == kinds.split()


TIDES = '''"""Tides."""

from rebal.formats.document import Column, Document, Role, Section, Table
from rebal.formats.document.said import Kind


COLUMNS = (
    Column("port", "port", record="{}", role=Role.NAME, left=True),
    Column("rise", "metres", Kind.EXACT, after="metres"),
)


def document(report: object, limits: object) -> Document:
    return (Section("Tides", (Table(COLUMNS, report.tides, word="tide"),)),)
'''
OUTLINE = '''"""A list of the titles and the rows below them."""

from rebal.formats import describe
from rebal.formats.document import Section, Table
from rebal.formats.document.said import getter


def render(report, view):
    return "".join(outline(describe.document(report, view)))


def outline(blocks):
    for block in blocks:
        if isinstance(block, Section):
            yield f"# {block.title}\\n"
            yield from outline(block.blocks)
        elif isinstance(block, Table):
            for row in block.rows:
                yield f"- {'; '.join(str(getter(each.get)(row)) for each in block.columns)}\\n"
'''
SHOWN = """
from dataclasses import dataclass
from rebal.amounts import Fraction
from rebal import formats

@dataclass(frozen=True)
class Tide:
    port: str
    metres: Fraction

@dataclass(frozen=True)
class Tides:
    schema: str = "rebal/tides/1"
    tides: tuple[Tide, ...] = (Tide("Cuxhaven", Fraction("2.96")), Tide("Saint-Malo", Fraction("12.1")))

for name in sorted({*formats.names()} - {"orders", "svg"}):  # orders are of a plan alone, svg is of a chart
    print(f"[{name}]")
    print(formats.render(name, Tides(), formats.View(80, colour=False, ascii=True)))
"""


def test_a_format_and_a_report_are_one_new_file_each(tmp_path: Path) -> None:
    shutil.copytree(Path(rebal.__file__).parent, tmp_path / "rebal", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "rebal" / "formats" / "outline.py").write_text(OUTLINE)
    (tmp_path / "rebal" / "formats" / "describe" / "tides.py").write_text(TIDES)
    given = {**environment(), "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", SHOWN], env=given, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    shown = dict(part.split("]\n", 1) for part in ran.stdout.split("[")[1:] if "]\n" in part)
    assert shown["plain"].strip() == "tide      Cuxhaven  rise 2.96\ntide      Saint-Malo  rise 12.1"
    assert shown["table"].strip().splitlines() == [
        "Tides", "port         rise", "-----------------", "Cuxhaven     2.96", "Saint-Malo   12.1",
    ]  # fmt: skip
    assert shown["csv"].strip() == "port,metres\nCuxhaven,2.96\nSaint-Malo,12.1"
    assert shown["outline"].strip() == "# Tides\n- Cuxhaven; 74/25\n- Saint-Malo; 121/10"
    assert '"schema": "rebal/tides/1"' in ran.stdout
    assert shown["md"].strip().splitlines()[2:4] == ["| port | rise |", "| --- | --: |"]
    assert '<data value="12.1">12.1</data>' in ran.stdout


def test_an_unknown_format_or_kind_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        formats.render("xml", books.quiet(), View(80, colour=False))
    with pytest.raises(LookupError):
        formats.render("layout", books.quiet(), View(80, colour=False))

    @dataclass(frozen=True)
    class Odd:
        schema: str = "rebal/odd/1"

    with pytest.raises(LookupError, match="odd"):
        formats.render("table", Odd(), View(80, colour=False))


@pytest.mark.parametrize("name", formats.names())
def test_the_same_report_gives_the_same_text(name: str) -> None:
    view = View(80, colour=True)
    assert formats.render(name, books.open_book(), view) == formats.render(name, books.open_book(), view)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "ascii", "latin-1", "cp1252", "cp437", "iso8859-15", "koi8-r"])
def test_the_command_line_knows_which_encodings_carry_our_signs(encoding: str) -> None:
    try:
        SIGNS.encode(encoding)
        carries = True
    except UnicodeEncodeError:
        carries = False
    assert cli._carries_signs(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is carries


def test_the_command_line_asks_for_every_sign() -> None:
    assert set(SIGNS) <= set(cli._OUR_SIGNS)
