"""Pooled accounts: how each stands, where on which path of prices it is liquidated, and the coins it needs."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.account_lines import ALL
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, Position
from rebal.frozen import frozen, kept_for
from rebal.market.margin import Factors
from rebal.market.pooled import Coin, Levered, Open, Part, Pool
from rebal.names import within
from rebal.planner.collateral import DISTANCE_STEP, LEVERAGE_STEP, account_leverage, last_that
from rebal.planner.exposure import held_position
from rebal.policy import Alert
from rebal.portfolio import Account, Portfolio

if TYPE_CHECKING:
    from rebal.market.pooled_need import Survey
    from rebal.market.pooled_path import Path

_MOST_LEVERAGE = Fraction(100)


@frozen
class Level:
    """Where an account is liquidated on a path of prices, as factors on the price of ``of``; None: nowhere.

    ``path``: "all" coins together, an asset alone, or a scenario, whose coin that moves most is ``of`` (None of all).
    ``crossings``: every factor, ascending, at which the account becomes due or is covered again.
    """

    path: str
    below: Fraction | None
    above: Fraction | None
    of: str | None
    crossings: tuple[Fraction, ...]

    @property
    def distance(self) -> Fraction | None:
        """To the nearer of the two, as a fraction of today's price."""
        return Factors(self.below, self.above).distance


def pool_of(account: Account, book: Book, portfolio: Portfolio) -> Pool:
    """A pooled account of a book: every coin that sits there, margins there, or could be brought there."""
    assert account.pooling is not None
    account_rules = account.pooling.rules
    at = portfolio.at(account.name)
    open_here = [position for position in book.open_positions if position.contract.account == at]
    parted = (wallet.rpartition(":") for wallet, balance in book.wallets.items() if balance)
    assets = {asset for place, _, asset in parted if place == at}
    assets |= {each.contract.settle for each in open_here}
    assets |= {asset for asset, quantity in book.holdings.items() if quantity and asset not in portfolio.aside}
    settled: dict[str, list[Position]] = {asset: [] for asset in sorted(assets)}
    for each in open_here:
        settled[each.contract.settle].append(each)
    balances = {asset: book.wallets.get(within(at, asset), ZERO) for asset in settled}
    parts = [
        _part(account, asset, balances[asset], tuple(held), portfolio=portfolio) for asset, held in settled.items()
    ]
    levered = {position: each for part, held in zip(parts, settled.values(), strict=True)
               for position, each in zip(map(id, held), part.open.positions, strict=True)}  # fmt: skip
    positions = tuple(levered[id(each)] for each in open_here)
    return kept_for(
        portfolio, ("pool", account.name), parts, work=lambda: Pool.of(account_rules, parts, positions=positions)
    )


def part_of(account: Account, asset: str, book: Book, *, portfolio: Portfolio) -> Part:
    """One coin of a pooled account of a book, whether any of it is there or not."""
    at = portfolio.at(account.name)
    held = [each for each in book.open_positions if (each.contract.account, each.contract.settle) == (at, asset)]
    return _part(account, asset, book.wallets.get(within(at, asset), ZERO), tuple(held), portfolio=portfolio)


def _part(
    account: Account, asset: str, balance: Fraction, positions: tuple[Position, ...], *, portfolio: Portfolio
) -> Part:
    """A coin of an account with what is open in it; of the same coins and positions the same part, for its figures."""
    assert account.pooling is not None
    pooling = account.pooling

    def made() -> Part:
        levered = tuple(
            Levered(held_position(each, portfolio.market), account_leverage(each.contract, portfolio.policy))
            for each in positions
        )
        price = portfolio.price(asset)
        return Part(Coin(asset, price, balance, pooling.of(asset)), Open(levered, price, pooling.rules))

    return kept_for(portfolio, (account.name, asset), (balance, *positions), work=made)


def moving(pool: Pool, portfolio: Portfolio) -> tuple[str, ...]:
    """The coins whose prices an account moves with: dollars stand still."""
    open_on = {each.held.contract.asset for each in pool.positions}
    return tuple(sorted(({coin.asset for coin in pool.coins if coin.balance} | open_on) - portfolio.cash))


def paths_of(pool: Pool, portfolio: Portfolio, shock: Fraction) -> "list[Path]":
    """The paths that the policy names: all coins together and each alone, down and up by a shock.

    Also of the coins that are not there: some may be brought.
    """
    open_on = {each.held.contract.asset for each in pool.positions}
    coins = tuple(sorted((pool.parts.keys() | open_on) - portfolio.cash))
    ways = [coins] if len(coins) == 1 else [coins, *((coin,) for coin in coins)]
    return [dict.fromkeys(way, step) for way in ways for step in (-shock, shock)]


def levels_of(pool: Pool, portfolio: Portfolio) -> tuple[Level, ...]:
    """Where an account is liquidated: all coins together, each alone, and along the scenarios of the file."""
    return kept_for(portfolio, ("levels",), (pool,), work=lambda: _levels_of(pool, portfolio))


