"""What the commands that record share: where the entry goes, when it happened, and the figures it is made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.amounts import NumberProblem, number
from rebal.commands._answer import Answer, World
from rebal.commands._book import journal_of
from rebal.commands._options import Shown, Where
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rebal.amounts import Fraction
    from rebal.journal.drafts import Scene
    from rebal.journal.recording import Clerk
    from rebal.ledger import Draft
    from rebal.reports.record import Recorded

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show positions and coins before and after; write nothing.")]
Time = Annotated[
    str | None, typer.Option("--time", metavar="TIMESTAMP", help="When it happened, with its zone; now without.")
]

Again = Annotated[
    bool, typer.Option("--again", help="It happened twice: the same contents at the same time are no slip.")
]

Yes = Annotated[bool, typer.Option("--yes", help="Record it though it looks like a slip, without asking.")]


@frozen
class Entered:
    """When a single entry happened, and what it is called."""

    time: Time = None
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The exchange's id; recording it twice changes nothing.")
    ] = None
    again: Again = False
    yes: Yes = False
    settled: Annotated[
        bool, typer.Option("--settled", help="The statement holds it already: keep it as history alone.")
    ] = False
    dry_run: DryRun = False


def clerk(where: Where, world: World, entered: Entered) -> "Clerk":
    """The portfolio and its journal, with everything that was said of the entry."""
    from rebal.journal.recording import Clerk

    portfolio = where.read(world)
    path = journal_of(where.path(world), where.journal, portfolio)
    if path is None:
        raise UsageProblem("a portfolio from stdin has no journal; give --journal FILE")
    return Clerk(
        portfolio=portfolio,
        path=path,
        now=where.time(world),
        time=None if entered.time is None else instant(entered.time, option="--time"),
        id=entered.id,
        settled=entered.settled,
        again=entered.again,
        dry_run=entered.dry_run,
        named=where.journal is not None,
        sure=entered.yes or entered.again,
        ask=world.ask,
    )


def single(
    where: Where,
    shown: Shown,
    *,
    world: World,
    entered: Entered,
    make: "Callable[[Scene], Sequence[Draft]]",
    notes: Sequence[str] = (),
) -> Answer:
    """Record what ``make`` drafts and show what changed."""
    shown.check(world)
    from rebal.journal import recording

    at = clerk(where, world, entered)
    return told(recording.single(at, make, notes=notes), at, where=where, shown=shown, world=world)


def told(recorded: "Recorded", at: "Clerk", *, where: Where, shown: Shown, world: World) -> Answer:
    """What a record changed, as the answer to its command."""
    files = tuple(file for file in (where.path(world), *where.market_files(), at.path) if file is not None)
    return shown.answer(recorded, world, portfolio=at.portfolio, inputs=files, where=where)


def figure(text: str, *, option: str) -> "Fraction":
    """A number with its sign. Raises UsageProblem."""
    try:
        return number(text)
    except NumberProblem as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem


def moved(text: str, *, option: str) -> "Fraction":
    """A number with its sign, not 0. Raises UsageProblem."""
    value = figure(text, option=option)
    if value == 0:
        raise UsageProblem(f"{option} {text}: is 0, so nothing happened")
    return value


def price(text: str | None) -> "Fraction | None":
    """A price above 0, or none given. Raises UsageProblem."""
    if text is None:
        return None
    value = figure(text, option="--price")
    if value <= 0:
        raise UsageProblem(f"--price {text}: is not above 0; write USD per coin")
    return value


def instant(text: str, *, option: str) -> "datetime":
    """A timestamp with its zone. Raises UsageProblem."""
    from rebal import times

    try:
        return times.instant(text)
    except ValueError as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem


def content(path: str, where: Where, world: World, *, is_plan: bool = False) -> tuple[str, str]:
    """The text of a saved plan or an export, and how messages name it; ``-`` is stdin, unless the portfolio is.

    Raises InvalidInput.
    """
    from rebal.load import source

    if path == "-" and where.path(world) == "-":
        raise UsageProblem("stdin is the portfolio already; name a file")
    return source.text(path, source.PLAN if is_plan else source.EXPORT), source.shown(path)
