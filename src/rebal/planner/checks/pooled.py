"""What is worth a look in pooled accounts: how near their end is, what is assumed of them, what a full hedge takes."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine
from rebal.amounts import ONE, ZERO, rounded
from rebal.findings import Code, Finding, apart, coins, error, info, percent, usd, warning
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
                f"is liquidated {percent(close.distance)} away on the path {close.path}{review.when}; the policy asks "
                f"for {percent(policy.shock)}"
            )
            yield say(Code.NEAR_LIQUIDATION, subject, message, path=close.path, distance=close.distance,
                      policy_distance=policy.shock)  # fmt: skip


def _alerts(review: Review) -> Iterator[Finding]:
    alert = review.desk.portfolio.policy.alert
    for _, then in _pools(review):
        close, subject = then.nearest, then.account or ""
        if close is not None and close.distance < alert.distance:
            is_now, level = apart(close.distance, alert.distance, percent, places=1)
            message = f"liquidation is {is_now} away now on the path {close.path}; the alert level is {level}"
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
            message = f"what {few} count as collateral is assumed; set accounts.{name}.collateral to what it shows"
            yield warning(Code.ASSUMED_FIGURE, name, message, assets=tuple(used), key=f"accounts.{name}.collateral")
        if account.pooling.debts_assumed and pool.positions:
            owes = [line for line in review.accounts if line.account == account.name and line.debts]
            say, which = (warning, ", ".join(owes[0].debts)) if owes else (info, "a coin")
            message = (
                f"no margin is counted on what is borrowed where {which} goes below zero, as no rate is known; set "
                f"accounts.{name}.borrowing"
            )
            yield say(Code.ASSUMED_FIGURE, name, message, key=f"accounts.{name}.borrowing")


def _full_hedges(review: Review) -> Iterator[Finding]:
    """A short that its own coins cover whole counts for less than its dollars: what that asks for besides."""
    portfolio = review.desk.portfolio
    ordered = {order.contract for order in review.orders if not order.reduce_only}
    for account in portfolio.pools:
        pool = pool_of(account, review.done.book, portfolio)
        for asset in sorted({each.held.contract.settle for each in pool.positions}):
            shorts = [each for each in pool.positions if each.held.contract.settle == asset and each.held.contracts < 0]
            if not any(each.held.contract.name in ordered for each in shorts):
                continue
            coin = next(each for each in pool.coins if each.asset == asset)
            slices = coin.collateral.slices
            ratio = slices[0].ratio if slices else ZERO
            value = sum((each.held.position_value for each in shorts), ZERO)
            if 0 < ratio < 1:
                more = value * (ONE / ratio - ONE)
                message = (
                    f"{asset} counts {percent(ratio)} here: a hedge of {coins(value, asset)} that its coins cover "
                    f"counts {usd(value * ratio * coin.price)}, and takes {coins(more, asset)} more at leverage 1"
                )
                yield info(Code.ESTIMATE, account.name or "", message, asset=asset, ratio=ratio, more_coins=more)


POOLED_CHECKS: tuple[Check, ...] = (_at_liquidation, _alerts, _assumed, _full_hedges)
