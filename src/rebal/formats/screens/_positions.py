"""The futures that are open after a plan, and the hedges that were asked for."""

from collections.abc import Sequence

from rebal.formats.page.ink import BOLD, DIM, EMPTY, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time
from rebal.plan import HedgeLine, PositionLine

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
    Column("liquidation", role=Role.BELOW),
)


def lines(positions: Sequence[PositionLine], sheet: Sheet) -> list[Line]:
    """Positions now and after, where the book was open; a fresh book's are its orders."""
    if not any(each.contracts_before for each in positions):
        return []
    return [*sheet.section("Positions after"), *sheet.table(_COLUMNS, [_row(each, sheet) for each in positions])]


def hedges(asked: Sequence[HedgeLine], sheet: Sheet) -> list[Line]:
    """How much of what is meant to be hedged, and until when."""
    if not asked:
        return []
    phrases = [_hedge(each, sheet) for each in asked]
    return [*sheet.section("Hedges asked for"), *(part for each in phrases for part in sheet.flow([each]))]


def _row(position: PositionLine, sheet: Sheet) -> Row:
    figures, name = sheet.figures, position.contract
    is_open, both = bool(position.contracts), bool(position.contracts_hedge and position.contracts_rebalance)
    contracts = sheet.change(figures.exact(position.contracts_before), figures.exact(position.contracts))
    liquidation = "never" if position.liquidation_price is None else figures.price(position.liquidation_price)

    def where_open(text: str) -> Line:
        return line(text) if is_open else EMPTY

    return (
        line(sheet.text(name)),
        line(contracts),
        sheet.cell(figures.price, position.entry_price),
        line(figures.price(position.mark_price)),
        where_open(figures.dollars(position.notional)),
        where_open(sheet.in_asset(figures.coins(position.coin_value), name)),
        where_open(sheet.in_settlement(figures.coins(position.unrealised_pnl), name)),
        line(figures.exact(position.contracts_rebalance)) if both else EMPTY,
        line(figures.exact(position.contracts_hedge)) if position.contracts_hedge else EMPTY,
        where_open(sheet.in_asset(figures.coins(position.delta), name)),
        sheet.cell(figures.coins, position.isolated_margin),
        where_open(liquidation),
    )


def _hedge(asked: HedgeLine, sheet: Sheet) -> Line:
    share = f" {sheet.figures.percent(asked.fraction)}"
    until = "" if asked.until is None else f" until {day_and_time(asked.until)}"
    return line(Piece(sheet.text(asked.asset), BOLD), share, Piece(until, DIM))
