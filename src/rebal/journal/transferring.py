"""A plan's transfers as they happened: as planned where nothing is said, and out only once the orders are filled."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rebal.amounts import Fraction, plain, total
from rebal.errors import Refused, UsageProblem
from rebal.journal.placed import Moved, Names, Placed, own
from rebal.journal.saved import SavedPlan, SavedTransfer
from rebal.ledger import Draft, Entry, Journal, Spot, Transfer
from rebal.names import within
from rebal.placing import entry_id


class Transferring:
    """The plan's transfers one after the other: recorded already, as they are said, as planned, or open."""

    def __init__(self, plan: SavedPlan, journal: Journal, *, placed: Placed, names: Names) -> None:
        self._plan = plan
        self._journal = journal
        self._known = {entry.id: entry for entry in journal.entries}
        self._said = {
            index: [(names.of(f"{_base(plan, index)}.{plain(quantity)}"), quantity) for quantity in quantities]
            for index, quantities in _by_index(plan, placed.moved).items()
        }

    def drafts(self, index: int, *, is_free: bool, time: datetime) -> Iterator[Draft]:
        """What to record of a transfer; ``is_free``: nothing that it has to wait for is open.

        Raises Refused where it is said of one that is in the journal as planned.
        """
        planned, base = self._plan.transfers[index], _base(self._plan, index)
        there = list(recorded(self._plan, index, self._journal))
        yield from (Draft(entry.event, entry.time, entry.id, entry.plan) for entry in there)
        said = self._said.get(index)
        if said is not None:
            self._refuse_planned(self._known.get(base), planned)
            for name, quantity in said:
                if name not in {entry.id for entry in there}:
                    yield Draft(_moved(planned, quantity), time, name, self._plan.digest)
            if any(quantity for _, quantity in said):
                yield from self._fee(index, time)
        elif not there and base not in self._known and (is_free or not planned.waits):
            yield Draft(_moved(planned, planned.quantity), time, base, self._plan.digest)
            yield from self._fee(index, time)

    def _fee(self, index: int, time: datetime) -> Iterator[Draft]:
        """What the network keeps of a withdrawal, as the plan counted it, once however often it is said."""
        sent, name = self._plan.transfers[index], f"{_base(self._plan, index)}.fee"
        if sent.fee and name not in self._known:
            kept = Spot(sent.asset, -sent.fee, account=sent.account, other_account=sent.other_account)
            yield Draft(kept, time, name, self._plan.digest)

    def _refuse_planned(self, there: Entry | None, planned: SavedTransfer) -> None:
        if there is not None and there.voided_by is None:
            raise Refused(
                f"--transfer {_label(planned)}: the transfer is in the journal as planned, as entry {there.seq}, "
                f"{there.id}; void that entry first; `rebal record transfer` takes what goes beyond the plan"
            )


def recorded(plan: SavedPlan, index: int, journal: Journal) -> Iterator[Entry]:
    """The entries in which a transfer of the plan stands in the journal."""
    base = _base(plan, index)
    return (entry for entry in own(plan, journal) if entry.id == base or entry.id.startswith(f"{base}."))


def left(plan: SavedPlan, index: int, journal: Journal) -> Fraction:
    """Coins of a transfer that the journal does not have, signed as planned; 0 where more was moved."""
    planned = plan.transfers[index].quantity
    there = _recorded_coins(plan, index, journal)
    return planned - there if (planned - there) * planned > 0 else Fraction(0)


def still_to_move(plan: SavedPlan, journal: Journal) -> Iterator[str]:
    """The transfers that are open, in sentences that say what to do."""
    known = {entry.id for entry in journal.entries}
    for index, planned in enumerate(plan.transfers):
        coins = left(plan, index, journal)
        if not coins:
            continue
        account = f"the account {planned.account}" if planned.account else "the futures account"
        place = account if planned.contract is None else f"the margin of {planned.contract}"
        said = f"--transfer {_label(planned)}={plain(coins)}"
        if planned.waits and coins == planned.quantity and _base(plan, index) not in known:
            when = (
                f"until the orders before are filled: the same command then records it; {said} if it is moved already"
            )
        else:
            when = f"until it is moved: give {said} then"
        yield f"{plain(abs(coins))} {planned.asset} {'into' if coins > 0 else 'out of'} {place} stay open {when}"


