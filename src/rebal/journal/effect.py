"""What the hedges did while they were open, beside what they were to protect from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.journal.fold import Net, State, dated, in_order
from rebal.ledger import Effect, Entry, Event, Fill
from rebal.market.contract import Kind
from rebal.portfolio import Portfolio, Purpose


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
    state = State.at(portfolio)
    watched: dict[str, _Watched] = {}
    seen: dict[str, Fraction] = {}
    for name, net in state.nets.items():
        if net.entry_price is not None and _hedged(net):
            seen[name] = net.entry_price
            watched.setdefault(net.contract.asset, _Watched(spot_price=net.entry_price, since_price=net.entry_price))
    for entry in in_order(entries):
        if entry.time > dated(portfolio):
            _advance(entry.event, state, watched, seen)
            state.apply(entry.event)
            _begin(entry, state, watched, seen)
    for asset, watch in watched.items():
        marks = {name: portfolio.market.mark(net.contract) for name, net in _open(asset, state)}
        if marks:
            _accrue(asset, portfolio.price(asset), marks, state, watch, seen)
    return tuple(_effect(asset, watch) for asset, watch in sorted(watched.items()))


def _advance(event: Event, state: State, watched: dict[str, _Watched], seen: dict[str, Fraction]) -> None:
    """Up to a fill, at its price: everything that was open moved there from where it was last seen."""
    if isinstance(event, Fill) and event.asset in watched:
        _accrue(event.asset, event.price, {event.contract: event.price}, state, watched[event.asset], seen)


def _begin(entry: Entry, state: State, watched: dict[str, _Watched], seen: dict[str, Fraction]) -> None:
    """After a fill: what it opened is watched from its price on."""
    event = entry.event
    if isinstance(event, Fill) and _hedged(state.nets[event.contract]):
        seen[event.contract] = event.price
        watch = watched.setdefault(event.asset, _Watched(since=entry.time, since_price=event.price))
        watch.spot_price = event.price


def _accrue(
    asset: str,
    price: Fraction,
    marks: dict[str, Fraction],
    state: State,
    watch: _Watched,
    seen: dict[str, Fraction],
) -> None:
    open_now = _open(asset, state)
    for name, net in open_now:
        if name in marks:
            pnl = net.contract.pnl(_hedged(net), seen[name], marks[name])
            watch.hedge_usd += pnl * marks[name] if net.contract.kind is Kind.INVERSE else pnl
            seen[name] = marks[name]
    if open_now and watch.spot_price is not None:
        watch.spot_usd += state.holdings.get(asset, ZERO) * (price - watch.spot_price)
        watch.spot_price = price


def _open(asset: str, state: State) -> list[tuple[str, Net]]:
    return [(name, net) for name, net in state.nets.items() if net.contract.asset == asset and _hedged(net)]


def _hedged(net: Net) -> Fraction:
    """Contracts that protect the contract's own asset."""
    held, _ = net.shares.get((Purpose.HEDGE, net.contract.asset), (ZERO, ZERO))
    return held


def _effect(asset: str, watch: _Watched) -> Effect:
    share = -watch.hedge_usd / watch.spot_usd if watch.spot_usd else None
    return Effect(asset, watch.hedge_usd, watch.spot_usd, share, watch.since, watch.since_price)
