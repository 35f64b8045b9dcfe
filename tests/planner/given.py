"""Portfolios built by hand, in the words of the file, for tests of the planner."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Book, MarginMode, Position
from rebal.market.contract import Assumption, Contract, Kind, OrderUnit
from rebal.market.maintenance import Maintenance, Method, Tier, Tiers, TierUnit, Valuation
from rebal.plan import Inputs
from rebal.policy import Alert, Band, Policy, Sizing, Uncovered
from rebal.portfolio import FundingRate, Holding, Market, Portfolio, Proxy

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
INPUTS = Inputs("0" * 64, None, None, NOW, NOW, "test")


def whole(rate: str, *, close_fee: bool = False) -> Tiers:
    """One rate at mark on everything."""
    return Tiers(Valuation.MARK, close_fee, Method.WHOLE, TierUnit.COIN, (Tier(None, exact(rate)),))


def inverse(
    asset: str,
    multiplier: str = "1",
    *,
    name: str | None = None,
    maintenance: Maintenance | None = None,
    lot: str = "1",
    minimum: str | None = None,
    fee: str = "0.0005",
    tick: str | None = "0.01",
    expiry: datetime | None = None,
    leverage: str | None = None,
    assumed: str | None = None,
) -> Contract:
    """An inverse contract whose maintenance is 0.5 % at mark unless said otherwise."""
    return Contract(
        name=name or f"{asset}USD",
        asset=asset,
        kind=Kind.INVERSE,
        multiplier=exact(multiplier),
        settle=asset,
        expiry=expiry,
        tick_size=None if tick is None else exact(tick),
        lot_size=exact(lot),
        min_contracts=exact(minimum or lot),
        maker_fee=Fraction("0.0002"),
        taker_fee=exact(fee),
        funding_interval_hours=None if expiry else Fraction(8),
        max_leverage=Fraction(100),
        maintenance=maintenance or whole("0.005"),
        leverage=None if leverage is None else exact(leverage),
        assumed=() if assumed is None else (Assumption(assumed, "something", f"contracts.X.{assumed}"),),
    )


def linear(asset: str, multiplier: str = "0.001", *, settle: str = "USDT", fee: str = "0.0005") -> Contract:
    """A linear contract of some coins, in its settlement dollars."""
    return Contract(
        name=f"{asset}USDT",
        asset=asset,
        kind=Kind.LINEAR,
        multiplier=exact(multiplier),
        settle=settle,
        expiry=None,
        tick_size=Fraction("0.01"),
        lot_size=Fraction(1),
        min_contracts=Fraction(1),
        maker_fee=Fraction("0.0002"),
        taker_fee=exact(fee),
        funding_interval_hours=Fraction(8),
        max_leverage=Fraction(100),
        maintenance=Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, (Tier(None, Fraction("0.005")),)),
        order_unit=OrderUnit.COINS,
    )


def policy(
    *,
    band: str = "0.05",
    relative: str | None = None,
    mode: MarginMode = MarginMode.CROSS,
    leverage: str = "1",
    distance: str = "0.5",
    alert: tuple[str, str] = ("0.35", "1.25"),
    min_order: str = "10",
    routes: tuple[str, ...] = ("inverse", "linear", "proxy"),
    sizing: Sizing = Sizing.NOTIONAL,
    max_at_venue: str = "1",
    max_price_age: timedelta | None = timedelta(days=1),
    hedge_band: str = "0.01",
    uncovered: str = "spread",
) -> Policy:
    """The policy of a file that says nothing of it, but for what is named here."""
    return Policy(
        band=Band(exact(band), None if relative is None else exact(relative)),
        margin_mode=mode,
        leverage=exact(leverage),
        liquidation_distance=exact(distance),
        alert=Alert(exact(alert[0]), exact(alert[1])),
        min_order=exact(min_order),
        routes=routes,
        sizing=sizing,
        max_at_venue=exact(max_at_venue),
        max_price_age=max_price_age,
        hedge_band=exact(hedge_band),
        uncovered=Uncovered(uncovered),
    )


def portfolio(
    holdings: Mapping[str, str],
    targets: Mapping[str, str] | None,
    prices: Mapping[str, str],
    contracts: tuple[Contract, ...],
    *,
    wallets: Mapping[str, str] | None = None,
    positions: tuple[Position, ...] = (),
    marks: Mapping[str, str] | None = None,
    funding: Mapping[str, str] | None = None,
    rules: Policy | None = None,
    aside: frozenset[str] = frozenset(),
    proxies: Mapping[str, tuple[str, str]] | None = None,
) -> Portfolio:
    """A resolved portfolio from figures as a file would spell them; targets in fractions."""
    owned = {asset: Holding(asset, exact(quantity)) for asset, quantity in holdings.items()}
    rates = {name: exact(rate) for name, rate in (funding or {}).items()}
    return Portfolio(
        name="Test",
        venue=None,
        as_of=NOW,
        holdings=owned,
        targets=None if targets is None else {asset: exact(weight) for asset, weight in targets.items()},
        aside=aside,
        statement=Book(
            {asset: holding.quantity for asset, holding in owned.items()},
            {asset: exact(quantity) for asset, quantity in (wallets or {}).items()},
            {position.contract.name: position for position in positions},
        ),
        market=Market(
            NOW,
            {asset: exact(price) for asset, price in prices.items()},
            {name: exact(price) for name, price in (marks or {}).items()},
            {name: FundingRate(rate, rate, rate) for name, rate in rates.items()},
        ),
        contracts={contract.name: contract for contract in contracts},
        policy=rules or policy(),
        cash=frozenset({"USD", "USDT", "USDC"}),
        statement_sha256="0" * 64,
        proxies={asset: Proxy(asset, via, exact(beta)) for asset, (via, beta) in (proxies or {}).items()},
    )
