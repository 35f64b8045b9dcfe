"""The capital of a route in pooled accounts: the coins that such an account needs with its positions, and without."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book, Purpose
from rebal.compare.legs import Course, legs_of
from rebal.frozen import frozen
from rebal.plan import Order
from rebal.planner.candidates import part_held, route_of
from rebal.planner.desk import Desk
from rebal.planner.orders import close_orders
from rebal.planner.pooled_posting import fees_at, least
from rebal.planner.posting import free_coins
from rebal.planner.sequence import after_orders
from rebal.planner.sizing import Leg
from rebal.portfolio import Account
from rebal.reports.comparison import PooledLine, PostedLine


@frozen
class PoolNeed:
    """What a route needs in a pooled account: coins with its positions and without them, and what is missing of some.

    Both are what the account would be filled with, were it empty, out of all that is owned and in the policy's order.
    """

    choice: Course
    account: Account
    beside: Mapping[str, Fraction]
    without: Mapping[str, Fraction]
    missing: Mapping[str, Fraction]

    def line(self, desk: Desk) -> PooledLine:
        """The two in dollars."""
        with_usd, without_usd = (
            total(quantity * desk.portfolio.price(asset) for asset, quantity in coins.items())
            for coins in (self.beside, self.without)
        )
        return PooledLine(self.choice.way, self.choice.expiry, self.account.name, with_usd, without_usd)

    def posted(self, desk: Desk) -> Iterator[PostedLine]:
        """A row a coin of which one needs more than the other; below nothing where the route's positions free some."""
        choice, portfolio = self.choice, desk.portfolio
        for asset in sorted({*self.beside, *self.without, *self.missing}):
            quantity = self.beside.get(asset, ZERO) - self.without.get(asset, ZERO)
            missing = self.missing.get(asset, ZERO)
            if quantity or missing:
                usd = quantity * portfolio.price(asset)
                yield PostedLine(choice.way, choice.expiry, asset, quantity, usd, missing)


def pool_needs(choice: Course, *, share_to_open: Fraction, hedged: str | None, desk: Desk) -> Iterator[PoolNeed]:
    """What a route needs in each pooled account that it trades in.

    ``hedged``: the asset whose hedge is compared, whole, open or not: what is open of it is no other position then.
    ``share_to_open``: how much of the positions is not open yet; only that is held against the free coins.
    """
    purpose = Purpose.REBALANCE if hedged is None else Purpose.HEDGE
    for account in desk.portfolio.pools:
        at = desk.portfolio.at(account.name)
        legs = [each for each in legs_of(choice, purpose) if each.contract.account == at]
        if legs:
            bare = _emptied(at, hedged, desk)
            orders = close_orders(legs, book=bare, portfolio=desk.portfolio)
            opening = [each for each in legs_of(choice, purpose, share=share_to_open) if each.contract.account == at]
            yield PoolNeed(
                choice, account, _least(account, bare, orders, desk), _least(account, bare, (), desk),
                _missing(at, opening, desk) if share_to_open else {},
            )  # fmt: skip


def _emptied(at: str, hedged: str | None, desk: Desk) -> Book:
    """The book with the coins of an account outside it, and no hedge of an asset in it."""
    book, portfolio = desk.book, desk.portfolio
    wallets = {wallet: coins for wallet, coins in book.wallets.items() if wallet.rpartition(":")[0] != at}
    bare = Book(book.holdings, wallets, book.positions)
    if hedged is None:
        return bare
    open_here = [
        (each.contract, part_held(each, hedged, Purpose.HEDGE))
        for each in desk.positions_for.get(hedged, ())
        if each.contract.account == at
    ]
    legs = [Leg(each, -size, route_of(hedged, each), Purpose.HEDGE, hedged) for each, size in open_here if size]
    orders = close_orders(legs, book=bare, portfolio=portfolio)
    return after_orders(bare, [replace(each, fee=ZERO) for each in orders], portfolio)


def _least(account: Account, bare: Book, orders: tuple[Order, ...], desk: Desk) -> Mapping[str, Fraction]:
    """The coins that fill an account once orders are filled there, and those of which there are not enough."""
    portfolio = desk.portfolio
    free = {asset: free_coins(asset, bare, portfolio) for asset in bare.holdings}
    at = portfolio.at(account.name)
    filled = after_orders(bare, orders, portfolio)
    coins, lacks = least(account, filled, portfolio, free=free, fees=fees_at(at, orders, portfolio))
    if lacks is not None:
        currency = lacks.account.currency
        coins[currency] = coins.get(currency, ZERO) + lacks.missing_with_fees
    return coins


def _missing(at: str, legs: list[Leg], desk: Desk) -> Mapping[str, Fraction]:
    """Coins that are not held for some legs, beside what is open, with their fees."""
    short = [each for each in desk.shortages(desk.pot(legs[0].contract), legs) if each.account.at == at]
    return {each.account.currency: each.missing_with_fees for each in short}
