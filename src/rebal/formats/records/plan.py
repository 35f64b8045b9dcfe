"""The records of plan, hedge and unwind.

Every record of a kind has the same fields in the same order, so that awk can count them; ``none`` stands where a thing
does not exist, ``never`` where nothing liquidates.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from rebal.formats.page.figures import GLUE, PLAIN
from rebal.formats.page.ink import clean
from rebal.formats.page.wording import (
    ORDER_UNITS,
    SEVERITIES,
    SPOT_MATCHES,
    ascii_signs,
    destination,
    headline,
    refusal,
    rfc3339,
    why,
)
from rebal.plan import (
    AssetLine,
    CostLine,
    Costs,
    Finding,
    HedgeLine,
    Order,
    Plan,
    PnlLine,
    PositionLine,
    Standing,
    Step,
    StepKind,
    Transfer,
    Wallet,
)

_WORD = len("position")
_NONE, _NEVER = "none", "never"


def lines(plan: Plan) -> Iterator[str]:
    """Everything a person should see of a plan, a record a line."""
    at = plan.inputs.market_as_of
    yield _record(plan.command, f"venue {plan.venue or _NONE}", f"prices {rfc3339(at) if at else _NONE}", plan.name)
    if plan.refused:
        yield _record("refused", refusal(plan) or "yes")
    yield _record("headline", f"{PLAIN.dollars(plan.equity)} {plan.currency}", headline(plan, PLAIN, arrow="->"))
    yield from map(_drift, plan.assets)
    yield from map(_order, plan.orders)
    yield from map(_move, plan.transfers)
    yield from (_step(each, plan) for each in plan.steps)
    yield from map(_wallet, plan.wallets)
    yield from map(_position, plan.positions)
    yield from map(_hedge, plan.hedges)
    yield from map(_pnl, plan.pnl)
    if plan.spot_matches is not None:
        yield _record("spot", SPOT_MATCHES[plan.spot_matches])
    yield from map(_cost, plan.costs.breakdown)
    yield _total(plan.costs)
    yield from map(_finding, plan.findings)


def _record(word: str, *fields: str) -> str:
    """One line: nothing in a field may end it, and our own signs are ASCII."""
    return "  ".join([word.ljust(_WORD), *(clean(each.replace(GLUE, " ")) for each in fields if each)])


def _known(write: Callable[[Fraction], str], value: Fraction | None, otherwise: str = _NONE) -> str:
    return otherwise if value is None else write(value)


def _drift(asset: AssetLine) -> str:
    percent, dollars = PLAIN.percent, PLAIN.dollars
    return _record(
        "drift",
        asset.asset,
        f"price {PLAIN.price(asset.price)}",
        f"held {PLAIN.coins(asset.holding)}",
        f"worth {dollars(asset.spot_value)}",
        f"exposure {dollars(asset.exposure)}",
        f"weight {_known(percent, asset.weight)}",
        f"target {_known(percent, asset.target_weight)}",
        f"drift {_known(PLAIN.points, asset.drift)}",
        f"after {_known(percent, asset.weight_after)}",
        f"hedged {_known(percent, asset.hedge_ratio)} -> {_known(percent, asset.hedge_ratio_after)}",
        f"net {dollars(asset.net_exposure)} -> {dollars(asset.net_exposure_after)}",
    )


def _order(order: Order) -> str:
    return _record(
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
    return _record("move", transfer.asset, PLAIN.exact(transfer.quantity), destination(transfer))


def _step(step: Step, plan: Plan) -> str:
    if step.kind is StepKind.TRANSFER:
        move = plan.transfers[step.index]
        doing = f"move {PLAIN.exact(abs(move.quantity))} {move.asset} {destination(move)}"
    else:
        order = plan.orders[step.index]
        doing = f"{order.side} {_quantity(order)} of {order.contract} at {_at(order)}"
    return _record("step", str(step.n), doing)


def _wallet(wallet: Wallet) -> str:
    then, coins, percent = wallet.before, PLAIN.coins, PLAIN.percent
    return _record(
        "wallet",
        wallet.currency,
        f"{wallet.mode} {wallet.contract or _NONE}",
        f"balance {coins(then.balance)} -> {coins(wallet.balance)}",
        f"margin {coins(then.margin_balance)} -> {coins(wallet.margin_balance)}",
        f"leverage {_known(PLAIN.leverage, then.leverage)} -> {_known(PLAIN.leverage, wallet.leverage)}",
        f"ratio {_known(percent, then.margin_ratio)} -> {_known(percent, wallet.margin_ratio)}",
        f"maintenance {coins(wallet.maintenance_margin)}",
        f"initial {coins(wallet.initial_margin)}",
        f"required {coins(wallet.required)}",
        *_ends(then, wallet),
        f"posted-below {_known(percent, wallet.distance_below_all_posted, _NEVER)}",
        f"posted-above {_known(percent, wallet.distance_above_all_posted, _NEVER)}",
        f"share {_known(percent, wallet.share_of_holding)}",
        f"funding-days {_known(PLAIN.days, wallet.funding_days_to_alert)}",
    )


def _ends(then: Standing, wallet: Wallet) -> Iterator[str]:
    """Where the wallet is liquidated and how far that is, below today's price and above it, now and after."""
    sides = (
        ("below", (then.liquidation_below, wallet.liquidation_below), (then.distance_below, wallet.distance_below)),
        ("above", (then.liquidation_above, wallet.liquidation_above), (then.distance_above, wallet.distance_above)),
    )
    for side, prices, distances in sides:
        both = tuple(zip(prices, distances, strict=True))
        before, after = (_NEVER if far is None else _known(PLAIN.price, price) for price, far in both)
        yield f"liquidation-{side} {before} -> {after}"
        before, after = (_known(PLAIN.percent, far, _NEVER) for far in distances)
        yield f"distance-{side} {before} -> {after}"


