"""What table and plain share of a stress report: how scenarios and wallets are named, and what matters first."""

from fractions import Fraction

from rebal.formats.page.figures import GLUE, Figures
from rebal.formats.page.wording import counted, several
from rebal.stress import ScenarioLine, Stress, Survival, WalletLine

CAUSES = {
    "basis_usd": "basis",
    "widening_usd": "widening",
    "proxies_usd": "proxies",
    "residuals_usd": "residuals",
    "fees_usd": "fees",
    "funding_usd": "funding",
    "liquidations_usd": "liquidations",
}
"""What the difference to the book rebalanced in spot is made of, key by key."""


def move(shock: Fraction, figures: Figures) -> str:
    """A shock with every digit and its sign: -40 %."""
    return f"{figures.signed(figures.exact, shock * 100)}{figures.before_percent}%"


def scenario(line: ScenarioLine, figures: Figures) -> str:
    """A scenario by its one shock, or by its name."""
    return line.name if line.everywhere is None else move(line.everywhere, figures)


def moves(line: ScenarioLine, figures: Figures) -> list[str]:
    """The shocks of a scenario of several, those of coins that do not move left out."""
    if line.everywhere is not None:
        return []
    return [f"{asset}{GLUE}{move(shock, figures)}" for asset, shock in line.shocks.items() if shock]


def wallet(line: WalletLine | Survival) -> str:
    """A wallet by its currency, an isolated position by its contract."""
    return line.contract or line.currency


def mildest(line: Survival, report: Stress, figures: Figures) -> str:
    """The mildest scenario that liquidates a wallet; empty where none does."""
    return next((scenario(each, figures) for each in report.scenarios if each.name == line.mildest), "")


def headline(report: Stress, figures: Figures) -> str:
    """Which wallets are liquidated first, and in which scenario."""
    if not report.survival:
        return "no futures are open"
    gone = [each for each in report.survival if each.liquidated_in]
    if not gone:
        return f"no wallet is liquidated in {counted(len(report.scenarios), 'scenario')}"
    first = several([f"{wallet(each)} at {mildest(each, report, figures)}" for each in gone])
    return f"{len(gone)} of {counted(len(report.survival), 'wallet')} liquidated somewhere: {first}"


def strained(report: Stress, figures: Figures) -> list[str]:
    """What the book is put under before its prices move."""
    said = ["the book as the plan would leave it"] if report.planned else []
    if report.basis_widening:
        said.append(f"every basis changed by {move(report.basis_widening, figures)} first")
    if report.funding_days:
        days = f"{figures.exact(report.funding_days)}{GLUE}days"
        said.append(f"funding {figures.exact(report.funding_times)} times today's for {days} first")
    return said
