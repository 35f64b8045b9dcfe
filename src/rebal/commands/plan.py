"""``rebal plan``."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._exit_code import Reported, planned, verdict
from rebal.commands._folders import are_many
from rebal.commands._jobs import Workers
from rebal.commands._options import Shown, Sources, Where

if TYPE_CHECKING:
    from rebal.commands._many import Market
    from rebal.plan import Plan

EXAMPLES = (
    "rebal plan portfolio.yaml",
    "rebal plan --market prices.yaml --format json --out plan.json",
    "rebal plan --exit-code --quiet",
    "rebal plan --fit",
    "rebal plan books/ --jobs 2 --format json",
)


def plan(
    world: World,
    *,
    sources: Sources,
    shown: Shown,
    workers: Workers,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with 10 where there is something to do, 20 on a breach.")
    ] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="Shrink what coins do not margin whole to the lots that they do.")
    ] = False,
) -> Answer:
    """Plan the orders and collateral that bring the weights to target.

    Shows how far each coin is from its weight, which contracts to trade and how many, which coins to move into the
    futures wallets, where each wallet would be liquidated, and what it costs. Nothing is sent to any exchange. Of
    several portfolios it says a line each, the worst first, and the worst in detail; with --format json a line of JSON
    each, in the order given.
    """
    shown.check(world)
    workers.check()
    ask = partial(_reported, fit=fit, by_state=exit_code)
    if are_many(sources):
        from rebal.commands._many import answered

        return answered("plan", ask, world, sources=sources, shown=shown, workers=workers)
    found = ask(sources, world, None)
    return planned(found.report, found.book, world, shown=shown, where=sources, by_state=exit_code)


def _reported(where: Where, world: World, market: "Market", *, fit: bool, by_state: bool) -> "Reported[Plan]":
    book = opened(where, world, targets_for="plan", market=market)
    from rebal.planner import build_plan

    report = build_plan(book.portfolio, book.book, inputs=book.inputs, fit=fit, extra=book.checks)
    return Reported(book, report, verdict(report, by_state=True), verdict(report, by_state=by_state))
