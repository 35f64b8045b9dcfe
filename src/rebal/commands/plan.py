"""``rebal plan``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal import __version__
from rebal.commands._answer import Answer, World
from rebal.commands._options import Shown, Source
from rebal.errors import Exit

if TYPE_CHECKING:
    from rebal.plan import Plan

EXAMPLES = (
    "rebal plan portfolio.yaml",
    "rebal plan --market prices.yaml --format json --out plan.json",
    "rebal plan --exit-code --quiet",
)


def plan(
    world: World,
    source: Source,
    shown: Shown,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with 10 where there is something to do, 20 on a breach.")
    ] = False,
) -> Answer:
    """Plan the orders, collateral and margin that bring the weights to target.

    Shows how far each coin is from its weight, which contracts to trade and how many, which coins to move into the
    futures wallets, where each wallet would be liquidated, and what it costs. Nothing is sent to any exchange.
    """
    shown.check(world)
    portfolio = source.read(world)
    from rebal.plan import Inputs
    from rebal.planner import build_plan

    inputs = Inputs(portfolio.statement_sha256, None, None, portfolio.market.as_of, source.time(world), __version__)
    report = build_plan(portfolio, portfolio.statement, inputs=inputs)
    return shown.answer(
        report,
        world,
        code=_code(report, by_state=exit_code),
        portfolio=portfolio,
        inputs=source.files(world, portfolio),
        remarks=_refusals(report),
    )


def _code(report: "Plan", *, by_state: bool) -> Exit:
    if report.refused:
        return Exit.REFUSED
    if by_state and _breached(report):
        return Exit.BREACH
    return Exit.ACTION if by_state and report.changes else Exit.DONE


def _breached(report: "Plan") -> bool:
    from rebal.plan import Code, Severity

    breaches = (Code.ALERT, Code.NEAR_LIQUIDATION)
    return any(finding.code in breaches and finding.severity is not Severity.INFO for finding in report.findings)


def _refusals(report: "Plan") -> tuple[str, ...]:
    from rebal.plan import Severity

    errors = [finding for finding in report.findings if finding.severity is Severity.ERROR]
    return tuple(f"rebal: refused: {finding.subject}: {finding.message}" for finding in errors)
