"""A portfolio and events for it, in the words of the file."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from exact import exact
from planner.given import policy
from rebal.amounts import Fraction
from rebal.book import Book, MarginMode, Position, Purpose
from rebal.ledger import Draft, Event, Fill, FillPart, Funding
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import assumed
from rebal.portfolio import Holding, Market, Portfolio, Proxy

AS_OF = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = AS_OF + timedelta(hours=1)


def at(minutes: int) -> datetime:
    """So many minutes after the statement."""
    return AS_OF + timedelta(minutes=minutes)


def contract(name: str, asset: str, *, kind: Kind = Kind.INVERSE, multiplier: str = "1", lot: str = "1") -> Contract:
    return Contract(
        name=name,
        asset=asset,
        kind=kind,
        multiplier=exact(multiplier),
        settle=asset if kind is Kind.INVERSE else "USDT",
        expiry=None,
        tick_size=Fraction("0.1"),
        lot_size=exact(lot),
        min_contracts=exact(lot),
        maker_fee=Fraction("0.0002"),
        taker_fee=Fraction("0.0005"),
        funding_interval_hours=Fraction(8),
        max_leverage=Fraction(100),
        maintenance=assumed(Fraction(100)),
    )


BTCUSD = contract("BTCUSD", "BTC")
ETHUSD = contract("ETHUSD", "ETH", multiplier="10")
SOLUSDT = contract("SOLUSDT", "SOL", kind=Kind.LINEAR, multiplier="0.1")
CONTRACTS = {each.name: each for each in (BTCUSD, ETHUSD, SOLUSDT)}
POLICY = policy()
PRICES = {"BTC": Fraction(40000), "ETH": Fraction(2500), "SOL": Fraction(150), "DOT": Fraction(8)}


def portfolio(
    holdings: Mapping[str, str] | None = None,
    *,
    wallets: Mapping[str, str] | None = None,
    positions: Mapping[str, Position] | None = None,
    as_of: datetime | None = AS_OF,
    isolated: bool = False,
    prices: Mapping[str, Fraction] = PRICES,
    contracts: Mapping[str, Contract] = CONTRACTS,
    sha256: str = "a" * 64,
) -> Portfolio:
    held = {"BTC": "2", "ETH": "14", "USDT": "5000"} if holdings is None else holdings
    book = Book(
        {asset: exact(quantity) for asset, quantity in held.items()},
        {asset: exact(quantity) for asset, quantity in (wallets or {}).items()},
        dict(positions or {}),
    )
    return Portfolio(
        name="Core holdings",
        venue="bybit",
        as_of=as_of,
        holdings={asset: Holding(asset, exact(quantity)) for asset, quantity in held.items()},
        targets=None,
        aside=frozenset(),
        statement=book,
        market=Market(as_of, prices, {}, {}),
        contracts=contracts,
        policy=replace(POLICY, margin_mode=MarginMode.ISOLATED) if isolated else POLICY,
        cash=frozenset({"USD", "USDT", "USDC"}),
        statement_sha256=sha256,
        proxies={"DOT": Proxy("DOT", "BTC", Fraction("1.3"))},
    )


def part(contracts: str | Fraction, purpose: str = "hedge", asset: str = "BTC", beta: str | None = None) -> FillPart:
    return FillPart(Purpose(purpose), exact(contracts), asset, None if beta is None else exact(beta))


def fill(
    contracts: str | Fraction,
    price: str | Fraction,
    *parts: FillPart,
    of: Contract = BTCUSD,
    fee: str = "0",
    mode: MarginMode = MarginMode.CROSS,
    before: tuple[str, str | None] | None = None,
    settle: str | None = None,
) -> Fill:
    held, entry = before if before is not None else (None, None)
    return Fill(
        contract=of.name,
        contracts=exact(contracts),
        price=exact(price),
        fee=exact(fee),
        parts=parts or (part(contracts, asset=of.asset),),
        margin_mode=mode,
        asset=of.asset,
        kind=of.kind,
        multiplier=of.multiplier,
        settle=of.settle,
        expiry=of.expiry,
        contracts_before=None if held is None else exact(held),
        entry_before=None if entry is None else exact(entry),
        settle_price=None if settle is None else exact(settle),
    )


def funding(amount: str, price: str = "40000", *, of: Contract = BTCUSD, settle: str | None = None) -> Funding:
    worth = None if settle is None else exact(settle)
    return Funding(of.name, exact(amount), exact(price), of.asset, of.kind, of.settle, worth)


def draft(event: Event, minutes: int = 1, name: str | None = None, plan: str | None = None) -> Draft:
    return Draft(event, at(minutes), name, plan)
