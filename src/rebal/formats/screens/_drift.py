"""How far each weight is off, and where a plan leaves it."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.amounts import ZERO, plain
from rebal.formats.page.ink import DIM, EMPTY, GREEN, PLAIN, RED, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.plan import AssetLine
from rebal.portfolio import Policy

_HALF_CELLS = 12
_COLUMNS = (
    Column("coin", role=Role.NAME, left=True),
    Column("price", yields=1),
    Column("held", yields=1),
    Column("worth $", "worth", "dollars", yields=1),
    Column("exposure $", "exposure", "dollars", yields=2),
    Column("weight"),
    Column("target"),
    Column("drift", after="points"),
    Column("", role=Role.BAR, left=True),
    Column("after", "weight after"),
    Column("hedged"),
    Column("net of hedges $", "net of hedges", "dollars", yields=3),
)


def lines(assets: Sequence[AssetLine], sheet: Sheet, *, planned: bool) -> list[Line]:
    """The drift table; without targets what is held and how much of it is hedged. ``planned``: also the state after."""
    if not assets:
        return []
    weighed = any(each.drift is not None for each in assets)
    largest = max((abs(each.drift) for each in assets if each.drift is not None), default=ZERO)
    rows = [_row(each, sheet, largest=largest, planned=planned) for each in assets]
    note = _band(sheet.policy, sheet) if weighed and sheet.policy else ""
    return [*sheet.section("Drift" if weighed else "Holdings", note), *sheet.table(_COLUMNS, rows)]


def _band(policy: Policy, sheet: Sheet) -> str:
    points = f"band {sheet.signs.either_way}{plain(policy.band.points * 100)} points"
    if policy.band.relative is None:
        return points
    return f"{points}, or {plain(policy.band.relative * 100)} % of the target where that is less"


def _row(asset: AssetLine, sheet: Sheet, *, largest: Fraction, planned: bool) -> Row:
    figures, ink = sheet.figures, _ink(asset)
    return (
        line(sheet.text(asset.asset)),
        line(figures.price(asset.price)),
        line(figures.coins(asset.holding)),
        line(figures.dollars(asset.spot_value)),
        sheet.cell_unless(asset.spot_value, figures.dollars, asset.exposure),
        sheet.cell(figures.percent, asset.weight),
        sheet.cell(figures.percent, asset.target_weight),
        sheet.cell(figures.points, asset.drift, ink),
        _bar(asset.drift, largest, sheet, ink),
        sheet.cell(figures.percent, asset.weight_after if planned else None),
        _hedged(asset, sheet),
        _net(asset, sheet),
    )


def _ink(asset: AssetLine) -> str:
    if asset.outside_band is None or asset.drift is None:
        return PLAIN
    if not asset.outside_band:
        return GREEN
    return RED if asset.drift > 0 else YELLOW


def _bar(drift: Fraction | None, largest: Fraction, sheet: Sheet, ink: str) -> Line:
    if drift is None or not largest:
        return EMPTY
    signs, halves = sheet.signs, round(abs(drift) / largest * _HALF_CELLS)
    full, half = divmod(halves, 2)
    room = _HALF_CELLS // 2
    if drift < 0:
        bar = signs.right_half * half + signs.full * full
        return line(" " * (room - len(bar)), Piece(bar, ink), Piece(signs.axis, DIM), " " * room)
    bar = signs.full * full + signs.left_half * half
    return line(" " * room, Piece(signs.axis, DIM), Piece(bar, ink), " " * (room - len(bar)))


def _hedged(asset: AssetLine, sheet: Sheet) -> Line:
    percent = sheet.figures.percent
    if not asset.hedge_ratio and not asset.hedge_ratio_after:
        return EMPTY
    before, after = (percent(each or ZERO) for each in (asset.hedge_ratio, asset.hedge_ratio_after))
    return line(sheet.change(before, after))


def _net(asset: AssetLine, sheet: Sheet) -> Line:
    dollars = sheet.figures.dollars
    if not asset.hedge_ratio and not asset.hedge_ratio_after:
        return EMPTY
    return line(sheet.change(dollars(asset.net_exposure), dollars(asset.net_exposure_after)))
