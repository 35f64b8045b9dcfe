"""Prices for one book or for many: each file read once, each exchange asked once, and what is judged where one is down.

What several books share is made into texts here, in the process that has the network, so that whoever counts needs
none.
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rebal.commands._answer import World
from rebal.commands._options import Where, shelf
from rebal.commands._typed import typed
from rebal.errors import Unavailable, UsageProblem
from rebal.times import rfc3339

if TYPE_CHECKING:
    from rebal.load import Asked, MarketText
    from rebal.prices import Quotes, Wanted


_OTHERS = "; the other venues answer"


class Standby:
    """A source in whose place a market file stands while it is not to be had; ``file``: None where it is not there.

    ``down``: why it was not, last time; ``answers``: whether it was of other venues.
    """

    def __init__(self, source: "Callable[[Wanted], Quotes | MarketText]", file: "MarketText | None", name: str) -> None:
        self._source = source
        self._file = file
        self._name = name
        self.down: str | None = None
        self.answers = False

    def __call__(self, wanted: "Wanted") -> "Quotes | MarketText":
        """What the source says, else what the file says. Raises Unavailable where there is neither."""
        try:
            said = self._source(wanted)
        except Unavailable as down:
            if self._file is None:
                raise Unavailable(f"{down}; and {self._name}, to fall back on, does not exist") from None
            self.down = str(down)
            return self._file
        self.answers = True
        return said


class Prices:
    """What ``--market`` names, with ``--fallback`` behind it: ``parts``, ready to be given to every book.

    ``asks``: whether an exchange is asked. ``accounts_down``: why accounts were not to be had, by their names.
    ``missing``: what stderr says of a fallback that is not there, which matters only once an exchange is down.
    Raises InvalidInput for files that are wrong by themselves, UsageProblem for a fallback behind no exchange.
    """

    def __init__(self, where: Where, world: World, fallback: str | None = None) -> None:
        from rebal import load
        from rebal.load.source import shown

        self.accounts_down: dict[str | None, Unavailable] = {}
        now = where.time(world)
        given = tuple(load.market(each, now=now) if isinstance(each, str) else each for each in where.markets(world))
        self.asks = any(not isinstance(each, load.MarketText) for each in given)
        self._fallback = fallback
        self.missing: tuple[str, ...] = ()
        if fallback is None:
            self.parts: tuple[MarketText | Asked, ...] = given
            return
        if not self.asks:
            raise UsageProblem("--fallback stands in for an exchange that is down; add --market live")
        self.missing = _missing(fallback)
        file, name = None if self.missing else load.market(fallback, now=now), shown(fallback)
        self.parts = tuple(each if isinstance(each, load.MarketText) else Standby(each, file, name) for each in given)

    def of(self, file: str, where: Where, world: World) -> "tuple[MarketText, ...]":
        """The prices of a book, asked for: every exchange is asked once, however many books there are.

        Raises InvalidInput for a book that does not tell what to ask, Unavailable without a fallback.
        """
        from rebal import load

        for each in self._standbys():
            each.down, each.answers = None, False
        return load.quoted(file, now=where.time(world), market=self.parts, shelf=shelf(world))

    def shared(self) -> "tuple[MarketText, ...]":
        """The prices that every book has, where no exchange is asked."""
        from rebal import load

        return tuple(each for each in self.parts if isinstance(each, load.MarketText)) if not self.asks else ()

    def fallen(self) -> str | None:
        """Why the last book stands on the fallback, None where it does not."""
        down = self._down()
        return None if down is None else f"{down}{self._others()}"

    def lacking(self, *, at: datetime | None, now: datetime) -> tuple[str, ...]:
        """What stderr says of what was not to be had, in one line; ``at``: when the prices in use were true."""
        down, without = self._down(), _without(self.accounts_down)
        reasons = dict.fromkeys([*([] if down is None else [down]), *map(str, self.accounts_down.values())])
        if down is not None:
            said = f"{'; '.join(reasons)}{self._others()}"
            return (f"{judged(said, self._fallback, at=at, now=now)}{without and f', and {without}'}",)
        return (f"rebal: {'; '.join(reasons)}; judged {without}",) if reasons else ()

    def _down(self) -> str | None:
        return next((each.down for each in self._standbys() if each.down is not None), None)

    def _others(self) -> str:
        """That other venues answer where one is down, in words."""
        return _OTHERS if any(each.down is not None and each.answers for each in self._standbys()) else ""

    def _standbys(self) -> list[Standby]:
        return [each for each in self.parts if isinstance(each, Standby)]


def _missing(fallback: str) -> tuple[str, ...]:
    from rebal.load.source import shown

    if fallback == "-" or os.path.lexists(fallback):
        return ()
    written = typed("rebal", "market", "--out", fallback)
    told = f"{shown(fallback)}, to fall back on, does not exist; write it while the exchange answers: {written}"
    return (f"rebal: {told}",)


def _without(accounts: Mapping[str | None, Unavailable]) -> str:
    """Which accounts nothing is told of, in words; empty where there is none."""
    named = " and ".join(filter(None, accounts))
    return f"without the account{'s' if len(accounts) > 1 else ''} {named}".rstrip() if accounts else ""


def judged(down: str, fallback: str | None, *, at: datetime | None, now: datetime) -> str:
    """What stderr says of a book that stands on the fallback: why, and how old its prices are."""
    age = "of no known age" if at is None else f"of {rfc3339(at)}, {_ago(now - at)}"
    by = f"judged by {fallback}" if _OTHERS not in down else f"judged by them and, where they say nothing, {fallback}"
    return f"rebal: {down}; {by}, prices {age}"


def _ago(age: timedelta) -> str:
    minutes = max(age // timedelta(minutes=1), 0)
    if minutes < 120:
        return f"{minutes} min old"
    return f"{minutes // 60} h old" if minutes < 2880 else f"{minutes // 1440} days old"
