"""Recording from start to end: complete the drafts, refuse what cannot be, write, and say what changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from rebal.book import Purpose
from rebal.errors import Refused
from rebal.exchange_account import Happened
from rebal.frozen import frozen
from rebal.journal import drafts, exports, files, from_exchange, from_plan, mistakes, report, store
from rebal.journal.adding import Added, add, continued
from rebal.journal.drafts import Scene
from rebal.journal.fold import dated
from rebal.journal.placed import Placed
from rebal.journal.placing_plans import Placings
from rebal.journal.saved import SavedPlan
from rebal.journal.statements import with_statement
from rebal.journal.times import moment, refuse_covered, refuse_future
from rebal.journal.transferring import lost_on_the_way
from rebal.journal.wrong_side import wrong_sides
from rebal.ledger import Difference, Draft, Journal
from rebal.portfolio import Portfolio
from rebal.reconcile.report import differences
from rebal.reports.reconciliation import Reconciliation
from rebal.reports.record import Recorded
from rebal.times import rfc3339

Make = Callable[[Scene], Sequence[Draft]]


@frozen
class Clerk:
    """Who records: with which portfolio, in which journal, at what time, and how it is wanted.

    ``time`` and ``id``: as given, None without. ``settled``: the statement holds it already. ``again``: the same may
    have happened twice. ``dry_run``: only show what would change. ``named``: the journal was named, so that one that is
    not there may be a slip, and making it is said.
    ``sure``: what looks like a slip is none. ``ask``: puts a question to whoever records; None where nobody is there.
    """

    portfolio: Portfolio
    path: str
    now: datetime
    time: datetime | None = None
    id: str | None = None
    settled: bool = False
    again: bool = False
    dry_run: bool = False
    named: bool = False
    sure: bool = False
    ask: Callable[[str], bool] | None = None


def single(clerk: Clerk, make: Make, *, notes: Sequence[str] = ()) -> Recorded:
    """Record what ``make`` drafts for the time and the journal that it is given; ``notes`` are read once it has."""

    def build(journal: Journal) -> Sequence[Draft]:
        known = next((entry for entry in journal.entries if entry.id == clerk.id), None)
        if known is not None:
            return make(Scene(clerk.portfolio, journal, known.time, clerk.id))
        time = moment(clerk.time, now=clerk.now, portfolio=clerk.portfolio, journal=journal, settled=clerk.settled)
        return make(Scene(clerk.portfolio, journal, time, clerk.id))

    return _record(clerk, build, lambda _: tuple(notes))


def plan(clerk: Clerk, saved: SavedPlan, placed: Placed, *, export: tuple[str, str] | None = None) -> Recorded:
    """Record a saved plan: as planned, or as it was placed, with the fills in an exchange's export.

    ``export``: its text and its name.
    """
    from_plan.refuse_future(saved, now=clerk.now)
    notes: list[str] = []
    placed = from_plan.called(placed, clerk.portfolio)
    if export is not None:
        journal = store.read(clerk.path)
        chosen = exports.choose(*export, plan=saved, portfolio=clerk.portfolio, journal=journal, now=clerk.now)
        placed = replace(placed, fills=(*(placed.fills or ()), *chosen.fills))
        if chosen.left_out:
            left = (
                "1 record is not of this plan and was"
                if chosen.left_out == 1
                else (f"{chosen.left_out} records are not of this plan and were")
            )
            notes.append(f"{export[1]}: {left} left out")

    def build(journal: Journal) -> Sequence[Draft]:
        time = moment(clerk.time, now=clerk.now, portfolio=clerk.portfolio, journal=journal)
        made = from_plan.drafts(saved, clerk.portfolio, journal=journal, placed=placed, time=time)
        known = {entry.id for entry in journal.entries}
        for draft in made:
            if draft.id not in known:
                refuse_covered(draft.time, clerk.portfolio)
                refuse_future(draft.time, now=clerk.now, what=f"{draft.id}: its time")
        return made

    def ends(added: Added) -> Iterable[str]:
        return (*notes, *_of_plan(clerk, saved, placed, added=added))

    return _record(clerk, build, ends)


def _of_plan(clerk: Clerk, saved: SavedPlan, placed: Placed, *, added: Added) -> Iterator[str]:
    """What a plan's record takes for granted, what it leaves open, and what of it does not match."""
    if placed.fills is None and added.new:
        yield from from_plan.taken_as_filled(saved, placed, added.new)
        yield from from_plan.at_old_prices(saved, clerk.portfolio, time=clerk.time or clerk.now)
    yield from from_plan.left_open(saved, placed, before=added.before, after=added.after)
    yield from lost_on_the_way(saved, added.after)


