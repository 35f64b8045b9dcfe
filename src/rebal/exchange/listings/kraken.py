"""Kraken Futures: instruments with their margin levels in one answer, fees in percent in another."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Garbled, Row, figure, iso, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed
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
    return next(iter(_steps(schedule)), {})


def _steps(schedule: Row) -> list[Row]:
    """The steps of a fee schedule, from the smallest volume."""
    return sorted(rows(schedule, "tiers"), key=lambda tier: needed(tier, "usdVolume")) if schedule else []


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


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays by its volume of thirty days, by the schedule of each contract."""
    volumes = part(ask("privateGetFeeschedulesVolumes"), "volumesByFeeSchedule")
    schedules = {text(each, "uid"): each for each in rows(ask("publicGetFeeschedules"), "feeSchedules")}
    listed = {text(each, "symbol").upper(): each for each in rows(ask("publicGetInstruments"), "instruments")}
    found = {}
    for name in names:
        uid = str(listed[name].get("feeScheduleUid"))
        volume = figure(volumes, uid) or ZERO
        reached = [step for step in _steps(schedules.get(uid, {})) if volume >= needed(step, "usdVolume")]
        if reached:
            found[name] = Fees(needed(reached[-1], "makerFee") / _PERCENT, needed(reached[-1], "takerFee") / _PERCENT)
    return found
