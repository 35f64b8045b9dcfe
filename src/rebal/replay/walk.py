"""The walk: bar by bar, in exact figures; what happens to the book, what is done about it, and what that brings."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, Event, Fill, apply
from rebal.market.margin import liquidation
from rebal.planner.collateral import Account, accounts, past
from rebal.planner.exposure import value
from rebal.portfolio import Portfolio
from rebal.replay.course import stamp
from rebal.replay.incidents import ended, funding, is_mixed, nearest, open_positions, settled, taken
from rebal.replay.quotes import Quotes
from rebal.replay.tally import CENTS, MILLIONTHS, NINTHS, Closest, Gone, Row, Tally, booked

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
"""What comes next after a bar: the next one to be looked at, with all that is counted in between."""


class Walk:
    """A book on its way through a course.

    ``book``: as it stands; ``worth``: what it is worth at the prices last seen; ``every``: bars from check to check.
    """

    def __init__(self, quotes: Quotes, way: Way, *, check: int) -> None:
        self.quotes = quotes
        self.way = way
        self.book: Book = quotes.portfolio.statement
        self.tally = Tally()
        self.every = max(1, -(-check // quotes.course.step))
        self.worth = self._worth(quotes.at(0))
        self.start = self.worth

    def run(self, skip: Skip) -> "Walk":
        """Go from the first bar to the last."""
        self.way.begin(self)
        self._settle(0, until=stamp(self.quotes.time(0)))
        self._check(0)
        n = 0
        while n < self.quotes.last:
            n = skip(self, n)
            self.bar(n)
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
        self._reprice(self.quotes.at(n))
        self._unfunded(n)
        self._fund(n, last - 1, last)
        self._settle(n, until=last)
        self._check(n)

    def happen(self, events: Sequence[Event], laid: Portfolio, *, into: str, fees: Fraction = ZERO) -> Fraction:
        """Let events happen at the prices of a moment, and say what they cost beside fees and funding.

        That is counted ``into``: slippage, with what booking in steps of 1e-8 costs; prices; or liquidations.
        ``fees``: in USD, of trades in spot, whose events do not tell them.
        """
        if not events:
            return ZERO
        paid, funded = self.tally.fees, self.tally.funding
        self.tally.fees += fees
        held = {name: position.contracts for name, position in self.book.positions.items()}
        applied = apply(self.book, events)
        for event, brought in zip(events, applied.brought, strict=True):
            name = event.contract.name if isinstance(event, Fill) else ""
            self.tally.book(event, brought, laid, held=held.get(name, ZERO))
            if isinstance(event, Fill):
                held[name] = held.get(name, ZERO) + event.contracts
        self.book = applied.book
        after = self._worth(laid)
        lost = self.worth + (self.tally.funding - funded) - (self.tally.fees - paid) - after
        setattr(self.tally, into, getattr(self.tally, into) + (-lost if into == "prices" else lost))
        self.worth = after
        return lost

    def place(self, events: Iterable[Event], laid: Portfolio) -> None:
        """Let a plan happen, the slippage of each fill under its contract."""
        for event in events:
            lost = self.happen((event,), laid, into="slippage")
            if isinstance(event, Fill):
                contract = event.contract
                self.tally.year(contract.name, contract.settle, self.time_of(laid).year).slippage += lost

    def time_of(self, laid: Portfolio) -> datetime:
        """The moment that prices are of."""
        assert laid.market.as_of is not None
        return laid.market.as_of

    def pass_to(self, book: Book, laid: Portfolio, *, funded: Fraction) -> None:
        """Be somewhere later where nothing but funding changed the book; ``funded``: dollars of it, counted already."""
        self.book = book
        now = self._worth(laid)
        self.tally.prices += now - self.worth - funded
        self.worth = now

    def come_near(self, n: int, book: Book, wallet: str) -> None:
        """Keep how near a wallet of a book came to its end in bar n, if that is nearer than ever."""
        for account in accounts_of(book, self.quotes.at(n - 1)):
            if name_of(account) == wallet:
                self._come_near(account, n)

    def _worth(self, laid: Portfolio) -> Fraction:
        return value(laid, self.book).equity

    def _reprice(self, laid: Portfolio) -> None:
        now = self._worth(laid)
        self.tally.prices += now - self.worth
        self.worth = now

    def _fund(self, n: int, first: int, last: int) -> None:
        """Fundings after one instant and up to another, at the marks of bar n."""
        laid = self.quotes.at(n)
        due = [
            (time, position.contract.name, rate)
            for position in open_positions(self.book)
            for time, rate in self.quotes.course.fundings(position.contract.name, first, last)
        ]
        paid = [funding(self.book.positions[name], rate, laid) for _, name, rate in sorted(due)]
        self.happen(paid, laid, into="slippage")

    def _settle(self, n: int, *, until: int) -> None:
        """Deliver what has expired, at the index of bar n."""
        laid = self.quotes.at(n)
        for position in tuple(open_positions(self.book)):
            expiry = position.contract.expiry
            if expiry is not None and stamp(expiry) <= until:
                self.happen((settled(position, laid),), laid, into="prices")

    def _liquidate(self, n: int) -> None:
        before = self.quotes.at(n - 1)
        for account in accounts_of(self.book, before):
            self._come_near(account, n)
            reached = ended(account, self.quotes, n)
            if reached is None:
                continue
            there = self.quotes.moved(n - 1, reached.factors)
            self._reprice(there)
            coins = self.book.holdings.get(account.currency, ZERO)
            self.happen(taken(reached, self.book, there), there, into="liquidations")
            lost = coins - self.book.holdings.get(account.currency, ZERO)
            price = None if is_mixed(account) else there.price(account.held_after[0].contract.asset)
            worth = lost * there.price(account.currency)
            self.tally.gone.append(Gone(self.quotes.time(n), name_of(account), account.currency, price, lost, worth))
            self._reprice(before)

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
        for position in open_positions(self.book):
            if position.contract.expiry is None and not is_funded(self.quotes, position.contract.name, n):
                year = self.quotes.time(n).year
                self.tally.year(position.contract.name, position.contract.settle, year).unfunded += 1

    def _check(self, n: int) -> None:
        if not self.is_check(n):
            return
        laid = self.quotes.at(n)
        self.tally.rows.append(observed(n, self.book, laid))
        self.way.act(self, n)
        self.tally.at_venue(self.book.wallets)


def every_bar(walk: Walk, n: int) -> int:
    """Look at every bar."""
    return n + 1


def observed(n: int, book: Book, laid: Portfolio) -> Row:
    """A book at a check."""
    valued = value(laid, book)
    weights = {asset: valued.weight(asset) or ZERO for asset in sorted(valued.exposures)}
    standing = accounts_of(book, laid)
    return Row(
        n,
        booked(valued.equity, CENTS),
        {asset: booked(weight, NINTHS) for asset, weight in weights.items()},
        min((each for account in standing for each in distances(account)), default=None),
        any(past(each.balance, each.held_after, laid.policy.alert) for each in standing),
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
