"""``rebal replay``."""

import os
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from rebal.amounts import NumberProblem, number
from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened, opened
from rebal.commands._jobs import Workers, told
from rebal.commands._options import Shown, Source, one_of
from rebal.commands._policies import HOLD, REFUSED, combinations
from rebal.commands._terms import Terms
from rebal.errors import InvalidInput, Problem, Unavailable, UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rebal.amounts import Fraction
    from rebal.load import Lacking
    from rebal.load.course_files import Wanted
    from rebal.load.sheets import Sheet
    from rebal.portfolio import Portfolio
    from rebal.prices import Quotes as Priced
    from rebal.replay.course import Course
    from rebal.replay.quotes import Quotes
    from rebal.replay.report import Terms as Walked
    from rebal.replay.sweep import Combination, Shared
    from rebal.replay.walk import Skip
    from rebal.reports.replay import CombinationLine, Drawn, Replay

EXAMPLES = (
    "rebal replay portfolio.yaml --prices prices.csv --costs slippage=0.05%",
    "rebal replay --prices BTC.csv --prices ETH.csv --funding BTCUSD_PERP=funding.csv --from 2020-01-01",
    "rebal replay --prices prices.csv --against hold,spot --check 1w --format csv --out path.csv",
    "rebal replay --prices prices.csv --policy band=2%..10%:2% --policy leverage=0.5,1,2 --starts 12 --jobs 2",
    "rebal replay --prices prices.csv --paths 1000 --block 20d --seed 7",
)
_RANKS = ("end", "fall", "closest", "cost", "drift")


@frozen
class Through:
    """The prices that a book is walked through."""

    prices: Annotated[
        list[str] | None,
        typer.Option("--prices", metavar="FILE", help="Bars or closes as CSV or Parquet; BTC=FILE says whose."),
    ] = None
    funding: Annotated[
        list[str] | None,
        typer.Option("--funding", metavar="FILE", help="Funding rates as they were; CONTRACT=FILE says whose."),
    ] = None
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Begin then.")] = None
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="End then.")] = None
    gaps: Annotated[
        str | None, typer.Option("--gaps", metavar="carry", help="Keep the last price where bars are missing.")
    ] = None

    def check(self) -> None:
        """Raise UsageProblem for what can be told without reading a file."""
        if not self.prices:
            raise UsageProblem("replay needs prices: --prices FILE, a CSV of bars or closes")
        joined = next((each for each in self.prices if "," in each and not os.path.lexists(each)), None)
        if joined is not None:
            raise UsageProblem(f"--prices {joined}: give --prices once for each file")
        if self.gaps not in (None, "carry"):
            raise UsageProblem(f"--gaps {self.gaps}: write carry, or leave it out to be told of every gap")
        first, last = self._stretch()
        if first is not None and last is not None and last <= first:
            raise UsageProblem(f"--from {self.since} --to {self.until}: write a --to that is after --from")

    def course(self, portfolio: "Portfolio", read: "Callable[[str], Sheet]") -> "Course":
        """Read the files. Raises InvalidInput."""
        from rebal.load import courses
        from rebal.planner.exposure import assets_of

        assets = assets_of(portfolio, portfolio.statement)
        through = {portfolio.proxies[asset].via for asset in assets if asset in portfolio.proxies}
        contracts = {*portfolio.contracts, *(name.rpartition(":")[2] for name in portfolio.contracts)}
        wanted = self._wanted((*assets, *through), contracts)
        return courses.course(self.prices or (), self.funding or (), wanted, read=read)

    def first(self, now: datetime, read: "Callable[[str], Sheet]") -> "Lacking":
        """What prices assets as the replay begins: as the files have them then. Raises InvalidInput."""
        from rebal.load import courses
        from rebal.prices import Quotes
        from rebal.replay.course import moment

        def prices(assets: tuple[str, ...]) -> "Priced":
            on = courses.course(self.prices or (), (), self._wanted(assets, ()), read=read)
            begins = moment(on.start)
            return Quotes(begins if begins <= now else None, {asset: on.close(asset, 0) for asset in assets}, {})

        return prices

    @property
    def files(self) -> tuple[str, ...]:
        """The files that an answer must never overwrite."""
        given = (*(self.prices or ()), *(self.funding or ()))
        return tuple(dict.fromkeys((*given, *(each.partition("=")[2] for each in given if "=" in each))))

    def _wanted(self, assets: "Iterable[str]", contracts: "Iterable[str]") -> "Wanted":
        from rebal.load.course_files import Wanted
        from rebal.replay.course import stamp

        first, last = (None if at is None else stamp(at) for at in self._stretch())
        return Wanted(tuple(sorted({*assets})), tuple(sorted({*contracts})), self.gaps is not None, first, last)

    def _stretch(self) -> tuple[datetime | None, datetime | None]:
        return _day(self.since, "--from"), _day(self.until, "--to")


