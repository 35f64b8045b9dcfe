"""What the journal records and what it adds up to, as data.

An event is what happened; a draft is an event to be recorded; an entry is an event as the journal holds it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from rebal.amounts import COIN_STEP, Fraction, down, plain
from rebal.book import HedgeAsked, MarginMode, Purpose
from rebal.book import Spot as Spot
from rebal.book import Transfer as Transfer
from rebal.frozen import frozen
from rebal.market.contract import Kind
from rebal.stated import Coins, Price, Shift, Stood
from rebal.stated import Difference as Difference
from rebal.stated import Ordered as Ordered
from rebal.stated import OrderedPart as OrderedPart
from rebal.stated import Stated as Stated

HISTORY_SCHEMA = "rebal/history/1"


class EntryType(StrEnum):
    """What an entry is about."""

    FILL = "fill"
    FUNDING = "funding"
    TRANSFER = "transfer"
    SPOT = "spot"
    HEDGE = "hedge"
    VOID = "void"
    STATEMENT = "statement"
    DIFFERENCE = "difference"
    ORDERS = "orders"


@frozen
class FillPart:
    """What one purpose has of a fill; contracts signed. ``beta``: of a proxy as it was then, None without one."""

    purpose: Purpose
    contracts: Fraction
    stands_for: str
    beta: Fraction | None = None

    def __str__(self) -> str:
        words = (self.purpose.value, self.stands_for, plain(self.contracts))
        return ":".join(words if self.beta is None else (*words, plain(self.beta)))


@frozen
class Fill:
    """One net fill of the exchange on one contract, with the contract's specification as it was.

    ``contracts`` signed; the parts' sum to it. ``fee`` in the settlement coin, positive: paid. ``margin_mode``: that of
    a position which the fill opens. ``contracts_before`` and ``entry_before``: the net position that it met, None where
    that is not known or nothing was open; what fills of a time before any statement realised rests on them.
    ``index_price``: of the asset, where it is known. ``settle_price``: dollars per unit of a linear contract's
    settlement currency, None where that has no price of its own and counts as a dollar. ``account``: of a file with
    several, None of the one that there is.
    """

    contract: str
    contracts: Fraction
    price: Fraction
    fee: Fraction
    parts: tuple[FillPart, ...]
    margin_mode: MarginMode
    asset: str
    kind: Kind
    multiplier: Fraction
    settle: str
    expiry: datetime | None
    contracts_before: Fraction | None = None
    entry_before: Fraction | None = None
    index_price: Fraction | None = None
    settle_price: Fraction | None = None
    account: str | None = None


@frozen
class Funding:
    """Funding in the settlement coin, positive: received.

    ``price``: of the asset, for its worth in dollars. ``settle_price`` and ``account``: as of a fill.
    """

    contract: str
    amount: Fraction
    price: Fraction
    asset: str
    kind: Kind
    settle: str
    settle_price: Fraction | None = None
    account: str | None = None


@frozen
class Void:
    """Another entry, by its id, as if it had never happened, and why."""

    voids: str
    reason: str


Event = Fill | Funding | Transfer | Spot | HedgeAsked | Void | Stated | Difference | Ordered
EVENTS: Mapping[EntryType, type[Event]] = {
    EntryType.FILL: Fill,
    EntryType.FUNDING: Funding,
    EntryType.TRANSFER: Transfer,
    EntryType.SPOT: Spot,
    EntryType.HEDGE: HedgeAsked,
    EntryType.VOID: Void,
    EntryType.STATEMENT: Stated,
    EntryType.DIFFERENCE: Difference,
    EntryType.ORDERS: Ordered,
}
_TYPES = {event: entry_type for entry_type, event in EVENTS.items()}


@frozen
class Draft:
    """An event to be recorded. ``id``: the exchange's or the plan's, None to be given one. ``plan``: its digest."""

    event: Event
    time: datetime
    id: str | None = None
    plan: str | None = None

    @property
    def type(self) -> EntryType:
        """What the draft is about."""
        return _TYPES[type(self.event)]


@frozen
class Entry:
    """An event as the journal holds it.

    ``hash``: SHA-256 over its contents and ``previous``, the hash of the entry before (None for the first).
    ``voided_by``: the id of the entry that voids it.
    """

    seq: int
    id: str
    time: datetime
    event: Event
    plan: str | None
    previous: str | None
    hash: str
    voided_by: str | None = None

    @property
    def type(self) -> EntryType:
        """What the entry is about."""
        return _TYPES[type(self.event)]


@frozen
class Journal:
    """Every entry in the order of recording; no file and an empty one are the same."""

    entries: tuple[Entry, ...] = ()

    @property
    def seq(self) -> int:
        """The number of the last entry, 0 without any."""
        return self.entries[-1].seq if self.entries else 0

    @property
    def head(self) -> str | None:
        """The hash of the last entry, which stands for all of them."""
        return self.entries[-1].hash if self.entries else None


@frozen
class Realised:
    """What a contract brought so far. Coins are ``currency``, the settlement coin; fees positive: paid.

    Dollars are of their own time: coins of a fill at the index of then, or its own price where that is not known; of
    funding at the price beside it; of a linear contract at its settlement currency's. ``net = usd - fees + funding``.
    """

    contract: str
    coin: Fraction
    usd: Fraction
    fees_coin: Fraction
    funding_coin: Fraction
    currency: str
    fees_usd: Fraction
    funding_usd: Fraction
    net_usd: Fraction


@frozen
class RealisedUsd:
    """The same over all contracts, in dollars."""

    usd: Fraction
    fees_usd: Fraction
    funding_usd: Fraction
    net_usd: Fraction


@frozen
class Episode:
    """What a contract brought from flat to flat, in ``currency``, its settlement coin, and in dollars of their time.

    ``number``: from 1 on each contract. ``since``: None where a statement begins it, at a time that nothing tells;
    ``until``: None while it is open. ``contracts``: the most that were open. ``price``: the PnL realised by the index's
    move, and ``basis`` by the move of the futures beside it: None where an index is not known, then all is in
    ``price``. Fees positive: paid. ``net = price + basis - fees + funding``, in coin and in dollars; over the episodes
    of a contract each of them adds up to what is realised.
    """

    contract: str
    number: int
    since: datetime | None
    until: datetime | None
    contracts: Fraction
    currency: str
    price_coin: Fraction
    basis_coin: Fraction | None
    fees_coin: Fraction
    funding_coin: Fraction
    net_coin: Fraction
    price_usd: Fraction
    basis_usd: Fraction | None
    fees_usd: Fraction
    funding_usd: Fraction
    net_usd: Fraction


@frozen
class Carried:
    """Fees paid and funding received for what is open on a contract, in its coin; not yet told with what was closed."""

    contract: str
    fees_coin: Fraction
    funding_coin: Fraction

    def share(self, closed: Fraction) -> "Carried":
        """What a share of the position takes of it when it is closed; all of it with the last."""
        return self if closed == 1 else Carried(
            self.contract, down(self.fees_coin * closed, COIN_STEP), down(self.funding_coin * closed, COIN_STEP)
        )  # fmt: skip


@frozen
class OpenPosition:
    """A position that is open now. ``entry_price``: None where the purposes cancel out and the exchange shows none."""

    contract: str
    contracts: Fraction
    contracts_hedge: Fraction
    contracts_rebalance: Fraction
    entry_price: Fraction | None
    isolated_margin: Fraction | None


@frozen
class Effect:
    """How a hedge did while it was open: both PnLs in USD, each move of the price at the price where it ends.

    ``spot_pnl_usd``: of the coins held meanwhile, each for as long as it was. ``effectiveness``: what share of it the
    hedge gave back, ``-hedge_pnl_usd / spot_pnl_usd``; None where the coins neither gained nor lost. ``since`` and
    ``since_price``: the fill that the first stretch begins with; ``since`` None for a hedge of the statement, which
    begins at its entry price, at a time that nothing tells.
    """

    asset: str
    hedge_pnl_usd: Fraction
    spot_pnl_usd: Fraction
    effectiveness: Fraction | None
    since: datetime | None = None
    since_price: Fraction | None = None


@frozen
class EntryLine:
    """An entry as one row: the fields of every type, those that are not of its own None, under one order of keys."""

    seq: int
    id: str
    time: datetime
    type: EntryType
    contract: str | None
    contracts: Fraction | None
    price: Fraction | None
    fee: Fraction | None
    parts: tuple[FillPart, ...]
    margin_mode: MarginMode | None
    asset: str | None
    kind: Kind | None
    multiplier: Fraction | None
    settle: str | None
    expiry: datetime | None
    contracts_before: Fraction | None
    entry_before: Fraction | None
    index_price: Fraction | None
    amount: Fraction | None
    quantity: Fraction | None
    fraction: Fraction | None
    until: datetime | None
    voids: str | None
    reason: str | None
    holdings: tuple[Coins, ...]
    wallets: tuple[Coins, ...]
    positions: tuple[Stood, ...]
    prices: tuple[Price, ...]
    marks: tuple[Price, ...]
    statement: str | None
    shifts: tuple[Shift, ...]
    usd: Fraction | None
    plan: str | None
    previous: str | None
    hash: str
    voided_by: str | None
    settle_price: Fraction | None = None
    account: str | None = None
    orders: tuple[OrderedPart, ...] = ()
    other_account: str | None = None


@frozen
class EarnedLine:
    """What the entries shown have brought up to one of them, net of fees and funding, in dollars of their times."""

    seq: int
    time: datetime
    net_usd: Fraction


@frozen
class History:
    """The answer of history: everything the journal holds, what it adds up to, and what is open now.

    ``since``: entries before it are left out, of ``entries`` and ``totals`` alike. ``journal_head``: the last hash,
    which stands for all. ``notes``: what else to know, in sentences. ``path``: what they brought, by their times, those
    alone that brought something. ``market_as_of``: of the prices that value open hedges, None where nothing dates them.
    """

    schema: str
    name: str
    as_of: datetime | None
    currency: str
    since: datetime | None
    journal_seq: int
    journal_head: str | None
    entries: tuple[EntryLine, ...]
    totals: tuple[Realised, ...]
    total: RealisedUsd
    positions: tuple[OpenPosition, ...]
    effects: tuple[Effect, ...]
    notes: tuple[str, ...] = ()
    episodes: tuple[Episode, ...] = ()
    path: tuple[EarnedLine, ...] = ()
    market_as_of: datetime | None = None
