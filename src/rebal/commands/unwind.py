"""``rebal unwind``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import known_assets, purpose, refuse_files, share
from rebal.commands._book import opened
from rebal.commands._complete import coins, purposes
from rebal.commands._exit_code import planned
from rebal.commands._options import Shown, Where
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.planner.ladder import Ladder

EXAMPLES = (
    "rebal unwind",
    "rebal unwind BTC --pct 50",
    "rebal unwind --ladder",
    "rebal unwind --rungs 2 --out unwind.json",
    "rebal unwind --purpose hedge --format json --out unwind.json",
)
_MOST_RUNGS = 100_000


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
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Rung by rung, what costs most to hold and frees most margin first.")
    ] = False
    rungs: Annotated[
        str | None, typer.Option("--rungs", metavar="COUNT", help="Close the first rungs of the ladder alone.")
    ] = None

    def rung(self) -> "Ladder | None":
        """The ladder that is asked for. Raises UsageProblem for a count that is none."""
        if self.rungs is None and not self.ladder:
            return None
        from rebal.planner.ladder import Ladder

        if self.rungs is None:
            return Ladder()
        if not (self.rungs.isascii() and self.rungs.isdigit()) or not 0 < int(self.rungs[:7]) <= _MOST_RUNGS:
            raise UsageProblem(f"--rungs {self.rungs}: write how many to close, from 1")
        return Ladder(int(self.rungs))


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
    --ladder says what to close first: what costs most to hold, by today's funding and, of a dated contract, the basis
    that runs off until expiry; of what costs the same, that which frees more margin. Each rung says what it frees and
    how far its wallet is from liquidation once it and those above it are closed; the orders stand in its order.
    """
    shown.check(world)
    refuse_files(assets)
    asked, part = purpose(closing.purpose, option="--purpose"), share(closing.pct, option="--pct")
    ladder = closing.rung()
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
        ladder=ladder,
        extra=book.checks,
    )
    return planned(report, book, world, shown=shown, where=where)
