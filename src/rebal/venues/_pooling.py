"""How a venue pools the coins of an account: its rules, and what share of each coin's dollars it lends."""

from collections.abc import Mapping
from typing import NamedTuple

from rebal.amounts import ONE, ZERO, Fraction, number
from rebal.frozen import frozen
from rebal.market.pooled import ClosingFee, Collateral, Counted, Printed, Rules, Slice

ASSUMED = "assumed"
ANY_OTHER = "*"
INITIAL_ON_DEBT = MAINTENANCE_ON_DEBT = ZERO
"""Margin rates on borrowed coins: venues have them and print none, so none is counted, and a plan says so."""


class Counting(NamedTuple):
    """How a coin counts at a venue, and how that is known: the day of the source, ``-`` where it gives none.

    ``status``: recorded, doc (the venue's own page), second-hand, or assumed: nobody was seen to publish it, or the
    source itself only assumes it.
    """

    collateral: Collateral
    status: str
    date: str
    source: str


@frozen
class Pooling:
    """A venue's pooled margin. ``counting``: by coin, ``*`` any other; ``mode``: what the venue calls it.

    ``new_account``: whether an account opened today is one; ``source``: of the rules.
    """

    mode: str
    rules: Rules
    new_account: bool
    source: str
    counting: Mapping[str, Counting]

    def of(self, coin: str) -> Counting:
        """How a coin counts."""
        return self.counting.get(coin) or self.counting[ANY_OTHER]


def pooled_rules(fee: ClosingFee, *, printed: Printed, fee_in_initial: bool = False, level: Fraction = ONE) -> Rules:
    """The rules of a venue, with the assumed margin on debts."""
    return Rules(level, fee, fee_in_initial, INITIAL_ON_DEBT, MAINTENANCE_ON_DEBT, printed)


def counting(text: str) -> dict[str, Counting]:
    """Read a table: coin, what the edges count, ``edge:ratio`` slices (``-``: without end), status, date, source."""
    rows = (line.split() for line in text.strip().splitlines()[1:])
    return {
        coin: Counting(Collateral(Counted(counted), tuple(map(_slice, slices.split(",")))), status, date, source)
        for coin, counted, slices, status, date, source in rows
    }


def _slice(text: str) -> Slice:
    edge, ratio = text.split(":")
    return Slice(None if edge == "-" else number(edge), number(ratio))
