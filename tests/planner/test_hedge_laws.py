"""A hedge in force hedges nothing: on several contracts, dated and with a basis, through proxies, of both purposes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from drawn import among
from exact import exact
from exchange import Overlay
from rebal.amounts import Fraction
from rebal.book import Book, MarginMode, Part, Position, Purpose
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner.candidates import SHORT, named
from rebal.planner.desk import Desk
from rebal.planner.exposure import value
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.policy import Sizing
from rebal.portfolio import Portfolio

from .books import INVERSE_SCHEDULE, LINEAR_SCHEDULE, SETTINGS, decimals
from .given import INPUTS, NOW, inverse, linear, policy, portfolio

COINS = ("BTC", "ETH")
PROXIED = ("DOT", "SOL")
ENTRIES = st.sampled_from([Fraction(6, 10), Fraction(9, 10), Fraction(1), Fraction(14, 10)])
BASES = ("0.97", "1", "1.003", "1.04")


@st.composite
def books(draw: st.DrawFn) -> Portfolio:
    """Two coins with perpetual and dated contracts, two that are hedged through them, and positions for all four."""
    prices = {asset: draw(decimals("1", "70000")) for asset in (*COINS, *PROXIED)}
    worth = {asset: draw(among(0, 3000, 20000, 90000)) for asset in prices}
    worth["BTC"] = draw(among(20000, 90000))
    holdings = {asset: Fraction(int(worth[asset] / prices[asset] * 1000), 1000) for asset in prices}
    proxies = {asset: (draw(among(*COINS)), draw(among("0.5", "1", "1.3"))) for asset in PROXIED}
    contracts = [_contract(draw, coin, days) for coin in COINS for days in (None, 35, 126)]
    contracts += [_linear(draw, coin) for coin in COINS if draw(st.booleans())]
    holdings["USDT"] = Fraction(draw(among(0, 5000, 80000)))
    marks = {each.name: prices[each.asset] * exact(draw(among(*BASES))) for each in contracts}
    mode = draw(among(*MarginMode))
    positions: list[Position] = []
    wallets = {coin: holdings[coin] * Fraction(9, 10) for coin in (*COINS, "USDT")}
    for contract in contracts:
        if holdings[contract.settle] and draw(st.booleans()):
            through = [each for each in PROXIED if proxies[each][0] == contract.asset]
            position = _position(
                draw, contract, backing=holdings[contract.settle], mark=marks[contract.name],
                isolated=mode is MarginMode.ISOLATED, through=through,
            )  # fmt: skip
            positions += [position] if position is not None else []
    rules = policy(
        mode=mode,
        leverage=draw(among("2", "5")),
        distance=draw(among("0.1", "0.2")),
        min_order=draw(among("0", "10", "500")),
        sizing=draw(among(*Sizing)),
        routes=draw(among(("inverse", "linear", "proxy"), ("linear", "inverse", "proxy"))),
        hedge_band=draw(among("0", "0.01")),
    )
    made = portfolio({}, None, {}, tuple(contracts), rules=rules, positions=tuple(positions), proxies=proxies)
    return replace(
        made,
        statement=Book(holdings, wallets, made.statement.positions),
        market=replace(made.market, prices=prices, marks=marks),
    )


def _contract(draw: st.DrawFn, coin: str, days: int | None) -> Contract:
    return inverse(
        coin,
        draw(among("1", "10")),
        name=f"{coin}USD" if days is None else f"{coin}{days}",
        lot=draw(among("1", "10", "100")),
        fee=draw(among("0", "0.0005", "0.00075")),
        expiry=None if days is None else NOW + timedelta(days=days),
        maintenance=draw(INVERSE_SCHEDULE),
    )


def _linear(draw: st.DrawFn, coin: str) -> Contract:
    found = linear(coin, draw(among("0.001", "0.1")))
    return replace(found, maintenance=draw(LINEAR_SCHEDULE))


def _position(
    draw: st.DrawFn, contract: Contract, *, backing: Fraction, mark: Fraction, isolated: bool, through: Sequence[str]
) -> Position | None:
    """A net position of parts, each with an entry of its own: shorts that protect, legs of either side."""
    step = backing / contract.position_value(Fraction(1), mark) / 100
    protects = [(Purpose.HEDGE, asset, -draw(st.integers(0, 25))) for asset in (contract.asset, *through)]
    parts: list[Part] = []
    for purpose, asset, share in (
        *protects,
        (Purpose.REBALANCE, contract.asset, draw(among(-20, 0, 0, 10))),
    ):
        lot = contract.lot_size if draw(st.booleans()) else Fraction(1)
        size = int(step * share / lot) * lot
        if size:
            parts.append(Part(purpose, size, mark * draw(ENTRIES), asset))
    net = sum((part.contracts for part in parts), Fraction(0))
    margin = backing * Fraction(15, 100) if isolated else None
    return Position(contract, net, mark * draw(ENTRIES), margin, tuple(parts)) if net else None


@st.composite
def asks(draw: st.DrawFn) -> tuple[tuple[str, Fraction, bool], ...]:
    """Which assets are asked for what share, and whether on a contract by its name."""
    assets = draw(st.lists(st.sampled_from((*COINS, *PROXIED)), min_size=1, max_size=4, unique=True))
    shares = st.sampled_from(["0", "0.07", "0.3", "0.5", "0.9", "1"])
    return tuple((asset, exact(draw(shares)), draw(among(False, False, True))) for asset in assets)


def hedged(made: Portfolio, wanted: Sequence[tuple[str, Fraction, bool]], book: Book) -> Plan:
    desk = Desk.of(made, book, now=NOW)
    found = []
    for asset, share, rolls in wanted:
        coin = made.proxies[asset].via if asset in made.proxies else asset
        onto = named(f"{coin}126", asset, made, now=NOW) if rolls else desk.candidates(asset, SHORT)
        stays = frozenset({f"{coin}126"}) if rolls else None
        found.append(Ask(asset, share, onto, stays=stays))
    return build_hedge(made, book, asks=tuple(found), inputs=INPUTS, allow_over_hedge=True)


@SETTINGS
@given(books(), asks())
def test_a_hedge_in_force_hedges_nothing(made: Portfolio, wanted: tuple[tuple[str, Fraction, bool], ...]) -> None:
    book = made.statement
    plan = hedged(made, wanted, book)
    account = Overlay.of(
        book, made.contracts, dict(made.market.marks), isolated=made.policy.margin_mode is MarginMode.ISOLATED
    )
    account.place(plan)
    after = account.book()
    lost = plan.equity - value(made, after).equity - plan.costs.fees_usd
    assert lost == 0
    for name, position in book.positions.items():
        kept = after.positions[name].held_for(Purpose.REBALANCE) if name in after.positions else 0
        assert kept == position.held_for(Purpose.REBALANCE)
    if not plan.refused:
        again = hedged(made, wanted, after)
        assert (again.orders, again.transfers) == ((), ())