def lost_on_the_way(plan: SavedPlan, journal: Journal) -> Iterator[str]:
    """The moves between accounts whose two sides do not match as they are recorded, in sentences."""
    for index, sent in enumerate(plan.transfers):
        comes = _other_side(plan, sent)
        if comes is None:
            continue
        gone, arrived = -_recorded_coins(plan, index, journal), _recorded_coins(plan, comes, journal)
        due = gone - (sent.fee or Fraction(0))
        told = f"{_label(sent)}: {plain(gone)} {sent.asset} left {sent.account}, "
        if gone and arrived and due != arrived and (arrived > due or not left(plan, comes, journal)):
            yield (
                f"{told}{plain(due)} of them after its fee, and {plain(arrived)} came to {sent.other_account}: void "
                f"the entry that is a slip, or record what else the network kept with `rebal record spot --asset "
                f"{_label(sent)}`"
            )
        elif gone > -sent.quantity:
            yield f"{told}{plain(gone + sent.quantity)} more than the plan moves; if that is a slip, void the entry"


def _other_side(plan: SavedPlan, sent: SavedTransfer) -> int | None:
    """Where coins that leave an account for another come to it in the plan."""
    if sent.other_account is None or sent.quantity > 0:
        return None
    found = [
        n
        for n, each in enumerate(plan.transfers)
        if (each.asset, each.account, each.other_account) == (sent.asset, sent.other_account, sent.account)
        and each.quantity > 0
    ]
    return found[0] if len(found) == 1 else None


def _recorded_coins(plan: SavedPlan, index: int, journal: Journal) -> Fraction:
    return total(entry.event.quantity for entry in recorded(plan, index, journal) if isinstance(entry.event, Transfer))


def _base(plan: SavedPlan, index: int) -> str:
    return entry_id(plan.digest, "transfer", index)


def _label(planned: SavedTransfer) -> str:
    """What a transfer is called: between accounts, the one that coins leave and the one that they come to."""
    if planned.other_account is None:
        return planned.contract or within(planned.account, planned.asset)
    way = (planned.account, planned.other_account) if planned.quantity < 0 else (planned.other_account, planned.account)
    return f"{way[0]}:{way[1]}:{planned.asset if planned.contract is None else planned.contract}"


def _moved(planned: SavedTransfer, quantity: Fraction) -> Transfer:
    return Transfer(planned.asset, quantity, planned.contract, planned.account, planned.other_account)


def _by_index(plan: SavedPlan, said: Sequence[Moved]) -> dict[int, list[Fraction]]:
    """What is said of each transfer, by its place. Raises UsageProblem for what the plan does not move, or not so."""
    found: dict[int, list[Fraction]] = {}
    for moved in said:
        named = _indices(plan, moved)
        planned = plan.transfers[named[0]]
        if moved.quantity * planned.quantity < 0:
            way, sign = ("into", "positive") if planned.quantity > 0 else ("out of", "negative")
            raise UsageProblem(
                f"--transfer {moved.name}={plain(moved.quantity)}: the plan moves it {way} the futures account; write "
                f"a {sign} quantity, or record another move with `rebal record transfer`"
            )
        for index in named:
            found.setdefault(index, [])
            if moved.quantity:
                found[index].append(moved.quantity)
    return found


def _indices(plan: SavedPlan, moved: Moved) -> list[int]:
    """The transfer that is meant, by the sign of what was moved; both sides of a move where nothing was."""
    told = (_label, lambda each: within(each.account, each.asset), lambda each: each.asset)
    same_way = [n for n, each in enumerate(plan.transfers) if each.quantity * moved.quantity >= 0]
    for name in told:
        named = [n for n in range(len(plan.transfers)) if name(plan.transfers[n]) == moved.name]
        found = [n for n in named if n in same_way] or named
        sides = {plan.transfers[n].quantity > 0 for n in found}
        if len(found) == len(sides) and found:
            return found
    labels = list(dict.fromkeys(map(_label, plan.transfers)))
    if not labels:
        raise UsageProblem(f"--transfer {moved.name}: the plan moves nothing")
    raise UsageProblem(
        f"--transfer {moved.name}: the plan moves {', '.join(labels)}; name one of them, as {labels[0]}=QUANTITY"
    )
