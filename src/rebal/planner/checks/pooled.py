"""What is worth a look in pooled accounts: how near their end is, what is assumed of them, what a full hedge takes."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine, path_words
from rebal.amounts import COIN_STEP, ZERO, Fraction, down, rounded, total, up
from rebal.findings import Code, Finding, apart, coins, error, info, percent, usd, warning
from rebal.market.margin import Held
from rebal.market.pooled import Coin, coins_to_count, credit
from rebal.planner.pooled import pool_of
from rebal.planner.review import Check, Review

_FEW = 3


def _pools(review: Review) -> Iterator[tuple[AccountLine, AccountLine]]:
    """Each pooled account as it is left, with how it stood."""
    for line, before in zip(review.accounts, review.accounts_before, strict=True):
        if line.credit is not None:
            yield line, before


def _at_liquidation(review: Review) -> Iterator[Finding]:
    policy, short = review.desk.portfolio.policy, {each.account.at for each in review.shortages}
    for line, _ in _pools(review):
        close, subject = line.nearest, line.account or ""
        if close is None or line.credit is None:
            continue
        if close.distance == 0:
            say = warning if review.only_lowers_risk and review.orders else error
            message = "credit no longer covers maintenance margin: liquidation is due at today's prices"
            yield say(Code.NEAR_LIQUIDATION, subject, message, credit_usd=line.credit,
                      maintenance_margin_usd=line.maintenance_margin)  # fmt: skip
        elif close.distance < policy.shock and (review.planned or close.distance >= policy.alert.distance):
            if (review.desk.portfolio.account_key(line.account) or "") in short:
                continue
            say = warning if review.planned else info
            message = (
                f"is liquidated {percent(close.distance)} away on the path of {path_words(close.path)}{review.when}; "
                f"the policy asks for {percent(policy.shock)}"
            )
            yield say(Code.NEAR_LIQUIDATION, subject, message, path=close.path, distance=close.distance,
                      policy_distance=policy.shock)  # fmt: skip


def _alerts(review: Review) -> Iterator[Finding]:
    alert = review.desk.portfolio.policy.alert
    for _, then in _pools(review):
        close, subject = then.nearest, then.account or ""
        if close is not None and close.distance < alert.distance:
            is_now, level = apart(close.distance, alert.distance, percent, places=1)
            where = f"is {is_now} away now on the path of {path_words(close.path)}" if close.distance else "is due now"
            message = f"liquidation {where}; the alert level is {level}"
            yield warning(Code.ALERT, subject, message, path=close.path, distance=close.distance,
                          alert_distance=alert.distance)  # fmt: skip
        if then.credit and then.credit > 0 and then.position_value is not None:
            leverage = then.position_value / then.credit
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
            few = ", ".join(used[:_FEW]) + (f" and {len(used) - _FEW} more" if len(used) > _FEW else "")
            message = (
                f"what {few} count as collateral is assumed or second-hand; set accounts.{name}.collateral to what it "
                "shows"
            )
            yield warning(Code.ASSUMED_FIGURE, name, message, assets=tuple(used), key=f"accounts.{name}.collateral")
        if account.pooling.debts_assumed and pool.positions:
            owes = [line for line in review.accounts if line.account == account.name and line.debts]
            say, which = (warning, ", ".join(owes[0].debts)) if owes else (info, "a coin")
            message = (
                f"no margin is counted on what is borrowed where {which} goes below zero, as no rate is known; set "
                f"accounts.{name}.borrowing"
            )
            yield say(Code.ASSUMED_FIGURE, name, message, key=f"accounts.{name}.borrowing")


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
                there = max(ZERO, min(short, pool.parts[coin.asset].equity))
                yield from _covered((short, there), coin, account.name or "")


def _is_short(held: Held, coin: str) -> bool:
    return held.contracts < 0 and held.contract.settle == held.contract.asset == coin


def _covered(short: tuple[Fraction, Fraction], coin: Coin, account: str) -> Iterator[Finding]:
    """``short``: the coins that are short, and those of them that lie in the account."""
    covered, there = short
    worth, counts = covered * coin.price, credit(coin, covered)
    if worth <= counts:
        return
    whole = coins_to_count(coin, worth)
    more = None if whole is None else up(whole - there, COIN_STEP)
    takes = f"no amount of {coin.asset} counts for it whole"
    if more is not None:
        takes = f"it takes {coins(more, coin.asset)} more, {usd(more * coin.price)}, at leverage 1"
    stays = f"{usd(worth)} at every price"
    said = f"{coins(covered, coin.asset)} that its own coins cover is worth {stays}, and counts"
    if there < down(covered, COIN_STEP):
        lie = f"{coins(there, coin.asset)} lie" if there else "none lie"
        said = f"{coins(covered, coin.asset)}, of which {lie} here, would be worth {stays} if all did, and count"
    message = f"a short of {said} {usd(counts)} of it here: {takes}"
    yield info(Code.COVERED_SHORT, account, message, asset=coin.asset, short_coins=covered, covered_coins=there,
               worth_usd=worth, counts_usd=counts, more_coins=more,
               more_usd=None if more is None else more * coin.price)  # fmt: skip


POOLED_CHECKS: tuple[Check, ...] = (_at_liquidation, _alerts, _assumed, _covered_shorts)
