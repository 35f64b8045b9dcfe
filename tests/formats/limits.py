"""A portfolio for the limits that screens are measured against."""

from datetime import timedelta

from rebal.amounts import Fraction
from rebal.book import Book, MarginMode
from rebal.policy import Alert, Band, Policy, Sizing
from rebal.portfolio import Market, Portfolio

from .rows import MORNING


def policy(*, relative: Fraction | None = None) -> Policy:
    """The policy of a file that says nothing of it."""
    return Policy(
        band=Band(Fraction("0.05"), relative),
        margin_mode=MarginMode.CROSS,
        leverage=Fraction(1),
        liquidation_distance=Fraction("0.5"),
        alert=Alert(Fraction("0.35"), Fraction("1.25")),
        min_order=Fraction(10),
        routes=("inverse", "linear", "proxy"),
        sizing=Sizing.NOTIONAL,
        max_at_venue=Fraction(1),
        max_price_age=timedelta(days=1),
        hedge_band=Fraction(1, 100),
    )


def portfolio(*, relative: Fraction | None = None) -> Portfolio:
    """A file with nothing in it but its policy."""
    return Portfolio(
        name="Core holdings",
        venue="deribit",
        as_of=MORNING,
        holdings={},
        targets=None,
        aside=frozenset(),
        statement=Book({}, {}, {}),
        market=Market(MORNING, {}, {}, {}),
        contracts={},
        policy=policy(relative=relative),
        cash=frozenset({"USD"}),
        statement_sha256="0" * 64,
    )
