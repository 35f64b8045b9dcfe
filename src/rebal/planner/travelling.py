"""Coins from one account to another: what backs nothing at one, or is freed there, goes where others are missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.market.carry import HOURS_PER_DAY, days_of
from rebal.plan import Transfer
from rebal.planner.collateral import Account, Shortage, need, past
from rebal.planner.exposure import equity_at, value, with_room
from rebal.planner.idle import Idle, Spare, place_of
from rebal.planner.pooled_posting import Posted, asked_in_alert
from rebal.planner.posting import free_coins, is_dust
from rebal.planner.sequence import after_transfers
from rebal.portfolio import Account as Place
from rebal.portfolio import Portfolio


def travelled(
    posted: Posted, listed: Sequence[Account], books: tuple[Book, Book], *, portfolio: Portfolio
) -> tuple[tuple[Transfer, ...], tuple[Shortage, ...]]:
    """Bring coins that are missing at one account from the others, and list all transfers in the order of their steps.

    ``books``: before and once the orders are filled. From what each account can do without (see ``idle``): first what
    can leave at once, then what waits for orders; more stays where it is. As much as ``at_most`` of the account lets
    in. Each move is two transfers, out of the one and, once the withdrawal has arrived, into the other.
    """
    trip = _Trip(posted, listed, books, portfolio=portfolio)
    short = trip.supplied(posted.shortages)
    if trip.moves and any(portfolio.account(each.account.at).most_usd is not None for each in short):
        short = trip.supplied(short)  # what has left an account makes room there
    if may_ask_again(portfolio):
        trip.round_off(listed)
    return trip.transfers(), short


def may_ask_again(portfolio: Portfolio) -> bool:
    """Whether a plan just carried out can stand in alert and ask for more: what fees took, or what they make room for.

    Of coins of which a share alone may sit at venues, those that its orders take out of there let others in.
    """
    policy = portfolio.policy
    is_strict = policy.alert.leverage <= policy.leverage or policy.alert.distance >= policy.shock
    return is_strict or policy.max_at_venue < ONE


class _Trip:
    """The moves between accounts while they are decided."""

    __slots__ = ("_arriving", "_book", "_filled", "_idle", "_leaving", "_moved", "_portfolio")

    def __init__(
        self, posted: Posted, listed: Sequence[Account], books: tuple[Book, Book], *, portfolio: Portfolio
    ) -> None:
        self._arriving = posted.arriving
        self._leaving = list(posted.leaving)
        self._book, self._filled = books
        self._portfolio = portfolio
        self._idle = Idle(listed, books, arriving=posted.arriving, leaving=posted.leaving, portfolio=portfolio)
        self._moved: list[tuple[Transfer, Transfer, bool]] = []

    @property
    def moves(self) -> bool:
        """Whether anything goes from one account to another."""
        return bool(self._moved)

    def supplied(self, shortages: Iterable[Shortage]) -> tuple[Shortage, ...]:
        """Move what can be had towards each shortage in turn; what is left of them."""
        left = (self.supply(each) for each in shortages)
        return tuple(each for each in left if each is not None)

    def supply(self, shortage: Shortage) -> Shortage | None:
        """Move what can be had towards a shortage; what is left of it, if anything."""
        if shortage.is_credit:
            return shortage
        account, asked = shortage.account, shortage.need
        most = asked.most + account.fees if shortage.with_fees is None else shortage.with_fees
        wanted = up(most - shortage.available, COIN_STEP)
        left = replace(shortage, available=shortage.available + self._bring(wanted, account))
        return left if left.missing > 0 else None

    def round_off(self, listed: Iterable[Account]) -> None:
        """Bring fees too, to accounts that would stand in alert without; the next plan would ask for them.

        With the room that fees leave at an account, as it is by the equity that they leave.
        """
        self._book = self._filled
        self._portfolio = _with_room_left(self._portfolio, self._left())
        for account in listed:
            if account.traded:
                self._round_off(account)
        for place in self._portfolio.pools:
            self._round_off_pool(place)

    def _round_off(self, account: Account) -> None:
        key = (self._portfolio.account(account.at).name, account.currency, account.contract)
        came = total(each.quantity for each in self._within() if place_of(each) == key)
        balance = account.balance + account.realised - account.fees + came
        wanted = up(need(account.held_after, self._portfolio).most - balance, COIN_STEP)
        if wanted > 0 and past(balance, account.held_after, self._portfolio.policy.alert):
            asset, room = account.currency, self._room(account)
            free = free_coins(asset, self._left(), self._portfolio)
            quantity = down(min(wanted, free if room is None else min(free, room)), COIN_STEP)
            self._post(Transfer(asset, account.contract, quantity, key[0]))
            self._bring(wanted - quantity, account)

    def _round_off_pool(self, place: Place) -> None:
        left = self._left()
        free = {asset: free_coins(asset, left, self._portfolio) for asset in left.holdings}
        posted, lacking = asked_in_alert(place, left, self._portfolio, free=free)
        for each in posted:
            self._post(each)
        if lacking is not None:
            self.supply(lacking)

    def _post(self, more: Transfer) -> None:
        """Add coins from spot to those that come to the same place already."""
        same = [each for each in self._arriving if each.quantity > 0 and place_of(each) == place_of(more)]
        others = (each for each in self._arriving if each not in same)
        if more.quantity:
            self._arriving = (*others, replace(more, quantity=total(each.quantity for each in (*same, more))))

    def _within(self) -> tuple[Transfer, ...]:
        """All that is moved into accounts and between them."""
        return (*self._arriving, *(each for out, into, _ in self._moved for each in (out, into)))

    def _left(self) -> Book:
        """The book once the orders are filled, and nothing is moved out to spot."""
        return after_transfers(self._filled, self._within(), self._portfolio)

    def _bring(self, wanted: Fraction, account: Account) -> Fraction:
        got = ZERO
        for source in self._sources(account):
            quantity = self._sent(source, wanted - got, account)
            if quantity > 0:
                self._move(quantity, source, account)
                got += quantity
        return got

    def _sent(self, source: Spare, wanted: Fraction, sink: Account) -> Fraction:
        """Coins that arrive of those wanted: no fewer than may leave the source at once, or none."""
        if wanted <= 0:
            return ZERO
        said = source.place.sends(sink.currency)
        least = said.least_arriving
        there, room = said.arriving(source.quantity), self._room(sink)
        most = there if room is None else min(there, room)
        quantity = down(min(most, max(wanted, least)), COIN_STEP)
        is_too_little = quantity < wanted and is_dust(quantity, sink, portfolio=self._portfolio)
        return ZERO if quantity < least or is_too_little else quantity

    def transfers(self) -> tuple[Transfer, ...]:
        """Out of where nothing is waited for, in from spot, out of what orders free, in from other accounts, out."""
        at_once = [out for out, _, is_freed in self._moved if not is_freed]
        freed = [out for out, _, is_freed in self._moved if is_freed]
        arriving = [into for _, into, _ in self._moved]
        return (*at_once, *self._arriving, *freed, *arriving, *self._leaving)

    def _sources(self, sink: Account) -> Iterator[Spare]:
        """What other accounts can do without of a coin: what can leave at once first, each in the order of the file."""
        asset, others = (
            sink.currency,
            [each for each in self._portfolio.accounts if self._portfolio.at(each.name) != sink.at],
        )
        if asset in self._portfolio.aside:
            return
        for waits in (False, True):
            for each in others:
                yield from self._idle.of(each, asset, waits=waits)

    def _move(self, quantity: Fraction, source: Spare, sink: Account) -> None:
        asset = sink.currency
        places = (source.place, self._portfolio.account(sink.at))
        out, back = sent(asset, quantity, places=places, contracts=(source.contract, sink.contract))
        self._idle.take(source, asset, -out.quantity)
        self._moved.append((out, back, source.waits))
        for n, each in enumerate(self._leaving):
            if place_of(each) == place_of(out):
                rest = min(ZERO, each.quantity - out.quantity)
                self._leaving[n : n + 1] = [replace(each, quantity=rest)] if rest else []
                return

    def _room(self, sink: Account) -> Fraction | None:
        """Coins that may still sit at an account, after all that is moved in and out; None: as many as there are."""
        account, price = self._portfolio.account(sink.at), self._portfolio.price
        if account.most_usd is None:
            return None
        moved = total(each.quantity * price(each.asset) for each in self._within() if each.account == account.name)
        sits = equity_at(sink.at, self._book, self._portfolio) + moved
        return max(ZERO, account.most_usd - sits) / price(sink.currency)


def _with_room_left(portfolio: Portfolio, book: Book) -> Portfolio:
    """The portfolio with as much that may sit at each account as by the equity of a book."""
    if all(each.most_usd is None for each in portfolio.told_accounts):
        return portfolio
    return with_room(portfolio, value(portfolio, book).equity)


def from_spot(transfers: Iterable[Transfer]) -> Fraction:
    """Coins that transfers take out of spot: those between accounts take none, nor is the network's fee any."""
    return total(each.quantity + (each.fee or ZERO) for each in transfers)


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
