"""The fewest whole lots to close, so that a wallet keeps a level: solved, not searched lot by lot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from rebal.amounts import ZERO, Fraction, down, total, up
from rebal.book import Book, Part, Position, Purpose
from rebal.frozen import frozen
from rebal.market.margin import Held
from rebal.plan import Order
from rebal.planner.candidates import route_of
from rebal.planner.collateral import accounts, balance_at, last_that, past
from rebal.planner.orders import close_orders
from rebal.planner.sequence import after_orders
from rebal.planner.sizing import Leg
from rebal.policy import Alert
from rebal.portfolio import Portfolio


@frozen
class Goal:
    """From where on a wallet is to be rescued, what closing must reach, and what coins bring it to where they do."""

    beyond: Alert
    least: Alert
    best: Alert


Closed = Mapping[str, Fraction]
"""Contracts closed, positive, by contract."""


@frozen
class Wallet:
    """An account to be brought to a level: its part of the book, ``coins`` that come in, and what may be closed.

    ``at``, ``currency`` and ``contract`` name the account; ``open_to_orders``: its positions that an order can be
    placed on; ``first``: the purpose whose legs are closed first.
    """

    currency: str
    contract: str | None
    book: Book
    coins: Fraction
    open_to_orders: tuple[Position, ...]
    first: Purpose
    portfolio: Portfolio
    at: str = ""

    def orders(self, closed: Closed) -> tuple[Order, ...]:
        """The orders that close so many contracts."""
        return close_orders(self._legs(closed), book=self.book, portfolio=self.portfolio)

    def left(self, closed: Closed) -> tuple[Fraction, tuple[Held, ...]]:
        """Balance and positions once the orders are filled and the coins are there."""
        orders, portfolio = self.orders(closed), self.portfolio
        book = after_orders(self.book, orders, portfolio)
        for account in accounts(book, book, (), portfolio=portfolio):
            if (account.at, account.currency, account.contract) == (self.at, self.currency, self.contract):
                return account.balance + self.coins, account.held_after
        return self.coins, ()

    def past(self, closed: Closed, level: Alert) -> bool:
        """Whether it is past a level once so much is closed."""
        return past(*self.left(closed), level)

    def short(self, closed: Closed, level: Alert) -> Fraction:
        """Coins that it then lacks to stand at a level."""
        balance, held = self.left(closed)
        return balance_at(held, level) - balance

    def gain(self, better: Fraction, contract: str, contracts: Fraction) -> Fraction:
        """In one wallet every lot is closed for the same coins."""
        return better

    def floor(self, runner_up: Fraction) -> Fraction:
        """As far as it helps at all."""
        return ZERO

    def room(self, position: Position, *, only_first: bool) -> Fraction:
        """Contracts of a position that may be closed: of all purposes, or of the first alone; never past its net."""
        parts = [part for part in _shrinking(position) if not only_first or part.purpose is self.first]
        return min(abs(position.contracts), total(abs(part.contracts) for part in parts))

    def _legs(self, closed: Closed) -> Iterator[Leg]:
        for position in self.open_to_orders:
            remaining = closed.get(position.contract.name, ZERO)
            direction = -1 if position.contracts > 0 else 1
            for part in sorted(
                _shrinking(position), key=lambda part: (part.purpose is not self.first, part.stands_for)
            ):
                taken = min(remaining, abs(part.contracts))
                if taken:
                    route = route_of(part.stands_for, position.contract)
                    yield Leg(position.contract, direction * taken, route, part.purpose, part.stands_for)
                remaining -= taken


class Cut(Protocol):
    """What is to be brought to a level by closing: what may be closed, and what it then is short of."""

    @property
    def open_to_orders(self) -> tuple[Position, ...]:
        """Its positions that an order can be placed on."""

    def room(self, position: Position, *, only_first: bool) -> Fraction:
        """Contracts of a position that may be closed."""

    def past(self, closed: Closed, level: Alert) -> bool:
        """Whether it is past a level once so much is closed."""

    def short(self, closed: Closed, level: Alert) -> Fraction:
        """What it is then short of, as far as it is past the level and no further."""

    def gain(self, better: Fraction, contract: str, contracts: Fraction) -> Fraction:
        """What closing some contracts is worth that make it so much better: the contract of the largest goes first."""

    def floor(self, runner_up: Fraction) -> Fraction:
        """The least gain for which a contract is closed on, where another would gain so much."""


def fewest_lots(wallet: Cut, level: Alert) -> Closed:
    """What to close so that the wallet keeps a level, legs of its first purpose before the others.

    Contracts are taken in turn, the one whose lot helps most first, each as far as it helps: what an account is short
    of bends upwards in the contracts closed, so its lowest point and the first lot that suffices are found by halving.
    Where legs against each other leave no single one that helps, all are closed in proportion. What cannot be closed
    is left; then the level may be missed.
    """
    closed: dict[str, Fraction] = {}
    for only_first in (True, False):
        closed = _one_by_one(wallet, level, closed, only_first=only_first)
        if not wallet.past(closed, level):
            return closed
    return _in_proportion(wallet, level, closed)


def _one_by_one(wallet: Cut, level: Alert, closed: dict[str, Fraction], *, only_first: bool) -> dict[str, Fraction]:
    for _ in range(4 * len(wallet.open_to_orders)):
        if not wallet.past(closed, level):
            break
        ladders = [
            _ladder(position, closed.get(position.contract.name, ZERO), wallet.room(position, only_first=only_first))
            for position in wallet.open_to_orders
        ]
        now = wallet.short(closed, level)
        helping = [
            (wallet.gain(now - wallet.short(ladder.step(closed, 1), level), ladder.contract, ladder.closing(0)), ladder)
            for ladder in ladders
            if ladder.highest
        ]
        ranked = sorted(helping, key=lambda each: (-each[0], each[1].contract))
        if not ranked or ranked[0][0] <= 0:
            break
        least = wallet.floor(ranked[1][0] if len(ranked) > 1 else ZERO)
        closed = _as_far_as_it_helps(wallet, level, closed, ranked[0][1], least=least)
    return closed


def _as_far_as_it_helps(
    wallet: Cut, level: Alert, closed: dict[str, Fraction], ladder: "_Ladder", *, least: Fraction
) -> dict[str, Fraction]:
    def kept(n: int) -> bool:
        return not wallet.past(ladder.step(closed, n), level)

    def helps(n: int) -> bool:
        better = wallet.short(ladder.step(closed, n), level) - wallet.short(ladder.step(closed, n + 1), level)
        return better > 0 and wallet.gain(better, ladder.contract, ladder.closing(n)) >= least

    alone = not least and kept(ladder.highest)
    lowest = ladder.highest if alone else _first(lambda n: not helps(n), ladder.highest)
    return ladder.step(closed, _first(kept, lowest) if kept(lowest) else lowest)


def _in_proportion(wallet: Cut, level: Alert, closed: dict[str, Fraction]) -> dict[str, Fraction]:
    sizes = {each.contract.name: (each, wallet.room(each, only_first=False)) for each in wallet.open_to_orders}
    steps = max((int(-(-room // each.contract.lot_size)) for each, room in sizes.values()), default=0)

    def at(n: int) -> dict[str, Fraction]:
        return {
            name: _rounded(each, closed.get(name, ZERO) + (room - closed.get(name, ZERO)) * n / steps, room)
            for name, (each, room) in sizes.items()
        }

    return at(_first(lambda n: not wallet.past(at(n), level), steps))


def _rounded(position: Position, wanted: Fraction, room: Fraction) -> Fraction:
    """Contracts to close, up to a whole lot and the least order; all of what is open where no more is left."""
    contract = position.contract
    least = up(max(wanted, contract.min_contracts), contract.lot_size)
    return least if least < room else _top(position, room)


@frozen
class _Ladder:
    """The totals of one contract that an order may close from where it stands: ``base + n·lot`` up to ``top``.

    The first of them may be more than a lot away: the least order.
    """

    contract: str
    so_far: Fraction
    base: Fraction
    lot: Fraction
    top: Fraction
    highest: int

    def step(self, closed: Closed, n: int) -> dict[str, Fraction]:
        """What is closed n lots further."""
        return {**closed, self.contract: self._total(n)}

    def closing(self, n: int) -> Fraction:
        """Contracts that the lot after n lots closes."""
        return self._total(n + 1) - self._total(n)

    def _total(self, n: int) -> Fraction:
        return min(self.base + n * self.lot, self.top) if n else self.so_far


def _ladder(position: Position, so_far: Fraction, room: Fraction) -> _Ladder:
    contract = position.contract
    lot, top = contract.lot_size, _top(position, room)
    base = max(so_far, up(contract.min_contracts, lot) - lot)
    if top <= base:
        # less than the least order: only all of a position may be closed by it
        whole = top == abs(position.contracts) and top > so_far
        return _Ladder(contract.name, so_far, so_far, top, top, int(whole))
    return _Ladder(contract.name, so_far, base, lot, top, int(-(-(top - base) // lot)))


def _top(position: Position, room: Fraction) -> Fraction:
    return room if room == abs(position.contracts) else down(room, position.contract.lot_size)


def _shrinking(position: Position) -> Sequence[Part]:
    """The parts whose closing makes the net smaller."""
    return [part for part in position.parts if part.contracts * position.contracts > 0]


def _first(holds: Callable[[int], bool], high: int) -> int:
    """The first count from nothing at which a condition holds that holds at ``high`` and, once it holds, stays so."""
    return last_that(lambda n: not holds(n - 1), high)