def exchange(
    clerk: Clerk,
    events: Sequence[Happened],
    plans: Sequence[SavedPlan],
    *,
    purpose: Purpose | None,
    left: Callable[[Added], Reconciliation],
) -> Recorded:
    """Record what an exchange says happened, each fill for the plan that it filled; ``left``: its account after it."""
    said: list[str] = []
    apart: list[str] = []

    def build(journal: Journal) -> Sequence[Draft]:
        venues = (account.venue for account in clerk.portfolio.accounts)
        placings = Placings(plans, journal, filter(None, venues))
        found = from_exchange.taken(events, clerk.portfolio, journal=journal, placings=placings, purpose=purpose)
        said[:] = found.notes
        return found.drafts

    def ends(added: Added) -> Iterable[str]:
        beside = left(added)
        apart[:] = differences(beside)
        return (*said, *(f"reconcile: {what}" for what in apart or (beside.summary,)))

    recorded = _record(clerk, build, ends, is_word=True)
    return replace(recorded, differences=tuple(apart))


def _record(
    clerk: Clerk,
    build: Callable[[Journal], Sequence[Draft]],
    notes: Callable[[Added], Iterable[str]],
    *,
    is_word: bool = False,
) -> Recorded:
    """Record what is built; ``is_word``: it is the exchange's own word, in which no slip of the hand is looked for."""
    dated(clerk.portfolio)
    made, answered = _making(clerk), set[str]()

    def tried(journal: Journal) -> Added:
        drafted = build(journal)
        added = add(journal, drafted, again=clerk.again)
        if not is_word:
            mistakes.refuse(clerk.portfolio, added)
            drafts.refuse_impossible(clerk.portfolio, added)
        return with_statement(clerk.portfolio, added, drafted, again=clerk.again)

    def checked(journal: Journal) -> Added:
        added = tried(journal)
        if not clerk.sure and not answered.issuperset(mistakes.doubts(clerk.portfolio, added)):
            raise Refused("the journal went on meanwhile, and this looks like a slip now; record it again")
        return added

    if clerk.dry_run:
        added = tried(store.read(clerk.path))
    else:
        first = None
        if not clerk.sure:
            first = tried(store.read(clerk.path))
            asked = wrong_sides(clerk.portfolio, first) if clerk.ask is not None else ()
            answered.update(_accepted(clerk, (*mistakes.doubts(clerk.portfolio, first), *asked)))
        added = store.record(clerk.path, checked, tried=first)
    said = (*notes(added), *(made if added.new else ()), *(() if is_word else _questions(clerk, added)))
    return report.recorded(clerk.portfolio, added, journal=clerk.path, dry_run=clerk.dry_run, notes=said)


def _questions(clerk: Clerk, added: Added) -> Iterator[str]:
    """What is unlikely of a record, and, where it is only tried, what would be asked."""
    noted = tuple(mistakes.notes(clerk.portfolio, added, dry_run=clerk.dry_run))
    yield from noted
    if clerk.dry_run or (clerk.ask is None and not clerk.sure):
        instead = "correct it before it is recorded" if clerk.dry_run else "void the entry"
        yield from (f"{each}; if that is a slip, {instead}" for each in wrong_sides(clerk.portfolio, added))
    for doubt in mistakes.doubts(clerk.portfolio, added) if clerk.dry_run else ():
        if not any(note.startswith(doubt) for note in noted):
            yield f"{doubt}; to record it takes --yes"


def _accepted(clerk: Clerk, doubts: Sequence[str]) -> Sequence[str]:
    """What looks like a slip and is meant; asked before a lock is held. Raises Refused where it is not meant."""
    if not doubts:
        return ()
    told = "; ".join(doubts)
    if clerk.ask is None:
        raise Refused(f"{told}; nothing was recorded: correct it, or give --yes if it is so")
    if not clerk.ask(f"rebal: {told}. Record it all the same?"):
        raise Refused("nothing was recorded")
    return doubts


def _making(clerk: Clerk) -> tuple[str, ...]:
    """That a journal which was named is not there yet, and is made."""
    if not clerk.named or files.exists(clerk.path):
        return ()
    return (f"{clerk.path} does not exist: {'the record would create' if clerk.dry_run else 'this record created'} it",)


def statement(clerk: Clerk) -> Recorded:
    """Record the file's statement, where the journal has not got it yet."""
    return _record(clerk, lambda _: (), lambda added: tuple(_at_other_prices(clerk.portfolio, added)))


def _at_other_prices(portfolio: Portfolio, added: Added) -> Iterator[str]:
    """That what the statement differs by is valued at prices that are not of its time."""
    as_of, of, limit = dated(portfolio), portfolio.market.as_of, portfolio.policy.max_price_age
    differs = any(isinstance(entry.event, Difference) for entry in added.new)
    if differs and (of is None or (limit is not None and abs(of - as_of) > limit)):
        when = "not dated" if of is None else f"of {rfc3339(of)}"
        yield f"what differs is valued at the portfolio's prices, {when}; give --market FILE for those of its as_of"


def rebuild(clerk: Clerk, exported: Journal) -> Recorded:
    """Put an exported journal where there is none, or where it ends earlier."""
    added = continued(store.read(clerk.path), exported, clerk.path)
    made = _making(clerk) if added.new else ()
    told = report.recorded(clerk.portfolio, added, journal=clerk.path, dry_run=clerk.dry_run, notes=made)
    if not clerk.dry_run and added.new:
        store.rebuild(clerk.path, exported)
    return told
