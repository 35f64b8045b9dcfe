"""What history exports is the journal: rebuilt from it, entry for entry and hash for hash."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal import formats, journal
from rebal.amounts import Fraction
from rebal.book import HedgeAsked, MarginMode, opened
from rebal.errors import InvalidInput
from rebal.formats import View
from rebal.journal import exported, store
from rebal.journal.adding import add, continued
from rebal.journal.report import history
from rebal.ledger import Journal, Spot, Transfer, Void
from rebal.stated import stated

from .books import BTCUSD, LATER, SOLUSDT, at, draft, fill, funding, part, portfolio

F = Fraction
DRAFTS = [
    draft(Spot("BTC", F("-0.5"), F(41000)), -5),
    draft(fill("-130", "40000.5", part("-100"), part("-30", "hedge", "DOT", "1.3"), fee="0.00125"), 1, "ex-1"),
    draft(fill("-30", "40000", part("-50"), part("20", "rebalance"), before=("-130", "40000.5")), 2, plan="e" * 64),
    draft(fill("0.5", "1.5", part("0.5", "rebalance", "SOL"), of=SOLUSDT, mode=MarginMode.ISOLATED), 3),
    draft(fill("0.5", "1.5", part("0.5", "rebalance", "SOL"), of=SOLUSDT, settle="0.99"), 3, "ex-2"),
    draft(funding("-0.0001"), 4, "f-1"),
    draft(funding("-0.25", "150", of=SOLUSDT, settle="0.99"), 4, "f-2"),
    draft(Transfer("BTC", F("0.4"), "BTCUSD"), 5),
    draft(HedgeAsked("BTC", F("0.5"), LATER), 6),
    draft(Spot("USDT", F(-500)), 7, "wrong"),
    draft(Void("wrong", 'typed a sign too many, "sorry"; = 500'), 8),
]
WHOLE = add(Journal(), DRAFTS).after


def text_of(format: str, journal: Journal = WHOLE) -> str:
    return formats.render(format, history(portfolio(), journal), View(width=100, colour=False))


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_export_is_the_journal(format: str) -> None:
    assert exported.read(text_of(format), "export") == WHOLE


def test_a_statement_of_many_positions_comes_back_from_one_cell() -> None:
    names = [f"BTCUSD-{n:033}" for n in range(2_000)]
    row = stated(portfolio(positions={"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}))
    many = replace(row, positions=tuple(replace(row.positions[0], contract=name) for name in names))
    long = add(Journal(), [draft(many, 1)]).after
    text, limit = text_of("csv", long), csv.field_size_limit()
    assert max(len(line) for line in text.split(",")) > limit
    assert exported.read(text, "export") == long
    assert csv.field_size_limit() == limit
    with pytest.raises(InvalidInput):
        exported.read(text[:-70], "export")
    assert csv.field_size_limit() == limit


def test_an_export_from_before_a_column_was_there_is_the_journal() -> None:
    old = add(Journal(), DRAFTS[:3]).after
    lines = [line.split(",") for line in text_of("csv", old).splitlines()]
    for name in ("settle_price", "index_price", "shifts"):
        place = lines[0].index(name)
        lines = [[*cells[:place], *cells[place + 1 :]] for cells in lines]
    assert exported.read("\n".join(",".join(cells) for cells in lines), "export") == old


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_empty_export_is_an_empty_journal(format: str) -> None:
    assert exported.read(text_of(format, Journal()), "export") == Journal()


@pytest.mark.parametrize("format", ["json", "csv"])
def test_a_journal_is_rebuilt_entry_for_entry(tmp_path: Path, format: str) -> None:
    first, second = str(tmp_path / "a.db"), str(tmp_path / "b.db")
    journal.append(first, DRAFTS)
    store.rebuild(second, exported.read(text_of(format, journal.read(first)), "export"))
    assert journal.read(second) == journal.read(first) == WHOLE
    assert store.rebuild(second, WHOLE).new == ()


def test_a_journal_that_ends_earlier_is_continued(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    journal.append(path, DRAFTS[:3])
    added = store.rebuild(path, WHOLE)
    assert (len(added.repeated), len(added.new)) == (3, len(DRAFTS) - 3)
    assert journal.read(path) == WHOLE


def test_two_journals_never_become_one(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    journal.append(path, DRAFTS[1:3])
    before = Path(path).read_bytes()
    with pytest.raises(InvalidInput, match=r"entry 1: is not that of the export"):
        store.rebuild(path, WHOLE)
    assert Path(path).read_bytes() == before
    longer = add(WHOLE, [draft(Spot("ETH", F(1)), 20)]).after
    assert continued(longer, WHOLE, path).after == longer


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_edited_export_is_seen(format: str) -> None:
    with pytest.raises(InvalidInput, match=r"entry 2: hash: is not that of the contents"):
        exported.read(text_of(format).replace("40000.5", "40001.5", 1), "export")


@pytest.mark.parametrize("format", ["json", "csv"])
def test_an_export_of_a_part_is_no_journal(format: str) -> None:
    made = history(portfolio(), WHOLE, since=at(2))
    text = formats.render(format, made, View(width=100, colour=False))
    with pytest.raises(InvalidInput, match=r"is not the first of the journal .found 3.; export it without --since"):
        exported.read(text, "export")


def test_a_missing_entry_is_seen() -> None:
    document = json.loads(text_of("json"))
    del document["entries"][3]
    with pytest.raises(InvalidInput, match=r"entry 4: seq: is 5 where 4 belongs"):
        exported.read(json.dumps(document), "export")


def test_an_entry_that_was_chained_elsewhere_is_seen() -> None:
    other = add(Journal(), [draft(Spot("ETH", F(1)), 1)]).after
    document = json.loads(text_of("json"))
    document["entries"][0] = json.loads(text_of("json", other))["entries"][0]
    with pytest.raises(InvalidInput, match=r"entry 2: previous: is not the hash of the entry before"):
        exported.read(json.dumps(document), "export")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "seq: is no column of it|contract: is no column of it|amount: is no column"),
        ('{"schema": "rebal/plan/1"}', "schema: is not that of a history; rebal/history/1 is what can be rebuilt"),
        ('{"schema": "rebal/history/1"}', "entries: is not a list"),
        ('{"schema": "rebal/history/1", "entries": [5]}', "entries.0.: is not an object .found 5."),
        ('{"schema": "rebal/history/1", "entries": [{"seq": true}]}', "entries.0..seq: is neither text nor a number"),
        ('{"schema": "rebal/history/1", "entries": [{"seq": 1, "parts": [5]}]}', "is not a part of a fill"),
        ('{"schema": "rebal/history/1", "entries": [{"seq": 1}]}', "entry 1: hash: is not that of the contents"),
        ("seq,id\n1,a\n", "is no column of it"),
    ],
)
def test_what_is_no_export_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        exported.read(text, "export")


def test_a_void_of_what_cannot_be_voided_is_refused() -> None:
    from rebal.journal.chain import digest
    from rebal.journal.spelling import columns_of

    rows = [columns_of(entry) for entry in WHOLE.entries]
    rows[-1] |= {"voids": "nothing"}
    rows[-1]["hash"] = digest(rows[-1])
    with pytest.raises(InvalidInput, match=r"voids: nothing is not an entry that it could void"):
        store.chained(rows, "export")
    rows = [columns_of(entry) for entry in WHOLE.entries][:2]
    rows[1] |= {"id": rows[0]["id"]}
    rows[1]["hash"] = digest(rows[1])
    with pytest.raises(InvalidInput, match=r"stands twice"):
        store.chained(rows, "export")


MUTATED = {format: text_of(format) for format in ("json", "csv")}


@given(format=st.sampled_from(("json", "csv")), data=st.data())
def test_a_mutated_export_is_refused_or_the_same(format: str, data: st.DataObject) -> None:
    text = MUTATED[format]
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from("0179-.,:\"{}[]abZ\n '="))
    try:
        read = exported.read(text[:place] + put + text[place + 1 :], "export")
    except InvalidInput:
        return
    assert read == WHOLE


@given(st.text(max_size=100))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        exported.read(text, "export")
