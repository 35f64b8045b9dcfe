"""What is held and open: weights and their drift, positions, hedges; before and after a plan, or as they stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from rebal.account_lines import AccountLine, LevelLine
from rebal.amounts import ZERO, Fraction, plain
from rebal.book import MarginMode
from rebal.formats.describe import _weights
from rebal.formats.describe._phrases import DUE, FAR, foreseeable
from rebal.formats.document import Column, Place, Role, Section, Table
from rebal.formats.document.said import (
    GREEN,
    PLAIN,
    RED,
    YELLOW,
    Absent,
    Bar,
    Change,
    Figure,
    Inked,
    Kind,
    Medium,
    Said,
)
from rebal.plan import AssetLine, HedgeLine, PositionLine
from rebal.policy import Policy

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_BAND = Fraction(5, 100)
"""Where a bar of drift is full if no policy says: the policy's own default."""


def drift(
    assets: Sequence[AssetLine], limits: Policy | None, *, planned: bool, shown: Sequence[AssetLine] | None = None
) -> Section:
    """How far each weight is off; without targets what is held and how much of it is hedged.

    ``planned``: also where a plan leaves it. ``shown``: the assets that a page is about, None for all.
    """
    seen = assets if shown is None else shown
    weighed = any(each.drift is not None for each in seen)
    # a full bar is a drift of the band or more: the bars of a book at target are short
    band = limits.band.points if limits else _BAND
    largest = max((abs(each.drift) for each in seen if each.drift is not None), default=ZERO)
    bar = Column("", partial(_bar, max(largest, band) if largest else ZERO), role=Role.BAR, left=True, only=_PAGE)
    columns = (*_HELD, bar, *(_AFTER if planned else _NOW))
    note = _band(limits) if weighed and limits else ""
    table = Table(columns, assets, word="drift", shown=seen)
    drawn = (_weights.chart(seen, limits, planned=planned),) if weighed else ()
    return Section("Drift" if weighed else "Holdings", (*drawn, table), note, place=Place.FIRST)


def hedged(assets: Sequence[AssetLine], limits: Policy | None, *, shown: Sequence[AssetLine]) -> tuple[Section, ...]:
    """What hedges leave exposed, now and after; records and paper have the weights too, as a plan does."""
    page = Section("Exposure", (Table(_EXPOSED, shown),), "net of hedges", only=_PAGE, place=Place.FIRST)
    weights = drift(assets, limits, planned=True, shown=shown)
    return page, replace(weights, only=_RECORDS), replace(weights, only=Medium.PAPER)


def _band(policy: Policy) -> str:
    points = f"band ±{plain(policy.band.points * 100)} points"
    if policy.band.relative is None:
        return points
    return f"{points}, or {plain(policy.band.relative * 100)} % of the target where that is less"


def _ink(asset: AssetLine) -> str:
    if asset.outside_band is None or asset.drift is None:
        return PLAIN
    if not asset.outside_band:
        return GREEN
    return RED if asset.drift > 0 else YELLOW


def _drift(asset: AssetLine) -> Said:
    return None if asset.drift is None else Inked(asset.drift, _ink(asset))


def _bar(largest: Fraction, asset: AssetLine) -> Said:
    return Bar(asset.drift / largest, _ink(asset), both_ways=True) if asset.drift is not None and largest else None


def _is_hedged(asset: AssetLine) -> bool:
    return bool(asset.hedge_ratio or asset.hedge_ratio_after)


def _hedged(asset: AssetLine) -> Said:
    return Change(asset.hedge_ratio, asset.hedge_ratio_after)


def _net(asset: AssetLine) -> Said:
    return Change(asset.net_exposure, asset.net_exposure_after)


def _of_hedges(hedged: str | Callable[[AssetLine], Said], net: str | Callable[[AssetLine], Said]) -> tuple[Column, ...]:
    return (
        Column("hedged", hedged, Kind.PERCENT, when=_is_hedged),
        Column(
            "net of hedges $", net, Kind.DOLLARS, "net of hedges", "dollars", record="net {}", yields=3, when=_is_hedged
        ),
    )


_HELD = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("price", "price", Kind.PRICE, yields=1),
    Column("held", "holding", Kind.COINS, yields=1),
    Column("worth $", "spot_value", Kind.DOLLARS, "worth", "dollars", yields=1),
    Column("exposure $", "exposure", Kind.DOLLARS, "exposure", "dollars", yields=2, echoes="spot_value"),
    Column("weight", "weight", Kind.PERCENT),
    Column("target", "target_weight", Kind.PERCENT),
    Column("drift", _drift, Kind.POINTS, after="points"),
)
_AFTER = (Column("after", "weight_after", Kind.PERCENT, "weight after", record="after {}"), *_of_hedges(_hedged, _net))
_NOW = _of_hedges("hedge_ratio_after", "net_exposure_after")


_EXPOSED = (
    Column("coin", "asset", role=Role.NAME, left=True),
    Column("net exposure $", _net, Kind.DOLLARS, "net exposure", "dollars"),
    Column("hedged", _hedged, Kind.PERCENT),
    Column("price", "price", Kind.PRICE, yields=1),
    Column("held", "holding", Kind.COINS, yields=1),
    Column("worth $", "spot_value", Kind.DOLLARS, "worth", "dollars", yields=2),
    Column("exposure $", "exposure", Kind.DOLLARS, "exposure", "dollars", yields=3, echoes="spot_value"),
)


