"""The chain of entries: each carries a hash over its contents and the one before, so that an edit is seen."""

from collections.abc import Mapping
from hashlib import sha256

from rebal.journal.spelling import COLUMNS, TextProblem, as_kept, identifier, spelled, texts
from rebal.ledger import Draft, Entry
from rebal.times import rfc3339

_HASHED = tuple(name for name in COLUMNS if name not in ("previous", "hash"))


def stored(draft: Draft, *, seq: int, name: str, previous: str | None) -> Entry:
    """A draft as the journal will hold it: each value as its text says, numbers without end at 18 digits."""
    columns: dict[str, str | None] = {
        "seq": str(seq), "id": identifier(name), "time": rfc3339(draft.time), "type": draft.type.value
    }  # fmt: skip
    columns.update(texts(as_kept(draft.event)))
    columns.update(plan=draft.plan, previous=previous)
    columns["hash"] = digest(columns)
    return spelled(columns)


def entry_of(columns: Mapping[str, str | None]) -> Entry:
    """The entry that a row spells. Raises TextProblem, also where the row's hash is not that of its contents."""
    if columns.get("hash") != digest(columns):
        raise TextProblem("hash: is not that of the contents")
    return spelled(columns)


def follower(columns: Mapping[str, str | None], *, number: int, before: Entry | None) -> Entry:
    """The entry of a row that takes up where the one before ends. Raises TextProblem where the chain is broken."""
    entry = entry_of(columns)
    if entry.seq != number:
        raise TextProblem(f"seq: is {entry.seq} where {number} belongs")
    if entry.previous != (before.hash if before else None):
        raise TextProblem("previous: is not the hash of the entry before")
    return entry


def digest(columns: Mapping[str, str | None]) -> str:
    """SHA-256 over the hash before and every column that has a value, each with its length in characters.

    A column that a later version adds changes no older hash, since what has no value is left out.
    """
    words = [columns.get("previous") or ""]
    for name in _HASHED:
        text = columns.get(name)
        if text is not None:
            words.append(f"{name}={len(text)}:{text}")
    return sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()
