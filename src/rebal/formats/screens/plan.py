"""The screen of plan, hedge and unwind: am I off, what do I do, can it hurt me, what does it cost, what else."""

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import ALARM, BOLD, DIM, Line, Piece, line
from rebal.formats.page.layout import wrap
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import headline, refusal
from rebal.formats.screens import _cost, _drift, _findings, _margin, _orders, _origin, _positions, _realised
from rebal.plan import AssetLine, Plan
from rebal.portfolio import DOLLARS


def lines(plan: Plan, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a plan."""
    return [
        *_heading(plan, sheet),
        *_drift.lines(_touched(plan), sheet, planned=True),
        *_orders.lines(plan, sheet),
        *_orders.steps(plan, sheet),
        *_realised.by_closing(plan, sheet),
        *_margin.after(plan.wallets, plan.transfers, sheet),
        *_positions.lines(plan.positions, sheet, planned=True),
        *_positions.hedges(plan.hedges, plan.assets, sheet, planned=True),
        *_cost.lines(plan.costs, sheet),
        *_findings.lines(plan.findings, sheet),
    ]


def _touched(plan: Plan) -> list[AssetLine]:
    # A hedge and an unwind are about some coins: the others are as they were, and status has them.
    if plan.command == "plan":
        return list(plan.assets)
    traded = {asset for order in plan.orders for part in order.parts for asset in part.stands_for}
    touched = {each.asset for each in plan.assets if each.asset in traded or each.hedge_ratio != each.hedge_ratio_after}
    return [each for each in plan.assets if each.asset in touched | {DOLLARS}] if touched else []


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
    sentence = "Refused, do not place it"
    return wrap(line(Piece(f"{sentence}: {why}" if why else sentence, ALARM)), sheet.view.width)


def _equity(plan: Plan, sheet: Sheet) -> list[Line]:
    equity = line(Piece(sheet.usd(plan.equity), BOLD), f"{GLUE}equity")
    return [equity, line(Piece(headline(plan, sheet.figures, arrow=sheet.signs.arrow)))]
