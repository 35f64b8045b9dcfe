"""Entries as columns of text and back: the same in the file, in an export and under the hash.

Numbers are plain decimals in one spelling and times RFC 3339 in UTC, so equal contents are equal bytes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from rebal import times
from rebal.amounts import Fraction, NumberProblem, number, plain, significant, total
from rebal.book import HedgeAsked, MarginMode, Purpose
from rebal.ledger import (
    EVENTS,
    Difference,
    Entry,
    EntryLine,
    EntryType,
    Event,
    Fill,
    FillPart,
    Funding,
    OrderedPart,
    Spot,
    Stated,
    Transfer,
)
from rebal.market.contract import Kind
from rebal.names import is_account, is_asset, is_contract, is_wallet
from rebal.stated import Coins, Price, Row, Shift, Stood
from rebal.times import TimeProblem, rfc3339

_Member = TypeVar("_Member", bound=StrEnum)

_FIELDS = {event: tuple(each.name for each in fields(event)) for event in EVENTS.values()}
_OPTIONAL = {
    Fill: frozenset({"expiry", "contracts_before", "entry_before", "index_price", "settle_price", "account"}),
    Funding: frozenset({"settle_price", "account"}),
    Transfer: frozenset({"contract", "account", "other_account"}),
    Spot: frozenset({"price", "account", "other_account"}),
    HedgeAsked: frozenset({"until", "price"}),
    Stated: frozenset({"holdings", "wallets", "positions", "prices", "marks"}),
    Difference: frozenset({"holdings", "wallets", "shifts"}),
}
ROWS: Mapping[str, type[Row]] = {
    "holdings": Coins, "wallets": Coins, "positions": Stood, "prices": Price, "marks": Price, "shifts": Shift,
    "orders": OrderedPart,
}  # fmt: skip
"""Columns that hold rows: words with a space between them, each its fields with a slash between them."""
_DECIMALS = frozenset(
    {
        "contracts", "price", "fee", "multiplier", "contracts_before", "entry_before", "index_price", "settle_price",
        "amount", "quantity", "fraction", "usd", "entry_price", "hedge", "margin", "contracts_after", "entry_after"
    }
)  # fmt: skip
_INSTANTS = frozenset({"expiry", "until"})
_ENUMS: Mapping[str, type[StrEnum]] = {"kind": Kind, "margin_mode": MarginMode, "purpose": Purpose}
_POSITIVE = frozenset(
    {"price", "multiplier", "entry_before", "index_price", "settle_price", "entry_price", "entry_after"}
)
_NOT_ZERO = frozenset({"contracts", "quantity"})
_LEFT_OPEN = frozenset({"margin", "expiry", "entry_before", "entry_after"})

_LATER = ("account", "orders", "other_account")  # of later versions of the file: after what earlier ones have
_NAMED = dict.fromkeys(name for names in _FIELDS.values() for name in names)
EVENT_COLUMNS = (*(name for name in _NAMED if name not in _LATER), *_LATER)
COLUMNS = ("seq", "id", "time", "type", *EVENT_COLUMNS, "plan", "previous", "hash")
"""The columns of the file, in order."""

LONGEST_ID = 100
_LONGEST_REASON = 500
# What a spreadsheet takes for a formula, and the sign that csv puts before it: a reason that began with them would not
# come back from an export as it went.
_MARKS = frozenset("'=+-@")
_LONGEST_SEQ = 9
_MOST_DIGITS = 40
_NO_DECIMAL = "is not a plain decimal number, like 1234.5"
_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/#@=+-]{{0,{LONGEST_ID - 1}}}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class TextProblem(ValueError):
    """A text that is not what belongs in its column, and what is wrong with it."""


def decimal(text: str) -> Fraction:
    """Read a number as this program prints it: plain, without exponent, trailing zeros or -0. Raises TextProblem."""
    value = _measured(text)
    if plain(value) != text:
        raise TextProblem(_NO_DECIMAL)
    return value


def decimal_text(value: Fraction) -> str:
    """Print a number for a column. Raises TextProblem for one of more than 40 digits on a side."""
    text = plain(value)
    _measured(text)
    return text


def _measured(text: str) -> Fraction:
    try:
        return number(text, digits=_MOST_DIGITS)
    except NumberProblem:
        raise TextProblem(_NO_DECIMAL) from None


def shortened(value: Fraction) -> Fraction:
    """The value itself where a column holds it, else to 18 significant digits: for what is noted, not traded."""
    try:
        return decimal(decimal_text(value))
    except TextProblem:
        return significant(value)


def instant(text: str) -> datetime:
    """Read an RFC 3339 timestamp, in UTC. Raises TextProblem; an hour without its zone may be none, or two."""
    try:
        return times.instant(text)
    except TimeProblem as problem:
        raise TextProblem(str(problem)) from None


def identifier(text: str) -> str:
    """Check an id: a letter or digit, then up to 99 more or ``._:/#@=+-``. Raises TextProblem."""
    return _checked(_is_id, text, f"an id: up to {LONGEST_ID} letters, digits and . _ : / # @ = + -, not first")


