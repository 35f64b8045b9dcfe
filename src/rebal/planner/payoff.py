"""What a plan's book is worth as all coins move alike: with its futures, without them, and rebalanced in spot."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from rebal.account_lines import ALL, AccountLine
from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book
from rebal.plan import PayoffLine, Wallet
from rebal.planner import worth
from rebal.planner.collateral import Account
from rebal.planner.review import Review
from rebal.planner.step import Outcome
from rebal.planner.worth import Payoff
from rebal.portfolio import Portfolio

SHOCKS = tuple(Fraction(points, 100) for points in (-80, -60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 50, 100, 200))
"""The moves of all coins at which plans and stress reports tell what a book is worth."""


class _Alike(NamedTuple):
    """Dollars as all coins move alike: ``fixed + slope x + bend x x``."""

    fixed: Fraction
    slope: Fraction
    bend: Fraction

    @classmethod
    def of(cls, payoffs: Iterable[Payoff]) -> "_Alike":
        """The sum of some payoffs."""
        fixed: list[Fraction] = []
        slopes: list[Fraction] = []
        bends: list[Fraction] = []
        for each in payoffs:
            fixed.append(each.fixed)
            slopes += each.moving.values()
            bends += each.crossing.values()
        return cls(total(fixed), total(slopes), total(bends))

    @classmethod
    def of_coins(cls, book: Book, portfolio: Portfolio) -> "_Alike":
        """The coins of a book, as ``holdings`` tells them one by one."""
        moving: list[Fraction] = []
        still: list[Fraction] = []
        for coin, quantity in book.holdings.items():
            if quantity and coin not in portfolio.aside:
                of_its_kind = moving if worth.moves_with(coin, portfolio) else still
                of_its_kind.append(quantity * portfolio.price(coin))
        slope = total(moving)
        return cls(slope + total(still), slope, ZERO)

    def plus(self, other: "_Alike") -> "_Alike":
        """The sum of both."""
        return _Alike(self.fixed + other.fixed, self.slope + other.slope, self.bend + other.bend)

    def without(self, others: Sequence["_Alike"]) -> "_Alike":
        """The same without some others."""
        if not others:
            return self
        return _Alike(*(mine - total(theirs) for mine, theirs in zip(self, zip(*others, strict=True), strict=True)))

    def at(self, shock: Fraction) -> Fraction:
        """What they are worth after a move."""
        return self.fixed + (self.slope + self.bend * shock if self.bend else self.slope) * shock


_Backing = Callable[[], _Alike]
_Stretch = tuple[int, int]
"""The shocks that a wallet comes through: where they begin among ``SHOCKS``, and where they end."""
_EVERY: _Stretch = 0, len(SHOCKS)


def _stretch(below: Fraction | None, above: Fraction | None) -> _Stretch:
    """By how far all coins may fall and rise before a wallet is liquidated; one that is today may do neither.

    Where margin is covered exactly at the end of a move it comes through.
    """
    if below == 0 == above:
        return 0, 0
    begin = 0 if below is None else bisect_left(SHOCKS, -below)
    return begin, len(SHOCKS) if above is None else bisect_right(SHOCKS, above)


def payoff_lines(review: Review) -> tuple[PayoffLine, ...]:
    """A row a move of all coins; none for a book without futures before and after.

    The books are those of a stress report: unhedged, every future is closed today at its mark; in spot, every future
    that is left is replaced by the trade that it stands in for. Both are free of cost. A liquidated wallet loses all
    that backs it, and so does a pooled account at its level on the path of all its coins.
    """
    before, done, portfolio = review.desk.book, review.done, review.desk.portfolio
    were_open, left = before.listed, done.book.listed
    if not (were_open or left):
        return ()
    closed = _Alike.of(worth.closed(each, portfolio) for each in were_open)
    spot = _Alike.of(worth.in_spot(part, each.contract, portfolio) for each in left for part in each.parts)
    held = {each.contract.name: worth.held(each, portfolio) for each in left}
    unhedged = _Alike.of_coins(before, portfolio).plus(closed)
    in_spot, hedged = unhedged.plus(spot), _Alike.of_coins(done.book, portfolio).plus(_Alike.of(held.values()))
    ends = (*_ends(done, review.wallets, held, portfolio), *_pooled_ends(done.book, review.accounts, portfolio))
    lost = _lost(ends)
    kept: dict[tuple[_Stretch, ...], _Alike] = {}  # by which are lost, as most moves lose the same ones
    lines: list[PayoffLine] = []
    for at, shock in enumerate(SHOCKS):
        gone = tuple(each for each in lost if not each[0] <= at < each[1])
        if gone not in kept:
            kept[gone] = hedged.without([backing for each in gone for backing in lost[each]])
        lines.append(PayoffLine(shock, unhedged.at(shock), kept[gone].at(shock), in_spot.at(shock)))
    return tuple(lines)


def _lost(ends: Iterable[tuple[_Stretch, _Backing]]) -> dict[_Stretch, list[_Alike]]:
    """What backs those that some move liquidates, by the moves that they come through."""
    lost: dict[_Stretch, list[_Alike]] = {}
    for comes_through, backing in ends:
        if comes_through != _EVERY:
            lost.setdefault(comes_through, []).append(backing())
    return lost


def holdings(book: Book, portfolio: Portfolio) -> Iterator[Payoff]:
    """The coins of a book."""
    return (worth.coins(asset, quantity, portfolio) for asset, quantity in book.holdings.items())


def _ends(
    done: Outcome, wallets: Sequence[Wallet], held: Mapping[str, Payoff], portfolio: Portfolio
) -> Iterator[tuple[_Stretch, _Backing]]:
    rows = {(each.account, each.currency, each.contract): each for each in wallets}
    for account in done.after:
        row = rows[portfolio.account(account.at).name, account.currency, account.contract]
        yield _stretch(row.distance_below, row.distance_above), partial(_backing, account, held, portfolio)


def _backing(account: Account, held: Mapping[str, Payoff], portfolio: Portfolio) -> _Alike:
    """All that backs an account: its balance and its PnL."""
    balance = worth.coins(account.currency, account.balance, portfolio)
    return _Alike.of([balance, *(held[each.contract.name] for each in account.held_after)])


def _pooled_ends(
    book: Book, accounts: Sequence[AccountLine], portfolio: Portfolio
) -> Iterator[tuple[_Stretch, _Backing]]:
    for line in accounts:
        for level in line.levels:
            if level.path == ALL:
                below = None if level.below is None else ONE - level.below
                above = None if level.above is None else level.above - ONE
                yield _stretch(below, above), partial(_pooled_backing, line, book, portfolio)


def _pooled_backing(line: AccountLine, book: Book, portfolio: Portfolio) -> _Alike:
    """All that backs a pooled account: every coin there, and the PnL of what is open."""
    at = portfolio.at(line.account)
    wallets = ((wallet.rpartition(":"), balance) for wallet, balance in book.wallets.items())
    there = (worth.coins(asset, balance, portfolio) for (name, _, asset), balance in wallets if name == at)
    return _Alike.of(
        [*there, *(worth.held(each, portfolio) for each in book.open_positions if each.contract.account == at)]
    )
