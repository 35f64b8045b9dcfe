"""Recording from start to end: complete the drafts, refuse what cannot be, write, and say what changed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rebal.errors import Refused
from rebal.journal import drafts, exports, files, from_plan, report, slips, store
from rebal.journal.adding import Added, add, continued
from rebal.journal.drafts import Scene
from rebal.journal.fold import dated
from rebal.journal.placed import Placed
from rebal.journal.saved import SavedPlan
from rebal.journal.statements import with_statement
from rebal.journal.times import moment, refuse_covered, refuse_future
from rebal.ledger import Draft, Journal, Recorded
from rebal.portfolio import Portfolio

Make = Callable[[Scene], Sequence[Draft]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every record needs: the portfolio, the journal's path, the clock, and how the recorder wants it done.

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


def single(desk: Desk, make: Make, *, notes: Sequence[str] = ()) -> Recorded:
    """Record what ``make`` drafts for the time and the journal that it is given."""

    def build(journal: Journal) -> Sequence[Draft]:
        known = next((entry for entry in journal.entries if entry.id == desk.id), None)
        if known is not None:
            return make(Scene(desk.portfolio, journal, known.time, desk.id))
        time = moment(desk.time, now=desk.now, portfolio=desk.portfolio, journal=journal, settled=desk.settled)
        return make(Scene(desk.portfolio, journal, time, desk.id))

    return _record(desk, build, lambda _: notes)


def plan(desk: Desk, saved: SavedPlan, placed: Placed, *, export: tuple[str, str] | None = None) -> Recorded:
    """Record a saved plan: as planned, or as it was placed, with the fills in an exchange's export.

    ``export``: its text and its name.
    """
    from_plan.refuse_future(saved, now=desk.now)
    notes: list[str] = []
    if export is not None:
        journal = store.read(desk.path)
        chosen = exports.choose(*export, plan=saved, portfolio=desk.portfolio, journal=journal, now=desk.now)
        placed = replace(placed, fills=(*(placed.fills or ()), *chosen.fills))
        if chosen.left_out:
            left = (
                "1 record is not of this plan and was"
                if chosen.left_out == 1
                else (f"{chosen.left_out} records are not of this plan and were")
            )
            notes.append(f"{export[1]}: {left} left out")

    def build(journal: Journal) -> Sequence[Draft]:
        time = moment(desk.time, now=desk.now, portfolio=desk.portfolio, journal=journal)
        made = from_plan.drafts(saved, desk.portfolio, journal=journal, placed=placed, time=time)
        known = {entry.id for entry in journal.entries}
        for draft in made:
            if draft.id not in known:
                refuse_covered(draft.time, desk.portfolio)
                refuse_future(draft.time, now=desk.now, what=f"{draft.id}: its time")
        return made

    def ends(added: Added) -> Iterable[str]:
        return (*notes, *from_plan.left_open(saved, placed, before=added.before, after=added.after))

    return _record(desk, build, ends)


def _record(
    desk: Desk, build: Callable[[Journal], Sequence[Draft]], notes: Callable[[Added], Iterable[str]]
) -> Recorded:
    dated(desk.portfolio)
    made, answered = _making(desk), set[str]()

    def tried(journal: Journal) -> tuple[Sequence[Draft], Added]:
        drafted = build(journal)
        added = add(journal, drafted, again=desk.again)
        slips.refuse(desk.portfolio, added)
        drafts.refuse_impossible(desk.portfolio, added)
        whole = with_statement(desk.portfolio, journal, drafted, again=desk.again)
        return whole, add(journal, whole, again=desk.again)

    def checked(journal: Journal) -> Sequence[Draft]:
        drafted, added = tried(journal)
        if not desk.sure and not answered.issuperset(slips.doubts(desk.portfolio, added)):
            raise Refused("the journal went on meanwhile, and this looks like a slip now; record it again")
        return drafted

    if desk.dry_run:
        _, added = tried(store.read(desk.path))
    else:
        if not desk.sure:
            _, first = tried(store.read(desk.path))
            answered.update(_accepted(desk, tuple(slips.doubts(desk.portfolio, first))))
        added = store.record(desk.path, checked, again=desk.again)
    said = (*notes(added), *(made if added.new else ()), *_questions(desk, added))
    return report.recorded(desk.portfolio, added, journal=desk.path, dry_run=desk.dry_run, notes=said)


def _questions(desk: Desk, added: Added) -> Iterator[str]:
    """What is unlikely of a record, and, where it is only tried, what would be asked."""
    noted = tuple(slips.notes(desk.portfolio, added, dry_run=desk.dry_run))
    yield from noted
    for doubt in slips.doubts(desk.portfolio, added) if desk.dry_run else ():
        if not any(note.startswith(doubt) for note in noted):
            yield f"{doubt}; to record it takes --yes"


def _accepted(desk: Desk, doubts: Sequence[str]) -> Sequence[str]:
    """What looks like a slip and is meant; asked before a lock is held. Raises Refused where it is not meant."""
    if not doubts:
        return ()
    told = "; ".join(doubts)
    if desk.ask is None:
        raise Refused(f"{told}; nothing was recorded: correct it, or give --yes if it is so")
    if not desk.ask(f"rebal: {told}. Record it all the same?"):
        raise Refused("nothing was recorded")
    return doubts


def _making(desk: Desk) -> tuple[str, ...]:
    """That a journal which was named is not there yet, and is made."""
    if not desk.named or files.exists(desk.path):
        return ()
    return (f"{desk.path} does not exist: {'the record would create' if desk.dry_run else 'this record created'} it",)


def statement(desk: Desk) -> Recorded:
    """Record the file's statement, where the journal has not got it yet."""
    return _record(desk, lambda _: (), lambda _: ())


def rebuild(desk: Desk, exported: Journal) -> Recorded:
    """Put an exported journal where there is none, or where it ends earlier."""
    added = continued(store.read(desk.path), exported, desk.path)
    made = _making(desk) if added.new else ()
    told = report.recorded(desk.portfolio, added, journal=desk.path, dry_run=desk.dry_run, notes=made)
    if not desk.dry_run and added.new:
        store.rebuild(desk.path, exported)
    return told
