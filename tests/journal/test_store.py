"""The file: created whole, only ever added to, read without a trace."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rebal import journal
from rebal.amounts import Fraction
from rebal.errors import InvalidInput, Refused, Unavailable
from rebal.journal import files, schema, store
from rebal.journal.adding import Added, add
from rebal.journal.spelling import COLUMNS, columns_of
from rebal.ledger import Draft, EntryType, Fill, Journal, Spot, Transfer, Void

from .books import SOLUSDT, at, draft, fill, funding, part

BOUGHT = draft(Spot("BTC", Fraction("0.5"), Fraction(40000)), 1)
SHORT = draft(fill("-100", "40000", fee="0.00125"), 2, "ex-1")
PAID = draft(funding("-0.0001"), 3, "f-1")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "book.journal.db")


@pytest.fixture
def raw(path: str) -> Iterator[sqlite3.Connection]:
    """Another program's connection to a journal of two entries."""
    journal.append(path, [SHORT, PAID])
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def test_no_file_is_an_empty_journal_and_stays_none(path: str) -> None:
    assert journal.read(path) == Journal()
    assert (Journal().seq, Journal().head) == (0, None)
    assert os.listdir(os.path.dirname(path)) == []


def test_what_is_appended_is_read(path: str) -> None:
    added = journal.append(path, [SHORT, PAID])
    assert [entry.event for entry in added.new] == [SHORT.event, PAID.event]
    more = journal.append(path, [BOUGHT])
    read = journal.read(path)
    assert read == more.after
    assert more.before == added.after
    assert [(entry.seq, entry.id) for entry in read.entries][:2] == [(1, "ex-1"), (2, "f-1")]
    assert read.entries[2].id.startswith("spot-")
    assert read.entries[2].previous == read.entries[1].hash == added.after.head


def test_the_file_is_its_owners_alone_and_nothing_lies_beside_it(path: str) -> None:
    before = os.umask(0)
    try:
        journal.append(path, [SHORT])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["book.journal.db"]


def test_reading_leaves_no_trace(path: str) -> None:
    journal.append(path, [SHORT, PAID])
    os.utime(path, (1, 1))
    before = Path(path).read_bytes()
    journal.read(path)
    assert Path(path).read_bytes() == before
    assert os.stat(path).st_mtime == 1
    assert os.listdir(os.path.dirname(path)) == ["book.journal.db"]


def test_an_id_is_recorded_once(path: str) -> None:
    first = journal.append(path, [SHORT])
    retry = journal.append(path, [replace(SHORT, time=at(9)), PAID])
    assert [entry.id for entry in retry.repeated] == ["ex-1"]
    assert [entry.id for entry in retry.new] == ["f-1"]
    assert journal.read(path).entries[0] == first.new[0]
    assert journal.append(path, [SHORT, PAID]).new == ()


def test_an_id_with_other_contents_is_refused(path: str) -> None:
    journal.append(path, [SHORT])
    with pytest.raises(Refused, match=r"ex-1 is in the journal with other contents, as entry 1"):
        journal.append(path, [PAID, draft(fill("-100", "40001"), 2, "ex-1")])
    assert journal.read(path).seq == 1


def test_the_same_without_id_is_refused_unless_it_happened_again(path: str) -> None:
    journal.append(path, [BOUGHT])
    with pytest.raises(Refused, match=r"same spot at the same time is entry 1"):
        journal.append(path, [BOUGHT])
    with pytest.raises(Refused, match=r"same spot at the same time is entry 1"):
        journal.append(path, [PAID, BOUGHT])
    assert journal.append(path, [replace(BOUGHT, time=at(2))]).after.seq == 2
    twice = journal.append(path, [BOUGHT, BOUGHT], again=True)
    first = twice.before.entries[0].id
    assert [entry.id for entry in twice.new] == [f"{first}-2", f"{first}-3"]


def test_two_of_the_same_in_one_batch_are_refused_too(path: str) -> None:
    with pytest.raises(Refused, match=r"same spot"):
        journal.append(path, [BOUGHT, BOUGHT])
    assert not os.path.exists(path)


def test_a_voided_entry_may_be_recorded_again(path: str) -> None:
    (entry,) = journal.append(path, [BOUGHT]).new
    journal.append(path, [draft(Void(entry.id, "not settled"), 3, "v1")])
    again = journal.append(path, [BOUGHT])
    assert [each.voided_by for each in again.after.entries] == ["v1", None, None]
    assert again.new[0].id == f"{entry.id}-2"
    assert journal.read(path) == again.after


