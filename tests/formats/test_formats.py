"""Formats are found by name, reports by their schema."""

from dataclasses import dataclass

import pytest

from rebal import formats
from rebal.formats import View

from . import books


def test_the_formats_on_offer() -> None:
    assert formats.names() == ("csv", "json", "plain", "table")


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
