"""What ``rebal venues VENUE --refresh`` kept of a venue, read back and laid over the shipped catalogue."""

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from rebal import venues
from rebal.amounts import Fraction, NumberProblem, number, plain
from rebal.errors import InvalidInput, Problem, Unavailable
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.times import TimeProblem, instant, rfc3339
from rebal.venues import Listing, Listings, Venue

SCHEMA = "rebal/listings/1"
_TEXTS = ("name", "asset")
_SCHEDULES = ("maintenance", "isolated_maintenance")
_OWN = "account"
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

    def lists(self, contract: str, now: datetime) -> bool:
        """Whether any venue has a contract of a name. Raises InvalidInput where what is kept of one is damaged."""
        return any(self.venue(name).has(contract, now) for name in venues.names())


def text(listings: Listings) -> str:
    """The file's text, numbers as exact texts."""
    contracts = [_written(each) for each in listings.contracts.values()]
    whole: dict[str, Any] = {"schema": SCHEMA, "venue": listings.venue, "asked": rfc3339(listings.asked)}
    if listings.own_fees:
        whole["fees"] = _OWN
    whole["contracts"] = contracts
    return json.dumps(whole, indent=1) + "\n"


def _written(listing: Listing) -> dict[str, Any]:
    figures = {each.name: getattr(listing, each.name) for each in fields(Listing)}
    return {name: _word(figure) for name, figure in figures.items() if figure is not None}


def _schedule(tiers: Tiers) -> dict[str, Any]:
    rows = [{each.name: _word(getattr(tier, each.name)) for each in fields(Tier)} for tier in tiers.tiers]
    return {
        "valuation": tiers.valuation.value,
        "close_fee": tiers.close_fee,
        "method": tiers.method.value,
        "unit": tiers.unit.value,
        "tiers": rows,
    }


def _read_schedule(written: Mapping[str, Any]) -> Tiers:
    if written["close_fee"] not in (True, False):
        raise TypeError
    return Tiers(
        valuation=Valuation(written["valuation"]),
        close_fee=written["close_fee"],
        method=Method(written["method"]),
        unit=TierUnit(written["unit"]),
        tiers=tuple(_read_tier(each) for each in written["tiers"]),
    )


def _read_tier(written: Mapping[str, str | None]) -> Tier:
    read = {name: None if word is None else number(word) for name, word in written.items()}
    rate, deduction = read.pop("rate"), read.pop("deduction")
    if rate is None or deduction is None:
        raise ValueError
    return Tier(rate=rate, deduction=deduction, **read)


def _word(figure: Any) -> Any:
    if figure is None or isinstance(figure, str):
        return figure
    if isinstance(figure, Tiers):
        return _schedule(figure)
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
    if whole.keys() - {"fees"} != _KEYS or (whole["schema"], whole["venue"]) != (SCHEMA, name):
        raise ValueError
    if whole.get("fees", _OWN) != _OWN:
        raise ValueError
    found = [_listing(each) for each in whole["contracts"]]
    if not found or not all(each.is_sound for each in found):
        raise ValueError
    contracts = {each.name: each for each in found}
    return Listings(name, instant(whole["asked"]).astimezone(UTC), contracts, own_fees="fees" in whole)


def _listing(written: Mapping[str, Any]) -> Listing:
    read: dict[str, Any] = {}
    for name, word in written.items():
        if name in _SCHEDULES:
            read[name] = _read_schedule(word)
            continue
        if not isinstance(word, str):
            raise TypeError
        read[name] = word if name in _TEXTS else instant(word) if name == "expiry" else number(word)
    return Listing(**read)
