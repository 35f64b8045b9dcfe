"""Pooled accounts: how each stands, where on which path of prices it is liquidated, and the coins it needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.frozen import frozen
from rebal.market.margin import Held
from rebal.market.pooled import Coin, Levered, Pool, judge
from rebal.names import within
from rebal.plan import Order, Transfer
from rebal.planner import collateral
from rebal.planner.collateral import Need, Shortage, account_leverage, free_coins, room_for
from rebal.planner.exposure import held_position
from rebal.portfolio import Account, Alert, Portfolio

if TYPE_CHECKING:
    from rebal.market.pooled_path import Path

NO_NEED = Need(ZERO, ZERO, ZERO, ZERO)
ALL = "all"


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
        ends = [abs(end - ONE) for end in (self.below, self.above) if end is not None]
        return min(ends, default=None)


def pool_of(account: Account, book: Book, portfolio: Portfolio) -> Pool:
    """A pooled account of a book: every coin that sits there, margins there, or could be brought there."""
    assert account.pooling is not None
    key = portfolio.account_key(account.name)
    open_here = [
        position
        for _, position in sorted(book.positions.items())
        if position.contract.account == (key or "") and position.contracts
    ]
    assets = {asset for wallet, balance in book.wallets.items() if balance for asset in _assets(wallet, key)}
    assets |= {each.contract.settle for each in open_here}
    assets |= {asset for asset, quantity in book.holdings.items() if quantity and asset not in portfolio.aside}
    coins = tuple(
        Coin(asset, portfolio.price(asset), book.wallets.get(within(key, asset), ZERO), account.pooling.of(asset))
        for asset in sorted(assets)
    )
    positions = tuple(
        Levered(held_position(each, portfolio.market), account_leverage(each.contract, portfolio.policy))
        for each in open_here
    )
    return Pool(account.pooling.rules, coins, positions)


def _assets(wallet: str, key: str | None) -> Iterator[str]:
    at, _, asset = wallet.rpartition(":")
    if at == (key or ""):
        yield asset


def moving(pool: Pool, portfolio: Portfolio) -> tuple[str, ...]:
    """The coins whose prices an account moves with: dollars stand still."""
    open_on = {each.held.contract.asset for each in pool.positions}
    return tuple(sorted(({coin.asset for coin in pool.coins if coin.balance} | open_on) - portfolio.cash))


def paths_of(pool: Pool, portfolio: Portfolio, shock: Fraction) -> "list[Path]":
    """The paths that the policy names: all coins together and each alone, down and up by a shock."""
    coins = moving(pool, portfolio)
    ways = [coins] if len(coins) == 1 else [coins, *((coin,) for coin in coins)]
    return [dict.fromkeys(way, step) for way in ways for step in (-shock, shock)]


def levels_of(pool: Pool, portfolio: Portfolio) -> tuple[Level, ...]:
    """Where an account is liquidated: all coins together, each alone, and along the scenarios of the file."""
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
    below, above = (None if each.first is None else each.first for each in (down_, up))
    return Level(name, None if below is None else ONE - below, None if above is None else ONE + above, of, crossings)


def nearest(found: Iterable[Level]) -> Level | None:
    """The level that is nearest to today's prices."""
    told = [(level.distance, n, level) for n, level in enumerate(found) if level.distance is not None]
    return min(told, key=lambda each: each[:2])[2] if told else None


def past_alert(pool: Pool, portfolio: Portfolio, level: Alert) -> bool:
    """Whether an account is more levered than a level allows, or nearer to liquidation on the policy's paths."""
    if not pool.positions:
        return False
    judged = judge(pool)
    if judged.credit <= 0 or judged.position_value > level.leverage * judged.credit:
        return True
    close = nearest(each for each in levels_of(pool, portfolio) if each.path == ALL or each.of == each.path)
    return close is not None and (close.distance or ZERO) < level.distance


def balance_needed(pool: Pool, asset: str, portfolio: Portfolio, *, level: Alert | None = None) -> Fraction | None:
    """The least coins of one kind in an account, the others as they are, that keep the policy; None where none do."""
    asked = level or _asked(portfolio)
    empty = _with(pool, asset, -next(coin.balance for coin in pool.coins if coin.asset == asset))
    if not pool.positions:
        return ZERO
    from rebal.market.pooled_path import more_needed  # as in _level

    return more_needed(empty, asset, paths=paths_of(empty, portfolio, asked.distance), leverage=asked.leverage)


