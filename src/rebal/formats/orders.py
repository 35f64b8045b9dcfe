"""The orders of a plan as the arguments of ccxt's create_order, one JSON object a line; nothing is sent.

Each has an id made of the plan's digest and its place in the plan, of a saved plan always the same, so that most
exchanges refuse a line that is sent twice. Some, as Binance, do so while the first still waits; Deribit never does: any
number of orders may bear its label.
"""

import json
from collections.abc import Iterator
from typing import Any

from rebal.amounts import Fraction, plain
from rebal.book import MarginMode
from rebal.errors import Refused, UsageProblem
from rebal.findings import Severity
from rebal.formats import Report, View, kind
from rebal.formats.json import render as as_json
from rebal.market.contract import Contract
from rebal.placing import (
    APART,
    NEEDS_MARGIN_MODE,
    Leg,
    ccxt_class,
    client_order_id,
    id_parameter,
    plan_digest,
    symbol,
    waiting,
)
from rebal.plan import Order, Plan

SECTIONS = ("limit", "post-only")
"""How an order waits: ``limit`` may take what is there, ``post-only`` only adds to the order book."""


def render(report: Report, view: View) -> str:
    """Print a line an order, in placing order. Raises Refused for a plan that is, UsageProblem for what is no plan."""
    if kind(report) != "plan" or not isinstance(report, Plan):
        raise UsageProblem("--format orders: only plan, hedge, unwind and rescue have orders")
    if view.section not in (None, *SECTIONS):
        raise UsageProblem(f"--section {view.section}: there are no such orders; write one of {', '.join(SECTIONS)}")
    if report.refused:
        errors = "; ".join(f"{each.subject}: {each.message}" for each in report.findings if _is_error(each.severity))
        raise Refused(f"the plan is refused, and so are its orders: {errors}")
    return "".join(f"{json.dumps(line)}\n" for line in _lines(report, view))


def _is_error(severity: Severity) -> bool:
    return severity is Severity.ERROR


def _lines(plan: Plan, view: View) -> Iterator[dict[str, Any]]:
    text = as_json(plan, View(width=view.width, colour=False))
    digest = plan_digest(json.loads(text, parse_int=str, parse_float=str))
    for number, order in enumerate(plan.orders):
        venue = _venue(order, plan)
        exchange = _exchange(order, venue)
        name = order.contract.removeprefix(f"{order.account}:")
        contract = _contract(order, name, venue=venue, plan=plan, view=view)
        yield {
            "exchange": exchange,
            "account": order.account,
            "contract": name,
            "symbol": name if contract is None else symbol(contract),
            "type": "limit",
            "side": order.side.value,
            "amount": _argument(order.order_quantity),
            "price": _argument(order.price if order.limit_price is None else order.limit_price),
            "params": {
                id_parameter(exchange): client_order_id(exchange, Leg(digest, number)),
                **({"reduceOnly": True} if order.reduce_only else {}),
                **(waiting(exchange) if view.section == "post-only" else {}),
                **(_margin(order, plan) if exchange in NEEDS_MARGIN_MODE else {}),
            },
        }


def _argument(value: Fraction) -> int | str:
    """A whole number as one, any other as text: neither is ever a float, and both are what ccxt computes with."""
    return int(value) if value.denominator == 1 else plain(value)


def _venue(order: Order, plan: Plan) -> str:
    """Where an order goes: the plan's venue, else that of its account, which may be named after it."""
    if plan.venue is not None:
        return plan.venue
    told = next((each.venue for each in plan.accounts if each.account == order.account), None)
    return told or order.account or ""


def _exchange(order: Order, venue: str) -> str:
    exchange = ccxt_class(venue, order.kind)
    if exchange is None:
        raise UsageProblem(f"--format orders: ccxt serves no {venue or 'venue of this plan'}; type them in")
    if exchange in APART:
        raise UsageProblem(f"--format orders: {venue} holds longs and shorts of a contract apart; type them in")
    return exchange


def _margin(order: Order, plan: Plan) -> dict[str, int | str]:
    """The margin mode of an order's position, and the leverage that an isolated one opens with."""
    isolated = any(wallet.contract == order.contract for wallet in plan.wallets)
    setting = next((each for each in plan.settings if each.contract == order.contract), None)
    if setting is not None:
        isolated = setting.margin_mode is MarginMode.ISOLATED
    if not isolated:
        return {"marginMode": MarginMode.CROSS.value}
    return {
        "marginMode": MarginMode.ISOLATED.value,
        **({} if setting is None else {"leverage": _argument(setting.leverage)}),
    }


def _contract(order: Order, name: str, *, venue: str, plan: Plan, view: View) -> Contract | None:
    """The contract of an order: the portfolio's, else the catalogue's at the time of the plan."""
    if view.portfolio is not None:
        return view.portfolio.contracts.get(order.contract)
    from rebal import venues

    return venues.venue(venue).contract(name, plan.inputs.now) if venue in venues.names() else None
