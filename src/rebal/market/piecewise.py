"""What a wallet needs at each y, in pieces: how they add up, and where they first reach a balance."""

from collections.abc import Sequence
from itertools import pairwise
from math import isqrt
from typing import NamedTuple

from rebal.amounts import ONE, ZERO, Fraction, total

_SQRT_BITS = 256


class Piece(NamedTuple):
    """``constant + linear·y + quadratic·y²`` for y up to and including ``until`` (None: without end)."""

    until: Fraction | None
    constant: Fraction
    linear: Fraction
    quadratic: Fraction = ZERO

    def at(self, y: Fraction) -> Fraction:
        """The value at y."""
        return (
            self.constant + y * (self.linear + y * self.quadratic)
            if self.quadratic
            else (self.constant + y * self.linear)
        )

    @property
    def today(self) -> Fraction:
        """The value at one, where prices are what they are."""
        straight = self.constant + self.linear
        return straight + self.quadratic if self.quadratic else straight

    def roots(self, level: Fraction) -> tuple[Fraction, ...]:
        """Where it has this value, in ascending order, were it without end either way."""
        a, b, c = self.quadratic, self.linear, self.constant - level
        if a == 0:
            return (-c / b,) if b else ()
        inside = b * b - 4 * a * c
        if inside < 0:
            return ()
        root = _sqrt(inside)
        return tuple(sorted({(-b - root) / (2 * a), (-b + root) / (2 * a)}))


def merged(parts: Sequence[tuple[Piece, Sequence[Piece]]]) -> list[Piece]:
    """``W`` needed at each y, from each position's loss and maintenance, as pieces of all together over y > 0."""
    if len(parts) == 1:
        ((line, pieces),) = parts
        return [
            Piece(each.until, line.constant + each.constant, line.linear + each.linear, each.quadratic)
            for each in pieces
        ]
    constant, linear = total(line.constant for line, _ in parts), total(line.linear for line, _ in parts)
    quadratic = ZERO
    changes: dict[Fraction, list[tuple[Piece, Piece]]] = {}
    for _, pieces in parts:
        constant += pieces[0].constant
        linear += pieces[0].linear
        quadratic += pieces[0].quadratic
        for before, after in pairwise(pieces):
            assert before.until is not None
            changes.setdefault(before.until, []).append((before, after))
    joined: list[Piece] = []
    for until in sorted(changes):
        joined.append(Piece(until, constant, linear, quadratic))
        for before, after in changes[until]:
            constant += after.constant - before.constant
            linear += after.linear - before.linear
            quadratic += after.quadratic - before.quadratic
    return [*joined, Piece(None, constant, linear, quadratic)]


def piece_at(pieces: Sequence[Piece], y: Fraction) -> Piece:
    """The piece that holds a y; the last one has no end."""
    for piece in pieces:
        if piece.until is None or y <= piece.until:
            return piece
    return pieces[-1]


def is_line(pieces: Sequence[Piece]) -> bool:
    """Whether they are one straight line without end."""
    return len(pieces) == 1 and not pieces[0].quadratic


def most_needed(pieces: Sequence[Piece], first: Fraction, last: Fraction) -> Fraction:
    """The largest value between two y, ends included, of pieces that are straight or bend upwards."""
    if is_line(pieces):
        return pieces[0].at(last if pieces[0].linear > 0 else first)
    needs: list[Fraction] = []
    start = first
    for piece in pieces:
        end = last if piece.until is None or piece.until >= last else piece.until
        if end >= start:
            if piece.quadratic:
                needs += [piece.at(start), piece.at(end)]
            else:
                needs.append(piece.at(end if piece.linear > 0 else start))
            start = end
        if end is last:
            break
    return max(needs)


def ends_of_line(line: Piece, balance: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """The first y above one and the first below at which one straight piece reaches a balance it is below at one."""
    if not line.linear:
        return None, None
    root = (balance - line.constant) / line.linear
    return (root, None) if line.linear > 0 else (None, root if root > 0 else None)


def first_above_one(pieces: Sequence[Piece], balance: Fraction) -> Fraction | None:
    """The first y from 1 upwards at which the need reaches a balance; None where it never does."""
    start = ONE
    for piece in pieces:
        if piece.until is not None and piece.until <= ONE:
            continue
        need = piece.at(start)
        # Beyond a jump the first y is not in the piece: a need that is the balance there, and falls, never reaches it.
        if need > balance or (need == balance and piece.linear + 2 * piece.quadratic * start >= 0):
            return start
        for root in piece.roots(balance):
            if root > start and (piece.until is None or root <= piece.until):
                return root
        start = piece.until if piece.until is not None else start
    return None


def first_below_one(pieces: Sequence[Piece], balance: Fraction) -> Fraction | None:
    """The first y from 1 down to 0 at which the need reaches a balance; None where it never does."""
    for n in range(len(pieces) - 1, -1, -1):
        piece, floor = pieces[n], (pieces[n - 1].until if n else ZERO) or ZERO
        if floor >= ONE:
            continue
        ceiling = ONE if piece.until is None else min(ONE, piece.until)
        if ceiling < ONE and piece.at(ceiling) >= balance:
            return ceiling
        for root in reversed(piece.roots(balance)):
            if floor < root < ceiling:
                return root
    return None


def _sqrt(value: Fraction) -> Fraction:
    """Square root to 2^-256, from below; exact where the root is rational and that short."""
    scale = 1 << _SQRT_BITS
    return Fraction(isqrt(value.numerator * value.denominator * scale * scale), value.denominator * scale)
