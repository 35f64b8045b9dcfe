"""``rebal hedge``."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import day, day_after, known_assets, points, refuse_files, size
from rebal.commands._book import Opened, opened
from rebal.commands._complete import coins, contracts
from rebal.commands._exit_code import planned
from rebal.commands._options import Shown, Where
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rebal.amounts import Fraction
    from rebal.market.contract import Contract
    from rebal.planner.candidates import Candidate
    from rebal.planner.desk import Desk
    from rebal.planner.hedge_legs import Ask
    from rebal.planner.review import Check

EXAMPLES = (
    "rebal hedge BTC --pct 50",
    "rebal hedge BTC --notional 14950 --for 30d",
    "rebal hedge BTC ETH --pct 30 --format json --out hedge.json",
    "rebal hedge SOL AVAX --via BTC --pct 60",
    "rebal hedge BTC --pct 50 --roll",
)


_Assets = Annotated[
    list[str] | None, typer.Argument(metavar="[ASSET]...", autocompletion=coins, help="What to protect.")
]


@frozen
class Wanted:
    """How large a hedge is asked for, through what, and for how long."""

    pct: Annotated[
        str | None, typer.Option("--pct", metavar="PERCENT", help="Of the coins, rebalancing legs counted; 50 is half.")
    ] = None
    notional: Annotated[
        str | None, typer.Option("--notional", metavar="USD", help="That many dollars of spot instead, of one asset.")
    ] = None
    coins: Annotated[
        str | None, typer.Option("--coins", metavar="N", help="That many coins of spot instead, of one asset.")
    ] = None
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract",
            metavar="NAME",
            autocompletion=contracts,
            help="Hedge on this contract; from another it is rolled to it.",
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DATE", help="Hedge on the first dated contract that lasts until then, or roll to it."
        ),
    ] = None
    roll: Annotated[
        bool,
        typer.Option("--roll", help="Roll it off what expires within 7 days, or before the day it is to last until."),
    ] = False
    via: Annotated[
        str | None,
        typer.Option(
            "--via",
            metavar="ASSET",
            autocompletion=coins,
            help="Hedge through this asset's contract, by proxies.X.beta.",
        ),
    ] = None
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="How long it is meant to stay, as 30d.")
    ] = None


_OverHedge = Annotated[
    bool, typer.Option("--allow-over-hedge", help="Plan it though more would be short than is held.")
]


def hedge(
    world: World,
    *,
    where: Where,
    shown: Shown,
    wanted: Wanted,
    assets: _Assets = None,
    everything: Annotated[bool, typer.Option("--all", help="Every coin held that is not under aside.")] = False,
    allow_over_hedge: _OverHedge = False,
) -> Answer:
    """Plan the orders that bring the hedge of a coin to a share of what is held.

    A target, not an increment: asked twice, the second answer is nothing to do, and a smaller share reduces. Hedges and
    rebalancing legs leave each other alone.
    """
    shown.check(world)
    _refuse_contradictions(assets, wanted, everything=everything)
    book = opened(where, world)
    from rebal.planner.hedge import build_hedge

    named = sorted(_all(book)) if everything else sorted(known_assets(assets or (), book.book, book.portfolio))
    asks = tuple(_ask(asset, wanted, book=book, world=world, where=where) for asset in named)
    report = build_hedge(
        book.portfolio,
        book.book,
        asks=asks,
        inputs=book.inputs,
        allow_over_hedge=allow_over_hedge,
        extra=_checks(book, asks, wanted),
    )
    return planned(report, book, world, shown=shown, where=where)


def _refuse_contradictions(assets: list[str] | None, wanted: Wanted, *, everything: bool) -> None:
    refuse_files(assets)
    sizes = [size for size in (wanted.pct, wanted.notional, wanted.coins) if size is not None]
    if len(sizes) != 1:
        raise UsageProblem("give the size once: --pct PERCENT, --notional USD or --coins N")
    if everything == bool(assets):
        raise UsageProblem(
            "name the coins to hedge, or give --all" if not assets else "name coins or give --all, not both"
        )
    if wanted.pct is None and (everything or len(set(assets or ())) > 1):
        raise UsageProblem("--notional and --coins size the hedge of one asset; give --pct for several")
    named_until = wanted.until if wanted.contract is None else None
    through = [way for way in (wanted.contract, named_until, wanted.via, wanted.roll or None) if way is not None]
    if len(through) > 1:
        raise UsageProblem("--contract, --until, --via and --roll each name what to trade; give one of them")
    if wanted.until is not None and wanted.lasting is not None:
        raise UsageProblem("--until and --for each say how long the hedge is to stay; give one of them")
    if wanted.contract is not None and (everything or len(set(assets or ())) > 1):
        raise UsageProblem("--contract serves one asset; hedge the others in calls of their own")


def _checks(book: Opened, asks: "tuple[Ask, ...]", wanted: Wanted) -> "tuple[Check, ...]":
    from rebal.planner.checks.hedges import nothing_to_roll, under_a_percent

    asked = wanted.pct or ""
    is_small = asked and not asked.endswith("%") and all(0 < ask.fraction * 100 < 1 for ask in asks)
    small = (under_a_percent(asked),) if is_small else ()
    return (*book.checks, *small, *((nothing_to_roll(asks),) if wanted.roll else ()))


def _all(book: Opened) -> list[str]:
    apart = book.portfolio.cash | book.portfolio.aside
    return [asset for asset, quantity in book.book.holdings.items() if quantity > 0 and asset not in apart]


def _ask(asset: str, wanted: Wanted, *, book: Opened, world: World, where: Where) -> "Ask":
    from rebal.planner.desk import Desk
    from rebal.planner.hedge import fraction_of
    from rebal.planner.hedge_legs import Ask

    now = where.time(world)
    desk = Desk.of(book.portfolio, book.book, now=now)
    until = None if wanted.until is None else day(wanted.until, option="--until")
    if until is not None and until <= now:
        raise UsageProblem(f"--until {wanted.until}: has passed; write a day to come")
    ends = until if wanted.lasting is None else day_after(wanted.lasting, now, option="--for")
    candidates, stays = _onto(asset, wanted, desk, until=until, ends=ends)
    if wanted.pct is not None:
        return Ask(asset, points(wanted.pct, option="--pct"), candidates, ends, stays=stays)
    coins = _coins(asset, wanted, book)
    fraction = fraction_of(asset, coins, portfolio=book.portfolio, book=book.book)
    if fraction is None:
        raise UsageProblem(f"{asset}: none is held, so there is nothing to hedge")
    return Ask(asset, fraction, candidates, ends, coins, stays)


def _onto(
    asset: str, wanted: Wanted, desk: "Desk", *, until: "datetime | None", ends: "datetime | None"
) -> "tuple[tuple[Candidate, ...], frozenset[str] | None]":
    """What may open a hedge, what carries it already first, and where it may stay; None: wherever it is."""
    from rebal.planner.candidates import SHORT, expiring_after, named, rolling, through
    from rebal.planner.hedge_legs import in_the_way

    portfolio, now = desk.portfolio, desk.now
    sits_on = tuple(position.contract for position in in_the_way(asset, desk))
    if wanted.contract is not None:
        with _asked_as("--contract", wanted.contract):
            found = named(wanted.contract, asset, portfolio, now=now)
    elif until is not None:
        with _asked_as("--until", wanted.until):
            found = expiring_after(until, asset, desk.served, now=now)
    elif wanted.via is not None:
        with _asked_as("--via", wanted.via):
            found = through(wanted.via, asset, portfolio=portfolio, served=desk.served, now=now)
        return found, frozenset(each.name for each in portfolio.contracts.values() if each.asset == wanted.via)
    elif wanted.roll:
        kept = desk.book.hedges.get(asset)
        last = ends or (kept.until if kept is not None else None)
        found, stays = rolling(asset, sits_on, until=last, portfolio=portfolio, served=desk.served, now=now)
        return _carrying_first(found, sits_on), stays
    else:
        return desk.candidates(asset, SHORT), None
    return _carrying_first(found, sits_on), frozenset(each.contract.name for each in found)


@contextmanager
def _asked_as(option: str, given: str | None) -> "Iterator[None]":
    """Name the option by which something was asked for that cannot be had."""
    from rebal.planner.candidates import NotServed

    try:
        yield
    except NotServed as problem:
        raise UsageProblem(f"{option} {given}: {problem}") from problem


def _carrying_first(found: "tuple[Candidate, ...]", sits_on: "tuple[Contract, ...]") -> "tuple[Candidate, ...]":
    return tuple(sorted(found, key=lambda each: each.contract not in sits_on))


def _coins(asset: str, wanted: Wanted, book: Opened) -> "Fraction":
    if wanted.notional is not None:
        return size(wanted.notional, option="--notional") / book.portfolio.price(asset)
    return size(wanted.coins or "", option="--coins")
