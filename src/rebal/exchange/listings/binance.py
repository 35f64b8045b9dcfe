"""Binance COIN-M: contracts in one answer, funding intervals that were changed in another.

Neither prints fees or leverage, and its ``maintMarginPercent`` is a placeholder. Its tiers are told to a key alone.
"""

from collections.abc import Iterator

from rebal.exchange.fields import Garbled, Row, figure, milliseconds, rows, text
from rebal.exchange.listings import Ask, needed
from rebal.venues import Listing


def listings(ask: Ask) -> Iterator[Listing]:
    """Every contract that trades."""
    hours = {text(row, "symbol"): figure(row, "fundingIntervalHours") for row in rows(ask("dapiPublicGetFundingInfo"))}
    for row in rows(ask("dapiPublicGetExchangeInfo"), "symbols"):
        if row.get("contractStatus") == "TRADING":
            name, perpetual = text(row, "symbol"), row.get("contractType") == "PERPETUAL"
            filters = {text(each, "filterType"): each for each in rows(row, "filters")}
            lots = _filter(filters, "LOT_SIZE")
            yield Listing(
                name=name,
                asset=text(row, "marginAsset"),
                multiplier=needed(row, "contractSize"),
                lot_size=needed(lots, "stepSize"),
                min_contracts=needed(lots, "minQty"),
                tick_size=needed(_filter(filters, "PRICE_FILTER"), "tickSize"),
                funding_interval_hours=hours.get(name) if perpetual else None,
                expiry=None if perpetual else milliseconds(row, "deliveryDate"),
            )


def _filter(filters: dict[str, Row], kind: str) -> Row:
    if kind not in filters:
        raise Garbled
    return filters[kind]
