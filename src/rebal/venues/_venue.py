"""A venue as the catalogue knows it: its contracts by name and by asset, and what was used to describe them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from rebal.market.contract import Contract, Kind
from rebal.venues._pooling import Pooling
from rebal.venues._table import NOT_LISTED, UNKNOWN, Known, Row, Table, resolve


class Entry(NamedTuple):
    """A contract as the catalogue shows it, with where its figures come from.

    ``contract``: None where the multiplier is not known; such a contract is never planned on, nor is one that is not
    ``listed``. ``listing``: what the newest source says about that. ``family``: the pattern of a dated contract's
    names, None for a perpetual. ``sources``: keys of the venue's ``sources``. ``date``: as exact as the source gives
    it, None where it gives none. ``status``: recorded (an answer of the venue), doc (its help or API pages), code (a
    client library's table) or inferred.
    """

    name: str
    asset: str
    kind: Kind
    family: str | None
    contract: Contract | None
    listed: bool
    listing: str
    sources: tuple[str, ...]
    date: str | None
    status: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Venue:
    """A venue of the catalogue.

    ``statements``: what holds for the venue as a whole, a plain sentence each. ``sources``: what was used and its
    dates, by the keys that entries name. ``notes``: by contract or family. ``maintenance``: the schedule of a contract
    or family, None where none is known. ``pooling``: how its pooled accounts are judged, None where no account of it
    pools what margins inverse contracts. ``asked``: when its exchange printed the figures, None for shipped ones.
    """

    name: str
    title: str
    statements: tuple[str, ...]
    sources: Mapping[str, str]
    tables: tuple[Table, ...]
    notes: Mapping[str, tuple[str, ...]]
    maintenance: Callable[[str], Known | None]
    pooling: Pooling | None = None
    asked: datetime | None = None
    _by_name: dict[str, Row] = field(init=False)
    _by_asset: dict[str, list[Row]] = field(init=False)
    _made_before: dict[tuple[str, datetime | None, bool], Contract | None] = field(init=False, default_factory=dict)
    _served_before: dict[str, tuple[datetime, tuple[Contract, ...]]] = field(init=False, default_factory=dict)
    _unsized_before: dict[str, tuple[str, ...]] = field(init=False, default_factory=dict)
    _listed_before: dict[str, bool] = field(init=False, default_factory=dict)
    _families: tuple[Row, ...] = field(init=False)
    _stems: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        by_name: dict[str, Row] = {}
        by_asset: dict[str, list[Row]] = {}
        for table in self.tables:
            for row in table.rows():
                by_name[row.name] = row
                by_asset.setdefault(row.asset, []).append(row)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_by_asset", by_asset)
        families = tuple(row for row in by_name.values() if row.table.rule is not None)
        object.__setattr__(self, "_families", families)
        object.__setattr__(self, "_stems", tuple(family.stem for family in families))

    def contract(self, name: str, now: datetime) -> Contract | None:
        """The contract of a name: perpetual or dated, listed or not, expired or not.

        None where the venue has none of that name, a dated name breaks its family's rule, or the multiplier is not
        known.
        """
        row = self._by_name.get(name)
        if row is not None and row.table.rule is None:
            if name not in self._listed_before:
                self._listed_before[name] = _is_listed(row)
            return self._made(row, name, None, listed=self._listed_before[name])
        for family, stem in zip(self._families, self._stems, strict=True):
            rule = family.table.rule
            expiry = rule.expiry(name.removeprefix(stem)) if rule and name.startswith(stem) else None
            if expiry is not None:
                return self._made(family, name, expiry, listed=(name, expiry) in _trading(family, now))
        return None

    def has(self, name: str, now: datetime) -> bool:
        """Whether the venue has a contract of a name, whether or not it can be computed."""
        return name in self._by_name or self.contract(name, now) is not None

    def serving(self, asset: str, now: datetime) -> tuple[Contract, ...]:
        """The contracts of an asset that trade now and can be planned on: perpetuals first, dated by expiry, linear."""
        if asset not in self._by_asset:
            return ()
        known = self._served_before.get(asset)
        if known is None or known[0] != now:
            made = (
                self._made(row, name, expiry, listed=True)
                for row in self._by_asset[asset]
                for name, expiry in _trading(row, now)
            )
            known = self._served_before[asset] = now, tuple(contract for contract in made if contract is not None)
        return known[1]

    def without_multiplier(self, asset: str) -> tuple[str, ...]:
        """The listed contracts of an asset that nothing can be planned on, since their multiplier is not known."""
        if asset not in self._by_asset:
            return ()
        if asset not in self._unsized_before:
            rows = (row for row in self._by_asset[asset] if _is_listed(row))
            self._unsized_before[asset] = tuple(row.name for row in rows if row.cells()["multiplier"] == UNKNOWN)
        return self._unsized_before[asset]

    def entries(self, now: datetime) -> tuple[Entry, ...]:
        """Everything the catalogue holds of the venue, dated families as the contracts that their rule lists now."""
        return tuple(
            self._entry(row, name, expiry) for row in self._by_name.values() for name, expiry in _by_rule(row, now)
        )

    def _made(self, row: Row, name: str, expiry: datetime | None, *, listed: bool) -> Contract | None:
        # The same text gives the same contract, and many files are read in one process.
        key = (name, expiry, listed)
        if key not in self._made_before:
            known = self.maintenance(row.name)
            self._made_before[key] = resolve(row, known, name=name, expiry=expiry, listed=listed)
        return self._made_before[key]

    def _entry(self, row: Row, name: str, expiry: datetime | None) -> Entry:
        cells, listed = row.cells(), _is_listed(row)
        return Entry(
            name=name,
            asset=row.asset,
            kind=row.table.kind,
            family=row.name if row.table.rule else None,
            contract=self._made(row, name, expiry, listed=listed),
            listed=listed,
            listing=row.table.listed[cells["listed"]],
            sources=tuple(cells["source"].split("+")),
            date=None if cells["date"] == "-" else cells["date"],
            status=cells["status"],
            notes=self.notes.get(row.name, ()),
        )


def _is_listed(row: Row) -> bool:
    return row.cells()["listed"] != NOT_LISTED


def _trading(row: Row, now: datetime) -> tuple[tuple[str, datetime | None], ...]:
    """Names and expiries under which a row trades now."""
    return _by_rule(row, now) if _is_listed(row) else ()


def _by_rule(row: Row, now: datetime) -> tuple[tuple[str, datetime | None], ...]:
    rule = row.table.rule
    return tuple((row.stem + code, expiry) for code, expiry in rule.listed(now)) if rule else ((row.name, None),)
