"""What is said of legs that no contract serves or no coin margins, and of contracts that were passed over."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO
from rebal.findings import Code, Figure, Finding, coins, error, exact_percent, info, percent, usd, warning
from rebal.market.contract import Contract
from rebal.planner.candidates import SOONEST_EXPIRY
from rebal.planner.review import Check, Review
from rebal.planner.sizing import LeftOut, Passed, Residual


def _unserved(review: Review) -> Iterator[Finding]:
    for residual in review.residuals:
        if residual.left_out is LeftOut.UNSERVED:
            message, routes = _unserved_message(residual, review), tuple(map(str, review.desk.portfolio.policy.routes))
            yield error(Code.UNSERVED_ASSET, residual.asset, message, undone_usd=residual.undone, routes=routes)


_CURES = "define a contract under contracts, name a proxy under proxies, or put it under aside"


def _unserved_message(residual: Residual, review: Review) -> str:
    verb = "add" if residual.undone > 0 else "take away"
    undone = f"{usd(abs(residual.undone))} of exposure to {verb} are left undone"
    return f"{_why_unserved(residual.asset, review)}, so {undone}; {_CURES}"


def _why_unserved(asset: str, review: Review) -> str:
    portfolio, now = review.desk.portfolio, review.desk.now
    listed = [each for each in portfolio.contracts.values() if each.asset == asset and each.listed]
    soon = sorted(each.name for each in listed if each.expiry is not None and each.expiry - now < SOONEST_EXPIRY)
    if soon and len(soon) == len(listed):
        return f"what serves {asset} expires within 7 days ({', '.join(soon)})"
    at, routes = portfolio.venue or "this file", ", ".join(portfolio.policy.routes)
    lacking = portfolio.incomplete.get(asset, {})
    listed_too = "".join(f"; {name} is listed, but {key} is not known" for name, key in sorted(lacking.items()))
    return f"no contract of {at} serves {asset} on the routes {routes}{listed_too}"


def _uncovered(review: Review) -> Iterator[Finding]:
    rows = {line.asset: line for line in review.assets}
    for residual in review.residuals:
        line = rows.get(residual.asset)
        if residual.left_out is not LeftOut.UNCOVERED or not residual.undone or line is None:
            continue
        aimed, wanted = line.aimed_weight or ZERO, line.target_weight or ZERO
        keeps = f"it stays at {percent(aimed)} in place of {percent(wanted)}, and the others share the rest"
        data: dict[str, Figure] = {"undone_usd": residual.undone, "aimed_weight": aimed, "target_weight": wanted}
        if not residual.passed:
            message = f"{_why_unserved(residual.asset, review)}: {keeps}; {_CURES}"
            yield warning(Code.UNSERVED_ASSET, residual.asset, message, **data)
            continue
        (passed, *_), shortage = residual.passed, residual.passed[0].shortage
        currency, contract = shortage.account.currency, passed.candidate.contract
        carried = "in part only" if passed.carried else "nothing"
        if review.desk.portfolio.has_several:
            limits = "; ".join(_limit(each, review) for each in residual.passed)
            message = f"{limits}: {keeps}; bring {currency}, or raise what may sit at an account"
        else:
            message = (
                f"{coins(shortage.available, currency)} margin {carried} of {_said(passed, review)}, which needs "
                f"{coins(shortage.needed, currency)}: {keeps}; bring {currency}, or shape policy.routes"
            )
        data |= {"contract": contract.name, "currency": currency}
        data |= {"needed_coins": shortage.needed, "available_coins": shortage.available}
        yield warning(Code.UNDER_COLLATERALISED, residual.asset, message, **data)


def tells_of_a_leg(finding: Finding) -> bool:
    """Whether a finding is of an asset that stays off its target, not of the wallet by the same name."""
    return "undone_usd" in finding.data


def _passed_over(review: Review) -> Iterator[Finding]:
    for residual in review.residuals:
        if residual.left_out is LeftOut.UNCOVERED or residual.contract is None:
            continue
        for passed in residual.passed:
            contract, shortage = passed.candidate.contract, passed.shortage
            currency = shortage.account.currency
            if review.desk.portfolio.has_several:
                yield from _in_parts(passed, residual, review)
                continue
            if contract.name == residual.contract.name:
                continue
            yield info(
                Code.ROUTE,
                residual.asset,
                f"{coins(shortage.available, currency)} do not margin {_said(passed, review)}, which needs "
                f"{coins(shortage.needed, currency)}; {residual.contract.name} instead",
                contract=contract.name,
                contracts=passed.contracts,
                currency=currency,
                needed_coins=shortage.needed,
                available_coins=shortage.available,
                instead=residual.contract.name,
            )


def _in_parts(passed: Passed, residual: Residual, review: Review) -> Iterator[Finding]:
    """Of several accounts, how far one carries a leg and why no further, and what carries the rest."""
    contract, shortage = passed.candidate.contract, passed.shortage
    others = tuple(
        order.contract
        for order in review.orders
        if order.contract != contract.name and any(residual.asset in part.stands_for for part in order.parts)
    )
    ordered = next((order.contracts for order in review.orders if order.contract == contract.name), ZERO)
    if others:
        rest = _rest_of(passed, others, review)
        yield info(
            Code.ROUTE,
            residual.asset,
            _limit(passed, review) + ("" if ordered > abs(passed.carried) else rest),
            contract=contract.name,
            contracts=passed.contracts,
            carried_contracts=passed.carried,
            at_most=review.desk.portfolio.account(contract.account).at_most if passed.capped else None,
            currency=shortage.account.currency,
            needed_coins=shortage.needed,
            available_coins=shortage.available,
            instead=", ".join(others),
        )


def _rest_of(passed: Passed, others: Sequence[str], review: Review) -> str:
    """What carries the rest of a leg: where coins are missing it is only left there for that to be told."""
    lack = [name for name in others if _lacks(review.contract(name), review)]
    carry = [name for name in others if name not in lack]
    whole = "the rest" if passed.carried else "all of it"
    if not carry:
        return f"; {whole} fits nowhere, and stands on {' and '.join(lack)} for what is missing to be told"
    more = f", and on {' and '.join(lack)} what fits nowhere" if lack else ""
    return f"; {whole} is on {' and '.join(carry)}{more}"


def _lacks(contract: Contract, review: Review) -> bool:
    """Whether coins are missing for what a contract is margined by."""
    pooled = review.desk.portfolio.account(contract.account).pooling is not None
    return any(
        each.account.at == contract.account
        and (pooled or (each.account.currency, each.account.contract) in (
            (contract.settle, None), (contract.settle, contract.name)))
        for each in review.shortages
    )  # fmt: skip


def _limit(passed: Passed, review: Review) -> str:
    """How far an account carries a leg, and what is in the way of more."""
    portfolio, contract, shortage = review.desk.portfolio, passed.candidate.contract, passed.shortage
    account, currency = portfolio.account(contract.account), shortage.account.currency
    capped = f"accounts.{account.name}.at_most, {exact_percent(account.at_most)} of equity"
    if not passed.carried and passed.capped:
        return f"{capped}, leaves no room for {_said(passed, review)}"
    if not passed.carried:
        needs = coins(shortage.needed, currency)
        return f"{coins(shortage.available, currency)} do not margin {_said(passed, review)}, which needs {needs}"
    why = f"{capped}, lets coins in" if passed.capped else f"its {coins(shortage.available, currency)} go"
    carried = usd(portfolio.notional_usd(contract, passed.carried))
    return f"{contract.name} carries {carried} of what opens, as far as {why}"


def _said(passed: Passed, review: Review) -> str:
    """A leg that was not opened, in the words of a person: its side, its size, its contract."""
    contract = passed.candidate.contract
    side = "long" if passed.contracts > 0 else "short"
    size = contract.coins(passed.contracts, review.desk.portfolio.market.mark(contract))
    return f"a {side} of {coins(size, contract.asset)} on {contract.name}"


UNCOVERED_CHECKS: tuple[Check, ...] = (_unserved, _uncovered, _passed_over)
