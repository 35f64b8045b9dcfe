"""The screen of plan, hedge and unwind: am I off, what do I do, can it hurt me, what does it cost, what else."""

from rebal.formats.page.ink import ALARM, BOLD, DIM, Line, Piece, line
from rebal.formats.page.layout import hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import headline, refusal
from rebal.formats.screens import _cost, _drift, _findings, _margin, _orders, _origin, _positions, _realised
from rebal.plan import Plan


def lines(plan: Plan, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a plan."""
    return [
        *_heading(plan, sheet),
        *_drift.lines(plan.assets, sheet, planned=True),
        *_orders.lines(plan, sheet),
        *_orders.steps(plan, sheet),
        *_realised.by_closing(plan, sheet),
        *_margin.after(plan.wallets, plan.transfers, sheet),
        *_positions.lines(plan.positions, sheet, planned=True),
        *_positions.hedges(plan.hedges, plan.assets, sheet, planned=True),
        *_cost.lines(plan.costs, sheet),
        *_findings.lines(plan.findings, sheet),
    ]


def _heading(plan: Plan, sheet: Sheet) -> list[Line]:
    origin = [
        Piece(sheet.text(plan.name), BOLD),
        Piece(_origin.venue(plan, sheet), DIM),
        Piece(_origin.prices(plan), DIM),
    ]
    return [
        *sheet.flow([line(each) for each in origin if each.text], between="   "),
        *_refused(plan, sheet),
        *sheet.flow(_equity(plan, sheet), between="   "),
    ]


def _refused(plan: Plan, sheet: Sheet) -> list[Line]:
    if not plan.refused:
        return []
    why = sheet.text(refusal(plan))
    sentence = f"not to be placed as it stands: {why}" if why else "not to be placed as it stands"
    return hang(line(Piece("Refused   ", ALARM)), line(Piece(sentence, ALARM)), sheet.view.width)


def _equity(plan: Plan, sheet: Sheet) -> list[Line]:
    amount = sheet.usd(plan.equity)
    return [line(Piece(amount, BOLD)), line(Piece(headline(plan, sheet.figures, arrow=sheet.signs.arrow)))]
