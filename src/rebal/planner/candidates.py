"""Which contract carries a leg: what is open and in the way first, then the routes in the policy's order."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import INVERSE, Contract, Kind
from rebal.planner.costs import held_a_day, held_over
from rebal.policy import Prefer, Route
from rebal.portfolio import Portfolio

SOONEST_EXPIRY = timedelta(days=7)
_ROUTES = {Kind.INVERSE: Route.INVERSE, Kind.LINEAR: Route.LINEAR}
_KINDS: Mapping[str, Kind] = {route: kind for kind, route in _ROUTES.items()}
_PROXY: Final = Route.PROXY
LONG, SHORT = ONE, -ONE
"""Which way a leg goes, where that is all that matters of its dollars; a hedge is short."""


class NotServed(ValueError):
    """A contract, day or proxy that was asked for cannot serve an asset; says why."""


@frozen
class Candidate:
    """A contract that could carry a leg of an asset, by which route, and the dollars of it that one dollar needs."""

    contract: Contract
    route: Route
    beta: Fraction


Served = Mapping[str, tuple[Contract, ...]]
"""Contracts by the asset they are on."""


def by_asset(contracts: Iterable[Contract]) -> Served:
    """Contracts by the asset they are on."""
    served: dict[str, tuple[Contract, ...]] = {}
    for contract in contracts:
        served[contract.asset] = (*served.get(contract.asset, ()), contract)
    return served


def candidates(
    asset: str, portfolio: Portfolio, served: Served, *, side: Fraction, now: datetime
) -> tuple[Candidate, ...]:
    """Every contract that serves an asset, best first: by route, account, the user's own, then perpetuals.

    Accounts stand in the order of the file; where the policy prefers cost, by what the first contract of each costs to
    hold over its horizon on one ``side`` (above 0: long), those of which that is not known last.
    """
    found: list[Candidate] = []
    own = served.get(asset, ())
    for route in portfolio.policy.routes:
        kind = _KINDS.get(route)
        if kind is not None:
            on_asset = _open_for_business(own, kind, side=side, now=now, portfolio=portfolio)
        elif route == "dated":
            dated = [each for each in own if each.expiry is not None]
            on_asset = _open_for_business(dated, INVERSE, side=side, now=now, portfolio=portfolio)
        elif route == _PROXY:
            found += _through_proxy(asset, portfolio, served, side=side, now=now) if asset in portfolio.proxies else ()
            continue
        else:
            on_asset = _by_name(route, asset, portfolio, now=now)
        for contract in on_asset:
            found.append(Candidate(contract, _ROUTES[contract.kind], ONE))
    return tuple(found)


def named(name: str, asset: str, portfolio: Portfolio, *, now: datetime) -> tuple[Candidate, ...]:
    """The one contract asked for by name, however soon it expires. Raises NotServed."""
    contract = portfolio.contracts.get(name)
    if contract is None:
        known = sorted(each.name for each in portfolio.contracts.values() if each.asset == asset)
        raise NotServed(f"is not known; {asset} has {', '.join(known) or 'none'}")
    if not tradable(contract, now=now):
        raise NotServed("is no longer listed, or has expired")
    proxy = portfolio.proxies.get(asset)
    if contract.asset != asset and (proxy is None or proxy.via != contract.asset):
        raise NotServed(f"is on {contract.asset}, not on {asset}; name a proxy under proxies")
    beta = ONE if proxy is None or contract.asset == asset else proxy.beta
    return (Candidate(contract, route_of(asset, contract), beta),)


def expiring_after(day: datetime, asset: str, served: Served, *, now: datetime) -> tuple[Candidate, ...]:
    """The dated contracts that last until a day, nearest expiry first. Raises NotServed where there is none."""
    dated = [
        (contract.expiry, contract.name, contract)
        for contract in served.get(asset, ())
        if contract.expiry is not None and tradable(contract, now=now)
    ]
    lasting = [contract for expiry, _, contract in sorted(dated) if expiry >= day]
    if not lasting:
        known = ", ".join(f"{name} until {expiry.date().isoformat()}" for expiry, name, _ in sorted(dated))
        raise NotServed(f"no dated contract of {asset} lasts that long; known: {known or 'none'}")
    return tuple(Candidate(contract, route_of(asset, contract), ONE) for contract in lasting)


def rolling(
    asset: str,
    sits_on: Iterable[Contract],
    *,
    until: datetime | None,
    portfolio: Portfolio,
    served: Served,
    now: datetime,
) -> tuple[tuple[Candidate, ...], frozenset[str]]:
    """Where a hedge moves when it is rolled, best first, and the contracts on which it may stay.

    It may stay on what lasts until its day and does not expire within 7 days; it moves to the nearest such dated
    contract of the kind that it sits on, else to what would open it; where nothing lasts so long, to what lasts most.
    """
    soonest = now + SOONEST_EXPIRY
    lasts = frozenset(
        each.name
        for each in portfolio.contracts.values()
        if each.expiry is None or each.expiry >= max(soonest, until or soonest)
    )
    leaving = [each for each in sits_on if each.name not in lasts]
    kin = {(each.asset, each.kind) for each in leaving}
    dated = [
        Candidate(each, route_of(asset, each), ONE)
        for on in sorted({on for on, _ in kin})
        for each in sorted(served.get(on, ()), key=_preference)
        if each.expiry is not None and (on, each.kind) in kin and tradable(each, now=now) and _lasts(each, now)
    ]
    usual = candidates(asset, portfolio, served, side=SHORT, now=now)
    lasting = tuple(found for found in (*dated, *usual) if found.contract.name in lasts)
    if lasting or not dated:
        return lasting or usual, lasts | {found.contract.name for found in usual if not lasting}
    last = max(dated, key=lambda found: (found.contract.expiry or now, found.contract.name))
    return (last,), lasts | {last.contract.name}


def through(via: str, asset: str, *, portfolio: Portfolio, served: Served, now: datetime) -> tuple[Candidate, ...]:
    """The contracts of a proxy for hedging an asset, its own for the proxy itself. Raises NotServed without a beta."""
    if asset == via:
        return candidates(asset, portfolio, served, side=SHORT, now=now)
    proxy = portfolio.proxies.get(asset)
    if proxy is None or proxy.via != via:
        raise NotServed(f"no beta of {asset} is known; add proxies: {{{asset}: {{via: {via}, beta: ...}}}}")
    return tuple(_through_proxy(asset, portfolio, served, side=SHORT, now=now))


def reducible(
    asset: str,
    positions: Iterable[Position],
    purpose: Purpose,
    *,
    direction: Fraction,
    portfolio: Portfolio,
    now: datetime,
) -> tuple[Position, ...]:
    """Positions whose part for this asset and purpose a leg in this direction makes smaller, nearest expiry first.

    Of several accounts the dearest to hold first, by what its dollars cost a day, then in the order of the file.
    """
    in_the_way = [
        position
        for position in positions
        if tradable(position.contract, now=now) and part_held(position, asset, purpose) * direction < 0
    ]
    if not in_the_way:
        return ()
    listed = sorted(in_the_way, key=_by_expiry)
    if not portfolio.has_several:
        return tuple(listed)
    order = account_order(portfolio)

    def dearest(position: Position) -> tuple[Fraction, int]:
        a_day = held_a_day(position.contract, -direction, portfolio=portfolio, now=now)
        return -a_day, order[position.contract.account]

    return tuple(sorted(listed, key=dearest))


def part_held(position: Position, asset: str, purpose: Purpose) -> Fraction:
    """Signed contracts that one purpose holds for one asset."""
    return total(part.contracts for part in position.parts if part.purpose is purpose and part.stands_for == asset)


def route_of(asset: str, contract: Contract) -> Route:
    """By which route a contract carries an asset."""
    return _PROXY if asset != contract.asset else _ROUTES[contract.kind]


def tradable(contract: Contract, *, now: datetime) -> bool:
    """Whether an order on a contract can be placed at all: listed, and not past its expiry."""
    return contract.listed and (contract.expiry is None or contract.expiry > now)


def _open_for_business(
    contracts: Iterable[Contract], kind: Kind, *, side: Fraction, now: datetime, portfolio: Portfolio
) -> list[Contract]:
    fitting = [
        contract for contract in contracts if contract.kind is kind and contract.listed and _lasts(contract, now)
    ]
    if len(fitting) < 2:
        return fitting
    order = account_order(portfolio)
    found = sorted(fitting, key=lambda contract: (order.get(contract.account, 0), *_preference(contract)))
    return found if portfolio.policy.prefer is Prefer.ORDER else _least_costly_first(found, side, portfolio, now)


def _least_costly_first(found: list[Contract], side: Fraction, portfolio: Portfolio, now: datetime) -> list[Contract]:
    """Contracts account by account, those first whose best contract costs least; last where that is not known."""
    paid: dict[str, Fraction | None] = {}
    for each in found:
        if each.account not in paid:
            paid[each.account] = held_over(each, side, portfolio=portfolio, now=now)
    return sorted(found, key=lambda each: (paid[each.account] is None, paid[each.account] or ZERO))


def account_order(portfolio: Portfolio) -> dict[str, int]:
    """The places of the accounts in the file, by the name that their contracts carry."""
    return {portfolio.at(account.name): n for n, account in enumerate(portfolio.accounts)}


def _through_proxy(
    asset: str, portfolio: Portfolio, served: Served, *, side: Fraction, now: datetime
) -> list[Candidate]:
    proxy = portfolio.proxies[asset]
    on_proxy = served.get(proxy.via, ())
    serving = [
        contract
        for kind in Kind
        for contract in _open_for_business(on_proxy, kind, side=side, now=now, portfolio=portfolio)
    ]
    return [Candidate(contract, Route.PROXY, proxy.beta) for contract in serving]


def _by_name(name: str, asset: str, portfolio: Portfolio, *, now: datetime) -> list[Contract]:
    contract = portfolio.contracts.get(name)
    return [contract] if contract and contract.asset == asset and tradable(contract, now=now) else []


def _lasts(contract: Contract, now: datetime) -> bool:
    return contract.expiry is None or contract.expiry - now >= SOONEST_EXPIRY


def _preference(contract: Contract) -> tuple[bool, bool, datetime | None, str]:
    return (not contract.own, contract.expiry is not None, contract.expiry, contract.name)


def _by_expiry(position: Position) -> tuple[bool, datetime | None, str]:
    contract = position.contract
    return (contract.expiry is None, contract.expiry, contract.name)
