"""The options that commands share, in groups: where the input is, and how the answer is shown.

No group is ever compared or printed, and every command starts with them: neither method is generated.
"""

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebal import formats
from rebal.amounts import NumberProblem, number
from rebal.commands import _market, _out
from rebal.commands._answer import Answer, World
from rebal.commands._complete import sections
from rebal.commands._next import Context, next_line, saved_line
from rebal.commands._typed import pasted, with_cures
from rebal.errors import Exit, UsageProblem
from rebal.formats import Ground, Report, View
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal import prices
    from rebal.load import Asked, Lacking, MarketText
    from rebal.load.listed import Shelf
    from rebal.portfolio import Portfolio

_SUFFIXES = {f".{name}": name for name in ("json", "csv", "html", "md", "svg")}
_DRAWN = frozenset({"html", "svg"})
_FOREIGN = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")
_CHARTS = ("weights", "ladder", "payoff", "cost", "path")


_Now = Annotated[
    str | None,
    typer.Option("--now", metavar="TIMESTAMP", help="The time that counts as now, as 2026-11-20T08:00:00Z."),
]


Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="How long exchanges may take for all that is asked, of a history for each page; 20.",
    ),
]


@frozen
class Clock:
    """The time that counts as now."""

    now: _Now = None

    def time(self, world: World) -> datetime:
        """The instant that was given, or the clock's."""
        return _instant(self.now, world)


@frozen
class Where:
    """Where the portfolio, its prices and its journal are, and the time that counts as now."""

    portfolio: Annotated[
        str | None,
        typer.Option(
            "--portfolio",
            "-p",
            metavar="FILE",
            help="The portfolio file; - is stdin. Without it: $REBAL_PORTFOLIO, else portfolio.yaml.",
        ),
    ] = None
    market: Annotated[
        str | None,
        typer.Option(
            "--market",
            metavar="FILE|live",
            help="Prices and funding that win over the portfolio's: a file, live from the exchange, or live,FILE.",
        ),
    ] = None
    journal: Annotated[
        str | None, typer.Option("--journal", metavar="FILE", help="The journal, in place of the portfolio's.")
    ] = None
    now: _Now = None
    timeout: Timeout = None

    def path(self, world: World) -> str:
        """The portfolio file that is meant."""
        return self.portfolio or world.portfolio

    def markets(self, world: World) -> "tuple[str | prices.Source, ...]":
        """The market files and sources of ``--market``, of which the last wins. Raises UsageProblem."""
        if self.path(world) == "-" and "-" in self.market_files():
            raise UsageProblem("stdin is named as the portfolio and as --market; it holds one of them, so name a file")
        return _market.parts(self.market, world, timeout=self.timeout)

    def market_files(self) -> tuple[str, ...]:
        """The market files that are read."""
        return _market.files(self.market)

    def time(self, world: World) -> datetime:
        """The instant that was given, or the clock's."""
        return _instant(self.now, world)

    def again(self, world: World) -> tuple[str, ...]:
        """The options with which another command is about the same files; what is found without them is left out."""
        path = self.path(world)
        named = (("-p", path), ("--market", self.market), ("--journal", self.journal))
        unnamed = ("-", world.portfolio)
        return tuple(word for option, file in named if file and file not in unnamed for word in (option, file))

    def read(
        self,
        world: World,
        market: "Sequence[MarketText | Asked] | None" = None,
        *,
        lacking: "Lacking | None" = None,
    ) -> "Portfolio":
        """The portfolio, resolved; ``market``: that of ``--market``, where it was read already. Raises InvalidInput.

        ``lacking``: what prices the assets that nothing else does.
        """
        from rebal import load

        given = self.markets(world) if market is None else market
        return load.portfolio(self.path(world), now=self.time(world), market=given, shelf=shelf(world), lacking=lacking)


@frozen
class Source(Where):
    """The same for commands that take the portfolio as their argument."""

    file: Annotated[
        str | None,
        typer.Argument(metavar="PORTFOLIO", help="The portfolio file, in place of --portfolio.", show_default=False),
    ] = None

    def path(self, world: World) -> str:
        """The portfolio file that is meant."""
        if self.file is not None and self.portfolio is not None:
            raise UsageProblem("the portfolio is given twice; name it either alone or with --portfolio")
        return self.file or self.portfolio or world.portfolio


