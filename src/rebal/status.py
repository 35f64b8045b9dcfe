"""What status says, as data; the field names and their order are its JSON."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from rebal.amounts import Fraction, rounded
from rebal.frozen import frozen
from rebal.ledger import Realised
from rebal.plan import AssetLine, Code, Finding, HedgeLine, Inputs, PositionLine, Severity, Wallet

BREACHES = frozenset(
    {Code.ALERT, Code.STALE_PRICES, Code.NEAR_LIQUIDATION, Code.STATEMENT_REPEATS_JOURNAL, Code.STATEMENT_DIFFERS}
)
"""Findings that want a look at once: what is shown may be wrong already, or soon lost."""

ACTIONS = frozenset({Code.DRIFT, Code.HEDGE_OFF, Code.HEDGE_OVERDUE, Code.EXPIRES_SOON})
"""Findings that an order answers."""


def rank(finding: Finding) -> int:
    """The place of a finding among others, the gravest first."""
    return {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}[finding.severity]


def is_breach(finding: Finding) -> bool:
    """Whether a finding wants a look at once: an error, or a warning that says that something may soon be lost."""
    if finding.severity is Severity.WARNING:
        return finding.code in BREACHES
    return finding.severity is Severity.ERROR


def is_action(finding: Finding) -> bool:
    """Whether a finding is answered by an order, and is no breach."""
    return finding.severity is Severity.WARNING and finding.code in ACTIONS


def sorted_out(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings that make status ask for attention or action, breaches first, and the others."""
    breaches = [each for each in findings if is_breach(each)]
    actions = [each for each in findings if is_action(each)]
    return [*breaches, *actions], [each for each in findings if not is_breach(each) and not is_action(each)]


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


def summarised(needs: Needs, findings: Sequence[Finding], *, name: str, equity: Fraction) -> str:
    """All of a status in one line: what is needed, of which book, and the gravest of what counts."""
    counted, _ = sorted_out(findings)
    what = f"{counted[0].subject} {counted[0].message}" if counted else "nothing to do"
    more = f" (and {len(counted) - 1} more)" if len(counted) > 1 else ""
    return f"{needs.value}: {name}, {rounded(equity, 2)} USD; {what}{more}"
