"""The catalogue: what is known of each venue's contracts, one module a venue, every figure with source and date.

A figure that nobody was seen to publish is listed under ``Contract.assumed`` with the value that stands in for it. A
contract whose multiplier is not known, or that is no longer listed, is shown and never planned on.
"""

import sys

from rebal import discover
from rebal.venues._refreshed import Listing, Listings, refreshed
from rebal.venues._venue import Entry, Venue

__all__ = ["LEFT_OUT", "Entry", "Listing", "Listings", "Venue", "names", "refreshed", "venue"]

LEFT_OUT = {
    "bitget": (
        "Bitget's classic coin-margined contracts are sized in coins and may be margined in seven different coins, and "
        "the contract sizes of its newer ones (BTCUSD_CM, BTCCMZ26) were not seen by 2026-09-15, so nothing on it can "
        "be computed; give your contracts under contracts: in the portfolio file"
    ),
}
"""Venues that were looked at and are not in the catalogue, and why."""


def names() -> tuple[str, ...]:
    """What ``venue:`` may say, in alphabetical order; no venue's module is imported for it."""
    return tuple(discover.names(sys.modules[__name__]))


def venue(name: str) -> Venue:
    """Import one venue. Raises LookupError when the catalogue has none of that name."""
    found: Venue = discover.load(sys.modules[__name__], name).VENUE
    return found
