"""Orders and transfers on a book: in which order they are placed, what they realise, and what they make of it."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from rebal import book as of
from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book, MarginMode, Traded, apply
from rebal.market.contract import Contract, fill
from rebal.plan import Order, Side, Step, StepKind, Transfer
from rebal.portfolio import Portfolio


def placing_order(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Reducing orders first, then opening orders paired: each takes back the dollars that the ones before it made."""
    listed = sorted(orders, key=lambda order: (-order.notional, order.contract))
    reducing = [order for order in listed if order.reduce_only]
    buying, selling = (deque(_opening(listed, side)) for side in (Side.BUY, Side.SELL))
    placed: list[Order] = []
    made = total(map(_dollars_made, reducing))
    while buying or selling:
        following = (buying if buying and (made > 0 or not selling) else selling).popleft()
        made += _dollars_made(following)
        placed.append(following)
    return (*reducing, *placed)


def _opening(listed: Iterable[Order], side: Side) -> Iterator[Order]:
    return (order for order in listed if order.side is side and not order.reduce_only)


def steps(transfers: Sequence[Transfer], orders: Sequence[Order]) -> tuple[Step, ...]:
    """Transfers in and what feeds them, the orders as they stand, transfers out."""
    last_in = max((i for i, transfer in enumerate(transfers) if transfer.quantity > 0), default=-1)
    moves = [(StepKind.TRANSFER, i) for i in range(len(transfers))]
    placed = [(StepKind.ORDER, i) for i in range(len(orders))]
    listed = [*moves[: last_in + 1], *placed, *moves[last_in + 1 :]]
    return tuple(Step(n, kind, index) for n, (kind, index) in enumerate(listed, start=1))


def realised_by(order: Order, book: Book, contract: Contract) -> Fraction:
    """PnL that an order realises on the net position, in the settlement coin, at the order's price."""
    position = book.positions.get(order.contract)
    if position is None:
        return ZERO
    filled = fill(contract, position.contracts, position.entry_price, traded=order.signed, price=order.price)
    return filled.realised


def after_orders(book: Book, orders: Iterable[Order], portfolio: Portfolio) -> Book:
    """The book once every order has filled at its price; PnL realised, less fees, moves holdings and wallets."""
    known = ((order, portfolio.contracts[order.contract]) for order in orders)
    return apply(book, (fill_of(order, each, portfolio.margin_mode(each)) for order, each in known)).book


def after_transfers(book: Book, transfers: Iterable[Transfer], portfolio: Portfolio) -> Book:
    """The book with coins moved into its wallets and isolated margins; holdings are the same coins elsewhere."""
    return apply(
        book,
        (
            of.Transfer(each.asset, each.quantity, each.contract, portfolio.account_key(each.account))
            for each in transfers
        ),
    ).book


def fill_of(order: Order, contract: Contract, margin_mode: MarginMode) -> of.Fill:
    """An order as a fill at its own price, whole."""
    # a basket's shares come as parts of their own, each for one asset
    parts = tuple(Traded(part.purpose, part.contracts, asset) for part in order.parts for asset in part.stands_for)
    return of.Fill(contract, order.signed, order.price, order.fee, parts, margin_mode)


def _dollars_made(order: Order) -> Fraction:
    return order.notional if order.side is Side.SELL else -order.notional