@frozen
class Sources(Where):
    """The same for commands that take one portfolio or many, as files and folders."""

    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PORTFOLIO]...",
            help="The portfolio file, in place of --portfolio; several, or folders of them, for a line each.",
            show_default=False,
        ),
    ] = None

    def path(self, world: World) -> str:
        """The portfolio file that is meant, where it is one. Raises UsageProblem."""
        if self.files and self.portfolio is not None:
            raise UsageProblem("the portfolio is given twice; name it either alone or with --portfolio")
        return self.files[0] if self.files else self.portfolio or world.portfolio


def shelf(world: World) -> "Shelf":
    """Where refreshed venues are."""
    from rebal.load.listed import Shelf

    return Shelf(None if world.data is None else os.path.join(world.data, "venues"), world.kept)


def _instant(given: str | None, world: World) -> datetime:
    if given is None:
        return world.now
    from rebal.times import instant

    try:
        return instant(given)
    except ValueError as problem:
        raise UsageProblem(f"--now {given}: {problem}") from problem


def _formats_like(incomplete: str) -> list[str]:
    return [name for name in formats.names() if name.startswith(incomplete)]


def _charts_like(incomplete: str) -> list[str]:
    return [name for name in _CHARTS if name.startswith(incomplete)]


@frozen
class Shown:
    """How the answer is shown, and where it goes."""

    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            autocompletion=_formats_like,
            help="table, plain, json, csv, orders (for ccxt), html (a page), md (markdown) or svg (a chart); "
            "table on a terminal and plain otherwise.",
        ),
    ] = None
    section: Annotated[
        str | None,
        typer.Option(
            "--section", metavar="NAME", autocompletion=sections, help="Which table csv prints, as orders or wallets."
        ),
    ] = None
    chart: Annotated[
        str | None,
        typer.Option(
            "--chart",
            metavar="NAME",
            autocompletion=_charts_like,
            help="Which chart svg draws: weights, ladder, payoff, cost or path.",
        ),
    ] = None
    brief: Annotated[bool, typer.Option("--brief", help="A few lines: plan and status; without it everything.")] = False
    width: Annotated[str | None, typer.Option("--width", metavar="COLUMNS", help="Columns to lay out for.")] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="Never colour; NO_COLOR does the same.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing where the exit code is 0.")] = False
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="Save it there, whole or not at all; the format by its suffix."),
    ] = None

    def answer(
        self,
        report: Report,
        world: World,
        *,
        code: Exit = Exit.DONE,
        portfolio: "Portfolio | None" = None,
        inputs: Iterable[str] = (),
        remarks: tuple[str, ...] = (),
        where: Where | None = None,
        saved: str | None = None,
    ) -> Answer:
        """Render a report for stdout, or into --out; on a terminal for both.

        ``inputs``: files that --out must not overwrite. ``remarks``: what stderr says where stdout does not show it.
        ``where``: the files that the cures in it are to name, as they are typed. ``saved``: the file that it was read
        from, where it is an answer of earlier.
        """
        again = () if where is None else where.again(world)
        report = with_cures(report, again)
        path = where.path(world) if where is not None else saved if saved and hasattr(report, "name") else "-"
        view = self.view(world, portfolio=portfolio, file=None if path == "-" else path)
        told = formats.pieces(self.form(world), report, view)
        silent = self.quiet and code is Exit.DONE
        if self.out is None:
            if self.form(world) == "table":
                apart = "" if self.brief else "\n"
                next_ = next_line(report, Context(again, world.words, saved, brief=self.brief))
                told.append(f"{apart}next: {next_}\n")
            return Answer("" if silent else told, code)
        _out.write(self.out, "".join(told), apart_from=inputs)
        if world.terminal:
            on_screen = replace(view, colour=world.colour and not self.no_color, ascii=not world.signs)
            shown = formats.render("table", report, on_screen) + self._saved(report, world, again)
            return Answer("" if silent else shown, code)
        return Answer(code=code, remarks=tuple(pasted(remark, again) for remark in remarks))

    def _saved(self, report: Report, world: World, again: tuple[str, ...]) -> str:
        """The last lines on a terminal: where the answer is, and what to type next."""
        file, form = self.out or "", self.form(world)
        if form == "json":
            return f"\nsaved in {file}\nnext: {saved_line(report, Context(again, world.words, file))}\n"
        looked_at = "; save it as .json to show it again, or to record it" if form not in _DRAWN else ""
        return f"\nsaved in {file}{looked_at}\nnext: {next_line(report, Context(again, world.words))}\n"

    def check(self, world: World) -> None:
        """Refuse what contradicts itself, before any file is read. Raises UsageProblem."""
        known = formats.names()
        name = self.form(world)
        if name not in known:
            raise UsageProblem(f"--format {name}: there is no such format; {one_of(name, known)}")
        if self.section is not None and name not in ("csv", "orders"):
            raise UsageProblem("--section picks a table of csv; add --format csv")
        if self.brief and name not in ("table", "plain", "md"):
            raise UsageProblem(self._not_shortened(name))
        if self.chart is not None and name != "svg":
            instead = "add --format svg" if self.out is None else "save it as .svg, or leave --chart away"
            raise UsageProblem(f"--chart picks the one chart of svg, and this is {name}; {instead}")
        self._columns(world)
        if self.out is not None:
            _refuse_other_kind(self.out, name)
            _out.refuse_irregular(self.out)

    def _not_shortened(self, name: str) -> str:
        unsaved = "" if self.out is None else "; nothing was saved"
        instead = "leave --brief away" if self.format is None else f"leave away --brief, or --format {name}"
        return f"--brief shortens what people read, and {name} is told in full; {instead}{unsaved}"

    def form(self, world: World) -> str:
        """The name of the format."""
        if self.format is not None:
            return self.format
        if self.out is not None:
            return _kind_of(self.out) or "plain"
        return "table" if world.terminal else "plain"

    def view(
        self, world: World, *, portfolio: "Portfolio | None" = None, file: str | None = None, book: str | None = None
    ) -> View:
        """How a report is to be shown; ``book``: its file, where it is one of many."""
        to_file = self.out is not None
        return View(
            width=self._columns(world),
            colour=world.colour and not self.no_color and not to_file,
            section=self.section,
            ascii=not world.signs and not to_file,
            portfolio=portfolio,
            file=file,
            chart=self.chart,
            book=book,
            brief=self.brief,
            ground=Ground.told(world.grounds),
        )

    def _columns(self, world: World) -> int:
        if self.width is None:
            return world.width
        try:
            columns = number(self.width)
        except NumberProblem as problem:
            raise UsageProblem(f"--width {self.width}: {problem}") from problem
        if columns.denominator != 1 or not 20 <= columns <= 1_000:
            raise UsageProblem(f"--width {self.width}: write a whole number of columns from 20 to 1000")
        return int(columns)


def _kind_of(path: str) -> str | None:
    """The format that the suffix of a file says; None where it says none."""
    return next((name for suffix, name in _SUFFIXES.items() if path.lower().endswith(suffix)), None)


def _refuse_other_kind(path: str, name: str) -> None:
    """Refuse a suffix with which nothing opens what is saved under it. Raises UsageProblem."""
    foreign = next((suffix for suffix in _FOREIGN if path.lower().endswith(suffix)), None)
    if foreign is not None:
        raise UsageProblem(
            f"--out {path}: rebal makes no {foreign[1:]}; save a chart as .svg, a page to print as .html"
        )
    said = _kind_of(path)
    if said is not None and said != name and not _DRAWN.isdisjoint((said, name)):
        raise UsageProblem(
            f"--out {path}: says {said}, and --format {name} another; leave --format away, or name it so"
        )


def one_of(given: str, known: Iterable[str]) -> str:
    """What to write instead of a name that is not known: the nearest that is, in whatever case, and all of them."""
    names = sorted(known)
    in_small = {name.lower(): name for name in names}
    near = difflib.get_close_matches(given.lower(), in_small, n=1)
    return f"{f'did you mean {in_small[near[0]]}? ' if near else ''}write one of {', '.join(names)}"
