"""A wallet along a path of prices: whether it comes through, what it misses, and where on the way it ends.

On a path every coin's price moves in a straight line from today's to its own shock, all of them arriving together, and
marks keep their ratio to the index. A wallet of one coin is judged in ``y`` as ever. In a wallet of several coins'
linear contracts each mark has a factor of its own, ``k = 1 + x·s`` a share ``s`` of the way; put in terms of
``u = 1 + s`` its pieces stay pieces, so the first end between 1 and 2 is found in closed form here too.

Curves are worked out once and walked often: their coefficients are whole numbers over one scale, the shocks of a path
over another, and a fraction is made of what comes out only.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.market.margin import Factors, Held, is_inverse, liquidation
from rebal.market.piecewise import Piece, first_above_one, merged, most_needed

_ARRIVED = Fraction(2)
Rational = int | Fraction


class Moves:
    """The shocks of one path by asset, fractions above -1: ``steps`` over ``scale``."""

    __slots__ = ("scale", "shocks", "steps")

    def __init__(self, shocks: Mapping[str, Fraction]) -> None:
        self.shocks = shocks
        self.scale = lcm(*(shock.denominator for shock in shocks.values()))
        self.steps = {asset: shock.numerator * (self.scale // shock.denominator) for asset, shock in shocks.items()}


class Passage(NamedTuple):
    """A wallet on one path, in its settlement coin.

    ``margin_balance``, ``maintenance_margin`` and their ratio (None where no margin balance is left): at the end of the
    path. ``short``: what its balance lacks to cover maintenance all the way; what is covered exactly comes through;
    ``ends_at``: the share of the way at which it is liquidated. Both None where it comes through.
    """

    margin_balance: Fraction
    maintenance_margin: Fraction
    margin_ratio: Fraction | None
    short: Fraction | None
    ends_at: Fraction | None


class Curve:
    """A wallet's margin as its marks move, for any number of paths.

    ``balance``: ``W``, without unrealised PnL. ``held``: at least one position. ``short_now``: what the balance lacks
    before anything moves, below nothing where it has some to spare.
    """

    def __init__(self, balance: Fraction, held: Sequence[Held]) -> None:
        parts = [(position.contract.asset, position.loss, position.maintenance) for position in held]
        pieces = merged([(line, own) for _, line, own in parts])
        line = Piece(None, total(line.constant for _, line, _ in parts), total(line.linear for _, line, _ in parts))
        self.balance = balance
        self._inverse = is_inverse(held)
        self._ends: Factors = liquidation(balance, held)
        self._worst = _worst(pieces)
        # what today's price only just covers is due already; anywhere else it comes through
        self._due = self._ends.below == ONE
        self._fatal = [self._too_much(worst - balance) for worst in self._worst]
        self._scale = _scale(balance, [line, *pieces, *(each for _, line, own in parts for each in (line, *own))])
        self._whole = int(balance * self._scale)
        self._pieces = _Whole(pieces, self._scale)
        self._line = _Whole([line], self._scale)
        self.short_now = pieces[self._pieces.home].at(ONE) - balance
        self._parts = [
            (asset, line, own, _Whole([line], self._scale), _Whole(own, self._scale)) for asset, line, own in parts
        ]

    def along(self, moves: Moves) -> Passage:
        """Walk one path."""
        first, *others = (moves.steps[asset] for asset, *_ in self._parts)
        return self._together(first, moves) if others.count(first) == len(others) else self._apart(moves)

    def _together(self, step: int, moves: Moves) -> Passage:
        top, bottom = moves.scale + step, moves.scale
        if self._inverse:
            top, bottom = bottom, top
        n = self._pieces.index(top, bottom)
        need = self._pieces.at(n, top, bottom)
        lost = self._line.at(0, top, bottom)
        if not (self._fatal[n] or self._too_much(need - self._whole * bottom)):
            return self._passage(need - lost, lost, bottom=bottom)
        short = max(self._worst[n], Fraction(need, self._scale * bottom)) - self.balance
        return self._passage(
            need - lost, lost, bottom=bottom, short=short, ends_at=self._share(Fraction(step, moves.scale))
        )

    def _too_much(self, excess: Rational) -> bool:
        return excess >= 0 if self._due else excess > 0

    def _share(self, shock: Fraction) -> Fraction:
        end = self._ends.below if shock < 0 else self._ends.above
        if not shock or end is None:
            return ONE if shock else ZERO
        # An irrational end is known to 2^-256 only, and may seem to lie just past the shock that reaches it.
        return min(ONE, (end - ONE) / shock)

    def _apart(self, moves: Moves) -> Passage:
        bottom, straight = moves.scale, True
        maintenance: Rational = 0
        lost: Rational = 0
        reached: list[int] = []
        for asset, _, _, line, own in self._parts:
            top = bottom + moves.steps[asset]
            n = own.index(top, bottom)
            reached.append(n)
            maintenance += own.at(n, top, bottom)
            lost += line.at(0, top, bottom)
            straight = straight and (own.bends_up or n == own.home)
        most = max(self._worst[self._pieces.home], Fraction(maintenance + lost, self._scale * bottom))
        if straight and not self._too_much(most - self.balance):
            return self._passage(maintenance, lost, bottom=bottom)
        pieces = self._turned(moves, reached)
        if not straight:
            most = most_needed(pieces, ONE, _ARRIVED)
        if not self._too_much(most - self.balance):
            return self._passage(maintenance, lost, bottom=bottom)
        return self._passage(maintenance, lost, bottom=bottom, short=most - self.balance, ends_at=self._first(pieces))

    def _turned(self, moves: Moves, reached: Sequence[int]) -> list[Piece]:
        turned: list[tuple[Piece, list[Piece]]] = []
        for (asset, line, pieces, _, own), n in zip(self._parts, reached, strict=True):
            shock = moves.shocks[asset]
            way = pieces[own.home : n + 1] if n >= own.home else pieces[n : own.home + 1]
            turned.append((_in_u(line, shock), _turned(way, shock)))
        return merged(turned)

    def _first(self, pieces: Sequence[Piece]) -> Fraction:
        end = first_above_one(pieces, self.balance)
        return ONE if end is None else min(ONE, end - ONE)

    def _passage(
        self,
        maintenance: Rational,
        lost: Rational,
        *,
        bottom: int,
        short: Fraction | None = None,
        ends_at: Fraction | None = None,
    ) -> Passage:
        scale, margin = self._scale * bottom, self._whole * bottom - lost
        ratio = Fraction(maintenance, margin) if margin > 0 else None
        return Passage(Fraction(margin, scale), Fraction(maintenance, scale), ratio, short, ends_at)


class _Whole:
    """Pieces in whole numbers, for ``y = top/bottom``.

    ``home``: the piece that holds today's y. ``bends_up``: there is no jump and no turn downwards, so that over any
    stretch an end is the largest.
    """

    __slots__ = ("bends_up", "bounds", "grain", "home", "pieces")

    def __init__(self, pieces: Sequence[Piece], scale: int) -> None:
        figures = [(piece.constant, piece.linear, piece.quadratic) for piece in pieces]
        self.pieces = [(int(a * scale), int(b * scale), int(c * scale)) for a, b, c in figures]
        bounds = [piece.until for piece in pieces if piece.until is not None]
        self.grain = lcm(*(bound.denominator for bound in bounds))
        self.bounds = [int(bound * self.grain) for bound in bounds]
        self.home = self.index(1, 1)
        self.bends_up = all(_bends_up(before, after) for before, after in pairwise(pieces))

    def index(self, top: int, bottom: int) -> int:
        """The piece that holds y."""
        return bisect_left(self.bounds, -(-top * self.grain // bottom))

    def at(self, n: int, top: int, bottom: int) -> Rational:
        """The value of a piece at y, over the scale and ``bottom``."""
        constant, linear, quadratic = self.pieces[n]
        straight = constant * bottom + linear * top
        return straight + Fraction(quadratic * top * top, bottom) if quadratic else straight


def _bends_up(before: Piece, after: Piece) -> bool:
    bound = before.until
    return bound is not None and before.at(bound) == after.at(bound) and before.linear <= after.linear


def _worst(pieces: Sequence[Piece]) -> list[Fraction]:
    """For each piece, the most that is needed between today's y and the end at which the piece is entered."""
    home = next(n for n, piece in enumerate(pieces) if piece.until is None or piece.until >= ONE)
    worst = [pieces[home].at(ONE)] * len(pieces)
    for n in range(home + 1, len(pieces)):
        bound = pieces[n - 1].until or ZERO
        worst[n] = max(worst[n - 1], pieces[n - 1].at(bound), pieces[n].at(bound))
    for n in range(home - 1, -1, -1):
        bound = pieces[n].until or ZERO
        worst[n] = max(worst[n + 1], pieces[n + 1].at(bound), pieces[n].at(bound))
    return worst


def _scale(balance: Fraction, pieces: Iterable[Piece]) -> int:
    """What makes every coefficient a whole number."""
    figures = [figure for piece in pieces for figure in (piece.constant, piece.linear, piece.quadratic)]
    return lcm(balance.denominator, *(figure.denominator for figure in figures))


def _in_u(piece: Piece, shock: Fraction, until: Fraction | None = None) -> Piece:
    """A piece with ``y = (1 - x) + x·u`` put in for y."""
    start, a, b = ONE - shock, piece.linear, piece.quadratic
    return Piece(until, piece.constant + start * (a + start * b), shock * (a + 2 * start * b), shock * shock * b)


def _turned(way: Sequence[Piece], shock: Fraction) -> list[Piece]:
    """The pieces over y that a path leads through, as pieces over u, which runs against y where the price falls."""
    bounds = [ONE + (piece.until - ONE) / shock for piece in way[:-1] if piece.until is not None]
    if shock > 0:
        return [_in_u(piece, shock, until) for piece, until in zip(way, (*bounds, None), strict=True)]
    return [_in_u(piece, shock, until) for piece, until in zip(reversed(way), (*reversed(bounds), None), strict=True)]
