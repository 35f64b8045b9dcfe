"""Gate: the contracts settled in BTC in one answer, and the tiers of the inverse one in another.

The fees that it prints there are none that an account pays: they stay as shipped where no key asks for its account's.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Row, figure, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed, unit
from rebal.market.maintenance import Tier, Tiers, with_deductions
from rebal.venues import Listing
from rebal.venues.gate import BTC_SETTLED

_SECONDS_AN_HOUR = 3600


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse contract that trades: of 1 USD, where a quanto one has a multiplier of its own."""
    for row in rows(ask("publicFuturesGetSettleContracts", settle="btc")):
        name, length = text(row, "name"), figure(row, "funding_interval")
        quanto = needed(row, "quanto_multiplier")
        if (row.get("type"), name, quanto) != ("inverse", "BTC_USD", ZERO) or row.get("in_delisting") is True:
            continue
        least = needed(row, "order_size_min")
        yield Listing(
            name=name,
            asset="BTC",
            multiplier=ONE,
            lot_size=least if row.get("enable_decimal") is True else ONE,
            min_contracts=least,
            tick_size=needed(row, "order_price_round"),
            max_leverage=needed(row, "leverage_max"),
            funding_interval_hours=length / _SECONDS_AN_HOUR if length else None,
            maintenance=_tiers(rows(ask("publicFuturesGetSettleRiskLimitTiers", settle="btc", contract=name))),
        )


def _tiers(found: Sequence[Row]) -> Tiers | None:
    """The tiers, bounds and deductions in BTC; None where a rate is not the fraction that its leverage says."""
    listed = sorted(found, key=_bound)
    if not listed or any(unit(needed(row, "initial_rate"), needed(row, "leverage_max")) != ONE for row in listed):
        return None
    tiers = tuple(_tier(row) for row in listed)
    return BTC_SETTLED.of(tiers if all("deduction" in row for row in listed) else with_deductions(tiers))


def _bound(row: Row) -> Fraction:
    return needed(row, "risk_limit")


def _tier(row: Row) -> Tier:
    return Tier(
        _bound(row),
        needed(row, "maintenance_rate"),
        figure(row, "deduction") or ZERO,
        max_leverage=needed(row, "leverage_max"),
    )


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, by contract."""
    told = part(ask("privateFuturesGetSettleFee", settle="btc"))
    known = {name: part(told, name) for name in names if name in told}
    return {name: Fees(needed(each, "maker_fee"), needed(each, "taker_fee")) for name, each in known.items()}