def reason(text: str) -> str:
    """Check why something is voided: up to 500 printable characters. Raises TextProblem."""
    if not text.strip() or len(text) > _LONGEST_REASON or not text.isprintable() or text[0] in _MARKS:
        raise TextProblem(f"is not a reason: write up to {_LONGEST_REASON} printable characters, words first")
    return text


def asset(text: str) -> str:
    """Check the name of an asset. Raises TextProblem."""
    return _checked(is_asset, text, "an asset, like BTC")


def contract(text: str) -> str:
    """Check the name of a contract. Raises TextProblem."""
    return _checked(is_contract, text, "a contract, like BTCUSD_PERP")


def texts(event: Event) -> dict[str, str]:
    """The columns of an event, those that it has. Raises TextProblem for a value that no column can hold."""
    found = {name: getattr(event, name) for name in _FIELDS[type(event)]}
    return {name: _text(value) for name, value in found.items() if value is not None and value != ()}


def event_of(entry_type: EntryType, columns: Mapping[str, str]) -> Event:
    """The event that columns spell. Raises TextProblem naming the column that is missing, too much or wrong."""
    event = EVENTS[entry_type]
    names, optional = _FIELDS[event], _OPTIONAL.get(event, frozenset())
    found: dict[str, Any] = {}
    for name in names:
        if name not in columns and name not in optional:
            raise TextProblem(f"{name}: is missing")
        found[name] = _value(name, columns[name]) if name in columns else () if name in ROWS else None
    for name in columns:
        if name not in names:
            raise TextProblem(f"{name}: has no place in an entry of type {entry_type}")
    made: Event = event(**found)
    if isinstance(made, Fill):
        _check_parts(made)
    return made


def columns_of(entry: Entry) -> dict[str, str | None]:
    """An entry as one row of text under ``COLUMNS``, from which it can be rebuilt."""
    found: dict[str, str | None] = dict.fromkeys(COLUMNS)
    found.update(seq=str(entry.seq), id=entry.id, time=rfc3339(entry.time), type=entry.type.value)
    found.update(texts(entry.event))
    found.update(plan=entry.plan, previous=entry.previous, hash=entry.hash)
    return found


def spelled(columns: Mapping[str, str | None]) -> Entry:
    """The entry that a row spells, its hash as it stands there. Raises TextProblem."""
    given = {name: text for name, text in columns.items() if text is not None}
    event = {name: text for name, text in given.items() if name in EVENT_COLUMNS}
    return Entry(
        seq=_seq(given.get("seq", "")),
        id=_value("id", given.get("id", "")),
        time=_value("time", given.get("time", "")),
        event=event_of(_value("type", given.get("type", "")), event),
        plan=_hash(given, "plan"),
        previous=_hash(given, "previous"),
        hash=given.get("hash", ""),
    )


def line(entry: Entry) -> EntryLine:
    """An entry as one row of values."""
    event = entry.event
    own = {name: getattr(event, name) for name in _FIELDS[type(event)]}
    given: dict[str, Any] = {name: own.get(name, () if name in ROWS else None) for name in EVENT_COLUMNS}
    given["parts"] = own.get("parts", ())
    return EntryLine(
        seq=entry.seq, id=entry.id, time=entry.time, type=entry.type, plan=entry.plan, previous=entry.previous,
        hash=entry.hash, voided_by=entry.voided_by, **given,
    )  # fmt: skip


def parts_of(text: str) -> tuple[FillPart, ...]:
    """Read parts as ``str`` prints each, separated by spaces. Raises TextProblem."""
    return tuple(_part(word) for word in text.split(" "))


