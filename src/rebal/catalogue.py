"""What the catalogue of venues says, as data.

The field names and their order are the machine output of ``rebal venues``. A thing that is not known is None.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from rebal import venues
from rebal.amounts import Fraction, plain
from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind, OrderUnit
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tiers, TierUnit, Valuation
from rebal.pooling import CollateralLine, PoolingLine, collateral_lines, pooling_line
from rebal.venues import Entry, Listing, Listings, Venue


class Standing(StrEnum):
    """Whether a contract of the catalogue can be planned on, and if not, why."""

    PLANNED_ON = "planned-on"
    NOT_LISTED = "not-listed"
    INCOMPLETE = "incomplete"


@frozen
class VenueLine:
    """A venue in the list: how many contracts it has, of each kind, and how many of all can be planned on."""

    venue: str
    title: str
    contracts: int
    inverse: int
    linear: int
    planned_on: int


@frozen
class LeftOut:
    """A venue that was looked at and is not in the catalogue, and why."""

    venue: str
    reason: str


@frozen
class Catalogue:
    """The list of venues. ``now``: dated contracts are those that their rule lists at that time."""

    schema: str
    now: datetime
    venues: tuple[VenueLine, ...]
    left_out: tuple[LeftOut, ...]


@frozen
class ContractLine:
    """A contract's specification and where it comes from.

    ``listing``: what the newest source says of it. ``sources``: keys of the venue's sources; ``date``: as exact as they
    give it. ``status``: recorded (an answer of the venue), doc (its help or API pages), code (a client library's table)
    or inferred. ``family``: the pattern of a dated contract's names. Fees and rates are fractions. Where the
    maintenance rate grows with the size in coins it is ``maintenance_base + maintenance_slope·q``, and there are no
    tiers.
    """

    contract: str
    asset: str
    kind: Kind
    standing: Standing
    listing: str
    sources: tuple[str, ...]
    date: str | None
    status: str
    family: str | None
    notes: tuple[str, ...]
    expiry: datetime | None = None
    multiplier: Fraction | None = None
    settle: str | None = None
    tick_size: Fraction | None = None
    lot_size: Fraction | None = None
    min_contracts: Fraction | None = None
    order_unit: OrderUnit | None = None
    maker_fee: Fraction | None = None
    taker_fee: Fraction | None = None
    delivery_fee: Fraction | None = None
    funding_interval_hours: Fraction | None = None
    max_leverage: Fraction | None = None
    maintenance_price: Valuation | None = None
    maintenance_close_fee: bool | None = None
    maintenance_method: Method | None = None
    maintenance_tier_unit: TierUnit | None = None
    maintenance_base: Fraction | None = None
    maintenance_slope: Fraction | None = None


@frozen
class TierLine:
    """One maintenance tier of a contract, in its tier unit; ``up_to`` None: without end."""

    contract: str
    up_to: Fraction | None
    rate: Fraction
    deduction: Fraction
    max_leverage: Fraction | None


@frozen
class AssumedLine:
    """A figure that nobody was seen to publish, what stands in for it, and the file's key that overrides it."""

    contract: str
    figure: str
    stands_in: str
    key: str


@frozen
class SourceLine:
    """What was used to describe a venue, under the key that its contracts name."""

    source: str
    title: str


@frozen
class VenueSheet:
    """One venue: what holds of it as a whole, its contracts, and what was used to describe them.

    ``pooling``: None where no account of it pools what margins inverse contracts; ``collateral`` is empty then.
    """

    schema: str
    venue: str
    title: str
    now: datetime
    statements: tuple[str, ...]
    contracts: tuple[ContractLine, ...]
    tiers: tuple[TierLine, ...]
    assumed: tuple[AssumedLine, ...]
    sources: tuple[SourceLine, ...]
    pooling: PoolingLine | None = None
    collateral: tuple[CollateralLine, ...] = ()


@frozen
class Change:
    """A figure of a contract that differs from the shipped one; None: not known there."""

    contract: str
    figure: str
    shipped: Fraction | datetime | str | None
    live: Fraction | datetime | str


@frozen
class Vanished:
    """A contract that the exchange lists no longer, and what was said of it before."""

    contract: str
    before: str


@frozen
class Refresh:
    """What a refreshed venue has otherwise than the shipped catalogue. ``file``: where it is kept from now on."""

    schema: str
    venue: str
    title: str
    asked: datetime
    file: str
    contracts: int
    same: int
    changes: tuple[Change, ...]
    appeared: tuple[str, ...]
    vanished: tuple[Vanished, ...]
    kept: tuple[str, ...]


def refresh(said: Listings, earlier: Listings | None, file: str) -> Refresh:
    """Compare what an exchange lists with the shipped catalogue; ``earlier``: what it listed when last asked."""
    venue = venues.venue(said.venue)
    entries = [each for each in venue.entries(said.asked) if each.kind is Kind.INVERSE]
    listed = {each.name: each.listing for each in entries if each.listed}
    changes = [change for each in said.contracts.values() for change in _changes(each, venue, said.asked)]
    appeared = tuple(name for name in said.contracts if name not in listed)
    differing = {each.contract for each in changes} | set(appeared)
    return Refresh(
        schema="rebal/refresh/1",
        venue=venue.name,
        title=venue.title,
        asked=said.asked,
        file=file,
        contracts=len(said.contracts),
        same=len(said.contracts.keys() - differing),
        changes=tuple(changes),
        appeared=appeared,
        vanished=tuple(_vanished(said, earlier, listed)),
        kept=tuple(_unprinted(said)),
    )


_COMPARED = (
    "multiplier", "tick_size", "lot_size", "min_contracts", "max_leverage", "maker_fee", "taker_fee",
    "funding_interval_hours", "expiry",
)  # fmt: skip
_SCHEDULES = ("maintenance", "isolated_maintenance")
_PLURALS = {
    "maintenance": "maintenance tiers",
    "max_leverage": "leverages",
    "taker_fee": "fees",
    "funding_interval_hours": "funding intervals",
}


def _changes(listing: Listing, venue: Venue, now: datetime) -> Iterator[Change]:
    shipped = venue.contract(listing.name, now)
    for figure in _COMPARED if shipped is not None else ():
        live, before = getattr(listing, figure), getattr(shipped, figure)
        if live is not None and live != before:
            yield Change(listing.name, figure.replace("_", " "), before, live)
    for figure in _SCHEDULES if shipped is not None else ():
        live, before = getattr(listing, figure), getattr(shipped, figure)
        if live is not None and live != before:
            yield Change(listing.name, figure.replace("_", " "), _schedule(before), _schedule(live))


def _schedule(schedule: Maintenance | None) -> str:
    """A schedule in a few words: how many tiers, and the rate of the first."""
    if schedule is None:
        return "as of cross margin"
    if not isinstance(schedule, Tiers):
        return "a rate that grows with the size"
    many = len(schedule.tiers)
    return f"{many} tier{'s' if many > 1 else ''} from {plain(schedule.tiers[0].rate * 100)} %"


def _vanished(said: Listings, earlier: Listings | None, listed: Mapping[str, str]) -> Iterator[Vanished]:
    for name, listing in listed.items():
        if name not in said.contracts:
            yield Vanished(name, listing)
    if earlier is not None:
        when = f"in the exchange's list of {earlier.asked:%Y-%m-%d}"
        for name, each in earlier.contracts.items():
            expired = each.expiry is not None and each.expiry <= said.asked
            if name not in said.contracts and name not in listed and not expired:
                yield Vanished(name, when)


_DOUBT = {"maintenance": ", or not so that it is sure what they count"}


def _unprinted(said: Listings) -> Iterator[str]:
    for figure, words in _PLURALS.items():
        if all(getattr(each, figure) is None for each in said.contracts.values()):
            yield f"{words} are as shipped: the exchange does not print them there{_DOUBT.get(figure, '')}"


def catalogue(now: datetime, of: Callable[[str], Venue] = venues.venue) -> Catalogue:
    """List the venues, with how many contracts each has; ``of``: where a venue comes from."""
    lines = tuple(_venue_line(of(name), now) for name in venues.names())
    return Catalogue("rebal/venues/1", now, lines, tuple(LeftOut(*each) for each in venues.LEFT_OUT.items()))


def venue_sheet(name: str, now: datetime, of: Callable[[str], Venue] = venues.venue) -> VenueSheet:
    """Describe one venue in full. Raises LookupError when the catalogue has none of that name."""
    venue = of(name)
    entries = venue.entries(now)
    known = [entry.contract for entry in entries if entry.contract is not None]
    return VenueSheet(
        schema="rebal/venue/1",
        venue=venue.name,
        title=venue.title,
        now=now,
        statements=venue.statements,
        contracts=tuple(_contract_line(entry) for entry in entries),
        tiers=tuple(line for contract in known for line in _tier_lines(contract)),
        assumed=tuple(
            AssumedLine(contract.name, each.figure, each.stands_in, each.key)
            for contract in known
            for each in contract.assumed
        ),
        sources=tuple(SourceLine(*each) for each in venue.sources.items()),
        pooling=None if venue.pooling is None else pooling_line(venue.pooling),
        collateral=() if venue.pooling is None else tuple(collateral_lines(venue.pooling)),
    )


def _venue_line(venue: Venue, now: datetime) -> VenueLine:
    entries = venue.entries(now)
    kinds = [entry.kind for entry in entries]
    return VenueLine(
        venue=venue.name,
        title=venue.title,
        contracts=len(entries),
        inverse=kinds.count(Kind.INVERSE),
        linear=kinds.count(Kind.LINEAR),
        planned_on=[_standing(entry) for entry in entries].count(Standing.PLANNED_ON),
    )


def _standing(entry: Entry) -> Standing:
    if entry.contract is None:
        return Standing.INCOMPLETE
    return Standing.PLANNED_ON if entry.listed else Standing.NOT_LISTED


def _contract_line(entry: Entry) -> ContractLine:
    line = ContractLine(
        contract=entry.name,
        asset=entry.asset,
        kind=entry.kind,
        standing=_standing(entry),
        listing=entry.listing,
        sources=entry.sources,
        date=entry.date,
        status=entry.status,
        family=entry.family,
        notes=entry.notes,
    )
    return line if entry.contract is None else _specified(line, entry.contract)


def _specified(line: ContractLine, contract: Contract) -> ContractLine:
    specified = replace(
        line,
        expiry=contract.expiry,
        multiplier=contract.multiplier,
        settle=contract.settle,
        tick_size=contract.tick_size,
        lot_size=contract.lot_size,
        min_contracts=contract.min_contracts,
        order_unit=contract.order_unit,
        maker_fee=contract.maker_fee,
        taker_fee=contract.taker_fee,
        delivery_fee=contract.delivery_fee,
        funding_interval_hours=contract.funding_interval_hours,
        max_leverage=contract.max_leverage,
    )
    return _margined(specified, contract.maintenance)


def _margined(line: ContractLine, schedule: Maintenance) -> ContractLine:
    match schedule:
        case Tiers():
            return replace(
                line,
                maintenance_price=schedule.valuation,
                maintenance_close_fee=schedule.close_fee,
                maintenance_method=schedule.method,
                maintenance_tier_unit=schedule.unit,
            )
        case SizeRate():
            return replace(
                line,
                maintenance_price=Valuation.MARK,
                maintenance_close_fee=False,
                maintenance_base=schedule.base,
                maintenance_slope=schedule.slope,
            )
        case _:
            assert_never(schedule)


def _tier_lines(contract: Contract) -> Iterator[TierLine]:
    if isinstance(contract.maintenance, Tiers):
        for tier in contract.maintenance.tiers:
            yield TierLine(contract.name, tier.up_to, tier.rate, tier.deduction, tier.max_leverage)
