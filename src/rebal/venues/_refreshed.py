"""A venue with what its exchange prints now laid over what the catalogue was shipped with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from rebal.amounts import ZERO, Fraction
from rebal.frozen import frozen
from rebal.market.contract import Assumption, Contract, Kind
from rebal.market.maintenance import Tier, Tiers, assumed
from rebal.venues._venue import Entry, Venue

_SOURCE = "exchange"
_MOST_FEE = Fraction(1, 10)


@frozen
class Listing:
    """What an exchange prints of one inverse contract; None is what it does not print.

    Units as in ``Contract``: ``multiplier`` dollars a contract, sizes in contracts, fees fractions.
    """

    name: str
    asset: str
    multiplier: Fraction
    lot_size: Fraction
    min_contracts: Fraction
    tick_size: Fraction | None = None
    max_leverage: Fraction | None = None
    maker_fee: Fraction | None = None
    taker_fee: Fraction | None = None
    funding_interval_hours: Fraction | None = None
    expiry: datetime | None = None
    maintenance: Tiers | None = None
    isolated_maintenance: Tiers | None = None

    @property
    def is_sound(self) -> bool:
        """Whether the figures can be those of a contract."""
        sizes = (self.multiplier, self.lot_size, self.min_contracts)
        may_be = (self.tick_size, self.max_leverage, self.funding_interval_hours)
        fees = (self.maker_fee, self.taker_fee)
        return (
            bool(self.name and self.asset)
            and all(size > 0 for size in sizes)
            and all(figure is None or figure > 0 for figure in may_be)
            and all(fee is None or abs(fee) < _MOST_FEE for fee in fees)
            and all(each is None or _is_schedule(each.tiers) for each in (self.maintenance, self.isolated_maintenance))
        )


def _is_schedule(tiers: tuple[Tier, ...]) -> bool:
    """Whether bounds and rates rise from tier to tier, rates between 0 and 1."""
    bounds = [tier.up_to for tier in tiers]
    rates = [tier.rate for tier in tiers]
    known = [bound for bound in bounds if bound is not None]
    return (
        bool(tiers)
        and None not in bounds[:-1]
        and all(low < high for low, high in pairwise([ZERO, *known]))
        and all(low <= high for low, high in pairwise(rates))
        and all(0 < rate < 1 for rate in rates)
        and all(tier.deduction >= 0 for tier in tiers)
    )


@frozen
class Listings:
    """All inverse contracts that an exchange lists, by name, and when it was asked.

    ``own_fees``: whether fees are those of the account that asked.
    """

    venue: str
    asked: datetime
    contracts: Mapping[str, Listing]
    own_fees: bool = False


def refreshed(venue: Venue, said: Listings) -> Venue:
    """The venue with its inverse contracts as its exchange prints them.

    What the exchange does not print, maintenance where it tells none, stays as it is; an inverse contract that
    it does not list counts as one that trades no more. A contract that the catalogue does not have takes fees and
    funding from the venue's first of its sort, told as assumed.
    """
    day = f"{said.asked:%Y-%m-%d}"
    told = (
        f"Inverse contracts are live, as the exchange printed them on {day}; what it did not print, maintenance "
        "tiers where it told none, is as shipped, and so is everything of linear contracts."
    )
    told += " Their fees are those of the account whose key asked." if said.own_fees else ""
    taken = {each.name: getattr(venue, each.name) for each in fields(Venue) if each.init}
    taken["asked"] = said.asked
    taken["statements"] = (told, *venue.statements)
    taken["sources"] = {_SOURCE: f"{venue.title}, asked on {said.asked:%Y-%m-%dT%H:%M:%SZ}", **venue.sources}
    return _Refreshed(**taken, said=said)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class _Refreshed(Venue):
    said: Listings

    def contract(self, name: str, now: datetime) -> Contract | None:
        shipped = Venue.contract(self, name, now)
        listing = self.said.contracts.get(name)
        if listing is not None:
            return self._now(listing, shipped, now)
        return replace(shipped, listed=False) if shipped is not None and shipped.kind is Kind.INVERSE else shipped

    def serving(self, asset: str, now: datetime) -> tuple[Contract, ...]:
        names = [name for name, each in self.said.contracts.items() if each.asset == asset]
        live = [each for each in self._live(names, now) if each.listed]
        linear = (each for each in Venue.serving(self, asset, now) if each.kind is Kind.LINEAR)
        return (*sorted(live, key=_by_expiry), *linear)

    def without_multiplier(self, asset: str) -> tuple[str, ...]:
        unsized = Venue.without_multiplier(self, asset)
        return tuple(name for name in unsized if self._by_name[name].table.kind is Kind.LINEAR)

    def entries(self, now: datetime) -> tuple[Entry, ...]:
        shipped = [self._entry_now(each, now) for each in Venue.entries(self, now)]
        names = {each.name for each in shipped}
        new = [self._new_entry(each) for each in self._live(self.said.contracts, now) if each.name not in names]
        return (*shipped, *sorted(new, key=lambda each: each.name))

    def _live(self, names: Iterable[str], now: datetime) -> Iterator[Contract]:
        for name in names:
            contract = self.contract(name, now)
            if contract is not None:
                yield contract

    def _now(self, listing: Listing, shipped: Contract | None, now: datetime) -> Contract | None:
        base = shipped or self._first_like(listing, now)
        if base is None:
            return None
        given: dict[str, Any] = {
            each.name: getattr(listing, each.name)
            for each in fields(Listing)
            if getattr(listing, each.name) is not None
        }
        key, listed = f"contracts.{listing.name}.", listing.expiry is None or listing.expiry > now
        if shipped is None:
            base = _of_its_sort(base, listing)
        if listing.maintenance is not None:
            given["isolated_maintenance"] = listing.isolated_maintenance
        keys = {f"{key}{_KEYS.get(name, name)}" for name in given}
        still = tuple(each for each in base.assumed if each.key not in keys)
        return replace(base, **given, listed=listed, assumed=still)

    def _first_like(self, listing: Listing, now: datetime) -> Contract | None:
        """The venue's first inverse contract of the same sort, perpetual or dated."""
        dated = listing.expiry is not None
        found = (each.contract for each in Venue.entries(self, now) if each.kind is Kind.INVERSE)
        return next((each for each in found if each is not None and (each.expiry is not None) is dated), None)

    def _entry_now(self, entry: Entry, now: datetime) -> Entry:
        if entry.kind is Kind.LINEAR:
            return entry
        listed = entry.name in self.said.contracts
        contract = self.contract(entry.name, now)
        if not listed:
            gone = f"not in the exchange's list of {self.said.asked:%Y-%m-%d}"
            return entry._replace(contract=contract, listed=False, listing=gone)
        return self._recorded(entry._replace(contract=contract))

    def _new_entry(self, contract: Contract) -> Entry:
        return self._recorded(
            Entry(contract.name, contract.asset, contract.kind, None, contract, True, "", (), None, "", ())
        )

    def _recorded(self, entry: Entry) -> Entry:
        day = f"{self.said.asked:%Y-%m-%d}"
        listing = f"in the exchange's list of {day}"
        listed = entry.contract is not None and entry.contract.listed
        sources = (_SOURCE, *entry.sources)
        return entry._replace(listed=listed, listing=listing, sources=sources, date=day, status="recorded")


_KEYS = {"funding_interval_hours": "funding_interval"}
"""What a figure is called under ``contracts``, where it is called otherwise."""


def _of_its_sort(base: Contract, listing: Listing) -> Contract:
    """A contract that nothing else is known of: fees and funding of another of its sort, told as assumed."""
    key = f"contracts.{listing.name}."
    told = [("maker fee", "maker_fee"), ("taker fee", "taker_fee")]
    if listing.expiry is None:
        told.append(("funding interval", "funding_interval"))
    likened = tuple(Assumption(figure, f"as of {base.name}", key + name) for figure, name in told)
    rate = Assumption("maintenance rate", "by the largest leverage, with the closing fee", f"{key}maintenance")
    return replace(
        base,
        settle=listing.asset,
        expiry=None,
        tick_size=None,
        max_leverage=None,
        leverage=None,
        maintenance=assumed(listing.max_leverage),
        isolated_maintenance=None,
        assumed=(*likened, rate),
    )


def _by_expiry(contract: Contract) -> tuple[bool, str, str]:
    expiry = contract.expiry
    return (expiry is not None, "" if expiry is None else expiry.isoformat(), contract.name)
