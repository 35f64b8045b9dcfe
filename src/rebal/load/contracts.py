"""Contracts that the file gives: whole ones, and what differs from the catalogue in one that it has."""

from dataclasses import replace
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any

from rebal.amounts import ONE, Fraction, plain
from rebal.load import models
from rebal.load.defaults import CASH
from rebal.load.flaws import MOST_LISTED, Flaw, Path
from rebal.load.maintenance import maintenance_flaws, maintenance_of
from rebal.load.reading import Reading
from rebal.market.contract import INVERSE, LINEAR, Assumption, Contract
from rebal.market.maintenance import Maintenance, Tiers, assumed
from rebal.names import within

REQUIRED = ("asset", "kind", "multiplier", "taker_fee")
_TAKEN_OVER = (
    "asset", "kind", "multiplier", "expiry", "tick_size", "lot_size", "min_contracts", "maker_fee", "taker_fee",
    "delivery_fee", "max_leverage", "leverage",
)  # fmt: skip
_taken_over = attrgetter(*_TAKEN_OVER)
_DOLLARS_OF_LINEAR = "USDT"


class _Over:
    """What a file says of a contract over what the catalogue does: what the one leaves out is as the other has it."""

    __slots__ = ("_base", "_entry")

    def __init__(self, entry: models.Contract, base: Contract) -> None:
        self._entry = entry
        self._base = base

    def __getattr__(self, figure: str) -> Any:
        given = getattr(self._entry, figure)
        return getattr(self._base, figure) if given is None else given


class _Told:
    """A contract of the file: as it is written, as the catalogue has it if at all, and the one over the other.

    ``is_complete``: nothing is lacking that no other figure could stand in for.
    """

    __slots__ = ("base", "entry", "is_complete", "name", "path", "whole")

    def __init__(self, name: str, entry: models.Contract, base: Contract | None) -> None:
        self.name = name
        self.path: Path = ("contracts", name)
        self.entry = entry
        self.base = base
        self.whole: Any = entry if base is None else _Over(entry, base)
        self.is_complete = base is not None or entry.model_fields_set.issuperset(REQUIRED)


def own_contracts(reading: Reading) -> tuple[dict[str, Contract], list[Flaw]]:
    """The contracts of the file by name, those without flaws, and the flaws of the others."""
    made: dict[str, Contract] = {}
    flaws: list[Flaw] = []
    for name, entry in reading.says.contracts.items():
        told = _Told(name, entry, reading.listed(name))
        wrong = _flaws(told, reading)
        flaws += wrong
        if not wrong and reading.file.sound("contracts", name) and told.is_complete:
            made[name] = _made(told, reading)
        if len(flaws) >= MOST_LISTED:
            break
    return made, flaws


def _flaws(told: _Told, reading: Reading) -> list[Flaw]:
    path, entry, base = told.path, told.entry, told.base
    flaws: list[Flaw] = []
    if told.name in reading.assets:
        flaws.append(Flaw(path, "is also the name of a coin", "call the contract something else", at_key=True))
    if base is None:
        flaws += _nowhere(told, reading) or _missing(told, reading)
    flaws += _asset_flaws(told, reading)
    flaws += _settlement_flaws(told, reading)
    if entry.expiry is not None and entry.expiry <= reading.now:
        flaws.append(Flaw((*path, "expiry"), "has passed", "drop the contract, or write the next expiry"))
    if entry.leverage is not None and (most := told.whole.max_leverage) is not None and entry.leverage > most:
        flaws.append(Flaw((*path, "leverage"), f"is above the contract's max_leverage of {plain(most)}", "lower it"))
    # what is missing beside a schedule's keys may be in the catalogue of a venue that is not known
    may_stand = base is None and entry.maintenance is not None and entry.maintenance.tiers is None
    unsure = may_stand and reading.may_be_listed(told.name)
    if entry.maintenance is not None and reading.file.sound(*path, "maintenance") and not unsure:
        known, at = base.maintenance if base else None, (*path, "maintenance")
        found = maintenance_flaws(entry.maintenance, known, at, kind=told.whole.kind)
        flaws += islice(found, MOST_LISTED - len(flaws))
    return flaws


def _missing(told: _Told, reading: Reading) -> list[Flaw]:
    """What a contract needs where no catalogue has it; none of it is guessed."""
    if told.is_complete or reading.may_be_listed(told.name):
        return []
    name, path = told.name, told.path
    lacking = [key for key in REQUIRED if not reading.file.has(*path, key)]
    if len(lacking) == len(REQUIRED):
        unnamed = "" if reading.file.has("venue") or reading.file.has("accounts") else ", as no venue is named"
        where = f"is no contract of {reading.venue.name}" if reading.venue else f"is in no catalogue{unnamed}"
        return [Flaw(path, where, f"add {', '.join(REQUIRED)}", at_key=True, near=(name, reading.contract_names()))]
    return [Flaw((*path, key), "is missing", f"add {key}", at_key=True) for key in lacking]


