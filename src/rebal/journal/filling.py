"""How a plan's orders filled: at the plan's price, or by fills that are given, each with its share of the parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from rebal.amounts import ZERO, plain, toward_zero
from rebal.book import apply
from rebal.errors import Refused, UsageProblem
from rebal.journal.drafts import beta, filled
from rebal.journal.fold import reached, to_book
from rebal.journal.saved import SavedOrder, SavedPlan
from rebal.ledger import Draft, Entry, Fill, FillPart, Journal
from rebal.market.contract import Contract
from rebal.portfolio import Portfolio

ID_DIGITS = 16
"""How much of a plan's digest its entries' ids begin with."""


@dataclass(frozen=True, slots=True)
class Given:
    """A fill as it happened, in place of the plan's price. ``contracts`` positive: the side is the order's.

    ``fee``: in the settlement coin, None for the taker fee; ``time``: None for that of the recording; ``id``: the
    exchange's, if known.
    """

    contract: str
    contracts: Fraction
    price: Fraction
    fee: Fraction | None = None
    time: datetime | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One fill of an order and the id it is recorded under; ``given`` is None where it filled as planned."""

    id: str
    order: SavedOrder
    given: Given | None

    @property
    def contracts(self) -> Fraction:
        """Signed contracts that filled."""
        if self.given is None:
            return self.order.contracts
        return self.given.contracts if self.order.contracts > 0 else -self.given.contracts

    @property
    def price(self) -> Fraction:
        """The price that they filled at."""
        return self.order.price if self.given is None else self.given.price


def legs(plan: SavedPlan, given: Sequence[Given] | None) -> Iterator[Leg]:
    """The fills to record, each with its id. Raises UsageProblem for a fill of what the plan does not order."""
    name = plan.digest[:ID_DIGITS]
    numbered = {order.contract: (n, order) for n, order in enumerate(plan.orders)}
    if given is None:
        for n, order in numbered.values():
            yield Leg(f"{name}.order.{n}", order, None)
        return
    used: dict[str, int] = {}
    by_id: dict[tuple[str, str], Given] = {}
    for fill in given:
        if fill.contract not in numbered:
            ordered = ", ".join(numbered) or "nothing"
            raise UsageProblem(f"--fill {fill.contract}: the plan does not order it; it orders {ordered}")
        if fill.id is not None:
            known = by_id.setdefault((fill.contract, fill.id), fill)
            if known is not fill and known == fill:
                continue
            if known is not fill:
                raise Refused(f"fill {fill.id} of {fill.contract} stands there twice, with other contents; keep one")
        n, order = numbered[fill.contract]
        own = f"{name}.order.{n}.{plain(fill.contracts)}@{plain(fill.price)}"
        leg = f"{fill.contract}:{fill.id}" if fill.id is not None else own
        used[leg] = used.get(leg, 0) + 1
        yield Leg(leg if used[leg] == 1 else f"{leg}#{used[leg]}", order, fill)


def shares(order: SavedOrder, contracts: Fraction, *, lot_size: Fraction) -> tuple[Fraction, ...]:
    """What each part of an order has of its first ``contracts`` (positive), in whole lots that sum to them.

    Parts shrink in proportion, toward zero; the lots that are left over go where most was cut off.
    """
    ratio = contracts / abs(order.contracts)
    exact = [part.contracts * ratio for part in order.parts]
    held = [toward_zero(value, lot_size) for value in exact]
    rest = (contracts if order.contracts > 0 else -contracts) - sum(held)
    step = lot_size if rest > 0 else -lot_size
    by_cut = sorted(range(len(exact)), key=lambda n: (exact[n] - held[n]) / step, reverse=True)
    for n in by_cut:
        if abs(rest) < lot_size:
            break
        held[n] += step
        rest -= step
    held[by_cut[0]] += rest  # less than a lot: only where the exchange filled less than a lot
    return tuple(held)


class Filling:
    """The plan's fills one after the other, each against the position that the ones before left."""

    def __init__(self, plan: SavedPlan, portfolio: Portfolio, journal: Journal) -> None:
        self._digest = plan.digest
        self._portfolio = portfolio
        self._known = {entry.id: entry for entry in journal.entries}
        self._book = reached(portfolio, journal.entries)
        self._done: dict[str, Fraction] = {}
        for entry in journal.entries:
            if isinstance(entry.event, Fill) and entry.plan == plan.digest and entry.voided_by is None:
                self._count(entry.event.contract, abs(entry.event.contracts))

    def draft(self, leg: Leg, *, time: datetime) -> Draft:
        """A fill to record; one that is recorded already as it is. Raises Refused for more than was ordered."""
        known = self._known.get(leg.id)
        if known is not None:
            return self._again(known, leg)
        event = self._event(leg)
        contract = self._portfolio.contracts[event.contract]
        self._book = apply(self._book, (to_book(event, contract),)).book
        happened = leg.given.time if leg.given is not None else None
        return Draft(event, happened or time, leg.id, self._digest)

    def _again(self, known: Entry, leg: Leg) -> Draft:
        event = known.event
        if isinstance(event, Fill) and (event.contracts, event.price) == (leg.contracts, leg.price):
            return Draft(event, known.time, known.id, known.plan)
        raise Refused(f"{leg.id} is in the journal with other contents, as entry {known.seq}; void that entry first")

    def _event(self, leg: Leg) -> Fill:
        contract = self._portfolio.contracts[leg.order.contract]
        fee = leg.order.fee if leg.given is None else leg.given.fee
        return filled(
            contract,
            contracts=leg.contracts,
            price=leg.price,
            fee=contract.fee(leg.contracts, leg.price, contract.taker_fee) if fee is None else fee,
            parts=self._parts(leg.order, contract, abs(leg.contracts)),
            met=self._book.positions.get(leg.order.contract),
            portfolio=self._portfolio,
        )

    def _parts(self, order: SavedOrder, contract: Contract, traded: Fraction) -> tuple[FillPart, ...]:
        """The parts of the next contracts of an order, so that those of all its fills are the order's."""
        done = self._done.get(order.contract, ZERO)
        if done + traded > abs(order.contracts):
            raise Refused(
                f"{order.contract}: {plain(traded)} filled, and of {plain(abs(order.contracts))} ordered "
                f"{plain(abs(order.contracts) - done)} are left; `rebal record fill` takes what goes beyond a plan"
            )
        self._count(order.contract, traded)
        earlier = shares(order, done, lot_size=contract.lot_size)
        now = shares(order, done + traded, lot_size=contract.lot_size)
        return tuple(
            FillPart(part.purpose, after - before, part.stands_for, beta(part.stands_for, contract, self._portfolio))
            for part, before, after in zip(order.parts, earlier, now, strict=True)
            if after != before
        )

    def _count(self, contract: str, contracts: Fraction) -> None:
        self._done[contract] = self._done.get(contract, ZERO) + contracts
