"""Whose coins a rescue takes: those that lie loose first, then spot, then other accounts' in turn, in whole coins."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.plan import Transfer
from rebal.planner.collateral import Account
from rebal.planner.rescue import _Purse
from rebal.portfolio import Portfolio
from rebal.withdrawal import Withdrawal

from .given import inverse
from .test_splitting import accounts, at, book

F = Fraction
NAMES = "abcd"


def three(least: Mapping[str, int], *, fee: int = 0) -> Portfolio:
    """Accounts a to d; of b, c and d no fewer coins may arrive than so many."""
    listed = (
        replace(each, withdrawals={"BTC": Withdrawal(F(fee), F(least.get(each.name or "", 0) + fee))})
        for each in accounts(a="1", b="1", c="1", d="1")
    )
    return book({"BTC": "99"}, None, tuple(at(name, inverse("BTC")) for name in NAMES), tuple(listed))


def purse(
    *, outside: int = 0, loose: int = 0, elsewhere: Mapping[str, int] | None = None, room: int | Fraction = 99,
    least: Mapping[str, int] | None = None, fee: int = 0, of: str = "a",
) -> _Purse:  # fmt: skip
    """What may come to an account, of ``elsewhere`` what would arrive from each; ``room``: beside what is in spot."""
    there = {name: F(coins) for name, coins in (elsewhere or {}).items()}
    return _Purse("BTC", of, three(least or {}, fee=fee), F(outside), F(loose), there, F(outside + room))


def account(*, contract: str | None = None, of: str = "a", coin: str = "BTC") -> Account:
    return Account(coin, contract, ZERO, (), (), at=of)


def came(moved: tuple[Transfer, ...]) -> list[tuple[object, ...]]:
    return [(each.account, each.contract, each.quantity) for each in moved]


@pytest.mark.parametrize(
    ("elsewhere", "least", "room", "missing", "parts"),
    [
        ({"b": 3, "c": 4}, {}, 9, 2, {"b": 2}),
        ({"b": 3, "c": 4}, {}, 9, 5, {"b": 3, "c": 2}),
        # nothing is missing any more, and so the others send nothing, though no fewer than 2 may leave them
        ({"b": 3, "c": 4}, {"c": 2}, 9, 3, {"b": 3}),
        ({"b": 3, "c": 4}, {"c": 2}, 9, 4, {"b": 3, "c": 2}),
        ({"b": 3, "c": 4}, {"b": 3}, 9, 1, {"b": 3}),
        # 5 may not leave where 3 are, nor where 4 have room
        ({"b": 3, "c": 4}, {"b": 5}, 9, 2, {"c": 2}),
        ({"b": 6, "c": 4}, {"b": 5}, 4, 2, {"c": 2}),
        ({"b": 6, "c": 4}, {"b": 5}, 5, 2, {"b": 5}),
        # what one sends takes room
        ({"b": 3, "c": 4, "d": 4}, {"c": 3}, 5, 9, {"b": 3, "d": 2}),
        ({"b": 3, "c": 4, "d": 4}, {"c": 2}, 5, 9, {"b": 3, "c": 2}),
        ({"b": 3, "c": 4}, {}, 0, 2, {}),
        # where nothing is missing none come, though no fewer than 2 may leave
        ({"b": 3}, {"b": 2}, 9, 0, {}),
        # in whole steps
        ({"b": 3}, {}, exact("2.000000009"), 5, {"b": 2}),
        # all that can come
        ({"b": 3, "c": 4}, {}, 9, None, {"b": 3, "c": 4}),
        ({"b": 3, "c": 4, "d": 4}, {}, 5, None, {"b": 3, "c": 2}),
        ({"b": 3, "c": 4, "d": 4}, {"c": 3}, 5, None, {"b": 3, "d": 2}),
        ({"b": 3, "c": 4, "d": 4}, {"c": 2}, 5, None, {"b": 3, "c": 2}),
        ({"b": 3, "c": 4}, {"b": 3, "c": 5}, 9, None, {"b": 3}),
    ],
)
def test_other_accounts_send_in_turn_what_they_may_and_no_more_than_has_room(
    elsewhere: Mapping[str, int],
    least: Mapping[str, int],
    room: int | Fraction,
    missing: int | None,
    parts: Mapping[str, int],
) -> None:
    asked = purse(elsewhere=elsewhere, least=least, room=room)
    if missing is None:
        assert asked.most(account()) == sum(parts.values())
        missing = 99
    moved = asked.into(account(), F(missing))
    assert came(moved[1::2]) == [("a", None, coins) for coins in parts.values()]
    assert came(moved[::2]) == [(name, None, -coins) for name, coins in parts.items()]


@pytest.mark.parametrize(
    ("quantity", "moved"),
    [
        (0, []),
        (1, [("a", None, -1), ("a", "X", 1)]),
        (2, [("a", None, -2), ("a", "X", 2)]),
        (4, [("a", None, -2), ("a", "X", 4)]),
        (5, [("a", None, -2), ("a", "X", 5)]),
        (6, [("a", None, -2), ("a", "X", 5), ("b", None, -1), ("a", "X", 1)]),
    ],
)
def test_an_isolated_position_takes_what_lies_loose_beside_it_then_spot_then_what_others_send(
    quantity: int, moved: list[tuple[str, str | None, int]]
) -> None:
    asked = purse(outside=3, loose=2, elsewhere={"b": 9})
    assert came(asked.into(account(contract="X"), F(quantity))) == moved
    # what lies loose in its wallet is behind a cross position already
    assert came(asked.into(account(), F(quantity)))[:1] == ([("a", None, min(quantity, 3))] if quantity else [])
    assert asked.most(account(contract="X")) == 14
    assert asked.most(account()) == 12


def left(asked: _Purse) -> tuple[object, ...]:
    assert asked.room is not None
    return asked.outside, asked.loose, asked.elsewhere, asked.room - asked.outside


def test_what_one_account_takes_is_not_there_for_the_next() -> None:
    """Of 3 in spot and 2 loose and what others send 11 come: 2 of 4 from c, which pays the fee of 1 besides."""
    asked = purse(outside=3, loose=2, elsewhere={"b": 4, "c": 4}, room=8, fee=1)
    moved = asked.into(account(contract="X"), F(11))
    assert came(moved)[2:] == [("b", None, -5), ("a", "X", 4), ("c", None, -3), ("a", "X", 2)]
    assert left(asked.without(moved, account(contract="X"))) == (0, 0, {"b": -1, "c": 1}, 2)
    # what b has loose went, and its room did not: what is no more in spot may come from others
    theirs = purse(outside=3, loose=5, elsewhere={"a": 2, "c": 4}, room=8, fee=1, of="b")
    assert left(theirs.without(moved, account(contract="X"))) == (0, 0, {"a": 0, "c": 1}, 11)
    # 9 of another coin, of which one takes as much room as a sixteenth of BTC, are none of these
    assert asked.without(moved, account(contract="X", coin="ETH")) == replace(asked, room=11 - F(9, 16))
    assert asked.without(moved, account(contract="X", coin="ETH", of="b")) == asked
    assert replace(asked, room=None).without(moved, account(coin="ETH")).room is None


def test_what_comes_from_spot_takes_none_of_the_room_that_is_left_beside_it() -> None:
    asked = purse(outside=3, elsewhere={"b": 4}, room=5)
    assert left(asked.without(asked.into(account(), F(2)), account())) == (1, 0, {"b": 4}, 5)


def test_less_than_a_coin_takes_as_much_of_what_is_there() -> None:
    """Of 0.5 loose, 0.3 in spot and 0.9 at b 1.4 come: 0.6 from b, for which 1.1 had room with what is in spot."""
    loose, spot, there = F("0.5"), F("0.3"), {"b": F("0.9")}
    asked = _Purse("BTC", "a", three({}), spot, loose, there, F("1.1"))
    moved = asked.into(account(contract="X"), F("1.4"))
    assert came(moved)[1:] == [("a", "X", F("0.8")), ("b", None, F("-0.6")), ("a", "X", F("0.6"))]
    assert left(asked.without(moved, account(contract="X"))) == (0, 0, {"b": F("0.3")}, F("0.2"))


@pytest.mark.parametrize(("room", "sent"), [(0, []), (2, [2]), (9, [6])])
def test_what_comes_from_spot_takes_its_room_before_other_accounts_send(room: int, sent: list[int]) -> None:
    asked = purse(outside=3, elsewhere={"b": 6}, room=room)
    assert asked.most(account()) == 3 + sum(sent)
    assert [each.quantity for each in asked.into(account(), F(20)) if each.quantity > 0] == [3, *sent]
