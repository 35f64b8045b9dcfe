"""KuCoin: all contracts in one answer, the limits of isolated positions in one for each; none are told of cross."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Row, figure, milliseconds, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed, unit
from rebal.exchange.tickers.kucoin import hours
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.kucoin import ISOLATED

_COINS = {"XBT": "BTC"}


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse contract that is open; a multiplier of -1 is a dollar."""
    for row in rows(ask("futuresPublicGetContractsActive"), "data"):
        if row.get("isInverse") is not True or row.get("status") != "Open" or row.get("quoteCurrency") != "USD":
            continue
        name, coin, expiry = text(row, "symbol"), text(row, "settleCurrency"), milliseconds(row, "expireDate")
        yield Listing(
            name=name,
            asset=_COINS.get(coin, coin),
            multiplier=-needed(row, "multiplier"),
            lot_size=needed(row, "lotSize"),
            min_contracts=needed(row, "lotSize"),
            tick_size=needed(row, "tickSize"),
            max_leverage=figure(row, "maxLeverage"),
            maker_fee=needed(row, "makerFeeRate"),
            taker_fee=needed(row, "takerFeeRate"),
            funding_interval_hours=hours(row) if expiry is None else None,
            expiry=expiry,
            isolated_maintenance=_tiers(rows(ask("futuresPublicGetContractsRiskLimitSymbol", symbol=name), "data")),
        )


def _tiers(found: Sequence[Row]) -> Tiers | None:
    """Limits in coins; None where a rate is not the fraction that its leverage says."""
    listed = sorted(found, key=_bound)
    if not listed or any(unit(needed(row, "initialMargin"), needed(row, "maxLeverage")) != ONE for row in listed):
        return None
    return ISOLATED.of(
        Tier(_bound(row), needed(row, "maintainMargin"), ZERO, max_leverage=needed(row, "maxLeverage"))
        for row in listed
    )


def _bound(row: Row) -> Fraction:
    return needed(row, "maxRiskLimit")


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, a question for each contract."""
    told = {name: part(ask("futuresPrivateGetTradeFees", symbol=name), "data") for name in names}
    return {name: Fees(needed(each, "makerFeeRate"), needed(each, "takerFeeRate")) for name, each in told.items()}
