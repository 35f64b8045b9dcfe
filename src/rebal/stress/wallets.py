"""A wallet under stress: whether it comes through, and the coins that would bring it through.

Each wallet stands alone. Once margin balance no longer covers maintenance, all that backs the wallet is taken to be
lost, a cross wallet's idle coins too, and nothing beyond it; venues that close in steps or return a rest do better.
"""

from collections.abc import Iterable, Sequence

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.frozen import frozen
from rebal.market.carry import funding_coins_per_day
from rebal.market.margin import Factors, Held, maintenance_margin, pnl_of
from rebal.market.path import Curve, Moves, Passage
from rebal.market.pooled import Pool, judge
from rebal.planner import worth
from rebal.planner.checks.sustain import sustained
from rebal.planner.collateral import Account
from rebal.planner.pooled import pool_of
from rebal.planner.posting import free_coins
from rebal.planner.worth import Payoff
from rebal.portfolio import DOLLARS, Portfolio
from rebal.portfolio import Account as VenueAccount
from rebal.reports.stress import ScenarioLine, Survival, WalletLine
from rebal.stress.pooled import PooledCurve, strained


@frozen
class Strain:
    """What a book is put under before its prices move.

    ``widening``: added to the basis ``F/S - 1`` of every contract, at once. ``funding_times``: today's rates so many
    times over, below nothing with the other side paying, for ``days`` at today's prices.
    """

    widening: Fraction = ZERO
    funding_times: Fraction = ONE
    days: Fraction = ZERO


@frozen
class Backed:
    """An account with positions, ready for any number of scenarios.

    ``asset``: the coin that its contracts are on, None where they are on several. ``funding``: coins that it has paid
    by then; ``short_today``: coins that it misses today, before any strain, below nothing where it has some to spare.
    ``worth``: its margin balance in USD. ``sustained``: how far its marks may move while it and its free coins keep the
    policy, before any strain. ``name``: what findings and lines call it. ``paid``: the funding, in USD. ``free``: coins
    outside that could be brought. Of a pooled account all of it is in dollars, and ``currency`` is USD.
    """

    currency: str
    contract: str | None
    curve: Curve | PooledCurve
    asset: str | None
    funding: Fraction
    short_today: Fraction
    worth: Payoff
    sustained: Factors
    name: str
    account: str | None
    paid: Payoff
    free: Fraction


def backed(listed: Iterable[Account], book: Book, *, strain: Strain, portfolio: Portfolio) -> tuple[Backed, ...]:
    """The accounts that hold positions, each with its curve after the strain."""
    wallets = (_backed(account, book, strain, portfolio) for account in listed if account.held_after)
    pools = ((account, pool_of(account, book, portfolio)) for account in portfolio.pools)
    return (
        *wallets,
        *(
            _pooled(account, pool, book, strain=strain, portfolio=portfolio)
            for account, pool in pools
            if pool.positions
        ),
    )


def wallet_lines(wallets: Sequence[Backed], moves: Moves) -> tuple[WalletLine, ...]:
    """A row a wallet under one scenario, with the order in which they are liquidated."""
    passages = [each.curve.along(moves) for each in wallets]
    ends = [ZERO if each.short_today >= 0 else passage.ends_at for each, passage in zip(wallets, passages, strict=True)]
    gone = sorted((end, n) for n, end in enumerate(ends) if end is not None)
    order = {n: place for place, (_, n) in enumerate(gone, start=1)}
    return tuple(
        _line(each, passages[n], end=ends[n], order=order.get(n), moves=moves) for n, each in enumerate(wallets)
    )


def survival_lines(
    wallets: Sequence[Backed], told: Sequence[ScenarioLine], *, book: Book, portfolio: Portfolio
) -> tuple[Survival, ...]:
    """A row a wallet over all scenarios."""
    return tuple(_survival(each, n, told, each.free) for n, each in enumerate(wallets))


def mildest(told: Iterable[ScenarioLine], n: int) -> ScenarioLine | None:
    """The scenario with the smallest shock of those that liquidate the n-th wallet."""
    fatal = [each for each in told if each.wallets[n].liquidated]
    return min(fatal, key=lambda each: max(map(abs, each.shocks.values()), default=ZERO), default=None)


