"""BitMEX: every instrument that trades in one answer, read without ccxt; its values are in satoshi.

A quanto contract (ETHUSD) pays BTC on another coin's dollars: it is not inverse, and left out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction
from rebal.exchange.fields import Row, figure, iso, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed
from rebal.exchange.tickers.bitmex import hours
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.bitmex import INVERSE

_SATOSHI, _SETTLED = Fraction(10**8), {"XBt": "BTC"}
_STEPS = 20
"""How many tiers are told: with half a percent a step, those of a leverage of ten and more."""


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse contract that is open. A multiplier of -1e8 is a dollar's worth in satoshi."""
    for row in rows(ask("instruments")):
        settled = _SETTLED.get(str(row.get("settlCurrency")))
        if settled is None or not row.get("isInverse") or row.get("isQuanto") or row.get("state") != "Open":
            continue
        expiry, initial = iso(row, "expiry"), needed(row, "initMargin")
        yield Listing(
            name=text(row, "symbol"),
            asset=settled,
            multiplier=-needed(row, "multiplier") / _SATOSHI,
            lot_size=needed(row, "lotSize"),
            min_contracts=needed(row, "lotSize"),
            tick_size=needed(row, "tickSize"),
            max_leverage=ONE / initial if initial > 0 else None,
            maker_fee=needed(row, "makerFee"),
            taker_fee=needed(row, "takerFee"),
            funding_interval_hours=hours(row) if expiry is None else None,
            expiry=expiry,
            maintenance=_tiers(row, initial, expiry),
        )


def _tiers(row: Row, initial: Fraction, expiry: datetime | None) -> Tiers | None:
    """Tiers of a perpetual: both margins grow by the base maintenance with each step of risk.

    Source: BitMEX's page on risk limits, whose tiers for XBTUSD the same figures give.
    """
    base, step, rate = (figure(row, name) for name in ("riskLimit", "riskStep", "maintMargin"))
    if expiry is not None or not base or not step or not rate:
        return None
    found = (
        Tier((base + n * step) / _SATOSHI, rate * (n + 1), ZERO, max_leverage=ONE / (initial + n * rate))
        for n in range(_STEPS)
    )
    return INVERSE.of(tier for tier in found if tier.rate < 1)


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, all contracts in one answer."""
    told = part(ask("commission"))
    known = {name: part(told, name) for name in names if name in told}
    return {name: Fees(needed(each, "makerFee"), needed(each, "takerFee")) for name, each in known.items()}
