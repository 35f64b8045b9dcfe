"""Every foreign byte: portfolio and market files, as text, as written and as resolved; times as people type them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebal.portfolio import Duration, Portfolio


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


def instant(text: str) -> datetime:
    """Read an RFC 3339 timestamp with its zone, as UTC. Raises ValueError with what to write instead."""
    from rebal.load import time

    return time.instant(text)


def day_or_instant(text: str) -> datetime:
    """Read a timestamp, or a bare date as that day in UTC. Raises ValueError with what to write instead."""
    from rebal.load import time

    return time.day_or_instant(text)


def duration(text: str) -> "Duration":
    """Read a number with m, h, d, w or y. Raises ValueError with what to write instead."""
    from rebal.load import time

    return time.duration(text)
