"""What stress says: how far the hedged book is from the one rebalanced in spot, and by what; each wallet's ratio."""

from collections.abc import Iterator
from dataclasses import fields

from rebal.explain._facts import derived, untold
from rebal.reports.explanation import Derivation, Term
from rebal.reports.stress import Difference, ScenarioLine, Stress, WalletLine

_MOVED = "the book with every price moved so: payoff of rebal explain derives it where all coins move alike"
_CAUSES = {
    "basis_usd": "marks away from their index",
    "widening_usd": "the basis blown out",
    "proxies_usd": "proxies that moved otherwise than what they stand for",
    "residuals_usd": "what the plan left undone",
    "fees_usd": "fees paid",
    "funding_usd": "funding paid before the shock",
    "liquidations_usd": "margin lost with wallets that are liquidated, less what it would have been below nothing",
}


def scenarios(report: Stress) -> Iterator[Derivation]:
    """The principal figures of every scenario, by its name."""
    note = "coins, dollars and the PnL of what is open, at today's prices: rebal explain equity derives it"
    yield untold("equity", report.equity, title="equity today", unit="USD", note=note)
    for line in report.scenarios:
        yield from _scenario(line, f"scenarios.{line.name}")


def _scenario(line: ScenarioLine, at: str) -> Iterator[Derivation]:
    for field in ("equity_unhedged", "equity_hedged", "equity_rebalanced_in_spot"):
        title = f"{field.removeprefix('equity_').replace('_', ' ')}, under {line.name}"
        yield untold(f"{at}.{field}", getattr(line, field), title=title, unit="USD", note=_MOVED)
    terms = [
        Term("h", line.equity_hedged, "USD", "hedged", f"{at}.equity_hedged"),
        Term("s", line.equity_rebalanced_in_spot, "USD", "rebalanced in spot", f"{at}.equity_rebalanced_in_spot"),
    ]
    title = f"hedged less rebalanced in spot, under {line.name}"
    yield derived(f"{at}.difference", line.difference, "h − s", terms=terms, title=title, unit="USD")
    yield from _causes(line.made_of, line, at)
    for wallet in line.wallets:
        yield from _wallet(wallet, f"{at}.wallets.{wallet.name or wallet.contract or wallet.currency}")


def _causes(parts: Difference, line: ScenarioLine, at: str) -> Iterator[Derivation]:
    terms = []
    for n, each in enumerate(fields(Difference), start=1):
        value, words = getattr(parts, each.name), _CAUSES[each.name]
        figure = f"{at}.made_of.{each.name}"
        yield untold(figure, value, title=f"of the difference under {line.name}: {words}", unit="USD", note=words)
        terms.append(Term(f"c{n}", value, "USD", words, figure))
    text, title = " + ".join(each.symbol for each in terms), f"the difference under {line.name}, by its causes"
    yield derived(f"{at}.made_of", line.difference, text, terms=terms, title=title, unit="USD")


def _wallet(line: WalletLine, at: str) -> Iterator[Derivation]:
    note = "its coins and the PnL of its positions at the end of the path, as if it had come through"
    title = f"margin balance of {line.name or line.currency} there"
    yield untold(f"{at}.margin_balance", line.margin_balance, title=title, unit=line.currency, note=note)
    note, title = "of its positions at the prices there, by the tier that holds", "maintenance margin there"
    yield untold(f"{at}.maintenance_margin", line.maintenance_margin, title=title, unit=line.currency, note=note)
    title = "maintenance over margin balance there; at 1 it is liquidated"
    if line.margin_ratio is None:
        yield untold(f"{at}.margin_ratio", None, title=title, unit="", note="no margin balance is left")
    else:
        terms = [
            Term("k", line.maintenance_margin, line.currency, "maintenance margin", f"{at}.maintenance_margin"),
            Term("b", line.margin_balance, line.currency, "margin balance", f"{at}.margin_balance"),
        ]
        yield derived(f"{at}.margin_ratio", line.margin_ratio, "k / b", terms=terms, title=title, unit="")
    note = "the least coins with which it comes through the whole path, found step by step"
    yield untold(f"{at}.top_up", line.top_up, title="coins needed today to come through", unit=line.currency, note=note)
