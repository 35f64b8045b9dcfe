"""Frozen values are made alike whether they are the first of their class or one of many."""

from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from rebal.frozen import Worked, frozen, kept_for, once

_MANY = 100


def _class(*, many: bool) -> Any:
    @frozen
    class Made:
        first: int
        second: int = 2
        third: list[int] = field(default_factory=list)

    for _ in range(_MANY if many else 0):
        Made(1)
    return Made


@pytest.mark.parametrize("many", [False, True])
def test_what_is_not_given_is_its_default(*, many: bool) -> None:
    made = _class(many=many)
    assert [made(1), made(1, 3), made(1, third=[4]), made(first=5, third=[6])] == [
        made(1, 2, []),
        made(1, 3, []),
        made(1, 2, [4]),
        made(5, 2, [6]),
    ]
    assert made(1).third is not made(1).third


@pytest.mark.parametrize(
    ("given", "named", "refusal"),
    [
        ((), {}, "missing 1 required positional argument: 'first'"),
        ((), {"second": 3}, "missing 1 required positional argument: 'first'"),
        ((1,), {"first": 2}, "got multiple values for argument 'first'"),
        ((1,), {"fourth": 4}, "got an unexpected keyword argument 'fourth'"),
        ((1, 2, [], 4), {}, "takes from 2 to 4 positional arguments but 5 were given"),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_arguments_that_do_not_fit_are_refused(
    given: tuple[Any, ...], named: dict[str, Any], refusal: str, *, many: bool
) -> None:
    made = _class(many=many)
    with pytest.raises(TypeError, match=refusal):
        made(*given, **named)


@pytest.mark.parametrize("many", [False, True])
def test_what_is_made_is_of_its_class_and_refuses_to_change(*, many: bool) -> None:
    made = _class(many=many)
    value = made(1)
    assert type(value) is made
    with pytest.raises(FrozenInstanceError):
        value.first = 2
    assert value == made(1)


@pytest.mark.parametrize("many", [False, True])
def test_what_is_worked_out_once_has_room(*, many: bool) -> None:
    @frozen
    class Kept(Worked):
        first: int

        @once
        def twice(self) -> int:
            return 2 * self.first

    for _ in range(_MANY if many else 0):
        Kept(1)
    value = Kept(3)
    assert (type(value), value.twice, vars(value)) == (Kept, 6, {"twice": 6})


def test_what_is_based_on_a_frozen_class_stays_what_it_is() -> None:
    made = _class(many=True)

    class Based(made):  # type: ignore[misc, valid-type] # made anew by each test
        __slots__ = ()

    assert type(Based(1)) is Based
    assert type(made(1)) is made


def test_what_was_worked_out_is_kept_for_a_key_and_the_very_objects() -> None:
    @frozen
    class Owner(Worked):
        figure: int

    owner, one, like_it, asked = Owner(1), [1], [1], []

    def work(of: list[int]) -> list[int]:
        asked.append(of)
        return [*of]

    first = kept_for(owner, ("a",), (one,), work=lambda: work(one))
    assert kept_for(owner, ("a",), (one,), work=lambda: work(one)) is first
    assert kept_for(owner, ("b",), (one,), work=lambda: work(one)) is not first
    assert kept_for(owner, ("a",), (like_it,), work=lambda: work(like_it)) is not first
    assert kept_for(Owner(1), ("a",), (one,), work=lambda: work(one)) is not first
    assert len(asked) == 4


def test_no_more_is_kept_than_a_few_thousand() -> None:
    @frozen
    class Owner(Worked):
        figure: int

    owner = Owner(1)
    for n in range(5000):
        kept_for(owner, (n,), (), work=object)
    assert len(owner.__dict__["kept_for"]) <= 2000
