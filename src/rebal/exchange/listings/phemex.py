"""Phemex: products and their limits of risk in one answer, rates in whole numbers beside a text in percent.

Its older list of products tells what the limits count. The fees there are ten times those that are paid, so fees stay
as shipped where no key asks for its account's, which stand beside its positions.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Garbled, Row, figure, row, rows, text
from rebal.exchange.listings import Ask, Fees, needed
from rebal.exchange.tickers.phemex import scale
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.phemex import INVERSE

_SECONDS_AN_HOUR, _PERCENT = 3600, 100


def listings(ask: Ask) -> Iterator[Listing]:
    """Every perpetual of dollars that is margined in its coin."""
    answer = ask("v2GetPublicProducts")
    limits = {text(each, "symbol"): rows(each, "riskLimits") for each in rows(answer, "data", "riskLimits")}
    ratios = scale(row(answer, "data"), "ratioScale")
    first = {text(each, "symbol"): _first(each) for each in rows(ask("v1GetExchangePublicProducts"), "data")}
    for each in rows(answer, "data", "products"):
        kind = tuple(each.get(name) for name in ("type", "status", "quoteCurrency", "contractUnderlyingAssets"))
        if kind != ("Perpetual", "Listed", "USD", "USD") or text(each, "settleCurrency") == "USD":
            continue
        name, length = text(each, "symbol"), figure(each, "fundingInterval")
        yield Listing(
            name=name,
            asset=text(each, "settleCurrency"),
            multiplier=needed(each, "contractSize"),
            lot_size=needed(each, "lotSize"),
            min_contracts=needed(each, "lotSize"),
            tick_size=needed(each, "tickSize"),
            max_leverage=needed(each, "maxLeverage"),
            funding_interval_hours=length / _SECONDS_AN_HOUR if length else None,
            maintenance=_tiers(limits.get(name, ()), ratios, first=first.get(name)),
        )


def _first(product: Row) -> Fraction | None:
    """The first limit, which the older list prints in the smallest part of the coin."""
    whole, parts = figure(product, "defaultRiskLimitEv"), scale(product, "valueScale")
    return None if whole is None or parts is None else whole / parts


def _tiers(limits: Sequence[Row], ratios: Fraction | None, *, first: Fraction | None) -> Tiers | None:
    """Limits in coins, which the first proves; None where it does not, or a rate is not the same both ways."""
    if not limits or ratios is None or first is None or needed(limits[0], "limit") != first:
        return None
    tiers = [_tier(each, ratios) for each in limits]
    known = [tier for tier in tiers if tier is not None]
    return INVERSE.of(known) if len(known) == len(tiers) else None


def _tier(limit: Row, ratios: Fraction) -> Tier | None:
    initial, rate = _rate(limit, "initialMargin", ratios), _rate(limit, "maintenanceMargin", ratios)
    return Tier(needed(limit, "limit"), rate, ZERO, max_leverage=ONE / initial) if initial and rate else None


def _rate(limit: Row, name: str, ratios: Fraction) -> Fraction | None:
    """A rate that is printed as ``0.5%`` and as 500000 of a hundred millions."""
    told = text(limit, name)
    if not told.endswith("%"):
        raise Garbled
    percent, rate = figure({name: told.removesuffix("%")}, name), needed(limit, f"{name}Er") / ratios
    return rate if percent == rate * _PERCENT else None


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, of the contracts that it has a position of, open or empty."""
    told = row(ask("v2GetPublicProducts"), "data")
    ratios = scale(told, "ratioScale")
    coins = {text(each, "settleCurrency") for each in rows(told, "products") if each.get("symbol") in names}
    if ratios is None:
        return {}
    positions = [
        each
        for coin in sorted(coins)
        for each in rows(ask("privateGetAccountsAccountPositions", currency=coin), "data", "positions")
    ]
    found = {text(each, "symbol"): _paid(each, ratios) for each in positions}
    return {name: paid for name, paid in found.items() if name in names and paid is not None}


def _paid(position: Row, ratios: Fraction) -> Fees | None:
    """None where the rates are missing, or the taker's is none: it is 0 or below where it is not set."""
    maker, taker = figure(position, "makerFeeRateEr"), figure(position, "takerFeeRateEr")
    return None if maker is None or not taker or taker < 0 else Fees(maker / ratios, taker / ratios)