@pytest.mark.parametrize(
    ("target", "problem"),
    [("nothing", "there is no entry nothing"), ("v1", "v1 is a void itself"), ("ex-1", "voided already, by v1")],
)
def test_what_cannot_be_voided_is_refused(path: str, target: str, problem: str) -> None:
    journal.append(path, [SHORT, draft(Void("ex-1", "wrong price"), 3, "v1")])
    with pytest.raises(Refused, match=problem):
        journal.append(path, [draft(Void(target, "again"), 4)])


def test_a_batch_is_recorded_whole_or_not_at_all(path: str) -> None:
    with pytest.raises(Refused):
        journal.append(path, [SHORT, draft(Void("missing", "x"), 4)])
    assert not os.path.exists(path)
    journal.append(path, [SHORT])
    before = Path(path).read_bytes()
    with pytest.raises(Refused):
        journal.append(path, [PAID, draft(Void("missing", "x"), 4)])
    assert Path(path).read_bytes() == before


def test_recording_nothing_creates_nothing(path: str) -> None:
    assert journal.append(path, []).after == Journal()
    assert not os.path.exists(path)


def test_the_builder_sees_what_came_between(path: str) -> None:
    """Another writer slips in after the file was found missing and before this one has the lock."""
    seen: list[int] = []

    def build(read: Journal) -> Added:
        seen.append(read.seq)
        if len(seen) == 1:
            journal.append(path, [PAID])
        return add(read, [SHORT])

    added = store.record(path, build)
    assert seen == [0, 1]
    assert [entry.id for entry in added.after.entries] == ["f-1", "ex-1"]
    assert os.listdir(os.path.dirname(path)) == ["book.journal.db"]


@pytest.mark.parametrize("there", [[], [PAID]])
def test_what_was_tried_before_the_lock_is_not_made_again(path: str, there: list[Draft]) -> None:
    tried = add(journal.append(path, there).after, [SHORT])
    made: list[Journal] = []

    def build(read: Journal) -> Added:
        made.append(read)
        return add(read, [SHORT])

    assert store.record(path, build, tried=tried) == tried
    assert made == []
    assert journal.read(path) == tried.after


def test_what_was_tried_of_another_journal_is_made_anew(path: str) -> None:
    tried = add(Journal(), [SHORT])
    journal.append(path, [PAID])
    added = store.record(path, lambda read: add(read, [SHORT]), tried=tried)
    assert [entry.id for entry in added.after.entries] == ["f-1", "ex-1"]
    assert journal.read(path) == added.after


@pytest.mark.parametrize("name", ["a?vfs=unix-none&mode=memory", "50%20 off#1.db", "ü ñ.db", "-", ":memory:", "file:x"])
def test_any_file_name_is_that_file(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    journal.append(path, [SHORT])
    assert os.listdir(tmp_path) == [name]
    assert journal.read(path).seq == 1


def test_a_name_that_is_no_utf8_is_that_file(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.db")
    journal.append(os.fsdecode(path), [SHORT])
    assert journal.read(os.fsdecode(path)).seq == 1


def test_a_link_is_followed_to_the_file_it_means(tmp_path: Path) -> None:
    link, target = tmp_path / "link.db", tmp_path / "real" / "journal.db"
    target.parent.mkdir()
    link.symlink_to(target)
    assert journal.read(str(link)) == Journal()
    journal.append(str(link), [SHORT])
    assert link.is_symlink()
    assert journal.read(str(target)).seq == 1


def test_a_folder_that_may_not_be_searched_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, *_: object, **__: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    path = str(tmp_path / "journal.db")
    monkeypatch.setattr(os, "stat", denied)
    monkeypatch.setattr(os, "lstat", denied)
    for act in (journal.read, lambda path: journal.append(path, [SHORT])):
        with pytest.raises(InvalidInput, match=r"cannot be read: Permission denied"):
            act(path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"cannot be created: No such file or directory"):
        journal.append(str(tmp_path / "no" / "journal.db"), [SHORT])


def test_what_a_killed_creator_left_is_swept(tmp_path: Path) -> None:
    old, young = tmp_path / ".rebal-journal-1-0", tmp_path / ".rebal-journal-2-0"
    old.write_bytes(b"")
    young.write_bytes(b"")
    os.utime(old, (1, 1))
    journal.append(str(tmp_path / "journal.db"), [SHORT])
    assert sorted(os.listdir(tmp_path)) == [".rebal-journal-2-0", "journal.db"]


UPDATES = (
    "UPDATE entries SET price = '1'",
    "UPDATE OR REPLACE entries SET seq = 1 WHERE seq = 2",
    "UPDATE OR IGNORE entries SET hash = hash",
    "DELETE FROM entries",
    "DELETE FROM entries WHERE seq = 2",
)


@pytest.mark.parametrize("statement", UPDATES)
def test_other_programs_cannot_change_an_entry(raw: sqlite3.Connection, path: str, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"an entry never"):
        raw.execute(statement)
    assert journal.read(path).seq == 2


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "REPLACE"])
@pytest.mark.parametrize(("seq", "name"), [(1, "new"), (2, "new"), (3, "ex-1"), (3, "new"), (9, "new")])
def test_other_programs_cannot_replace_an_entry(
    raw: sqlite3.Connection, path: str, verb: str, seq: int, name: str
) -> None:
    entry = journal.read(path).entries[0]
    columns = columns_of(entry) | {"seq": str(seq), "id": name}
    places = ", ".join(f":{column}" for column in COLUMNS)
    with pytest.raises(sqlite3.IntegrityError, match=r"an entry follows the last one"):
        raw.execute(f"{verb} INTO entries ({', '.join(COLUMNS)}) VALUES ({places})", columns)
    assert journal.read(path).seq == 2


