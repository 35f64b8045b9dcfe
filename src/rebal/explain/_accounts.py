"""Accounts: what sits there, and what is told of a pooled one as a whole."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine, path_words
from rebal.amounts import ONE
from rebal.explain._facts import GIVEN, Facts, derived, index_of, untold
from rebal.explain._pools import pooled
from rebal.plan import Wallet
from rebal.reports.explanation import Derivation, Term


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
    yield from _pooled(line, at, facts)


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


def _pooled(line: AccountLine, at: str, facts: Facts) -> Iterator[Derivation]:
    if line.credit is None:
        return
    yield from pooled(line, at, facts)
    yield _ratio(line, at)
    yield from _nearest(line, at)


def _ratio(line: AccountLine, at: str) -> Derivation:
    figure, title = f"{at}.margin_ratio", f"maintenance over credit of {line.account}; at 1 it is liquidated"
    if line.margin_ratio is None or line.maintenance_margin is None or not line.credit:
        return untold(figure, line.margin_ratio, title=title, unit="", note="there is no credit to measure by")
    terms = [
        Term("m", line.maintenance_margin, "USD", "maintenance margin", f"{at}.maintenance_margin"),
        Term("c", line.credit, "USD", "credit", f"{at}.credit"),
    ]
    return derived(figure, line.margin_ratio, "m / c", terms=terms, title=title, unit="")


def _nearest(line: AccountLine, at: str) -> Iterator[Derivation]:
    if line.nearest is not None:
        title = f"how far {line.account} is from its nearest liquidation"
        way = "below" if line.nearest.factor <= ONE else "above"
        factor = Term("k", line.nearest.factor, "", "its factor", f"{at}.levels.{line.nearest.path}.{way}")
        yield derived(f"{at}.nearest.factor", line.nearest.factor, "k", terms=[factor], title=title, unit="",
                      note=f"the nearest of its levels: along {path_words(line.nearest.path)}")  # fmt: skip
        terms = [
            Term("k", line.nearest.factor, "", "its factor", f"{at}.nearest.factor"),
            Term("o", ONE, "", "today's prices", None),
        ]
        yield derived(f"{at}.nearest.distance", line.nearest.distance, "|k − o|", terms=terms, title=title, unit="")
