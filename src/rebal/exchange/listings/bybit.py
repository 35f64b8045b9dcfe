"""Bybit: the inverse contracts in one answer; a contract is a dollar, so that sizes in dollars count contracts."""

from collections.abc import Iterator

from rebal.amounts import ONE, Fraction
from rebal.exchange.fields import Garbled, figure, milliseconds, row, rows, text
from rebal.exchange.listings import Ask, needed
from rebal.venues import Listing

_MINUTES = Fraction(60)


def listings(ask: Ask) -> Iterator[Listing]:
    """Every contract that trades. Raises Garbled where there is another page: there are some thirty of a thousand."""
    answer = ask("publicGetV5MarketInstrumentsInfo", category="inverse", limit="1000")
    if row(answer, "result").get("nextPageCursor"):
        raise Garbled
    for each in rows(answer, "result", "list"):
        if each.get("status") == "Trading":
            lots, expiry = row(each, "lotSizeFilter"), milliseconds(each, "deliveryTime")
            minutes = figure(each, "fundingInterval")
            yield Listing(
                name=text(each, "symbol"),
                asset=text(each, "settleCoin"),
                multiplier=ONE,
                lot_size=needed(lots, "qtyStep"),
                min_contracts=needed(lots, "minOrderQty"),
                tick_size=needed(row(each, "priceFilter"), "tickSize"),
                max_leverage=needed(row(each, "leverageFilter"), "maxLeverage"),
                funding_interval_hours=minutes / _MINUTES if minutes and expiry is None else None,
                expiry=expiry,
            )
