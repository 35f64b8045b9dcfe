"""What recorded plans have ordered, and nobody has recorded as filled."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rebal.amounts import ZERO, Fraction
from rebal.book import HedgeAsked, Purpose
from rebal.frozen import frozen
from rebal.ledger import Entry, Fill, Ordered


@frozen
class Unfilled:
    """The rest of an order, in signed contracts, of those ``ordered``; ``entry``: the id of what tells of it."""

    contract: str
    contracts: Fraction
    ordered: Fraction
    entry: str
    time: datetime


def unfilled(entries: Sequence[Entry], *, as_of: datetime | None) -> tuple[Unfilled, ...]:
    """The orders of plans recorded after a statement that still wait for fills, in the order of recording.

    Filled is what the plan's own entries tell, and what was recorded later without a plan on the contract and the same
    way. A plan recorded later is in the place of those before it that are for the same purpose.
    """
    standing = [entry for entry in entries if entry.voided_by is None]
    found: list[Unfilled] = []
    for entry in standing:
        if isinstance(entry.event, Ordered) and (as_of is None or entry.time > as_of):
            purposes = {row.purpose for row in entry.event.orders}
            if not any(_replaces(later, entry, purposes) for later in standing):
                found += _left(entry, entry.event, standing)
    return tuple(found)


def _replaces(later: Entry, entry: Entry, purposes: set[Purpose]) -> bool:
    if later.seq <= entry.seq or later.plan in (None, entry.plan):
        return False
    match later.event:
        case Fill(parts=rows) | Ordered(orders=rows):
            return any(row.purpose in purposes for row in rows)
        case HedgeAsked():
            return Purpose.HEDGE in purposes
        case _:
            return False


def _left(entry: Entry, event: Ordered, standing: Sequence[Entry]) -> Iterator[Unfilled]:
    ordered: dict[str, Fraction] = {}
    for row in event.orders:
        ordered[row.contract] = ordered.get(row.contract, ZERO) + row.contracts
    for contract, whole in ordered.items():
        rest = whole
        for other in standing:
            fill = other.event
            own = other.plan == entry.plan or (other.plan is None and other.seq > entry.seq)
            if own and isinstance(fill, Fill) and fill.contract == contract and fill.contracts * whole > 0:
                rest -= fill.contracts
        if rest * whole > 0:
            yield Unfilled(contract, rest, whole, entry.id, entry.time)
