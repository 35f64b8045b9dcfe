"""What reconcile says, as data: the account at the exchange beside statement and journal.

The field names and their order are its JSON. ``difference`` is always the exchange's figure less ours.
"""

from datetime import datetime
from enum import StrEnum

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.frozen import frozen
from rebal.plan import Inputs, Side

SCHEMA = "rebal/reconcile/1"


class Verdict(StrEnum):
    """Whether both are the same, differ, or a position is open that nobody recorded."""

    EQUAL = "equal"
    DIFFERS = "differs"
    UNRECORDED = "unrecorded"


class Place(StrEnum):
    """Where coins lie: in the futures account, or in the spot account of the same exchange."""

    FUTURES = "futures"
    SPOT = "spot"


class Where(StrEnum):
    """Where a position is open: in both, in the book alone, or at the exchange alone."""

    BOTH = "both"
    BOOK = "book"
    EXCHANGE = "exchange"


@frozen
class CoinsLine:
    """Coins of one kind. ``coins``: by the book, of the spot account all that is held outside the futures account.

    ``tolerance``: what they may differ by and still agree. In the spot account only more than that is a difference,
    since coins may lie elsewhere too. ``account``: None for the spot accounts of several together.
    """

    asset: str
    place: Place
    coins: Fraction
    coins_exchange: Fraction
    difference: Fraction
    tolerance: Fraction
    agrees: bool
    account: str | None = None


@frozen
class PositionPair:
    """A position by the book and by the exchange; None is what is not there, or not told.

    It agrees where contracts, entry price, margin mode, isolated margin and a leverage that the file gives do. Of the
    liquidation prices the difference is said alone: an exchange rounds its own, or tells that of a whole account.
    ``liquidation_estimate``: of a pooled account, which has no one price, what its exchange prints by our reckoning, an
    estimate with all else held; then the difference is to that.
    """

    contract: str
    where: Where
    agrees: bool
    contracts: Fraction
    contracts_exchange: Fraction
    difference: Fraction
    entry_price: Fraction | None
    entry_price_exchange: Fraction | None
    margin_mode: MarginMode | None
    margin_mode_exchange: MarginMode | None
    isolated_margin: Fraction | None
    isolated_margin_exchange: Fraction | None
    leverage: Fraction | None
    leverage_exchange: Fraction | None
    liquidation_price: Fraction | None
    liquidation_price_exchange: Fraction | None
    liquidation_difference: Fraction | None
    account: str | None = None
    liquidation_estimate: Fraction | None = None


@frozen
class OrderLine:
    """An order that waits at the exchange; it changes nothing until it fills. ``client_id``: its sender's, if any."""

    id: str
    client_id: str | None
    contract: str
    side: Side
    contracts: Fraction
    price: Fraction | None
    reduce_only: bool
    account: str | None = None


@frozen
class AccountVerdict:
    """How one account stands beside its part of the book; the spot accounts count in the verdict over all alone.

    ``margin_mode``: by the file, and by the exchange, None where it does not tell; that they differ is a note.
    """

    account: str | None
    venue: str | None
    verdict: Verdict
    margin_mode: MarginMode | None = None
    margin_mode_exchange: MarginMode | None = None


@frozen
class Reconciliation:
    """The accounts beside the book. ``verdict``: the worst of all; ``summary``: all of it in one line."""

    schema: str
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    inputs: Inputs
    verdict: Verdict
    coins: tuple[CoinsLine, ...]
    positions: tuple[PositionPair, ...]
    orders: tuple[OrderLine, ...]
    notes: tuple[str, ...]
    summary: str
    verdicts: tuple[AccountVerdict, ...] = ()
