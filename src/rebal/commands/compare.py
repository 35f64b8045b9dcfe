"""``rebal compare``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import day_after, known_assets, share
from rebal.commands._book import Opened, opened
from rebal.commands._options import Shown, Source
from rebal.commands._terms import Terms
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from rebal.amounts import Fraction

EXAMPLES = (
    "rebal compare portfolio.yaml",
    "rebal compare --for 180d --format json",
    "rebal compare --hedge BTC --pct 50",
    "rebal compare --costs spot_fee=0.1%,slippage=0.05% --tax hifo,short_term=37%,long_term=20%,long_after=1y",
)


_Percent = Annotated[
    str | None, typer.Option("--pct", metavar="PERCENT", help="Of the coins held; 50 is half of them.")
]


def compare(
    world: World,
    *,
    source: Source,
    shown: Shown,
    terms: Terms,
    horizon: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long the futures would be held, as 90d or 1y.")
    ] = "90d",
    hedge: Annotated[
        str | None, typer.Option("--hedge", metavar="ASSET", help="Compare a hedge of this coin, not the drift.")
    ] = None,
    pct: _Percent = None,
) -> Answer:
    """Compare futures with selling: cost, break-even day, tax by lot.

    The rebalance of this file, or a hedge, by each route: the inverse perpetual, each dated inverse contract, linear
    contracts, a sale in spot. The least costly stands in the headline, by its total with the deferred tax. What neither
    the file nor --costs and --tax give is said to be missing; routes then stand by what is known.
    """
    shown.check(world)
    if (hedge is None) != (pct is None):
        raise UsageProblem("--hedge and --pct go together: --hedge BTC --pct 50")
    now = source.time(world)
    until = day_after(horizon, now, option="--for")
    book = opened(source, world, targets_for="compare" if hedge is None else None)
    from rebal.compare.report import build_compare
    from rebal.market.carry import days_between

    portfolio = terms.of(book.portfolio)
    report = build_compare(
        portfolio,
        book.book,
        inputs=book.inputs,
        horizon_days=days_between(now, until),
        hedge=None if hedge is None else _hedge(hedge, pct or "", book),
        extra=book.checks,
    )
    return shown.answer(report, world, portfolio=portfolio, inputs=book.files, where=source)


def _hedge(asset: str, pct: str, book: Opened) -> "tuple[str, Fraction]":
    known_assets((asset,), book.book, book.portfolio)
    return asset, share(pct, option="--pct")
