"""``rebal beta``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.amounts import NumberProblem, number
from rebal.commands._answer import Answer, World
from rebal.commands._cures import cured
from rebal.commands._exit_code import refusals
from rebal.commands._options import Shown
from rebal.errors import Exit, UsageProblem
from rebal.names import ASSET_INSTEAD, is_asset

if TYPE_CHECKING:
    from rebal.market.regression import Pair

EXAMPLES = (
    "rebal beta SOL --via BTC --history prices.csv",
    "rebal beta SOL --via BTC --history sol.csv --via-history btc.csv --window 180",
)


def beta(
    world: World,
    *,
    shown: Shown,
    asset: Annotated[str, typer.Argument(metavar="ASSET", show_default=False, help="The coin without a contract.")],
    via: Annotated[
        str, typer.Option("--via", metavar="ASSET", show_default=False, help="The coin to hedge it through.")
    ],
    history: Annotated[
        str,
        typer.Option("--history", metavar="FILE", show_default=False, help="Closes as CSV, of both or of the first."),
    ],
    via_history: Annotated[
        str | None, typer.Option("--via-history", metavar="FILE", help="Those of the second, where they are apart.")
    ] = None,
    window: Annotated[str | None, typer.Option("--window", metavar="N", help="Only the last so many returns.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Answer though they move together too little.")] = False,
) -> Answer:
    """Measure how a coin moves with another, for proxies.

    Prints beta, its standard error, R² and the volatility a hedge would leave open, and the lines to paste into the
    portfolio file. Reads what exchanges, CoinGecko and Yahoo export, and tables with a column a coin. Refused, with 1,
    where R² is below 0.5.
    """
    shown.check(world)
    _check_names(asset, via)
    last = None if window is None else _returns(window)
    from rebal.beta import build_beta
    from rebal.load import closes

    found = closes.pair(history, asset=asset, via=via, via_path=via_history)
    found = found if last is None else _cut(found, last)
    report = cured(build_beta(found, closes.regressed(found, path=history, via_path=via_history), force=force))
    files = tuple(file for file in (history, via_history) if file is not None)
    code = Exit.REFUSED if report.refused else Exit.DONE
    return shown.answer(report, world, code=code, inputs=files, remarks=refusals(report))


def _check_names(asset: str, via: str) -> None:
    for name in (asset, via):
        if not is_asset(name):
            raise UsageProblem(f"{name}: is no asset's name; {ASSET_INSTEAD}")
    if asset == via:
        raise UsageProblem(f"--via {via}: is the coin itself; name the one to hedge it through")


def _returns(text: str) -> int:
    from rebal.market.regression import LEAST_RETURNS

    try:
        returns = number(text)
    except NumberProblem as problem:
        raise UsageProblem(f"--window {text}: {problem}") from problem
    if returns.denominator != 1 or returns < LEAST_RETURNS:
        raise UsageProblem(f"--window {text}: write a whole number of returns from {LEAST_RETURNS}")
    return int(returns)


def _cut(pair: "Pair", returns: int) -> "Pair":
    there_are = len(pair.closes) - 1
    if returns > there_are:
        raise UsageProblem(f"--window {returns}: the history holds {there_are} returns; write at most as many")
    return pair.last(returns)
