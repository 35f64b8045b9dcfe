"""Kraken Futures: instruments with their margin levels in one answer, fees in percent in another."""

from collections.abc import Iterator
from itertools import pairwise

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Garbled, Row, figure, iso, rows, text
from rebal.exchange.listings import Ask, needed
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.kraken import SINGLE_COLLATERAL

_COINS = {"XBT": "BTC", "XDG": "DOGE"}
_PERCENT, _MOST_PLACES = 100, 12
_USD = "USD"


def listings(ask: Ask) -> Iterator[Listing]:
    """Every single-collateral contract that trades, with the fees of an account that has not traded.

    A level counts from its number of contracts on, and ends where the next begins.
    """
    schedules = {text(row, "uid"): row for row in rows(ask("publicGetFeeschedules"), "feeSchedules")}
    for row in rows(ask("publicGetInstruments"), "instruments"):
        if row.get("type") != "futures_inverse" or row.get("tradeable") is not True:
            continue
        name, tiers = text(row, "symbol").upper(), _tiers(row)
        fees = _first(schedules.get(str(row.get("feeScheduleUid")), {}))
        yield Listing(
            name=name,
            asset=_asset(name),
            multiplier=needed(row, "contractSize"),
            lot_size=_lot(row),
            min_contracts=_lot(row),
            tick_size=needed(row, "tickSize"),
            max_leverage=None if tiers is None else tiers.tiers[0].max_leverage,
            maker_fee=_share(fees, "makerFee"),
            taker_fee=_share(fees, "takerFee"),
            expiry=iso(row, "lastTradingTime"),
            maintenance=tiers,
        )


def _asset(name: str) -> str:
    """The coin of ``PI_XBTUSD``."""
    pair = name.split("_")[1] if "_" in name else ""
    if not pair.endswith(_USD):
        raise Garbled
    coin = pair.removesuffix(_USD)
    return _COINS.get(coin, coin)


def _lot(row: Row) -> Fraction:
    """The step of a size, from its decimals: 1 for 0 of them, a tenth for 1."""
    places = figure(row, "contractValueTradePrecision") or ZERO
    if abs(places) > _MOST_PLACES:
        raise Garbled
    return Fraction(10) ** -int(places)


def _first(schedule: Row) -> Row:
    tiers = sorted(rows(schedule, "tiers"), key=lambda tier: needed(tier, "usdVolume")) if schedule else []
    return tiers[0] if tiers else {}


def _share(fees: Row, name: str) -> Fraction | None:
    percent = figure(fees, name)
    return None if percent is None else percent / _PERCENT


def _tiers(row: Row) -> Tiers | None:
    levels = rows(row, "marginLevels") if row.get("marginLevels") is not None else []
    if not levels or needed(levels[0], "contracts") != ZERO:
        return None
    ends = [*(needed(later, "contracts") for _, later in pairwise(levels)), None]
    return SINGLE_COLLATERAL.of(_tier(level, end) for level, end in zip(levels, ends, strict=True))


def _tier(level: Row, end: Fraction | None) -> Tier:
    initial = needed(level, "initialMargin")
    if initial <= 0:
        raise Garbled
    return Tier(end, needed(level, "maintenanceMargin"), max_leverage=ONE / initial)
