"""What ``rebal venues VENUE --refresh`` kept of a venue, read back and laid over the shipped catalogue."""

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC
from functools import lru_cache
from typing import Any, NamedTuple

from rebal import venues
from rebal.amounts import Fraction, NumberProblem, number, plain
from rebal.errors import InvalidInput, Problem, Unavailable
from rebal.times import TimeProblem, instant, rfc3339
from rebal.venues import Listing, Listings, Venue

SCHEMA = "rebal/listings/1"
_TEXTS = ("name", "asset")
_KEYS = frozenset(("schema", "venue", "asked", "contracts"))


class Shelf(NamedTuple):
    """Where refreshed venues are kept; ``texts``: by venue, where they were read already, for other processes."""

    folder: str | None = None
    texts: Mapping[str, str] | None = None

    def path(self, name: str) -> str:
        """The file of a venue. Raises Unavailable where there is no place for it."""
        if self.folder is None:
            raise Unavailable("there is no folder to keep figures in; set XDG_DATA_HOME or HOME")
        return os.path.join(self.folder, f"{name}.json")

    def text(self, name: str) -> str | None:
        """What is kept of a venue, None where nothing is. Raises Unavailable."""
        if self.texts is not None or self.folder is None:
            return (self.texts or {}).get(name)
        path = self.path(name)
        try:
            with open(path, "rb") as file:
                return file.read().decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unavailable(f"{path}: {error.strerror}") from error

    def held(self) -> "Shelf":
        """The same with everything read. Raises Unavailable."""
        read = ((name, self.text(name)) for name in venues.names())
        return Shelf(self.folder, {name: text for name, text in read if text is not None})

    def listings(self, name: str) -> Listings | None:
        """What is kept of a venue's contracts. Raises InvalidInput where the file is damaged."""
        text = self.text(name)
        return None if text is None else _listings(name, text, self.path(name))

    def venue(self, name: str) -> Venue:
        """The venue, refreshed where it was. Raises LookupError for one that is not in the catalogue, InvalidInput."""
        shipped = venues.venue(name)
        text = self.text(name)
        return shipped if text is None else _venue(name, text, self.path(name))


def text(listings: Listings) -> str:
    """The file's text, numbers as exact texts."""
    contracts = [_written(each) for each in listings.contracts.values()]
    whole = {"schema": SCHEMA, "venue": listings.venue, "asked": rfc3339(listings.asked), "contracts": contracts}
    return json.dumps(whole, indent=1) + "\n"


def _written(listing: Listing) -> dict[str, str]:
    figures = {each.name: getattr(listing, each.name) for each in fields(Listing)}
    return {name: _word(figure) for name, figure in figures.items() if figure is not None}


def _word(figure: Any) -> str:
    if isinstance(figure, str):
        return figure
    return plain(figure) if isinstance(figure, Fraction) else rfc3339(figure)


@lru_cache(maxsize=32)
def _venue(name: str, text: str, path: str) -> Venue:
    return venues.refreshed(venues.venue(name), _listings(name, text, path))


def _listings(name: str, text: str, path: str) -> Listings:
    try:
        return _read(name, json.loads(text))
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, NumberProblem, TimeProblem):
        instead = f"make it anew with rebal venues {name} --refresh, or remove it to plan on the shipped figures"
        raise InvalidInput([Problem(path, 0, 0, "", "is damaged", None, instead)]) from None


def _read(name: str, whole: Any) -> Listings:
    """Raises one of many where anything is not as ``text`` writes it."""
    if whole.keys() != _KEYS or (whole["schema"], whole["venue"]) != (SCHEMA, name):
        raise ValueError
    found = [_listing(each) for each in whole["contracts"]]
    if not found or not all(each.is_sound for each in found):
        raise ValueError
    return Listings(name, instant(whole["asked"]).astimezone(UTC), {each.name: each for each in found})


def _listing(written: Mapping[str, str]) -> Listing:
    read: dict[str, Any] = {}
    for name, word in written.items():
        if not isinstance(word, str):
            raise TypeError
        read[name] = word if name in _TEXTS else instant(word) if name == "expiry" else number(word)
    return Listing(**read)