def needed_alone(held: Sequence[Held], account: Account, portfolio: Portfolio) -> Fraction | None:
    """The least coins that positions on one coin ask for in a pooled account of nothing else; None where none do."""
    assert account.pooling is not None
    settle = held[0].contract.settle
    coin = Coin(settle, portfolio.price(settle), ZERO, account.pooling.of(settle))
    levered = tuple(Levered(each, account_leverage(each.contract, portfolio.policy)) for each in held)
    return balance_needed(Pool(account.pooling.rules, (coin,), levered), settle, portfolio)


def _with(pool: Pool, asset: str, more: Fraction) -> Pool:
    coins = tuple(replace(each, balance=each.balance + more) if each.asset == asset else each for each in pool.coins)
    return Pool(pool.rules, coins, pool.positions)


@frozen
class Posted:
    """Coins moved in and out of pooled accounts, and what is missing where coins do not do."""

    arriving: tuple[Transfer, ...]
    leaving: tuple[Transfer, ...]
    shortages: tuple[Shortage, ...]


def post(
    before: Book, filled: Book, orders: Sequence[Order], *, portfolio: Portfolio, taken: Mapping[str, Fraction],
    tops_up: bool = True,
) -> Posted:  # fmt: skip
    """The least transfers that keep the policy in every pooled account that orders touch, or that stands in alert.

    ``filled``: the book once the orders are filled and their fees paid; ``taken``: free coins that go elsewhere. In:
    from the traded contracts' own coins, then dollars, then the coin of which most counts; out, only of those own
    coins, what the orders free: the least of what is there beyond the need, and of what the need fell by.
    """
    free = {asset: free_coins(asset, before, portfolio) - taken.get(asset, ZERO) for asset in before.holdings}
    arriving: list[Transfer] = []
    leaving: list[Transfer] = []
    shortages: list[Shortage] = []
    for account in portfolio.pools:
        key = portfolio.account_key(account.name) or ""
        own = sorted({each.fee_currency for each in orders if portfolio.contracts[each.contract].account == key})
        then, now = (pool_of(account, book, portfolio) for book in (before, filled))
        alarmed = past_alert(then, portfolio, portfolio.policy.alert)
        if not own and not (tops_up and alarmed):
            continue
        purse = _Purse(account, tuple(own), free, room_usd(account, before, portfolio), _asked(portfolio), portfolio)
        moved, lacks, _ = _filling(now, purse)
        arriving += moved
        if lacks is not None:
            shortages.append(lacks)
        if own and not moved and lacks is None and not alarmed:
            leaving += _freed(then, now, purse)
    return Posted(tuple(arriving), tuple(leaving), tuple(shortages))


@frozen
class _Purse:
    """An account to be filled: its free coins by asset, the dollars it may still take (None: any), and what it keeps.

    ``own``: the coins of the contracts that are traded, which are posted first.
    """

    account: Account
    own: tuple[str, ...]
    free: dict[str, Fraction]
    room: Fraction | None
    level: Alert
    portfolio: Portfolio

    def most(self, asset: str, brought_usd: Fraction) -> Fraction:
        """Coins of a kind that may be brought, once some dollars were."""
        there = max(ZERO, self.free.get(asset, ZERO))
        if self.room is not None:
            there = min(there, max(ZERO, self.room - brought_usd) / self.portfolio.price(asset))
        return down(there, COIN_STEP)


