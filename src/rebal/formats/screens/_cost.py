"""What the plan costs, and what closing realises."""

from rebal.formats.page.ink import Line, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import SPOT_MATCHES
from rebal.plan import CostLine, Costs, Plan, PnlLine

_COSTS = (
    Column("contract", role=Role.NAME, left=True),
    Column("fees $", "fees", "dollars"),
    Column("funding $ a day", "funding", "dollars a day"),
)
_PNL = (
    Column("contract", role=Role.NAME, left=True),
    Column("PnL"),
    Column("PnL $", "PnL", "dollars"),
    Column("fees"),
    Column("funding"),
    Column("net $", "net", "dollars"),
)


def lines(costs: Costs, sheet: Sheet) -> list[Line]:
    """Fees once and funding a day and a year; a row a contract where there are several."""
    if not costs.breakdown:
        return []
    several = len(costs.breakdown) > 1
    note = "funding above 0 is paid, below 0 received" if several and costs.funding_usd_per_day is not None else ""
    summary = sheet.flow([line("fees ", sheet.usd(costs.fees_usd)), _funding(costs, sheet)])
    rows = [_row(each, sheet) for each in costs.breakdown] if several else []
    return [*sheet.section("Cost", note), *summary, *(sheet.table(_COSTS, rows) if rows else [])]


def realised(plan: Plan, sheet: Sheet) -> list[Line]:
    """What closing realises, and whether spot is where the targets want it once the futures are gone."""
    if not plan.pnl and plan.spot_matches is None:
        return []
    found = sheet.section("Realised by closing")
    if plan.pnl:
        found += sheet.table(_PNL, [_pnl_row(each, sheet) for each in plan.pnl])
    if plan.spot_matches is not None:
        found += sheet.flow([line(SPOT_MATCHES[plan.spot_matches])])
    return found


def _funding(costs: Costs, sheet: Sheet) -> Line:
    day, year = costs.funding_usd_per_day, costs.funding_usd_per_year
    if day is None or year is None:
        return line("funding not known")
    if not day:
        return line("no funding")
    verb = "paid" if day > 0 else "received"
    return line(f"funding {verb} {sheet.usd(abs(day))} a day, {sheet.usd(abs(year))} a year")


def _row(cost: CostLine, sheet: Sheet) -> Row:
    dollars = sheet.figures.dollars
    return (
        line(sheet.text(cost.contract)),
        line(dollars(cost.fee_usd)),
        sheet.cell(dollars, cost.funding_usd_per_day),
    )


def _pnl_row(pnl: PnlLine, sheet: Sheet) -> Row:
    figures = sheet.figures

    def coins(text: str) -> Line:
        return line(sheet.in_settlement(text, pnl.contract))

    return (
        line(sheet.text(pnl.contract)),
        coins(figures.coins(pnl.coin)),
        line(figures.dollars(pnl.usd)),
        coins(figures.coins(pnl.fees_coin)),
        coins(figures.coins(pnl.funding_coin)),
        line(figures.dollars(pnl.net_usd)),
    )
