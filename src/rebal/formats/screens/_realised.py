"""What contracts brought: PnL, fees and funding, each in the settlement coin and in dollars."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.formats.page.ink import ALARM, EMPTY, GREEN, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import SPOT_MATCHES
from rebal.ledger import Realised, RealisedUsd
from rebal.plan import Plan, PnlLine

_COLUMNS = (
    Column("contract", role=Role.NAME, left=True),
    Column("PnL"),
    Column("PnL $", "PnL", "dollars"),
    Column("fees", yields=2),
    Column("fees $", "fees", "dollars", yields=1),
    Column("funding", yields=2),
    Column("funding $", "funding", "dollars", yields=1),
    Column("net $", "net", "dollars"),
)


def so_far(realised: Sequence[Realised], sheet: Sheet, *, total: RealisedUsd | None = None) -> list[Line]:
    """What was realised, a row a contract, and a last one over all where there are several."""
    if not realised:
        return []
    rows = [_row(each, each.fees_usd, each.funding_usd, sheet) for each in realised]
    if total is not None and len(rows) > 1:
        rows.append(_total(total, sheet))
    return [*sheet.section("Realised", "in dollars at the prices of their time"), *sheet.table(_COLUMNS, rows)]


def by_closing(plan: Plan, sheet: Sheet) -> list[Line]:
    """What closing realises, and whether spot is where the targets want it once the futures are gone."""
    if not plan.pnl and plan.spot_matches is None:
        return []
    found = sheet.section("Realised by closing", "with the fees and funding so far")
    if plan.pnl:
        found += sheet.table(_COLUMNS, [_row(each, None, None, sheet) for each in plan.pnl])
    if plan.spot_matches is not None:
        ink = GREEN if plan.spot_matches else ALARM
        found += [*([EMPTY] if plan.pnl else []), *sheet.flow([line(Piece(SPOT_MATCHES[plan.spot_matches], ink))])]
    return found


def _row(each: Realised | PnlLine, fees_usd: Fraction | None, funding_usd: Fraction | None, sheet: Sheet) -> Row:
    dollars = sheet.figures.dollars
    return (
        line(sheet.text(each.contract)),
        line(sheet.coins(each.coin, each.currency)),
        line(dollars(each.usd)),
        line(sheet.coins(each.fees_coin, each.currency)),
        sheet.cell(dollars, fees_usd),
        line(sheet.coins(each.funding_coin, each.currency)),
        sheet.cell(dollars, funding_usd),
        line(dollars(each.net_usd)),
    )


def _total(over_all: RealisedUsd, sheet: Sheet) -> Row:
    dollars = sheet.figures.dollars
    return (
        line("total"),
        EMPTY,
        line(dollars(over_all.usd)),
        EMPTY,
        line(dollars(over_all.fees_usd)),
        EMPTY,
        line(dollars(over_all.funding_usd)),
        line(dollars(over_all.net_usd)),
    )
