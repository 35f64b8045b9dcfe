"""Drift, bands and what a plan does."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction, total
from rebal.guide import Given, Reader
from rebal.guide._figures import contracts, dollars, percent, points, usd
from rebal.guide._worked import planned
from rebal.plan import AssetLine, Plan
from rebal.portfolio import DOLLARS
from rebal.reports.guide import Part

TITLE = "Drift, bands, and what a plan does"
PLACE = 2


def parts(reader: Reader) -> tuple[Part, ...]:
    """Weights and bands, the legs that bring them back, and the orders that carry them."""
    given, plan, said = planned(reader)
    return (
        Part("", (*said, *_weights(given, plan)), headings=_HEADINGS, rows=tuple(map(_row, plan.assets))),
        Part("When something is traded", tuple(_bands(given, plan))),
        Part("What is traded", tuple(_orders(given, plan))),
    )


_HEADINGS = ("coin", "exposure $", "weight", "target", "drift in points", "after")


def _row(line: AssetLine) -> tuple[str, ...]:
    return (
        line.asset, dollars(line.exposure), _share(line.weight), _share(line.target_weight),
        "–" if line.drift is None else points(line.drift), _share(line.weight_after),
    )  # fmt: skip


def _share(weight: Fraction | None) -> str:
    return "–" if weight is None else percent(weight)


def _weights(given: Given, plan: Plan) -> Iterator[str]:
    yield (
        "A coin's exposure is what moves with it, in dollars: the coins held, the PnL of its futures, and the futures "
        f"that stand in for a trade of it. Its weight is that over the equity, here {usd(plan.equity)}; drift is "
        "weight less target. Futures that protect on purpose, hedges, are left out: a plan leaves them alone."
    )


def _bands(given: Given, plan: Plan) -> Iterator[str]:
    band, outside = given.portfolio.policy.band, [line for line in plan.assets if line.outside_band]
    relative = "" if band.relative is None else f", or {percent(band.relative)} of its target if that is nearer"
    named = ", ".join(each.asset for each in outside)
    found = f"Outside here: {named}." if outside else "Here none is outside."
    yield (
        f"Nothing is traded while the weight of every coin is within {points(band.points).removeprefix('+')} points "
        f"of its target{relative}. {found} Once a coin is, all of them go to target: half the way back is as many "
        "orders, and no rest. Dollars have no order of their own: they move with those of the coins, and start none."
    )
    yield (
        "A wider band trades less often and drifts further. The band never falls below what trading costs: twice the "
        "taker fee, or one lot."
    )


def _orders(given: Given, plan: Plan) -> Iterator[str]:
    coins = [line for line in plan.assets if line.asset != DOLLARS]
    off = max(coins or plan.assets, key=lambda line: abs(line.drift or ZERO))
    if off.target_weight is not None and off.drift:
        leg = off.target_weight * plan.equity - off.exposure
        yield (
            f"The leg of a coin is target · equity − exposure. For {off.asset}: {percent(off.target_weight)} of "
            f"{usd(plan.equity)} less {usd(off.exposure)} makes {usd(leg)}; "
            f"{'negative: to be sold' if leg < 0 else 'positive: to be bought'}, in futures."
        )
    carried = [
        f"{order.side.value} {contracts(order.contracts)} of {order.contract}, {usd(order.notional)}"
        for order in plan.orders
        if any(off.asset in part.stands_for for part in order.parts)
    ]
    if carried:
        yield (
            "In contracts, rounded toward zero so that no order trades past its target, first what closes and then "
            f"what opens: {'; '.join(carried)}."
        )
    bought = total(order.notional for order in plan.orders if order.side == "buy")
    sold = total(order.notional for order in plan.orders if order.side == "sell")
    yield (
        f"This plan has {len(plan.orders)} orders: {usd(sold)} sold and {usd(bought)} bought in futures, for "
        f"{usd(plan.costs.fees_usd)} of fees, and no coin sold."
        if plan.orders
        else f"This plan has no order: {_why_none(coins)}"
    )


def _why_none(coins: Sequence[AssetLine]) -> str:
    if any(line.outside_band for line in coins):
        return "nothing can be done; `rebal plan` says what stands in the way."
    return "no coin is outside its band."
