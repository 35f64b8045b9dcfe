"""``rebal unwind``."""

from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import known_assets, share
from rebal.commands._book import opened
from rebal.commands._options import Shown, Where, one_of
from rebal.commands._verdict import refusals, verdict
from rebal.errors import UsageProblem

EXAMPLES = ("rebal unwind", "rebal unwind BTC --pct 50", "rebal unwind --purpose hedge --format json --out unwind.json")


def unwind(
    world: World,
    where: Where,
    shown: Shown,
    assets: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSET]...", help="What to close; all without.")
    ] = None,
    pct: Annotated[
        str | None, typer.Option("--pct", metavar="PERCENT", help="How much of what is open now; 50 is half.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", metavar="NAME", help="Close only what is for rebalance, or for hedge.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Close though spot does not match its targets yet.")] = False,
) -> Answer:
    """Plan the orders that close what is open, and what closing realises.

    Rebalance positions are refused while spot does not match its targets; hedges close without that test.
    """
    shown.check(world)
    from rebal.portfolio import Purpose

    if purpose is not None and purpose not in tuple(Purpose):
        raise UsageProblem(f"--purpose {purpose}: there is no such purpose; {one_of(purpose, tuple(Purpose))}")
    closing = share(pct, option="--pct") if pct is not None else None
    book = opened(where, world)
    from rebal.planner.unwind import build_unwind

    report = build_unwind(
        book.portfolio,
        book.book,
        inputs=book.inputs,
        assets=known_assets(assets, book.book, book.portfolio) if assets else None,
        **({} if closing is None else {"share": closing}),
        purpose=None if purpose is None else Purpose(purpose),
        force=force,
        recorded={line.contract: line for line in book.realised},
        extra=book.checks,
    )
    return shown.answer(
        report, world, code=verdict(report), portfolio=book.portfolio, inputs=book.files, remarks=refusals(report)
    )
