"""Hedges that were asked for before the statement: it holds what is open of them, and nobody has taken them back."""

from collections.abc import Sequence
from datetime import datetime

from rebal.book import HedgeAsked
from rebal.frozen import frozen
from rebal.ledger import Entry


@frozen
class Lapsed:
    """A hedge that was asked for at a ``time`` that the statement has passed; ``entry``: the id of what tells of it."""

    asked: HedgeAsked
    entry: str
    time: datetime


def lapsed(entries: Sequence[Entry], *, as_of: datetime | None) -> tuple[Lapsed, ...]:
    """The last hedge asked for of each asset, where that is not 0 and not later than a statement; by asset."""
    last: dict[str, Lapsed | None] = {}
    for entry in sorted(entries, key=lambda each: (each.time, each.seq)):
        event = entry.event
        if isinstance(event, HedgeAsked) and entry.voided_by is None:
            is_earlier = as_of is not None and entry.time <= as_of
            last[event.asset] = Lapsed(event, entry.id, entry.time) if is_earlier and event.fraction else None
    return tuple(found for _, found in sorted(last.items()) if found is not None)
