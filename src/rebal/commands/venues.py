"""``rebal venues``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._options import Clock, Shown, one_of
from rebal.errors import UsageProblem

EXAMPLES = (
    "rebal venues",
    "rebal venues binance",
    "rebal venues deribit --format json",
    "rebal venues binance --format csv --section tiers",
)


def _venues_like(incomplete: str) -> list[str]:
    from rebal import venues

    return [name for name in venues.names() if name.startswith(incomplete)]


def venues(
    world: World,
    *,
    clock: Clock,
    shown: Shown,
    venue: Annotated[
        str | None,
        typer.Argument(metavar="VENUE", show_default=False, autocompletion=_venues_like, help="One venue, in full."),
    ] = None,
) -> Answer:
    """Show the catalogue of venues and their contracts.

    Without a venue: the list, with how many contracts each has. With one: every contract's specification and
    maintenance tiers, where each figure comes from and of what date, and which figures are assumed.
    """
    from rebal.catalogue import catalogue, venue_sheet

    shown.check(world)
    now = clock.time(world)
    if venue is None:
        return shown.answer(catalogue(now), world)
    _refuse_unknown(venue)
    return shown.answer(venue_sheet(venue, now), world)


def _refuse_unknown(name: str) -> None:
    from rebal import venues

    if name in venues.LEFT_OUT:
        raise UsageProblem(f"{name} is not in the catalogue: {venues.LEFT_OUT[name]}")
    if name not in venues.names():
        raise UsageProblem(f"{name}: there is no such venue in the catalogue; {one_of(name, venues.names())}")
