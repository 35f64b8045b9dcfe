"""What a record says, as data: the entries it added and what they changed; the field names are the machine output."""

from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.ledger import EntryLine

RECORD_SCHEMA = "rebal/record/1"


@frozen
class PositionChange:
    """A position before and after a record, in contracts; entry prices None where nothing is open."""

    contract: str
    contracts_before: Fraction
    contracts_after: Fraction
    entry_price_before: Fraction | None
    entry_price_after: Fraction | None


@frozen
class CoinChange:
    """Coins of one kind before and after a record: owned, and in the futures account."""

    asset: str
    holding_before: Fraction
    holding_after: Fraction
    wallet_before: Fraction
    wallet_after: Fraction


@frozen
class Recorded:
    """What a record added, or would add where ``dry_run``.

    ``repeated``: ids that were in the journal already. ``notes``: what was assumed or left out, in sentences.
    ``differences``: what the accounts at the exchange still have otherwise, a phrase each; None where none was asked.
    """

    schema: str
    journal: str
    dry_run: bool
    entries: tuple[EntryLine, ...]
    repeated: tuple[str, ...]
    positions: tuple[PositionChange, ...]
    coins: tuple[CoinChange, ...]
    notes: tuple[str, ...]
    differences: tuple[str, ...] | None = None
