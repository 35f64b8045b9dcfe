"""The walk: bar by bar, in exact figures; what happens to the book, what is done about it, and what that brings."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, assert_never

from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, Event, Fill, Funding, HedgeAsked, Spot, Transfer, apply
from rebal.market.margin import liquidation
from rebal.planner.collateral import Account, accounts, past
from rebal.planner.exposure import value, worth_in
from rebal.portfolio import DOLLARS, Portfolio
from rebal.replay import pools
from rebal.replay.course import stamp
from rebal.replay.incidents import ended, funding, is_mixed, nearest, settled, taken
from rebal.replay.quotes import Quotes
from rebal.replay.tally import CENTS, MILLIONTHS, NINTHS, Closest, Gone, Row, Rows, Tally, booked, index_of

_FUNDED_EVERY = 8 * 3_600_000


class Way(Protocol):
    """One way of going through a course: the book that it begins with, and what it does at a check."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def begin(self, walk: "Walk") -> None:
        """Make of the stated book what the way begins with."""
        ...

    def act(self, walk: "Walk", n: int) -> None:
        """Do at the end of bar n what a check asks for."""
        ...


Skip = Callable[["Walk", int], int]
"""How a walk goes on after a bar: some bars further at a time; says the last of them."""


class Walk:
    """A book on its way through a course.

    ``book``: as it stands; ``every``: bars from check to check; ``acted``: the last bar at whose end the way was asked
    to act, ``gap`` bars after the one before; ``start`` and ``worth``: equity where it begins and where it ends. What
    comes between the two beside funding, fees, slippage and liquidations is what prices brought.
    """

    def __init__(self, quotes: Quotes, way: Way, *, check: int) -> None:
        self.quotes = quotes
        self.way = way
        self.book: Book = quotes.portfolio.statement
        self.tally = Tally()
        self.acted = self.gap = 0
        self.every = max(1, -(-check // quotes.course.step))
        self.start = self.worth = value(quotes.at(0), self.book).equity
        self.tally.index.update(_entered(self.book, quotes.at(0)))

    def run(self, skip: Skip) -> "Walk":
        """Go from the first bar to the last."""
        self.way.begin(self)
        self._settle(0, until=stamp(self.quotes.time(0)))
        self._check(0)
        n = 0
        while n < self.quotes.last:
            n = skip(self, n)
        self.worth, tally = value(self.quotes.at(n), self.book).equity, self.tally
        tally.prices = self.worth - self.start - tally.funding + tally.fees + tally.slippage + tally.liquidations
        return self

    def is_check(self, n: int) -> bool:
        """Whether cron comes by at the end of a bar."""
        return n % self.every == 0

    def bar(self, n: int) -> None:
        """Bar n in order: what falls into it at the prices before it, its lows and highs, and what its end brings."""
        course = self.quotes.course
        first, last = course.ends(n - 1), course.ends(n)
        self._fund(n - 1, first, last - 1)
        self._settle(n - 1, until=last - 1)
        self._liquidate(n)
        self._unfunded(n)
        self._fund(n, last - 1, last)
        self._settle(n, until=last)
        self._check(n)

    def happen(
        self, events: Sequence[Event], laid: Portfolio, *, fees: Fraction = ZERO, into: str | None = None
    ) -> Fraction:
        """Let events happen at the prices of a moment, and say what they cost beside fees and funding.

        That is counted ``into``: slippage, with what booking in steps of 1e-8 costs, or liquidations; where it is None,
        it is what prices took. ``fees``: in USD, of trades in spot, whose events do not tell them.
        """
        if not events:
            return ZERO
        tally, book = self.tally, self.book
        paid, funded = tally.fees, tally.funding
        tally.fees += fees
        held = {name: position.contracts for name, position in book.positions.items()}
        applied = apply(book, events)
        for event, brought in zip(events, applied.brought, strict=True):
            name = event.contract.name if isinstance(event, Fill) else ""
            tally.book(event, brought, laid, held=held.get(name, ZERO))
            if isinstance(event, Fill):
                held[name] = held.get(name, ZERO) + event.contracts
        self.book = applied.book
        moved = sum((worth_in(each, laid, applied.book) - worth_in(each, laid, book) for each in touched(events)), ZERO)
        lost = (tally.funding - funded) - (tally.fees - paid) - moved
        if into is not None:
            setattr(tally, into, getattr(tally, into) + lost)
        return lost

    def place(self, events: Iterable[Event], laid: Portfolio) -> None:
        """Let a plan happen, the slippage of each fill under its contract, what a network keeps under its coin."""
        year = self.time_of(laid).year
        for event in events:
            kept = -event.quantity if isinstance(event, Spot) else ZERO
            fee = kept * laid.price(event.asset) if isinstance(event, Spot) else ZERO
            lost = self.happen((event,), laid, into="slippage", fees=fee)
            if isinstance(event, Fill):
                self.tally.year(event.contract.name, event.contract.settle, year).slippage += lost
            elif isinstance(event, Spot):
                line = self.tally.year(f"{event.asset} withdrawals", event.asset, year)
                line.fees += fee
                line.fees_coin += kept

    def time_of(self, laid: Portfolio) -> datetime:
        """The moment that prices are of."""
        assert laid.market.as_of is not None
        return laid.market.as_of

    def come_near(self, n: int, book: Book, wallet: str) -> None:
        """Keep how near a wallet of a book came to its end in bar n, if that is nearer than ever."""
        for account in accounts_of(book, self.quotes.at(n - 1)):
            if name_of(account) == wallet:
                self._come_near(account, n)

    def _fund(self, n: int, first: int, last: int) -> None:
        """Fundings after one instant and up to another, at the marks of bar n."""
        laid = self.quotes.at(n)
        due = [
            (time, position.contract.name, rate)
            for position in self.book.open_positions
            for time, rate in self.quotes.course.fundings(position.contract.name, first, last)
        ]
        paid = [funding(self.book.positions[name], rate, laid) for _, name, rate in sorted(due)]
        self.happen(paid, laid, into="slippage")

    def _settle(self, n: int, *, until: int) -> None:
        """Deliver what has expired, at the index of bar n."""
        laid = self.quotes.at(n)
        for position in self.book.listed:
            expiry = position.contract.expiry
            if expiry is not None and stamp(expiry) <= until:
                self.happen((settled(position, laid),), laid)

    def _liquidate(self, n: int) -> None:
        before = self.quotes.at(n - 1)
        for account in accounts_of(self.book, before):
            self._come_near(account, n)
            reached = ended(account, self.quotes, n)
            if reached is None:
                continue
            there = self.quotes.moved(n - 1, reached.factors)
            coins = self.book.holdings.get(account.currency, ZERO)
            self.happen(taken(reached, self.book, there), there, into="liquidations")
            lost = coins - self.book.holdings.get(account.currency, ZERO)
            price = None if is_mixed(account) else there.price(account.held_after[0].contract.asset)
            worth = lost * there.price(account.currency)
            self.tally.gone.append(Gone(self.quotes.time(n), name_of(account), account.currency, price, lost, worth))
        for pooled in pools.pools_of(self.book, before):
            factors = pools.ended(pooled, self.quotes, n)
            if factors is None:
                self._pool_comes_near(pooled, n, self.book)
            else:
                self._liquidate_pool(pooled, factors, n)

    def pools_come_near(self, n: int, book: Book) -> None:
        """Keep how near the pooled accounts of a book came to their ends in bar n, if that is nearer than ever."""
        for pooled in pools.pools_of(book, self.quotes.at(n - 1)):
            self._pool_comes_near(pooled, n, book)

    def _pool_comes_near(self, pooled: pools.Pooled, n: int, book: Book) -> None:
        factors = {coin: ONE + step for coin, step in pools.worst(pooled, self.quotes, n).items()}
        there = self.quotes.moved(n - 1, factors)
        for each in pools.pools_of(book, there):
            if each.name == pooled.name and (distance := each.distance(there)) is not None:
                self.tally.nearer(Closest(booked(distance, MILLIONTHS), n, pooled.name))

    def _liquidate_pool(self, pooled: pools.Pooled, factors: Mapping[str, Fraction], n: int) -> None:
        self.tally.nearer(Closest(0, n, pooled.name))
        there = self.quotes.moved(n - 1, factors)
        events, lost = pools.taken(pooled, self.book, there)
        self.happen(events, there, into="liquidations")
        worth = sum((coins * there.price(asset) for asset, coins in lost.items()), ZERO)
        self.tally.gone.append(Gone(self.quotes.time(n), pooled.name, DOLLARS, None, worth, worth))

    def _come_near(self, account: Account, n: int) -> None:
        ends, low, high = nearest(account, self.quotes, n)
        found = [
            *([ONE - ends.below / low] if ends.below is not None else []),
            *([ends.above / high - ONE] if ends.above is not None else []),
        ]
        for each in found:
            self.tally.nearer(Closest(max(0, booked(each, MILLIONTHS)), n, name_of(account)))

    def _unfunded(self, n: int) -> None:
        """Count the bar for each perpetual whose funding nothing tells."""
        for position in self.book.open_positions:
            if position.contract.expiry is None and not is_funded(self.quotes, position.contract.name, n):
                year = self.quotes.time(n).year
                self.tally.year(position.contract.name, position.contract.settle, year).unfunded += 1

    def _check(self, n: int) -> None:
        if not self.is_check(n):
            return
        laid = self.quotes.at(n)
        self.tally.checked.append(Rows.of(observed(n, self.book, laid)))
        self.act(n)

    def act(self, n: int) -> None:
        """Do what the check at the end of bar n asks for."""
        self.gap, self.acted = n - self.acted, n
        self.way.act(self, n)
        self.tally.at_venue(self.book.wallets)


def _entered(book: Book, laid: Portfolio) -> Iterator[tuple[str, Fraction]]:
    """The index at which each position was opened: its entry, were the basis then what it is at the start."""
    for position in book.open_positions:
        yield (
            position.contract.name,
            position.entry_price * index_of(position.contract, laid) / laid.market.mark(position.contract),
        )


def every_bar(walk: Walk, n: int) -> int:
    """Look at every bar."""
    walk.bar(n + 1)
    return n + 1


def touched(events: Iterable[Event]) -> set[str]:
    """The currencies whose coins, or whose PnL, some events change."""
    found: set[str] = set()
    for event in events:
        match event:
            case Fill():
                found.add(event.contract.settle)
            case Funding():
                found.add(event.currency)
            case Spot():
                found.add(event.asset)
            case Transfer() | HedgeAsked():
                pass
            case _:
                assert_never(event)
    return found


def observed(n: int, book: Book, laid: Portfolio) -> Row:
    """A book at a check."""
    valued = value(laid, book)
    weights = {asset: valued.weight(asset) or ZERO for asset in sorted(valued.exposures)}
    standing = accounts_of(book, laid)
    pooled = [(each, each.distance(laid)) for each in pools.pools_of(book, laid)]
    away = [booked(distance, MILLIONTHS) for _, distance in pooled if distance is not None]
    return Row(
        n,
        booked(valued.equity, CENTS),
        {asset: booked(weight, NINTHS) for asset, weight in weights.items()},
        min((*away, *(each for account in standing for each in distances(account))), default=None),
        any(past(each.balance, each.held_after, laid.policy.alert) for each in standing)
        or any(each.is_alarmed(distance, laid) for each, distance in pooled),
    )


def accounts_of(book: Book, laid: Portfolio) -> list[Account]:
    """The wallets with positions."""
    return [account for account in accounts(book, book, (), portfolio=laid) if account.held_after]


def distances(account: Account) -> Iterable[int]:
    """How far a wallet stands from its ends, as booked."""
    ends = liquidation(account.balance, account.held_after)
    if ends.below is not None:
        yield booked(ONE - ends.below, MILLIONTHS)
    if ends.above is not None:
        yield booked(ends.above - ONE, MILLIONTHS)


def name_of(account: Account) -> str:
    """What a wallet is called: the contract of an isolated position, else its currency."""
    return account.contract or account.wallet


def is_funded(quotes: Quotes, contract: str, n: int) -> bool:
    """Whether a funding is known within the bar, or within the interval that ends with it."""
    course = quotes.course
    return bool(course.fundings(contract, course.ends(n) - funded_for(quotes, contract), course.ends(n)))


def funded_for(quotes: Quotes, contract: str) -> int:
    """For how many milliseconds a funding stands: the interval of its contract, eight hours where that is not known."""
    known = quotes.portfolio.contracts.get(contract)
    hours = known.funding_interval_hours if known is not None else None
    return max(quotes.course.step, _FUNDED_EVERY if hours is None else int(hours * 3_600_000))
