"""One step: decided orders, and the book that they leave."""

from collections.abc import Iterable, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.book import Book
from rebal.frozen import frozen
from rebal.plan import Order, Transfer
from rebal.planner import pooled_posting
from rebal.planner.collateral import Account, Shortage, accounts
from rebal.planner.posting import post
from rebal.planner.sequence import after_orders, after_transfers, placing_order, waiting_last
from rebal.planner.travelling import may_ask_again, travelled
from rebal.portfolio import Portfolio


@frozen
class Outcome:
    """What decided orders come to: as they are placed, what is moved for them, and the book that both leave.

    ``shortages``: coins that no transfer could bring. ``before`` and ``after``: the accounts as the book stood, and as
    it is left.
    """

    orders: tuple[Order, ...]
    transfers: tuple[Transfer, ...]
    shortages: tuple[Shortage, ...]
    book: Book
    before: tuple[Account, ...]
    after: tuple[Account, ...]


def step(
    portfolio: Portfolio, book: Book, orders: Iterable[Order], *, tops_up: bool = True, travels: bool = True,
    known: Book | None = None, letting_go: Sequence[str] | None = None,
) -> Outcome:  # fmt: skip
    """Fill orders at their prices, pay their fees, and move the least coins that the policy asks for.

    ``tops_up``: whether an account that no order touches is topped up at its alert level; ``travels``: see ``posted``.
    ``known``: the book once they are filled, where that was worked out; ``letting_go``: see ``pooled_posting.post``.
    """
    placed, filled, before = _filled(portfolio, book, orders, known)
    transfers, shortages = posted(
        before, book, filled, orders=placed, portfolio=portfolio, tops_up=tops_up, travels=travels,
        letting_go=letting_go,
    )  # fmt: skip
    if not placed and not transfers:
        return Outcome((), (), shortages, book, before, before)
    left = after_transfers(filled, transfers, portfolio)
    placed = waiting_last(placed, transfers, portfolio)
    return Outcome(placed, transfers, shortages, left, before, accounts(left, left, (), portfolio=portfolio))


def carried(portfolio: Portfolio, book: Book, *, orders: Iterable[Order], transfers: Iterable[Transfer]) -> Outcome:
    """The same with transfers that are decided too: none is added, and no shortage is looked for."""
    placed, filled, before = _filled(portfolio, book, orders)
    listed = tuple(transfers)
    left = after_transfers(filled, listed, portfolio)
    return Outcome(placed, listed, (), left, before, accounts(left, left, (), portfolio=portfolio))


def standing(portfolio: Portfolio, book: Book) -> Outcome:
    """The outcome of doing nothing: the book as it is."""
    listed = accounts(book, book, (), portfolio=portfolio)
    return Outcome((), (), (), book, listed, listed)


NOTHING_OPEN = Outcome((), (), (), Book({}, {}, {}), (), ())


def posted(
    listed: Sequence[Account], book: Book, filled: Book, *, orders: Sequence[Order], portfolio: Portfolio,
    tops_up: bool = True, travels: bool = True, letting_go: Sequence[str] | None = None,
) -> tuple[tuple[Transfer, ...], tuple[Shortage, ...]]:  # fmt: skip
    """What is moved for orders that are filled, in wallets and pooled accounts: in before out; and what is missing.

    ``travels``: whether what is missing at one of several accounts may come from another (see ``travelling``).
    """
    arriving, leaving, shortages = post(listed, book, portfolio, tops_up=tops_up)
    if portfolio.pools:
        taken: dict[str, Fraction] = {}
        for each in arriving:
            # what an isolated margin takes of its own account's wallet leaves that by a transfer of its own
            taken[each.asset] = taken.get(each.asset, ZERO) + each.quantity
        pools = pooled_posting.post(
            book, filled, orders, portfolio=portfolio, taken=taken, tops_up=tops_up, letting_go=letting_go
        )
        arriving, leaving = (*pools.arriving, *arriving), (*leaving, *pools.leaving)
        shortages = (*shortages, *pools.shortages)
    if travels and (may_ask_again(portfolio) or (portfolio.has_several and shortages)):
        found = pooled_posting.Posted(arriving, leaving, shortages)
        return travelled(found, listed, (book, filled), portfolio=portfolio)
    return (*arriving, *leaving), shortages


def _filled(
    portfolio: Portfolio, book: Book, orders: Iterable[Order], known: Book | None = None
) -> tuple[tuple[Order, ...], Book, tuple[Account, ...]]:
    placed = placing_order(orders, book)
    filled = after_orders(book, placed, portfolio) if known is None else known
    return placed, filled, accounts(book, filled, placed, portfolio=portfolio)
