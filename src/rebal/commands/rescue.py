"""``rebal rescue``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import purpose
from rebal.commands._book import Opened, opened
from rebal.commands._exit_code import planned
from rebal.commands._options import Shown, Where, one_of
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Purpose

EXAMPLES = (
    "rebal rescue",
    "rebal rescue BTC --keep rebalance",
    "rebal rescue --to policy --format json --out rescue.json",
)
_LEVELS = ("alert", "policy")


@frozen
class Safety:
    """From where on a wallet is rescued, and which legs are spared."""

    to: Annotated[
        str, typer.Option("--to", metavar="LEVEL", help="Which level a wallet must be past: alert, or policy.")
    ] = "alert"
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="NAME", help="What is closed last: hedge, or rebalance; hedge without."),
    ] = None


_Wallets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WALLET]...", help="A currency, or the contract of an isolated position; all without."),
]


def rescue(
    world: World,
    *,
    where: Where,
    shown: Shown,
    safety: Safety,
    wallets: _Wallets = None,
) -> Answer:
    """Plan the least that brings wallets out of danger: coins, closing orders, or both.

    For each wallet past its alert: the free coins that bring it back to the policy; where they do not suffice, all of
    them and the fewest contracts to close, rebalancing legs before hedges. The other ways are shown beside it.
    """
    shown.check(world)
    if safety.to not in _LEVELS:
        raise UsageProblem(f"--to {safety.to}: there is no such level; {one_of(safety.to, _LEVELS)}")
    first = _closes_first(safety.keep)
    book = opened(where, world)
    from rebal.planner.rescue import build_rescue

    report = build_rescue(
        book.portfolio,
        book.book,
        inputs=book.inputs,
        wallets=_named(wallets, book) if wallets else None,
        to_policy=safety.to == "policy",
        closes_first=first,
        extra=book.checks,
    )
    return planned(report, book, world, shown=shown, where=where)


def _closes_first(kept: str | None) -> "Purpose":
    from rebal.book import Purpose

    return Purpose.HEDGE if purpose(kept, option="--keep") is Purpose.REBALANCE else Purpose.REBALANCE


def _named(wallets: list[str], book: Opened) -> frozenset[str]:
    from rebal.planner.rescue import rescued_names

    known = rescued_names(book.portfolio, book.book)
    for name in wallets:
        if name not in known:
            raise UsageProblem(
                f"{name}: is no wallet with an open position; {one_of(name, known)}"
                if known
                else f"{name}: no position is open, so no wallet needs rescue"
            )
    return frozenset(wallets)