def _backed(account: Account, book: Book, strain: Strain, portfolio: Portfolio) -> Backed:
    funding = total(_funding(position, strain, portfolio) for position in account.held_after)
    balance = account.balance - funding
    today = maintenance_margin(account.held_after) - pnl_of(account.held_after)
    positions = [book.positions[position.contract.name] for position in account.held_after]
    free = free_coins(account.currency, book, portfolio)
    kept = [worth.held(each, portfolio, widening=strain.widening) for each in positions]
    assets = {position.contract.asset for position in account.held_after}
    return Backed(
        currency=account.currency,
        contract=account.contract,
        curve=Curve(balance, [_strained(position, strain, portfolio) for position in account.held_after]),
        asset=assets.pop() if len(assets) == 1 else None,
        funding=funding,
        short_today=today - account.balance,
        worth=worth.added([worth.coins(account.currency, balance, portfolio), *kept]),
        sustained=sustained(account, portfolio, free=free),
        name=account.name,
        account=portfolio.account(account.at).name,
        paid=worth.coins(account.currency, funding, portfolio),
        free=free,
    )


def _pooled(account: VenueAccount, pool: Pool, book: Book, *, strain: Strain, portfolio: Portfolio) -> Backed:
    paid = added_funding(pool, strain, portfolio)
    kept = [
        worth.held(book.positions[each.held.contract.name], portfolio, widening=strain.widening)
        for each in pool.positions
    ]
    coins = [worth.coins(coin.asset, coin.balance, portfolio) for coin in pool.coins]
    judged = judge(pool)
    tried = strained(
        pool,
        paid=lambda held: _funding(held, strain, portfolio),
        marked=lambda held: _strained(held, strain, portfolio),
    )
    return Backed(
        currency=DOLLARS,
        contract=None,
        curve=PooledCurve(tried),
        asset=None,
        funding=ZERO,
        short_today=judged.maintenance_margin * pool.rules.level - judged.credit,
        worth=worth.less(worth.added([*coins, *kept]), paid),
        sustained=Factors(None, None),
        name=account.name or "",
        account=account.name,
        paid=paid,
        free=total(free_coins(asset, book, portfolio) * portfolio.price(asset) for asset in sorted(portfolio.cash)),
    )


def added_funding(pool: Pool, strain: Strain, portfolio: Portfolio) -> Payoff:
    """Funding of all that is open in a pooled account, each in its own coin."""
    return worth.added(
        worth.coins(each.held.contract.settle, _funding(each.held, strain, portfolio), portfolio)
        for each in pool.positions
    )


def _strained(position: Held, strain: Strain, portfolio: Portfolio) -> Held:
    mark = worth.widened(position.contract, portfolio, strain.widening)
    return Held(position.contract, position.contracts, position.entry_price, mark)


def _funding(position: Held, strain: Strain, portfolio: Portfolio) -> Fraction:
    """Coins paid, in the settlement coin at today's mark; nothing where no rate is known."""
    contract, mark = position.contract, position.mark_price
    rate = portfolio.market.funding_rate(contract)
    paid = funding_coins_per_day(contract, position.contracts, price=mark, rate=rate) or ZERO
    return paid * strain.funding_times * strain.days


def _more_than(short: Fraction) -> Fraction:
    return down(short, COIN_STEP) + COIN_STEP


def _line(wallet: Backed, passage: Passage, *, end: Fraction | None, order: int | None, moves: Moves) -> WalletLine:
    # What is covered exactly at the end of a path comes through, as a plan's collateral does; what is covered exactly
    # before anything moves is at its liquidation price, and needs more.
    short = wallet.short_today if passage.short is None else max(passage.short, wallet.short_today)
    at_the_start = max(wallet.short_today, wallet.curve.short_now)
    return WalletLine(
        currency=wallet.currency,
        margin_balance=passage.margin_balance,
        maintenance_margin=passage.maintenance_margin,
        margin_ratio=passage.margin_ratio,
        liquidated=end is not None,
        top_up=ZERO if end is None else _more_than(short) if short == at_the_start else up(short, COIN_STEP),
        contract=wallet.contract,
        order=order,
        liquidated_at=end,
        move=None if end is None or wallet.asset is None else end * moves.shocks[wallet.asset],
        lost=ZERO if end is None else max(ZERO, wallet.curve.balance),
        account=wallet.account,
        name=wallet.name,
    )


def _survival(wallet: Backed, n: int, told: Sequence[ScenarioLine], free: Fraction) -> Survival:
    first = mildest(told, n)
    return Survival(
        currency=wallet.currency,
        contract=wallet.contract,
        liquidated_in=sum(each.wallets[n].liquidated for each in told),
        mildest=None if first is None else first.name,
        top_up=max((each.wallets[n].top_up for each in told), default=ZERO),
        free=free,
        kept_below=None if wallet.sustained.below is None else wallet.sustained.below - 1,
        kept_above=None if wallet.sustained.above is None else wallet.sustained.above - 1,
        account=wallet.account,
        name=wallet.name,
    )
