"""``rebal plan``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._options import Shown, Source
from rebal.commands._verdict import planned

EXAMPLES = (
    "rebal plan portfolio.yaml",
    "rebal plan --market prices.yaml --format json --out plan.json",
    "rebal plan --exit-code --quiet",
    "rebal plan --fit",
)


def plan(
    world: World,
    *,
    source: Source,
    shown: Shown,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with 10 where there is something to do, 20 on a breach.")
    ] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="Shrink what coins do not margin whole to the lots that they do.")
    ] = False,
) -> Answer:
    """Plan the orders and collateral that bring the weights to target.

    Shows how far each coin is from its weight, which contracts to trade and how many, which coins to move into the
    futures wallets, where each wallet would be liquidated, and what it costs. Nothing is sent to any exchange.
    """
    shown.check(world)
    book = opened(source, world, targets_for="plan")
    from rebal.planner import build_plan

    report = build_plan(book.portfolio, book.book, inputs=book.inputs, fit=fit, extra=book.checks)
    return planned(report, book, world, shown=shown, where=source, by_state=exit_code)
