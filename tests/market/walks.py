"""Paths of prices a step at a time, each step judged by the definitions alone."""

from collections.abc import Iterator, Mapping, Sequence

from rebal.amounts import Fraction
from rebal.market.margin import Held

from .definitions import HAIR, at, bounds, maintenance, unrealised

EVEN_STEPS = 40


def shares(held: Sequence[Held], moves: Mapping[str, Fraction]) -> list[Fraction]:
    """Shares of the way: even ones, the ends, and either side of wherever a position crosses one of its bounds."""
    found = {Fraction(step, EVEN_STEPS) for step in range(EVEN_STEPS + 1)}
    for position in held:
        shock = moves[position.contract.asset]
        crossed = [(bound - 1) / shock for bound in bounds([position])] if shock else []
        found.update(share + side for share in crossed for side in (-HAIR, Fraction(0), HAIR))
    return sorted(share for share in found if 0 <= share <= 1)


def spare(balance: Fraction, held: Sequence[Held], moves: Mapping[str, Fraction], share: Fraction) -> Fraction:
    """Margin balance less maintenance margin, a share of the way."""
    moved = [at(position, 1 + moves[position.contract.asset] * share) for position in held]
    return balance + sum((unrealised(position) - maintenance(position) for position in moved), Fraction(0))


def walk(balance: Fraction, held: Sequence[Held], moves: Mapping[str, Fraction]) -> Iterator[tuple[Fraction, Fraction]]:
    """Shares of the way, each with what is to spare there."""
    for share in shares(held, moves):
        yield share, spare(balance, held, moves, share)
