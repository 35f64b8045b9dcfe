"""Books at random: both purposes, several contracts a wallet, dated with a basis, linear, isolated, through proxies."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import Fraction
from rebal.book import Book, MarginMode, Part, Position, Purpose
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import (
    Maintenance,
    Method,
    SizeRate,
    Tier,
    Tiers,
    TierUnit,
    Valuation,
    continuous,
)
from rebal.policy import Policy, Sizing
from rebal.portfolio import Portfolio, Proxy

from .given import NOW, inverse, linear, policy, portfolio, whole

F = Fraction
ASSETS = ("BTC", "ETH", "SOL", "XRP")
SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
BASES = among(F("0.98"), F(1), F("1.003"), F("1.03"))


@cache
def decimals(low: str, high: str, places: int = 2) -> st.SearchStrategy[Fraction]:
    scale = 10**places
    return st.integers(int(exact(low) * scale), int(exact(high) * scale)).map(lambda n: F(n, scale))


def _tiers(method: Method, unit: TierUnit, *, mark: bool = True, fee: bool = False, bounds: tuple[int, int]) -> Tiers:
    """Three tiers of 0.4, 1 and 2.5 %, whose deductions are those of continuity unless the whole position jumps."""
    rates = (F("0.004"), F("0.01"), F("0.025"))
    steps = tuple(zip((*map(F, bounds), None), rates, strict=True))
    jumping = tuple(Tier(up_to, rate) for up_to, rate in steps)
    valued = Valuation.MARK if mark else Valuation.ENTRY
    return Tiers(valued, fee, method, unit, jumping if method is Method.WHOLE else continuous(steps))


INVERSE_SCHEDULES: tuple[Maintenance, ...] = (
    whole("0.005"),
    whole("0.02", close_fee=True),
    _tiers(Method.WHOLE, TierUnit.COIN, bounds=(1, 20)),
    _tiers(Method.DEDUCTION, TierUnit.COIN, bounds=(1, 20)),
    _tiers(Method.DEDUCTION, TierUnit.COIN, mark=False, fee=True, bounds=(1, 20)),
    _tiers(Method.MARGINAL, TierUnit.CONTRACTS, bounds=(500, 20000)),
    _tiers(Method.DEDUCTION, TierUnit.USD, fee=True, bounds=(10000, 40000)),
    SizeRate(base=F("0.01"), slope=F("0.00005"), initial_base=F("0.02")),
)
LINEAR_SCHEDULES: tuple[Maintenance, ...] = (
    whole("0.005"),
    _tiers(Method.WHOLE, TierUnit.USD, fee=True, bounds=(10000, 40000)),
    _tiers(Method.DEDUCTION, TierUnit.USD, bounds=(10000, 40000)),
    _tiers(Method.MARGINAL, TierUnit.USD, mark=False, bounds=(10000, 40000)),
)

INVERSE_SCHEDULE, LINEAR_SCHEDULE = st.sampled_from(INVERSE_SCHEDULES), st.sampled_from(LINEAR_SCHEDULES)


@st.composite
def books(draw: st.DrawFn) -> Portfolio:
    """Up to four coins, each with contracts of its own or hedged through the first, and what is open on them."""
    assets = ASSETS[: draw(st.integers(1, len(ASSETS)))]
    prices = {asset: draw(decimals("0.5", "70000")) for asset in assets}
    worth = {asset: draw(decimals("0", "90000", 0)) for asset in assets}
    coins = {asset: F(int(worth[asset] / prices[asset] * 1000), 1000) for asset in assets}
    coins["USDT"] = draw(among(F(0), F(5000), F(40000)))
    proxied = [asset for asset in assets[1:] if draw(st.integers(0, 3)) == 0]
    contracts = [each for asset in assets if asset not in proxied for each in _contracts(draw, asset)]
    marks = {each.name: prices[each.asset] * draw(BASES) for each in contracts}
    rules = _rules(draw)
    positions = tuple(_positions(draw, contracts, coins, marks, proxied=proxied, mode=rules.margin_mode))
    settled = {position.contract.settle for position in positions}
    made = portfolio({}, None, {}, tuple(contracts), rules=rules, positions=positions)
    return replace(
        made,
        targets=_targets(draw, assets),
        statement=Book(coins, {coin: coins[coin] * F(9, 10) for coin in settled}, made.statement.positions),
        market=replace(made.market, prices=prices, marks=marks),
        proxies={asset: Proxy(asset, "BTC", exact(draw(among("0.5", "1", "1.3")))) for asset in proxied},
    )


def _rules(draw: st.DrawFn) -> Policy:
    return policy(
        band=draw(among("0", "0.01", "0.05")),
        relative=draw(among(None, "0.25")),
        mode=draw(among(*MarginMode)),
        leverage=draw(among("1", "2", "3")),
        distance=draw(among("0.2", "0.5")),
        min_order=draw(among("0", "10", "100")),
        sizing=draw(among(*Sizing)),
        uncovered=draw(among("spread", "spread", "refuse")),
    )


def _targets(draw: st.DrawFn, assets: tuple[str, ...]) -> dict[str, Fraction]:
    shares = [draw(st.integers(0, 10)) for _ in (*assets, "USD")]
    assume(sum(shares[:-1]) > 0)
    return {name: F(share, sum(shares)) for name, share in zip((*assets, "USD"), shares, strict=True)}


def _contracts(draw: st.DrawFn, asset: str) -> Iterator[Contract]:
    for days in (None, 35):
        if days is None or draw(st.booleans()):
            yield inverse(
                asset,
                draw(among("1", "10", "100")),
                name=f"{asset}USD" if days is None else f"{asset}{days}",
                maintenance=draw(INVERSE_SCHEDULE),
                lot=draw(among("1", "0.1", "100")),
                fee=draw(among("0", "0.0005", "0.00075")),
                expiry=None if days is None else NOW + timedelta(days=days),
            )
    if draw(st.booleans()):
        schedule = draw(LINEAR_SCHEDULE)
        yield replace(linear(asset, draw(among("0.001", "0.1"))), maintenance=schedule)


def _positions(
    draw: st.DrawFn,
    contracts: list[Contract],
    coins: Mapping[str, Fraction],
    marks: Mapping[str, Fraction],
    *,
    proxied: list[str],
    mode: MarginMode,
) -> Iterator[Position]:
    for contract in contracts:
        mark, backing = marks[contract.name], coins[contract.settle]
        one = contract.position_value(F(1), mark)
        most = int(backing / one / contract.lot_size / 100)
        if not most or draw(st.booleans()):
            continue
        through = [asset for asset in proxied if contract.asset == "BTC" and draw(st.booleans())]
        shares = [
            (Purpose.HEDGE, contract.asset, draw(st.integers(-25, 0))),
            (Purpose.REBALANCE, contract.asset, draw(st.integers(-30, 20))),
            *((purpose, asset, draw(st.integers(-10, 5))) for asset in through for purpose in Purpose),
        ]
        parts = tuple(
            Part(
                purpose,
                most * share * contract.lot_size,
                mark * draw(among(F("0.8"), F(1), F("1.25"))),
                asset,
            )
            for purpose, asset, share in shares
            if share and not (purpose is Purpose.HEDGE and share > 0)
        )
        net = sum((part.contracts for part in parts), F(0))
        if net:
            apart = backing * F(2, 10) if mode is MarginMode.ISOLATED else None
            yield Position(contract, net, mark * draw(among(F("0.8"), F(1), F("1.25"))), apart, parts)


def dollars_of(contract: Contract, contracts: Fraction, *, of: str, made: Portfolio) -> Fraction:
    """Dollars of an asset that contracts stand for, in plain figures: at the index or at the mark, over a beta."""
    mark, index = made.market.marks[contract.name], made.market.prices[contract.asset]
    if contract.kind is Kind.INVERSE:
        size = contracts * contract.multiplier * (index / mark if made.policy.sizing is Sizing.COIN else 1)
    else:
        size = contracts * contract.multiplier * (index if made.policy.sizing is Sizing.COIN else mark)
    return size if of == contract.asset else size / made.proxies[of].beta
