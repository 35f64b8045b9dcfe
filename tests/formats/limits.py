"""A portfolio for the limits that screens are measured against."""

from planner.given import policy
from rebal.book import Book
from rebal.portfolio import Market, Portfolio

from .rows import MORNING


def portfolio(*, relative: str | None = None) -> Portfolio:
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
