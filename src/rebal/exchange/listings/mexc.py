"""MEXC: all contracts in one answer, coin-margined ones told apart by their settlement; levels of risk count contracts.

That a level's rate is of the whole position, at the fair price and with the fee of closing, is the dearest of the ways
that exchanges have, and stands in for what MEXC does not say.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO
from rebal.exchange.fields import Row, figure, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed, unit
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.venues import Listing

_ENABLED = "0"
_BY_STEPS = {"riskLimitType": (None, "BY_VOLUME"), "riskLimitMode": (None, "INCREASE")}
_MOST_LEVELS = 200


def listings(ask: Ask) -> Iterator[Listing]:
    """Every coin-margined contract that trades."""
    for row in rows(ask("contractPublicGetDetail"), "data"):
        coin, quote = text(row, "baseCoin"), text(row, "quoteCoin")
        if (text(row, "settleCoin"), quote, str(row.get("state"))) != (coin, "USD", _ENABLED):
            continue
        yield Listing(
            name=text(row, "symbol"),
            asset=coin,
            multiplier=needed(row, "contractSize"),
            lot_size=needed(row, "volUnit"),
            min_contracts=needed(row, "minVol"),
            tick_size=needed(row, "priceUnit"),
            max_leverage=needed(row, "maxLeverage"),
            maker_fee=needed(row, "makerFeeRate"),
            taker_fee=needed(row, "takerFeeRate"),
            maintenance=_tiers(row),
        )


def _tiers(row: Row) -> Tiers | None:
    """The levels: the first of ``riskBaseVol`` contracts, each further one of ``riskIncrVol`` at higher rates.

    None where they go by value or by a list of their own, and where the first level's initial rate is not the inverse
    of the largest leverage: then what the figures count is not sure.
    """
    names = ("riskBaseVol", "riskIncrVol", "riskIncrMmr", "riskIncrImr", "maintenanceMarginRate", "initialMarginRate")
    base, step, more, more_initial, rate, initial = (figure(row, name) for name in names)
    levels = figure(row, "riskLevelLimit")
    if not base or not rate or not initial or step is None or more is None or more_initial is None or not levels:
        return None
    if unit(initial, needed(row, "maxLeverage")) != ONE or any(
        row.get(k) not in known for k, known in _BY_STEPS.items()
    ):
        return None
    many = range(min(int(levels), _MOST_LEVELS) if step > 0 else 1)
    rates = ((base + n * step, rate + n * more, initial + n * more_initial) for n in many)
    tiers = tuple(Tier(end, at, ZERO, max_leverage=ONE / first) for end, at, first in rates if at < 1 and first <= 1)
    return Tiers(Valuation.MARK, close_fee=True, method=Method.WHOLE, unit=TierUnit.CONTRACTS, tiers=tiers)


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays after its discounts; not told where it depends on the leverage chosen."""
    told = {name: part(ask("contractPrivateGetAccountTieredFeeRateV2", symbol=name), "data") for name in names}
    return {
        name: Fees(needed(each, "realMakerFee"), needed(each, "realTakerFee"))
        for name, each in told.items()
        if not each.get("leverageFeeRates")
    }
