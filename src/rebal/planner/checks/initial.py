"""What a venue may not take of a plan's last order: it tests initial margin once fees are paid, the policy before."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil

from rebal.amounts import ONE, ZERO, Fraction, plain, total
from rebal.book import Book
from rebal.findings import Code, Finding, coins, info
from rebal.market.maintenance import SizeRate
from rebal.market.margin import Held, initial_margin, pnl_of
from rebal.plan import Order
from rebal.planner.collateral import Account, account_leverage, accounts, last_that
from rebal.planner.review import Check, Review
from rebal.planner.sequence import after_orders, after_transfers
from rebal.policy import Policy

_CENT = Fraction(1, 100)


def taken_of(last: Order, review: Review, fits: Callable[[Book], bool], *, fewer: int = 0) -> Fraction:
    """The contracts of an order with which the book that a plan leaves fits, its other orders as they are.

    ``fewer``: how many lots less than all of them that is likely to be, looked at first.
    """
    portfolio, contract = review.desk.portfolio, review.contract(last.contract)
    pot = review.desk.pot(contract)
    # of what is margined out of the same coins alone, as all of a large book for each coin of it takes its square
    book, (orders, transfers) = review.desk.pot_book(pot), review.traded_in[pot]
    others = [each for each in orders if each is not last]
    position = book.positions.get(last.contract)
    closing = ZERO if position is None or position.contracts * last.signed >= 0 else abs(position.contracts)

    def taken(lots: int) -> bool:
        size = closing + lots * contract.lot_size
        # whose contracts these are is no matter of margin, so that its parts may stay as they are
        smaller = replace(last, contracts=size, fee=contract.fee(size, last.price, contract.taker_fee))
        filled = after_orders(book, (*others, smaller), portfolio)
        return fits(after_transfers(filled, transfers, portfolio))

    lots = int((last.contracts - closing) / contract.lot_size)
    return closing + last_that(taken, lots, near=lots - fewer if fewer else 0) * contract.lot_size


def part_taken(taken: Fraction, last: Order) -> str:
    """How much of the last order that is, in words."""
    if not taken:
        return f"none of {last.contract}, nor all of those before it"
    return f"only {plain(taken)} of the {plain(last.contracts)} contracts of {last.contract}"


def _beyond_balance(review: Review) -> Iterator[Finding]:
    """Where the fees of orders that add leave the initial margin of a wallet above its margin balance.

    Leverage is tested before opening fees, so that all of a coin can be hedged with it; exchanges that count an order's
    fee in its cost (OKX, Bybit, BitMEX) take as much of it as is within the balance without. What reduces is taken at
    any rate, and coins that are missing are told as such.
    """
    portfolio, short = review.desk.portfolio, {each.account.name for each in review.shortages}
    adding = {each.contract: (n, each) for n, each in enumerate(review.orders) if not each.reduce_only}
    for account in review.done.after:
        here = [adding[each.contract.name] for each in account.held_after if each.contract.name in adding]
        if not here or account.name in short:
            continue
        if _over(account, portfolio.policy) * portfolio.price(account.currency) >= _CENT:
            yield _taken_in_part(account, max(here)[1], review)


def _taken_in_part(account: Account, last: Order, review: Review) -> Finding:
    portfolio, currency = review.desk.portfolio, account.currency

    def within(left: Book) -> bool:
        listed = accounts(left, left, (), portfolio=portfolio)
        return all(_over(each, portfolio.policy) <= 0 for each in listed if each.name == account.name)

    over, balance = _over(account, portfolio.policy), account.balance + pnl_of(account.held_after)
    contract, name = review.contract(last.contract), last.contract
    lot = Held(contract, contract.lot_size, last.price, last.price)
    asked = _initial(lot, portfolio.policy) + contract.fee(contract.lot_size, last.price, contract.taker_fee)
    taken = taken_of(last, review, within, fewer=ceil(over / asked))
    message = (
        f"once fees are paid its margin balance is {coins(balance, currency)} and initial margin is "
        f"{coins(balance + over, currency)}: policy.leverage is tested before fees, and of the last order a venue that "
        f"tests after them may take {part_taken(taken, last)}; bring "
        f"{coins(over, currency)} more, or set contracts.{name}.leverage above "
        f"{plain(tested_leverage(account_leverage(contract, portfolio.policy)))}"
    )
    return info(
        Code.INITIAL_MARGIN, account.name, message, margin_balance_coins=balance, initial_margin_coins=balance + over,
        over_coins=over, contract=name, contracts=last.contracts, taken_contracts=taken,
    )  # fmt: skip


def _over(account: Account, policy: Policy) -> Fraction:
    """Coins of initial margin above margin balance, by the leverage that is set; at or below 0 where there are none."""
    initial = total(_initial(each, policy) for each in account.held_after)
    return initial - account.balance - pnl_of(account.held_after)


def _initial(held: Held, policy: Policy) -> Fraction:
    contract = held.contract
    if isinstance(contract.maintenance, SizeRate):
        return initial_margin(held, held.most_leverage)  # a rate of the venue's own, whatever leverage is set
    return initial_margin(held, tested_leverage(account_leverage(contract, policy)))


def tested_leverage(leverage: Fraction) -> Fraction:
    """The leverage that a venue tests at: none is set to less than 1."""
    return max(ONE, leverage)


INITIAL_CHECKS: tuple[Check, ...] = (_beyond_balance,)
