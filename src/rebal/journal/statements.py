"""The file's statement in the journal: when it is written, and what it has that the entries do not add up to."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime

from rebal.errors import Refused
from rebal.journal.adding import Added, add
from rebal.journal.fold import dated
from rebal.journal.spelling import texts
from rebal.journal.telling import in_telling_order, steps, told_book
from rebal.ledger import Difference, Draft, Entry, Fill, Journal, Stated, Void
from rebal.portfolio import Portfolio
from rebal.stated import Shift, book_of, difference, shifts, stated
from rebal.times import rfc3339

_OUTDATED = "the entries that it was told from are others now"


def with_statement(portfolio: Portfolio, added: Added, made: Sequence[Draft], *, again: bool) -> Added:
    """What is recorded, with the file's statement before it where the journal has not got it yet.

    ``added``: what the drafts ``made`` alone would add. Where the entries up to a statement and the statement differ,
    the difference is an entry too; one that has been overtaken by what was recorded or voided since is voided. Raises
    Refused for a void of a difference that stands.
    """
    if made and not added.new:
        return added
    journal = added.before
    opening = tuple(_opening(portfolio, journal))
    whole = add(journal, (*opening, *made), again=again) if opening else added
    mended = tuple(_differences(portfolio, whole.after))
    _refuse_voided(made, mended, journal)
    return add(journal, (*opening, *mended, *made), again=again) if mended else whole


def disagreement(portfolio: Portfolio, entries: Sequence[Entry]) -> tuple[Shift, ...]:
    """Positions that the file states otherwise than the entries which its ``as_of`` has passed add up to.

    None where it passed no fill since the statement before, or where the journal has taken the statement as it is. Of a
    journal without statements only the contracts that it traded are told.
    """
    as_of = portfolio.as_of
    if as_of is None:
        return ()
    # With every void: what it says of an entry holds whenever it was written.
    earlier = [entry for entry in entries if entry.time <= as_of or isinstance(entry.event, Void)]
    told = in_telling_order(earlier)
    if not told or (isinstance(told[-1].event, Stated) and _is_said(portfolio, told[-1])):
        return ()
    base = max((n for n, entry in enumerate(told) if isinstance(entry.event, Stated)), default=-1)
    passed = {entry.event.contract for entry in told[base + 1 :] if isinstance(entry.event, Fill)}
    if not passed:
        return ()
    book = told_book(replace(portfolio, as_of=None), earlier)
    found = shifts(book.positions, book_of(stated(portfolio)).positions)
    known = (shift for shift in found if base >= 0 or shift.contract in passed)
    return tuple(shift for shift in known if shift.contracts_before != shift.contracts_after)


def gone_with_accounts(
    portfolio: Portfolio, differing: Iterable[Shift], entries: Iterable[Entry]
) -> dict[str, tuple[str, ...]]:
    """The contracts of which the statement has none any more, by the account of their fills that it has no more either.

    ``differing``: as of ``disagreement``.
    """
    known = {portfolio.account_key(account.name) for account in portfolio.accounts}
    at = {entry.event.contract: entry.event.account for entry in entries if isinstance(entry.event, Fill)}
    found: dict[str, tuple[str, ...]] = {}
    for shift in differing:
        account = at.get(shift.contract)
        if account is not None and account not in known and not shift.contracts_after:
            found[account] = (*found.get(account, ()), shift.contract)
    return found


def _opening(portfolio: Portfolio, journal: Journal) -> Iterator[Draft]:
    said = [entry for entry in in_telling_order(journal.entries) if isinstance(entry.event, Stated)]
    as_of = dated(portfolio)
    of_its_time = [entry for entry in said if entry.time == as_of]
    if not of_its_time or not _is_said(portfolio, of_its_time[-1]):
        yield Draft(stated(portfolio), as_of, _name("statement", as_of, {entry.id for entry in journal.entries}))


def _is_said(portfolio: Portfolio, entry: Entry) -> bool:
    """Whether a statement in the journal is the file's, whatever it was worth."""
    assert isinstance(entry.event, Stated)
    nothing = {"prices": (), "marks": ()}
    ours, theirs = (texts(replace(each, **nothing)) for each in (stated(portfolio), entry.event))
    return entry.time == portfolio.as_of and ours == theirs


def _differences(portfolio: Portfolio, journal: Journal) -> Iterator[Draft]:
    """Voids of differences that are no longer so, and the ones that are."""
    noted = {
        entry.event.statement: entry
        for entry in journal.entries
        if isinstance(entry.event, Difference) and entry.voided_by is None
    }
    taken = {entry.id for entry in journal.entries}
    for statement, found in _found(portfolio, journal.entries):
        known = noted.pop(statement.id, None)
        if known is not None and found is not None and texts(known.event) == texts(found):
            continue
        if known is not None:
            yield Draft(Void(known.id, _OUTDATED), known.time)
        if found is not None:
            taken.add(name := _name("difference", statement.time, taken))
            yield Draft(found, statement.time, name)
    for known in noted.values():
        yield Draft(Void(known.id, _OUTDATED), known.time)


def _found(portfolio: Portfolio, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Difference | None]]:
    """Each statement but the first, with what it has more than the entries up to it."""
    first = True
    for step in steps(portfolio, entries):
        if isinstance(step.event, Stated) and step.entry is not None:
            yield step.entry, None if first else difference(step.event, step.before, of=step.entry.id)
            first = False


def _refuse_voided(made: Iterable[Draft], mended: Iterable[Draft], journal: Journal) -> None:
    by_id = {entry.id: entry.event for entry in journal.entries}
    again = any(isinstance(draft.event, Difference) for draft in mended)
    for draft in made:
        if isinstance(draft.event, Void) and isinstance(by_id.get(draft.event.voids), Difference) and again:
            raise Refused(
                f"{draft.event.voids} is told from the statement and the entries, and stands while they do; record "
                "what explains it, with --settled and its own --time"
            )


def _name(what: str, time: datetime, used: Set[str]) -> str:
    name, count = f"{what}-{rfc3339(time)}", 1
    while (numbered := name if count == 1 else f"{name}#{count}") in used:
        count += 1
    return numbered