def _nowhere(told: _Told, reading: Reading) -> list[Flaw]:
    """Where a contract trades is to be told where there are several accounts."""
    known = reading.account_names
    account, _, bare = told.name.rpartition(":")
    if not known or account in known:
        return []
    could_be = reading.accounts_of(bare) or known
    instead = f"write {within(could_be[0], bare)}, or another of the accounts before the colon"
    return [Flaw(told.path, "does not say at which account it is", instead, at_key=True)]


def _asset_flaws(told: _Told, reading: Reading) -> list[Flaw]:
    asset = told.whole.asset
    if asset is None:
        return []
    given = told.entry.asset is not None
    place: Path = (*told.path, "asset") if given else told.path
    if asset in reading.cash:
        return [Flaw(place, "counts as dollars, which need no contract", "drop the contract", at_key=not given)]
    if asset in reading.assets or not reading.assets_known:
        return []
    return [
        Flaw(
            place,
            f"is on {asset}, which is neither held, targeted, aside nor a proxy",
            "add the coin, or drop the contract",
            at_key=not given,
            near=(asset, reading.assets),
        )
    ]


def _settlement_flaws(told: _Told, reading: Reading) -> list[Flaw]:
    kind, asset = told.whole.kind, told.whole.asset
    if kind is None or asset is None:
        return []
    settle = _settle(told)
    place: Path = (*told.path, "settle" if told.entry.settle is not None else "kind")
    if kind is INVERSE and settle != asset:
        problem = f"settles in {settle}, but an inverse contract settles in its coin"
        return [Flaw(place, problem, f"write settle: {asset}")]
    if kind is LINEAR and settle not in reading.cash and settle not in CASH:
        return [no_dollars(place, settle, reading)]
    return []


def no_dollars(place: Path, settle: str, reading: Reading, *, otherwise: str | None = None) -> Flaw:
    """What is wrong with a linear contract whose PnL is no dollars; ``otherwise``: a key that would value it."""
    instead = f"settle in one of cash: {', '.join(sorted(reading.cash))}"
    add = f", or add {otherwise}" if otherwise else ""
    return Flaw(place, f"settles in {settle}, which does not count as dollars", instead + add)


def _made(told: _Told, reading: Reading) -> Contract:
    name, entry, base = told.name, told.entry, told.base
    taken: dict[str, Any] = dict(zip(_TAKEN_OVER, _taken_over(told.whole), strict=True))
    taken["settle"] = _settle(told)
    lot_size = taken["lot_size"] = taken["lot_size"] or ONE
    taken["min_contracts"] = taken["min_contracts"] or lot_size
    if taken["maker_fee"] is None:
        taken["maker_fee"] = taken["taker_fee"]
    hours = entry.funding_interval or (base and base.funding_interval_hours)
    taken["funding_interval_hours"] = None if taken["expiry"] is not None else hours
    taken["maintenance"], taken["assumed"] = _margin(told)
    if base is None and entry.lot_size is None:
        taken["assumed"] += (Assumption("lot size", "1 contract", f"contracts.{name}.lot_size"),)
    if base is not None:
        isolated = base.isolated_maintenance if entry.maintenance is None else None
        return replace(base, **taken, own=True, isolated_maintenance=isolated)
    account = name.rpartition(":")[0] if len(reading.accounts) > 1 else ""
    return Contract(name=name, own=True, account=account, **taken)


def _margin(told: _Told) -> tuple[Maintenance, tuple[Assumption, ...]]:
    """The schedule, and what is assumed of the contract with it."""
    entry, base = told.entry, told.base
    key = f"contracts.{told.name}.maintenance"
    still = _still_assumed(told, base) if base is not None else ()
    if entry.maintenance is not None:
        return maintenance_of(entry.maintenance, base.maintenance if base else None), still
    if base is not None and not (base.maintenance == assumed(base.max_leverage) and key in {a.key for a in still}):
        return base.maintenance, still
    stands_in, words = _standing_in(told.whole.max_leverage)
    others = tuple(assumption for assumption in still if assumption.key != key)
    return stands_in, (*others, Assumption("maintenance rate", words, key))


def _still_assumed(told: _Told, base: Contract) -> tuple[Assumption, ...]:
    """What is assumed of a contract of the catalogue and not replaced by what the file says."""
    section = f"contracts.{told.name}."
    return tuple(each for each in base.assumed if not _replaces(told.entry, each.key.removeprefix(section)))


@lru_cache(maxsize=64)
def _standing_in(max_leverage: Fraction | None) -> tuple[Tiers, str]:
    """The schedule that stands in where none is known, and what is told of it."""
    stands_in = assumed(max_leverage)
    return stands_in, f"{plain(stands_in.tiers[0].rate * 100)} % with the closing fee"


def _replaces(entry: models.Contract, key: str) -> bool:
    if key == "maintenance" and entry.maintenance is not None:
        return entry.maintenance.tiers is not None or entry.maintenance.base is not None
    return getattr(entry, key, None) is not None


def _settle(told: _Told) -> str:
    entry, base = told.entry, told.base
    if entry.settle is not None:
        return entry.settle
    if base is not None and entry.kind is None and entry.asset is None:
        return base.settle
    asset: str = told.whole.asset
    return asset if told.whole.kind is INVERSE else _DOLLARS_OF_LINEAR