def positions(lines: Sequence[PositionLine], *, accounts: Sequence[AccountLine], planned: bool) -> Section:
    """The futures as they stand; ``planned``: now and after, a page has them only where the book was open or pools."""
    told = any(each.contracts_before or each.margin is MarginMode.POOLED for each in lines)
    alone = {(line.account, level.path): level for line in accounts for level in line.levels if level.path == level.of}
    columns = (
        _CONTRACT,
        _CONTRACTS_AFTER if planned else _CONTRACTS,
        *_POSITION,
        Column("", partial(_liquidated, alone), role=Role.BELOW, when="contracts", only=_PAGE),
        Column("", partial(_liquidation, alone), Kind.PRICE, record="liquidation {}", absent=Absent.NEVER,
               only=_RECORDS),
    )  # fmt: skip
    table = Table(columns, lines, word="position", shown=lines if told else ())
    return Section("Positions after" if planned else "Positions", (table,))


def _changed(position: PositionLine) -> Said:
    return Change(position.contracts_before, position.contracts)


def _has_both(position: PositionLine) -> bool:
    return bool(position.contracts_hedge and position.contracts_rebalance)


def _own_margin(position: PositionLine) -> Said:
    margin = position.isolated_margin
    return None if margin is None else Figure(margin, Kind.COINS, position.settle)


_Alone = Mapping[tuple[str | None, str], LevelLine]
"""Of each pooled account its level on each coin's own path."""


def _liquidation(alone: _Alone, position: PositionLine) -> Said:
    if position.margin is not MarginMode.POOLED:
        return position.liquidation_price
    if not position.contracts:
        return "pooled"
    end, estimate = _alone(alone, position), position.liquidation_estimate
    ours, printed = ("never" if each is None else Figure(each, Kind.PRICE) for each in (end, estimate))
    return (f"pooled: {position.asset} alone ", ours, ", estimate ", printed)


def _alone(alone: _Alone, position: PositionLine) -> Fraction | None:
    """The mark at which the account ends on the position's side were its coin to move alone."""
    level = alone.get((position.account, position.asset))
    end = None if level is None else level.below if position.contracts > 0 else level.above
    return None if end is None else end * position.mark_price


def _liquidated(alone: _Alone, position: PositionLine) -> Said:
    if position.margin is MarginMode.POOLED:
        # what becomes of the account decides; the venue prints a price all the same
        end, estimate = _alone(alone, position), position.liquidation_estimate
        ours: tuple[Said, ...] = (f"never liquidated by {position.asset} alone",)
        if end == position.mark_price:
            ours = (f"liquidation {DUE}",)
        elif end is not None:
            ours = (f"liquidated by {position.asset} alone at ", Figure(end, Kind.PRICE))
        if estimate is None:
            return ours
        return (*ours, "; estimate that the venue prints: ", Figure(estimate, Kind.PRICE))
    if position.liquidation_price is None:
        return "never liquidated"
    if position.liquidation_price == position.mark_price:
        return f"liquidation {DUE}"
    factor = position.liquidation_price / position.mark_price
    if foreseeable(1 - factor if factor < 1 else None, factor - 1 if factor > 1 else None) == (None, None):
        return f"liquidated {FAR}"
    return ("liquidated at a mark of ", Figure(position.liquidation_price, Kind.PRICE))


def _below(
    heading: str, get: str | Callable[[PositionLine], Said], when: str | Callable[[PositionLine], bool] = "contracts"
) -> Column:
    return Column(heading, get, role=Role.BELOW, when=when, only=_PAGE)


_CONTRACT = Column("contract", "contract", record="{}", role=Role.NAME, left=True, place=Place.FIRST)
_CONTRACTS = Column("contracts", "contracts", before="", after="contracts", record="contracts {}", place=Place.FIRST)
_CONTRACTS_AFTER = Column("contracts", _changed, before="", after="contracts", record="contracts {}", place=Place.FIRST)
_POSITION = (
    Column("entry price", "entry_price", Kind.PRICE, record="entry {}"),
    Column("mark", "mark_price", Kind.PRICE),
    Column("dollars", "notional", Kind.DOLLARS, "", "dollars", record="{} USD", when="contracts"),
    Column("coins", "coin_value", Kind.COINS, "coins at mark", record="coins {}", unit="asset", when="contracts"),
    Column("PnL", "unrealised_pnl", Kind.COINS, record="pnl {}", unit="settle", when="contracts"),
    Column(
        "for rebalance",
        "contracts_rebalance",
        after="contracts",
        record="rebalance {}",
        role=Role.BELOW,
        when=_has_both,
        place=Place.FIRST,
    ),
    Column(
        "for hedge",
        "contracts_hedge",
        after="contracts",
        record="hedge {}",
        role=Role.BELOW,
        when="contracts_hedge",
        place=Place.FIRST,
    ),
    Column("delta", "delta", Kind.COINS, unit="asset", role=Role.BELOW, when="contracts"),
    Column("own margin", _own_margin, role=Role.BELOW, only=_PAGE),
    Column("", "isolated_margin", Kind.COINS, record="margin {}", only=_RECORDS),
)


def hedges(asked: Sequence[HedgeLine], assets: Sequence[AssetLine], *, planned: bool) -> Section:
    """How much of what is hedged, how much was asked for, and until when."""
    ratios = {each.asset: each.hedge_ratio_after for each in assets}
    columns = (
        Column("hedge of", "asset", before="", role=Role.NAME, left=True),
        Column("hedged", partial(_ratio, ratios), Kind.PERCENT, record="now {}", only=_PAGE if planned else None),
        Column("asked", "fraction", Kind.PERCENT, record="{}" if planned else "asked {}"),
        Column("until", "until", left=True),
    )
    return Section("Hedges after" if planned else "Hedges", (Table(columns, asked, word="hedge"),))


def _ratio(ratios: Mapping[str, Fraction | None], hedge: HedgeLine) -> Said:
    return ratios.get(hedge.asset)
