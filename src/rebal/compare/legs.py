"""The ways to do the same legs: which contract carries each on which route, and the collateral that it takes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total, up
from rebal.book import MarginMode, Purpose, opened
from rebal.frozen import frozen
from rebal.market.carry import annualised
from rebal.market.contract import Contract
from rebal.market.margin import Held
from rebal.planner.candidates import Candidate, candidates
from rebal.planner.collateral import need
from rebal.planner.costs import Carried, carry, carry_per_day
from rebal.planner.desk import Desk
from rebal.planner.exposure import held_position
from rebal.planner.sizing import LeftOut, Leg
from rebal.policy import Route
from rebal.portfolio import Portfolio
from rebal.reports.comparison import LegLine, PostedLine, Way


@frozen
class Course:
    """One route: the positions that it opens, by asset, and the assets whose legs it cannot carry.

    ``wanted``: dollars of every leg; ``candidates``: the contract of each leg that is carried.
    """

    way: Way
    expiry: datetime | None
    wanted: Mapping[str, Fraction]
    candidates: Mapping[str, Candidate]
    carried: Mapping[str, Carried]
    left_out: Mapping[str, LeftOut]

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts traded, by name."""
        return tuple(sorted({held.contract.name for held in self.carried.values()}))

    @property
    def notional(self) -> Fraction:
        """Dollars of the legs that are carried."""
        return total(abs(self.wanted[asset]) for asset in self.carried)


def choices(wanted: Mapping[str, Fraction], desk: Desk) -> tuple[Course, ...]:
    """Every route that carries a leg: the perpetual, each expiry, linear contracts, proxies."""
    inverse = {asset: _by(Route.INVERSE, asset, wanted[asset], desk) for asset in wanted}
    expiries = sorted({each.contract.expiry for found in inverse.values() for each in found if each.contract.expiry})
    listed: list[tuple[Way, datetime | None, dict[str, Candidate]]] = [
        (Way.INVERSE, None, _expiring(None, inverse)),
        *((Way.DATED, expiry, _expiring(expiry, inverse)) for expiry in expiries),
        (Way.LINEAR, None, _first(Route.LINEAR, wanted, desk)),
        (Way.PROXY, None, _first(Route.PROXY, wanted, desk)),
    ]
    made = (_choice(way, expiry, found=found, wanted=wanted, desk=desk) for way, expiry, found in listed if found)
    return tuple(choice for choice in made if choice.carried)


def leg_lines(choice: Course, *, days: Fraction, portfolio: Portfolio) -> Iterator[LegLine]:
    """A row an asset."""
    for asset in choice.wanted:
        held = choice.carried.get(asset)
        yield (
            _left_out_line(choice, asset)
            if held is None
            else _leg_line(choice, asset, held=held, days=days, portfolio=portfolio)
        )


def posted_lines(choice: Course, *, share_to_open: Fraction, purpose: Purpose, desk: Desk) -> Iterator[PostedLine]:
    """Collateral by currency: what the policy asks for these positions alone, and their opening fees.

    ``share_to_open``: how much of the positions is not open yet; only that is held against the free coins. None of
    pooled accounts, where other positions matter too: see ``compare.pools``.
    """
    portfolio = desk.portfolio
    wallets = {(held.contract.account, held.contract.settle) for held in choice.carried.values()}
    for at, currency in sorted(wallets):
        if portfolio.account(at).pooling is not None:
            continue
        legs = [
            each
            for each in legs_of(choice, purpose, share=share_to_open)
            if (each.contract.account, each.contract.settle) == (at, currency)
        ]
        short = desk.shortages(desk.pot(legs[0].contract), legs) if share_to_open else ()
        quantity = up(_asked(choice, (at, currency), portfolio), COIN_STEP)
        missing = total(shortage.missing for shortage in short)
        # Fees are posted as far as coins are there: where the margin is short of them, none are.
        fees = _fees(_opening(choice, (at, currency), portfolio))
        missing += up(share_to_open * fees, COIN_STEP) if missing else ZERO
        yield PostedLine(choice.way, choice.expiry, currency, quantity, quantity * portfolio.price(currency), missing)


def legs_of(choice: Course, purpose: Purpose, *, share: Fraction = ONE) -> list[Leg]:
    """The positions of a route, or a share of them, as legs."""
    return [
        Leg(held.contract, held.contracts * share, choice.candidates[asset].route, purpose, asset)
        for asset, held in choice.carried.items()
    ]


