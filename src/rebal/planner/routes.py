"""Which contract carries a leg: what is open and in the way first, then the routes in the policy's order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from rebal.amounts import total
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Portfolio, Position, Purpose, Route

SOONEST_EXPIRY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
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


def candidates(asset: str, portfolio: Portfolio, served: Served, *, now: datetime) -> tuple[Candidate, ...]:
    """Every contract that serves an asset, best first: by route, the user's own, then perpetuals."""
    found: list[Candidate] = []
    for route in portfolio.policy.routes:
        match route:
            case Route.INVERSE | Route.LINEAR:
                kind = Kind.INVERSE if route == Route.INVERSE else Kind.LINEAR
                on_asset = _open_for_business(served.get(asset, ()), kind, now=now)
                found += [Candidate(contract, Route(route), Fraction(1)) for contract in on_asset]
            case Route.PROXY:
                found += _through_proxy(asset, portfolio, served, now=now)
            case _:
                found += [
                    Candidate(contract, Route(contract.kind.value), Fraction(1))
                    for contract in _by_name(route, asset, portfolio, now=now)
                ]
    return tuple(found)


def reducible(
    asset: str, positions: Iterable[Position], purpose: Purpose, *, direction: Fraction, now: datetime
) -> tuple[Position, ...]:
    """Positions whose part for this asset and purpose a leg in this direction makes smaller, nearest expiry first."""
    in_the_way = [
        position
        for position in positions
        if tradable(position.contract, now=now) and part_held(position, asset, purpose) * direction < 0
    ]
    return tuple(sorted(in_the_way, key=_by_expiry))


def part_held(position: Position, asset: str, purpose: Purpose) -> Fraction:
    """Signed contracts that one purpose holds for one asset."""
    return total(part.contracts for part in position.parts if part.purpose is purpose and part.stands_for == asset)


def route_of(asset: str, contract: Contract) -> Route:
    """By which route a contract carries an asset."""
    return Route.PROXY if asset != contract.asset else Route(contract.kind.value)


def tradable(contract: Contract, *, now: datetime) -> bool:
    """Whether an order on a contract can be placed at all: listed, and not past its expiry."""
    return contract.listed and (contract.expiry is None or contract.expiry > now)


def _open_for_business(contracts: Iterable[Contract], kind: Kind, *, now: datetime) -> list[Contract]:
    fitting = [
        contract
        for contract in contracts
        if contract.kind is kind and tradable(contract, now=now) and _lasts(contract, now)
    ]
    return sorted(fitting, key=_preference)


def _through_proxy(asset: str, portfolio: Portfolio, served: Served, *, now: datetime) -> list[Candidate]:
    proxy = portfolio.proxies.get(asset)
    if proxy is None:
        return []
    on_proxy = served.get(proxy.via, ())
    serving = [contract for kind in Kind for contract in _open_for_business(on_proxy, kind, now=now)]
    return [Candidate(contract, Route.PROXY, proxy.beta) for contract in serving]


def _by_name(name: str, asset: str, portfolio: Portfolio, *, now: datetime) -> Iterable[Contract]:
    contract = portfolio.contracts.get(name)
    return (contract,) if contract and contract.asset == asset and tradable(contract, now=now) else ()


def _lasts(contract: Contract, now: datetime) -> bool:
    return contract.expiry is None or contract.expiry - now >= SOONEST_EXPIRY


def _preference(contract: Contract) -> tuple[bool, bool, datetime | None, str]:
    return (not contract.own, contract.expiry is not None, contract.expiry, contract.name)


def _by_expiry(position: Position) -> tuple[bool, datetime | None, str]:
    contract = position.contract
    return (contract.expiry is None, contract.expiry, contract.name)
