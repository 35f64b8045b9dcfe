"""One command asked of many books: a line each, the worst first, and the worst in detail."""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from rebal import formats
from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened
from rebal.commands._crew import Workers, told
from rebal.commands._cures import cured
from rebal.commands._folders import books
from rebal.commands._options import Shown, Sources, Where
from rebal.commands._typed import with_cures
from rebal.errors import Exit, InvalidInput, RebalError, Refused, Unavailable, UsageProblem
from rebal.formats import Report

if TYPE_CHECKING:
    from rebal.commands._notify import Notice, Notifier
    from rebal.load import MarketText
    from rebal.plan import Plan
    from rebal.reports.books import BookLine
    from rebal.status import Status

_FORMATS = ("csv", "json", "plain", "table")


_Report = TypeVar("_Report", bound="Plan | Status", covariant=True)


class Reported(NamedTuple, Generic[_Report]):
    """One book's answer. ``standing``: its code by its state; ``code``: the one to leave with."""

    book: Opened
    report: _Report
    standing: Exit
    code: Exit


Ask = Callable[[Where, World, "MarketText | None"], "Reported[Plan | Status]"]


class Asked(NamedTuple):
    """What is asked of every book: sent to whoever answers, so that it holds nothing of this process."""

    command: str
    ask: Ask
    where: Where
    shown: Shown
    world: World
    market: "MarketText | None"
    notifies: bool = False


class _Told(NamedTuple):
    """One book's part of the answer.

    ``text``: for stdout now; ``said``: for stderr in the end; ``notice``: for the command of ``--notify``.
    """

    line: "BookLine"
    code: Exit
    text: str = ""
    said: tuple[str, ...] = ()
    notice: "Notice | None" = None


def answered(
    command: str,
    ask: Ask,
    world: World,
    *,
    sources: Sources,
    shown: Shown,
    workers: Workers,
    notifier: "Notifier | None" = None,
) -> Answer:
    """The command's answer to every book that is named. Raises what concerns all of them."""
    if shown.out is not None:
        raise UsageProblem("--out saves the answer to one portfolio; of several, redirect stdout: > answers.jsonl")
    if shown.form(world) not in _FORMATS:
        raise UsageProblem(f"--format {shown.form(world)}: shows one portfolio; of several, {', '.join(_FORMATS)} do")
    workers.check()
    files = books(sources)
    where = Where(market=sources.market, now=sources.time(world).isoformat())
    market = None
    if sources.market_files() != ((sources.market,) if sources.market else ()):
        raise UsageProblem(f"--market {sources.market}: asks for one portfolio; of several, give a market file")
    if sources.market is not None:
        from rebal import load

        market = load.market(sources.market, now=sources.time(world))
    still = world._replace(ask=None, network=None, environment=None, progress=None)
    asked = Asked(command, ask, where, shown, still, market, notifier is not None)
    return Answer(parts=_parts(asked, files, world, workers=workers, notifier=notifier))


def _parts(
    asked: Asked, files: Sequence[str], world: World, *, workers: Workers, notifier: "Notifier | None"
) -> Generator[str, None, Answer]:
    quiet, streams = asked.shown.quiet, _streams(asked)
    watched = world._replace(progress=None) if streams and world.terminal else world
    lines: list[BookLine] = []
    said: list[str] = []
    worst, headed = Exit.DONE, False
    with workers.hired((asked, os.getcwd() if workers.cluster else None)) as crew:
        for each in told(crew.each(_told, files), watched, of=len(files), what="books"):
            worst = min(worst, each.code, key=_STRONGEST.index)
            said += each.said
            failure = notifier.tell(each.notice) if notifier is not None and each.notice is not None else None
            if failure is not None:
                said.append(failure)
                worst = Exit.UNAVAILABLE
            if quiet and each.code is Exit.DONE:
                continue
            if not streams:
                lines.append(each.line)
            elif each.text:
                yield each.text.partition("\n")[2] if headed else each.text
                headed = asked.shown.form(world) == "csv"
    return Answer("" if streams or not lines else _shown(asked, lines), worst, tuple(said))


_STRONGEST = (Exit.UNAVAILABLE, Exit.INVALID_INPUT, Exit.REFUSED, Exit.BREACH, Exit.ACTION, Exit.DONE)


def _told(shared: tuple[Asked, str | None], file: str) -> _Told:
    """One book's part; ``shared``: what is asked, and the folder that files are in for who answers in another."""
    from rebal.reports.books import NEEDS, read_line, unread, unread_line

    asked, folder = shared
    where = replace(asked.where, portfolio=file if folder is None else os.path.join(folder, file))
    try:
        reported = asked.ask(where, asked.world, asked.market)
    except (InvalidInput, Unavailable, Refused) as raised:
        error = raised if folder is None else _as_typed(raised, folder)
        problem = unread(asked.command, file, error)
        said = str(error) if isinstance(error, InvalidInput) else f"rebal: {error}"
        text = _text(asked, problem, file) if asked.shown.form(asked.world) == "json" else ""
        return _Told(unread_line(problem), error.exit_code, text, (said,))
    report = with_cures(cured(reported.report), replace(asked.where, portfolio=file).again(asked.world))
    found = _notice(reported.book, report, file, world=asked.world) if asked.notifies else None
    line = read_line(file, report, NEEDS[reported.standing])
    return _Told(line, reported.code, _text(asked, report, file), notice=found)


def _notice(book: Opened, report: "Status", file: str, *, world: World) -> "Notice":
    from rebal.commands._notify import notice

    return notice(report, file=file, journal=book.journal_path, width=world.width)


def _as_typed(error: RebalError, folder: str) -> RebalError:
    """An error about files in a folder, about the same files as they were typed."""
    within = os.path.join(folder, "")
    if isinstance(error, InvalidInput):
        return InvalidInput(each._replace(source=each.source.removeprefix(within)) for each in error.problems)
    return type(error)(str(error).replace(within, ""))


def _streams(asked: Asked) -> bool:
    """Whether each book has its own part of stdout, in the order given."""
    form = asked.shown.form(asked.world)
    return form == "json" or (form == "csv" and asked.shown.section not in (None, "books"))


def _text(asked: Asked, report: Report, file: str) -> str:
    if not _streams(asked):
        return ""
    return formats.render(asked.shown.form(asked.world), report, asked.shown.view(asked.world, book=file))


def _shown(asked: Asked, lines: Iterable["BookLine"]) -> str:
    """The lines, and the worst of the books that could be read."""
    from rebal.reports.books import Needs, books

    report, shown, world = books(asked.command, lines), asked.shown, asked.world
    text = formats.render(shown.form(world), report, shown.view(world))
    unread = (Needs.UNAVAILABLE, Needs.INVALID)
    worst = next((line.file for line in report.books if line.needs not in unread), None)
    if worst is None or shown.form(world) == "csv":
        return text
    where = replace(asked.where, portfolio=worst)
    with suppress(InvalidInput, Unavailable):  # it has changed since, and its line says how it was
        found = asked.ask(where, world, asked.market)
        detail = shown.answer(
            cured(found.report), world, portfolio=found.book.portfolio, code=Exit.BREACH, where=where
        ).text
        return text + ("\n" if shown.form(world) == "table" else "") + detail
    return text
