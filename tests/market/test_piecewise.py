"""Pieces of a need over y, each crossing held against a search through every point at which anything can happen."""

from collections.abc import Iterator, Sequence
from itertools import cycle, product

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.piecewise import Piece, ends_of_line, first_above_one, first_below_one, merged, most_needed, piece_at

BALANCE = Fraction(2)
HAIR = Fraction(1, 10**6)
"""Nearer to each other than this nothing happens."""


def line(slope: str, root: str) -> Piece:
    """A straight need that is the balance at its root."""
    return Piece(None, BALANCE - exact(slope) * exact(root), exact(slope))


def bowl(steep: str, first: str, second: str) -> Piece:
    """A need that is the balance at two roots, and bends upwards between them."""
    a, low, high = exact(steep), exact(first), exact(second)
    return Piece(None, BALANCE + a * low * high, -a * (low + high), a)


FLAT = tuple(Piece(None, BALANCE + level, ZERO) for level in (-ONE, ZERO, ONE))
LINES = tuple(line(*each) for each in (("1", "1.25"), ("-2", "0.75"), ("3", "0.5"), ("-0.5", "1.5"), ("1", "2")))
BOWLS = tuple(
    bowl(*each)
    for each in (
        ("1", "0.75", "1.25"),
        ("4", "0.25", "1.5"),
        ("2", "1.25", "1.25"),
        ("3", "0.5", "0.5"),
        ("1", "-1", "2"),
    )
)
SHAPES = (*FLAT, *LINES, *BOWLS)
BOUNDS = tuple(map(exact, ("0.5", "0.75", "1", "1.25", "1.5")))


def joined(pieces: Sequence[Piece], bounds: Sequence[Fraction]) -> list[Piece]:
    return [each._replace(until=end) for each, end in zip(pieces, (*bounds, None), strict=True)]


def needs() -> Iterator[list[Piece]]:
    """One piece, two pieces that meet or jump at each bound, and three of those that differ most."""
    yield from ([each] for each in SHAPES)
    for bound in BOUNDS:
        yield from (joined(each, (bound,)) for each in product(SHAPES, SHAPES))
    few = (FLAT[0], FLAT[1], LINES[0], LINES[1], BOWLS[0], BOWLS[2])
    for ends in ((BOUNDS[0], BOUNDS[1]), (BOUNDS[1], BOUNDS[3]), (BOUNDS[2], BOUNDS[4]), (BOUNDS[3], BOUNDS[4])):
        yield from (joined(each, ends) for each in product(few, few, few))


def need(pieces: Sequence[Piece], y: Fraction) -> Fraction:
    """By definition: of the first piece that does not end before y."""
    holding = next(each for each in pieces if each.until is None or y <= each.until)
    return holding.constant + holding.linear * y + holding.quadratic * y * y


QUARTERS = [Fraction(n, 4) for n in range(1, 9)]
"""Every root and every bound is one of them."""


def reached(pieces: Sequence[Piece], *, upward: bool) -> Fraction | None:
    """The first y from one at which, or right beyond which, the balance is needed."""
    for y in QUARTERS if upward else reversed(QUARTERS):
        if (y < ONE) if upward else (y > ONE):
            continue
        beyond = y + HAIR if upward else y - HAIR
        if need(pieces, y) >= BALANCE or need(pieces, beyond) >= BALANCE:
            return y
    return None


def test_a_balance_is_reached_where_a_search_first_finds_it_needed() -> None:
    for pieces in needs():
        if need(pieces, ONE) >= BALANCE:
            continue
        assert first_above_one(pieces, BALANCE) == reached(pieces, upward=True)
        assert first_below_one(pieces, BALANCE) == reached(pieces, upward=False)


def test_a_line_ends_where_a_piece_alone_does() -> None:
    for each in (*FLAT, *LINES):
        if each.today < BALANCE:
            above, below = ends_of_line(each, BALANCE)
            assert (above, below) == (first_above_one([each], BALANCE), first_below_one([each], BALANCE))
    # what would be needed at no price, or beyond all of them, is needed nowhere
    assert ends_of_line(line("-1", "0"), BALANCE) == ends_of_line(line("-1", "-2"), BALANCE) == (None, None)


RANGES = [("0.5", "1.25"), ("1", "1"), ("0.75", "2"), ("1.25", "1.5"), ("0.25", "1"), ("0.5", "0.75"), ("0.6", "1.4")]


def test_the_most_that_is_needed_is_at_an_end_or_beside_a_bound() -> None:
    for pieces, (first, last) in zip(needs(), cycle(RANGES), strict=False):
        low, high = exact(first), exact(last)
        found = most_needed(pieces, low, high)
        there = [low + (high - low) * n / 12 for n in range(13)]
        there += [each.until for each in pieces if each.until is not None and low <= each.until <= high]
        beside = [each + HAIR for each in there if each < high]
        assert found >= max(need(pieces, y) for y in (*there, *beside))
        assert any(abs(need(pieces, y) - found) <= 100 * HAIR for y in (*there, *beside))


def test_pieces_together_need_what_each_of_them_does() -> None:
    """Two and three positions, of any bounds, those of one and the same bound among them."""
    many = [joined(each, ends) for each in zip(SHAPES, reversed(SHAPES), SHAPES[3:], strict=False)
            for ends in ((BOUNDS[0], BOUNDS[2]), (BOUNDS[2], BOUNDS[4]))]  # fmt: skip
    parts = [(losing._replace(quadratic=ZERO), pieces) for losing, pieces in zip(SHAPES * 2, many, strict=False)]
    for held in (
        *([each] for each in parts),
        *zip(parts, parts[5:], strict=False),
        *zip(parts, parts[3:], parts[7:], strict=False),
    ):
        together = merged(held)
        bounds = [each.until for each in together]
        assert bounds[:-1] == sorted({each.until for _, pieces in held for each in pieces[:-1] if each.until})
        assert bounds[-1] is None
        for y in (*QUARTERS, *(each + HAIR for each in QUARTERS)):
            asked = sum((losing.constant + losing.linear * y + need(pieces, y) for losing, pieces in held), ZERO)
            assert piece_at(together, y).at(y) == need(together, y) == asked
        assert piece_at(together, ONE).today == piece_at(together, ONE).at(ONE)


def test_beyond_the_last_bound_the_last_piece_goes_on() -> None:
    ends = [Piece(ONE, ZERO, ONE), Piece(Fraction(2), ONE, ZERO), Piece(Fraction(3), BALANCE, ZERO)]
    assert [piece_at(ends, Fraction(y)) for y in (1, 2, 3, 4, 100)] == [ends[0], ends[1], *[ends[2]] * 3]
