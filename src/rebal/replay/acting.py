"""What a plan comes to when it is placed: fills at the mark and slippage, taker fees, transfers, hedges asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rebal.amounts import ONE, ZERO, Fraction, significant
from rebal.book import Book, Event, HedgeAsked
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.plan import HedgeLine, Inputs, Order, Plan, Side, StepKind
from rebal.plan import Transfer as Moved
from rebal.planner.sequence import fill_of, moved, steps
from rebal.portfolio import Portfolio


def inputs_at(laid: Portfolio) -> Inputs:
    """What a plan on the way is made from: a book that only the replay knows."""
    assert laid.market.as_of is not None
    return Inputs(laid.statement_sha256, None, None, laid.market.as_of, laid.market.as_of, "replay")


@frozen
class Placed:
    """What of a plan is placed; ``hedges``: what is asked for from then on."""

    orders: tuple[Order, ...]
    transfers: tuple[Moved, ...]
    hedges: tuple[HedgeLine, ...]

    @classmethod
    def of(cls, plan: Plan) -> "Placed":
        """Everything that a plan says to do."""
        return cls(plan.orders, plan.transfers, plan.hedges)


def carried_out(placed: Placed, book: Book, laid: Portfolio, *, slippage: Fraction) -> Iterator[Event]:
    """The events of a plan that is placed, step by step."""
    for step in steps(placed.transfers, placed.orders, laid, before=book):
        if step.kind is StepKind.TRANSFER:
            yield from moved(placed.transfers[step.index], laid)
        else:
            order = _filled(placed.orders[step.index], laid, book, slippage=slippage)
            contract = _contract(order.contract, laid, book)
            yield fill_of(order, contract, laid.margin_mode(contract))
    yield from _asked(placed.hedges, book, laid)


def _filled(order: Order, laid: Portfolio, book: Book, *, slippage: Fraction) -> Order:
    """An order at the price that it fills at: ``P·(1 + slippage)`` bought, ``P·(1 - slippage)`` sold."""
    price = order.price * (ONE + slippage if order.side is Side.BUY else ONE - slippage)
    contract = _contract(order.contract, laid, book)
    return replace(order, price=price, fee=contract.fee(order.signed, price, contract.taker_fee))


def _contract(name: str, laid: Portfolio, book: Book) -> Contract:
    return laid.contracts[name] if name in laid.contracts else book.positions[name].contract


def _asked(hedges: Iterable[HedgeLine], book: Book, laid: Portfolio) -> Iterator[HedgeAsked]:
    """What is asked for from now on, where the plan changes it."""
    left = {line.asset: line for line in hedges}
    for asset in sorted({*book.hedges, *left}):
        line = left.get(asset)
        fraction = ZERO if line is None else significant(line.fraction)
        asked = HedgeAsked(asset, fraction, None if line is None else line.until, laid.price(asset))
        if not asked.asks_as(book.hedges.get(asset)) and (fraction or asset in book.hedges):
            yield asked
