"""What the journal holds: its entries and what they did, and what contracts brought."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.book import MarginMode
from rebal.formats.describe._words import destination, purposes
from rebal.formats.document import (
    DIM,
    YELLOW,
    Column,
    Figure,
    Inked,
    Kind,
    Medium,
    Place,
    Role,
    Said,
    Section,
    Table,
)
from rebal.ledger import EntryLine, EntryType, Realised, RealisedUsd
from rebal.plan import OrderPart


def _deed(entry: EntryLine) -> tuple[Said, ...]:
    """What happened. What was traded or moved and its price have every digit."""
    match entry.type:
        case EntryType.FILL:
            return _fill(entry)
        case EntryType.FUNDING:
            return _funding(entry)
        case EntryType.TRANSFER:
            quantity = entry.quantity or ZERO
            return ("moved ", _exact(quantity, entry.asset), f" {destination(quantity, entry.contract)}")
        case EntryType.SPOT:
            return _spot(entry)
        case EntryType.HEDGE:
            until = () if entry.until is None else (" until ", entry.until)
            return (f"hedge of {entry.asset} asked: ", Figure(entry.fraction or ZERO, Kind.PERCENT), *until)
        case EntryType.VOID:
            return (f"voids {entry.voids}: {entry.reason}",)


def _fill(entry: EntryLine) -> tuple[Said, ...]:
    contracts = entry.contracts or ZERO
    parts = [OrderPart(part.purpose, part.contracts, (part.stands_for,)) for part in entry.parts]
    return (
        "bought " if contracts > 0 else "sold ",
        _exact(contracts, "contract" if abs(contracts) == 1 else "contracts"),
        f" of {entry.contract} at ",
        entry.price or ZERO,
        ", fee ",
        Figure(entry.fee or ZERO, Kind.COINS, entry.settle or ""),
        ", for ",
        *purposes(parts, entry.asset or ""),
        ", isolated margin" if entry.margin_mode is MarginMode.ISOLATED else "",
    )


def _funding(entry: EntryLine) -> tuple[Said, ...]:
    amount = entry.amount or ZERO
    return (
        "received " if amount > 0 else "paid ",
        Figure(abs(amount), Kind.COINS, entry.settle or ""),
        f" of funding on {entry.contract}, {entry.asset} at ",
        entry.price or ZERO,
    )


def _spot(entry: EntryLine) -> tuple[Said, ...]:
    quantity = entry.quantity or ZERO
    moved = _exact(quantity, entry.asset)
    if entry.price is None:
        return (moved, " came in" if quantity > 0 else " went out", ", price not given")
    return ("bought " if quantity > 0 else "sold ", moved, " at ", entry.price)


def _exact(quantity: Fraction, unit: str | None) -> Figure:
    return Figure(abs(quantity), Kind.EXACT, unit or "")


def _dim_if_voided(entry: EntryLine, said: Said) -> Said:
    return said if entry.voided_by is None else Inked(said, DIM)


def _shown_deed(entry: EntryLine) -> Said:
    if entry.voided_by is None:
        return _deed(entry)
    return (Inked((f"voided by {entry.voided_by}: ",), YELLOW), Inked(_deed(entry), DIM))


_ENTRIES = (
    Column("", lambda entry: _dim_if_voided(entry, str(entry.seq)), record="{}", role=Role.NAME),
    Column("time", lambda entry: Inked(entry.time, DIM), record="{}", role=Role.NAME, left=True),
    Column("type", lambda entry: _dim_if_voided(entry, entry.type), record="{}", role=Role.NAME, left=True),
    Column("", _shown_deed, role=Role.BELOW, only=Medium.PAGE),
    Column("id", lambda entry: Inked(entry.id, DIM), record="{}", left=True),
    Column("", "voided_by", record="voided-by {}", only=Medium.RECORDS),
    Column("", _deed, only=Medium.RECORDS),
)


def entries(lines: Sequence[EntryLine], *, note: str = "") -> Section:
    """What the journal's entries did, in the order of recording, a row an entry; one that is voided says by which."""
    return Section("Entries", (Table(_ENTRIES, lines, word="entry"),), note)


def _in_dollars(heading: str, attribute: str, word: str, yields: int = 0) -> Column:
    return Column(
        f"{heading} $",
        attribute,
        Kind.DOLLARS,
        heading,
        "dollars",
        record=f"{word} {{}}",
        yields=yields,
        totalled=True,
        place=Place.LAST,
    )


REALISED = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("PnL", "coin", Kind.COINS, record="coin {}", unit="currency"),
    _in_dollars("PnL", "usd", "usd"),
    Column("fees", "fees_coin", Kind.COINS, unit="currency", yields=2),
    _in_dollars("fees", "fees_usd", "fees-usd", yields=1),
    Column("funding", "funding_coin", Kind.COINS, unit="currency", yields=2),
    _in_dollars("funding", "funding_usd", "funding-usd", yields=1),
    _in_dollars("net", "net_usd", "net-usd"),
)
"""Each in the settlement coin and in dollars; a total has the dollars alone."""


def realised(lines: Sequence[Realised], *, total: RealisedUsd | None = None) -> Section:
    """What was realised, a row a contract, and a last one over all where there are several."""
    table = Table(REALISED, lines, word="realised", total=total)
    return Section("Realised", (table,), "in dollars at the prices of their time")