@frozen
class Manner:
    """How it is walked through them."""

    check: Annotated[
        str, typer.Option("--check", metavar="DURATION", help="How often status is asked, as 1d or 8h.")
    ] = "1d"
    refused: Annotated[
        str, typer.Option("--refused", metavar="WHAT", help="What a refused plan leads to: hold, rescue, or fit.")
    ] = HOLD
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="WAY,...", help="Ways beside the plan: hold, spot, hedge, unhedged."),
    ] = None

    def terms(self, portfolio: "Portfolio", book: Opened, every: int) -> "Walked":
        """The terms of a walk. Raises InvalidInput where the file lacks what they need."""
        from rebal.replay import report
        from rebal.reports.replay import Refused

        return report.Terms(
            slippage=_cost(portfolio, "slippage", book.path, why="every fill pays it"),
            check=every,
            refused=Refused(self.refused),
            spot_fee=portfolio.costs.spot_fee,
            against=_against(self.against, portfolio, book),
        )


@frozen
class Tried:
    """What is tried beside the file's own policy, and on which prices beside those that were."""

    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="KEY=VALUES", help="Another rule; several are all tried: band=2%..10%:2%."),
    ] = None
    rank: Annotated[
        str, typer.Option("--rank", metavar="FIGURE", help="Which comes first: by end, fall, closest, cost or drift.")
    ] = "end"
    starts: Annotated[
        str, typer.Option("--starts", metavar="N", help="Try each from so many dates, over half the stretch.")
    ] = "0"
    paths: Annotated[
        str, typer.Option("--paths", metavar="N", help="Futures drawn from these prices by blocks of bars.")
    ] = "0"
    block: Annotated[str, typer.Option("--block", metavar="DURATION", help="How long such a block is on average.")] = (
        "20d"
    )
    seed: Annotated[str, typer.Option("--seed", metavar="N", help="Which futures: the same seed draws the same.")] = "1"

    def counts(self) -> "Counts":
        """The counts that were typed. Raises UsageProblem."""
        if self.rank not in _RANKS:
            raise UsageProblem(f"--rank {self.rank}: {one_of(self.rank, _RANKS)}")
        return Counts(
            _count(self.starts, "--starts", most=1_000),
            _count(self.paths, "--paths", most=1_000_000),
            _count(self.seed, "--seed", most=10**15),
        )


class Counts(NamedTuple):
    """How many starts and futures are asked for, and which futures."""

    starts: int
    paths: int
    seed: int


def replay(
    world: World,
    *,
    source: Source,
    shown: Shown,
    terms: Terms,
    through: Through,
    manner: Manner,
    tried: Tried,
    workers: Workers,
) -> Answer:
    """Walk the book and its policy through years of prices.

    At every check what cron would do is done: what is due is planned and filled at the mark, slippage and taker fees
    paid; in between there are funding, expiry and liquidation, wherever a bar reaches it. Says what it would have
    come to, how far it fell, how often one had to act, how near liquidation was, and what each cost was. Of several
    policies all are tried and the best is told; --paths tries it on futures drawn from the same prices.
    """
    shown.check(world)
    workers.check()
    through.check()
    if source.path(world).lower().endswith((".csv", ".parquet")):
        raise UsageProblem(f"{source.path(world)} is no portfolio; give --prices before each file of prices")
    counts = tried.counts()
    if manner.refused not in REFUSED:
        raise UsageProblem(f"--refused {manner.refused}: {one_of(manner.refused, REFUSED)}")
    _skipping()
    from rebal.load.sheets import sheet

    now = source.time(world)
    every, block = _length(manner.check, "--check", now), _length(tried.block, "--block", now)
    read = cache(sheet)
    book = opened(source, world, lacking=through.first(now, read))
    portfolio = replace(terms.of(book.portfolio), statement=book.book)
    combined = combinations(tried.policies or (), portfolio.policy, refused=manner.refused)
    course = through.course(portfolio, read)
    walked = manner.terms(portfolio, book, every)
    asked = _Asked(portfolio, course, walked, combined, counts, tried.rank, block)
    answer = asked.answered(book, world, workers)
    return shown.answer(answer, world, portfolio=portfolio, inputs=(*book.files, *through.files), where=source)


def _count(text: str, option: str, *, most: int, least: int = 0) -> int:
    try:
        count = number(text)
    except NumberProblem as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem
    if count.denominator != 1 or not least <= count <= most:
        raise UsageProblem(f"{option} {text}: write a whole number from {least} to {most}")
    return int(count)


