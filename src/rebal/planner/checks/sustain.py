"""How far the coins that a plan relies on can fall before none is left to keep the policy."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rebal.amounts import ONE, ZERO, Fraction
from rebal.findings import Code, Finding, coins, info, percent, price, usd
from rebal.market.contract import Kind
from rebal.market.kept import kept_within
from rebal.market.margin import Factors, Held, Reach, needed_within
from rebal.planner.collateral import Account, account_leverage, need, need_at
from rebal.planner.posting import free_coins
from rebal.planner.review import Check, Review
from rebal.portfolio import Portfolio

_HALF = Fraction(1, 2)
_LOWER, _HIGHER = Fraction(99, 100), Fraction(101, 100)


def sustained(account: Account, portfolio: Portfolio, *, free: Fraction) -> Factors:
    """How far the index may move, as factors, while an account and the coins of its kind that are free keep the policy.

    The balance is ``W`` and the free coins together (see ``kept_within``). Beyond these prices the position has to
    shrink, or the policy to give way; without a position there are none. It is today's price where no coin is left and
    a move of one hundredth asks for more; where that does not (a short that its coins cover, less its fee), none.
    """
    policy, held = portfolio.policy, account.held_after
    ends = kept_within(
        account.balance + free if free else account.balance,
        held,
        leverage=policy.leverage,
        set_to=lambda contract: account_leverage(contract, policy),
        shock=policy.shock,
    )
    if _is_now(ends.below) and not _asks_more(held, _LOWER, portfolio):
        ends = Factors(None, ends.above)
    if _is_now(ends.above) and not _asks_more(held, _HIGHER, portfolio):
        ends = Factors(ends.below, None)
    return ends


def _is_now(end: Fraction | None) -> bool:
    return end is not None and end == ONE  # compared with None, a Fraction looks for a number in it


def _asks_more(held: Sequence[Held], factor: Fraction, portfolio: Portfolio) -> bool:
    most = need(held, portfolio).most
    # to survive from there asks for more as a rule, and leverage and margin take longer to tell
    survival = needed_within(held, _survived_from(factor, portfolio.policy.shock))
    return survival > most or need_at(factor, held, portfolio.policy).most > most


@lru_cache(maxsize=2)
def _survived_from(factor: Fraction, shock: Fraction) -> Reach:
    return Reach(factor * (ONE - shock), factor * (ONE + shock))


def _sustain(review: Review) -> Iterator[Finding]:
    portfolio, after = review.desk.portfolio, review.done.after
    for account in after if review.orders else ():
        assets = {held.contract.asset for held in account.held_after}
        if len(assets) != 1:
            continue
        index, currency = portfolio.price(assets.pop()), account.currency
        free = free_coins(currency, review.done.book, portfolio)
        ends = sustained(account, portfolio, free=free)
        if _is_now(ends.below) or _is_now(ends.above):
            yield _none_left(account, ends, free)
            continue
        moves = [("fall", ends.below), ("rise", ends.above)]
        told = [(way, factor) for way, factor in moves if factor is not None and _LEAST <= factor <= _MOST]
        if not told:
            continue
        where = " or ".join(f"{price(factor * index)}, a {way} of {percent(abs(factor - 1))}" for way, factor in told)
        yield info(
            Code.SUSTAIN,
            account.name,
            f"its free {currency} keep the policy until {where}; from there none is left: the position has to shrink",
            price_below=None if ends.below is None else ends.below * index,
            price_above=None if ends.above is None else ends.above * index,
            move_below=None if ends.below is None else ends.below - 1,
            move_above=None if ends.above is None else ends.above - 1,
            free_coins=free,
        )


def _none_left(account: Account, ends: Factors, free: Fraction) -> Finding:
    ways = tuple([way for way, end in zip(("fall", "rise"), ends, strict=True) if _is_now(end)])
    message = (
        f"no free {account.currency} is left to keep the policy: any {' or '.join(ways)} asks for more, or a smaller "
        "position"
    )
    return info(Code.SUSTAIN, account.name, message, ways=ways, free_coins=free)


_LEAST, _MOST = Fraction(1, 10), Fraction(10)
"""Moves beyond these are no figure for a person."""


def _doubled(review: Review) -> Iterator[Finding]:
    """What a fall of half costs an inverse long that the plan opens: its whole coin value, ``N/P - N/(P/2) = -N/P``."""
    portfolio = review.desk.portfolio
    for line in review.positions:
        contract = portfolio.contracts[line.contract]
        if contract.kind is not Kind.INVERSE or line.contracts <= max(ZERO, line.contracts_before):
            continue
        lost, worth = line.coin_value, line.coin_value * portfolio.price(contract.settle) * _HALF
        yield info(
            Code.COIN_MARGINED_LONG,
            line.contract,
            f"a long margined in its own coin falls twice: at half the price it has lost "
            f"{coins(lost, contract.settle)}, {usd(worth)} then, on top of the fall of the coins themselves",
            fall=_HALF,
            lost_coins=lost,
            currency=contract.settle,
            lost_usd=worth,
        )


SUSTAIN_CHECKS: tuple[Check, ...] = (_sustain, _doubled)
