"""Maintenance margin as a file gives it: tiers, or a rate that grows with the size; whole, or over the catalogue's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rebal.amounts import ZERO, plain
from rebal.load import models
from rebal.load.flaws import Flaw, Path
from rebal.market.contract import Kind
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation, with_deductions

_BY_SIZE = ("base", "slope", "initial_base")
_BY_TIERS = ("tiers", "method", "tier_unit", "price", "close_fee")


def maintenance_of(written: models.Maintenance, known: Maintenance | None) -> Maintenance:
    """The schedule that a file gives, over the catalogue's where it has one; both without flaws."""
    if _given(written, _BY_SIZE):
        base = known if isinstance(known, SizeRate) else SizeRate(ZERO, ZERO)
        return replace(base, **{key: getattr(written, key) for key in _given(written, _BY_SIZE)})
    valuation, close_fee = written.price, written.close_fee
    if written.tiers is None and isinstance(known, Tiers):
        return replace(
            known,
            valuation=known.valuation if valuation is None else valuation,
            close_fee=known.close_fee if close_fee is None else close_fee,
        )
    method = written.method or Method.DEDUCTION
    return Tiers(
        valuation=valuation or Valuation.MARK,
        close_fee=bool(close_fee),
        method=method,
        unit=written.tier_unit or TierUnit.COIN,
        tiers=_tiers(written.tiers or (), method),
    )


def maintenance_flaws(
    written: models.Maintenance, known: Maintenance | None, path: Path, *, kind: Kind | None
) -> Iterator[Flaw]:
    """What is wrong with a schedule. ``path``: where it stands."""
    by_size, by_tiers = _given(written, _BY_SIZE), _given(written, _BY_TIERS)
    if by_size and by_tiers:
        yield Flaw(
            (*path, by_size[0]), f"does not go with {by_tiers[0]}", "write tiers, or base and slope", at_key=True
        )
    elif by_size:
        yield from _growing_flaws(written, known, path, kind=kind)
    elif written.tiers is not None:
        yield from _tier_flaws(written.tiers, path, method=written.method or Method.DEDUCTION)
    elif not isinstance(known, Tiers) or written.method is not None or written.tier_unit is not None:
        yield Flaw((*path, "tiers"), "is missing", "add tiers: [{rate: 1%}], or with up_to", at_key=True)


def _growing_flaws(
    written: models.Maintenance, known: Maintenance | None, path: Path, *, kind: Kind | None
) -> Iterator[Flaw]:
    for key in ("base", "slope"):
        if getattr(written, key) is None and not isinstance(known, SizeRate):
            yield Flaw((*path, key), "is missing", f"add {key}", at_key=True)
    if kind is Kind.LINEAR:
        yield Flaw(path, "grows with coins, which a linear contract is not valued in", "write tiers", at_key=True)


def _tier_flaws(tiers: Sequence[models.Tier], path: Path, *, method: Method) -> Iterator[Flaw]:
    if not tiers:
        yield Flaw((*path, "tiers"), "holds no tier", "write at least {rate: 1%}", at_key=True)
    for n, tier in enumerate(tiers):
        if tier.up_to is None and n < len(tiers) - 1:
            yield Flaw((*path, "tiers", n, "up_to"), "is missing", "only the last tier goes without", at_key=True)
    for n, (below, tier) in enumerate(pairwise(tiers), start=1):
        yield from _step_flaws(below, tier, (*path, "tiers", n))
    yield from _deduction_flaws(tiers, path, method=method)


def _step_flaws(below: models.Tier, tier: models.Tier, path: Path) -> Iterator[Flaw]:
    if below.up_to is not None and tier.up_to is not None and tier.up_to <= below.up_to:
        yield Flaw((*path, "up_to"), f"is not above the tier before it, {plain(below.up_to)}", "put tiers in order")
    lowered = (
        below.max_leverage is not None and tier.max_leverage is not None and tier.max_leverage < below.max_leverage
    )
    if tier.rate < below.rate or (tier.rate == below.rate and not lowered):
        rate = f"{plain(below.rate * 100)}%"
        yield Flaw((*path, "rate"), f"is not above the tier before it, {rate}", "write rates that rise with the size")


def _deduction_flaws(tiers: Sequence[models.Tier], path: Path, *, method: Method) -> Iterator[Flaw]:
    given = [n for n, tier in enumerate(tiers) if tier.deduction is not None]
    if given and method is not Method.DEDUCTION:
        place: Path = (*path, "tiers", given[0], "deduction")
        yield Flaw(
            place, f"does not go with method {method}", "drop the deductions, or write method: deduction", at_key=True
        )
    elif given:
        for n, tier in enumerate(tiers):
            yield from _one_deduction(n, tier, tiers[n - 1] if n else None, (*path, "tiers", n, "deduction"))


def _one_deduction(n: int, tier: models.Tier, below: models.Tier | None, path: Path) -> Iterator[Flaw]:
    if tier.deduction is None:
        if n:
            yield Flaw(path, "is missing", "give every tier its deduction, or none", at_key=True)
        return
    floor = below.up_to if below is not None else ZERO
    if floor is not None and tier.deduction > floor * tier.rate:
        most = plain(floor * tier.rate)
        yield Flaw(path, f"is more than the tier asks at its lower bound, {most}", "check the deduction and its unit")


def _tiers(written: Sequence[models.Tier], method: Method) -> tuple[Tier, ...]:
    tiers = tuple(Tier(tier.up_to, tier.rate, tier.deduction or ZERO, tier.max_leverage) for tier in written)
    derived = method is not Method.WHOLE and all(tier.deduction is None for tier in written)
    return with_deductions(tiers) if derived else tiers


def _given(written: models.Maintenance, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if getattr(written, key) is not None]
