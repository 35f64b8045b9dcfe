"""What is said of several accounts: which of them was preferred, and at what cost."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.findings import Code, Finding, info, percent
from rebal.market.contract import Contract
from rebal.planner.costs import held_over
from rebal.planner.review import Check, Review
from rebal.portfolio import Prefer
from rebal.times import length


def _preferred(review: Review) -> Iterator[Finding]:
    """Where a leg is opened by what it costs: that of each account, the first contract of each."""
    policy, over = review.desk.portfolio.policy, length(review.desk.portfolio.policy.horizon)
    if policy.prefer is Prefer.ORDER or not review.desk.portfolio.has_several:
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


ACCOUNT_CHECKS: tuple[Check, ...] = (_preferred,)
