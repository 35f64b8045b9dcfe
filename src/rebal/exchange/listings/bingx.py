"""BingX coin-margined: contracts in one answer, intervals in another; a contract's dollars are its ``minTickSize``.

No fees, leverage or tiers are printed there.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import Fraction
from rebal.exchange.fields import Garbled, Row, figure, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed
from rebal.venues import Listing

_TRADES, _MOST_PLACES = "1", 12


def listings(ask: Ask) -> Iterator[Listing]:
    """Every contract that trades. Raises Garbled where a contract's dollars are not those of the smallest order."""
    paid = rows(ask("cswapV1PublicGetMarketPremiumIndex"), "data")
    hours = {text(row, "symbol"): figure(row, "fundingIntervalHours") or None for row in paid}
    for row in rows(ask("cswapV1PublicGetMarketContracts"), "data"):
        if str(row.get("status")) != _TRADES:
            continue
        name, size, least = text(row, "symbol"), needed(row, "minTickSize"), needed(row, "minQty")
        value = figure(row, "minTradeValue")
        if not name.endswith("-USD") or value not in (None, size * least):
            raise Garbled
        yield Listing(
            name=name,
            asset=name.removesuffix("-USD"),
            multiplier=size,
            lot_size=Fraction(1),
            min_contracts=least,
            tick_size=_tick(row),
            funding_interval_hours=hours.get(name),
        )


def _tick(row: Row) -> Fraction | None:
    """The last decimal that prices are printed with."""
    places = figure(row, "pricePrecision")
    return None if places is None or not 0 <= places <= _MOST_PLACES else Fraction(1, 10 ** int(places))


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, the same for every contract."""
    told = part(ask("cswapV1PrivateGetUserCommissionRate"), "data")
    return dict.fromkeys(names, Fees(needed(told, "makerCommissionRate"), needed(told, "takerCommissionRate")))