def _against(given: str | None, portfolio: "Portfolio", book: Opened) -> tuple[str, ...]:
    """The ways asked for; without --against, nothing done, and selling where its costs are known."""
    from rebal.replay import report
    from rebal.replay.spot import SPOT

    if given is None:
        known = portfolio.targets is not None and portfolio.costs.spot_fee is not None
        return (report.HOLD, SPOT) if known else (report.HOLD,)
    named = tuple(part.strip() for part in given.split(","))
    for name in named:
        if name not in report.AGAINST:
            raise UsageProblem(f"--against {given}: {name or 'nothing'} is no way here; {one_of(name, report.AGAINST)}")
    if SPOT in named:
        _cost(portfolio, "spot_fee", book.path, why="--against spot pays it")
        if portfolio.targets is None:
            instead = "add targets, or leave spot out of --against"
            raise InvalidInput([Problem(book.path, 0, 0, "targets", "is missing; spot trades need it", None, instead)])
    return named


def _skipping() -> "Callable[[Quotes], Skip]":
    """How a walk finds the bars that matter. Raises Unavailable without numpy."""
    try:
        from rebal.replay.skipping import skipping
    except ImportError:
        raise Unavailable("replay needs numpy: pip install 'rebal[replay]'") from None
    return skipping


class _Asked(NamedTuple):
    """Everything that a replay is made from."""

    portfolio: "Portfolio"
    course: "Course"
    terms: "Walked"
    combinations: "tuple[Combination, ...]"
    counts: Counts
    rank: str
    block: int

    def answered(self, book: Opened, world: World, workers: Workers) -> "Replay":
        """The best of the policies told in full, with the others and with the futures. Raises Unavailable."""
        skipping = _skipping()
        from rebal.replay import build_replay, sweep

        shared = sweep.Shared(self.portfolio, self.course, self.terms, self.combinations)
        tried = self._tried(shared, world, workers)
        chosen = sweep.best(shared, tried) if tried else self.combinations[0]
        drawn = self._drawn(replace(shared, combinations=(chosen,)), world, workers) if self.counts.paths else None
        answer = build_replay(
            replace(self.portfolio, policy=chosen.policy),
            self.course,
            terms=replace(self.terms, refused=chosen.refused),
            inputs=book.inputs,
            skipping=skipping,
        )
        return replace(answer, combinations=tried, ranked_by=self.rank if tried else None, drawn=drawn)

    def _tried(self, shared: "Shared", world: World, workers: Workers) -> "tuple[CombinationLine, ...]":
        from rebal.replay import sweep

        starts = self.counts.starts
        if len(self.combinations) == 1 and not starts:
            return ()
        asked = tuple(sweep.asked_for(shared, starts))
        with workers.hired(shared) as crew:
            found = tuple(told(crew.each(sweep.outcome, asked), world, of=len(asked), what="replays"))
        return sweep.combination_lines(shared, found, starts=starts, rank=self.rank)

    def _drawn(self, shared: "Shared", world: World, workers: Workers) -> "Drawn":
        from rebal.amounts import Fraction
        from rebal.replay import sweep
        from rebal.replay.bootstrap import Draw
        from rebal.replay.course import DAY
        from rebal.reports.replay import Drawn

        _, paths, seed = self.counts
        bars = max(1, self.block // self.course.step)
        drawing = replace(shared, draw=Draw(self.course, bars, seed))
        asked = (sweep.Asked(0, 0, 0, future=n) for n in range(paths))
        with workers.hired(drawing) as crew:
            found = tuple(told(crew.each(sweep.outcome, asked), world, of=paths, what="futures"))
        return Drawn(paths, Fraction(bars * self.course.step, DAY), seed, sweep.future_lines(found))


def _cost(portfolio: "Portfolio", key: str, path: str, *, why: str) -> "Fraction":
    known: Fraction | None = getattr(portfolio.costs, key)
    if known is None:
        instead = f"add costs: {{{key}: 0.05%}} to the file, or give --costs {key}=0.05%; 0% says that it costs nothing"
        raise InvalidInput([Problem(path, 0, 0, f"costs.{key}", f"is missing, and {why}", None, instead)])
    return known


def _length(text: str, option: str, now: datetime) -> int:
    """A length of time in milliseconds. Raises UsageProblem."""
    from rebal.times import duration

    try:
        length = duration(text)
    except ValueError as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem
    every = (length.after(now) - now).total_seconds()
    if every <= 0:
        raise UsageProblem(f"{option} {text}: write a length of time, like 1d")
    return int(every * 1000)


def _day(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    from rebal.times import day_or_instant

    try:
        return day_or_instant(text)
    except ValueError as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem
