"""Which coins no transfer could bring, and at what leverage or distance they would do."""

from collections.abc import Callable, Iterator

from rebal.amounts import Fraction, plain, total
from rebal.findings import Code, Figure, Finding, coins, error, exact_percent, percent, warning
from rebal.frozen import frozen
from rebal.market.margin import initial_margin, pnl_of
from rebal.planner.collateral import Shortage, fitting_distance, fitting_leverage
from rebal.planner.pooled import fitting, pool_of
from rebal.planner.posting import free_coins
from rebal.planner.review import Review
from rebal.portfolio import Account


def if_it_matters(review: Review, *, due: bool = True) -> Callable[..., Finding]:
    """How what stands against a plan is said: as an error, unless the plan only lowers risk.

    Such a plan can always be placed: what is still missing is a warning. ``due``: the state is as bad without a plan,
    so that where nothing is planned it stays an error.
    """
    idle = not review.orders and not review.done.transfers
    return warning if review.only_lowers_risk and not (due and idle) else error


def short_of_coins(review: Review) -> Iterator[Finding]:
    """Say which coins no transfer could bring, and what would fit."""
    if not review.shortages:
        return
    say, portfolio = if_it_matters(review, due=False), review.desk.portfolio
    for shortage in review.shortages:
        account, missing = portfolio.account(shortage.account.at), shortage.missing
        fit = _fitting(shortage, account, review)
        data: dict[str, Figure] = {
            "currency": shortage.account.currency,
            "missing_coins": missing,
            "needed_coins": shortage.needed,
            "available_coins": shortage.available,
            "fitting_leverage": fit.leverage,
            "fitting_distance": fit.distance,
        }
        if fit.own is not None:
            data |= {"contract_leverage": fit.own, "contracts": fit.contracts}
        message = f"{_lacks(shortage, missing, account, review=review)}; {_what_would_fit(fit)}"
        yield say(Code.UNDER_COLLATERALISED, shortage.account.name, message, **data)


def _lacks(shortage: Shortage, missing: Fraction, account: Account, *, review: Review) -> str:
    currency = shortage.account.currency
    lacks, needs = coins(missing, currency), coins(shortage.needed, currency)
    there = coins(shortage.available, currency)
    if shortage.is_credit:
        return (
            f"{lacks} of credit are missing, which no coin that policy.post names brings: the positions need {needs}"
            f" and what is there counts {there}"
        )
    beside = "" if account.pooling is None else f" beside what else is in {account.name}"
    capped = "" if account.most_usd is None else _capped(currency, account, review)
    return f"{lacks} are missing: the positions need {needs}{beside} and {there} can be posted{capped}"


def _capped(currency: str, account: Account, review: Review) -> str:
    """That more coins are there than may sit at the account."""
    if not free_coins(currency, review.done.book, review.desk.portfolio):
        return ""
    return f", as accounts.{account.name}.at_most, {exact_percent(account.at_most)} of equity, lets no more in"


@frozen
class _Fit:
    """At what leverage and distance of the policy the coins would do; ``own``: and at what of single contracts.

    ``contracts``: those whose own leverage, which the file says, is below it.
    """

    leverage: Fraction | None
    distance: Fraction | None
    own: Fraction | None = None
    contracts: tuple[str, ...] = ()


def _fitting(shortage: Shortage, account: Account, review: Review) -> _Fit:
    """What would have to be asked instead, of leverage and distance each where it is what lacks coins."""
    portfolio = review.desk.portfolio
    if account.pooling is not None:
        return _Fit(*fitting(pool_of(account, review.done.book, portfolio), portfolio))
    need, available = shortage.need, shortage.available
    thin = need.survival + shortage.account.fees > available
    distance = fitting_distance(shortage, portfolio.policy) if thin else None
    if max(need.leverage, need.initial) <= available:
        return _Fit(None, distance)
    leverage = fitting_leverage(shortage)
    if leverage is None:
        return _Fit(None, distance)
    held = shortage.account.held_after
    below = tuple(each.contract.name for each in held if (each.contract.leverage or leverage) < leverage)
    # beyond what the venue allows a position of this size, no leverage that is set frees a coin
    capped = total(initial_margin(each, leverage) for each in held) > available + pnl_of(held)
    if capped:
        return _Fit(None, distance)
    by_policy = leverage if need.leverage > available else None
    return _Fit(by_policy, distance, leverage, below) if below else _Fit(by_policy, distance)


def _what_would_fit(fit: _Fit) -> str:
    ways = [] if fit.leverage is None else [f"policy.leverage {plain(fit.leverage)}"]
    ways += [] if fit.own is None else [f"contracts.{name}.leverage {plain(fit.own)}" for name in fit.contracts]
    ways += [] if fit.distance is None else [f"a liquidation distance of {percent(fit.distance)}"]
    told = " with ".join(ways)
    return f"it would fit at {told}, or with a smaller leg" if told else "only a smaller leg would fit"