def word(row: Row) -> str:
    """A row as one word. Raises TextProblem for a value that no column can hold."""
    values = (getattr(row, each.name) for each in fields(cast(Any, row)))
    return "/".join("" if value is None else _text(value) for value in values)


def _rows(of: type[Row], text: str) -> tuple[Row, ...]:
    return tuple(_row(of, each) for each in text.split(" "))


def _row(of: type[Row], text: str) -> Row:
    names, cells = [each.name for each in fields(cast(Any, of))], text.split("/")
    if len(names) != len(cells):
        raise TextProblem(f"is not {'/'.join(names)}")
    made: Row = of(**{name: _cell(of, name, cell) if cell else None for name, cell in zip(names, cells, strict=True)})
    missing = [name for name in names if getattr(made, name) is None and name not in _LEFT_OPEN]
    if missing:
        raise TextProblem(f"{missing[0]}: is missing")
    return made


def _cell(of: type[Row], name: str, text: str) -> Any:
    if of is Coins and name == "asset":
        return _checked(is_wallet, text, "an asset, like BTC, or a wallet, like bybit:BTC")
    return _value(name, text)


def arranged(parts: Iterable[FillPart]) -> tuple[FillPart, ...]:
    """Parts in their one order, so that equal fills are equal text."""
    return tuple(sorted(parts, key=lambda part: (part.purpose, part.stands_for)))


def as_kept(event: Event) -> Event:
    """An event with its parts in the order in which they are kept."""
    return replace(event, parts=arranged(event.parts)) if isinstance(event, Fill) else event


def _part(word: str) -> FillPart:
    pieces = word.split(":")
    if len(pieces) not in (3, 4):
        raise TextProblem("is not purpose:asset:contracts, like hedge:BTC:-100")
    beta = decimal(pieces[3]) if len(pieces) == 4 else None
    return FillPart(_member(Purpose, pieces[0]), decimal(pieces[2]), asset(pieces[1]), beta)


def _check_parts(made: Fill) -> None:
    if total(part.contracts for part in made.parts) != made.contracts:
        raise TextProblem("parts: do not sum to contracts")
    if made.parts != arranged(made.parts) or not all(part.contracts for part in made.parts):
        raise TextProblem("parts: are not in order, or empty")


def _text(value: object) -> str:
    match value:
        case Fraction():
            return decimal_text(value)
        case datetime():
            return rfc3339(value)
        case tuple():
            return " ".join(word(part) if isinstance(part, Row) else str(part) for part in value)
        case _:
            return str(value)


def _value(name: str, text: str) -> Any:
    try:
        return _read(name, text)
    except TextProblem as problem:
        raise TextProblem(f"{name}: {problem}") from None


def _read(name: str, text: str) -> object:
    if name in _DECIMALS:
        return _bounded(name, decimal(text))
    if name in _INSTANTS or name == "time":
        return _canonical_instant(text)
    if name in _ENUMS:
        return _member(_ENUMS[name], text)
    if name in ROWS:
        return _rows(ROWS[name], text)
    match name:
        case "type":
            return _member(EntryType, text)
        case "parts":
            return parts_of(text)
        case "contract" | "name":
            return contract(text)
        case "account" | "other_account":
            return _checked(is_account, text, "an account, like bybit")
        case "id" | "voids" | "statement":
            return identifier(text)
        case "reason":
            return reason(text)
        case _:
            return asset(text)


def _bounded(name: str, value: Fraction) -> Fraction:
    if name in _POSITIVE and value <= 0:
        raise TextProblem("is not above zero")
    if name in _NOT_ZERO and value == 0:
        raise TextProblem("is zero")
    return value


def _canonical_instant(text: str) -> datetime:
    moment = instant(text)
    if rfc3339(moment) != text:
        raise TextProblem("is not written in UTC with a Z")
    return moment


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_SEQ and text[0] != "0"):
        raise TextProblem("seq: is not the number of an entry")
    return int(text)


def _hash(columns: Mapping[str, str], name: str) -> str | None:
    text = columns.get(name)
    if text is not None and not _SHA256.fullmatch(text):
        raise TextProblem(f"{name}: is not a SHA-256 in hexadecimal")
    return text


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _checked(fits: Callable[[str], bool], text: str, what: str) -> str:
    if not fits(text):
        raise TextProblem(f"is not {what}")
    return text


def _member(of: type[_Member], text: str) -> _Member:
    try:
        return of(text)
    except ValueError:
        raise TextProblem(f"is not one of {', '.join(of)}") from None
