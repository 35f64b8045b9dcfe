"""What the sources print of every contract: expected.csv, and what follows from it.

expected.csv was written from the sources that the venues' files name (as of 2026-11-20), not from those files. An
empty field is a figure that none of them prints. Sizes are contracts; a linear contract is one step of its quantity. A
minimum is the larger of the printed count and of the printed worth of an order. ``tiers``: whether any maintenance rate
is known.
"""

import csv
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from exact import exact
from rebal import venues
from rebal.amounts import Fraction
from rebal.venues import Entry

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Printed(NamedTuple):
    """One contract or dated family as its sources print it."""

    venue: str
    contract: str
    asset: str
    kind: str
    multiplier: str
    tick: str
    lot: str
    min: str
    leverage: str
    tiers: str

    def __str__(self) -> str:
        return f"{self.venue}-{self.contract}"


def _read() -> tuple[Printed, ...]:
    with Path(__file__).with_name("expected.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
        return tuple(Printed(*row) for row in rows)


PRINTED = _read()
PLANNABLE = tuple(printed for printed in PRINTED if printed.multiplier)


def figure(text: str) -> Fraction | None:
    """A printed figure, None where nothing is printed."""
    return exact(text) if text else None


@cache
def entries(venue: str) -> tuple[Entry, ...]:
    """What the catalogue shows of a venue at NOW."""
    return venues.venue(venue).entries(NOW)


def shown(printed: Printed) -> tuple[Entry, ...]:
    """The entries of a printed contract: one, or those of a dated family."""
    return tuple(
        entry for entry in entries(printed.venue)
        if (entry.family or entry.name) == printed.contract
    )  # fmt: skip
