"""The screen of one venue; ``?`` stands behind a figure that is assumed."""

from collections.abc import Callable, Collection, Iterable
from fractions import Fraction

from rebal.catalogue import ContractLine, Standing, TierLine, VenueSheet
from rebal.formats.page.ink import BOLD, DIM, EMPTY, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row, hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.specification import assumed_fields, maintenance, marked, multiplier, percent, tier
from rebal.formats.page.wording import ORDER_UNITS, day_and_time, unbroken
from rebal.market.contract import Kind

_COLUMNS = (
    Column("contract", role=Role.NAME, left=True),
    Column("each"),
    Column("tick"),
    Column("lot"),
    Column("least"),
    Column("typed in"),
    Column("maker"),
    Column("taker"),
    Column("funding h", "funding every", "hours"),
    Column("leverage", "leverage up to"),
    Column("date"),
    Column("source", left=True),
    Column("", role=Role.BELOW),
)


def lines(report: VenueSheet, sheet: Sheet) -> list[Line]:
    """What holds of the venue, its contracts, their maintenance, what is assumed, notes and sources."""
    assumed = assumed_fields(report)
    found = [line(Piece(sheet.text(report.title), BOLD))]
    for statement in report.statements:
        found += sheet.flow([line(unbroken(sheet.text(statement)))])
    for kind in Kind:
        rows = [_row(each, assumed, sheet) for each in report.contracts if each.kind is kind]
        found += [*sheet.section(f"{kind.capitalize()} contracts"), *sheet.table(_COLUMNS, rows)] if rows else []
    found += _maintenance(report, assumed, sheet)
    pairs = [(each.contract, f"{each.figure}: {each.stands_in}; set {each.key}") for each in report.assumed]
    found += _listed("Assumed", "nobody was seen to publish these; ? marks them above", pairs, sheet)
    pairs = [(contract.contract, note) for contract in report.contracts for note in contract.notes]
    found += _listed("Notes", "", pairs, sheet)
    return [*found, *_listed("Sources", "", [(each.source, each.title) for each in report.sources], sheet)]


def _row(contract: ContractLine, assumed: Collection[tuple[str, str]], sheet: Sheet) -> Row:
    exact = sheet.figures.exact

    def cell(field: str, value: Fraction | None, write: Callable[[Fraction], str] = exact) -> Line:
        if value is None:
            return EMPTY
        return line(marked(write(value), field=field, contract=contract.contract, assumed=assumed))

    def rate(value: Fraction) -> str:
        return percent(value, sheet.figures)

    return (
        line(contract.contract),
        cell("multiplier", contract.multiplier, lambda _: multiplier(contract, sheet.figures)),
        cell("tick_size", contract.tick_size),
        cell("lot_size", contract.lot_size),
        cell("min_contracts", contract.min_contracts),
        EMPTY if contract.order_unit is None else line(ORDER_UNITS.get(contract.order_unit, contract.asset)),
        cell("maker_fee", contract.maker_fee, rate),
        cell("taker_fee", contract.taker_fee, rate),
        cell("funding_interval", contract.funding_interval_hours),
        cell("max_leverage", contract.max_leverage),
        line(contract.date) if contract.date else EMPTY,
        line(f"{contract.status}: {', '.join(contract.sources)}"),
        _remark(contract, sheet),
    )


def _remark(contract: ContractLine, sheet: Sheet) -> Line:
    if contract.standing is Standing.PLANNED_ON:
        return EMPTY if contract.expiry is None else line(f"expires {day_and_time(contract.expiry)}")
    why = "its multiplier is not known" if contract.standing is Standing.INCOMPLETE else contract.listing
    return line(Piece(f"not planned on: {sheet.text(why)}", DIM))


def _maintenance(report: VenueSheet, assumed: Collection[tuple[str, str]], sheet: Sheet) -> list[Line]:
    tiers: dict[str, list[TierLine]] = {}
    for each in report.tiers:
        tiers.setdefault(each.contract, []).append(each)
    pairs = []
    for contract in report.contracts:
        if contract.maintenance_price is not None:
            way = maintenance(contract, sheet.figures)
            words = [marked(way, field="maintenance", contract=contract.contract, assumed=assumed)]
            words += [tier(each, contract, sheet.figures) for each in tiers.get(contract.contract, ())]
            pairs.append((contract.contract, sheet.signs.between.join(words)))
    return _listed("Maintenance margin", "", pairs, sheet)


def _listed(title: str, note: str, pairs: Iterable[tuple[str, str]], sheet: Sheet) -> list[Line]:
    """A heading and, below each name, what is said of it."""
    listed = list(pairs)
    if not listed:
        return []
    wide = max(len(name) for name, _ in listed)
    rows = [
        hang(line(Piece(name, BOLD), " " * (wide - len(name) + 2)), line(unbroken(sheet.text(text))), sheet.view.width)
        for name, text in listed
    ]
    return [*sheet.section(title, note), *(each for row in rows for each in row)]
