"""Every event survives its columns, and columns that say anything else are refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal.amounts import Fraction
from rebal.book import HedgeAsked, MarginMode, Purpose
from rebal.journal import schema
from rebal.journal.chain import digest, entry_of, stored
from rebal.journal.spelling import (
    COLUMNS,
    TextProblem,
    columns_of,
    decimal,
    event_of,
    identifier,
    instant,
    line,
    parts_of,
    reason,
    shortened,
    texts,
)
from rebal.ledger import Draft, EntryLine, EntryType, Event, Ordered, OrderedPart, Spot, Transfer, Void
from rebal.times import rfc3339

from .books import LATER, SOLUSDT, at, draft, fill, funding, part

EVENTS: tuple[Event, ...] = (
    fill("-100", "40000.5", part("-130"), part("30", "rebalance"), fee="0.00000125", before=("20", "39000")),
    fill("0.25", "1.5", part("0.25", "rebalance", "DOT", "1.3"), of=SOLUSDT, mode=MarginMode.ISOLATED),
    replace(fill("1", "2"), expiry=datetime(2026, 12, 25, 8, tzinfo=UTC)),
    funding("-0.00001"),
    Transfer("BTC", Fraction("0.4"), "BTCUSD"),
    Transfer("ETH", Fraction("-1")),
    Spot("BTC", Fraction("-0.5"), Fraction(41000)),
    Spot("SOL", Fraction(3)),
    Transfer("BTC", Fraction("-0.1"), None, "bybit", "deribit"),
    Spot("BTC", Fraction("-0.0002"), None, "bybit", "deribit"),
    HedgeAsked("BTC", Fraction("0.5"), LATER),
    HedgeAsked("BTC", Fraction(0)),
    Void("fill-1", "typed the wrong price, sorry: 40,000"),
    Ordered(
        (
            OrderedPart("BTCUSD", Fraction(-137), Purpose.REBALANCE, "BTC"),
            OrderedPart("bybit:ETHUSD", Fraction("0.5"), Purpose.HEDGE, "DOT"),
        )
    ),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_survives_its_columns(event: Event) -> None:
    entry = stored(draft(event, name="x1", plan="b" * 64), seq=7, name="x1", previous="c" * 64)
    assert entry.event == event
    assert entry_of(columns_of(entry)) == entry


def test_every_column_has_a_field_in_the_report() -> None:
    later = (
        "settle_price",
        "account",
        "orders",
        "other_account",
    )  # at the end, so that what reads the rows by their order goes on reading them
    first = tuple(name for name in COLUMNS if name not in later)
    assert tuple(EntryLine.__dataclass_fields__) == (*first, "voided_by", *later)


def test_a_line_holds_what_the_entry_holds() -> None:
    entry = stored(draft(EVENTS[0], name="x1"), seq=1, name="x1", previous=None)
    shown = line(entry)
    assert (shown.seq, shown.type, shown.contracts, shown.amount) == (1, EntryType.FILL, Fraction(-100), None)
    assert shown.parts == (part("-130"), part("30", "rebalance"))
    assert line(stored(draft(EVENTS[3]), seq=1, name="x", previous=None)).parts == ()


def test_the_hash_of_an_entry_never_changes() -> None:
    # Journals that people keep rest on this figure: a change here disowns every one of them.
    entry = stored(draft(EVENTS[0], name="x1"), seq=1, name="x1", previous=None)
    assert entry.hash == "86882589644950aa15e568643d877b54f19f49da7bdd2bc0a8122eea7c5b3fb9"


def test_the_first_layout_never_changes() -> None:
    from hashlib import sha256

    script = "\n".join(schema.MIGRATIONS[0])
    assert sha256(script.encode()).hexdigest() == "27838cf2632c857ed0f4d73277a8ba150f3b8d1a8162d13e5ae6a2c5d8a4c8a0"


def test_parts_have_one_order() -> None:
    parts = (part("-130"), part("30", "rebalance"))
    events = (fill("-100", "40000.5", *parts), fill("-100", "40000.5", *parts[::-1]))
    first, second = (stored(draft(event), seq=1, name="x", previous=None) for event in events)
    assert first == second


@pytest.mark.parametrize("name", COLUMNS)
def test_a_change_of_any_column_breaks_the_hash(name: str) -> None:
    entry = stored(draft(EVENTS[0], name="x1", plan="b" * 64), seq=2, name="x1", previous="c" * 64)
    columns = columns_of(entry)
    columns[name] = "9" if columns[name] is None else f"{columns[name]}9"
    with pytest.raises(TextProblem, match=r"hash"):
        entry_of(columns)


def test_no_two_contents_share_their_text() -> None:
    # Lengths go under the hash, so that one column's end cannot be read as another's beginning.
    assert digest({"id": "a", "reason": "b\nplan=1:c"}) != digest({"id": "a", "reason": "b", "plan": "c"})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("contracts", "1e3", "contracts: is not a plain decimal"),
        ("contracts", "-0", "contracts: is not a plain decimal"),
        ("contracts", "0", "contracts: is zero"),
        ("contracts", "1.50", "contracts: is not a plain decimal"),
        ("contracts", "\u0661", "contracts: is not a plain decimal"),
        ("price", "-1", "price: is not above zero"),
        ("price", "1" * 41, "price: is not a plain decimal"),
        ("fee", "", "fee: is not a plain decimal"),
        ("parts", "hedge:BTC", "parts: is not purpose:asset:contracts"),
        ("parts", "keep:BTC:-100", "parts: is not one of rebalance, hedge"),
        ("parts", "hedge:BTC:-99", "parts: do not sum"),
        ("parts", "rebalance:BTC:30 hedge:BTC:-130", "parts: are not in order"),
        ("parts", "hedge:BTC:-100 hedge:ETH:0", "parts: are not in order, or empty"),
        ("kind", "quanto", "kind: is not one of"),
        ("margin_mode", "both", "margin_mode: is not one of"),
        ("asset", "btc", "asset: is not an asset"),
        ("contract", "../BTC", "contract: is not a contract"),
        ("expiry", "2026-12-25T08:00:00+00:00", "expiry: is not written in UTC"),
        ("expiry", "2026-12-25", "expiry: is a date without a time"),
    ],
)
def test_a_column_that_says_anything_else_is_refused(name: str, text: str, problem: str) -> None:
    columns = texts(EVENTS[0])
    columns["contracts"], columns["parts"] = "-100", "hedge:BTC:-100"
    with pytest.raises(TextProblem, match=problem):
        event_of(EntryType.FILL, columns | {name: text})


def test_missing_and_foreign_columns_are_refused() -> None:
    columns = texts(EVENTS[3])
    with pytest.raises(TextProblem, match=r"quantity: has no place in an entry of type funding"):
        event_of(EntryType.FUNDING, columns | {"quantity": "1"})
    del columns["amount"]
    with pytest.raises(TextProblem, match=r"amount: is missing"):
        event_of(EntryType.FUNDING, columns)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ("2026-11-20T09:30:00+01:30", "2026-11-20T08:00:00Z"),
        ("2026-11-20t08:00:00.5z", "2026-11-20T08:00:00.500000Z"),
        # The night in which Central Europe's clocks go back: the same hour twice, told apart by its offset.
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
    ],
)
def test_instants_are_kept_in_utc(text: str, read: str) -> None:
    assert rfc3339(instant(text)) == read


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T08:00:00", "2026-11-20", "2026-02-30T08:00:00Z", "0001-01-01T00:00:00+23:59", "1795161600",
     "2026-11-20T25:00:00Z", ""],
)  # fmt: skip
def test_a_time_without_its_zone_is_refused(text: str) -> None:
    with pytest.raises(TextProblem):
        instant(text)


@pytest.mark.parametrize("text", ["", "-x", "a b", "x" * 101, "x\n", "é"])
def test_an_id_is_printable_and_short(text: str) -> None:
    with pytest.raises(TextProblem):
        identifier(text)


@pytest.mark.parametrize("text", ["", "  ", "=1+1", "'=1", "a\x1b[31m", "x" * 501])
def test_a_reason_is_words(text: str) -> None:
    with pytest.raises(TextProblem):
        reason(text)


def test_numbers_without_end_are_kept_to_18_digits() -> None:
    assert shortened(Fraction(2, 3)) == Fraction("0.666666666666666667")
    assert shortened(Fraction("123.456")) == Fraction("123.456")
    long = Fraction(1, 2**60) + 40000
    assert abs(shortened(long) - long) < Fraction(1, 10**12)
    entry = stored(Draft(HedgeAsked("BTC", Fraction(1, 3)), at(1)), seq=1, name="x", previous=None)
    assert entry.event == HedgeAsked("BTC", Fraction("0.333333333333333333"))


@given(st.fractions(min_value=-(10**15), max_value=10**15, max_denominator=10**9))
def test_a_number_is_read_as_it_is_printed(value: Fraction) -> None:
    from rebal.amounts import plain

    printed = plain(value)
    assert plain(decimal(printed)) == printed


@given(st.text(max_size=60))
def test_any_text_as_parts_is_read_or_refused(text: str) -> None:
    try:
        parts = parts_of(text)
    except TextProblem:
        return
    assert " ".join(str(each) for each in parts) == text
