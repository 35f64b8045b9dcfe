"""How a venue of the catalogue pools coins, as data: the fields and their order are machine output."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.market.pooled import ClosingFee, Counted, Printed
from rebal.venues._pooling import Pooling


@frozen
class PoolingLine:
    """How a venue judges a pooled account, and whether an account opened today is one.

    ``liquidated_at``: credit over maintenance margin at which it is liquidated. ``closing_fee``: the fee of closing
    that counts as maintenance, ``fee_in_initial``: whether it does as initial margin too. ``printed``: share, how much
    of its credit is required, cut to four decimals, or multiple, credit over what is required.
    """

    mode: str
    new_account: bool
    liquidated_at: Fraction
    closing_fee: ClosingFee
    fee_in_initial: bool
    printed: Printed
    source: str


@frozen
class CollateralLine:
    """What a part of a coin counts in a pooled account, ``*`` any other coin: up to so much of it (None: without end).

    ``counted``: what ``up_to`` counts; beyond the last part of a coin nothing counts. ``status``: recorded, doc,
    second-hand or assumed, by us or by the source itself; ``date``: of the source, None where it gives none;
    ``source``: None where nobody was seen to publish it.
    """

    coin: str
    counted: Counted
    up_to: Fraction | None
    ratio: Fraction
    status: str
    date: str | None
    source: str | None


def pooling_line(pooling: Pooling) -> PoolingLine:
    """How a venue judges."""
    rules = pooling.rules
    return PoolingLine(
        mode=pooling.mode,
        new_account=pooling.new_account,
        liquidated_at=rules.level,
        closing_fee=rules.fee,
        fee_in_initial=rules.fee_in_initial,
        printed=rules.printed,
        source=pooling.source,
    )


def collateral_lines(pooling: Pooling) -> Iterator[CollateralLine]:
    """A row a part of each coin, in the order of the catalogue."""
    for coin, each in pooling.counting.items():
        date, source = (None if said == "-" else said for said in (each.date, each.source))
        for part in each.collateral.slices:
            counted = each.collateral.counted
            yield CollateralLine(coin, counted, part.up_to, part.ratio, each.status, date, source)
