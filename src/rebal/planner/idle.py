"""What an account can do without, of a coin that another one misses."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total
from rebal.book import Book
from rebal.frozen import frozen
from rebal.names import within
from rebal.plan import Transfer
from rebal.planner.collateral import Account, in_alert, need
from rebal.planner.pooled import asked_of, past_alert, pool_of, surveyed
from rebal.planner.sequence import after_transfers
from rebal.portfolio import Account as Place
from rebal.portfolio import Portfolio

if TYPE_CHECKING:
    from rebal.market.pooled_need import Survey


@frozen
class Spare:
    """Coins that an account can do without. ``waits``: until its orders are filled.

    ``contract``: of the isolated position that they leave.
    """

    place: Place
    contract: str | None
    quantity: Fraction
    waits: bool


class Idle:
    """What each account can do without, less what was taken of it.

    ``books``: before and once the orders are filled; ``arriving`` and ``leaving``: what is moved from and to spot.

    - Where nothing was open: at once, what is there beyond the need of what the plan opens, its fees on top.
    - Where nothing is open any more: once the orders are filled, all that is there then, less what backs the debts of a
      pool.
    - Where something stays open: once they are filled, what they free and that would leave to spot. What lies beyond
      it is its owner's cushion.

    Where an account stood in alert, nothing.
    """

    __slots__ = ("_arriving", "_books", "_leaving", "_listed", "_pools", "_portfolio", "_taken")

    def __init__(
        self, listed: Sequence[Account], books: tuple[Book, Book], *, arriving: Sequence[Transfer],
        leaving: Iterable[Transfer], portfolio: Portfolio,
    ) -> None:  # fmt: skip
        self._listed = listed
        self._books = books
        self._arriving = arriving
        self._leaving = {place_of(each): -each.quantity for each in leaving}
        self._portfolio = portfolio
        self._pools: dict[str, Survey] = {}
        self._taken: dict[tuple[str | None, str, str | None], Fraction] = {}

    def of(self, place: Place, asset: str, *, waits: bool) -> Iterator[Spare]:
        """What an account can spare of a coin, at once or once its orders are filled."""
        found = self._of_pool(place, asset) if place.pooling is not None else self._of_wallet(place, asset)
        for each in found:
            if each.waits is waits and each.quantity > 0:
                yield each

    def take(self, source: Spare, asset: str, quantity: Fraction) -> None:
        """Note that coins of a source have left."""
        key = (source.place.name, asset, source.contract)
        self._taken[key] = self._taken.get(key, ZERO) + quantity
        at = self._portfolio.at(source.place.name)
        if at in self._pools:
            self._pools[at] = self._pools[at].having(asset, -quantity)

    def _of_wallet(self, place: Place, asset: str) -> Iterator[Spare]:
        at = self._portfolio.at(place.name)
        for account in self._listed:
            if (account.at, account.currency) == (at, asset):
                taken = self._taken.get((place.name, asset, account.contract), ZERO)
                quantity = self._left(account, place) - taken
                yield Spare(place, account.contract, quantity, waits=bool(account.held_before))

    def _left(self, account: Account, place: Place) -> Fraction:
        """Coins that a wallet or an isolated margin leaves over, those that would leave to spot among them."""
        portfolio, key = self._portfolio, (place.name, account.currency, account.contract)
        if account.held_before and (account.held_after or in_alert(account, portfolio)):
            return self._leaving.get(key, ZERO)
        drawn = total(min(ZERO, each.quantity) for each in self._arriving if place_of(each) == key)
        there = account.balance + account.realised - account.fees + drawn
        return there - need(account.held_after, portfolio).without_profit

    def _of_pool(self, place: Place, asset: str) -> Iterator[Spare]:
        at, key = self._portfolio.at(place.name), (place.name, asset, None)
        before, after = (any(each.contract.account == at for each in book.open_positions) for book in self._books)
        taken = self._taken.get(key, ZERO)
        if before and (after or self._is_alarmed(place)):
            quantity = self._leaving.get(key, ZERO) - taken
        else:
            quantity = self._beyond_need(place, asset)
        yield Spare(place, None, quantity, waits=before)

    def _is_alarmed(self, place: Place) -> bool:
        then = pool_of(place, self._books[0], self._portfolio)
        return past_alert(then, self._portfolio, self._portfolio.policy.alert)

    def _beyond_need(self, place: Place, asset: str) -> Fraction:
        """Coins of a pool that what it opens does not need, its other coins as they are."""
        account = self._survey(place)
        if asset not in account.parts:
            return ZERO
        needed = account.balance_needed(asset)
        # what is opened has gained nothing yet that the need would lean on
        return ZERO if needed is None else account.parts[asset].coin.balance - needed

    def _survey(self, place: Place) -> "Survey":
        at = self._portfolio.at(place.name)
        if at not in self._pools:
            arrived = [each for each in self._arriving if each.account == place.name]
            left = after_transfers(self._books[1], arrived, self._portfolio)
            pool = pool_of(place, left, self._portfolio)
            self._pools[at] = surveyed(pool, self._portfolio, level=asked_of(self._portfolio))
        return self._pools[at]


def place_of(transfer: Transfer) -> tuple[str | None, str, str | None]:
    """Where coins are moved, and which: the account, the coin, and the contract of an isolated position."""
    return transfer.account, transfer.asset, transfer.contract


def idle_elsewhere(
    account: Account, book: Book, listed: Sequence[Account], *, portfolio: Portfolio
) -> dict[str, Fraction]:
    """Coins of an account's kind that back nothing at the others, by the names of those in the order of the file.

    As many as arrive: less the fee of the withdrawal, and none where it would be below the least.
    """
    asset, found = account.currency, idle_anywhere(book, listed, portfolio)
    others = {each.name: within(portfolio.at(each.name), asset) for each in portfolio.accounts}
    sendable = {
        name: down(portfolio.account(name).sends(asset).arriving(found.get(wallet, ZERO)), COIN_STEP)
        for name, wallet in others.items()
        if name is not None and name != account.at
    }
    return {name: coins for name, coins in sendable.items() if coins}


def idle_anywhere(book: Book, listed: Sequence[Account], portfolio: Portfolio) -> dict[str, Fraction]:
    """Coins that back nothing as a book stands, by wallet; none of what is set aside, nor of a sole account."""
    if not portfolio.has_several:
        return {}
    idle = Idle(listed, (book, book), arriving=(), leaving=(), portfolio=portfolio)
    return {
        within(portfolio.at(place.name), asset): spare.quantity
        for place in portfolio.accounts
        for asset in book.holdings
        if asset not in portfolio.aside
        for spare in idle.of(place, asset, waits=False)
    }
