"""What to type into the exchange, and in which order."""

from collections.abc import Sequence

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.formats.describe._words import ORDER_UNITS, destination, joined, purposes
from rebal.formats.document import (
    GREEN,
    RED,
    Column,
    Figure,
    Kind,
    Loud,
    Medium,
    Place,
    Role,
    Said,
    Section,
    Steps,
    Table,
)
from rebal.plan import Order, Plan, Setting, Side, Step, StepKind, Transfer
from rebal.portfolio import Route


def _side(order: Order) -> Said:
    return Loud(order.side.value, RED if order.side is Side.SELL else GREEN)


def _quantity(order: Order) -> Figure:
    """What the order form is given, in its own unit."""
    return Figure(order.order_quantity, Kind.EXACT, ORDER_UNITS.get(order.order_unit, order.asset))


def _at(order: Order) -> Fraction:
    return order.price if order.limit_price is None else order.limit_price


def why(order: Order) -> Said:
    """What an order is for, and what is special about it."""
    reasons: list[Said] = [purposes(order.parts, order.asset)]
    if order.reduce_only:
        reasons.append("reduce only")
    if order.route is not Route.INVERSE:
        reasons.append(f"{order.route} route")
    return joined(reasons)


_ORDERS = (
    Column("", _side, role=Role.NAME, left=True),
    Column("quantity", _quantity, record="{}", role=Role.NAME),
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column(
        "contracts", "contracts", before="", after="contracts", record="contracts {}", echoes="order_quantity", yields=3
    ),
    Column("dollars", "notional", Kind.DOLLARS, before="", after="dollars", record="{} USD"),
    Column("coins", "coins", Kind.COINS, before="", unit="asset"),
    Column("at", _at),
    Column("mark", "price", echoes=_at, yields=3),
    Column("fee", "fee", Kind.COINS, unit="fee_currency", yields=1),
    Column("why", why, before="for", left=True, yields=2),
)
_SETTINGS = (
    Column("", "contract"),
    Column("", "margin_mode", record="margin {}"),
    Column("", "leverage", record="leverage {}"),
)
_STEPS_NOTE = "one after the other"
_TRANSFERS = (
    Column("", "asset"),
    Column("", "quantity"),
    Column("", lambda transfer: destination(transfer.quantity, transfer.contract)),
)


def section(orders: Sequence[Order]) -> Section:
    """The orders, in placing order."""
    return Section("Orders", (Table(_ORDERS, orders, word="order"),), "at the mark, taker fee")


def moves(transfers: Sequence[Transfer]) -> Table:
    """The transfers, for records: a page has them among the steps and the wallets."""
    return Table(_TRANSFERS, transfers, word="move", only=Medium.RECORDS)


def steps(plan: Plan) -> Section:
    """Orders and transfers as a list to follow, what to set before them first."""
    listed = Steps([(each.n, _step(each, plan)) for each in plan.steps], _alike(plan.settings) if plan.steps else ())
    settings = Table(_SETTINGS, plan.settings, word="set", only=Medium.RECORDS)
    return Section("Steps", (settings, listed), _STEPS_NOTE, place=Place.MIDDLE)


def _alike(settings: Sequence[Setting]) -> list[Said]:
    """What to set before the first order, the contracts that are set alike in one sentence."""
    alike: dict[tuple[MarginMode, Fraction], list[str]] = {}
    for each in settings:
        alike.setdefault((each.margin_mode, each.leverage), []).append(each.contract)
    return [
        (f"set {mode} margin and leverage ", leverage, f" for {', '.join(contracts)}")
        for (mode, leverage), contracts in alike.items()
    ]


def _step(step: Step, plan: Plan) -> Said:
    if step.kind is StepKind.TRANSFER:
        move = plan.transfers[step.index]
        amount = Figure(abs(move.quantity), Kind.EXACT, move.asset)
        return ("move ", amount, f" {destination(move.quantity, move.contract)}")
    order = plan.orders[step.index]
    return (_side(order), " ", _quantity(order), f" of {order.contract} at ", *_placing(order))


def _placing(order: Order) -> tuple[Said, ...]:
    """How an order is placed: its limit, the mark where that is another price, and whether it may only reduce."""
    at = _at(order)
    mark = () if at == order.price else (", mark ", order.price)
    return (at, *mark, ", reduce only" if order.reduce_only else "")
