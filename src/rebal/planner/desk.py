"""What every step of planning looks at: the file, the book, the hour, and the book's value."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rebal.amounts import Fraction
from rebal.book import Book, Position
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import Contract
from rebal.plan import Order
from rebal.planner.candidates import Candidate, Served, by_asset, candidates
from rebal.planner.collateral import Shortage, accounts
from rebal.planner.exposure import Valuation, value, with_room
from rebal.planner.orders import orders_of
from rebal.planner.sequence import after_orders
from rebal.planner.sizing import Leg, closing_legs, legs_for
from rebal.planner.step import Outcome, posted, step
from rebal.planner.targets import Aims, aims
from rebal.portfolio import DOLLARS, Portfolio


@frozen
class Desk(Worked):
    """A portfolio, its open book and the hour, with what is looked up time and again.

    ``positions_in``: by ``pot``, then contract; ``positions_for``: by the asset that they stand for.
    ``travels``: whether coins may go from one account to another.
    """

    portfolio: Portfolio
    book: Book
    now: datetime
    valued: Valuation
    served: Served
    positions_in: Mapping[str, Mapping[str, Position]]
    positions_for: Mapping[str, tuple[Position, ...]]
    travels: bool = True

    @property
    def still(self) -> "Desk":
        """The same where no coin goes from one account to another."""
        return self._still if self.portfolio.has_several else self  # not kept where it is itself: a ring never goes

    @once
    def _still(self) -> "Desk":
        return replace(self, travels=False)

    @once
    def moving(self) -> "Desk":
        """The same where coins go from one account to another."""
        return replace(self, travels=True)

    @once
    def at_target(self) -> Aims:
        """The exposures of the targets themselves."""
        return aims({}, self.valued, self.portfolio)

    @once
    def off(self) -> dict[str, Fraction]:
        """Dollars of exposure that each asset lacks of its target, negative: has too many; none of the dollars' row."""
        aimed = self.at_target.exposures
        return {asset: aimed[asset] - now for asset, now in self.valued.exposures.items() if asset != DOLLARS}

    @classmethod
    def of(cls, portfolio: Portfolio, book: Book, *, now: datetime) -> "Desk":
        """Lay out a portfolio and its book for planning."""
        positions_in: dict[str, dict[str, Position]] = {}
        positions_for: dict[str, tuple[Position, ...]] = {}
        for name, position in sorted(book.positions.items()):
            positions_in.setdefault(_pot(position.contract, portfolio), {})[name] = position
            for asset in {part.stands_for for part in position.parts}:
                positions_for[asset] = (*positions_for.get(asset, ()), position)
        served = by_asset(portfolio.contracts.values())
        known = _with_what_is_open(portfolio, book)
        valued = value(known, book)
        return cls(with_room(known, valued.equity), book, now, valued, served, positions_in, positions_for)

    def candidates(self, asset: str, dollars: Fraction) -> tuple[Candidate, ...]:
        """Contracts that could carry a leg of an asset, best first; what is best may depend on which way it goes."""
        key = (asset, dollars > 0)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = candidates(asset, self.portfolio, self.served, side=dollars, now=self.now)
        return found

    @once
    def _found(self) -> dict[tuple[str, bool], tuple[Candidate, ...]]:
        return {}

    def legs(self, asset: str, dollars: Fraction, opening: Candidate | None) -> tuple[Leg, ...]:
        """The legs that move an asset's exposure by some dollars, what is open first (see ``sizing.legs_for``)."""
        positions = self.positions_for.get(asset, ())
        return legs_for(asset, dollars, opening, positions=positions, portfolio=self.portfolio, now=self.now)

    def closing(self, asset: str, dollars: Fraction, opening: Candidate | None) -> tuple[Leg, ...]:
        """Those of them that only close; what stays where something opens elsewhere is none of them."""
        positions = self.positions_for.get(asset)
        if not positions:
            return ()  # as of most coins, each asked of time and again
        return closing_legs(asset, dollars, opening, positions=positions, portfolio=self.portfolio, now=self.now)[0]

    def pot(self, contract: Contract) -> str:
        """What a contract is margined out of: its coin's name, or "" where any coin of the book may matter to it."""
        return _pot(contract, self.portfolio)

    def by_pot(self, legs: Iterable[Leg]) -> dict[str, list[Leg]]:
        """Legs by what margins them, in the order in which it comes up."""
        found: dict[str, list[Leg]] = {}
        for leg in legs:
            found.setdefault(self.pot(leg.contract), []).append(leg)
        return found

    def pot_book(self, pot: str) -> Book:
        """The part of the book that is margined out of one pot."""
        if not pot:
            return self.book
        holdings, wallets = self.book.holdings, self.book.wallets
        return Book(
            {pot: holdings[pot]} if pot in holdings else {},
            {wallet: wallets[wallet] for wallet in self.portfolio.wallets_of(pot) if wallet in wallets},
            self.positions_in.get(pot, {}),
        )

    def orders_of(self, legs: Iterable[Leg]) -> tuple[Order, ...]:
        """One order a contract of these legs; the last ones are kept: what is tried is mostly what is decided."""
        asked, known = tuple(legs), self._ordered
        if not known or known[-1][0] != asked:
            known[:] = ((asked, orders_of(asked, book=self.book, portfolio=self.portfolio)),)
        return known[-1][1]

    @once
    def _ordered(self) -> list[tuple[tuple[Leg, ...], tuple[Order, ...]]]:
        return []

    def step(self, orders: tuple[Order, ...]) -> Outcome:
        """What decided orders come to; the last outcome is kept likewise."""
        known = self._stepped
        if not known or known[-1][0] != orders:
            known[:] = ((orders, step(self.portfolio, self.book, orders, travels=self.travels)),)
        return known[-1][1]

    @once
    def _stepped(self) -> list[tuple[tuple[Order, ...], Outcome]]:
        return []

    def lacks(self, legs: Sequence[Leg], pots: Collection[str]) -> bool:
        """Whether any of some pots would lack coins if these legs, and nothing else, were traded."""
        if not pots:
            return False
        missing = self.step(self.orders_of(legs)).shortages
        if self.portfolio.is_linked:
            return bool(missing)
        short: dict[str, list[Shortage]] = {}
        for each in missing:
            short.setdefault(each.account.currency, []).append(each)
        in_pot = self.by_pot(legs)
        self._lacked.update((pot, (tuple(in_pot.get(pot, ())), tuple(short.get(pot, ())))) for pot in pots)
        return not short.keys().isdisjoint(pots)

    @once
    def _lacked(self) -> dict[str, tuple[tuple[Leg, ...], tuple[Shortage, ...]]]:
        return {}

    @once
    def _decided(self) -> dict[str, tuple[tuple[Leg, ...], tuple[Shortage, ...]]]:
        return {}

    def shortages(self, pot: str, legs: Sequence[Leg], *, decided: bool = False) -> tuple[Shortage, ...]:
        """Coins that would be missing if these legs, all of one pot, were traded.

        What was asked last is kept, and likewise of legs that are ``decided``, on which others are tried.
        """
        kept, asked = self._decided if decided else self._lacked, tuple(legs)
        known = kept.get(pot)
        if known is None or known[0] != asked:
            known = kept[pot] = (asked, self._shortages(pot, asked))
        return known[1]

    def _shortages(self, pot: str, legs: Sequence[Leg]) -> tuple[Shortage, ...]:
        book = self.pot_book(pot)
        orders = orders_of(legs, book=book, portfolio=self.portfolio)
        after = after_orders(book, orders, self.portfolio)
        listed = accounts(book, after, orders, portfolio=self.portfolio)
        return posted(listed, book, after, orders=orders, portfolio=self.portfolio, travels=self.travels)[1]


def _pot(contract: Contract, portfolio: Portfolio) -> str:
    return "" if portfolio.is_linked else contract.settle


def _with_what_is_open(portfolio: Portfolio, book: Book) -> Portfolio:
    """The portfolio with the contracts of positions that only the journal knows: expired, or no longer listed."""
    missing = {name: position.contract for name, position in book.positions.items() if name not in portfolio.contracts}
    return replace(portfolio, contracts={**portfolio.contracts, **missing}) if missing else portfolio


def has_collateral(legs: Sequence[Leg], desk: Desk, *, taken: Sequence[Leg]) -> bool:
    """Whether the coins for some legs are held, counting what the legs before them already take."""
    together = desk.by_pot([*taken, *legs])
    return all(not desk.shortages(pot, together[pot]) for pot in desk.by_pot(legs))
