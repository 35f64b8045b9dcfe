"""Accounts at exchanges: one module a venue, named as in the catalogue, each reading the exchange's own answers.

A module has ``state(asking)``, what is there now; ``since(asking, start, end)``, what happened, in any order; and
``rights(asking)``, what the key may do beyond reading, None where the exchange does not tell. ``UNTOLD``, where it has
one, names what changes an account and is listed nowhere. Numbers are read from the text that the exchange wrote.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import get_type_hints

from rebal import discover
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking
from rebal.exchange_account import Account, Filled, Happened, Paid

__all__ = ["Asking", "happened", "rights", "state", "tells_rights", "untold"]


def state(asking: Asking) -> Account:
    """What the account holds now. Raises Unavailable where the venue's is not read, or does not answer."""
    found: Account = _module(asking.line.venue).state(asking)
    return found


def happened(asking: Asking, start: datetime, end: datetime) -> tuple[Happened, ...]:
    """What happened to the account after ``start`` and up to ``end``, by time; each once.

    Each question has the whole time that is allowed, however many there are.
    """
    found: Iterable[Happened] = _module(asking.line.venue).since(replace(asking, unhurried=True), start, end)
    known = {(type(each), _subject(each), each.id): each for each in found if start < each.time <= end}
    return tuple(sorted(known.values(), key=lambda each: (each.time, each.id)))


def _subject(event: Happened) -> str:
    """What an exchange numbers its events by: a contract has trades of its own, and a coin its moves."""
    return event.contract if isinstance(event, Filled | Paid) else event.asset


def rights(asking: Asking) -> tuple[str, ...] | None:
    """What the key may do beyond reading, in words; None where the exchange does not tell."""
    found: tuple[str, ...] | None = _module(asking.line.venue).rights(asking)
    return found


def tells_rights(venue: str) -> bool:
    """Whether the exchange tells what a key may do."""
    return get_type_hints(_module(venue).rights)["return"] is not type(None)


def untold(venue: str) -> str | None:
    """What changes an account and is told by no list that the exchange has, in words; None where all of it is."""
    found: str | None = getattr(_module(venue), "UNTOLD", None)
    return found


def _module(venue: str):  # type: ignore[no-untyped-def] # a venue's own, found by its name
    try:
        return discover.load(sys.modules[__name__], venue)
    except LookupError:
        known = ", ".join(discover.names(sys.modules[__name__]))
        raise Unavailable(f"{venue}: accounts there are not read; they are of {known}") from None
