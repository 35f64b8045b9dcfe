"""What status says, as data; the field names and their order are its JSON."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from rebal.account_lines import AccountLine
from rebal.amounts import Fraction
from rebal.errors import Exit
from rebal.findings import Finding, sorted_out, usd
from rebal.frozen import frozen
from rebal.ledger import Realised
from rebal.plan import AssetLine, Costs, HedgeLine, Inputs, PayoffLine, PositionLine, Wallet


class Needs(StrEnum):
    """What the book asks of its owner: nothing, an order to be placed, or a look at once."""

    NOTHING = "nothing"
    ACTION = "action"
    ATTENTION = "attention"

    @property
    def exit_code(self) -> Exit:
        """What ``rebal status`` leaves with."""
        return {Needs.NOTHING: Exit.DONE, Needs.ACTION: Exit.ACTION, Needs.ATTENTION: Exit.BREACH}[self]


@frozen
class Status:
    """The book as it is now, and whether anything needs doing.

    ``summary``: all of it in one line. ``payoff`` and ``costs``: as of a plan that trades nothing.
    """

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
    accounts: tuple[AccountLine, ...] = ()
    payoff: Sequence[PayoffLine] = ()
    costs: Costs | None = None


def summarised(needs: Needs, findings: Sequence[Finding], *, name: str, equity: Fraction) -> str:
    """All of a status in one line: what is needed, of which book, and the gravest of what counts."""
    counted, _ = sorted_out(findings)
    what = f"{counted[0].subject} {counted[0].message}" if counted else "nothing to do"
    more = f" (and {len(counted) - 1} more)" if len(counted) > 1 else ""
    return f"{needs.value}: {name}, {usd(equity)}; {what}{more}"
