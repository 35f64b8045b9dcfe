"""What is worth a look in pooled accounts: how near their end is, what is assumed of them, what a full hedge takes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from rebal.account_lines import path_words
from rebal.amounts import COIN_STEP, ZERO, Fraction, down, plain, rounded, total, up
from rebal.book import Book
from rebal.findings import Code, Finding, apart, coins, error, info, percent, usd, warning
from rebal.market.maintenance import Tiers
from rebal.market.margin import Held
from rebal.market.pooled import ClosingFee, Coin, Judged, Pool, coins_to_count, credit, judge
from rebal.names import listed
from rebal.plan import Order
from rebal.planner.checks.initial import part_taken, taken_of, tested_leverage
from rebal.planner.collateral import account_leverage
from rebal.planner.pooled import pool_of
from rebal.planner.review import Check, Review
from rebal.portfolio import Account, Portfolio

_CENT = Fraction(1, 100)


def _at_liquidation(review: Review) -> Iterator[Finding]:
    policy, short = review.desk.portfolio.policy, {each.account.at for each in review.shortages}
    for line in review.accounts:  # only a pooled one has a nearest level
        close, subject = line.nearest, line.account or ""
        if close is None:
            continue
        if close.distance == 0:
            say = warning if review.only_lowers_risk and review.orders else error
            message = "credit no longer covers maintenance margin: liquidation is due at today's prices"
            yield say(Code.NEAR_LIQUIDATION, subject, message, credit_usd=line.credit,
                      maintenance_margin_usd=line.maintenance_margin)  # fmt: skip
        elif close.distance < policy.shock and (review.planned or close.distance >= policy.alert.distance):
            if review.desk.portfolio.at(line.account) in short:
                continue
            say = warning if review.planned else info
            is_then, asked = apart(close.distance, policy.shock, percent, places=1)
            message = (
                f"is liquidated {is_then} away on the path of {path_words(close.path)}{review.when}; "
                f"the policy asks for {asked}"
            )
            yield say(Code.NEAR_LIQUIDATION, subject, message, path=close.path, distance=close.distance,
                      policy_distance=policy.shock)  # fmt: skip


def _alerts(review: Review) -> Iterator[Finding]:
    alert = review.desk.portfolio.policy.alert
    for then in review.accounts_before:
        close, subject = then.nearest, then.account or ""
        if close is not None and close.distance < alert.distance:
            is_now, level = apart(close.distance, alert.distance, percent, places=1)
            where = f"is {is_now} away now on the path of {path_words(close.path)}" if close.distance else "is due now"
            message = f"liquidation {where}; the alert level is {level}"
            yield warning(Code.ALERT, subject, message, path=close.path, distance=close.distance,
                          alert_distance=alert.distance)  # fmt: skip
        credit = then.credit or ZERO
        leverage = (then.position_value or ZERO) / credit if credit > 0 else ZERO
        if leverage > alert.leverage:
            is_now, level = apart(leverage, alert.leverage, rounded, places=2)
            message = f"positions are {is_now} times its credit now; the alert level is {level}"
            yield warning(Code.ALERT, subject, message, leverage=leverage, alert_leverage=alert.leverage)


def _assumed(review: Review) -> Iterator[Finding]:
    portfolio = review.desk.portfolio
    for account in portfolio.pools:
        assert account.pooling is not None
        name, pool = account.name or "", pool_of(account, review.done.book, portfolio)
        used = [coin.asset for coin in pool.coins if coin.balance and account.pooling.is_assumed(coin.asset)]
        if used:
            what = f"what {listed(used)} {'count' if len(used) > 1 else 'counts'} as collateral"
            message = f"{what} is assumed or second-hand; set accounts.{name}.collateral to what it shows"
            yield warning(Code.ASSUMED_FIGURE, name, message, assets=tuple(used), key=f"accounts.{name}.collateral")
        if account.pooling.debts_assumed and pool.positions:
            owes = [line for line in review.accounts if line.account == account.name and line.debts]
            say, which = (warning, ", ".join(owes[0].debts)) if owes else (info, "a coin")
            message = (
                f"no margin is counted on what is borrowed where {which} goes below zero, as no rate is known; set "
                f"accounts.{name}.borrowing"
            )
            yield say(Code.ASSUMED_FIGURE, name, message, key=f"accounts.{name}.borrowing")


def _closing_fees(review: Review) -> Iterator[Finding]:
    """Contracts whose file leaves the closing fee out, where the venue counts it whatever the contract."""
    portfolio = review.desk.portfolio
    for account in portfolio.pools:
        assert account.pooling is not None
        own = [
            contract.name
            for contract in review.contracts_in_play
            if contract.own and contract.account == portfolio.at(account.name)
            and isinstance(contract.maintenance, Tiers) and not contract.maintenance.close_fee
        ]  # fmt: skip
        if own and account.pooling.rules.fee is not ClosingFee.SCHEDULE:
            message = (
                f"{account.venue} counts the fee of closing in its {account.pooling.mode}, and so it is for "
                f"{listed(own)} too, whose maintenance.close_fee is false"
            )
            yield info(Code.CLOSING_FEE, account.name or "", message, contracts=tuple(own))


def _covered_shorts(review: Review) -> Iterator[Finding]:
    """A short that its own coins cover is worth its dollars at every price, and counts for less: what that takes."""
    portfolio = review.desk.portfolio
    opened = {order.contract for order in review.orders if not order.reduce_only}
    for account in portfolio.pools:
        pool = pool_of(account, review.done.book, portfolio)
        for coin in pool.coins:
            shorts = [each.held for each in pool.positions if _is_short(each.held, coin.asset)]
            if any(each.contract.name in opened for each in shorts):
                short = total(each.position_value for each in shorts)
                there = min(short, pool.parts[coin.asset].equity)
                yield from _covered((short, there), coin, account.name or "")


def _is_short(held: Held, coin: str) -> bool:
    return held.contracts < 0 and held.contract.settle == held.contract.asset == coin


def _covered(short: tuple[Fraction, Fraction], coin: Coin, account: str) -> Iterator[Finding]:
    """``short``: the coins that are short, and those of them that lie in the account, below 0 what it owes."""
    covered, there = short
    worth, counts = covered * coin.price, credit(coin, covered)
    if worth <= counts:
        return
    whole = coins_to_count(coin, worth)
    more = None if whole is None else up(whole - there, COIN_STEP)
    takes = f"no amount of {coin.asset} counts as much as the short is worth"
    if more is not None:
        takes = f"at leverage 1 its own coins take {coins(more, coin.asset)} more, {usd(more * coin.price)}"
    size = coins(covered, coin.asset)
    if there < down(covered, COIN_STEP):
        lie = f"{coins(there, coin.asset)} lie" if there > 0 else "none lie"
        said = f"the short is of {size}, {usd(worth)}, of which {lie} here; {size} would count as {usd(counts)}"
    else:
        said = f"{size} stand behind the short, {usd(worth)} at every price with it, and count as {usd(counts)}"
    message = f"{said}: {takes}"
    lying = max(ZERO, there)
    yield info(Code.COVERED_SHORT, account, message, asset=coin.asset, short_coins=covered, covered_coins=lying,
               worth_usd=worth, counts_usd=counts, more_coins=more,
               more_usd=None if more is None else more * coin.price)  # fmt: skip


def _beyond_credit(review: Review) -> Iterator[Finding]:
    """Where the fees of orders that add leave initial margin above credit, which a venue looks at and no policy does.

    Leverage is tested before opening fees, so that all of a coin can be hedged with it; a venue takes an order as far
    as initial margin is within credit once its fee is paid (Bybit: initial margin rate below 100 %; OKX: imr within
    adjEq). What reduces is taken at any rate.
    """
    portfolio, short = review.desk.portfolio, {each.account.at for each in review.shortages}
    for account in portfolio.pools:
        adding = [each for each in review.orders if each.account == account.name and not each.reduce_only]
        if adding and portfolio.at(account.name) not in short:
            judged = _as_the_venue_tests(account, review.done.book, portfolio)
            if judged.initial_margin - judged.credit >= _CENT:
                yield _taken_in_part(judged, account, adding[-1], review=review)


def _as_the_venue_tests(account: Account, book: Book, portfolio: Portfolio) -> Judged:
    """An account of a book, each position at the leverage that is set for it: no venue takes less than 1."""
    pool = pool_of(account, book, portfolio)
    positions = tuple(replace(each, leverage=tested_leverage(each.leverage)) for each in pool.positions)
    return judge(Pool(pool.rules, pool.coins, positions))


def _taken_in_part(judged: Judged, account: Account, last: Order, *, review: Review) -> Finding:
    initial, counted, contract = judged.initial_margin, judged.credit, review.contract(last.contract)
    taken, name = taken_of(last, review, _within_credit(account, review.desk.portfolio)), last.contract
    leverage = account_leverage(contract, review.desk.portfolio.policy)
    message = (
        f"once fees are paid its coins count {usd(counted)} and initial margin is {usd(initial)}, "
        f"{usd(initial - counted)} more: policy.leverage is tested before fees and the venue tests after them, so of "
        f"the last order it may take {part_taken(taken, last)}; "
        f"bring as much more, or set contracts.{name}.leverage above {plain(leverage)}"
    )
    return warning(
        Code.INITIAL_MARGIN, account.name or "", message, credit_usd=counted, initial_margin_usd=initial,
        over_usd=initial - counted, contract=name, contracts=last.contracts, taken_contracts=taken,
    )  # fmt: skip


def _within_credit(account: Account, portfolio: Portfolio) -> Callable[[Book], bool]:
    def check(left: Book) -> bool:
        judged = _as_the_venue_tests(account, left, portfolio)
        return judged.initial_margin <= judged.credit

    return check


POOLED_CHECKS: tuple[Check, ...] = (
    _at_liquidation,
    _alerts,
    _beyond_credit,
    _assumed,
    _closing_fees,
    _covered_shorts,
)
