"""Reading a plan line by line."""

from collections.abc import Iterator

from rebal.book import MarginMode
from rebal.guide import Given, Reader
from rebal.guide._figures import NEVER, NONE, coins, contracts, ends, exact, percent, price, times, usd
from rebal.guide._worked import named, planned
from rebal.market.contract import OrderUnit
from rebal.plan import Order, Plan, Wallet
from rebal.reports.guide import Entry, Part

TITLE = "Reading a plan line by line"
PLACE = 11


def parts(reader: Reader) -> tuple[Part, ...]:
    """The sections of a plan in their order, each with the reader's own first line."""
    given, plan, said = planned(reader)
    return (
        Part("", (*said, *_first(plan)), entries=tuple(_drift(plan))),
        Part("Orders", tuple(_orders(plan)), entries=tuple(_order(each) for each in plan.orders[:1])),
        Part("Steps", tuple(_steps(plan))),
        Part("Margin after", tuple(_margin(plan, given)), entries=tuple(_first_wallet(plan))),
        Part("Cost, and what to look at", tuple(_cost(plan))),
    )


def _first(plan: Plan) -> Iterator[str]:
    yield (
        f"The second line is the answer: {usd(plan.equity)} is all that is held and open, at today's prices, and after "
        "it stands what is off most and how much there is to do. Where it begins with Refused, do not place it."
    )


def _drift(plan: Plan) -> Iterator[Entry]:
    for line in plan.assets[:1]:
        weight = "no weight" if line.weight is None else f"a weight of {percent(line.weight)}"
        yield Entry(
            "Drift",
            f"{line.asset}: {coins(line.holding, line.asset)} held at {price(line.price)} are {usd(line.spot_value)}; "
            f"with its futures {usd(line.exposure)}, {weight}. The last column is the weight after the orders.",
        )


def _orders(plan: Plan) -> Iterator[str]:
    yield (
        "What to type at the exchange: the quantity in its own unit, which is dollars at one venue and contracts at "
        "another, the contract by the exchange's own name, the price on its tick, the fee if it is taken at once."
        if plan.orders
        else "There is none today."
    )


def _order(order: Order) -> Entry:
    at = "" if order.limit_price is None else f" at {exact(order.limit_price)}"
    stands = sorted({asset for part in order.parts for asset in part.stands_for})
    for_what = f"in place of a trade of {' and '.join(stands)}"
    purposes = {part.purpose.value for part in order.parts}
    return Entry(
        order.contract,
        f"{order.side.value} {exact(order.order_quantity)} {_unit(order)}{at}: {contracts(order.contracts)}, "
        f"{usd(order.notional)}, {coins(order.coins, order.asset)}; fee {coins(order.fee, order.fee_currency)}; "
        f"{for_what if purposes == {'rebalance'} else 'for ' + ' and '.join(sorted(purposes))}"
        f"{', reduce-only: it makes the net smaller' if order.reduce_only else ''}.",
    )


def _unit(order: Order) -> str:
    return {OrderUnit.CONTRACTS: "contracts", OrderUnit.USD: "USD"}.get(order.order_unit, order.asset)


def _steps(plan: Plan) -> Iterator[str]:
    yield (
        f"There are {len(plan.steps)}, in the order in which the book is never far off: settings and coins in first, "
        "then orders that shrink something, then those that open, paired so that a sale and a purchase follow each "
        "other, and last the coins that come out."
    )
    for transfer in plan.transfers[:1]:
        way = "into" if transfer.quantity > 0 else "out of"
        moved, which = abs(transfer.quantity), "the futures account"
        if len(plan.accounts) > 1:
            which = f"the account {transfer.account}"
        yield f"The first transfer: {exact(moved)} {transfer.asset} {way} {which}, to the last digit."


def _margin(plan: Plan, given: Given) -> Iterator[str]:
    policy = given.portfolio.policy
    yield (
        f"How each wallet stands once all is placed and paid. The policy asks for leverage {times(policy.leverage)} or "
        f"less and {percent(policy.shock)} to liquidation; move in is what it takes, and no more. Never means that no "
        "price liquidates it."
    )


def _first_wallet(plan: Plan) -> Iterator[Entry]:
    """The first that is judged by itself; of pooled accounts alone, the first of these."""
    several = len(plan.accounts) > 1
    alone = [each for each in plan.wallets if each.mode is not MarginMode.POOLED]
    if alone:
        yield _wallet(alone[0], named(alone[0], several=several))
        return
    for line in plan.accounts[:1]:
        if line.credit is not None and line.maintenance_margin is not None:
            nearest = NEVER if line.nearest is None else f"{percent(line.nearest.distance)} away"
            yield Entry(
                f"{line.account}",
                f"its coins count {usd(line.credit)} together, maintenance asks for {usd(line.maintenance_margin)}; "
                f"its nearest liquidation is {nearest}. A coin of a pooled account has no price of its own.",
            )


def _wallet(wallet: Wallet, name: str) -> Entry:
    held = "–" if wallet.leverage is None else times(wallet.leverage)
    at, move = ends(wallet)
    share = "" if wallet.share_of_holding is None else f"; {percent(wallet.share_of_holding)} of the holding is there"
    return Entry(
        name,
        f"margin balance {coins(wallet.margin_balance, wallet.currency)}, leverage {held}, liquidation "
        f"{at if move == NONE else move}{share}.",
    )


def _cost(plan: Plan) -> Iterator[str]:
    counted = {each: sum(one.severity == each for one in plan.findings) for each in ("error", "warning", "info")}
    yield (
        f"Fees once, {usd(plan.costs.fees_usd)} here, and funding a day from then on. Look at holds what a sentence "
        f"says better: errors ({counted['error']} here) refuse the plan, warnings ({counted['warning']}) are what you "
        "should know before you place it, most often a figure that is assumed, and notes "
        f"({counted['info']}) what you would ask later."
    )
    yield "`rebal explain` shows how any of these figures came about, with the numbers put in."
