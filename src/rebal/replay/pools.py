"""Pooled accounts on the way: where in a bar one is liquidated, how near it comes, and what goes with it.

A bar tells each coin's lowest and highest, not which came when. So an account is walked, from the end of the bar
before, in a straight line to where each coin is at the end that is worse for it; then to all lows together, then to all
highs. It is liquidated on the first of them that takes it there, which is prudent: the worst ends of two coins need not
have come at one time.
"""

from collections.abc import Iterator, Mapping, Sequence

from rebal.amounts import ONE, ZERO, Fraction, significant
from rebal.book import Book, Event, Spot, Transfer, apply
from rebal.frozen import frozen
from rebal.market.pooled import Pool, judge
from rebal.market.pooled_path import least_spare, levels
from rebal.names import within
from rebal.planner.pooled import moving, nearest_of_policy, pool_of
from rebal.policy import Alert
from rebal.portfolio import Account, Portfolio
from rebal.replay.incidents import closing
from rebal.replay.quotes import Quotes


@frozen
class Pooled:
    """A pooled account in which something is open; ``name``: what people call it."""

    account: Account
    pool: Pool
    name: str

    def distance(self, laid: Portfolio) -> Fraction | None:
        """How far it is from its end, all coins together or one of them alone; None where it has none."""
        found = nearest_of_policy(self.pool, laid)
        return None if found is None else found.distance

    def is_alarmed(self, distance: Fraction | None, laid: Portfolio) -> bool:
        """Whether it is past its alert, at so far from its end."""
        alert = laid.policy.alert
        return alert.is_near(distance) or self._is_levered(alert)

    def _is_levered(self, alert: Alert) -> bool:
        judged = judge(self.pool)
        return judged.credit <= 0 or alert.is_levered(judged.position_value / judged.credit)


def pools_of(book: Book, laid: Portfolio) -> list[Pooled]:
    """The pooled accounts with positions."""
    found = ((account, pool_of(account, book, laid)) for account in laid.pools)
    return [Pooled(account, pool, account.name or "") for account, pool in found if pool.positions]


def worst(pooled: Pooled, quotes: Quotes, n: int) -> Mapping[str, Fraction]:
    """How far each coin moves in bar n to the end that is worse for an account, the others where they were."""
    found: dict[str, Fraction] = {}
    for coin, ends in _reaches(pooled, quotes, n).items():
        low, high = (least_spare(pooled.pool, _path({coin: end})) for end in ends)
        found[coin] = ends[0] if low <= high else ends[1]
    return found


def ended(pooled: Pooled, quotes: Quotes, n: int) -> Mapping[str, Fraction] | None:
    """Where in bar n an account is liquidated, as factors on each coin's price; None where it comes through."""
    reaches = _reaches(pooled, quotes, n)
    ways = (worst(pooled, quotes, n), *({coin: ends[side] for coin, ends in reaches.items()} for side in (0, 1)))
    for way in ways:
        share = levels(pooled.pool, _path(way)).first
        if share is not None and share <= ONE:
            return {coin: ONE + step * share for coin, step in way.items()}
    return None


def taken(pooled: Pooled, book: Book, laid: Portfolio) -> tuple[Sequence[Event], Mapping[str, Fraction]]:
    """A liquidation: every position closed where the account ends, and every coin that sits there gone, debts too.

    ``laid``: at the prices of that moment. With the coins that go, by asset.
    """
    held = [each.held for each in pooled.pool.positions]
    fills = [
        closing(book.positions[each.contract.name], significant(laid.market.mark(each.contract)), ZERO) for each in held
    ]
    key = laid.account_key(pooled.account.name)
    left = apply(book, fills).book.wallets
    gone = {coin.asset: quantity for coin in pooled.pool.coins if (quantity := left.get(within(key, coin.asset), ZERO))}
    lost = [
        event
        for asset, quantity in gone.items()
        for event in (Transfer(asset, -quantity, account=key), Spot(asset, -quantity))
    ]
    return (*fills, *lost), gone


def _reaches(pooled: Pooled, quotes: Quotes, n: int) -> Mapping[str, tuple[Fraction, Fraction]]:
    """How far down and how far up each coin goes in bar n, or the mark of a contract on it, where that goes further."""
    found: dict[str, tuple[Fraction, Fraction]] = {}
    for coin in moving(pooled.pool, quotes.at(n - 1)):
        reaches = [*_own(coin, quotes, n), *(quotes.reach(each.held.contract, n) for each in pooled.pool.positions
                                              if each.held.contract.asset == coin)]  # fmt: skip
        low, high = min(each[0] for each in reaches), max(each[1] for each in reaches)
        found[coin] = low - ONE, high - ONE
    return found


def _own(coin: str, quotes: Quotes, n: int) -> Iterator[tuple[Fraction, Fraction]]:
    course = quotes.course
    if coin in course.tracks:
        before = course.close(coin, n - 1)
        yield course.low(coin, n) / before, course.high(coin, n) / before
    else:
        yield ONE, ONE


def _path(way: Mapping[str, Fraction]) -> Mapping[str, Fraction]:
    return {coin: step for coin, step in way.items() if step}
