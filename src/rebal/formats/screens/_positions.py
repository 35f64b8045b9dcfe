"""The futures that are open, and the hedges that were asked for."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.formats.page.ink import EMPTY, Line, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import DUE, day_and_time
from rebal.plan import AssetLine, HedgeLine, PositionLine

_COLUMNS = (
    Column("contract", role=Role.NAME, left=True),
    Column("contracts", "", "contracts"),
    Column("entry price"),
    Column("mark"),
    Column("dollars", "", "dollars"),
    Column("coins", "coins at mark"),
    Column("PnL"),
    Column("for rebalance", after="contracts", role=Role.BELOW),
    Column("for hedge", after="contracts", role=Role.BELOW),
    Column("delta", role=Role.BELOW),
    Column("own margin", role=Role.BELOW),
    Column("", role=Role.BELOW),
)
_HEDGES = (
    Column("hedge of", "", role=Role.NAME, left=True),
    Column("hedged"),
    Column("asked"),
    Column("until", left=True),
)


def lines(positions: Sequence[PositionLine], sheet: Sheet, *, planned: bool) -> list[Line]:
    """Positions as they stand; ``planned``: now and after, and only where the book was open (else: see its orders)."""
    if not any(each.contracts_before for each in positions):
        return []
    title = "Positions after" if planned else "Positions"
    return [*sheet.section(title), *sheet.table(_COLUMNS, [_row(each, sheet) for each in positions])]


def hedges(asked: Sequence[HedgeLine], assets: Sequence[AssetLine], sheet: Sheet, *, planned: bool) -> list[Line]:
    """How much of what is hedged, how much was asked for, and until when."""
    if not asked:
        return []
    ratios = {each.asset: each.hedge_ratio_after for each in assets}
    rows = [_hedge(each, ratios.get(each.asset), sheet) for each in asked]
    return [*sheet.section("Hedges after" if planned else "Hedges"), *sheet.table(_HEDGES, rows)]


def _row(position: PositionLine, sheet: Sheet) -> Row:
    figures, asset, settle = sheet.figures, position.asset, position.settle
    is_open, both = bool(position.contracts), bool(position.contracts_hedge and position.contracts_rebalance)
    contracts = sheet.change(figures.exact(position.contracts_before), figures.exact(position.contracts))

    def where_open(text: str) -> Line:
        return line(text) if is_open else EMPTY

    return (
        line(sheet.text(position.contract)),
        line(contracts),
        sheet.cell(figures.price, position.entry_price),
        line(figures.price(position.mark_price)),
        where_open(figures.dollars(position.notional)),
        where_open(sheet.coins(position.coin_value, asset)),
        where_open(sheet.coins(position.unrealised_pnl, settle)),
        line(figures.exact(position.contracts_rebalance)) if both else EMPTY,
        line(figures.exact(position.contracts_hedge)) if position.contracts_hedge else EMPTY,
        where_open(sheet.coins(position.delta, asset)),
        EMPTY if position.isolated_margin is None else line(sheet.coins(position.isolated_margin, settle)),
        where_open(_liquidation(position, sheet)),
    )


def _liquidation(position: PositionLine, sheet: Sheet) -> str:
    if position.liquidation_price is None:
        return "never liquidated"
    if position.liquidation_price == position.mark_price:
        return f"liquidation {DUE}"
    return f"liquidated at a mark of {sheet.figures.price(position.liquidation_price)}"


def _hedge(asked: HedgeLine, ratio: Fraction | None, sheet: Sheet) -> Row:
    percent = sheet.figures.percent
    return (
        line(sheet.text(asked.asset)),
        sheet.cell(percent, ratio),
        line(percent(asked.fraction)),
        EMPTY if asked.until is None else line(day_and_time(asked.until)),
    )
