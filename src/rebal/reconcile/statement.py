"""The statement that an account makes true now, as the text of a portfolio file: to paste or to compare."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Book, Purpose
from rebal.exchange_account import Account, There

_TIME = "%Y-%m-%dT%H:%M:%S"


def statement(book: Book, account: Account, *, now: datetime) -> str:
    """Holdings, wallets and positions as they are at the exchange.

    What is held outside the futures account, and which part of a position is protection or stands for another coin, is
    the book's: no exchange knows it.
    """
    held = {*book.holdings, *account.wallets}
    outside = {asset: book.holdings.get(asset, ZERO) - book.wallets.get(asset, ZERO) for asset in held}
    holdings = {asset: quantity + account.wallets.get(asset, ZERO) for asset, quantity in outside.items()}
    return "".join(f"{line}\n" for line in _lines(holdings, account, book, now))


def _lines(holdings: Mapping[str, Fraction], account: Account, book: Book, now: datetime) -> Iterator[str]:
    fraction = f".{now.microsecond:06}".rstrip("0") if now.microsecond else ""
    yield f"as_of: {now:{_TIME}}{fraction}Z"
    yield from _coins("holdings", holdings)
    yield from _coins("wallets", account.wallets)
    yield "positions:" if account.positions else "positions: []"
    for position in account.positions:
        yield f"  - {{{', '.join(f'{key}: {text}' for key, text in _position(position, book))}}}"


def _coins(name: str, coins: Mapping[str, Fraction]) -> Iterator[str]:
    listed = {asset: quantity for asset, quantity in sorted(coins.items()) if quantity}
    yield f"{name}:" if listed else f"{name}: {{}}"
    for asset, quantity in listed.items():
        yield f"  {asset}: {plain(quantity)}"


def _position(there: There, book: Book) -> Iterator[tuple[str, str]]:
    ours = book.positions.get(there.contract)
    entry = there.entry_price if there.entry_price is not None else ours.entry_price if ours else None
    yield "contract", there.contract
    yield "contracts", plain(there.contracts)
    yield "entry_price", "" if entry is None else plain(entry)
    hedge = ours.held_for(Purpose.HEDGE) if ours else ZERO
    if hedge and hedge * there.contracts > 0:
        yield "hedge", plain(max(hedge, there.contracts) if hedge < 0 else min(hedge, there.contracts))
    margin = there.margin if there.margin is not None else ours.margin if ours else None
    if margin is not None:
        yield "margin", plain(margin)
    named = {part.stands_for for part in ours.parts} if ours else set()
    if ours is not None and len(named) == 1 and named != {ours.contract.asset}:
        yield "for", next(iter(named))
