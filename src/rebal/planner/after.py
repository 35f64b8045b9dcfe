"""What orders and transfers make of a book: fills at the mark, fees and realised PnL in the wallet."""

from collections.abc import Iterable, Mapping

from rebal import book as of
from rebal.amounts import ZERO, Fraction
from rebal.book import Book, MarginMode, Traded, apply
from rebal.market.contract import Contract, fill
from rebal.plan import Order, Transfer


def realised_by(order: Order, book: Book, contract: Contract) -> Fraction:
    """PnL that an order realises on the net position, in the settlement coin, at the order's price."""
    position = book.positions.get(order.contract)
    if position is None:
        return ZERO
    filled = fill(contract, position.contracts, position.entry_price, traded=order.signed, price=order.price)
    return filled.realised


def after_orders(
    book: Book, orders: Iterable[Order], contracts: Mapping[str, Contract], *, margin_mode: MarginMode
) -> Book:
    """The book once every order has filled at its price; PnL realised, less fees, moves holdings and wallets."""
    return apply(book, (_fill(order, contracts[order.contract], margin_mode) for order in orders)).book


def after_transfers(book: Book, transfers: Iterable[Transfer]) -> Book:
    """The book with coins moved into its wallets and isolated margins; holdings are the same coins elsewhere."""
    return apply(book, (of.Transfer(each.asset, each.quantity, each.contract) for each in transfers)).book


def _fill(order: Order, contract: Contract, margin_mode: MarginMode) -> of.Fill:
    # a basket's shares come as parts of their own, each for one asset
    parts = tuple(Traded(part.purpose, part.contracts, asset) for part in order.parts for asset in part.stands_for)
    return of.Fill(contract, order.signed, order.price, order.fee, parts, margin_mode)
