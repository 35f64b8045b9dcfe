"""What to type into the exchange, and in which order."""

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import DIM, ECHO, EMPTY, GREEN, PLAIN, RED, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row, hang
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import ORDER_UNITS, destination, why
from rebal.market.contract import OrderUnit
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
    counts = any(order.order_unit is not OrderUnit.CONTRACTS for order in plan.orders)
    off_tick = any(order.limit_price not in (None, order.price) for order in plan.orders)
    rows = [_row(order, sheet, counts=counts, off_tick=off_tick) for order in plan.orders]
    return [*sheet.section("Orders", "at the mark, taker fee"), *sheet.table(_COLUMNS, rows)]


def steps(plan: Plan, sheet: Sheet) -> list[Line]:
    """Orders and transfers as a list to follow."""
    if not plan.steps:
        return []
    lines = sheet.section("Steps", "one after the other")
    digits = len(str(plan.steps[-1].n))
    for step in plan.steps:
        lead = line(Piece(f"{step.n:>{digits}}  ", DIM))
        lines += hang(lead, _step(step, plan, sheet), sheet.view.width)
    return lines


def _row(order: Order, sheet: Sheet, *, counts: bool, off_tick: bool) -> Row:
    figures, by_contract = sheet.figures, order.order_unit is OrderUnit.CONTRACTS
    at = order.price if order.limit_price is None else order.limit_price
    return (
        _side(order),
        line(quantity(order, sheet)),
        line(sheet.text(order.contract)),
        sheet.cell(figures.exact, order.contracts, ECHO if by_contract else PLAIN) if counts else EMPTY,
        line(figures.dollars(order.notional)),
        line(f"{figures.coins(order.coins)}{GLUE}{sheet.text(order.asset)}"),
        line(figures.exact(at)),
        sheet.cell(figures.exact, order.price, ECHO if order.price == at else PLAIN) if off_tick else EMPTY,
        line(f"{figures.coins(order.fee)}{GLUE}{sheet.text(order.fee_currency)}"),
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
    at = order.price if order.limit_price is None else order.limit_price
    rest = f" {quantity(order, sheet)} of {sheet.text(order.contract)} at {sheet.figures.exact(at)}"
    return line(*_side(order), rest)


def _move(transfer: Transfer, sheet: Sheet) -> Line:
    amount = f"{sheet.figures.exact(abs(transfer.quantity))}{GLUE}{sheet.text(transfer.asset)}"
    return line(f"move {amount} {sheet.text(destination(transfer))}")
