"""What every step of planning looks at: the file, the book, the hour, and the book's value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rebal.book import Book, Position
from rebal.frozen import Worked, frozen, once
from rebal.planner.collateral import Shortage, accounts, post
from rebal.planner.exposure import Valuation, value
from rebal.planner.orders import after_orders
from rebal.planner.routes import Candidate, Served, by_asset, candidates
from rebal.planner.sizing import Leg, orders_of
from rebal.portfolio import Portfolio


@frozen
class Desk(Worked):
    """A portfolio, its open book and the hour, with what is looked up time and again.

    ``positions_in``: by settlement currency, then contract; ``positions_for``: by the asset that they stand for.
    """

    portfolio: Portfolio
    book: Book
    now: datetime
    valued: Valuation
    served: Served
    positions_in: Mapping[str, Mapping[str, Position]]
    positions_for: Mapping[str, tuple[Position, ...]]

    @classmethod
    def of(cls, portfolio: Portfolio, book: Book, *, now: datetime) -> "Desk":
        """Lay out a portfolio and its book for planning."""
        positions_in: dict[str, dict[str, Position]] = {}
        positions_for: dict[str, tuple[Position, ...]] = {}
        for name, position in sorted(book.positions.items()):
            positions_in.setdefault(position.contract.settle, {})[name] = position
            for asset in {part.stands_for for part in position.parts}:
                positions_for[asset] = (*positions_for.get(asset, ()), position)
        served = by_asset(portfolio.contracts.values())
        known = _with_what_is_open(portfolio, book)
        return cls(known, book, now, value(known, book), served, positions_in, positions_for)

    def candidates(self, asset: str) -> tuple[Candidate, ...]:
        """Contracts that could carry a leg of an asset, best first."""
        if asset not in self._found:
            self._found[asset] = candidates(asset, self.portfolio, self.served, now=self.now)
        return self._found[asset]

    @once
    def _found(self) -> dict[str, tuple[Candidate, ...]]:
        return {}

    def account_book(self, currency: str) -> Book:
        """The part of the book that is margined in one currency."""
        holdings, wallets = self.book.holdings, self.book.wallets
        return Book(
            {currency: holdings[currency]} if currency in holdings else {},
            {currency: wallets[currency]} if currency in wallets else {},
            self.positions_in.get(currency, {}),
        )

    def shortages(self, currency: str, legs: Sequence[Leg]) -> tuple[Shortage, ...]:
        """Coins that one currency's accounts would miss if these legs, all margined in it, were traded."""
        book = self.account_book(currency)
        orders = orders_of(legs, book=book, portfolio=self.portfolio)
        after = after_orders(book, orders, self.portfolio.contracts, margin_mode=self.portfolio.policy.margin_mode)
        return post(accounts(book, after, orders, portfolio=self.portfolio), book, self.portfolio)[1]


def _with_what_is_open(portfolio: Portfolio, book: Book) -> Portfolio:
    """The portfolio with the contracts of positions that only the journal knows: expired, or no longer listed."""
    missing = {name: position.contract for name, position in book.positions.items() if name not in portfolio.contracts}
    return replace(portfolio, contracts={**portfolio.contracts, **missing}) if missing else portfolio


def has_collateral(legs: Sequence[Leg], desk: Desk, *, taken: Sequence[Leg]) -> bool:
    """Whether the coins for some legs are held, counting what the legs before them already take."""
    together = [*taken, *legs]
    return all(
        not desk.shortages(currency, [leg for leg in together if leg.contract.settle == currency])
        for currency in sorted({leg.contract.settle for leg in legs})
    )
