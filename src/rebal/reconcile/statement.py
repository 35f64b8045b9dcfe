"""The statement that accounts make true now, as the text of a portfolio file: to paste or to compare."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction, plain, total
from rebal.book import Book, Purpose
from rebal.exchange_account import Account as Told
from rebal.exchange_account import There
from rebal.portfolio import Account, Portfolio

_TIME = "%Y-%m-%dT%H:%M:%S"
_KEPT = "keep below it what the file says of collateral and borrowing"


def statement(portfolio: Portfolio, book: Book, told: Mapping[str | None, Told], *, now: datetime) -> str:
    """Holdings, wallets and positions as they are at the exchange; of several accounts in the place of ``accounts:``.

    What is held outside the futures accounts is the book's, and no less than spot accounts show; which part of a
    position is protection or stands for another coin is the book's, as no exchange knows it.
    """
    inside = [each.wallets for each in told.values()]
    spot = [each.spot for each in told.values() if each.spot is not None]
    held = {*book.holdings, *(asset for coins in (*inside, *spot) for asset in coins)}
    outside = {asset: max(_outside(asset, portfolio, book), _sum(asset, spot)) for asset in held}
    holdings = {asset: outside[asset] + _sum(asset, inside) for asset in held}
    return "".join(f"{line}\n" for line in _lines(holdings, portfolio, book, told=told, now=now))


def _outside(asset: str, portfolio: Portfolio, book: Book) -> Fraction:
    return book.holdings.get(asset, ZERO) - total(book.wallets.get(each, ZERO) for each in portfolio.wallets_of(asset))


def _sum(asset: str, accounts: list[Mapping[str, Fraction]]) -> Fraction:
    return total(coins.get(asset, ZERO) for coins in accounts)


def _lines(
    holdings: Mapping[str, Fraction],
    portfolio: Portfolio,
    book: Book,
    *,
    told: Mapping[str | None, Told],
    now: datetime,
) -> Iterator[str]:
    fraction = f".{now.microsecond:06}".rstrip("0") if now.microsecond else ""
    yield f"as_of: {now:{_TIME}}{fraction}Z"
    yield from _coins("holdings", holdings)
    if all(each.in_short for each in portfolio.told_accounts):
        yield from _account(told[None], book)
        return
    yield "accounts:"
    for account in portfolio.accounts:
        yield f"  {account.name}:"
        yield from (f"    {line}" for line in _terms(account))
        yield from (f"    {line}" for line in _account(told[portfolio.account_key(account.name)], book))


def _terms(account: Account) -> Iterator[str]:
    """Where an account is and how it is margined."""
    yield f"venue: {account.venue}"
    yield f"margin: {account.margin_mode.value}" + ("" if account.pooling is None else f"  # {_KEPT}")
    if account.at_most != ONE:
        yield f"at_most: {plain(account.at_most * 100)}%"


def _account(told: Told, book: Book) -> Iterator[str]:
    yield from _coins("wallets", told.wallets)
    yield "positions:" if told.positions else "positions: []"
    for position in told.positions:
        yield f"  - {{{', '.join(f'{key}: {text}' for key, text in _position(position, book))}}}"


def _coins(name: str, coins: Mapping[str, Fraction]) -> Iterator[str]:
    listed = {asset: quantity for asset, quantity in sorted(coins.items()) if quantity}
    yield f"{name}:" if listed else f"{name}: {{}}"
    for asset, quantity in listed.items():
        yield f"  {asset}: {plain(quantity)}"


def _position(there: There, book: Book) -> Iterator[tuple[str, str]]:
    ours = book.positions.get(there.contract)
    entry = there.entry_price if there.entry_price is not None else ours.entry_price if ours else None
    yield "contract", there.contract.rpartition(":")[2]
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
