"""``rebal venues``."""

import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands import _out
from rebal.commands._account import Access, may_ask, refuse_rights
from rebal.commands._answer import Answer, World
from rebal.commands._market import seconds
from rebal.commands._options import Clock, Shown, Timeout, one_of, shelf
from rebal.errors import InvalidInput, Unavailable, UsageProblem

if TYPE_CHECKING:
    from rebal.venues import Listings

EXAMPLES = (
    "rebal venues",
    "rebal venues binance",
    "rebal venues deribit --format json",
    "rebal venues binance --format csv --section tiers",
    "rebal venues binance --refresh",
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
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the exchange for its contracts; plans use its figures from then on.")
    ] = False,
    timeout: Timeout = None,
    access: Access,
) -> Answer:
    """Show the catalogue of venues and their contracts.

    Without a venue: the list, with how many contracts each has. With one: every contract's specification and
    maintenance tiers, where each figure comes from and of what date, and which figures are assumed.

    --refresh asks the exchange for sizes, ticks, lots, leverages, fees, funding intervals and expiries of its inverse
    contracts, as far as it prints them, and for maintenance tiers where it tells them so that it is sure what they
    count; Binance tells them to a key that can only read. With keys of the venue fees are those of their account; where
    the exchange does not tell what a key may do, --allow-trading-key says that yours only reads. It shows what differs
    from what rebal was shipped with, and keeps it in $XDG_DATA_HOME/rebal/venues (~/.local/share without it); remove
    the file to go back.
    """
    from rebal.catalogue import catalogue, venue_sheet

    shown.check(world)
    now = clock.time(world)
    if venue is None:
        if refresh:
            raise UsageProblem("--refresh asks one exchange; name it: rebal venues binance --refresh")
        return shown.answer(catalogue(now, shelf(world).venue), world)
    _refuse_unknown(venue)
    if refresh:
        return _refreshed(venue, world, now, shown=shown, timeout=seconds(timeout), access=access)
    return shown.answer(venue_sheet(venue, now, shelf(world).venue), world)


def _refreshed(name: str, world: World, now: datetime, *, shown: Shown, timeout: float, access: Access) -> Answer:
    """Ask, keep what was answered, and show what differs. Raises Unavailable, with nothing changed."""
    from rebal import catalogue
    from rebal.exchange import Deadline, listings, opened
    from rebal.exchange.accounts import Asking
    from rebal.exchange.keys import keys_if_any

    if name not in listings.readers():
        known = ", ".join(listings.readers())
        raise Unavailable(f"{name}: its contracts cannot be asked for, and stay as shipped; {known} can")
    if world.network is None:
        raise Unavailable("the network is not to be had here")
    path, earlier = shelf(world).path(name), _earlier(name, world)
    keys = None
    if world.environment is not None and listings.takes_keys(name) and may_ask(name, access):
        keys = keys_if_any(name, world.environment)
    line = opened(name, world.network, deadline=Deadline(world.network, timeout), keys=keys)
    if keys is not None:
        refuse_rights(Asking(line, lambda _: None), access)
    said = listings.read(line, now, signed=keys is not None)
    _keep(path, said)
    return shown.answer(catalogue.refresh(said, earlier, path), world, inputs=(path,))


def _earlier(name: str, world: World) -> "Listings | None":
    """What was kept before, None where that is damaged: it is about to be made anew."""
    try:
        return shelf(world).listings(name)
    except InvalidInput:
        return None


def _keep(path: str, said: "Listings") -> None:
    from rebal.load import listed

    target = os.path.realpath(path)
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        _out.replace_whole(target, listed.text(said))
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error


def _refuse_unknown(name: str) -> None:
    from rebal import venues

    if name in venues.LEFT_OUT:
        raise UsageProblem(f"{name} is not in the catalogue: {venues.LEFT_OUT[name]}")
    if name not in venues.names():
        raise UsageProblem(f"{name}: there is no such venue in the catalogue; {one_of(name, venues.names())}")
