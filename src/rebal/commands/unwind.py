"""``rebal unwind``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import known_assets, purpose, refuse_files, share
from rebal.commands._book import opened
from rebal.commands._complete import coins, purposes
from rebal.commands._options import Shown, Where
from rebal.commands._verdict import planned
from rebal.frozen import frozen

if TYPE_CHECKING:
    pass

EXAMPLES = ("rebal unwind", "rebal unwind BTC --pct 50", "rebal unwind --purpose hedge --format json --out unwind.json")


@frozen
class Closing:
    """How much to close, and what of it."""

    pct: Annotated[str, typer.Option("--pct", metavar="PERCENT", help="Of what is open now; 50 is half.")] = "100"
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose", metavar="NAME", autocompletion=purposes, help="Close only what is for rebalance, or for hedge."
        ),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Close though spot does not match its targets yet.")] = False


def unwind(
    world: World,
    *,
    where: Where,
    shown: Shown,
    closing: Closing,
    assets: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSET]...", autocompletion=coins, help="What to close; all without.")
    ] = None,
) -> Answer:
    """Plan the orders that close what is open, and what closing realises.

    Rebalance positions are refused while spot does not match its targets; hedges close without that test.
    """
    shown.check(world)
    refuse_files(assets)
    asked, part = purpose(closing.purpose, option="--purpose"), share(closing.pct, option="--pct")
    book = opened(where, world)
    from rebal.planner.unwind import build_unwind

    report = build_unwind(
        book.portfolio,
        book.book,
        inputs=book.inputs,
        assets=known_assets(assets, book.book, book.portfolio) if assets else None,
        share=part,
        purpose=asked,
        force=closing.force,
        carried={line.contract: line for line in book.carried},
        extra=book.checks,
    )
    return planned(report, book, world, shown=shown, where=where)
