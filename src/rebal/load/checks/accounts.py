"""Accounts: what stands in place of what, and what a pooled one can hold."""

from collections.abc import Iterator
from itertools import pairwise

from rebal.book import MarginMode
from rebal.load import models
from rebal.load.accounts import margin_mode
from rebal.load.flaws import Flaw
from rebal.load.reading import Account, Reading
from rebal.market.contract import Kind

_IN_PLACE_OF = ("venue", "wallets", "positions")


def accounts_stand_alone(reading: Reading) -> Iterator[Flaw]:
    """Accounts take the place of venue, wallets and positions, and there is one at least."""
    if not reading.file.has("accounts"):
        return
    if not reading.accounts and reading.file.sound("accounts"):
        yield Flaw(("accounts",), "names no account", "write `bybit: {venue: bybit}` below it", at_key=True)
    for key in _IN_PLACE_OF:
        if reading.file.has(key):
            yield Flaw((key,), "stands beside accounts", "move it below the account that it is of", at_key=True)


def pooled_accounts_can_pool(reading: Reading) -> Iterator[Flaw]:
    """A pooled account is at a venue that has such, holds no isolated margin, and settles in coins or dollars."""
    for account in _pooled(reading):
        path = account.at("margin") if account.path else ("policy", "margin_mode")
        if account.venue is None and account.venue_known:
            yield Flaw(path, "is pooled, and no venue says what coins count", "name the venue, or write cross")
        elif account.venue is not None and account.venue.pooling is None:
            places = "bybit, okx, deribit, binance (Portfolio Margin) and kucoin have such accounts"
            yield Flaw(path, f"{account.venue.title} pools no coins", f"write cross; {places}")
    for account, place, row in reading.rows():
        contract = reading.contract_of(row, account)
        if not _is_pooled(account, reading) or contract is None:
            continue
        if row.margin is not None:
            yield Flaw((*place, "margin"), "is of its own in a pooled account", "drop it, or write margin: cross")
        if contract.kind is Kind.LINEAR and contract.settle not in reading.cash:
            instead = f"name {contract.settle} under cash"
            yield Flaw((*place, "contract"), f"settles in {contract.settle}, which is no dollar here", instead)


def collateral_is_of_a_pool(reading: Reading) -> Iterator[Flaw]:
    """What coins count, and what debts cost, is said of pooled accounts only, in parts that ascend."""
    for account in reading.accounts:
        says = account.says
        if not isinstance(says, models.Account):
            continue
        for key, given in (("collateral", bool(says.collateral)), ("borrowing", says.borrowing is not None)):
            if given and not _is_pooled(account, reading):
                yield Flaw(account.at(key), "is of a pooled account, which this is not", "write margin: pooled", True)
        for coin, counts in says.collateral.items():
            if isinstance(counts, tuple):
                yield from _parts(account, coin, counts)


def _parts(account: Account, coin: str, counts: tuple[models.Slice, ...]) -> Iterator[Flaw]:
    path = account.at("collateral", coin)
    if not counts:
        yield Flaw(path, "has no part", "write off where it does not count")
    for n, (first, then) in enumerate(pairwise(counts)):
        if first.up_to is None:
            yield Flaw((*path, n), "has no end, and parts follow", "write up_to")
        elif then.up_to is not None and then.up_to <= first.up_to:
            yield Flaw((*path, n + 1, "up_to"), "does not ascend", "put the parts in order")
        if then.ratio > first.ratio:
            yield Flaw((*path, n + 1, "ratio"), "counts more than the part before", "put the parts in order")


def _pooled(reading: Reading) -> Iterator[Account]:
    return (account for account in reading.accounts if _is_pooled(account, reading))


def _is_pooled(account: Account, reading: Reading) -> bool:
    return margin_mode(account, reading.says.policy) is MarginMode.POOLED
