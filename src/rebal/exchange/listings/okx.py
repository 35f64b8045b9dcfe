"""OKX: perpetual and dated contracts in an answer each, inverse ones told apart by their type; tiers by family.

How often a perpetual funds stands beside the rates, of all in one answer.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import Fraction
from rebal.exchange.fields import Row, milliseconds, rows, text
from rebal.exchange.listings import Ask, Fees, needed
from rebal.exchange.tickers.okx import hours
from rebal.market.maintenance import Tier, Tiers
from rebal.venues import Listing
from rebal.venues.okx import COIN_MARGINED

_MOST_FAMILIES = 5
"""Of how many families tiers are told at once."""


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse contract that trades and is sized in dollars, with its tiers of cross margin."""
    paid = {text(row, "instId"): hours(row) for row in rows(ask("publicGetPublicFundingRate", instId="ANY"), "data")}
    for kind in ("SWAP", "FUTURES"):
        found = [row for row in rows(ask("publicGetPublicInstruments", instType=kind), "data") if _is_meant(row)]
        tiers = _tiers(sorted({text(row, "instFamily") for row in found}), kind, ask)
        for row in found:
            yield Listing(
                name=text(row, "instId"),
                asset=text(row, "settleCcy"),
                multiplier=needed(row, "ctVal") * needed(row, "ctMult"),
                lot_size=needed(row, "lotSz"),
                min_contracts=needed(row, "minSz"),
                tick_size=needed(row, "tickSz"),
                max_leverage=needed(row, "lever"),
                funding_interval_hours=paid.get(text(row, "instId")) if kind == "SWAP" else None,
                expiry=None if kind == "SWAP" else milliseconds(row, "expTime"),
                maintenance=tiers.get(text(row, "instFamily")),
            )


def _is_meant(row: Row) -> bool:
    return (row.get("ctType"), row.get("ctValCcy"), row.get("state")) == ("inverse", "USD", "live")


def _tiers(families: Sequence[str], kind: str, ask: Ask) -> dict[str, Tiers]:
    """The tiers of families, in contracts; a family of which none are told is left out."""
    found: dict[str, list[Row]] = {}
    for start in range(0, len(families), _MOST_FAMILIES):
        some = ",".join(families[start : start + _MOST_FAMILIES])
        answer = ask("publicGetPublicPositionTiers", instType=kind, tdMode="cross", instFamily=some)
        for row in rows(answer, "data"):
            found.setdefault(text(row, "instFamily"), []).append(row)
    return {family: COIN_MARGINED.of(map(_tier, sorted(of, key=_bound))) for family, of in found.items()}


def _bound(row: Row) -> Fraction:
    return needed(row, "maxSz")


def _tier(row: Row) -> Tier:
    return Tier(_bound(row), needed(row, "mmr"), max_leverage=needed(row, "maxLever"))


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays by sort of contract; what is charged is below 0 there."""
    paid = {kind: _paid(rows(ask("privateGetAccountTradeFee", instType=kind), "data")) for kind in ("SWAP", "FUTURES")}
    found = {name: paid["SWAP" if name.endswith("-SWAP") else "FUTURES"] for name in names}
    return {name: fees for name, fees in found.items() if fees is not None}


def _paid(told: Sequence[Row]) -> Fees | None:
    return Fees(-needed(told[0], "maker"), -needed(told[0], "taker")) if told else None
