"""Coins that have left one account for another and have not come there, as far as the journal tells."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rebal.amounts import Fraction, total
from rebal.frozen import frozen
from rebal.ledger import Entry, Spot, Transfer


@frozen
class Underway:
    """Coins between two accounts. ``since``: when the first of them left; ``plan``: the digest of what they left by."""

    asset: str
    source: str
    sink: str
    quantity: Fraction
    since: datetime
    plan: str | None


_Way = tuple[str, str | None, str | None]


def underway(entries: Sequence[Entry], *, as_of: datetime | None) -> tuple[Underway, ...]:
    """What left an account after a statement, less what came and what the network kept; what left first comes first.

    Coins that come without a word from where, and by no plan, are those that were on the way there, if any were.
    """
    open_ways: dict[_Way, list[tuple[Entry, Fraction]]] = {}
    for entry in sorted(_later(entries, as_of), key=lambda each: (each.time, each.seq)):
        match entry.event:
            case Transfer(asset, quantity, _, account, other) if quantity < 0 and other is not None:
                open_ways.setdefault((asset, account, other), []).append((entry, -quantity))
            case Transfer(asset, quantity, _, account, other) if quantity > 0:
                for way in [way for way in open_ways if _comes_by(way, entry, (asset, other, account))]:
                    quantity = _settle(open_ways, way, quantity)
            case Spot(asset, quantity, _, account, other) if other is not None:
                _settle(open_ways, (asset, account, other), -quantity)
            case _:
                pass
    return tuple(_told(way, left) for way, left in open_ways.items() if left)


def _later(entries: Iterable[Entry], as_of: datetime | None) -> Iterable[Entry]:
    return (each for each in entries if each.voided_by is None and (as_of is None or each.time > as_of))


def _comes_by(way: _Way, entry: Entry, came: _Way) -> bool:
    asset, source, sink = came
    return way == came or (source is None and entry.plan is None and (way[0], way[2]) == (asset, sink))


def _settle(open_ways: dict[_Way, list[tuple[Entry, Fraction]]], way: _Way, quantity: Fraction) -> Fraction:
    """Take coins from those on a way, the first first; how many more there are."""
    waiting = open_ways.get(way, [])
    while waiting and quantity > 0:
        entry, left = waiting[0]
        waiting[:1] = [(entry, left - quantity)] if left > quantity else []
        quantity -= min(left, quantity)
    return quantity


def _told(way: _Way, left: Sequence[tuple[Entry, Fraction]]) -> Underway:
    asset, source, sink = way
    first = left[0][0]
    return Underway(asset, source or "", sink or "", total(each for _, each in left), first.time, first.plan)
