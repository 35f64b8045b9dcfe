"""What status says, as data; the field names and their order are its JSON."""

from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from rebal.frozen import frozen
from rebal.ledger import Realised
from rebal.plan import AssetLine, Code, Finding, HedgeLine, Inputs, PositionLine, Wallet

BREACHES = frozenset(
    {Code.ALERT, Code.STALE_PRICES, Code.NEAR_LIQUIDATION, Code.STATEMENT_REPEATS_JOURNAL, Code.STATEMENT_DIFFERS}
)
"""Findings that want a look at once: what is shown may be wrong already, or soon lost."""

ACTIONS = frozenset({Code.DRIFT, Code.HEDGE_OFF, Code.HEDGE_OVERDUE, Code.EXPIRES_SOON})
"""Findings that an order answers."""


class Needs(StrEnum):
    """What the book asks of its owner: nothing, an order to be placed, or a look at once."""

    NOTHING = "nothing"
    ACTION = "action"
    ATTENTION = "attention"


@frozen
class Status:
    """The book as it is now, and whether anything needs doing. ``summary``: all of it in one line."""

    schema: str
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    currency: str
    equity: Fraction
    inputs: Inputs
    assets: tuple[AssetLine, ...]
    wallets: tuple[Wallet, ...]
    positions: tuple[PositionLine, ...]
    hedges: tuple[HedgeLine, ...]
    realised: tuple[Realised, ...]
    findings: tuple[Finding, ...]
    needs: Needs
    summary: str
