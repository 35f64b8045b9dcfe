"""Bybit: the inverse contracts in one answer; a contract is a dollar, so that sizes in dollars count contracts.

Tiers come in pages, their rates in percent or as fractions: each is printed beside the largest leverage, which proves
which it is, and where it does not, tiers stay as shipped. Bounds are in coins.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Garbled, Row, figure, milliseconds, row, rows, text
from rebal.exchange.listings import Ask, Fees, needed, unit
from rebal.market.maintenance import Tier, Tiers, with_deductions
from rebal.venues import Listing
from rebal.venues.bybit import INVERSE

_MINUTES, _MOST_PAGES = Fraction(60), 100


def listings(ask: Ask) -> Iterator[Listing]:
    """Every contract that trades. Raises Garbled where there is another page: there are some thirty of a thousand."""
    limits = _limits(ask)
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
                maintenance=_tiers(limits.get(text(each, "symbol"), [])),
            )


def _limits(ask: Ask) -> dict[str, list[Row]]:
    """The limits of risk by contract, out of all pages. Raises Garbled where they have no end."""
    found: dict[str, list[Row]] = {}
    cursor: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        answer = ask("publicGetV5MarketRiskLimit", category="inverse", **cursor)
        for each in rows(answer, "result", "list"):
            found.setdefault(text(each, "symbol"), []).append(each)
        following = row(answer, "result").get("nextPageCursor")
        if not following:
            return found
        cursor = {"cursor": str(following)}
    raise Garbled


def _tiers(found: list[Row]) -> Tiers | None:
    listed = sorted(found, key=_bound)
    units = {unit(needed(each, "initialMargin"), needed(each, "maxLeverage")) for each in listed}
    if len(units) != 1 or None in units:
        return None
    (per,) = units
    tiers = tuple(_tier(each, per or ONE) for each in listed)
    return INVERSE.of(tiers if all(each.get("mmDeduction") for each in listed[1:]) else with_deductions(tiers))


def _bound(of: Row) -> Fraction:
    return needed(of, "riskLimitValue")


def _tier(of: Row, per: Fraction) -> Tier:
    rate, deduction = needed(of, "maintenanceMargin") / per, figure(of, "mmDeduction") or ZERO
    return Tier(_bound(of), rate, deduction, max_leverage=needed(of, "maxLeverage"))


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, all contracts in one answer."""
    listed = rows(ask("privateGetV5AccountFeeRate", category="inverse"), "result", "list")
    return {text(each, "symbol"): Fees(needed(each, "makerFeeRate"), needed(each, "takerFeeRate")) for each in listed}
