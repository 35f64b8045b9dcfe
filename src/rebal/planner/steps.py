"""In which order to do things, so that the book is never far off and no order waits for its coins."""

from collections.abc import Iterable, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.plan import Order, Side, Step, StepKind, Transfer


def placing_order(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Reducing orders first, then opening orders paired: each takes back the dollars that the ones before it made."""
    listed = sorted(orders, key=lambda order: (-order.notional, order.contract))
    reducing = [order for order in listed if order.reduce_only]
    opening = [order for order in listed if not order.reduce_only]
    placed: list[Order] = []
    made = sum((_dollars_made(order) for order in reducing), ZERO)
    while opening:
        wanted = Side.BUY if made > 0 else Side.SELL
        following = next((order for order in opening if order.side is wanted), opening[0])
        opening.remove(following)
        made += _dollars_made(following)
        placed.append(following)
    return (*reducing, *placed)


def steps(transfers: Sequence[Transfer], orders: Sequence[Order]) -> tuple[Step, ...]:
    """Transfers in and what feeds them, the orders as they stand, transfers out."""
    last_in = max((i for i, transfer in enumerate(transfers) if transfer.quantity > 0), default=-1)
    moves = [(StepKind.TRANSFER, i) for i in range(len(transfers))]
    placed = [(StepKind.ORDER, i) for i in range(len(orders))]
    listed = [*moves[: last_in + 1], *placed, *moves[last_in + 1 :]]
    return tuple(Step(n, kind, index) for n, (kind, index) in enumerate(listed, start=1))


def _dollars_made(order: Order) -> Fraction:
    return order.notional if order.side is Side.SELL else -order.notional
