"""Every foreign byte: portfolio and market files, as text, as written and as resolved."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebal.portfolio import Portfolio


def portfolio(path: str, *, now: datetime, market: str | None = None) -> "Portfolio":
    """Read and resolve a portfolio file; ``-`` is stdin, ``market`` a file whose prices win, key by key.

    Raises InvalidInput with every problem of both files.
    """
    from rebal.load import resolve

    return resolve.portfolio(path, now=now, market=market)


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
