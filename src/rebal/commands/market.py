"""``rebal market``."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from rebal.commands import _out
from rebal.commands._answer import Answer, World
from rebal.commands._jobs import told
from rebal.commands._market import seconds
from rebal.commands._options import Where, one_of
from rebal.commands._typed import typed
from rebal.errors import Unavailable, UsageProblem

if TYPE_CHECKING:
    from rebal.exchange.line import Line
    from rebal.load.kept import Row
    from rebal.market.contract import Contract
    from rebal.portfolio import Portfolio

EXAMPLES = (
    "rebal market -p portfolio.yaml --out market.yaml",
    "rebal market --history 2y --every 1d --out prices.csv",
    "rebal market --history 2y --rates --out funding.csv",
)

_Out = Annotated[
    str | None,
    typer.Option("--out", metavar="FILE", help="Save it there; a history goes on where the file ends."),
]


def market(
    world: World,
    *,
    where: Where,
    history: Annotated[
        str | None,
        typer.Option("--history", metavar="TIME", help="Write what was printed for so long, as 2y, instead of now."),
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="The length of a bar of --history; 1d without.")
    ] = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="With --history: the funding rates that were paid, instead of prices.")
    ] = False,
    out: _Out = None,
) -> Answer:
    """Write the prices, funding rates and doubts of now as a market file.

    It holds what --market live would use for the contracts and coins of the portfolio, each with where it came from:
    for cron, for the records, and for --market. With --history instead: time,asset,open,high,low,close of the coins,
    by the perpetual of each, of those without one by prices_from, or with --rates time,contract,rate of their funding,
    for rebal beta, proxies and replay. Of several accounts a coin's prices are those of the first that has it, and each
    account's own contracts have rates. Where an exchange has nothing so far back, or leaves something out, stderr says.
    """
    if history is None and (every is not None or rates):
        raise UsageProblem("--every and --rates belong to --history; add --history 2y")
    if rates and every is not None:
        raise UsageProblem("--every is the length of a bar; --rates has none")
    if out is not None:
        _out.refuse_irregular(out)
    live = replace(where, market=where.market or "live")
    if history is not None:
        return _history(world, live, _asked(history, every or "1d", where.time(world), rates=rates), out=out)
    from rebal.load.block_text import block_text
    from rebal.prices import quotes_of

    portfolio = live.read(world)
    files = (where.path(world), *where.market_files())
    again = replace(where, market=out).again(world)
    return _handed(block_text(quotes_of(portfolio.market)), out, world=world, apart_from=files, then=("plan", *again))


def _handed(text: str, out: str | None, *, world: World, apart_from: Iterable[str], then: Sequence[str]) -> Answer:
    """Print it, or save it; on a terminal what to type next is said beside it. ``then``: what it is saved for."""
    if out is None:
        again = typed("rebal", *world.words, "--out", "FILE")
        return Answer(text, remarks=(f"next: save it: {again}",) if world.terminal else ())
    _out.write(out, text, apart_from=apart_from)
    return Answer(remarks=(f"saved in {out}", f"next: {typed('rebal', *then)}") if world.terminal else ())


class _Asked(NamedTuple):
    """From when to when, in bars of which length, or the rates that were paid."""

    start: datetime
    end: datetime
    every: str
    step: timedelta
    rates: bool


def _asked(history: str, every: str, now: datetime, *, rates: bool) -> _Asked:
    from rebal.times import TimeProblem, duration

    try:
        long = duration(history)
        back = replace(long, years=-long.years, rest=-long.rest)
        bar = duration(every)
        start = back.after(now)
    except TimeProblem as problem:
        raise UsageProblem(f"--history {history} --every {every}: {problem}") from problem
    return _Asked(start, now, every, bar.rest, rates)


def _history(world: World, where: Where, asked: _Asked, *, out: str | None) -> Answer:
    """What there is already and what has come since; what was read before something failed is kept in --out."""
    from rebal.load import kept

    header = kept.RATES if asked.rates else kept.BARS
    portfolio = where.read(world)
    rows = kept.kept(out, header) if out is not None and _out.is_there(out) else []
    failed = ""
    said: list[str] = []
    try:
        for new in _read(portfolio, world, asked, rows, timeout=seconds(where.timeout), said=said):
            said += _lacking(rows, new, asked)
            rows += new
    except Unavailable as error:
        if out is None:
            raise
        failed = f"rebal: {error}; what came before it is in {out}, and the same command goes on"
    files = (where.path(world), *where.market_files())
    given = "--funding" if asked.rates else "--prices"
    then = ("replay", *replace(where, market=None).again(world), given, out or "")
    answer = _handed(kept.text(rows, header), out, world=world, apart_from=files, then=then)
    return answer._replace(remarks=tuple(said)) if not failed else Answer(
        code=Unavailable.exit_code, remarks=(*said, failed)
    )  # fmt: skip


_LATE = timedelta(days=2)


def _lacking(had: "Sequence[Row]", new: "Sequence[Row]", asked: _Asked) -> Iterator[str]:
    """What is not there of a coin or a contract: before its first row, where it has none yet, and between bars."""
    from rebal.times import day_or_time, instant

    if not new:
        return
    name, times = new[0].name, [instant(row.time) for row in new]
    before = max((instant(row.time) for row in had if row.name == name), default=None)
    if before is None and times[0] - asked.start > max(_LATE, asked.step):
        yield f"rebal: {name}: there is nothing before {day_or_time(times[0])}"
    known = times if before is None else [before, *times]
    holes = [] if asked.rates else [one for one, other in pairwise(known) if other - one > asked.step]
    if holes:
        left_out = "a stretch is" if len(holes) == 1 else f"{len(holes)} stretches are"
        yield f"rebal: {name}: {left_out} left out, the first after {day_or_time(holes[0])}"


class _Series(NamedTuple):
    """What is asked of the first that has it: the perpetual of a coin at its venue, or the coin at spot exchanges.

    ``contract``: None of a coin at spot.
    """

    coin: str
    contract: "Contract | None"
    venues: tuple[str, ...]

    @property
    def lines(self) -> tuple[tuple[str, bool], ...]:
        """Whom to ask, and whether its spot is meant."""
        return tuple((venue, self.contract is None) for venue in self.venues)


def _read(
    portfolio: "Portfolio", world: World, asked: _Asked, had: "Sequence[Row]", *, timeout: float, said: list[str]
) -> "Iterator[list[Row]]":
    """New rows, those of one series after another; ``said``: gets what is to be said of where they come from."""
    if world.network is None:
        raise Unavailable("the network is not to be had here")
    from rebal.exchange import Deadline, opened

    wanted = _wanted(portfolio, rates=asked.rates)
    asking = [each for each in wanted if each.venues]
    if not asking:
        raise UsageProblem("no coin of the portfolio has a perpetual at its venue, so there is nothing to ask for")
    said += [f"rebal: {each.coin}: {_NOWHERE}; name exchanges under prices_from for its bars"
             for each in wanted if not each.venues]  # fmt: skip
    deadline, network = Deadline(world.network, timeout), world.network
    ends = dict.fromkeys(end for each in asking for end in each.lines)
    lines = {(venue, spot): opened(venue, network, deadline=deadline, spot=spot) for venue, spot in ends}
    last: dict[str, str] = {}
    for row in had:
        last[row.name] = max(row.time, last.get(row.name, row.time))
    what = "contracts" if asked.rates else "coins"
    rows = (_rows([lines[end] for end in each.lines], each, asked, last, said=said) for each in asking)
    yield from told(rows, world, of=len(asking), what=what)


_NOWHERE = "has no perpetual at its venue"


def _wanted(portfolio: "Portfolio", *, rates: bool) -> list[_Series]:
    """What is asked for: the perpetuals, and without ``rates`` the coins that have none."""
    perpetuals = [_Series(each.asset, each, (venue,)) for venue, each in _perpetuals(portfolio, of_each=rates)]
    served = {each.coin for each in perpetuals}
    others = () if rates else sorted(_in_play(portfolio) - served)
    return [*perpetuals, *(_Series(coin, None, portfolio.prices_from) for coin in others)]


def _perpetuals(portfolio: "Portfolio", *, of_each: bool) -> "list[tuple[str, Contract]]":
    """The perpetual of each coin in play and its venue: an inverse one where there is one, of the first account.

    ``of_each``: that of each account, as each pays its own funding.
    """
    from rebal.market.contract import Kind

    venues = {portfolio.at(each.name): each.venue for each in portfolio.accounts}
    order = list(venues)
    coins = _in_play(portfolio)
    found: dict[tuple[str, str], Contract] = {}
    for contract in sorted(
        portfolio.contracts.values(),
        key=lambda each: (each.kind is Kind.LINEAR, order.index(each.account), each.name),
    ):
        if contract.expiry is None and contract.listed and contract.asset in coins and venues[contract.account]:
            found.setdefault((contract.asset, contract.account if of_each else ""), contract)
    return [(venues[contract.account] or "", contract) for _, contract in sorted(found.items())]


def _in_play(portfolio: "Portfolio") -> frozenset[str]:
    """The coins that are held, wanted, or stood in for, and those that stand in for them."""
    through = {coin for proxy in portfolio.proxies.values() for coin in (proxy.asset, proxy.via)}
    coins = {*portfolio.holdings, *(portfolio.targets or {}), *through}
    return frozenset(coins - portfolio.cash - portfolio.aside)


def _rows(lines: "Sequence[Line]", of: _Series, asked: _Asked, last: dict[str, str], *, said: list[str]) -> "list[Row]":
    """What is newer than what there is of a contract, or of its coin."""
    from rebal.exchange import history
    from rebal.load.kept import Row
    from rebal.times import MILLISECOND, instant, rfc3339

    name = of.contract.name if asked.rates and of.contract is not None else of.coin
    start = instant(last[name]) + MILLISECOND if name in last else asked.start
    found = _listed(lines, of, said)
    if found is None:
        return []
    line, symbol = found
    if asked.rates:
        paid = history.paid(line, symbol, start=start, end=asked.end)
        return [Row(rfc3339(each.time), name, (each.rate,)) for each in paid]
    known = frozenset(filter(_is_length, history.lengths(line)))
    if asked.every not in known:
        raise UsageProblem(f"--every {asked.every}: {line.venue} has no such bars; {one_of(asked.every, known)}")
    bars = history.bars(line, symbol, every=asked.every, step=asked.step, start=start, end=asked.end)
    return [Row(rfc3339(bar.time), name, (bar.open, bar.high, bar.low, bar.close)) for bar in bars]


def _is_length(text: str) -> bool:
    """Whether ``--every`` can say it: exchanges have bars of a second and of a month too."""
    from rebal.times import TimeProblem, duration

    try:
        return bool(duration(text).rest)
    except TimeProblem:
        return False


def _listed(lines: "Sequence[Line]", of: _Series, said: list[str]) -> "tuple[Line, str] | None":
    """The first that lists it, and how ccxt calls it there; None where no spot exchange does, which is said."""
    from rebal.exchange import history
    from rebal.exchange.problems import Unlisted

    if of.contract is not None:
        (line,) = lines
        return line, history.symbol_of(line, of.contract.name.removeprefix(f"{of.contract.account}:"))
    for line in lines:
        with suppress(Unlisted):
            symbol = history.spot_symbol(line, of.coin)
            said.append(f"rebal: {of.coin}: {_NOWHERE}; its bars are those of {line.venue}, spot")
            return line, symbol
    said.append(f"rebal: {of.coin}: {_NOWHERE}, and {' and '.join(of.venues)} list none of it in dollars")
    return None
