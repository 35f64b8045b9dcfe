"""Orders and transfers on a book: in which order they are placed, what they realise, and what they make of it."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from rebal import book as of
from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book, MarginMode, Traded, apply
from rebal.market.contract import Contract
from rebal.market.fill import fill
from rebal.plan import BUY, SELL, Order, Step, StepKind, Transfer
from rebal.portfolio import Portfolio


def placing_order(orders: Iterable[Order], book: Book) -> tuple[Order, ...]:
    """What leaves less open first, then opening orders paired: each takes back the dollars that those before it made.

    Orders that only reduce come before those that turn a position over to a smaller one: margin is free before it is
    asked for, so that where the last order finds its initial margin, every one before it does.
    """
    listed = sorted(sorted(orders, key=lambda order: order.contract), key=lambda order: order.notional, reverse=True)
    reducing = [order for order in listed if order.reduce_only]
    adding = [order for order in listed if not order.reduce_only]
    turning = {order.contract for order in adding if _leaves_less(order, book)}
    first = [*reducing, *(order for order in adding if order.contract in turning)]
    opening = [order for order in adding if order.contract not in turning]
    buying, selling = (deque(order for order in opening if order.side is side) for side in (BUY, SELL))
    placed: list[Order] = []
    made = total(map(_dollars_made, first))
    while buying or selling:
        following = (buying if buying and (made > 0 or not selling) else selling).popleft()
        made += _dollars_made(following)
        placed.append(following)
    return (*first, *placed)


def _leaves_less(order: Order, book: Book) -> bool:
    """Whether a smaller position is open after an order than before it, on either side."""
    position = book.positions.get(order.contract)
    return position is not None and abs(position.contracts + order.signed) < abs(position.contracts)


def waiting_last(orders: Sequence[Order], transfers: Iterable[Transfer], portfolio: Portfolio) -> tuple[Order, ...]:
    """Orders as they are placed, those last that wait for coins from another account."""
    late = waiting(orders, transfers, portfolio)
    return (*(each for each in orders if each not in late), *late) if late else tuple(orders)


def waiting(orders: Iterable[Order], transfers: Iterable[Transfer], portfolio: Portfolio) -> tuple[Order, ...]:
    """The orders that wait for coins from another account: those that open what they margin."""
    credits = [each for each in transfers if each.quantity > 0 and each.other_account is not None]
    if not credits:
        return ()
    return tuple(order for order in orders if any(_waits(order, each, portfolio) for each in credits))


def _waits(order: Order, credit: Transfer, portfolio: Portfolio) -> bool:
    """Whether an order opens what the coins of a credit margin."""
    if order.reduce_only or credit.account != order.account:
        return False
    pooled = portfolio.account(order.account or "").pooling is not None
    return pooled or (credit.asset == order.fee_currency and credit.contract in (None, order.contract))


def steps(
    transfers: Sequence[Transfer], orders: Sequence[Order], portfolio: Portfolio, *, before: Book
) -> tuple[Step, ...]:
    """Transfers in and what feeds them, the orders as they stand, transfers out.

    What goes from one account to another leaves it first, or right behind the last order there that frees it, and
    arrives before the orders that wait for it. ``before``: the book that the orders meet: where nothing is open they
    free nothing.
    """
    moves = dict(enumerate(transfers))
    sent = {n: move for n, move in moves.items() if move.other_account is not None}
    last_in = max((n for n, move in moves.items() if move.quantity > 0 and n not in sent), default=-1)
    if not sent:
        return _numbered([
            *_moves(range(last_in + 1)),
            *((StepKind.ORDER, n) for n in range(len(orders))),
            *_moves(range(last_in + 1, len(transfers))),
        ])  # fmt: skip
    credits = [n for n, move in sent.items() if move.quantity > 0]
    ready = [n for n, order in enumerate(orders) if not any(_waits(order, sent[c], portfolio) for c in credits)]
    backed = {_purse(each.contract.account, each.contract.settle, portfolio) for each in before.open_positions}
    paid = [_purse(each.account, each.fee_currency, portfolio) for each in orders]
    left = {n: _purse(move.account, move.asset, portfolio) for n, move in sent.items()}
    frees = {n: max((k for k in ready if paid[k] == left[n] in backed), default=-1) for n in sent}
    behind = {k: [n for n in sent if n not in credits and frees[n] == k] for k in (-1, *ready)}
    waiting = [(StepKind.ORDER, n) for n in range(len(orders)) if n not in behind]
    listed = [
        *_moves(behind[-1]),
        *_moves(n for n in moves if n <= last_in and n not in sent),
        *(step for k in ready for step in ((StepKind.ORDER, k), *_moves(behind[k]))),
        *_moves(credits),
        *waiting,
        *_moves(n for n in moves if n > last_in and n not in sent),
    ]
    return _numbered(listed)


def _numbered(listed: Iterable[tuple[StepKind, int]]) -> tuple[Step, ...]:
    return tuple([Step(n, kind, index) for n, (kind, index) in enumerate(listed, start=1)])


def _moves(indices: Iterable[int]) -> Iterator[tuple[StepKind, int]]:
    return ((StepKind.TRANSFER, n) for n in indices)


def _purse(account: str | None, coin: str, portfolio: Portfolio) -> tuple[str | None, str]:
    """What coins at an account margin: the positions in that coin, or all where they are pooled."""
    found = portfolio.account(account or "")
    return found.name, "" if found.pooling is not None else coin


def realised_by(order: Order, book: Book, contract: Contract) -> Fraction:
    """PnL that an order realises on the net position, in the settlement coin, at the order's price."""
    position = book.positions.get(order.contract)
    if position is None:
        return ZERO
    filled = fill(contract, position.contracts, position.entry_price, traded=order.signed, price=order.price)
    return filled.realised


def after_orders(book: Book, orders: Iterable[Order], portfolio: Portfolio) -> Book:
    """The book once every order has filled at its price; PnL realised, less fees, moves holdings and wallets."""
    fills: list[of.Fill] = []
    for order in orders:
        contract = portfolio.contracts[order.contract]
        fills.append(fill_of(order, contract, portfolio.margin_mode(contract)))
    return apply(book, fills).book


def after_transfers(book: Book, transfers: Iterable[Transfer], portfolio: Portfolio) -> Book:
    """The book with coins moved into its wallets and isolated margins; holdings are the same coins elsewhere.

    But for what the network keeps of those that go from one account to another.
    """
    return apply(book, (event for each in transfers for event in moved(each, portfolio))).book


def moved(move: Transfer, portfolio: Portfolio) -> Iterator[of.Event]:
    """What a transfer is to a book: coins that go, and those that the network keeps, which nobody owns any more."""
    yield of.Transfer(move.asset, move.quantity, move.contract, portfolio.account_key(move.account))
    if move.fee:
        yield of.Spot(move.asset, -move.fee)


def fill_of(order: Order, contract: Contract, margin_mode: MarginMode) -> of.Fill:
    """An order as a fill at its own price, whole."""
    # a basket's shares come as parts of their own, each for one asset
    parts = tuple([Traded(part.purpose, part.contracts, asset) for part in order.parts for asset in part.stands_for])
    return of.Fill(contract, order.signed, order.price, order.fee, parts, margin_mode)


def _dollars_made(order: Order) -> Fraction:
    return order.notional if order.side is SELL else -order.notional
