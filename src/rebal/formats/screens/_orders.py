"""What to type into the exchange, and in which order."""

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import DIM, GREEN, RED, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row, hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import ORDER_UNITS, destination, placing, settings, why
from rebal.plan import Order, Plan, Side, Step, StepKind, Transfer

_COLUMNS = (
    Column("", role=Role.NAME, left=True),
    Column("quantity", role=Role.NAME),
    Column("contract", role=Role.NAME, left=True),
    Column("contracts", "", "contracts", yields=3),
    Column("dollars", "", "dollars"),
    Column("coins", ""),
    Column("at"),
    Column("mark", yields=3),
    Column("fee", yields=1),
    Column("why", "for", left=True, yields=2),
)


def lines(plan: Plan, sheet: Sheet) -> list[Line]:
    """The orders, in placing order."""
    if not plan.orders:
        return []
    rows = [_row(order, sheet) for order in plan.orders]
    return [*sheet.section("Orders", "at the mark, taker fee"), *sheet.table(_COLUMNS, rows)]


def steps(plan: Plan, sheet: Sheet) -> list[Line]:
    """Orders and transfers as a list to follow."""
    if not plan.steps:
        return []
    lines = sheet.section("Steps", "one after the other")
    digits = len(str(plan.steps[-1].n))
    for sentence in settings(plan.settings, sheet.figures):
        lines += hang(line(" " * (digits + 2)), line(sheet.text(sentence)), sheet.view.width)
    for step in plan.steps:
        lead = line(Piece(f"{step.n:>{digits}}  ", DIM))
        lines += hang(lead, _step(step, plan, sheet), sheet.view.width)
    return lines


def _row(order: Order, sheet: Sheet) -> Row:
    figures = sheet.figures
    at = order.price if order.limit_price is None else order.limit_price
    return (
        _side(order),
        line(quantity(order, sheet)),
        line(sheet.text(order.contract)),
        sheet.cell_unless(order.order_quantity, figures.exact, order.contracts),
        line(figures.dollars(order.notional)),
        line(sheet.coins(order.coins, order.asset)),
        line(figures.exact(at)),
        sheet.cell_unless(at, figures.exact, order.price),
        line(sheet.coins(order.fee, order.fee_currency)),
        line(sheet.text(why(order, figures))),
    )


def _side(order: Order) -> Line:
    return line(Piece(order.side.upper(), RED if order.side is Side.SELL else GREEN))


def quantity(order: Order, sheet: Sheet) -> str:
    """What the order form is given, in its own unit."""
    unit = ORDER_UNITS.get(order.order_unit) or sheet.text(order.asset)
    return f"{sheet.figures.exact(order.order_quantity)}{GLUE}{unit}"


def _step(step: Step, plan: Plan, sheet: Sheet) -> Line:
    if step.kind is StepKind.TRANSFER:
        return _move(plan.transfers[step.index], sheet)
    order = plan.orders[step.index]
    rest = f" {quantity(order, sheet)} of {sheet.text(order.contract)} {placing(order, sheet.figures)}"
    return line(*_side(order), rest)


def _move(transfer: Transfer, sheet: Sheet) -> Line:
    amount = f"{sheet.figures.exact(abs(transfer.quantity))}{GLUE}{sheet.text(transfer.asset)}"
    return line(f"move {amount} {sheet.text(destination(transfer.quantity, transfer.contract))}")
