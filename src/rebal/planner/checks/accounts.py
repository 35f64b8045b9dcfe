"""What is said of several accounts: which was preferred, at what cost, and what waits for coins on their way."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction
from rebal.findings import Code, Figure, Finding, exact_percent, info, percent, usd, warning
from rebal.market.contract import Contract
from rebal.names import listed
from rebal.planner.costs import held_over
from rebal.planner.exposure import value
from rebal.planner.review import Check, Review
from rebal.planner.sequence import after_orders, waiting
from rebal.policy import Prefer
from rebal.portfolio import Account
from rebal.times import length, length_in_hours

_CENT = Fraction(1, 100)
_SLIGHT = 5
"""So many least orders at least are worth a position of their own at another account."""


def _preferred(review: Review) -> Iterator[Finding]:
    """Where a leg is opened by what it costs: that of each account, the first contract of each."""
    policy, over = review.desk.portfolio.policy, length(review.desk.portfolio.policy.horizon)
    if policy.prefer is Prefer.ORDER:
        return
    for asset, side in _opened(review):
        offered = _by_account(asset, side, review)
        if len(offered) > 1:
            told = [(contract, _cost(contract, side, review)) for contract in offered]
            words = [f"{'not known' if paid is None else percent(paid, 2)} on {each.name}" for each, paid in told]
            way = "long" if side > 0 else "short"
            message = f"over {over} a {way} costs, of its dollars, {', '.join(words)}; policy.prefer is cost"
            costs = {f"cost_{n}": paid for n, (_, paid) in enumerate(told, start=1)}
            names = tuple(each.name for each, _ in told)
            yield info(Code.ROUTE, asset, message, contracts=names, horizon=over, **costs)


def _opened(review: Review) -> Iterator[tuple[str, Fraction]]:
    """The assets for which something is opened, and which way."""
    ways = {
        asset: part.contracts
        for order in review.orders
        if not order.reduce_only
        for part in order.parts
        for asset in part.stands_for
    }
    yield from sorted(ways.items())


def _slight(review: Review) -> Iterator[Finding]:
    """What is opened anew at one account of several for hardly more than the least order: the policy could leave it."""
    portfolio = review.desk.portfolio
    least = portfolio.policy.min_order
    if not portfolio.has_several:
        return
    for order in review.orders:
        is_new = order.contract not in review.desk.book.positions
        if is_new and order.notional < _SLIGHT * least and len(order.parts) == 1:
            message = (
                f"{usd(order.notional)} alone are opened on {order.contract}; a policy.min_order above that, it is "
                f"{usd(least)}, leaves such an order out"
            )
            data: dict[str, Figure] = {"contract": order.contract, "notional_usd": order.notional}
            yield info(Code.BELOW_MINIMUM, order.asset, message, **data, min_order_usd=least)


def _by_account(asset: str, side: Fraction, review: Review) -> list[Contract]:
    """The first contract of each account on the first route, as they are preferred."""
    found = review.desk.candidates(asset, side)
    first: dict[str, Contract] = {}
    for each in found:
        if each.route is found[0].route:
            first.setdefault(each.contract.account, each.contract)
    return list(first.values())


def _cost(contract: Contract, side: Fraction, review: Review) -> Fraction | None:
    return held_over(contract, side, portfolio=review.desk.portfolio, now=review.desk.now)


def _unhedged(review: Review) -> Iterator[Finding]:
    """What stands open while coins are on their way: of each asset whose orders wait, by net exposure."""
    portfolio, transfers = review.desk.portfolio, review.done.transfers
    late = waiting(review.orders, transfers, portfolio)
    hours = max((each.hours for each in transfers if each.hours is not None), default=None)
    if hours is None:
        return
    early = after_orders(review.desk.book, [each for each in review.orders if each not in late], portfolio)
    states = [value(portfolio, book) for book in (review.desk.book, early, review.done.book)]
    for asset in sorted({asset for order in late for part in order.parts for asset in part.stands_for}):
        before, between, after = (each.net_exposure(asset) for each in states)
        gap, open_usd = between - after, max(ZERO, between - max(before, after))
        if not gap:
            continue
        waits = tuple(each.contract for each in late if any(asset in part.stands_for for part in each.parts))
        yield _open_meanwhile(asset, gap, open_usd, hours=hours, waits=waits)


def _open_meanwhile(
    asset: str, gap: Fraction, open_usd: Fraction, *, hours: Fraction, waits: tuple[str, ...]
) -> Finding:
    say, spell = (warning if open_usd else info), f"for about {length_in_hours(hours)}"
    message = (
        f"{usd(open_usd)} of it are unhedged {spell}, closed before they can be opened"
        if open_usd
        else f"{spell} its net exposure is {usd(abs(gap))} {'above' if gap > 0 else 'below'} the plan's"
    )
    held = f"coins for {' and '.join(waits)} come from another account"
    return say(
        Code.UNHEDGED, asset, f"{message}: {held}", hours=hours, unhedged_usd=open_usd, gap_usd=gap, contracts=waits
    )


def _withdrawals(review: Review) -> Iterator[Finding]:
    """Where coins leave an account for another, what nobody said of that: how long, at what fee, how few at least."""
    sent: dict[str | None, set[str]] = {}
    for each in review.done.transfers:
        if each.quantity < 0 and each.other_account is not None:
            sent.setdefault(each.account, set()).add(each.asset)
    for account in review.desk.portfolio.accounts:
        said = {coin: account.sends(coin) for coin in sorted(sent.get(account.name, ()))}
        timeless = [coin for coin, each in said.items() if account.withdrawal_assumed and each.takes is None]
        free = [coin for coin, each in said.items() if each.fee is None]
        endless = [coin for coin, each in said.items() if each.least is None]
        if timeless or free or endless:
            yield _not_told(account, timeless, free=free, endless=endless)


def _not_told(account: Account, timeless: list[str], *, free: list[str], endless: list[str]) -> Finding:
    takes, key = length(account.withdrawal), f"accounts.{account.name}.withdrawal"
    coins = tuple(sorted({*timeless, *free, *endless}))
    take = "takes" if len(timeless) == 1 else "take"
    told = [f"that {listed(timeless)} {take} {takes} from here to another account is assumed"] if timeless else []
    what = _uncounted(free, endless)
    message = ", and ".join([*told, *([f"{what} is counted"] if what else [])])
    shape = f"set {key}, as {{{coins[0]}: {{fee: ..., least: ..., takes: 2h}}}}"
    say = warning if timeless else info
    return say(
        Code.ASSUMED_FIGURE, account.name or "", f"{message}; {shape}", takes=takes, key=key, coins=coins,
        without_fee=tuple(free), without_least=tuple(endless),
    )  # fmt: skip


def _uncounted(free: list[str], endless: list[str]) -> str:
    """What is not counted of a withdrawal: of some coins the fee, of others the least amount, of the same ones both."""
    if free == endless:
        return f"no fee and no least amount of a withdrawal of {listed(free)}" if free else ""
    fee = [f"no fee of a withdrawal of {listed(free)}"] if free else []
    least = [f"no least amount of {'one' if free else 'a withdrawal'} of {listed(endless)}"] if endless else []
    return " and ".join([*fee, *least])


def _above_most(review: Review) -> Iterator[Finding]:
    """What sits at an account beyond what its file lets sit there."""
    portfolio = review.desk.portfolio
    for line in review.accounts:
        account = portfolio.account(portfolio.at(line.account))
        # an entry price that is averaged and rounded moves the PnL by less than a cent
        if account.most_usd is None or line.equity < account.most_usd + _CENT:
            continue
        message = (
            f"{usd(line.equity)} sit here{review.when}, more than accounts.{account.name}.at_most, "
            f"{exact_percent(account.at_most)} of equity: nothing more is moved in, and out goes what orders free"
        )
        yield warning(Code.AT_MOST, account.name or "", message, equity_usd=line.equity, most_usd=account.most_usd)


ACCOUNT_CHECKS: tuple[Check, ...] = (_preferred, _slight, _unhedged, _withdrawals, _above_most)
