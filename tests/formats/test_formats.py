"""Formats are found by name, reports by their schema."""

import io
from dataclasses import dataclass

import pytest

from rebal import cli, discover, formats
from rebal.formats import SIGNS, View, records, screens

from . import books


def test_the_formats_on_offer() -> None:
    assert formats.names() == ("csv", "json", "plain", "table")


def test_what_a_terminal_shows_a_pipe_gets() -> None:
    assert list(discover.names(screens)) == list(discover.names(records))


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
