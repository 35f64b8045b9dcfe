"""A counterparty that fails: what sits at an account is gone, and what is open there with it."""

from collections.abc import Iterator
from dataclasses import replace

from rebal.amounts import ZERO
from rebal.book import Book
from rebal.findings import Code, Finding, percent, usd, warning
from rebal.planner.account_lines import account_lines
from rebal.planner.exposure import value
from rebal.planner.review import Check, Review
from rebal.portfolio import Account, Portfolio


def without(account: Account, book: Book, portfolio: Portfolio) -> Book:
    """The book once an account is gone: its coins are owned no more, and its positions are closed by nobody."""
    key = portfolio.at(account.name)
    coins = {wallet: balance for wallet, balance in book.wallets.items() if wallet.rpartition(":")[0] == key}
    holdings = dict(book.holdings)
    for wallet, balance in coins.items():
        asset = wallet.rpartition(":")[2]
        holdings[asset] = max(ZERO, holdings.get(asset, ZERO) - balance)
    return replace(
        book,
        holdings=holdings,
        wallets={wallet: balance for wallet, balance in book.wallets.items() if wallet not in coins},
        positions={name: each for name, each in book.positions.items() if each.contract.account != key},
        posted={name: coin for name, coin in book.posted.items() if portfolio.contracts[name].account != key},
    )


def failing(account: Account, book: Book, portfolio: Portfolio) -> Check:
    """The check that tells what goes with an account, and which hedges."""

    def check(_: Review) -> Iterator[Finding]:
        equity = value(portfolio, book).equity
        lost = next(each for each in account_lines(book, portfolio, equity=equity) if each.account == account.name)
        key = portfolio.at(account.name)
        open_there = tuple(name for name, each in sorted(book.positions.items()) if each.contract.account == key)
        share = ZERO if lost.share_of_equity is None else lost.share_of_equity
        gone = f", and what is open there: {', '.join(open_there)}" if open_there else ""
        message = f"is taken to have failed: {usd(lost.equity)} are gone, {percent(share)} of equity{gone}"
        yield warning(
            Code.ACCOUNT_FAILED, account.name or "", message, lost_usd=lost.equity, share=share, contracts=open_there
        )

    return check
