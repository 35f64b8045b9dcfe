"""Every foreign byte: portfolio and market files, as text, as written and as resolved."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from rebal.load.listed import Shelf
    from rebal.market.contract import Contract
    from rebal.portfolio import Portfolio
    from rebal.prices import Quotes, Wanted

    Asked: TypeAlias = "Callable[[Wanted], Quotes | MarketText]"
    """A source, which is told what is wanted; it may hand over a market file in the place of quotes."""
    Lacking: TypeAlias = "Callable[[tuple[str, ...]], Quotes]"
    """What prices the assets that neither the portfolio nor any source prices."""


class MarketText(NamedTuple):
    """A market file that was read, for as many portfolios as there are; any process can make of it what it says."""

    path: str
    text: str


def market(path: str, *, now: datetime) -> MarketText:
    """Read a market file once for many portfolios. Raises InvalidInput with what is wrong with it by itself."""
    from rebal.load import resolve

    return resolve.market_text(path, now=now)


def quoted(
    path: str, *, now: datetime, market: "Sequence[MarketText | Asked]", shelf: "Shelf | None" = None
) -> tuple[MarketText, ...]:
    """What sources say of a portfolio file, as texts beside those that are given, in their order.

    With them the portfolio reads as with the sources, in any process. Raises InvalidInput for a portfolio that does not
    tell what to ask, Unavailable where a source is not to be had.
    """
    from rebal.load import resolve

    return resolve.quoted(path, now=now, market=market, shelf=shelf)


def portfolio(
    path: str,
    *,
    now: datetime,
    market: "str | MarketText | Sequence[str | MarketText | Asked] | None" = None,
    shelf: "Shelf | None" = None,
    lacking: "Lacking | None" = None,
) -> "Portfolio":
    """Read and resolve a portfolio file; ``-`` is stdin, ``market`` a file whose prices win, key by key.

    ``market`` may be several files and sources, of which the last that prices a name wins. ``shelf``: where refreshed
    venues are kept; without it they are as shipped. ``lacking``: what prices the assets that nothing else does. Raises
    InvalidInput with every problem of all files, Unavailable where a source is not to be had.
    """
    from rebal.load import resolve

    given = (market,) if isinstance(market, str | MarketText) else market or ()
    return resolve.portfolio(path, now=now, market=given, shelf=shelf, lacking=lacking)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of the portfolio file, for editors."""
    from rebal.load import editors

    return editors.draft_7()


def starter(*, now: datetime | None = None) -> str:
    """A commented portfolio file to start from, valid as it stands; dated ``now``, to the minute, where that is given.

    An example's date without.
    """
    from rebal.load import template

    return template.TEXT if now is None else template.dated(now)


def started(
    venue: str, *, now: datetime, holdings: Mapping[str, str], targets: Mapping[str, str], prices: Mapping[str, str],
    margin: str | None = None, funding: Mapping[str, str] | None = None, example: "Contract | None" = None,
) -> str:  # fmt: skip
    """The same with figures of one's own, as they are written in the file."""
    from rebal.load import template

    return template.started(
        venue, now=now, holdings=holdings, targets=targets, prices=prices, margin=margin, funding=funding,
        example=example,
    )  # fmt: skip
