"""What each exchange prints of its inverse contracts, one module a venue.

A module has ``listings(ask)``: it puts its questions through ``ask``, a method of ccxt's and what it is given by name,
and yields every inverse contract that trades, under the name that the catalogue has. Raises Garbled for an answer of
another shape, and for one that is not the whole list. Where an exchange tells tiers to a key alone, its module has
``tiers(ask)``, which returns them by contract; where it tells a key what its account pays, ``fees(ask, names)``.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from rebal import discover
from rebal.amounts import ONE, Fraction
from rebal.errors import Unavailable
from rebal.exchange.fields import Garbled, Row, figure
from rebal.exchange.line import Line
from rebal.market.maintenance import Tiers
from rebal.venues import Listing, Listings

Ask = Callable[..., Any]
"""Puts a question: ``ask(call, name=value)``."""


class Fees(NamedTuple):
    """What an account pays, as fractions of the notional; a maker that is paid has a fee below 0."""

    maker: Fraction
    taker: Fraction


def takes_keys(venue: str) -> bool:
    """Whether the exchange tells more to a key."""
    reader = discover.load(sys.modules[__name__], venue)
    return hasattr(reader, "tiers") or hasattr(reader, "fees")


def readers() -> tuple[str, ...]:
    """The venues whose exchange can be asked."""
    return tuple(discover.names(sys.modules[__name__]))


def read(line: Line, asked: datetime, *, signed: bool = False) -> Listings:
    """All inverse contracts of a venue as they are listed now; ``signed``: the line has keys. Raises Unavailable."""
    reader: Any = discover.load(sys.modules[__name__], line.venue)

    def ask(call: str, **given: str) -> Any:
        return line.ask(call, given)

    try:
        tiers: Mapping[str, Tiers] = reader.tiers(ask) if signed and hasattr(reader, "tiers") else {}
        found = [replace(each, maintenance=tiers.get(each.name, each.maintenance)) for each in reader.listings(ask)]
        names = [each.name for each in found]
        fees: Mapping[str, Fees] = reader.fees(ask, names) if signed and hasattr(reader, "fees") else {}
    except Garbled:
        found, fees = [], {}
    found = [_paying(each, fees.get(each.name)) for each in found]
    if not found or not all(each.is_sound for each in found) or len({each.name for each in found}) < len(found):
        raise Unavailable(f"{line.venue}: answers with something that is no list of contracts; nothing was changed")
    contracts = {each.name: each for each in sorted(found, key=lambda each: each.name)}
    return Listings(line.venue, asked, contracts, own_fees=bool(fees))


def _paying(listing: Listing, fees: Fees | None) -> Listing:
    return listing if fees is None else replace(listing, maker_fee=fees.maker, taker_fee=fees.taker)


def unit(initial: Fraction, leverage: Fraction) -> Fraction | None:
    """What a printed margin rate is to be divided by: 1 where it is a fraction, 100 where it is in percent.

    A position at the largest leverage is margined with the leverage's inverse, so that the product of the initial rate
    and that leverage tells; None where it is neither, within the rounding of printed leverages.
    """
    product = initial * leverage
    return next((each for each in (ONE, _PERCENT) if abs(product - each) <= each * _ROUNDING), None)


_PERCENT, _ROUNDING = Fraction(100), Fraction(5, 100)


def needed(of: Row, key: str) -> Fraction:
    """A number that has to be there. Raises Garbled."""
    found = figure(of, key)
    if found is None:
        raise Garbled
    return found
