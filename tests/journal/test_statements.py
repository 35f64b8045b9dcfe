"""The file's statement in the journal, and what it has that the entries do not add up to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from exact import exact
from rebal import journal
from rebal.amounts import Fraction
from rebal.book import Position, opened
from rebal.errors import Refused
from rebal.journal import drafts, recording, statements
from rebal.journal.drafts import Scene
from rebal.journal.earned import earned, realised
from rebal.journal.recording import Clerk
from rebal.journal.report import history
from rebal.ledger import Difference, Draft, Entry, EntryType, Fill, Funding, Stated, Void
from rebal.portfolio import Portfolio
from rebal.stated import Coins, Shift

from .books import BTCUSD, at, draft, fill, funding, part, portfolio

F = Fraction
Make = Callable[[Scene], Sequence[Draft]]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "journal.db")


def record(path: str, event: Fill | Funding, *, of: Portfolio, minute: int, settled: bool = False) -> None:
    clerk = Clerk(of, path, at(1000), time=at(minute), settled=settled)
    recording.single(clerk, lambda scene: [scene.draft(event)])


def entries(path: str) -> tuple[Entry, ...]:
    return journal.read(path).entries


def types(path: str) -> list[str]:
    return [entry.type.value for entry in entries(path)]


def stands(path: str, of: EntryType) -> list[Entry]:
    return [entry for entry in entries(path) if entry.type is of and entry.voided_by is None]


def moved_on(
    minute: int, *, btc: str = "2", wallet: str = "0", contracts: str = "0", entry: str = "40000"
) -> Portfolio:
    """The file later: its coins and its position on BTCUSD as somebody typed them."""
    size = exact(contracts)
    held: dict[str, Position] = {}
    if size:
        held["BTCUSD"] = opened(BTCUSD, contracts=size, entry_price=exact(entry), hedge=size)
    return portfolio(
        {"BTC": btc, "ETH": "14", "USDT": "5000"}, wallets={"BTC": wallet}, positions=held, as_of=at(minute)
    )


SOLD = fill("-10000", "40000", fee="0.0001")


def test_the_first_record_writes_the_statement_and_the_next_one_does_not(path: str) -> None:
    book = portfolio(wallets={"BTC": "0.4"})
    record(path, SOLD, of=book, minute=1)
    record(path, funding("0.001"), of=book, minute=2)
    assert types(path) == ["statement", "fill", "funding"]
    first = entries(path)[0]
    assert (first.id, first.time) == ("statement-2026-11-20T08:00:00Z", book.as_of)
    assert isinstance(first.event, Stated)
    assert first.event.holdings == (Coins("BTC", F(2)), Coins("ETH", F(14)), Coins("USDT", F(5000)))
    assert (first.event.wallets, first.event.positions) == ((Coins("BTC", F("0.4")),), ())


def test_a_statement_that_the_entries_add_up_to_is_no_difference(path: str) -> None:
    record(path, SOLD, of=moved_on(0), minute=1)
    later = moved_on(5, btc="1.9999", wallet="-0.0001", contracts="-10000")
    record(path, funding("0.001"), of=later, minute=6)
    assert types(path) == ["statement", "fill", "statement", "funding"]


def test_what_the_statement_has_otherwise_is_an_entry_with_its_worth(path: str) -> None:
    record(path, SOLD, of=moved_on(0), minute=1)
    record(path, funding("0.001"), of=moved_on(5, btc="2.0999", wallet="-0.0001", contracts="-4000"), minute=6)
    assert types(path) == ["statement", "fill", "statement", "difference", "funding"]
    (found,) = stands(path, EntryType.DIFFERENCE)
    assert found.event == Difference(
        "statement-2026-11-20T08:05:00Z",
        (Coins("BTC", F("0.1")),),
        (),
        (Shift("BTCUSD", F(-10000), F(-4000), F(40000), F(40000)),),
        F(4000),
    )


def test_an_entry_price_with_fewer_digits_is_the_same(path: str) -> None:
    before = moved_on(0)
    record(path, fill("-10000", "40000.126"), of=before, minute=1)
    record(path, funding("0.001"), of=moved_on(5, contracts="-10000", entry="40000.13"), minute=6)
    assert types(path) == ["statement", "fill", "statement", "funding"]
    record(path, fill("10000", "40000.126"), of=moved_on(5, contracts="-10000", entry="40000.13"), minute=7)
    assert realised(earned(before, entries(path)).booked)[0].coin == 0


def test_a_difference_that_is_explained_later_is_voided(path: str) -> None:
    record(path, SOLD, of=moved_on(0), minute=1)
    later = moved_on(5, btc="1.9999", wallet="-0.0001", contracts="-4000")
    record(path, funding("0.001"), of=later, minute=6)
    assert len(stands(path, EntryType.DIFFERENCE)) == 1
    record(path, fill("6000", "40000"), of=later, minute=3, settled=True)
    assert stands(path, EntryType.DIFFERENCE) == []
    assert types(path)[5:] == ["void", "fill"]


def test_a_difference_cannot_be_voided_away(path: str) -> None:
    record(path, SOLD, of=moved_on(0), minute=1)
    later = moved_on(5, contracts="-4000")
    record(path, funding("0.001"), of=later, minute=6)
    (found,) = stands(path, EntryType.DIFFERENCE)
    with pytest.raises(Refused, match=r"is told from the statement and the entries, and stands while they do"):
        recording.single(Clerk(later, path, at(1000)), lambda scene: drafts.void(scene, found.id, because="no"))


def test_positions_that_a_statement_passed_are_named_until_it_is_taken(path: str) -> None:
    record(path, SOLD, of=moved_on(0), minute=1)
    gone = moved_on(5)
    assert statements.disagreement(gone, entries(path)) == (Shift("BTCUSD", F(-10000), F(0), F(40000), None),)
    assert statements.disagreement(moved_on(5, contracts="-10000", entry="41000"), entries(path)) == ()
    assert statements.disagreement(moved_on(0), entries(path)) == ()
    recording.statement(Clerk(gone, path, at(1000)))
    assert types(path) == ["statement", "fill", "statement", "difference"]
    assert statements.disagreement(gone, entries(path)) == ()
    assert recording.statement(Clerk(gone, path, at(1000))).entries == ()


def test_a_void_later_than_the_statement_voids_what_the_statement_passed(path: str) -> None:
    journal.append(path, [draft(SOLD, 1, "sold"), draft(SOLD, 2, "slip"), draft(SOLD, 3, "more")])
    journal.append(path, [draft(Void("slip", "there was none"), 10)])
    assert statements.disagreement(moved_on(5, contracts="-20000"), entries(path)) == ()
    (shift,) = statements.disagreement(moved_on(5, contracts="-30000"), entries(path))
    assert (shift.contracts_before, shift.contracts_after) == (F(-20000), F(-30000))


def test_a_statement_that_passed_no_fill_is_not_questioned(path: str) -> None:
    record(path, funding("0.001"), of=moved_on(0, contracts="-10000"), minute=1)
    assert statements.disagreement(moved_on(5), entries(path)) == ()


def test_moving_as_of_alone_changes_nothing_that_was_earned(path: str) -> None:
    book = moved_on(0)
    record(path, SOLD, of=book, minute=1)
    record(path, fill("4000", "50000", part("4000"), fee="0.0002"), of=book, minute=2)
    for minute in (0, 1, 3):
        told = history(replace(book, as_of=at(minute)), journal.read(path))
        assert (told.totals, told.episodes, told.effects) == (
            history(book, journal.read(path)).totals,
            history(book, journal.read(path)).episodes,
            history(book, journal.read(path)).effects,
        )
