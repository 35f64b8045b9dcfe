"""How far the coins that a plan relies on can fall before none is left to keep the policy."""

from collections.abc import Iterator
from fractions import Fraction

from rebal.amounts import ONE, ZERO
from rebal.book import Book
from rebal.market.contract import Kind
from rebal.market.margin import Factors, kept_within
from rebal.plan import Code, Finding
from rebal.planner.collateral import Account, account_leverage, free_coins
from rebal.planner.draft import Check, Draft, info
from rebal.planner.words import coins, percent, price, usd
from rebal.portfolio import Portfolio

_HALF = Fraction(1, 2)


def sustained(account: Account, book: Book, portfolio: Portfolio) -> Factors | None:
    """How far the index may move, as factors, while an account and every free coin of its kind keep the policy.

    The balance is ``W`` and the free coins together (see ``kept_within``). None where nothing is open. Beyond these
    prices the position has to shrink, or the policy to give way.
    """
    held, policy = account.held_after, portfolio.policy
    if not held:
        return None
    return kept_within(
        account.balance + free_coins(account.currency, book, portfolio),
        held,
        leverage=policy.leverage,
        set_to=lambda contract: account_leverage(contract, policy),
        shock=policy.shock,
    )


def _sustain(draft: Draft) -> Iterator[Finding]:
    portfolio = draft.desk.portfolio
    for account in draft.done.after:
        ends = sustained(account, draft.done.book, portfolio)
        assets = {held.contract.asset for held in account.held_after}
        if ends is None or len(assets) != 1 or not draft.orders:
            continue
        index, currency = portfolio.price(assets.pop()), account.currency
        moves = [("fall", ends.below), ("rise", ends.above)]
        told = [(way, factor) for way, factor in moves if factor is not None and _LEAST <= factor <= _MOST]
        if not told or ONE in (ends.below, ends.above):
            continue
        where = " or ".join(f"{price(factor * index)}, a {way} of {percent(abs(factor - 1))}" for way, factor in told)
        yield info(
            Code.SUSTAIN,
            account.contract or currency,
            f"its free {currency} keep the policy until {where}; from there none is left: the position has to shrink",
            price_below=None if ends.below is None else ends.below * index,
            price_above=None if ends.above is None else ends.above * index,
            move_below=None if ends.below is None else ends.below - 1,
            move_above=None if ends.above is None else ends.above - 1,
            free_coins=free_coins(currency, draft.done.book, portfolio),
        )


_LEAST, _MOST = Fraction(1, 10), Fraction(10)
"""Moves beyond these are no figure for a person."""


def _doubled(draft: Draft) -> Iterator[Finding]:
    """What a fall of half costs an inverse long that the plan opens: its whole coin value, ``N/P - N/(P/2) = -N/P``."""
    for line in draft.positions:
        contract = draft.contract(line.contract)
        if contract.kind is not Kind.INVERSE or line.contracts <= max(ZERO, line.contracts_before):
            continue
        lost = contract.pnl(line.contracts, line.mark_price, line.mark_price * _HALF)
        worth = -lost * draft.desk.portfolio.price(contract.settle) * _HALF
        yield info(
            Code.COIN_MARGINED_LONG,
            line.contract,
            f"a long margined in its own coin falls twice: at half the price it has lost "
            f"{coins(-lost, contract.settle)}, {usd(worth)} then, on top of the fall of the coins themselves",
            fall=_HALF,
            lost_coins=-lost,
            currency=contract.settle,
            lost_usd=worth,
        )


SUSTAIN_CHECKS: tuple[Check, ...] = (_sustain, _doubled)
