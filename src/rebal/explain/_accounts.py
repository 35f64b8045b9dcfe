"""Accounts: what sits there, and what is told of a pooled one as a whole."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine
from rebal.amounts import ONE
from rebal.explain._facts import GIVEN, Facts, derived, index_of, untold
from rebal.plan import Wallet
from rebal.reports.explanation import Derivation, Term

_WHOLE = (
    "a pooled account is judged as a whole: every coin with its PnL at its collateral ratio, what is borrowed off it"
)
_REASONS = {
    "credit": f"dollars that its coins count; {_WHOLE}",
    "initial_margin": "what the contracts' leverages and what is borrowed ask of the account, in dollars",
    "maintenance_margin": "what the contracts' tiers and what is borrowed ask of the account, in dollars",
    "position_value": "value of all its positions at their marks, in dollars",
    "printed_rate": "maintenance over credit as its exchange rounds and turns it, to be compared with what it shows",
}
_ALONG = "where credit no longer covers maintenance as the prices move along the path; the account is walked there"


def accounts(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every account."""
    for line in facts.plan.accounts:
        if line.account is not None:
            yield from _account(line, f"accounts.{line.account}", facts)


def _account(line: AccountLine, at: str, facts: Facts) -> Iterator[Derivation]:
    name = line.account
    yield _equity(line, at, facts)
    title = f"share of all equity that sits at {name}"
    if line.share_of_equity is None:
        yield untold(f"{at}.share_of_equity", None, title=title, unit="", note="there is no equity to share")
    else:
        terms = [
            Term("e", line.equity, "USD", "what sits there", f"{at}.equity"),
            Term("E", facts.later.equity, "USD", "equity once the fees are paid", None),
        ]
        yield derived(f"{at}.share_of_equity", line.share_of_equity, "e / E", terms=terms, title=title, unit="")
    if line.at_most is not None:
        title = f"share of equity that may sit at {name}"
        yield untold(f"{at}.at_most", line.at_most, title=title, unit="", note=f"{GIVEN}: accounts.{name}.at_most")
    yield from _pooled(line, at)


def _equity(line: AccountLine, at: str, facts: Facts) -> Derivation:
    rows = [row for row in facts.plan.wallets if row.account == line.account]
    terms: list[Term] = []
    for n, row in enumerate(rows, start=1):
        found = f"wallets.{facts.wallet(row)}.margin_balance"
        terms.append(Term(f"b{n}", row.margin_balance, row.currency, f"margin balance of {_named(row)}", found))
        terms.append(index_of(row.currency, facts, f"S_{row.currency}"))
    text = " + ".join(f"b{n} · S_{row.currency}" for n, row in enumerate(rows, start=1)) or "0"
    title = f"coins and PnL at {line.account}, in dollars"
    made = derived(f"{at}.equity", line.equity, text, terms=terms, title=title, unit="USD")
    if made.agrees:
        return made
    note = "coins of its wallets and the PnL of its positions, also of coins that no wallet's row tells"
    return untold(made.figure, line.equity, title=title, unit="USD", note=note)


def _named(row: Wallet) -> str:
    return row.contract or row.currency


def _pooled(line: AccountLine, at: str) -> Iterator[Derivation]:
    if line.credit is None:
        return
    for field, note in _REASONS.items():
        title = f"{field.replace('_', ' ')} of {line.account}"
        unit = "" if field == "printed_rate" else "USD"
        yield untold(f"{at}.{field}", getattr(line, field), title=title, unit=unit, note=note)
    yield _ratio(line, at)
    for coin, owed in line.debts.items():
        note = "its balance with PnL is below zero by so much: the account borrows it"
        yield untold(f"{at}.debts.{coin}", owed, title=f"{coin} borrowed at {line.account}", unit=coin, note=note)
    yield from _levels(line, at)


def _ratio(line: AccountLine, at: str) -> Derivation:
    figure, title = f"{at}.margin_ratio", f"maintenance over credit of {line.account}; at 1 it is liquidated"
    if line.margin_ratio is None or line.maintenance_margin is None or not line.credit:
        return untold(figure, line.margin_ratio, title=title, unit="", note="there is no credit to measure by")
    terms = [
        Term("m", line.maintenance_margin, "USD", "maintenance margin", f"{at}.maintenance_margin"),
        Term("c", line.credit, "USD", "credit", f"{at}.credit"),
    ]
    return derived(figure, line.margin_ratio, "m / c", terms=terms, title=title, unit="")


def _levels(line: AccountLine, at: str) -> Iterator[Derivation]:
    for level in line.levels:
        for way in ("below", "above"):
            title = f"factor {way} today's prices at which {line.account} is liquidated, along {level.path}"
            factor = getattr(level, way)
            note = _ALONG if factor is not None else "never along this path"
            yield untold(f"{at}.levels.{level.path}.{way}", factor, title=title, unit="", note=note)
    if line.nearest is not None:
        title = f"how far {line.account} is from its nearest liquidation"
        note = f"the nearest of its levels: along {line.nearest.path}"
        yield untold(f"{at}.nearest.factor", line.nearest.factor, title=title, unit="", note=note)
        terms = [
            Term("k", line.nearest.factor, "", "its factor", f"{at}.nearest.factor"),
            Term("o", ONE, "", "today's prices", None),
        ]
        yield derived(f"{at}.nearest.distance", line.nearest.distance, "|k − o|", terms=terms, title=title, unit="")
