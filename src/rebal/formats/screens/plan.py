"""The screen of plan, hedge and unwind: am I off, what do I do, can it hurt me, what does it cost, what else."""

from rebal.formats.page.ink import ALARM, BOLD, DIM, Line, Piece, line
from rebal.formats.page.layout import hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time, headline, refusal
from rebal.formats.screens import _cost, _drift, _findings, _margin, _orders, _positions
from rebal.plan import Plan


def lines(plan: Plan, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a plan."""
    return [
        *_heading(plan, sheet),
        *_drift.lines(plan.assets, sheet),
        *_orders.lines(plan, sheet),
        *_orders.steps(plan, sheet),
        *_margin.lines(plan.wallets, plan.transfers, sheet),
        *_positions.lines(plan.positions, sheet),
        *_positions.hedges(plan.hedges, sheet),
        *_cost.realised(plan, sheet),
        *_cost.lines(plan.costs, sheet),
        *_findings.lines(plan.findings, sheet),
    ]


def _heading(plan: Plan, sheet: Sheet) -> list[Line]:
    origin = [Piece(sheet.text(plan.name), BOLD), Piece(_where(plan, sheet), DIM), Piece(_when(plan), DIM)]
    return [
        *sheet.flow([line(each) for each in origin if each.text], between="   "),
        *_refused(plan, sheet),
        *sheet.flow(_equity(plan, sheet), between="   "),
    ]


def _where(plan: Plan, sheet: Sheet) -> str:
    modes = sorted({wallet.mode for wallet in plan.wallets})
    margin = f"{' and '.join(modes)} margin" if modes else ""
    return ", ".join(each for each in (sheet.text(plan.venue or ""), margin) if each)


def _when(plan: Plan) -> str:
    at = plan.inputs.market_as_of
    return "prices without a date" if at is None else f"prices of {day_and_time(at)}"


def _refused(plan: Plan, sheet: Sheet) -> list[Line]:
    if not plan.refused:
        return []
    why = sheet.text(refusal(plan))
    sentence = f"not to be placed as it stands: {why}" if why else "not to be placed as it stands"
    return hang(line(Piece("Refused   ", ALARM)), line(Piece(sentence, ALARM)), sheet.view.width)


def _equity(plan: Plan, sheet: Sheet) -> list[Line]:
    amount = sheet.usd(plan.equity)
    return [line(Piece(amount, BOLD)), line(Piece(headline(plan, sheet.figures, arrow=sheet.signs.arrow)))]
