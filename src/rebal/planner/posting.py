"""The least transfers that put the coins there that each account needs, and what they miss."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.plan import Transfer
from rebal.planner.collateral import Account, Need, Shortage, in_alert, need
from rebal.planner.exposure import equity_at
from rebal.portfolio import Portfolio


def post(
    listed: Sequence[Account], before: Book, portfolio: Portfolio, *, tops_up: bool = True
) -> tuple[tuple[Transfer, ...], tuple[Transfer, ...], tuple[Shortage, ...]]:
    """The least transfers, in and out, that meet the policy in every account; the coins that are missing to do so.

    In: ``need + fees - W``, rounded up to 1e-8, as far as free coins go. Out, only where the orders free it:
    ``min(W_after - need_after, need_before - need_after)``, never unrealised profit, rounded down; none of an account
    that stood in alert. What an isolated margin takes of coins that lie free in the futures account leaves them by a
    transfer of its own, just before.
    ``tops_up``: whether an account that no order touches is topped up at its alert level; not with less than the least
    order where that does not do.
    """
    free: dict[str, Fraction] = {}
    loose = loose_in_wallets(listed)
    arriving: list[Transfer] = []
    leaving: list[Transfer] = []
    shortages: list[Shortage] = []
    moved_in: dict[str, Fraction] = {}
    for account, asked, wanted in _wanting(listed, portfolio, tops_up=tops_up):
        currency, place = account.currency, portfolio.account(account.at)
        if wanted < 0:
            leaving.append(Transfer(currency, account.contract, wanted, place.name))
            continue
        if currency not in free:
            free[currency] = free_coins(currency, before, portfolio)
        inside = loose.get(account.wallet, ZERO) if account.contract is not None else ZERO
        outside = _let_in(account, free[currency], moved_in, book=before, portfolio=portfolio)
        taken = _taken(wanted, inside + outside, account, portfolio=portfolio)
        drawn = min(taken, inside)
        if drawn:
            loose[account.wallet] = inside - drawn
            arriving.append(Transfer(currency, None, -drawn, place.name))
        if taken:
            arriving.append(Transfer(currency, account.contract, taken, place.name))
        free[currency] -= taken - drawn
        if place.most_usd is not None and taken > drawn:  # what is not moved needs no price
            moved_in[account.at] = moved_in.get(account.at, ZERO) + (taken - drawn) * portfolio.price(currency)
        if (shortage := _shortage(account, taken, asked)) is not None:
            shortages.append(shortage)
    return tuple(arriving), tuple(leaving), tuple(shortages)


def free_coins(currency: str, book: Book, portfolio: Portfolio) -> Fraction:
    """Coins outside the futures accounts that the policy lets in; none of an asset that is set aside."""
    if currency in portfolio.aside:
        return ZERO
    owned = book.holdings.get(currency, ZERO)
    if portfolio.has_several:
        posted = total([book.wallets.get(wallet, ZERO) for wallet in portfolio.wallets_of(currency)])
    else:
        posted = book.wallets.get(currency, ZERO)
    share = portfolio.policy.max_at_venue
    return max(ZERO, (owned * share if share < 1 else owned) - posted)


def room_for(at: str, currency: str, *, book: Book, portfolio: Portfolio) -> Fraction | None:
    """Coins that an account may still take before more than its ``at_most`` sits there; None: as many as there are.

    What sits there is its equity: a profit that is not realised leaves less room, a loss more.
    """
    account = portfolio.account(at)
    if account.most_usd is None:
        return None
    return max(ZERO, account.most_usd - equity_at(at, book, portfolio)) / portfolio.price(currency)


def loose_in_wallets(listed: Iterable[Account]) -> dict[str, Fraction]:
    """Coins already in the futures account that back no cross position, for isolated positions to draw on."""
    return {
        account.wallet: max(ZERO, account.balance)
        for account in listed
        if account.contract is None and not account.held_before and not account.held_after
    }


def is_dust(coins: Fraction, account: Account, *, portfolio: Portfolio) -> bool:
    """Whether coins that do not do are worth no move: below the least order, for an account that nothing trades."""
    return (
        portfolio.has_several
        and not account.traded
        and coins > 0
        and coins * portfolio.price(account.currency) < portfolio.policy.min_order
    )


def _let_in(
    account: Account, free: Fraction, moved_in: Mapping[str, Fraction], *, book: Book, portfolio: Portfolio
) -> Fraction:
    """Of free coins, those that an account may take, after the dollars that were moved into it already."""
    if not free:
        return free  # what is not there may have no price
    room = room_for(account.at, account.currency, book=book, portfolio=portfolio)
    if room is None:
        return free
    return min(free, room - moved_in.get(account.at, ZERO) / portfolio.price(account.currency))


def _wanting(
    listed: Iterable[Account], portfolio: Portfolio, *, tops_up: bool
) -> Iterator[tuple[Account, Need, Fraction]]:
    """The accounts that are to take coins or to leave some, what each of them needs, and how many."""
    for account in listed:
        if account.traded or tops_up:
            asked = need(account.held_after, portfolio)
            wanted = _wanted(account, asked, portfolio)
            if wanted:
                yield account, asked, wanted


def _taken(wanted: Fraction, there: Fraction, account: Account, *, portfolio: Portfolio) -> Fraction:
    if wanted <= there:
        return wanted
    taken = down(there, COIN_STEP)
    return ZERO if is_dust(taken, account, portfolio=portfolio) else taken


def _wanted(account: Account, asked: Need, portfolio: Portfolio) -> Fraction:
    """Coins to move in (negative: out) if coins were without limit."""
    balance = account.balance + account.realised
    if not account.traded:
        short = asked.most - balance
        return up(short, COIN_STEP) if short > 0 and in_alert(account, portfolio) else ZERO
    short = asked.most + account.fees - balance
    if short > 0:
        return up(short, COIN_STEP)
    if in_alert(account, portfolio):
        return ZERO
    freed = need(account.held_before, portfolio).without_profit - asked.without_profit
    spare = balance - account.fees - asked.without_profit
    return -down(max(ZERO, min(spare, freed)), COIN_STEP)


def _shortage(account: Account, posted: Fraction, asked: Need) -> Shortage | None:
    available = account.balance + account.realised + posted
    needed = asked.least(account.fees)
    return Shortage(account, needed, available, asked) if needed > available else None
