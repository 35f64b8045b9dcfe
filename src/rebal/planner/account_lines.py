"""The rows of accounts: what sits at each, and of a pooled one its credit, requirements and levels."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine, LevelLine, NearestLine
from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book, MarginMode
from rebal.market.margin import initial_margin
from rebal.market.pooled import Levered, Pool, estimated_liquidation, judge, maintenance_of, printed_rate
from rebal.plan import Standing, Wallet
from rebal.planner.collateral import account_leverage
from rebal.planner.exposure import equity_at
from rebal.planner.pooled import asked_of, levels_of, nearest, pool_of, surveyed
from rebal.portfolio import Account, Portfolio


def account_lines(book: Book, portfolio: Portfolio, *, equity: Fraction) -> tuple[AccountLine, ...]:
    """A row an account, in the order of the file; ``equity``: of all that is owned."""
    return tuple(_account_line(each, book, portfolio, equity=equity) for each in portfolio.accounts)


def _account_line(account: Account, book: Book, portfolio: Portfolio, *, equity: Fraction) -> AccountLine:
    here = equity_at(portfolio.at(account.name), book, portfolio)
    line = AccountLine(
        account=account.name,
        venue=account.venue,
        margin=account.margin_mode,
        equity=here,
        share_of_equity=here / equity if equity > 0 else None,
        at_most=None if account.at_most == ONE else account.at_most,
    )
    return line if account.pooling is None else _pooled(line, account, pool_of(account, book, portfolio), portfolio)


def _pooled(line: AccountLine, account: Account, pool: Pool, portfolio: Portfolio) -> AccountLine:
    assert account.pooling is not None
    judged, found = judge(pool), levels_of(pool, portfolio)
    close = nearest(found)
    return AccountLine(
        account=line.account,
        venue=line.venue,
        margin=line.margin,
        equity=line.equity,
        share_of_equity=line.share_of_equity,
        credit=judged.credit,
        initial_margin=judged.initial_margin,
        maintenance_margin=judged.maintenance_margin,
        margin_ratio=judged.margin_ratio,
        levels=tuple(LevelLine(each.path, each.below, each.above, each.of, each.crossings) for each in found),
        nearest=None if close is None else _nearest(close.path, close.below, close.above),
        at_most=line.at_most,
        position_value=judged.position_value,
        printed_rate=printed_rate(judged.maintenance_margin, judged.credit, pool.rules),
        mode=account.pooling.mode,
        debts={coin: owed / portfolio.price(coin) for coin, owed in judged.debts.items()},
    )


def _nearest(path: str, below: Fraction | None, above: Fraction | None) -> NearestLine:
    factor = min((end for end in (below, above) if end is not None), key=lambda end: abs(end - ONE))
    return NearestLine(path, factor, abs(factor - ONE))


def pooled_wallets(before: Book, after: Book, portfolio: Portfolio) -> Iterator[Wallet]:
    """A row a coin of each pooled account, in any order: what it can come to is a matter of the account."""
    for account in portfolio.pools:
        then, now = (pool_of(account, book, portfolio) for book in (before, after))
        asks = surveyed(now, portfolio, level=asked_of(portfolio))
        for asset in {coin.asset for pool in (then, now) for coin in pool.coins}:
            was, row = _standing(then, asset), _standing(now, asset)
            if was.margin_balance or row.margin_balance or _open_in(asset, now):
                needed = asks.balance_needed(asset) if asset in asks.parts else ZERO
                owned = after.holdings.get(asset, ZERO)
                yield _wallet(asset, now, account, portfolio, row=row, was=was, needed=needed, owned=owned)


def _open_in(asset: str, pool: Pool) -> list[Levered]:
    return [each for each in pool.positions if each.held.contract.settle == asset]


def _standing(pool: Pool, asset: str) -> Standing:
    balance = total(coin.balance for coin in pool.coins if coin.asset == asset)
    pnl = total(each.held.unrealised_pnl for each in _open_in(asset, pool))
    return Standing(balance, balance + pnl, None, None, None, None, None, None)


def _wallet(
    asset: str,
    pool: Pool,
    account: Account,
    portfolio: Portfolio,
    *,
    row: Standing,
    was: Standing,
    needed: Fraction | None,
    owned: Fraction,
) -> Wallet:
    held = [each.held for each in _open_in(asset, pool)]
    return Wallet(
        currency=asset,
        mode=MarginMode.POOLED,
        balance=row.balance,
        unrealised_pnl=row.margin_balance - row.balance,
        margin_balance=row.margin_balance,
        position_value=total(each.position_value for each in held),
        leverage=None,
        initial_margin=total(initial_margin(each, account_leverage(each.contract, portfolio.policy)) for each in held),
        maintenance_margin=total(maintenance_of(each, pool.rules) for each in _open_in(asset, pool)),
        margin_ratio=None,
        liquidation_below=None,
        liquidation_above=None,
        distance_below=None,
        distance_above=None,
        contract=None,
        required=row.balance if needed is None else needed,
        share_of_holding=row.balance / owned if owned > 0 else None,
        distance_below_all_posted=None,
        distance_above_all_posted=None,
        funding_days_to_alert=None,
        before=was,
        account=account.name,
    )


def estimates(book: Book, portfolio: Portfolio) -> dict[str, Fraction | None]:
    """By contract of a pooled account, the liquidation price that its venue prints: an estimate, with all else held."""
    pools = [pool_of(account, book, portfolio) for account in portfolio.pools]
    return {each.held.contract.name: estimated_liquidation(each, pool) for pool in pools for each in pool.positions}
