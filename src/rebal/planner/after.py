"""What orders and transfers make of a book: fills at the mark, fees and realised PnL in the wallet."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.market.contract import Contract, fill
from rebal.plan import Order, Transfer
from rebal.portfolio import Book, MarginMode, Part, Position


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
    holdings, wallets, positions = dict(book.holdings), dict(book.wallets), dict(book.positions)
    for order in orders:
        contract = contracts[order.contract]
        gained = realised_by(order, book, contract) - order.fee
        holdings[contract.settle] = holdings.get(contract.settle, ZERO) + gained
        wallets[contract.settle] = wallets.get(contract.settle, ZERO) + gained
        filled = _filled(positions.get(order.contract), order, contract, gained=gained, margin_mode=margin_mode)
        if filled is None:
            del positions[order.contract]
        else:
            positions[order.contract] = filled
    return Book(holdings, wallets, positions, book.hedges)


def after_transfers(book: Book, transfers: Iterable[Transfer], margins: Mapping[str, Fraction]) -> Book:
    """The book with coins moved into its wallets and isolated margins set; holdings are the same coins elsewhere."""
    wallets, positions = dict(book.wallets), dict(book.positions)
    for transfer in transfers:
        wallets[transfer.asset] = wallets.get(transfer.asset, ZERO) + transfer.quantity
    for name, margin in margins.items():
        held = positions.get(name)
        if held is not None:
            positions[name] = Position(held.contract, held.contracts, held.entry_price, margin, held.parts)
    return Book(book.holdings, wallets, positions, book.hedges)


def _filled(
    position: Position | None, order: Order, contract: Contract, *, gained: Fraction, margin_mode: MarginMode
) -> Position | None:
    held, entry = (position.contracts, position.entry_price) if position else (ZERO, None)
    net = fill(contract, held, entry, traded=order.signed, price=order.price)
    parts = _parts_after(position.parts if position else (), order, contract)
    if not net.contracts and not parts:
        return None
    isolated = position.margin is not None if position else margin_mode is MarginMode.ISOLATED
    margin = ((position.margin or ZERO) if position else ZERO) + gained if isolated else None
    # purposes that cancel out leave no position at the exchange, yet each still has its part
    entry_price = order.price if net.entry_price is None else net.entry_price
    return Position(contract, net.contracts, entry_price, margin, parts)


def _parts_after(parts: tuple[Part, ...], order: Order, contract: Contract) -> tuple[Part, ...]:
    shares = {(part.purpose, part.stands_for): part for part in parts}
    for traded in order.parts:
        (asset,) = traded.stands_for  # a basket's shares come as parts of their own
        held = shares.pop((traded.purpose, asset), None)
        before = (held.contracts, held.entry_price) if held else (ZERO, None)
        after = fill(contract, *before, traded=traded.contracts, price=order.price)
        if after.entry_price is not None:
            shares[traded.purpose, asset] = Part(traded.purpose, after.contracts, after.entry_price, asset)
    return tuple(sorted(shares.values(), key=lambda part: (part.purpose, part.stands_for)))
