"""What the hedges did while they were open, beside what they were to protect from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from rebal.amounts import ZERO, total
from rebal.book import Book, Position, Purpose, apply
from rebal.journal.fold import dated, happened, in_order
from rebal.ledger import Effect, Entry, Event, Fill
from rebal.market.contract import Kind
from rebal.portfolio import Portfolio


@dataclass(slots=True)
class _Watched:
    """An asset while hedges of it are open: both PnLs so far, and the price of each thing when last seen."""

    hedge_usd: Fraction = ZERO
    spot_usd: Fraction = ZERO
    spot_price: Fraction | None = None
    since: datetime | None = None
    since_price: Fraction | None = None


def effects(portfolio: Portfolio, entries: Iterable[Entry]) -> tuple[Effect, ...]:
    """How each hedged asset's hedges and coins did between one fill of its contracts and the next, and until now.

    A hedge that the statement has is taken from its entry price on. Coins are priced by the fills in between, and by
    the market now; hedges through a proxy are left out, since its fills do not tell the asset's price.
    """
    book = portfolio.statement
    watched: dict[str, _Watched] = {}
    seen: dict[str, Fraction] = {}
    for name, position in book.positions.items():
        if position.contracts and _hedged(position):
            entry_price = position.entry_price
            seen[name] = entry_price
            watched.setdefault(position.contract.asset, _Watched(spot_price=entry_price, since_price=entry_price))
    later = [entry for entry in in_order(entries) if entry.time > dated(portfolio)]
    for entry, event in zip(later, happened(portfolio, later), strict=True):
        _advance(entry.event, book, watched, seen)
        book = apply(book, (event,)).book
        _begin(entry, book, watched, seen)
    for asset, watch in watched.items():
        marks = {name: portfolio.market.mark(position.contract) for name, position in _open(asset, book)}
        if marks:
            _accrue(asset, portfolio.price(asset), marks, book, watch, seen)
    return tuple(_effect(asset, watch) for asset, watch in sorted(watched.items()))


def _advance(event: Event, book: Book, watched: dict[str, _Watched], seen: dict[str, Fraction]) -> None:
    """Up to a fill, at its price: everything that was open moved there from where it was last seen."""
    if isinstance(event, Fill) and event.asset in watched:
        _accrue(event.asset, event.price, {event.contract: event.price}, book, watched[event.asset], seen)


def _begin(entry: Entry, book: Book, watched: dict[str, _Watched], seen: dict[str, Fraction]) -> None:
    """After a fill: what it opened is watched from its price on."""
    event = entry.event
    if isinstance(event, Fill) and _hedged(book.positions.get(event.contract)):
        seen[event.contract] = event.price
        watch = watched.setdefault(event.asset, _Watched(since=entry.time, since_price=event.price))
        watch.spot_price = event.price


def _accrue(
    asset: str,
    price: Fraction,
    marks: dict[str, Fraction],
    book: Book,
    watch: _Watched,
    seen: dict[str, Fraction],
) -> None:
    open_now = _open(asset, book)
    for name, position in open_now:
        if name in marks:
            contract = position.contract
            pnl = contract.pnl(_hedged(position), seen[name], marks[name])
            watch.hedge_usd += pnl * marks[name] if contract.kind is Kind.INVERSE else pnl
            seen[name] = marks[name]
    if open_now and watch.spot_price is not None:
        watch.spot_usd += book.holdings.get(asset, ZERO) * (price - watch.spot_price)
        watch.spot_price = price


def _open(asset: str, book: Book) -> list[tuple[str, Position]]:
    return [(name, each) for name, each in book.positions.items() if each.contract.asset == asset and _hedged(each)]


def _hedged(position: Position | None) -> Fraction:
    """Contracts that protect the contract's own asset."""
    parts = position.parts if position is not None else ()
    own = (part for part in parts if position is not None and part.stands_for == position.contract.asset)
    return total(part.contracts for part in own if part.purpose is Purpose.HEDGE)


def _effect(asset: str, watch: _Watched) -> Effect:
    share = -watch.hedge_usd / watch.spot_usd if watch.spot_usd else None
    return Effect(asset, watch.hedge_usd, watch.spot_usd, share, watch.since, watch.since_price)
