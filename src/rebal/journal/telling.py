"""What the journal alone tells: its entries one after the other, each with the book that it met and the one it left.

The first statement in it says what was held and open before the entries later than it; each further one takes the
place of what the entries before it add up to. Where a journal has none, being older than statements in journals, the
file's stands in for it. Entries of a time before the first statement meet one another, and what their fills say that
they met.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rebal import book as of
from rebal.amounts import ZERO, Fraction
from rebal.book import Book, Brought, HedgeAsked, Position, Spot, Transfer, apply, opened
from rebal.frozen import frozen
from rebal.journal.fold import as_recorded, to_book
from rebal.ledger import Difference, Entry, Fill, Funding, Ordered, Stated, Void
from rebal.portfolio import Portfolio
from rebal.stated import agrees, book_of, stated

NOTHING = Book({}, {}, {})
_TELLS_NOTHING = (Void, Difference, Ordered)
_Told = Fill | Funding | Transfer | Spot | HedgeAsked | Stated


@frozen
class Step:
    """An entry and the book around it. ``entry``: None for the file's statement, in a journal that has none."""

    entry: Entry | None
    event: _Told
    time: datetime
    before: Book
    after: Book
    brought: Brought | None = None


def steps(portfolio: Portfolio, entries: Sequence[Entry]) -> Iterator[Step]:
    """The entries that stand, in the order of their times; a statement after what it covers."""
    book, begun, memory = NOTHING, False, _Memory(entries)
    for entry, event, time in _told(portfolio, entries):
        if isinstance(event, Stated):
            after, brought, begun = _restated(book, event), None, True
        else:
            if isinstance(event, Fill) and entry is not None and not begun:
                book = memory.met(book, event, entry)
            applied = apply(book, (_happened(event),))
            after, (brought,) = applied.book, applied.brought
        yield Step(entry, event, time, book, after, brought)
        book = after


def told_book(portfolio: Portfolio, entries: Sequence[Entry]) -> Book:
    """The book that the entries add up to."""
    book = NOTHING
    for step in steps(portfolio, entries):
        book = step.after
    return book


def in_telling_order(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that stand and tell something, by time; a statement after all that is not later than it."""
    standing = (each for each in entries if each.voided_by is None and not isinstance(each.event, _TELLS_NOTHING))
    return sorted(standing, key=lambda entry: (entry.time, isinstance(entry.event, Stated), entry.seq))


def _told(portfolio: Portfolio, entries: Sequence[Entry]) -> Iterator[tuple[Entry | None, _Told, datetime]]:
    told = in_telling_order(entries)
    begins = any(isinstance(entry.event, Stated) for entry in told) or portfolio.as_of is None
    for entry in told:
        if not begins and portfolio.as_of is not None and entry.time > portfolio.as_of:
            begins = True
            yield None, stated(portfolio), portfolio.as_of
        assert not isinstance(entry.event, _TELLS_NOTHING)
        yield entry, entry.event, entry.time
    if not begins and portfolio.as_of is not None:
        yield None, stated(portfolio), portfolio.as_of


def _happened(event: Fill | Funding | Transfer | Spot | HedgeAsked) -> of.Event:
    match event:
        case Fill():
            return to_book(event, as_recorded(event))
        case Funding():
            return of.Funding(event.contract, event.settle, event.amount, event.account)
        case _:
            return event


def _restated(book: Book, event: Stated) -> Book:
    """The book that a statement gives, with what it does not tell: each purpose's own entries, and hedges asked for."""
    said = book_of(event)
    kept = {name: _kept(position, book.positions.get(name)) for name, position in said.positions.items()}
    return replace(said, positions=kept, hedges=book.hedges)


def _kept(said: Position, booked: Position | None) -> Position:
    if booked is None or booked.contracts != said.contracts or not agrees(said.entry_price, booked.entry_price):
        return said
    same_parts = _shares(booked) == _shares(said)
    return replace(said, entry_price=booked.entry_price, parts=booked.parts if same_parts else said.parts)


def _shares(position: Position) -> Mapping[tuple[str, str], Fraction]:
    return {(part.purpose, part.stands_for): part.contracts for part in position.parts}


class _Memory:
    """What fills of a time before any statement say that they met, as far as it still holds.

    A fill was recorded with the position of its time. That tells more than the entries before it add up to, unless
    one of them was recorded, or voided, only later.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        numbers = {entry.id: entry.seq for entry in entries}
        self._latest: dict[str, int] = {}
        self._recorded: dict[str, list[int]] = {}
        self._voided: dict[str, list[int]] = {}
        for entry in entries:
            if isinstance(entry.event, Fill) and entry.voided_by is not None:
                self._recorded.setdefault(entry.event.contract, []).append(entry.seq)
                insort(self._voided.setdefault(entry.event.contract, []), numbers[entry.voided_by])

    def met(self, book: Book, event: Fill, entry: Entry) -> Book:
        """The book with the position that a fill says it met, where that is to be believed."""
        name, held, price = event.contract, event.contracts_before or ZERO, event.entry_before
        stale = self._latest.get(name, 0) > entry.seq or self._saw_voided(name, entry.seq)
        self._latest[name] = max(self._latest.get(name, 0), entry.seq)
        booked = book.positions.get(name)
        if stale or not held or price is None or (booked is not None and booked.contracts == held):
            return book
        met = opened(as_recorded(event), contracts=held, entry_price=price)
        return replace(book, positions={**book.positions, name: met})

    def _saw_voided(self, name: str, seq: int) -> bool:
        """Whether a fill that is void by now stood when entry ``seq`` was recorded: more were there than were gone."""
        return bisect_left(self._recorded.get(name, ()), seq) > bisect_left(self._voided.get(name, ()), seq)