def test_an_upsert_is_refused(raw: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(
            "INSERT INTO entries (seq, id, time, type, asset, quantity, hash)"
            " VALUES (1, 'z', '', 'spot', 'BTC', '1', '') ON CONFLICT(seq) DO UPDATE SET price = '1'"
        )


WRONG_ROWS: tuple[tuple[str, dict[str, object]], ...] = (
    ("a price with an exponent", {"price": "4e4"}),
    ("a price of two points", {"price": "4.0.0"}),
    ("a price with a sign inside", {"price": "4-0"}),
    ("a price that ends in its point", {"price": "4."}),
    ("a blob", {"asset": b"BTC"}),
    ("a time without zone", {"time": "2026-11-20T08:00:00"}),
    ("no time", {"time": None}),
    ("an unknown type", {"type": "gift"}),
    ("a column of another type", {"amount": "1"}),
    ("no contract", {"contract": None}),
    ("a hash that is none", {"hash": "x" * 64}),
    ("a short hash", {"hash": "abc"}),
    ("a plan that is no hash", {"plan": "plan.json"}),
    ("an empty id", {"id": ""}),
    ("a price of the settlement currency with an exponent", {"settle_price": "9.9e-1"}),
)


@pytest.mark.parametrize(("what", "change"), WRONG_ROWS, ids=[what for what, _ in WRONG_ROWS])
def test_a_row_of_the_wrong_kind_is_refused(
    raw: sqlite3.Connection, path: str, what: str, change: dict[str, object]
) -> None:
    read = journal.read(path)
    good: dict[str, object] = dict(columns_of(read.entries[0]))
    good |= {"seq": 3, "id": "next", "previous": read.head}
    insert = f"INSERT INTO entries ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
    with pytest.raises(sqlite3.IntegrityError, match=r"constraint failed"):
        raw.execute(insert, good | change)
    raw.execute(insert, good)
    with pytest.raises(InvalidInput, match=r"entry 3: hash: is not that of the contents"):
        journal.read(path)


TAMPERED = (
    ("entry 1: hash", "UPDATE entries SET price = '39999' WHERE seq = 1"),
    ("entry 2: hash", "UPDATE entries SET previous = '" + "0" * 64 + "' WHERE seq = 2"),
    ("entry 1: seq: is 2 where 1", "DELETE FROM entries WHERE seq = 1"),
    ("entry 2: hash", "UPDATE entries SET seq = 3 WHERE seq = 2"),
    ("entry 1: hash", "UPDATE entries SET hash = '" + "0" * 64 + "' WHERE seq = 1"),
)


@pytest.mark.parametrize(("found", "statement"), TAMPERED)
def test_an_edit_behind_the_triggers_is_seen(raw: sqlite3.Connection, path: str, found: str, statement: str) -> None:
    for trigger in schema.TRIGGERS:
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.execute(statement)
    for trigger in schema.TRIGGERS.values():
        raw.execute(trigger)
    with pytest.raises(InvalidInput, match=found):
        journal.read(path)
    with pytest.raises(InvalidInput, match=found):
        journal.append(path, [BOUGHT])


@pytest.mark.parametrize("statement", ["DROP TRIGGER entries_never_change", "ALTER TABLE entries RENAME TO kept",
                                       "CREATE TRIGGER extra AFTER INSERT ON entries BEGIN SELECT 1; END",
                                       "ALTER TABLE entries RENAME COLUMN price TO cost"])  # fmt: skip
def test_a_table_without_its_safeguards_is_seen(raw: sqlite3.Connection, path: str, statement: str) -> None:
    raw.execute(statement)
    with pytest.raises(InvalidInput, match=r"lost the safeguards"):
        journal.read(path)


def test_other_tables_and_views_do_no_harm(raw: sqlite3.Connection, path: str) -> None:
    raw.execute("CREATE VIEW fills AS SELECT * FROM entries WHERE type = 'fill'")
    assert journal.read(path).seq == 2
    assert journal.append(path, [BOUGHT]).after.seq == 3


def test_an_edited_schema_is_seen(raw: sqlite3.Connection, path: str) -> None:
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    raw.close()
    with pytest.raises(InvalidInput, match=r"lost the safeguards"):
        journal.read(path)


def test_write_ahead_logging_is_refused_with_the_way_back(raw: sqlite3.Connection, path: str) -> None:
    raw.execute("PRAGMA journal_mode = WAL")
    raw.close()
    with pytest.raises(InvalidInput, match=r"journal_mode=DELETE"):
        journal.read(path)
    assert os.listdir(os.path.dirname(path)) == ["book.journal.db"]


def test_a_locked_journal_is_unavailable_and_readers_wait_for_none(path: str) -> None:
    journal.append(path, [SHORT])
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert journal.read(path).seq == 1
        with pytest.raises(Unavailable, match=r"another program holds it"):
            store.append(path, [PAID], wait=0.05)
        other.execute("COMMIT")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match=r"another program holds it"):
            store.read(path, wait=0.05)
    finally:
        other.close()
    assert journal.append(path, [PAID]).after.seq == 2


