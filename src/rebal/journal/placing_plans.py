"""Which plan a fill filled: by the id that its order was sent under, or by contract, side and time."""

from collections.abc import Iterable, Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.exchange_account import Filled
from rebal.frozen import frozen
from rebal.journal.filling import filled_so_far
from rebal.journal.saved import SavedOrder, SavedPlan
from rebal.ledger import Journal
from rebal.market.contract import Kind
from rebal.placing import Leg, ccxt_class, entry_id, legs_by_id
from rebal.times import SKEW


@frozen
class Placing:
    """The order that a fill filled.

    ``before``: contracts of it, positive, that were filled before; ``how`` it was found, in words; ``is_done``: the
    journal has it as filled at the plan's price, ``entry`` by its id.
    """

    plan: SavedPlan
    order: SavedOrder
    before: Fraction
    how: str
    is_done: bool = False
    entry: str = ""


class Placings:
    """The orders of plans while fills are told in the order of time; ``venues``: of the accounts that they went to."""

    def __init__(self, plans: Sequence[SavedPlan], journal: Journal, venues: Iterable[str] = ()) -> None:
        self._plans = {plan.digest: plan for plan in plans if not plan.refused}
        self._as_planned = {entry.id for entry in journal.entries if entry.voided_by is None}
        self._done = {
            (plan.digest, name): contracts
            for plan in self._plans.values()
            for name, contracts in filled_so_far(plan, journal).items()
        }
        self._filled: list[str] = []
        sizes = [(plan.digest, len(plan.orders)) for plan in self._plans.values()]
        at = {*venues, *(plan.venue for plan in self._plans.values() if plan.venue)}
        classes = {ccxt_class(venue, kind) for venue in sorted(at) for kind in Kind}
        self._legs = {name: leg for each in classes if each for name, leg in legs_by_id(each, sizes).items()}

    def of(self, fill: Filled) -> Placing | None:
        """The order that a fill filled, which counts it; None where none did."""
        leg = self.leg(fill)
        if leg is not None:
            plan = self._plans[leg.digest]
            return self._counted(plan, plan.orders[leg.number], fill, "by the id of a plan's order")
        for plan, order in self._by_time(fill):
            left = abs(order.contracts) - self._done.get((plan.digest, order.contract), ZERO)
            if abs(fill.contracts) <= left:
                return self._counted(plan, order, fill, "by contract and time of a plan's order")
        return None

    def leg(self, fill: Filled) -> Leg | None:
        """The order that a fill bears the id of, None where it bears that of none."""
        return self._legs.get(fill.client_id or "")

    def filled(self) -> Iterator[SavedPlan]:
        """The plans that were filled, at least in part, in the order of their first fills."""
        return (self._plans[digest] for digest in dict.fromkeys(self._filled))

    def leaves(self, plan: SavedPlan) -> bool:
        """Whether some of a plan's orders is not filled."""
        return any(self._done.get((plan.digest, order.contract), ZERO) != abs(order.contracts) for order in plan.orders)

    def _by_time(self, fill: Filled) -> Iterator[tuple[SavedPlan, SavedOrder]]:
        """Orders of the fill's contract and side, of plans made before it, the last one first."""
        for plan in sorted(self._plans.values(), key=lambda each: each.now, reverse=True):
            for order in plan.orders:
                is_its_way = order.contract == fill.contract and order.contracts * fill.contracts > 0
                if is_its_way and fill.time >= plan.now - SKEW:
                    yield plan, order

    def _counted(self, plan: SavedPlan, order: SavedOrder, fill: Filled, how: str) -> Placing | None:
        key = (plan.digest, order.contract)
        before = self._done.get(key, ZERO)
        if before + abs(fill.contracts) > abs(order.contracts):
            entry = entry_id(plan.digest, "order", plan.orders.index(order))
            done = entry in self._as_planned
            return Placing(plan, order, before, how, is_done=True, entry=entry) if done else None
        self._done[key] = before + abs(fill.contracts)
        self._filled.append(plan.digest)
        return Placing(plan, order, before, how)
