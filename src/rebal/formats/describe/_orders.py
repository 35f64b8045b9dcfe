"""What to type into the exchange, and in which order."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from rebal.amounts import Fraction, plain
from rebal.book import MarginMode
from rebal.formats.describe._phrases import ORDER_UNITS, destination, joined, purposes
from rebal.formats.document import Column, Place, Role, Section, Steps, Table
from rebal.formats.document.said import GREEN, RED, Figure, Kind, Loud, Medium, Said
from rebal.plan import Order, Plan, Setting, Side, Step, StepKind, Transfer
from rebal.policy import Route
from rebal.times import length_in_hours


def side(order: Order) -> Said:
    """Sell or buy, loud."""
    return Loud(order.side.value, RED if order.side is Side.SELL else GREEN)


def quantity(order: Order) -> Figure:
    """What the order form is given, in its own unit."""
    return Figure(order.order_quantity, Kind.EXACT, ORDER_UNITS.get(order.order_unit, order.asset))


def at(order: Order) -> Fraction:
    """The price to type: the limit, the mark where its tick is not known."""
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
    Column("", side, role=Role.NAME, left=True),
    Column("quantity", quantity, record="{}", role=Role.NAME),
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column(
        "contracts", "contracts", before="", after="contracts", record="contracts {}", echoes="order_quantity", yields=3
    ),
    Column("dollars", "notional", Kind.DOLLARS, before="", after="dollars", record="{} USD"),
    Column("coins", "coins", Kind.COINS, before="", unit="asset"),
    Column("at", at),
    Column("mark", "price", echoes=at, yields=3),
    Column("fee", "fee", Kind.COINS, unit="fee_currency", yields=1),
    Column("why", why, before="for", left=True, yields=2),
)
_SETTINGS = (
    Column("", "contract"),
    Column("", "margin_mode", record="margin {}"),
    Column("", "leverage", record="leverage {}"),
)
_MANY = 4
"""Transfers from which on they are told together."""
_STEPS_NOTE = "one after the other"


def section(orders: Sequence[Order]) -> Section:
    """The orders, in placing order."""
    return Section("Orders", (Table(_ORDERS, orders, word="order"),), "at the mark, taker fee")


def moves(plan: Plan) -> Table:
    """The transfers, for records: a page has them among the steps and the wallets."""
    columns = (Column("", "asset"), Column("", "quantity"), Column("", lambda each: _travelling(each, plan)))
    return Table(columns, plan.transfers, word="move", only=Medium.RECORDS)


def _travelling(move: Transfer, plan: Plan) -> str:
    """Where coins go, and to or from which other account."""
    other, hours = move.other_account, "" if move.hours is None else f" after {length_in_hours(move.hours)}"
    way = "" if other is None else f" to {other}" if move.quantity < 0 else f" from {other}{hours}"
    fee = "" if move.fee is None else f", {plain(move.fee)} of it the fee"
    return f"{_destination(move, plan)}{way}{fee}"


def _destination(move: Transfer, plan: Plan) -> str:
    return destination(move.quantity, move.contract, move.account if len(plan.accounts) > 1 else None)


def steps(plan: Plan) -> Section:
    """Orders and transfers as a list to follow, what to set before them first."""
    first = _alike(plan.settings) if plan.steps else ()
    listed = Steps([(each.n, _step(each, plan)) for each in plan.steps], first, together=list(_together(plan)))
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


def _together(plan: Plan) -> Iterator[tuple[str, Said]]:
    """The steps, transfers of one way that follow each other in one where they are many."""
    for _, group in groupby(plan.steps, partial(_way, plan)):
        found = list(group)
        if len(found) < _MANY:
            yield from ((str(each.n), _step(each, plan)) for each in found)
        else:
            moves = [plan.transfers[each.index] for each in found]
            where = _destination(moves[0], plan)
            amounts = joined(Figure(abs(each.quantity), Kind.EXACT, each.asset) for each in moves)
            yield f"{found[0].n}-{found[-1].n}", (f"move {where} ", *amounts)


def _way(plan: Plan, step: Step) -> object:
    """What transfers have in common that are told together; orders have nothing."""
    if step.kind is not StepKind.TRANSFER:
        return step.n
    move = plan.transfers[step.index]
    return (move.contract, move.account, move.quantity > 0, move.other_account)


def _kept(move: Transfer) -> tuple[Said, ...]:
    """What the network keeps of a withdrawal."""
    return () if move.fee is None else (", ", Figure(move.fee, Kind.EXACT, move.asset), " of it the fee")


def _step(step: Step, plan: Plan) -> Said:
    if step.kind is StepKind.TRANSFER:
        move = plan.transfers[step.index]
        amount = Figure(abs(move.quantity), Kind.EXACT, move.asset)
        if move.other_account is None:
            return ("move ", amount, f" {_destination(move, plan)}")
        if move.quantity < 0:
            return ("withdraw ", amount, f" {_destination(move, plan)}, to {move.other_account}", *_kept(move))
        took = () if move.hours is None else (f", {length_in_hours(move.hours)} after it left",)
        return ("wait for ", amount, f" from {move.other_account} {_destination(move, plan)}", *took)
    order = plan.orders[step.index]
    return (side(order), " ", quantity(order), f" of {order.contract}{_where(order, plan)} at ", *_placing(order))


def _where(order: Order, plan: Plan) -> str:
    """At which account an order is placed, where there are several and its contract does not say."""
    return f" on {order.account}" if len(plan.accounts) > 1 and ":" not in order.contract else ""


def _placing(order: Order) -> tuple[Said, ...]:
    """How an order is placed: its limit, the mark where that is another price, and whether it may only reduce."""
    typed = at(order)
    mark = () if typed == order.price else (", mark ", order.price)
    return (typed, *mark, ", reduce only" if order.reduce_only else "")