def test_synchronous_is_extra_while_writing(path: str) -> None:
    journal.append(path, [SHORT])
    with files.writing(path, wait=1) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == (b"delete",)


NEXT_VERSION = (*schema.MIGRATIONS, ("ALTER TABLE entries ADD COLUMN venue TEXT",))


def test_an_older_file_is_read_as_it_is_and_brought_forward_by_the_next_record(path: str) -> None:
    journal.append(path, [SHORT])
    before = Path(path).read_bytes()
    assert store.read(path, migrations=NEXT_VERSION).seq == 1
    assert Path(path).read_bytes() == before
    added = store.record(path, lambda read: add(read, [PAID]), migrations=NEXT_VERSION)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (7,)
    assert "venue" in [name for _, name, *_ in connection.execute("PRAGMA table_info(entries)")]
    connection.close()
    assert store.read(path, migrations=NEXT_VERSION) == added.after
    with pytest.raises(InvalidInput, match=r"is of version 7, and this rebal knows 6; install a newer rebal"):
        journal.read(path)


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_a_journal_of_an_older_version_keeps_its_entries_and_their_hashes(path: str, version: int) -> None:
    files.create(path, migrations=schema.MIGRATIONS[:version])
    old = add(Journal(), [SHORT, PAID]).after
    with sqlite3.connect(path) as connection:
        for entry in old.entries:
            row = {name: text for name, text in columns_of(entry).items() if text is not None}
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO entries ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    connection.close()
    before = Path(path).read_bytes()
    assert journal.read(path) == old
    assert Path(path).read_bytes() == before
    brought = journal.append(path, [BOUGHT, draft(funding("1", of=SOLUSDT, settle="0.99"), 9)])
    assert brought.after.entries[:2] == old.entries
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (6,)
        with pytest.raises(sqlite3.IntegrityError, match=r"never changes"):
            connection.execute("UPDATE entries SET price = '1'")
    connection.close()
    assert journal.read(path) == brought.after


def test_a_migration_that_fails_changes_nothing(path: str) -> None:
    journal.append(path, [SHORT])
    broken = (*schema.MIGRATIONS, ("ALTER TABLE entries ADD COLUMN venue TEXT", "CREATE TABLE entries (x)"))
    with pytest.raises(InvalidInput):
        store.record(path, lambda read: add(read, [PAID]), migrations=broken)
    assert journal.read(path).seq == 1


def test_the_smallest_numbers_survive(path: str) -> None:
    whole = fill("-1", "0.000000000000000001", part("-1"))
    journal.append(path, [draft(whole, 1, "a"), draft(Transfer("BTC", Fraction("0.00000001")), 1, "b")])
    (first, second) = journal.read(path).entries
    assert isinstance(first.event, Fill)
    assert first.event.price == Fraction(1, 10**18)
    assert second.type is EntryType.TRANSFER


def test_a_number_too_long_for_a_column_is_refused(path: str) -> None:
    with pytest.raises(Refused, match=r"plain decimal"):
        journal.append(path, [draft(Spot("BTC", Fraction(10**41)), 1, "a")])
    assert not os.path.exists(path)
