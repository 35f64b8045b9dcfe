"""One command asked of many books: a line each, the worst first, and the worst in detail."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rebal import formats
from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened
from rebal.commands._cures import cured
from rebal.commands._exit_code import Reported
from rebal.commands._folders import books
from rebal.commands._jobs import Workers, told
from rebal.commands._options import Shown, Sources, Where, shelf
from rebal.commands._prices import Prices, judged
from rebal.commands._typed import typed, with_cures
from rebal.errors import Exit, InvalidInput, RebalError, Refused, Unavailable, UsageProblem
from rebal.formats import Report

if TYPE_CHECKING:
    from rebal import load
    from rebal.commands._notify import Notice, Notifier
    from rebal.load import MarketText
    from rebal.plan import Plan
    from rebal.reports.books import BookLine
    from rebal.status import Status

_FORMATS = ("csv", "json", "plain", "table")

Market: TypeAlias = "Sequence[MarketText | load.Asked] | None"
"""What a book is priced by, where that is read or made ready to be asked already."""
Ask = Callable[[Where, World, Market], "Reported[Plan | Status]"]


class Asked(NamedTuple):
    """What is asked of every book: sent to whoever answers, so that it holds nothing of this process."""

    command: str
    ask: Ask
    where: Where
    shown: Shown
    world: World
    market: "tuple[MarketText, ...]"
    notifies: bool


class _Item(NamedTuple):
    """A book, and the prices that were asked for it. ``failure``: why there are none; ``down``: why the last ones."""

    file: str
    prices: "tuple[MarketText, ...]" = ()
    failure: RebalError | None = None
    down: str | None = None


class _Told(NamedTuple):
    """One book's part of the answer.

    ``line``: of the table of all; ``text``: for stdout now, in its place; ``said``: for stderr in the end; ``notice``:
    for the command of ``--notify``; ``down``: why it stands on the fallback's prices, and ``at`` when those were true.
    """

    line: "BookLine | None"
    code: Exit
    text: str = ""
    said: tuple[str, ...] = ()
    notice: "Notice | None" = None
    down: str | None = None
    at: datetime | None = None


class _Run(NamedTuple):
    """What a run has that is not sent to whoever answers."""

    asked: Asked
    world: World
    prices: Prices
    workers: Workers
    notifier: "Notifier | None"
    fallback: str | None


def answered(
    command: str,
    ask: Ask,
    world: World,
    *,
    sources: Sources,
    shown: Shown,
    workers: Workers,
    notifier: "Notifier | None" = None,
    fallback: str | None = None,
) -> Answer:
    """The command's answer to every book that is named. Raises what concerns all of them."""
    if shown.out is not None:
        raise UsageProblem("--out saves the answer to one portfolio; of several, redirect stdout: > answers.jsonl")
    if shown.form(world) not in _FORMATS:
        raise UsageProblem(f"--format {shown.form(world)}: shows one portfolio; of several, {', '.join(_FORMATS)} do")
    files, prices = books(sources), Prices(sources, world, fallback)
    where = Where(market=sources.market, now=sources.time(world).isoformat())
    still = world._replace(ask=None, network=None, environment=None, progress=None, kept=shelf(world).held().texts)
    asked = Asked(command, ask, where, shown, still, prices.shared(), notifier is not None)
    return Answer(parts=_parts(_Run(asked, world, prices, workers, notifier, fallback), files))


def _parts(run: _Run, files: Sequence[str]) -> Generator[str, None, Answer]:
    asked, streams = run.asked, _streams(run.asked)
    watched = run.world._replace(progress=None) if streams and run.world.terminal else run.world
    lines: list[BookLine] = []
    tally, headed = _Tally(run), False
    with run.workers.hired((asked, os.getcwd() if run.workers.cluster else None)) as crew:
        for each in told(crew.each(_told, _items(run, files)), watched, of=len(files), what="books"):
            tally.add(each)
            if asked.shown.quiet and each.code is Exit.DONE:
                continue
            if each.line is not None:
                lines.append(each.line)
            elif each.text:
                yield each.text.partition("\n")[2] if headed else each.text
                headed = asked.shown.form(run.world) == "csv"
    text = "" if streams or not lines else _shown(run, lines)
    return Answer(text, tally.worst, tuple(tally.said), regardless=True)


_STRONGEST = (Exit.UNAVAILABLE, Exit.INVALID_INPUT, Exit.REFUSED, Exit.BREACH, Exit.ACTION, Exit.DONE)


