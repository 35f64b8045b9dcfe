"""Binance COIN-M: contracts in one answer, funding intervals that were changed in another.

Neither prints fees or leverage, and its ``maintMarginPercent`` is a placeholder. Tiers are told to a key alone, and so
is what its account pays: one rate by its level for all contracts of COIN-M, asked of the first.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, Fraction
from rebal.exchange.fields import Garbled, Row, figure, milliseconds, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.binance import COIN_M


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


def tiers(ask: Ask) -> dict[str, Tiers]:
    """Tiers by contract, their bounds and deductions in coins, which ccxt labels as dollars.

    Those that are changed for the account alone (``notionalCoef``) are left out: nothing says whether the bounds that
    are printed beside it are changed already.
    """
    return {
        text(row, "symbol"): COIN_M.of(_tier(each) for each in sorted(rows(row, "brackets"), key=_bound))
        for row in rows(ask("dapiPrivateV2GetLeverageBracket"))
        if figure(row, "notionalCoef") in (None, ONE)
    }


def _bound(bracket: Row) -> Fraction:
    return needed(bracket, "qtyCap")


def _tier(bracket: Row) -> Tier:
    return Tier(
        _bound(bracket),
        needed(bracket, "maintMarginRatio"),
        needed(bracket, "cum"),
        max_leverage=needed(bracket, "initialLeverage"),
    )


def _filter(filters: dict[str, Row], kind: str) -> Row:
    if kind not in filters:
        raise Garbled
    return filters[kind]


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays; asked once, as each question costs the minute's allowance of twenty."""
    told = part(ask("dapiPrivateGetCommissionRate", symbol=names[0])) if names else {}
    paid = Fees(needed(told, "makerCommissionRate"), needed(told, "takerCommissionRate"))
    return dict.fromkeys(names, paid)
