"""The records of plan, hedge and unwind.

Every record of a kind has the same fields in the same order, so that awk can count them; ``none`` stands where a thing
does not exist, ``never`` where nothing liquidates.
"""

from collections.abc import Iterator

from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import ORDER_UNITS, SPOT_MATCHES, destination, headline, placing, refusal, rfc3339, why
from rebal.formats.records import _book
from rebal.formats.records._record import NONE, finding, known, record
from rebal.plan import CostLine, Costs, HedgeLine, Order, Plan, PnlLine, Setting, Step, StepKind, Transfer


def lines(plan: Plan) -> Iterator[str]:
    """Everything a person should see of a plan, a record a line."""
    at = plan.inputs.market_as_of
    yield record(plan.command, f"venue {plan.venue or NONE}", f"prices {rfc3339(at) if at else NONE}", plan.name)
    if plan.refused:
        yield record("refused", refusal(plan) or "yes")
    yield record("headline", f"{PLAIN.dollars(plan.equity)} {plan.currency}", headline(plan, PLAIN, arrow="->"))
    yield from (_book.drift(each, planned=True) for each in plan.assets)
    yield from map(_order, plan.orders)
    yield from map(_move, plan.transfers)
    yield from map(_setting, plan.settings)
    yield from (_step(each, plan) for each in plan.steps)
    yield from (_book.wallet(each, planned=True) for each in plan.wallets)
    yield from (_book.position(each, planned=True) for each in plan.positions)
    yield from map(_hedge, plan.hedges)
    yield from map(_pnl, plan.pnl)
    if plan.spot_matches is not None:
        yield record("spot", SPOT_MATCHES[plan.spot_matches])
    yield from map(_cost, plan.costs.breakdown)
    yield _total(plan.costs)
    yield from map(finding, plan.findings)


def _order(order: Order) -> str:
    return record(
        "order",
        order.side,
        _quantity(order),
        order.contract,
        f"contracts {PLAIN.exact(order.contracts)}",
        f"{PLAIN.dollars(order.notional)} USD",
        f"{PLAIN.coins(order.coins)} {order.asset}",
        f"at {_at(order)}",
        f"mark {PLAIN.exact(order.price)}",
        f"fee {PLAIN.coins(order.fee)} {order.fee_currency}",
        f"for {why(order, PLAIN)}",
    )


def _quantity(order: Order) -> str:
    return f"{PLAIN.exact(order.order_quantity)} {ORDER_UNITS.get(order.order_unit, order.asset)}"


def _at(order: Order) -> str:
    return PLAIN.exact(order.price if order.limit_price is None else order.limit_price)


def _move(transfer: Transfer) -> str:
    where = destination(transfer.quantity, transfer.contract)
    return record("move", transfer.asset, PLAIN.exact(transfer.quantity), where)


def _step(step: Step, plan: Plan) -> str:
    if step.kind is StepKind.TRANSFER:
        move = plan.transfers[step.index]
        where = destination(move.quantity, move.contract)
        doing = f"move {PLAIN.exact(abs(move.quantity))} {move.asset} {where}"
    else:
        order = plan.orders[step.index]
        doing = f"{order.side} {_quantity(order)} of {order.contract} {placing(order, PLAIN)}"
    return record("step", str(step.n), doing)


def _setting(setting: Setting) -> str:
    return record("set", setting.contract, f"margin {setting.margin_mode}", f"leverage {PLAIN.exact(setting.leverage)}")


def _hedge(hedge: HedgeLine) -> str:
    until = NONE if hedge.until is None else rfc3339(hedge.until)
    return record("hedge", hedge.asset, PLAIN.percent(hedge.fraction), f"until {until}")


def _pnl(pnl: PnlLine) -> str:
    return record(
        "pnl",
        pnl.contract,
        f"coin {PLAIN.coins(pnl.coin)} {pnl.currency}",
        f"usd {PLAIN.dollars(pnl.usd)}",
        f"fees {PLAIN.coins(pnl.fees_coin)} {pnl.currency}",
        f"funding {PLAIN.coins(pnl.funding_coin)} {pnl.currency}",
        f"net {PLAIN.dollars(pnl.net_usd)}",
    )


def _cost(cost: CostLine) -> str:
    funding = known(PLAIN.dollars, cost.funding_usd_per_day)
    return record("cost", cost.contract, f"fees {PLAIN.dollars(cost.fee_usd)}", f"funding-per-day {funding}")


def _total(costs: Costs) -> str:
    return record(
        "total",
        "cost",
        f"fees {PLAIN.dollars(costs.fees_usd)}",
        f"funding-per-day {known(PLAIN.dollars, costs.funding_usd_per_day)}",
        f"funding-per-year {known(PLAIN.dollars, costs.funding_usd_per_year)}",
    )
