"""A pooled account under stress, in dollars: all that sits there backs it, and all of it goes with it."""

from collections.abc import Callable

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.market.margin import Held
from rebal.market.path import Moves, Passage
from rebal.market.pooled import Coin, Levered, Pool, judge
from rebal.market.pooled_path import is_due, least_spare, levels


class PooledCurve:
    """What a pooled account has above what liquidates it, for any number of paths; as ``path.Curve``, in dollars.

    ``balance``: its coins without unrealised PnL; ``short_now``: what credit lacks before anything moves.
    """

    def __init__(self, pool: Pool) -> None:
        judged = judge(pool)
        self._pool = pool
        self.balance = total(coin.balance * coin.price for coin in pool.coins)
        self.short_now = judged.maintenance_margin * pool.rules.level - judged.credit

    def along(self, moves: Moves) -> Passage:
        """Walk one path."""
        end = judge(_moved(self._pool, moves))
        path = {asset: shock for asset, shock in moves.shocks.items() if shock}
        least, due = least_spare(self._pool, path), is_due(self._pool)
        ratio = end.maintenance_margin / end.credit if end.credit > 0 else None
        if least >= 0 and not due:
            return Passage(end.credit, end.maintenance_margin, ratio, None, None)
        first = ZERO if due else levels(self._pool, path).first
        return Passage(end.credit, end.maintenance_margin, ratio, -least, ONE if first is None else min(ONE, first))


def _moved(pool: Pool, moves: Moves) -> Pool:
    def factor(asset: str) -> Fraction:
        return ONE + moves.shocks.get(asset, ZERO)

    coins = tuple(
        Coin(each.asset, each.price * factor(each.asset), each.balance, each.collateral) for each in pool.coins
    )
    return Pool(pool.rules, coins, tuple(_remarked(each, factor(each.held.contract.asset)) for each in pool.positions))


def _remarked(position: Levered, factor: Fraction) -> Levered:
    return Levered(position.held.moved(factor), position.leverage)


def strained(pool: Pool, *, paid: Callable[[Held], Fraction], marked: Callable[[Held], Held]) -> Pool:
    """The account after a strain: each position's funding paid out of its coin, and its mark moved."""
    owed: dict[str, Fraction] = {}
    for each in pool.positions:
        settle = each.held.contract.settle
        owed[settle] = owed.get(settle, ZERO) + paid(each.held)
    coins = tuple(
        Coin(each.asset, each.price, each.balance - owed.get(each.asset, ZERO), each.collateral) for each in pool.coins
    )
    return Pool(pool.rules, coins, tuple(Levered(marked(each.held), each.leverage) for each in pool.positions))
