"""What the recorder says of a plan that was placed: its fills, what was moved, and when."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count

from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.journal.saved import SavedPlan
from rebal.ledger import Entry, Journal


@frozen
class Given:
    """A fill as it happened, in place of the plan's price. ``contracts`` positive: the side is the order's; 0: none.

    ``fee``: in the settlement coin, None for the taker fee; ``time``: None for that of the recording; ``id``: the
    exchange's, if known.
    """

    contract: str
    contracts: Fraction
    price: Fraction
    fee: Fraction | None = None
    time: datetime | None = None
    id: str | None = None


@frozen
class Moved:
    """Coins as they were moved. ``name``: the asset's, or that of the contract whose isolated margin they are.

    ``quantity``: into the futures account, negative out of it; 0 where nothing was moved yet.
    """

    name: str
    quantity: Fraction


@frozen
class Placed:
    """A plan as it was placed.

    ``fills``: None for every order at the plan's price; ``moved``: in place of the transfers that they name; ``time``:
    as stated, None without; ``again``: what is in the journal already happened once more.
    """

    fills: Sequence[Given] | None = None
    moved: Sequence[Moved] = ()
    time: datetime | None = None
    again: bool = False


class Names:
    """Ids for what is said without one: said twice, it is the same entry, unless its time or ``again`` says otherwise.

    Twice in one breath, it happened twice.
    """

    def __init__(self, journal: Journal, placed: Placed) -> None:
        self._known = {entry.id: entry for entry in journal.entries}
        self._placed = placed
        self._used: set[str] = set()

    def of(self, base: str, *, time: datetime | None = None) -> str:
        """The id of the entry that this is, or of the one that it becomes."""
        stated = time or self._placed.time
        for name in (base if n == 1 else f"{base}#{n}" for n in count(1)):
            known = self._known.get(name)
            same = known is None or (not self._placed.again and stated in (None, known.time))
            if name not in self._used and same:
                self._used.add(name)
                return name
        raise AssertionError  # count has no end


def own(plan: SavedPlan, journal: Journal) -> Iterator[Entry]:
    """The plan's entries in a journal that stand."""
    return (entry for entry in journal.entries if entry.plan == plan.digest and entry.voided_by is None)