def _position(position: PositionLine) -> str:
    exact, coins = PLAIN.exact, PLAIN.coins
    return _record(
        "position",
        position.contract,
        f"contracts {exact(position.contracts_before)} -> {exact(position.contracts)}",
        f"rebalance {exact(position.contracts_rebalance)}",
        f"hedge {exact(position.contracts_hedge)}",
        f"entry {_known(PLAIN.price, position.entry_price)}",
        f"mark {PLAIN.price(position.mark_price)}",
        f"{PLAIN.dollars(position.notional)} USD",
        f"coins {coins(position.coin_value)}",
        f"pnl {coins(position.unrealised_pnl)}",
        f"delta {coins(position.delta)}",
        f"margin {_known(coins, position.isolated_margin)}",
        f"liquidation {_known(PLAIN.price, position.liquidation_price, _NEVER)}",
    )


def _hedge(hedge: HedgeLine) -> str:
    until = _NONE if hedge.until is None else rfc3339(hedge.until)
    return _record("hedge", hedge.asset, PLAIN.percent(hedge.fraction), f"until {until}")


def _pnl(pnl: PnlLine) -> str:
    return _record(
        "pnl",
        pnl.contract,
        f"coin {PLAIN.coins(pnl.coin)}",
        f"usd {PLAIN.dollars(pnl.usd)}",
        f"fees {PLAIN.coins(pnl.fees_coin)}",
        f"funding {PLAIN.coins(pnl.funding_coin)}",
        f"net {PLAIN.dollars(pnl.net_usd)}",
    )


def _cost(cost: CostLine) -> str:
    funding = _known(PLAIN.dollars, cost.funding_usd_per_day)
    return _record("cost", cost.contract, f"fees {PLAIN.dollars(cost.fee_usd)}", f"funding-per-day {funding}")


def _total(costs: Costs) -> str:
    return _record(
        "total",
        "cost",
        f"fees {PLAIN.dollars(costs.fees_usd)}",
        f"funding-per-day {_known(PLAIN.dollars, costs.funding_usd_per_day)}",
        f"funding-per-year {_known(PLAIN.dollars, costs.funding_usd_per_year)}",
    )


def _finding(finding: Finding) -> str:
    return _record(SEVERITIES[finding.severity], finding.code, finding.subject, ascii_signs(finding.message))
