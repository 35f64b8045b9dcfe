"""What a plan was recorded with before its exchange told of it: that the same is not recorded a second time."""

from collections.abc import Iterable
from datetime import timedelta

from rebal.amounts import ZERO, Fraction, total
from rebal.exchange_account import Filled, Moved
from rebal.frozen import frozen
from rebal.ledger import Entry, Fill, Transfer
from rebal.placing import Leg, entry_id
from rebal.times import SKEW

_SAME_DAY = timedelta(days=1)
_DOTS_AS_PLANNED = 2


@frozen
class Covered:
    """What the journal has of a fill or a move: ``ids`` of the entries, and how much of it, positive."""

    ids: tuple[str, ...]
    quantity: Fraction


class Covering:
    """Entries of plans under ids of our own; what an exchange tells, in the order of time, uses them up.

    One stands for what happened on the day up to it; one that was recorded as planned, without a word of how much it
    was, for what came a day later as well, as it says that all of it is done.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = [entry for entry in entries if entry.plan is not None and ":" not in entry.id]
        self._left = {entry.id: abs(_signed(entry)) for entry in self._entries}

    def of(self, event: Filled | Moved, leg: Leg | None = None) -> Covered | None:
        """What there is of an event, None where there is nothing; ``leg``: the order that a fill is known to be of."""
        quantity = event.contracts if isinstance(event, Filled) else event.quantity
        entries = [
            entry
            for entry in self._entries
            if self._left[entry.id] and _signed(entry) * quantity > 0 and _may_be(entry, event, leg)
        ]
        there = min(total(self._left[entry.id] for entry in entries), abs(quantity))
        if not there:
            return None
        self._use(entries, there)
        return Covered(tuple(entry.id for entry in entries), there)

    def _use(self, entries: Iterable[Entry], quantity: Fraction) -> None:
        for entry in entries:
            used = min(self._left[entry.id], quantity)
            self._left[entry.id] -= used
            quantity -= used


def _signed(entry: Entry) -> Fraction:
    match entry.event:
        case Fill(contracts=contracts):
            return contracts
        case Transfer(quantity=quantity):
            return quantity
    return ZERO


def _may_be(entry: Entry, event: Filled | Moved, leg: Leg | None) -> bool:
    later = event.time - entry.time
    if not -_SAME_DAY <= later <= (_SAME_DAY if _is_as_planned(entry) else SKEW):
        return False
    match entry.event, event:
        case Fill() as fill, Filled():
            return fill.contract == event.contract and (leg is None or _is_of(entry, leg))
        case Transfer() as transfer, Moved():
            return (transfer.asset, transfer.account) == (event.asset, event.account)
    return False


def _is_as_planned(entry: Entry) -> bool:
    """Whether its id is of a plan's order or transfer by its number alone: what was said has its figures behind."""
    return entry.id.count(".") == _DOTS_AS_PLANNED


def _is_of(entry: Entry, leg: Leg) -> bool:
    name = entry_id(leg.digest, "order", leg.number)
    return entry.id == name or entry.id.startswith(f"{name}.")
