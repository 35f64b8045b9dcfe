"""Making change in lots: what coarse lots leave is closed with finer ones that were traded before."""

from collections.abc import Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from rebal.amounts import ZERO, Fraction
from rebal.planner.change import Stack, changed


def stack(size: int, lots: int, most: int, least: int = 1) -> Stack:
    return Stack(Fraction(size), lots, most, least)


def lots(stacks: tuple[Stack, ...]) -> list[int]:
    return [each.lots for each in stacks]


def test_the_last_coarse_one_takes_a_lot_more_and_the_finer_give_back_the_difference() -> None:
    """590 and 4,600 of 5,257 leave 67: 4,700 and 550 leave 7."""
    assert lots(changed([stack(10, 59, 59), stack(100, 46, 74)], Fraction(67))) == [55, 47]


def test_what_is_closed_finer_may_be_given_back_in_several_contracts() -> None:
    """68 left of a lot of 100 are 32 to give back: 15 lots of 2, and 2 of the 3 and 4 lots of 1."""
    assert lots(changed([stack(1, 3, 3), stack(2, 15, 15), stack(1, 4, 4), stack(100, 1, 9)], Fraction(68))) == [
        1, 0, 4, 2
    ]  # fmt: skip


def test_what_leaves_less_than_a_lot_of_the_finest_already_stays_as_it_is() -> None:
    """7 are left of lots of 10 and of 100: 100 more and 93 less would leave no less of it. 10 are a lot."""
    assert lots(changed([stack(10, 59, 59), stack(100, 46, 74)], Fraction(7))) == [59, 46]
    assert lots(changed([stack(10, 59, 59), stack(100, 46, 74)], Fraction(10))) == [50, 47]


def test_what_would_still_leave_a_lot_of_the_finest_is_not_given_back() -> None:
    """20 more for the 13 that are left: 7 less are 10 of the two lots of 5, of which the lot of 1 takes back but one.

    Of the 49 in all 46 would be traded, and 3 left that a lot of 1 could have closed, were there more of them.
    """
    for left in (13, 16):
        assert lots(changed([stack(1, 1, 1), stack(5, 3, 3), stack(20, 1, 9)], Fraction(left))) == [1, 3, 1]


def test_a_lot_that_is_no_larger_than_what_is_left_is_none_to_take_more_of() -> None:
    """40 left of lots of 100 and 30: 100 more and 60 less leave none; 30 more are for what is not traded to close."""
    assert lots(changed([stack(10, 0, 5), stack(100, 4, 9), stack(30, 2, 9)], Fraction(40))) == [0, 5, 0]
    assert lots(changed([stack(30, 2, 9)], Fraction(30))) == [2]


def test_no_more_than_a_dozen_coarse_lots_are_taken_for_it() -> None:
    """So many of 100 for as many of 98 leave two less each: 12 or 13 of them leave 5 of 29 or 31, and a lot is 7."""
    for left, after in ((29, [1, 8, 17]), (31, [1, 20, 5])):
        assert lots(changed([stack(7, 1, 1), stack(98, 20, 20), stack(100, 5, 50)], Fraction(left))) == after


def test_where_there_is_too_little_to_give_back_or_a_least_order_would_be_left_nothing_changes() -> None:
    few = [stack(1, 32, 32), stack(100, 1, 9)]
    assert lots(changed(few, Fraction(67))) == [32, 1]
    assert lots(changed([stack(1, 33, 33), stack(100, 1, 9)], Fraction(67))) == [0, 2]
    assert lots(changed([stack(1, 35, 35, 5), stack(100, 1, 9)], Fraction(67))) == [35, 1]
    assert lots(changed([stack(1, 38, 38, 5), stack(100, 1, 9)], Fraction(67))) == [5, 2]
    assert lots(changed([stack(1, 34, 34, 2), stack(100, 1, 9)], Fraction(67))) == [34, 1]
    assert lots(changed([stack(1, 38, 38), stack(100, 9, 9)], Fraction(67))) == [38, 9]
    assert lots(changed([], Fraction(67))) == []


@st.composite
def stacks_and_wanted(draw: st.DrawFn) -> tuple[list[Stack], Fraction]:
    """Stacks filled one after the other with a part of what they hold, whose lots divide each other."""
    sizes = draw(st.lists(st.sampled_from([1, 5, 20]), min_size=1, max_size=4))
    most = [draw(st.integers(0, 12 // size + 3)) for size in sizes]
    left = Fraction(draw(st.integers(0, 8 * sum(n * size for n, size in zip(most, sizes, strict=True)))), 8)
    made = []
    for size, n in zip(sizes, most, strict=True):
        taken = min(n, int(left / size))
        left -= taken * size
        made.append(stack(size, taken, n))
    return made, left


def _worth(stacks: Sequence[Stack]) -> Fraction:
    return sum((each.lot_usd * each.lots for each in stacks), ZERO)


@given(stacks_and_wanted())
def test_less_than_the_finest_lot_is_left_wherever_any_number_of_lots_does_so(
    case: tuple[list[Stack], Fraction],
) -> None:
    """Against every number of lots of each: of contracts that are traded, none is finer than what is left."""
    before, left = case
    after = changed(before, left)
    wanted = _worth(before) + left
    rest = wanted - _worth(after)
    assert ZERO <= rest <= left
    assert all(0 <= each.lots <= each.most for each in after)
    traded = [each.lot_usd for each in before if each.lots]
    if not traded or rest < min(traded):
        return
    ways = product(*(range(each.most + 1) for each in before))
    reached = (wanted - sum((each.lot_usd * n for each, n in zip(before, way, strict=True)), ZERO) for way in ways)
    assert not any(ZERO <= each < min(traded) for each in reached)


def test_what_stays_of_one_that_was_to_go_whole_is_an_order_of_its_own() -> None:
    """8 left of a lot of 10: 2 to give back would stay, less than 10 that make an order, so that it is 12."""
    assert lots(changed([stack(1, 40, 40), stack(10, 9, 20)], Fraction(8))) == [38, 10]
    assert lots(changed([stack(1, 40, 40, 10), stack(10, 9, 20)], Fraction(8))) == [28, 11]
    assert lots(changed([stack(1, 40, 50, 10), stack(10, 9, 20)], Fraction(8))) == [38, 10]
    assert lots(changed([stack(1, 40, 40, 10), stack(10, 9, 10)], Fraction(8))) == [40, 9]
    # 10 that stay are one
    assert lots(changed([stack(1, 40, 40, 10), stack(12, 9, 20)], Fraction(2))) == [30, 10]
    # and of what was not to go whole less than one stays anyway
    assert lots(changed([stack(1, 40, 45, 10), stack(10, 9, 20)], Fraction(8))) == [38, 10]
    # one that stays is less than two, so that a lot of 10 more is taken
    assert lots(changed([stack(1, 40, 40, 2), stack(10, 9, 20)], Fraction(9))) == [29, 11]
