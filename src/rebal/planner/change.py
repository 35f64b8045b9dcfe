"""Making change in lots: one lot more of a coarse contract and so much less of finer ones, to leave less than a lot."""

from collections.abc import Sequence
from dataclasses import replace

from rebal.amounts import ZERO, Fraction
from rebal.frozen import frozen

MOST_MORE = 12
"""Lots that a coarse contract may take more than it would, for what stays of a finer one to be an order."""


@frozen
class Stack:
    """Lots of one contract that are traded: ``lot_usd`` each, at most so many, an order of at least so many or none."""

    lot_usd: Fraction
    lots: int
    most: int
    least: int


def changed(stacks: Sequence[Stack], left_usd: Fraction) -> tuple[Stack, ...]:
    """The stacks with less than a lot of the finest of them left over, where that can be; else as they are.

    ``left_usd``: what they leave now. The last coarse one takes a lot more, or a few, and finer ones give back the
    difference, coarse lots before fine ones; what the finest gives back is rounded up, so that nothing is traded too
    much. Of what was to be traded whole no less stays than an order of its own.
    """
    finest = min((each.lot_usd for each in stacks if each.lots), default=ZERO)
    if left_usd < finest:
        return tuple(stacks)
    for n, each in reversed(list(enumerate(stacks))):
        for more in range(1, min(each.most - each.lots, MOST_MORE) + 1) if each.lot_usd > left_usd else ():
            found = _given_back(stacks, more * each.lot_usd - left_usd, less_than=each.lot_usd)
            if found is not None and found[1] < finest:
                found[0][n] = replace(each, lots=each.lots + more)
                return tuple(found[0])
    return tuple(stacks)


def is_scrap(stack: Stack, lots: int) -> bool:
    """Whether trading other than all of a stack would leave less of it than an order of its own."""
    return stack.lots == stack.most and 0 < stack.most - lots < stack.least


def _given_back(
    stacks: Sequence[Stack], dollars: Fraction, *, less_than: Fraction
) -> tuple[list[Stack], Fraction] | None:
    """The stacks less so many dollars of lots below a size, and what that is too much; None where there are too few."""
    order = sorted((n for n, each in enumerate(stacks) if each.lot_usd < less_than), key=lambda n: -stacks[n].lot_usd)
    back: dict[int, int] = {}
    still = dollars
    for n in order:
        back[n] = min(stacks[n].lots, int(still / stacks[n].lot_usd))
        still -= back[n] * stacks[n].lot_usd
    rest = next((n for n in reversed(order) if stacks[n].lots > back[n]), None)
    if still > 0 and rest is not None:
        back[rest] += 1
        still -= stacks[rest].lot_usd
        for n in order:
            # a coarser lot may have been rounded up to: what is finer need not go back then
            kept = min(back[n], int(-still / stacks[n].lot_usd))
            back[n] -= kept
            still += kept * stacks[n].lot_usd
    made = [replace(each, lots=each.lots - back.get(n, 0)) for n, each in enumerate(stacks)]
    is_too_small = any(
        back.get(n) and (0 < each.lots < each.least or is_scrap(stacks[n], each.lots)) for n, each in enumerate(made)
    )
    return None if still > 0 or is_too_small else (made, -still)
