"""A pooled account along a straight path of prices: where it is liquidated, and the least that it has to spare.

On the path every price is ``P·(1 + s·t)``, marks keeping their ratio to the index. A coin's equity in dollars,
``P·(W + Σ n·V/e)·(1 + s·t) - Σ n·V·P/m``, is then a straight line in ``t``. Credit bends where an equity crosses zero
or the edge of a slice, maintenance where a position crosses a tier. Between two such breaks what is to spare is a line,
or bends downwards where a rate grows with the size; so its zeros are found stretch by stretch, and an end of a stretch
is the least of it. Each coin bends by itself: an account is walked coin by coin, and a coin that stands still on a path
adds what it adds today.
"""

from collections.abc import Mapping
from itertools import pairwise

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.market.pooled import Pool
from rebal.market.pooled_stretches import Stretch, fall_of, joined, moving_on, stretches

Path = Mapping[str, Fraction]
"""How far each price moves over the whole of a path, as fractions of today's; what it does not name stands still."""


@frozen
class Levels:
    """Shares ``t`` of a path, ascending, at which an account becomes due or is covered again.

    ``due_now``: it is due at today's prices. Where it is not, the first of the shares is where it is liquidated.
    """

    crossings: tuple[Fraction, ...]
    due_now: bool

    @property
    def first(self) -> Fraction | None:
        """Where on the path it is liquidated: 0 where it is due now or at the least move, None where it never is."""
        if self.due_now:
            return ZERO
        return self.crossings[0] if self.crossings else None


def levels(pool: Pool, path: Path) -> Levels:
    """Where maintenance, times the venue's level, reaches credit on a path that goes on until a price is nothing.

    1 BTC at ratio 98 % that margins a long of 60,000 USD of ETHUSD is liquidated where both have fallen to
    606,000/991,637 of today's prices; a short that wins can end an account too, where the coins that it earned outgrow
    the last slice that counts.
    """
    if not pool.positions and all(coin.balance >= 0 for coin in pool.coins):
        return Levels((), due_now=False)
    last = min((-1 / step for step in path.values() if step < 0), default=None)
    if _never_meets(pool, path, last):
        return Levels((), due_now=is_due(pool))
    walked = _walked(pool, path, last)
    found = {zero for each in walked for zero in each.zeros() if zero > 0}
    # what is to spare may jump where a tier begins, today too: the account is still within the one before it
    sides = ((pool.spare, walked[0]), *((before.spare(after.start), after) for before, after in pairwise(walked)))
    found |= {after.start for left, after in sides if (left > 0) is not (after.spare(after.start) > 0)}
    return Levels(tuple(sorted(zero for zero in found if last is None or zero < last)), due_now=is_due(pool))


def is_due(pool: Pool) -> bool:
    """Whether maintenance, times the venue's level, has reached credit at today's prices."""
    return pool.spare <= 0


def least_spare(pool: Pool, path: Path) -> Fraction:
    """The least dollars that credit has above what liquidates, from today's prices to the end of a path."""
    return min(worth for each in _walked(pool, path, ONE) for _, worth in each.ends(ONE))


def _never_meets(pool: Pool, path: Path, last: Fraction | None) -> bool:
    """Whether the least of each part alone, wherever on the path it is, leaves something to spare."""
    left = pool.spare
    for asset in moving_on(path, pool.moved):
        fall = fall_of(pool.parts[asset], path, last)
        if fall is None:
            return False
        left -= fall
    return left > 0


def _walked(pool: Pool, path: Path, last: Fraction | None) -> list[Stretch]:
    """What all parts have to spare on a path, stretch by stretch."""
    moving = [pool.parts[asset] for asset in moving_on(path, pool.moved)]
    standing = pool.spare - total(part.spare for part in moving)
    return joined([stretches(part, path, last) for part in moving], standing, last)
