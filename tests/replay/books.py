"""Books at random for walks: those that planning is tested on, and what only time brings to light."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from drawn import among
from planner import books as planned
from planner.given import NOW
from rebal.amounts import Fraction
from rebal.book import HedgeAsked
from rebal.portfolio import Costs, Holding, Lot, LotMethod, Portfolio, Tax
from rebal.times import duration

from .courses import without_funding

F = Fraction
_TAX = Tax(LotMethod.HIFO, F("0.37"), F("0.2"), duration("30d"))


@st.composite
def books(draw: st.DrawFn) -> Portfolio:
    """A book with hedges asked for, some until a day, with deliveries that cost, lots, caps and a shock to survive."""
    made = without_funding(draw(planned.books()))
    rules = replace(
        made.policy,
        survive=draw(among(None, None, F("0.7"))),
        max_at_venue=draw(among(F(1), F(1), F("0.5"))),
        hedge_band=draw(among(F(0), F("0.01"), F("0.1"))),
    )
    held = made.statement.holdings
    made = replace(made, policy=rules, statement=replace(made.statement, hedges=draw(hedges(made, odds=3))))
    delivery = draw(among(None, F("0.00025")))
    contracts = {
        name: replace(each, delivery_fee=delivery) if each.expiry else each for name, each in made.contracts.items()
    }
    positions = {name: replace(each, contract=contracts[name]) for name, each in made.statement.positions.items()}
    made = replace(made, contracts=contracts, statement=replace(made.statement, positions=positions))
    lots = {asset: _lots(draw, quantity) for asset, quantity in held.items()}
    return replace(
        made,
        costs=Costs(F("0.001"), F("0.0005")),
        tax=draw(among(None, _TAX)),
        holdings={asset: Holding(asset, quantity, lots[asset]) for asset, quantity in held.items()},
    )


@st.composite
def hedges(draw: st.DrawFn, made: Portfolio, *, odds: int) -> Mapping[str, HedgeAsked]:
    """Hedges of some of the coins that are held, one in so many."""
    return {
        asset: _asked(draw, asset) for asset in sorted(made.statement.holdings) if not draw(st.integers(1, odds)) - 1
    }


def _asked(draw: st.DrawFn, asset: str) -> HedgeAsked:
    until = draw(among(None, timedelta(days=3), timedelta(days=20), timedelta(hours=70)))
    return HedgeAsked(asset, draw(among(F("0.3"), F(1, 2), F(1))), None if until is None else NOW + until)


def _lots(draw: st.DrawFn, quantity: Fraction) -> tuple[Lot, ...]:
    if not quantity or draw(st.booleans()):
        return ()
    half = quantity / 2
    return Lot(half, F(100), NOW - timedelta(days=400)), Lot(half, F(3000), NOW - timedelta(days=10))
