"""Bring pooled accounts out of danger: the coins that lift their credit; what coins do not do is closed by hand."""

from collections.abc import Iterator

from rebal.amounts import ZERO
from rebal.book import Book
from rebal.findings import Code, Finding, error, info, percent
from rebal.frozen import frozen
from rebal.market.pooled import judge
from rebal.plan import Rescue, RescueLine, Transfer
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.exposure import value
from rebal.planner.pooled import levels_of, nearest, past_alert, pool_of
from rebal.planner.pooled_posting import filled
from rebal.planner.review import Check, Review
from rebal.planner.step import carried
from rebal.portfolio import Account, Alert, Portfolio


@frozen
class PooledWay:
    """The coins that a pooled account past its alert is brought, and whether they end it."""

    account: Account
    transfers: tuple[Transfer, ...]
    enough: bool


def pooled_names(book: Book, portfolio: Portfolio) -> tuple[str, ...]:
    """The pooled accounts in which something is open."""
    pools = ((account, pool_of(account, book, portfolio)) for account in portfolio.pools)
    return tuple(account.name or "" for account, pool in pools if pool.positions)


def pooled_ways(desk: Desk, *, beyond: Alert, best: Alert, names: frozenset[str] | None) -> tuple[PooledWay, ...]:
    """A way for each pooled account that is past a level: the coins that bring it to another."""
    portfolio = desk.portfolio
    past = [
        account
        for account in portfolio.pools
        if (names is None or account.name in names)
        and past_alert(pool_of(account, desk.book, portfolio), portfolio, beyond)
    ]
    found = ((account, *filled(account, desk.book, portfolio, level=best)) for account in past)
    return tuple(PooledWay(account, tuple(moved), enough) for account, moved, enough in found)


def pooled_lines(ways: tuple[PooledWay, ...], desk: Desk) -> Iterator[RescueLine]:
    """A row a way, as of wallets; several coins stand under ``transfers``, and ``coins`` counts the first."""
    portfolio = desk.portfolio
    for way in ways:
        if not way.transfers:
            continue
        left = carried(portfolio, desk.book, orders=(), transfers=way.transfers)
        pool = pool_of(way.account, left.book, portfolio)
        judged, close = judge(pool), nearest(levels_of(pool, portfolio))
        valued, covered = value(portfolio, left.book), cover(portfolio, left.book)
        yield RescueLine(
            wallet=way.account.name or "",
            currency=way.transfers[0].asset,
            contract=None,
            way=Rescue.COINS,
            coins=way.transfers[0].quantity,
            transfers=way.transfers,
            contracts={},
            fees_usd=ZERO,
            realised_usd=ZERO,
            distance_after=None if close is None else close.distance,
            leverage_after=judged.position_value / judged.credit if judged.credit > 0 else None,
            weights={asset: valued.weight(asset) for asset in sorted(valued.exposures)},
            hedge_ratios={asset: covered.ratio(asset) for asset in sorted(valued.exposures) if asset in covered.hedged},
            enough=way.enough,
            chosen=True,
        )


def pooled_checks(ways: tuple[PooledWay, ...], names: frozenset[str] | None) -> Check:
    """What coins do not mend, and what needs nothing though it was named."""

    def check(review: Review) -> Iterator[Finding]:
        for way in ways:
            if not way.enough:
                message = "the free coins do not bring it to the policy: some of what is open there has to be closed"
                yield error(Code.UNDER_COLLATERALISED, way.account.name or "", message)
        calm = (names or frozenset()) - {way.account.name for way in ways}
        for line in review.accounts_before:
            if line.account in calm and line.credit is not None:
                close = line.nearest
                away = "never liquidated" if close is None else f"liquidation {percent(close.distance)} away"
                yield info(Code.ALERT, line.account or "", f"needs no rescue: {away}")

    return check