def _filling(pool: Pool, purse: _Purse) -> tuple[list[Transfer], Shortage | None, Pool]:
    """The transfers that fill an account, what is then missing, and the account once they are there."""
    portfolio, brought = purse.portfolio, ZERO
    moved: dict[str, Fraction] = {}
    # what fees took of a coin that is there to be brought is no reason to borrow it
    owed = [(asset, up(max(ZERO, -_held(pool, asset)), COIN_STEP)) for asset in purse.own]
    for asset, most in [*owed, *((asset, None) for asset in posting_order(pool, purse.own, portfolio))]:
        if most is None:
            needed, held = balance_needed(pool, asset, portfolio, level=purse.level), _held(pool, asset)
            if needed is not None and needed <= held:
                break
            most = None if needed is None else needed - held
        there = purse.most(asset, brought)
        quantity = there if most is None else min(there, most)
        if quantity > 0 and (_held(pool, asset) < 0 or _counts(pool, asset, quantity)):
            moved[asset] = moved.get(asset, ZERO) + quantity
            pool, purse.free[asset] = _with(pool, asset, quantity), purse.free[asset] - quantity
            brought += quantity * portfolio.price(asset)
    transfers = [Transfer(asset, None, quantity, purse.account.name) for asset, quantity in moved.items()]
    return transfers, _shortage(pool, purse), pool


def room_usd(account: Account, book: Book, portfolio: Portfolio) -> Fraction | None:
    """Dollars that an account may still take; None: as many as there are."""
    key = portfolio.account_key(account.name) or ""
    return room_for(key, "USD", book=book, portfolio=portfolio)


def posting_order(pool: Pool, own: Sequence[str], portfolio: Portfolio) -> list[str]:
    """The coins to post, first to last: the contracts' own, dollars, then by the share of them that counts."""

    def rank(coin: Coin) -> tuple[int, Fraction, str]:
        slices = coin.collateral.slices
        kind = 0 if coin.asset in own else 1 if coin.asset in portfolio.cash else 2
        return kind, -(slices[0].ratio if slices else ZERO), coin.asset

    return [coin.asset for coin in sorted(pool.coins, key=rank)]


def _counts(pool: Pool, asset: str, quantity: Fraction) -> bool:
    """Whether coins more of a kind are worth any credit."""
    return judge(_with(pool, asset, quantity)).credit > judge(pool).credit


def _held(pool: Pool, asset: str) -> Fraction:
    return next(coin.balance for coin in pool.coins if coin.asset == asset)


def _shortage(pool: Pool, purse: _Purse) -> Shortage | None:
    """What is still missing, in the first coin of which some amount would do."""
    portfolio = purse.portfolio
    key = portfolio.account_key(purse.account.name) or ""
    for asset in posting_order(pool, purse.own, portfolio):
        needed, held = balance_needed(pool, asset, portfolio, level=purse.level), _held(pool, asset)
        if needed is not None:
            there = collateral.Account(asset, None, held, (), (), at=key)
            return Shortage(there, needed, held, NO_NEED) if needed > held else None
    dollars = collateral.Account("USD", None, ZERO, (), (), at=key)
    judged = judge(pool)
    return Shortage(dollars, max(judged.initial_margin, judged.position_value), judged.credit, NO_NEED)


def _asked(portfolio: Portfolio) -> Alert:
    return Alert(portfolio.policy.shock, portfolio.policy.leverage)


def filled(account: Account, book: Book, portfolio: Portfolio, *, level: Alert) -> tuple[list[Transfer], bool]:
    """The coins that bring a pooled account to a level, and whether they are enough to."""
    pool = pool_of(account, book, portfolio)
    own = tuple(sorted({each.held.contract.settle for each in pool.positions}))
    free = {asset: free_coins(asset, book, portfolio) for asset in book.holdings}
    purse = _Purse(account, own, free, room_usd(account, book, portfolio), level, portfolio)
    moved, lacks, _ = _filling(pool, purse)
    return moved, lacks is None


def _freed(then: Pool, now: Pool, purse: _Purse) -> Iterator[Transfer]:
    portfolio = purse.portfolio
    for asset in purse.own:
        if asset not in {coin.asset for coin in then.coins}:
            continue
        before, after = balance_needed(then, asset, portfolio), balance_needed(now, asset, portfolio)
        if before is None or after is None:
            continue
        profit = max(ZERO, total(each.held.unrealised_pnl for each in now.positions
                                 if each.held.contract.settle == asset))  # fmt: skip
        kept = after + profit if after else ZERO
        out = down(max(ZERO, min(_held(now, asset) - kept, before - after)), COIN_STEP)
        if out:
            now = _with(now, asset, -out)
            yield Transfer(asset, None, -out, purse.account.name)
