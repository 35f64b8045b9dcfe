"""How a plan's orders filled: at the plan's price, or by fills that are given, each with its share of the parts."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rebal.amounts import ZERO, Fraction, plain, toward_zero
from rebal.book import MarginMode, apply
from rebal.errors import Refused, UsageProblem
from rebal.frozen import frozen
from rebal.journal.drafts import beta, filled
from rebal.journal.fold import reached, to_book
from rebal.journal.placed import Given, Names, Placed, own
from rebal.journal.saved import SavedOrder, SavedPlan
from rebal.ledger import Draft, Entry, Fill, FillPart, Journal
from rebal.market.contract import Contract, Kind
from rebal.placing import entry_id
from rebal.portfolio import Portfolio


@frozen
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


def legs(plan: SavedPlan, placed: Placed, *, journal: Journal, names: Names) -> Iterator[Leg]:
    """The fills to record, each with its id.

    Moves that are said alone of a plan in the journal fill nothing. Raises UsageProblem for a fill of what the plan
    does not order, Refused where an order that is taken as filled at the plan's price is recorded in part.
    """
    numbered = {order.contract: (entry_id(plan.digest, "order", n), order) for n, order in enumerate(plan.orders)}
    if placed.fills is None:
        if placed.moved and any(own(plan, journal)):
            return
        yield from _as_planned(plan, numbered, journal)
        return
    by_id: dict[tuple[str, str], Given] = {}
    for fill in placed.fills:
        if fill.contract not in numbered:
            ordered = ", ".join(numbered) or "nothing"
            raise UsageProblem(f"--fill {fill.contract}: the plan does not order it; it orders {ordered}")
        base, order = numbered[fill.contract]
        if not fill.contracts:
            continue  # said to be none yet
        if fill.id is None:
            yield Leg(names.of(f"{base}.{plain(fill.contracts)}@{plain(fill.price)}", time=fill.time), order, fill)
            continue
        known = by_id.setdefault((fill.contract, fill.id), fill)
        if known is fill:
            yield Leg(f"{fill.contract}:{fill.id}", order, fill)
        elif known != fill:
            raise Refused(f"fill {fill.id} of {fill.contract} stands there twice, with other contents; keep one")


def _as_planned(plan: SavedPlan, numbered: Mapping[str, tuple[str, SavedOrder]], journal: Journal) -> Iterator[Leg]:
    done, there = filled_so_far(plan, journal), {entry.id for entry in own(plan, journal)}
    for contract, (name, order) in numbered.items():
        ordered, so_far = abs(order.contracts), done.get(contract, ZERO)
        if name in there or not so_far:
            yield Leg(name, order, None)
        elif so_far < ordered:
            raise Refused(
                f"{contract}: {plain(so_far)} of {plain(ordered)} contracts are in the journal as filled; give the "
                f"rest as it filled, --fill {contract}={plain(ordered - so_far)}@PRICE"
            )


def filled_so_far(plan: SavedPlan, journal: Journal) -> dict[str, Fraction]:
    """Contracts of the plan's orders, positive, that the journal has as filled."""
    done: dict[str, Fraction] = {}
    for entry in own(plan, journal):
        if isinstance(entry.event, Fill):
            name = entry.event.contract
            done[name] = done.get(name, ZERO) + abs(entry.event.contracts)
    return done


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
        self._index = plan.prices
        self._portfolio = portfolio
        self._known = {entry.id: entry for entry in journal.entries}
        self._book = reached(portfolio, journal.entries)
        self._done = filled_so_far(plan, journal)
        self._modes: dict[str, MarginMode] = {}
        for entry in own(plan, journal):
            if isinstance(entry.event, Fill):
                self._modes.setdefault(entry.event.contract, entry.event.margin_mode)

    def draft(self, leg: Leg, *, time: datetime) -> Draft:
        """A fill to record; one that is recorded already as it is. Raises Refused for more than was ordered."""
        known = self._known.get(leg.id)
        if known is not None:
            return self._again(known, leg)
        event = self._event(leg)
        # An order through zero keeps its margin mode, whether or not one of its fills left the position flat.
        self._modes.setdefault(event.contract, event.margin_mode)
        contract = self._portfolio.contracts[event.contract]
        self._book = apply(self._book, (to_book(event, contract),)).book
        happened = leg.given.time if leg.given is not None else None
        return Draft(event, happened or time, leg.id, self._digest)

    def is_filled(self, order: SavedOrder) -> bool:
        """Whether an order is filled in full, by the journal and what was drafted since."""
        return self._done.get(order.contract, ZERO) == abs(order.contracts)

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
            parts=self._parts(leg, contract),
            met=self._book.positions.get(leg.order.contract),
            index_price=self._index.get(contract.asset),
            margin_mode=self._modes.get(contract.name),
            portfolio=self._portfolio,
        )

    def _parts(self, leg: Leg, contract: Contract) -> tuple[FillPart, ...]:
        """The parts of the next contracts of an order, so that those of all its fills are the order's."""
        order, traded = leg.order, abs(leg.contracts)
        # what an exchange exported is as it is; a figure that was typed may be counted in coins
        typed = leg.given is not None and leg.given.id is None
        done = self._done.get(order.contract, ZERO)
        if done + traded > abs(order.contracts):
            raise Refused(
                f"{order.contract}: {plain(traded)} filled, and of {plain(abs(order.contracts))} ordered "
                f"{plain(abs(order.contracts) - done)} are left; {counted(traded, contract)}"
                "`rebal record fill` takes what goes beyond a plan"
            )
        left = abs(order.contracts) - done - traded
        if typed and traded % contract.lot_size and left % contract.lot_size:
            raise Refused(
                f"{order.contract}: {plain(traded)} contracts are no whole lots of {plain(contract.lot_size)}; "
                f"{plain(abs(order.contracts) - done)} were ordered: {counted(traded, contract)}"
                "count what was filled in the same"
            )
        self._done[order.contract] = done + traded
        earlier = shares(order, done, lot_size=contract.lot_size)
        now = shares(order, done + traded, lot_size=contract.lot_size)
        return tuple(
            FillPart(part.purpose, after - before, part.stands_for, beta(part.stands_for, contract, self._portfolio))
            for part, before, after in zip(order.parts, earlier, now, strict=True)
            if after != before
        )


def counted(typed: Fraction, contract: Contract) -> str:
    """What a contract is where it is not one of its unit, and how many ``typed`` of that unit are if whole lots."""
    if contract.multiplier == 1:
        return ""
    unit = "USD" if contract.kind is Kind.INVERSE else contract.asset
    number = typed / contract.multiplier
    are = "" if number % contract.lot_size else f", so {plain(typed)} {unit} are {plain(number)} contracts"
    return f"a contract is {plain(contract.multiplier)} {unit}{are}; "
