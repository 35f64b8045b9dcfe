"""What the hedges did while they were open, beside what they were to protect from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book, HedgeAsked, Position, Purpose
from rebal.journal.telling import NOTHING, Step, steps
from rebal.ledger import Effect, Entry, Fill, Funding, Spot, Stated
from rebal.market.contract import Kind
from rebal.portfolio import Market, Portfolio


@dataclass(slots=True)
class _Watched:
    """An asset while hedges of it are open: both PnLs so far, and the index when last seen."""

    hedge_usd: Fraction = ZERO
    spot_usd: Fraction = ZERO
    index: Fraction | None = None
    since: datetime | None = None
    since_price: Fraction | None = None


def effects(portfolio: Portfolio, entries: Sequence[Entry]) -> tuple[Effect, ...]:
    """How each hedged asset's hedges and coins did between one fill of its contracts and the next, and until now.

    Told by the journal alone. Coins are priced by the index, as far as the journal knows it: that of a fill, or of the
    hedge asked for with it, else the fill's price; and by the market now. Those that come or go count from, or to, the
    price beside them, and from the last one known where there is none. A hedge that a statement has is taken from its
    entry price on. Hedges through a proxy are left out, since its fills do not tell the asset's price.
    """
    watching = _Watching(_asked_at(entries))
    book = NOTHING
    for step in steps(portfolio, entries):
        watching.see(step)
        book = step.after
    watching.end(book, portfolio)
    return tuple(_effect(asset, watch) for asset, watch in sorted(watching.assets.items()))


class _Watching:
    """Every hedge while the journal is told; ``seen``: the price of each contract when last seen."""

    def __init__(self, asked_at: Mapping[tuple[str, str], Fraction]) -> None:
        self._asked_at = asked_at
        self._seen: dict[str, Fraction] = {}
        self.assets: dict[str, _Watched] = {}

    def see(self, step: Step) -> None:
        match step.event:
            case Fill() as event:
                index = self._index(event, step.entry)
                worth = {} if event.settle_price is None else {event.settle: event.settle_price}
                self._accrue(event.asset, index, marks={event.contract: event.price}, book=step.before, worth=worth)
                if _hedged(step.after.positions.get(event.contract)):
                    self._begin(event.contract, event.asset, event.price, index=index, since=step.time)
            case Stated() as event:
                self._statement(event.market(), step)
            case Funding() | Spot() as event if event.price is not None:
                self._accrue(event.asset, event.price, book=step.before)
            case _:
                pass

    def end(self, book: Book, portfolio: Portfolio) -> None:
        for asset in self.assets:
            marks = {name: portfolio.market.mark(position.contract) for name, position in _open(asset, book)}
            if marks:
                self._accrue(asset, portfolio.price(asset), marks=marks, book=book, worth=portfolio.market.prices)

    def _statement(self, market: Market, step: Step) -> None:
        """A hedge that is another than before ends, or begins, at the prices known with the statement; so do coins."""
        for asset in self.assets.keys() & market.prices.keys():
            if step.before.holdings.get(asset) != step.after.holdings.get(asset):
                self._accrue(asset, market.prices[asset], book=step.before)
        for name in {*step.before.positions, *step.after.positions}:
            was, now = step.before.positions.get(name), step.after.positions.get(name)
            if _hedged(was) == _hedged(now):
                continue
            asset = (now or was).contract.asset  # type: ignore[union-attr]
            price = market.mark((now or was).contract) if asset in market.prices else None  # type: ignore[union-attr]
            if was is not None and price is not None:
                index, worth = market.prices[asset], market.prices
                self._accrue(asset, index, marks={name: price}, book=step.before, worth=worth)
            if now is not None and _hedged(now):
                start = now.entry_price if was is None or price is None else price
                index = start if was is None else market.prices.get(asset, start)
                self._begin(name, asset, start, index=index, since=None)

    def _begin(self, name: str, asset: str, price: Fraction, *, index: Fraction, since: datetime | None) -> None:
        """What is open from here on is watched from its price on."""
        self._seen[name] = price
        watch = self.assets.setdefault(asset, _Watched(since=since, since_price=index))
        watch.index = index

    def _accrue(
        self,
        asset: str,
        index: Fraction,
        *,
        book: Book,
        marks: Mapping[str, Fraction] = MappingProxyType({}),
        worth: Mapping[str, Fraction] = MappingProxyType({}),
    ) -> None:
        """Up to an index: the coins, and the contracts that have a mark, moved there from where they were last seen.

        ``worth``: dollars per unit of settlement currencies that have a price of their own.
        """
        watch, open_then = self.assets.get(asset), _open(asset, book)
        if watch is None:
            return
        for name, position in open_then:
            if name in marks:
                contract = position.contract
                pnl = contract.pnl(_hedged(position), self._seen[name], marks[name])
                watch.hedge_usd += pnl * (index if contract.kind is Kind.INVERSE else worth.get(contract.settle, ONE))
                self._seen[name] = marks[name]
        if open_then and watch.index is not None:
            watch.spot_usd += book.holdings.get(asset, ZERO) * (index - watch.index)
            watch.index = index

    def _index(self, event: Fill, entry: Entry | None) -> Fraction:
        if event.index_price is not None:
            return event.index_price
        plan = entry.plan if entry is not None else None
        return self._asked_at.get((plan or "", event.asset), event.price)


def _asked_at(entries: Iterable[Entry]) -> dict[tuple[str, str], Fraction]:
    """The index that hedges were asked at, by plan and asset."""
    return {
        (entry.plan, entry.event.asset): entry.event.price
        for entry in entries
        if isinstance(entry.event, HedgeAsked) and entry.plan is not None and entry.event.price is not None
    }


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