class _Tally:
    """The strongest code so far, and what stderr says in the end; who is to be told is told on the way."""

    def __init__(self, run: _Run) -> None:
        self.worst = Exit.DONE
        self.said = [*run.prices.missing]
        self._run = run
        self._down: set[str] = set()

    def add(self, each: _Told) -> None:
        """Count one more book."""
        self._leave_with(each.code)
        self.said += each.said
        if each.down is not None:
            self._leave_with(Exit.UNAVAILABLE)
            if each.down not in self._down:
                now = self._run.asked.where.time(self._run.world)
                self.said.append(judged(each.down, self._run.fallback, at=each.at, now=now))
                self._down.add(each.down)
        notifier = self._run.notifier
        failure = notifier.tell(each.notice) if notifier is not None and each.notice is not None else None
        if failure is not None:
            self.said.append(failure)
            self._leave_with(Exit.UNAVAILABLE)

    def _leave_with(self, code: Exit) -> None:
        self.worst = min(self.worst, code, key=_STRONGEST.index)


def _items(run: _Run, files: Iterable[str]) -> Iterator[_Item]:
    """The books, each with the prices that an exchange has for it; here, where the network is."""
    return (_priced(run, file) if run.prices.asks else _Item(file) for file in files)


def _priced(run: _Run, file: str) -> _Item:
    try:
        prices = run.prices.of(file, run.asked.where, run.world)
    except (InvalidInput, Unavailable) as error:
        return _Item(file, failure=error)
    return _Item(file, prices, down=run.prices.fallen())


def _told(shared: tuple[Asked, str | None], item: _Item) -> _Told:
    """One book's part; ``shared``: what is asked, and the folder that files are in for who answers in another."""
    from rebal.reports.books import NEEDS, read_line, unread, unread_line

    (asked, folder), file = shared, item.file
    where = replace(asked.where, portfolio=file if folder is None else os.path.join(folder, file))
    try:
        if item.failure is not None:
            raise item.failure
        reported = asked.ask(where, asked.world, item.prices or asked.market)
    except (InvalidInput, Unavailable, Refused) as raised:
        error = raised if folder is None else _as_typed(raised, folder)
        problem = unread(asked.command, file, error)
        said = str(error) if isinstance(error, InvalidInput) else f"rebal: {error}"
        text = _text(asked, problem, file) if asked.shown.form(asked.world) == "json" else ""
        return _Told(None if _streams(asked) else unread_line(problem), error.exit_code, text, (said,))
    report = with_cures(cured(reported.report), replace(asked.where, portfolio=file).again(asked.world))
    found = _notice(reported.book, report, item, world=asked.world) if asked.notifies else None
    line = None if _streams(asked) else read_line(file, report, NEEDS[reported.standing])
    at = reported.book.portfolio.market.as_of
    return _Told(line, reported.code, _text(asked, report, file), notice=found, down=item.down, at=at)


def _notice(book: Opened, report: "Status", item: _Item, *, world: World) -> "Notice":
    from rebal.commands._notify import notice

    partial = item.down is not None
    return notice(report, file=item.file, journal=book.journal_path, width=world.width, partial=partial)


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


def _shown(run: _Run, lines: Iterable["BookLine"]) -> str:
    """The lines, and the worst of the books that could be read."""
    from rebal.reports.books import Needs, books

    asked, shown, world = run.asked, run.asked.shown, run.asked.world
    report = books(asked.command, lines)
    text = formats.render(shown.form(world), report, shown.view(world))
    unread = (Needs.UNAVAILABLE, Needs.INVALID)
    worst = next((line.file for line in report.books if line.needs not in unread), None)
    if worst is None and report.books and shown.form(world) == "table":
        return f"{text}\nnext: {typed('rebal', 'check', report.books[0].file)}\n"
    if worst is None or shown.form(world) == "csv":
        return text
    where = replace(asked.where, portfolio=worst)
    with suppress(InvalidInput, Unavailable):  # it has changed since, and its line says how it was
        found = asked.ask(where, world, _priced(run, worst).prices or asked.market)
        alone = world._replace(words=())  # what was typed is about all of them
        detail = shown.answer(
            cured(found.report), alone, portfolio=found.book.portfolio, code=Exit.BREACH, where=where
        ).text
        return "".join((text, "\n" if shown.form(world) == "table" else "", *detail))
    return text
