"""What adding drafts to a journal makes of it: which are new, which are there already, which are refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from rebal.errors import InvalidInput, Problem, Refused
from rebal.frozen import frozen
from rebal.journal.chain import stored
from rebal.journal.spelling import TextProblem, identifier, texts
from rebal.ledger import Draft, Entry, Event, Fill, Funding, Journal, Void
from rebal.times import rfc3339

_ID_DIGITS = 12
# What the recorder says of these; the rest is worked out, and may differ when the same is recorded again.
_STATED: Mapping[type[Event], frozenset[str]] = {
    Fill: frozenset({"contract", "contracts", "price", "fee"}),
    Funding: frozenset({"contract", "amount"}),
}


@frozen
class Added:
    """A journal before and after; ``new`` entries, and the ``repeated`` ones that were there under the same id."""

    before: Journal
    after: Journal
    new: tuple[Entry, ...]
    repeated: tuple[Entry, ...]


def add(journal: Journal, drafts: Sequence[Draft], *, again: bool = False) -> Added:
    """Number, name and chain drafts onto a journal.

    A draft with the id of an entry of the same contents is that entry. Raises Refused for an id with other contents,
    for a draft without id whose contents were recorded at the same time (unless ``again``), and for a void of nothing.
    """
    entries = list(journal.entries)
    by_id = {entry.id: entry for entry in entries}
    new: list[Entry] = []
    repeated: list[Entry] = []
    for draft in drafts:
        known = by_id.get(draft.id) if draft.id is not None else None
        if known is not None:
            repeated.append(_same(known, draft))
            continue
        name = draft.id if draft.id is not None else _name(draft, entries, by_id.keys(), again=again)
        if isinstance(draft.event, Void):
            _refuse_void(draft.event, by_id.get(draft.event.voids))
        entry = _stored(draft, name, entries[-1] if entries else None)
        entries.append(entry)
        new.append(entry)
        by_id[name] = entry
        if isinstance(entry.event, Void):
            _mark(entry.event.voids, entry.id, entries, by_id)
    return Added(journal, Journal(tuple(entries)), tuple(new), tuple(repeated))


def continued(journal: Journal, exported: Journal, path: str) -> Added:
    """A journal with the entries of an export that continues it. Raises InvalidInput where it is another one."""
    for ours, theirs in zip(journal.entries, exported.entries, strict=False):
        if ours.hash != theirs.hash:
            problem = "is not that of the export: two journals never become one"
            instead = "name a file that is not there"
            raise InvalidInput([Problem(path, 0, 0, f"entry {ours.seq}", problem, None, instead)])
    if journal.seq >= exported.seq:
        return Added(journal, journal, (), exported.entries)
    return Added(journal, exported, exported.entries[journal.seq :], exported.entries[: journal.seq])


def with_voids(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries with the id of what voids them. Raises TextProblem where a void names nothing that came before it."""
    listed: list[Entry] = []
    places: dict[str, int] = {}
    for entry in entries:
        if entry.id in places:
            raise TextProblem(f"id: {entry.id} stands twice")
        if isinstance(entry.event, Void):
            place = places.get(entry.event.voids)
            if place is None or isinstance(listed[place].event, Void) or listed[place].voided_by is not None:
                raise TextProblem(f"voids: {entry.event.voids} is not an entry that it could void")
            listed[place] = replace(listed[place], voided_by=entry.id)
        places[entry.id] = len(listed)
        listed.append(entry)
    return tuple(listed)


def _mark(voided: str, by: str, entries: list[Entry], by_id: dict[str, Entry]) -> None:
    place = by_id[voided].seq - 1
    entries[place] = by_id[voided] = replace(entries[place], voided_by=by)


def _same(known: Entry, draft: Draft) -> Entry:
    if known.type is not draft.type or _stated(known.event) != _stated(draft.event):
        raise Refused(
            f"{known.id} is in the journal with other contents, as entry {known.seq} of {rfc3339(known.time)}; "
            "an id is used once: give this one another --id, or void that entry"
        )
    if known.voided_by is not None:
        raise Refused(
            f"{known.id} is in the journal, voided by {known.voided_by}; an id is used once: record what happened "
            "under another --id, a plan's with --fill"
        )
    return known


def _name(draft: Draft, entries: Iterable[Entry], taken: Iterable[str], *, again: bool) -> str:
    """An id out of the contents and the time."""
    stated = _stated(draft.event)
    for entry in entries:
        if again or entry.voided_by is not None or (entry.time, entry.type) != (draft.time, draft.type):
            continue
        if _stated(entry.event) == stated:
            raise Refused(
                f"the same {draft.type} at the same time is entry {entry.seq}, {entry.id}; "
                "give --again if it happened twice"
            )
    words = [draft.type.value, rfc3339(draft.time), *(f"{name}={text}" for name, text in sorted(stated.items()))]
    name = f"{draft.type}-{sha256(' '.join(words).encode()).hexdigest()[:_ID_DIGITS]}"
    used, count = set(taken), 1
    while (numbered := name if count == 1 else f"{name}-{count}") in used:
        count += 1
    return numbered


def _stated(event: Event) -> dict[str, str]:
    spelled = texts(event)
    stated = _STATED.get(type(event), spelled.keys())
    return {name: text for name, text in spelled.items() if name in stated}


def _refuse_void(event: Void, target: Entry | None) -> None:
    if target is None:
        raise Refused(f"there is no entry {event.voids} to void; `rebal history` lists the ids")
    if isinstance(target.event, Void):
        raise Refused(f"{target.id} is a void itself; record again what it voided")
    if target.voided_by is not None:
        raise Refused(f"{target.id} is voided already, by {target.voided_by}")


def _stored(draft: Draft, name: str, last: Entry | None) -> Entry:
    try:
        return stored(
            draft, seq=last.seq + 1 if last else 1, name=identifier(name), previous=last.hash if last else None
        )
    except TextProblem as problem:
        raise Refused(f"{name}: {problem}") from problem
