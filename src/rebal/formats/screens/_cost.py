"""What a plan costs."""

from fractions import Fraction

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import Line, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.plan import CostLine, Costs

_COSTS = (
    Column("contract", role=Role.NAME, left=True),
    Column("fees $", "fees", "dollars"),
    Column("funding a day", "funding", "a day"),
)


def lines(costs: Costs, sheet: Sheet) -> list[Line]:
    """Fees once and funding a day and a year; a row a contract where there are several."""
    if not costs.breakdown:
        return []
    several = len(costs.breakdown) > 1
    summary = sheet.flow([line("fees ", sheet.usd(costs.fees_usd)), _funding(costs, sheet)])
    rows = [_row(each, sheet) for each in costs.breakdown] if several else []
    return [*sheet.section("Cost"), *summary, *(sheet.table(_COSTS, rows) if rows else [])]


def _funding(costs: Costs, sheet: Sheet) -> Line:
    day, year = costs.funding_usd_per_day, costs.funding_usd_per_year
    if day is None or year is None:
        return line("funding not known")
    if not day:
        return line("no funding")
    return line(f"funding {_paid(day, sheet)} a day, {sheet.usd(abs(year))} a year")


def _paid(usd: Fraction, sheet: Sheet) -> str:
    amount = sheet.usd(abs(usd))
    return f"{'paid' if usd > 0 else 'received'}{GLUE}{amount}" if usd else amount


def _row(cost: CostLine, sheet: Sheet) -> Row:
    return (
        line(sheet.text(cost.contract)),
        line(sheet.figures.dollars(cost.fee_usd)),
        sheet.cell(lambda usd: _paid(usd, sheet), cost.funding_usd_per_day),
    )
