"""Coins from one account to another: what backs nothing at one, or is freed there, goes where others are missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.frozen import frozen
from rebal.market.carry import HOURS_PER_DAY, days_of
from rebal.names import within
from rebal.plan import Transfer
from rebal.planner.collateral import Account, Shortage, is_dust, loose_in_wallets, need, past, room_for
from rebal.planner.pooled_posting import Posted
from rebal.portfolio import Account as Place
from rebal.portfolio import Portfolio


@frozen
class _Source:
    """Coins that an account can do without. ``freed``: by orders, out of what that transfer would bring to spot."""

    place: Place
    quantity: Fraction
    freed: Transfer | None


def travelled(
    posted: Posted, listed: Sequence[Account], books: tuple[Book, Book], *, portfolio: Portfolio
) -> tuple[tuple[Transfer, ...], tuple[Shortage, ...]]:
    """Bring coins that are missing at one account from the others, and list all transfers in the order of their steps.

    ``books``: before and once the orders are filled. What an account can do without is what backs no position there,
    then what the orders free (see ``collateral.post``); more stays where it is. As much as ``at_most`` of the account
    lets in. Each move is two transfers, out of the one and, once the withdrawal has arrived, into the other.
    """
    trip = _Trip(posted, listed, books, portfolio=portfolio)
    short = [trip.supply(each) for each in posted.shortages]
    for account in listed if alert_is_strict(portfolio) else ():
        trip.round_off(account)
    return trip.transfers(), tuple(each for each in short if each is not None)


def alert_is_strict(portfolio: Portfolio) -> bool:
    """Whether a plan just carried out can stand in alert, by the fees that its coins did not do for."""
    policy = portfolio.policy
    return policy.alert.leverage <= policy.leverage or policy.alert.distance >= policy.shock


class _Trip:
    """The moves between accounts while they are decided."""

    __slots__ = ("_arriving", "_books", "_leaving", "_listed", "_loose", "_moved", "_portfolio")

    def __init__(
        self, posted: Posted, listed: Sequence[Account], books: tuple[Book, Book], *, portfolio: Portfolio
    ) -> None:
        self._arriving = posted.arriving
        self._leaving = list(posted.leaving)
        self._books = books
        self._listed = listed
        self._portfolio = portfolio
        self._loose = _loose(listed, books, posted.arriving, portfolio)
        self._moved: list[tuple[Transfer, Transfer, bool]] = []

    def supply(self, shortage: Shortage) -> Shortage | None:
        """Move what can be had towards a shortage; what is left of it, if anything."""
        account, asked = shortage.account, shortage.need
        most = asked.most + account.fees if shortage.with_fees is None else shortage.with_fees
        wanted = max(shortage.missing, up(most - shortage.available, COIN_STEP))
        left = replace(shortage, available=shortage.available + self._bring(wanted, account))
        return left if left.missing > 0 else None

    def round_off(self, account: Account) -> None:
        """Bring the fees of an account too that would stand in alert without; the next plan would ask for them."""
        if not account.traded:
            return
        name = self._portfolio.account(account.at).name
        came = total(
            each.quantity
            for each in (*self._arriving, *(into for _, into, _ in self._moved))
            if (each.account, each.asset, each.contract) == (name, account.currency, account.contract)
        )
        balance = account.balance + account.realised - account.fees + came
        wanted = up(need(account.held_after, self._portfolio).most - balance, COIN_STEP)
        if wanted > 0 and past(balance, account.held_after, self._portfolio.policy.alert):
            self._bring(wanted, account)

    def _bring(self, wanted: Fraction, account: Account) -> Fraction:
        got = ZERO
        for source in self._sources(account):
            quantity = self._sent(source, wanted - got, account)
            if quantity > 0:
                self._move(quantity, source, account)
                got += quantity
        return got

    def _sent(self, source: _Source, wanted: Fraction, sink: Account) -> Fraction:
        """Coins that arrive of those wanted: no fewer than may leave the source at once, or none."""
        if wanted <= 0:
            return ZERO
        said = source.place.sends(sink.currency)
        least = said.least_arriving
        most = min(said.arriving(source.quantity), self._room(sink))
        quantity = down(min(most, max(wanted, least)), COIN_STEP)
        return ZERO if quantity < least or is_dust(quantity, wanted, sink, portfolio=self._portfolio) else quantity

    def transfers(self) -> tuple[Transfer, ...]:
        """Out of where nothing is waited for, in from spot, out of what orders free, in from other accounts, out."""
        at_once = [out for out, _, is_freed in self._moved if not is_freed]
        freed = [out for out, _, is_freed in self._moved if is_freed]
        arriving = [into for _, into, _ in self._moved]
        return (*at_once, *self._arriving, *freed, *arriving, *self._leaving)

    def _sources(self, sink: Account) -> Iterator[_Source]:
        """What other accounts can do without of a coin: what lies loose first, each in the order of the file."""
        asset, others = sink.currency, [each for each in self._portfolio.accounts if self._key(each) != sink.at]
        if asset in self._portfolio.aside:
            return
        for each in others:
            yield _Source(each, self._loose.get(within(self._key(each), asset), ZERO), None)
        for each in others:
            for transfer in tuple(self._leaving):
                if (transfer.account, transfer.asset) == (each.name, asset):
                    yield _Source(each, -transfer.quantity, transfer)

    def _move(self, quantity: Fraction, source: _Source, sink: Account) -> None:
        asset, freed = sink.currency, source.freed
        places = (source.place, self._portfolio.account(sink.at))
        contracts = (freed.contract if freed else None, sink.contract)
        out, back = sent(asset, quantity, places=places, contracts=contracts)
        if freed is None:
            self._loose[within(self._key(source.place), asset)] += out.quantity
        else:
            n = self._leaving.index(freed)
            rest = replace(freed, quantity=freed.quantity - out.quantity)
            self._leaving[n : n + 1] = [rest] if rest.quantity else []
        self._moved.append((out, back, freed is not None))

    def _room(self, sink: Account) -> Fraction:
        """Coins that may still sit at an account, after all that is moved in."""
        room = room_for(sink.at, sink.currency, book=self._books[0], portfolio=self._portfolio)
        if room is None:
            return self._books[1].holdings.get(sink.currency, ZERO)
        name, price = self._portfolio.account(sink.at).name, self._portfolio.price
        moved = (*self._arriving, *(into for _, into, _ in self._moved))
        return max(ZERO, room - total(each.quantity * price(each.asset) for each in moved if each.account == name)
                   / price(sink.currency))  # fmt: skip

    def _key(self, place: Place) -> str:
        return self._portfolio.account_key(place.name) or ""


def sent(
    asset: str, quantity: Fraction, *, places: tuple[Place, Place], contracts: tuple[str | None, str | None]
) -> tuple[Transfer, Transfer]:
    """The two transfers of a move from one place to another: the withdrawal, and the credit that waits for it.

    ``quantity``: what arrives; what leaves is as much and the fee. ``contracts``: of the isolated positions that coins
    leave and come to, None for the accounts' own.
    """
    (source, sink), (out, into) = places, contracts
    hours, fee = days_of(source.takes(asset)) * HOURS_PER_DAY, source.sends(asset).costs
    return (
        Transfer(asset, out, -quantity - fee, source.name, sink.name, fee=fee or None),
        Transfer(asset, into, quantity, sink.name, source.name, hours),
    )


def loose_elsewhere(
    account: Account, book: Book, listed: Iterable[Account], *, portfolio: Portfolio
) -> dict[str, Fraction]:
    """Coins of an account's kind that back nothing at the others, by the names of those in the order of the file.

    As many as arrive: less the fee of the withdrawal, and none where it would be below the least.
    """
    asset = account.currency
    if not portfolio.has_several or asset in portfolio.aside:
        return {}
    loose = _loose(listed, (book, book), (), portfolio)
    others = {each.name: within(portfolio.account_key(each.name), asset) for each in portfolio.accounts}
    sendable = {
        name: down(portfolio.account(name).sends(asset).arriving(loose.get(wallet, ZERO)), COIN_STEP)
        for name, wallet in others.items()
        if name is not None and name != account.at
    }
    return {name: coins for name, coins in sendable.items() if coins}


def loose_anywhere(book: Book, listed: Iterable[Account], portfolio: Portfolio) -> dict[str, Fraction]:
    """Coins that back nothing as a book stands, by wallet; none of what is set aside, nor of a sole account."""
    found = _loose(listed, (book, book), (), portfolio) if portfolio.has_several else {}
    return {wallet: coins for wallet, coins in found.items() if wallet.rpartition(":")[2] not in portfolio.aside}


def _loose(
    listed: Iterable[Account], books: tuple[Book, Book], arriving: Iterable[Transfer], portfolio: Portfolio
) -> dict[str, Fraction]:
    """Coins that back nothing, by wallet: of a wallet or a pool without positions, less what an isolated one takes."""
    found = loose_in_wallets(listed)
    for transfer in arriving:
        if transfer.quantity < 0:
            found[within(portfolio.account_key(transfer.account), transfer.asset)] += transfer.quantity
    for account in portfolio.pools:
        key = portfolio.account_key(account.name) or ""
        if not any(each.contract.account == key for book in books for each in book.positions.values()):
            found.update(_there(key, books[0].wallets))
    return found


def _there(key: str, wallets: Mapping[str, Fraction]) -> dict[str, Fraction]:
    return {name: max(ZERO, coins) for name, coins in wallets.items() if name.rpartition(":")[0] == key}
