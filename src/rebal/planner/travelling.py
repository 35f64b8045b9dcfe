"""Coins from one account to another: what backs nothing at one, or is freed there, goes where others are missing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.market.carry import HOURS_PER_DAY, days_of
from rebal.plan import Transfer
from rebal.planner.collateral import Account, Shortage, is_dust, need, past, room_for
from rebal.planner.idle import Idle, Spare
from rebal.planner.pooled_posting import Posted
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

    __slots__ = ("_arriving", "_book", "_idle", "_leaving", "_moved", "_portfolio")

    def __init__(
        self, posted: Posted, listed: Sequence[Account], books: tuple[Book, Book], *, portfolio: Portfolio
    ) -> None:
        self._arriving = posted.arriving
        self._leaving = list(posted.leaving)
        self._book = books[0]
        self._portfolio = portfolio
        self._idle = Idle(listed, books, arriving=posted.arriving, leaving=posted.leaving, portfolio=portfolio)
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
        asset, others = sink.currency, [each for each in self._portfolio.accounts if self._key(each) != sink.at]
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
            if (each.account, each.asset, each.contract) == (out.account, asset, source.contract):
                rest = min(ZERO, each.quantity - out.quantity)
                self._leaving[n : n + 1] = [replace(each, quantity=rest)] if rest else []
                return

    def _room(self, sink: Account) -> Fraction | None:
        """Coins that may still sit at an account, after all that is moved in; None: as many as there are."""
        room = room_for(sink.at, sink.currency, book=self._book, portfolio=self._portfolio)
        if room is None:
            return None
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
