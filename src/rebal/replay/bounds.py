"""Pooled accounts over the bars ahead, in exact bounds: whether no price among them could matter to any.

Each coin's prices lie between its lowest low and its highest high. A coin's credit bends downwards in its price, so
the least of it is at one of the two; what a position requires bends upwards, or only falls as its coin rises, so the
most of it is too. Where the least credit of all exceeds the most that all require, no way through these prices ends the
account.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import ceil, floor

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.market.contract import Kind
from rebal.market.margin import Held
from rebal.market.piecewise import piece_at
from rebal.market.pooled import Coin, Levered, Pool, credit, requirement_pieces
from rebal.planner.pooled import pool_of
from rebal.replay.stretch import Stretch

_GRAIN = 10**6
Range = tuple[Fraction, Fraction]
"""The least and the most of a coin's price, as factors on that at the end of the bar before."""


def is_calm(stretch: Stretch, *, apart: Fraction = ZERO) -> bool:
    """Whether no pooled account can be liquidated on a stretch, be in alert, or come nearer to its end than ``apart``.

    False where these bounds do not tell.
    """
    pools = [pool_of(account, stretch.book, stretch.laid) for account in stretch.laid.pools]
    return all(_is_calm(pool, stretch, apart=apart) for pool in pools if pool.positions)


def _is_calm(pool: Pool, stretch: Stretch, *, apart: Fraction) -> bool:
    if not _is_plain(pool, stretch):
        return False
    near, poorest = _ranges(pool, stretch), _drained(pool, stretch)
    alert = stretch.laid.policy.alert
    away = max(apart, alert.distance)
    far = {coin: (low * (ONE - away), high * (ONE + away)) for coin, (low, high) in near.items()}
    required = _most_required(poorest, far) * pool.rules.level
    if any(_least_credit(poorest, ranges) <= required for ranges in _ways(near, away)):
        return False
    return _most_value(poorest, near) <= alert.leverage * _least_credit(poorest, near)


def _ways(near: Mapping[str, Range], away: Fraction) -> Iterator[Mapping[str, Range]]:
    """The prices themselves, and what the policy's paths make of them: all coins so far down or up, and each alone.

    On the way there the least credit bends downwards too: what holds at both ends holds between them.
    """
    yield near
    for factor in (ONE - away, ONE + away):
        for moved in (frozenset(near), *(frozenset({coin}) for coin in near)):
            yield {
                coin: (low * factor, high * factor) if coin in moved else (low, high)
                for coin, (low, high) in near.items()
            }


def _is_plain(pool: Pool, stretch: Stretch) -> bool:
    """Whether all marks go with their coins, what is not paid in its own coin is paid in dollars, and slices fall."""
    quotes, cash = stretch.quotes, stretch.laid.cash
    marks = all(
        not quotes.is_marked(each.held.contract)
        and (each.held.contract.kind is Kind.INVERSE or each.held.contract.settle in cash)
        for each in pool.positions
    )
    still = not any(coin.asset in cash and coin.asset in quotes.course.tracks for coin in pool.coins)
    falling = all(a.ratio >= b.ratio for coin in pool.coins for a, b in pairwise(coin.collateral.slices))
    return marks and still and falling


def _ranges(pool: Pool, stretch: Stretch) -> Mapping[str, Range]:
    """Between which prices each coin stays, a millionth wider, from the end of the bar before the stretch on."""
    course, figures = stretch.quotes.course, stretch.figures
    names = {coin.asset for coin in pool.coins} | {each.held.contract.asset for each in pool.positions}
    found: dict[str, Range] = {}
    for name in sorted(names):
        if name in course.tracks:
            now = float(figures.closes(name)[stretch.n])
            low, high = figures.lows(name)[stretch.bars].min() / now, figures.highs(name)[stretch.bars].max() / now
            low, high = min(1.0, float(low)), max(1.0, float(high))
            found[name] = Fraction(floor(low * _GRAIN) - 1, _GRAIN), Fraction(ceil(high * _GRAIN) + 1, _GRAIN)
        else:
            found[name] = ONE, ONE
    return found


def _drained(pool: Pool, stretch: Stretch) -> Pool:
    """The account with the least that funding can leave in it on the way."""
    paid: dict[str, Fraction] = {}
    for each in pool.positions:
        settle = each.held.contract.settle
        paid[settle] = paid.get(settle, ZERO) + stretch.least((each.held.contract.name,))
    coins = tuple(
        Coin(each.asset, each.price, each.balance + paid.get(each.asset, ZERO), each.collateral) for each in pool.coins
    )
    return Pool(pool.rules, coins, pool.positions)


def _least_credit(pool: Pool, ranges: Mapping[str, Range]) -> Fraction:
    """Credit at the least, less what the margin on a debt asks."""
    on_debt = ONE + pool.rules.level * pool.rules.maintenance_on_debt
    found = (min(_credit(coin, pool, ranges, end) for end in (0, 1)) for coin in pool.coins)
    return total(worth * on_debt if worth < 0 else worth for worth in found)


def _credit(coin: Coin, pool: Pool, ranges: Mapping[str, Range], end: int) -> Fraction:
    """What a coin counts at an end of its prices; PnL in dollars at the worst of each contract's own."""
    factor = ranges[coin.asset][end]
    equity = coin.balance
    for each in pool.positions:
        held = each.held
        if held.contract.settle != coin.asset:
            continue
        if held.contract.kind is Kind.INVERSE:
            equity += held.contract.pnl(held.contracts, held.entry_price, held.mark_price * factor)
        else:
            marks = (held.mark_price * at for at in ranges[held.contract.asset])
            equity += min(held.contract.pnl(held.contracts, held.entry_price, mark) for mark in marks)
    return credit(Coin(coin.asset, coin.price * factor, equity, coin.collateral), equity)


def _most_required(pool: Pool, ranges: Mapping[str, Range]) -> Fraction:
    prices = {coin.asset: coin.price for coin in pool.coins}
    return total(max(_required(each, pool, prices, factor) for factor in ranges[each.held.contract.asset])
                 for each in pool.positions)  # fmt: skip


def _required(position: Levered, pool: Pool, prices: Mapping[str, Fraction], factor: Fraction) -> Fraction:
    """Maintenance in dollars once a position's coin has moved by a factor."""
    contract = position.held.contract
    pieces = requirement_pieces(position, pool.rules)
    if contract.kind is Kind.INVERSE:
        return piece_at(pieces, 1 / factor).at(1 / factor) * prices[contract.settle] * factor
    return piece_at(pieces, factor).at(factor) * prices[contract.settle]


def _most_value(pool: Pool, ranges: Mapping[str, Range]) -> Fraction:
    prices = {coin.asset: coin.price for coin in pool.coins}
    return total(_value(each.held, ranges[each.held.contract.asset][1]) * prices[each.held.contract.settle]
                 for each in pool.positions)  # fmt: skip


def _value(held: Held, highest: Fraction) -> Fraction:
    """Position value in the price of its coin now, at the most: of an inverse one its dollars, which stand still."""
    return held.position_value if held.contract.kind is Kind.INVERSE else held.position_value * highest