def _choice(
    way: Way, expiry: datetime | None, *, found: Mapping[str, Candidate], wanted: Mapping[str, Fraction], desk: Desk
) -> Course:
    carried: dict[str, Carried] = {}
    left_out: dict[str, LeftOut] = {}
    for asset, dollars in wanted.items():
        candidate = found.get(asset)
        if candidate is None:
            left_out[asset] = LeftOut.UNSERVED
            continue
        held = carry(candidate.contract, dollars, beta=candidate.beta, portfolio=desk.portfolio, now=desk.now)
        reason = _too_small(held)
        if reason is None:
            carried[asset] = held
        else:
            left_out[asset] = reason
    return Course(way, expiry, wanted, found, carried, left_out)


def _too_small(held: Carried) -> LeftOut | None:
    size, contract = abs(held.contracts), held.contract
    if size < contract.lot_size:
        return LeftOut.SMALLER_THAN_A_LOT
    return LeftOut.BELOW_MIN_CONTRACTS if size < contract.min_contracts else None


def _by(route: Route, asset: str, dollars: Fraction, desk: Desk) -> tuple[Candidate, ...]:
    """What one route offers an asset, whatever the policy prefers."""
    policy = replace(desk.portfolio.policy, routes=(route,))
    return candidates(asset, replace(desk.portfolio, policy=policy), desk.served, side=dollars, now=desk.now)


def _first(route: Route, wanted: Mapping[str, Fraction], desk: Desk) -> dict[str, Candidate]:
    found = {asset: _by(route, asset, wanted[asset], desk) for asset in wanted}
    return {asset: each[0] for asset, each in found.items() if each}


def _expiring(expiry: datetime | None, found: Mapping[str, tuple[Candidate, ...]]) -> dict[str, Candidate]:
    fitting = {asset: [c for c in each if c.contract.expiry == expiry] for asset, each in found.items()}
    return {asset: each[0] for asset, each in fitting.items() if each}


def _leg_line(choice: Course, asset: str, *, held: Carried, days: Fraction, portfolio: Portfolio) -> LegLine:
    contract, daily, left = held.contract, carry_per_day(held, portfolio), held.days_left
    dated = left is not None
    return LegLine(
        route=choice.way,
        expiry=choice.expiry,
        asset=asset,
        leg_usd=choice.wanted[asset],
        contract=contract.name,
        notional=held.notional,
        basis=held.basis,
        basis_annualised=None if held.basis is None or left is None else annualised(held.basis, left),
        days_left=left,
        delivery_fee=contract.delivery_fee if dated else None,
        funding_rate=None if dated else portfolio.market.funding_rate(contract),
        carry_usd=None if daily is None else daily.base * days,
        left_out=None,
    )


def _left_out_line(choice: Course, asset: str) -> LegLine:
    return LegLine(
        route=choice.way,
        expiry=choice.expiry,
        asset=asset,
        leg_usd=choice.wanted[asset],
        contract=None,
        notional=ZERO,
        basis=None,
        basis_annualised=None,
        days_left=None,
        delivery_fee=None,
        funding_rate=None,
        carry_usd=None,
        left_out=choice.left_out[asset].value,
    )


def _opening(choice: Course, wallet: tuple[str, str], portfolio: Portfolio) -> list[Held]:
    return [_opened(contract, size, portfolio) for contract, size in _sizes(choice, wallet)]


def _fees(positions: Iterable[Held]) -> Fraction:
    return total(each.contract.fee(each.contracts, each.mark_price, each.contract.taker_fee) for each in positions)


def _asked(choice: Course, wallet: tuple[str, str], portfolio: Portfolio) -> Fraction:
    positions = _opening(choice, wallet, portfolio)
    if all(portfolio.margin_mode(each.contract) is MarginMode.ISOLATED for each in positions):
        return _fees(positions) + total(need([each], portfolio).most for each in positions)
    return _fees(positions) + need(positions, portfolio).most


def _sizes(choice: Course, wallet: tuple[str, str]) -> tuple[tuple[Contract, Fraction], ...]:
    """Net contracts: several assets may stand on one proxy."""
    net: dict[str, tuple[Contract, Fraction]] = {}
    for held in choice.carried.values():
        if (held.contract.account, held.contract.settle) == wallet:
            so_far = net.get(held.contract.name, (held.contract, ZERO))[1]
            net[held.contract.name] = held.contract, so_far + held.contracts
    return tuple(net.values())


def _opened(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> Held:
    isolated = portfolio.margin_mode(contract) is MarginMode.ISOLATED
    mark = portfolio.market.mark(contract)
    position = opened(contract, contracts=contracts, entry_price=mark, margin=ZERO if isolated else None)
    return held_position(position, portfolio.market)
