"""``rebal compare``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import day_after, known_assets, share
from rebal.commands._book import Opened, opened
from rebal.commands._options import Shown, Source
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from fractions import Fraction

EXAMPLES = (
    "rebal compare portfolio.yaml",
    "rebal compare --for 180d --format json",
    "rebal compare --hedge BTC --pct 50",
)


def compare(
    world: World,
    source: Source,
    shown: Shown,
    horizon: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long the futures would be held, as 90d or 1y.")
    ] = "90d",
    hedge: Annotated[
        str | None, typer.Option("--hedge", metavar="ASSET", help="Compare a hedge of this coin, not the drift.")
    ] = None,
    pct: Annotated[
        str | None, typer.Option("--pct", metavar="PERCENT", help="Of the coins held; 50 is half of them.")
    ] = None,
) -> Answer:
    """Compare futures with selling: cost, break-even day, tax by lot.

    The rebalance of this file, or a hedge, by each route: the inverse perpetual, each dated inverse contract, linear
    contracts, a sale in spot. Fees, slippage, funding rates and tax that the file does not give are said to be missing.
    """
    shown.check(world)
    if (hedge is None) != (pct is None):
        raise UsageProblem("--hedge and --pct go together: --hedge BTC --pct 50")
    now = source.time(world)
    until = day_after(horizon, now, option="--for")
    book = opened(source, world, targets_for="compare" if hedge is None else None)
    from rebal.compare.report import build_compare
    from rebal.market.carry import days_between

    report = build_compare(
        book.portfolio,
        book.book,
        inputs=book.inputs,
        horizon_days=days_between(now, until),
        hedge=None if hedge is None else _hedge(hedge, pct or "", book),
        extra=book.checks,
    )
    return shown.answer(report, world, portfolio=book.portfolio, inputs=book.files, where=source)


def _hedge(asset: str, pct: str, book: Opened) -> "tuple[str, Fraction]":
    known_assets((asset,), book.book, book.portfolio)
    return asset, share(pct, option="--pct")
