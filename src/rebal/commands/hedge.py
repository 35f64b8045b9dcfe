"""``rebal hedge``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import day, day_after, known_assets, points, refuse_files, size
from rebal.commands._book import Opened, opened
from rebal.commands._complete import coins, contracts
from rebal.commands._options import Shown, Where
from rebal.commands._verdict import refusals, verdict
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from fractions import Fraction

    from rebal.planner.hedge import Ask

EXAMPLES = (
    "rebal hedge BTC --pct 50",
    "rebal hedge BTC --notional 14950 --for 30d",
    "rebal hedge BTC ETH --pct 30 --format json --out hedge.json",
    "rebal hedge SOL AVAX --via BTC --pct 60",
)


_Assets = Annotated[
    list[str] | None, typer.Argument(metavar="[ASSET]...", autocompletion=coins, help="What to protect.")
]


@dataclass(frozen=True, slots=True)
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
        typer.Option("--contract", metavar="NAME", autocompletion=contracts, help="Open the hedge on this contract."),
    ] = None
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Open it on the first dated contract that lasts until then."),
    ] = None
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


def hedge(
    world: World,
    where: Where,
    shown: Shown,
    wanted: Wanted,
    assets: _Assets = None,
    everything: Annotated[bool, typer.Option("--all", help="Every coin held that is not under aside.")] = False,
    allow_over_hedge: Annotated[
        bool, typer.Option("--allow-over-hedge", help="Plan it though more would be short than is held.")
    ] = False,
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
    report = build_hedge(
        book.portfolio,
        book.book,
        asks=tuple(_ask(asset, wanted, book, world, where) for asset in named),
        inputs=book.inputs,
        allow_over_hedge=allow_over_hedge,
        extra=book.checks,
    )
    return shown.answer(
        report,
        world,
        code=verdict(report),
        portfolio=book.portfolio,
        inputs=book.files,
        remarks=refusals(report),
        where=where,
    )


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
    through = [way for way in (wanted.contract, wanted.until, wanted.via) if way is not None]
    if len(through) > 1:
        raise UsageProblem("--contract, --until and --via each name what to trade; give one of them")
    if wanted.contract is not None and (everything or len(set(assets or ())) > 1):
        raise UsageProblem("--contract serves one asset; hedge the others in calls of their own")


def _all(book: Opened) -> list[str]:
    apart = book.portfolio.cash | book.portfolio.aside
    return [asset for asset, quantity in book.book.holdings.items() if quantity > 0 and asset not in apart]


def _ask(asset: str, wanted: Wanted, book: Opened, world: World, where: Where) -> "Ask":
    from rebal.planner.desk import desk
    from rebal.planner.hedge import Ask, fraction_of
    from rebal.planner.routes import expiring_after, named, through

    now = where.time(world)
    laid = desk(book.portfolio, book.book, now=now)
    until = None if wanted.until is None else day(wanted.until, option="--until")
    if until is not None and until <= now:
        raise UsageProblem(f"--until {wanted.until}: has passed; write a day to come")
    if wanted.contract is not None:
        candidates = named(wanted.contract, asset, book.portfolio, now=now)
    elif until is not None:
        candidates = expiring_after(until, asset, laid.served, now=now)
    elif wanted.via is not None:
        candidates = through(wanted.via, asset, book.portfolio, laid.served, now=now)
    else:
        candidates = laid.candidates(asset)
    ends = until if wanted.lasting is None else day_after(wanted.lasting, now, option="--for")
    if wanted.pct is not None:
        return Ask(asset, points(wanted.pct, option="--pct"), candidates, ends)
    coins = _coins(asset, wanted, book)
    fraction = fraction_of(asset, coins, book.portfolio, book.book)
    if fraction is None:
        raise UsageProblem(f"{asset}: none is held, so there is nothing to hedge")
    return Ask(asset, fraction, candidates, ends, coins)


def _coins(asset: str, wanted: Wanted, book: Opened) -> "Fraction":
    if wanted.notional is not None:
        return size(wanted.notional, option="--notional") / book.portfolio.price(asset)
    return size(wanted.coins or "", option="--coins")