def _levels_of(pool: Pool, portfolio: Portfolio) -> tuple[Level, ...]:
    coins = moving(pool, portfolio)
    if not pool.positions:
        return ()
    found = [_level(ALL, pool, dict.fromkeys(coins, ONE), of=None)]
    found += [_level(coin, pool, {coin: ONE}, of=coin) for coin in coins]
    for name, shocks in sorted(portfolio.scenarios.items()):
        path = {coin: shocks[coin] for coin in coins if shocks.get(coin)}
        if path:
            most = min(path, key=lambda coin: (-abs(path[coin]), coin))
            found.append(_level(name, pool, {coin: step / path[most] for coin, step in path.items()}, of=most))
    return tuple(found)


def _level(name: str, pool: Pool, path: "Path", *, of: str | None) -> Level:
    """Both ways along a path on which the price of its leading coin moves one to one with ``t``."""
    from rebal.market.pooled_path import levels  # a book without a pool starts without the solver

    up, down_ = levels(pool, path), levels(pool, {coin: -step for coin, step in path.items()})
    crossings = (*(ONE - share for share in reversed(down_.crossings)), *(ONE + share for share in up.crossings))
    below, above = down_.first, up.first
    return Level(name, None if below is None else ONE - below, None if above is None else ONE + above, of, crossings)


def nearest(found: Iterable[Level]) -> Level | None:
    """The level that is nearest to today's prices."""
    told = [(level.distance, n, level) for n, level in enumerate(found) if level.distance is not None]
    return min(told, key=lambda each: each[:2])[2] if told else None


def past_alert(pool: Pool, portfolio: Portfolio, level: Alert) -> bool:
    """Whether an account is more levered than a level allows, or nearer to liquidation on the policy's paths."""
    if not pool.positions:
        return False

    def found() -> bool:
        return is_past(surveyed(pool, portfolio, level=level), pool, portfolio, level=level)

    return kept_for(portfolio, ("past", level.distance, level.leverage), (pool,), work=found)


def is_past(account: "Survey", pool: Pool, portfolio: Portfolio, *, level: Alert) -> bool:
    """The same of an account that was surveyed for the level."""
    if not pool.positions:
        return False
    short = max(account.short())
    if short:
        return short > 0
    # nothing is lacking, nothing over: at its very end a path is not past, and where it only touches on the way it is
    close = nearest_of_policy(pool, portfolio)
    return close is not None and level.is_near(close.distance)


def nearest_of_policy(pool: Pool, portfolio: Portfolio) -> Level | None:
    """The nearest level on the paths that the policy names: all coins together, and each alone."""
    return nearest(each for each in levels_of(pool, portfolio) if each.path == ALL or each.of == each.path)


def surveyed(pool: Pool, portfolio: Portfolio, *, level: Alert) -> "Survey":
    """An account on the policy's paths: what it lacks of a level, in any coin, whatever is brought to it."""
    from rebal.market.pooled_need import Survey  # as in _level

    def walked() -> Survey:
        return Survey.of(pool, paths=paths_of(pool, portfolio, level.distance), leverage=level.leverage)

    return kept_for(portfolio, ("survey", level.distance, level.leverage), (pool,), work=walked)


def asked_of(portfolio: Portfolio) -> Alert:
    """The level that a policy asks for."""
    return Alert(portfolio.policy.shock, portfolio.policy.leverage)


def fitting(pool: Pool, portfolio: Portfolio) -> tuple[Fraction | None, Fraction | None]:
    """What a policy could ask that an account keeps as it is: the least more leverage, to 0.01, None where none does.

    Failing that, the largest distance that it keeps, to 0.1 points.
    """
    policy = portfolio.policy
    asset = pool.coins[0].asset
    steps = range(int(policy.leverage / LEVERAGE_STEP), int(_MOST_LEVERAGE / LEVERAGE_STEP) + 1)

    def carries(step: int) -> bool:
        leverage = step * LEVERAGE_STEP
        set_so = replace(portfolio, policy=replace(policy, leverage=leverage))
        positions = tuple(
            replace(each, leverage=account_leverage(each.held.contract, set_so.policy)) for each in pool.positions
        )
        levered = Pool(pool.rules, pool.coins, positions)
        return surveyed(levered, set_so, level=Alert(policy.shock, leverage)).more_needed(asset) == 0

    def survives(step: int) -> bool:
        level = Alert(step * DISTANCE_STEP, policy.leverage)
        return surveyed(pool, portfolio, level=level).more_needed(asset) == 0

    first = bisect_left(steps, True, key=carries)
    if first < len(steps):
        return steps[first] * LEVERAGE_STEP, None
    distance = last_that(survives, int(policy.shock / DISTANCE_STEP))
    return None, distance * DISTANCE_STEP or None
