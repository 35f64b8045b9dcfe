"""Contracts that the file gives: whole ones, and what differs from the catalogue in one that it has."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from rebal.amounts import ONE, Fraction, plain
from rebal.load import models
from rebal.load.defaults import CASH
from rebal.load.flaws import MOST_LISTED, Flaw, Path
from rebal.load.maintenance import maintenance_flaws, maintenance_of
from rebal.load.reading import Reading
from rebal.market.contract import Assumption, Contract, Kind
from rebal.market.maintenance import Maintenance, assumed
from rebal.names import within

REQUIRED = ("asset", "kind", "multiplier", "taker_fee")
_TAKEN_OVER = (
    "asset", "kind", "multiplier", "expiry", "tick_size", "lot_size", "min_contracts", "maker_fee", "taker_fee",
    "delivery_fee", "max_leverage", "leverage",
)  # fmt: skip
_DOLLARS_OF_LINEAR = "USDT"


def own_contracts(reading: Reading) -> tuple[dict[str, Contract], list[Flaw]]:
    """The contracts of the file by name, those without flaws, and the flaws of the others."""
    made: dict[str, Contract] = {}
    flaws: list[Flaw] = []
    for name, entry in reading.says.contracts.items():
        base = reading.listed(name)
        wrong = list(islice(_flaws(name, entry, base, reading), MOST_LISTED))
        flaws += wrong
        sound = not wrong and reading.file.sound("contracts", name)
        if sound and (base is not None or _complete(entry)):
            made[name] = _made(name, entry, base, reading)
        if len(flaws) >= MOST_LISTED:
            break
    return made, flaws


def _flaws(name: str, entry: models.Contract, base: Contract | None, reading: Reading) -> Iterator[Flaw]:
    path: Path = ("contracts", name)
    if name in reading.assets:
        yield Flaw(path, "is also the name of a coin", "call the contract something else", at_key=True)
    if base is None:
        yield from list(_nowhere(name, reading)) or _missing(name, entry, reading)
    yield from _asset_flaws(path, entry, base, reading)
    yield from _settlement_flaws(path, entry, base, reading)
    yield from _time_flaws(path, entry, base, reading.now)
    most = _either(entry, base, "max_leverage")
    if entry.leverage is not None and most is not None and entry.leverage > most:
        yield Flaw((*path, "leverage"), f"is above the contract's max_leverage of {plain(most)}", "lower it")
    # what is missing beside a schedule's keys may be in the catalogue of a venue that is not known
    may_stand = base is None and entry.maintenance is not None and entry.maintenance.tiers is None
    unsure = may_stand and reading.may_be_listed(name)
    if entry.maintenance is not None and reading.file.sound(*path, "maintenance") and not unsure:
        kind = _either(entry, base, "kind")
        yield from maintenance_flaws(
            entry.maintenance, base.maintenance if base else None, (*path, "maintenance"), kind=kind
        )


def _missing(name: str, entry: models.Contract, reading: Reading) -> Iterator[Flaw]:
    """What a contract needs where no catalogue has it; none of it is guessed."""
    if _complete(entry):
        return
    path: Path = ("contracts", name)
    lacking = [key for key in REQUIRED if not reading.file.has(*path, key)]
    if reading.may_be_listed(name):
        return
    if len(lacking) == len(REQUIRED):
        unnamed = "" if reading.file.has("venue") or reading.file.has("accounts") else ", as no venue is named"
        where = f"is no contract of {reading.venue.name}" if reading.venue else f"is in no catalogue{unnamed}"
        yield Flaw(path, where, f"add {', '.join(REQUIRED)}", at_key=True, near=(name, reading.contract_names()))
        return
    for key in lacking:
        yield Flaw((*path, key), "is missing", f"add {key}", at_key=True)


def _nowhere(name: str, reading: Reading) -> Iterator[Flaw]:
    """Where a contract trades is to be told where there are several accounts."""
    known = [account.name for account in reading.accounts if account.name]
    account, _, bare = name.rpartition(":")
    if known and account not in known:
        could_be = reading.accounts_of(bare) or known
        instead = f"write {within(could_be[0], bare)}, or another of the accounts before the colon"
        yield Flaw(("contracts", name), "does not say at which account it is", instead, at_key=True)


def _asset_flaws(path: Path, entry: models.Contract, base: Contract | None, reading: Reading) -> Iterator[Flaw]:
    asset = _either(entry, base, "asset")
    if asset is None:
        return
    given = entry.asset is not None
    place: Path = (*path, "asset") if given else path
    if asset in reading.cash:
        yield Flaw(place, "counts as dollars, which need no contract", "drop the contract", at_key=not given)
    elif asset not in reading.assets and reading.assets_known:
        yield Flaw(
            place,
            f"is on {asset}, which is neither held, targeted, aside nor a proxy",
            "add the coin, or drop the contract",
            at_key=not given,
            near=(asset, reading.assets),
        )


def _settlement_flaws(path: Path, entry: models.Contract, base: Contract | None, reading: Reading) -> Iterator[Flaw]:
    kind, asset = _either(entry, base, "kind"), _either(entry, base, "asset")
    if kind is None or asset is None:
        return
    settle = _settle(entry, base)
    place: Path = (*path, "settle" if entry.settle is not None else "kind")
    if kind is Kind.INVERSE and settle != asset:
        yield Flaw(place, f"settles in {settle}, but an inverse contract settles in its coin", f"write settle: {asset}")
    if kind is Kind.LINEAR and settle not in reading.cash and settle not in CASH:
        yield no_dollars(place, settle, reading)


def no_dollars(place: Path, settle: str, reading: Reading, *, otherwise: str | None = None) -> Flaw:
    """What is wrong with a linear contract whose PnL is no dollars; ``otherwise``: a key that would value it."""
    instead = f"settle in one of cash: {', '.join(sorted(reading.cash))}"
    add = f", or add {otherwise}" if otherwise else ""
    return Flaw(place, f"settles in {settle}, which does not count as dollars", instead + add)


def _time_flaws(path: Path, entry: models.Contract, base: Contract | None, now: datetime) -> Iterator[Flaw]:
    if entry.expiry is not None and entry.expiry <= now:
        yield Flaw((*path, "expiry"), "has passed", "drop the contract, or write the next expiry")


def _made(name: str, entry: models.Contract, base: Contract | None, reading: Reading) -> Contract:
    taken: dict[str, Any] = {field: _either(entry, base, field) for field in _TAKEN_OVER}
    taken["settle"] = _settle(entry, base)
    lot_size = taken["lot_size"] = taken["lot_size"] or ONE
    taken["min_contracts"] = taken["min_contracts"] or lot_size
    if taken["maker_fee"] is None:
        taken["maker_fee"] = taken["taker_fee"]
    hours = entry.funding_interval or (base and base.funding_interval_hours)
    taken["funding_interval_hours"] = None if taken["expiry"] is not None else hours
    taken["maintenance"], taken["assumed"] = _margin(name, entry, base, most=taken["max_leverage"])
    if base is None and entry.lot_size is None:
        taken["assumed"] += (Assumption("lot size", "1 contract", f"contracts.{name}.lot_size"),)
    if base is not None:
        isolated = base.isolated_maintenance if entry.maintenance is None else None
        return replace(base, **taken, own=True, isolated_maintenance=isolated)
    account = name.rpartition(":")[0] if len(reading.accounts) > 1 else ""
    return Contract(name=name, own=True, account=account, **taken)


def _margin(
    name: str, entry: models.Contract, base: Contract | None, *, most: Fraction | None
) -> tuple[Maintenance, tuple[Assumption, ...]]:
    """The schedule, and what is assumed of the contract with it."""
    key = f"contracts.{name}.maintenance"
    still = tuple(
        assumption
        for assumption in (base.assumed if base else ())
        if not _replaces(entry, assumption.key.removeprefix(f"contracts.{name}."))
    )
    if entry.maintenance is not None:
        return maintenance_of(entry.maintenance, base.maintenance if base else None), still
    if base is not None and not (base.maintenance == assumed(base.max_leverage) and key in {a.key for a in still}):
        return base.maintenance, still
    stands_in = assumed(most)
    words = f"{plain(stands_in.tiers[0].rate * 100)} % with the closing fee"
    others = tuple(assumption for assumption in still if assumption.key != key)
    return stands_in, (*others, Assumption("maintenance rate", words, key))


def _replaces(entry: models.Contract, key: str) -> bool:
    if key == "maintenance" and entry.maintenance is not None:
        return entry.maintenance.tiers is not None or entry.maintenance.base is not None
    return getattr(entry, key, None) is not None


def _settle(entry: models.Contract, base: Contract | None) -> str:
    if entry.settle is not None:
        return entry.settle
    if base is not None and entry.kind is None and entry.asset is None:
        return base.settle
    asset: str = _either(entry, base, "asset")
    return asset if _either(entry, base, "kind") is Kind.INVERSE else _DOLLARS_OF_LINEAR


def _complete(entry: models.Contract) -> bool:
    return all(getattr(entry, key) is not None for key in REQUIRED)


def _either(entry: models.Contract, base: Contract | None, field: str) -> Any:
    given = getattr(entry, field)
    return given if given is not None or base is None else getattr(base, field)
