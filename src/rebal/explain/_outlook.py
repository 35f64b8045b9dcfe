"""What the book is worth as all coins move alike, and what it costs by day."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from rebal.amounts import ZERO, Fraction, plain, total
from rebal.book import Book, Position
from rebal.explain._facts import Facts, derived, untold
from rebal.frozen import frozen
from rebal.plan import Costs, DayCost, PayoffLine, Wallet
from rebal.planner import worth
from rebal.planner.payoff import holdings
from rebal.planner.worth import Payoff
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation, Term

_LOST = "a pooled account is liquidated there, and what backs it is lost whole"


@frozen
class Worth:
    """A book that moves in straight lines; ``words`` say which."""

    payoff: Payoff
    words: str

    def told(self, move: str) -> tuple[str, list[Term]]:
        """Its formula, with the terms that it needs: what stands still, and what moves with each coin."""
        terms = [Term("a", self.payoff.fixed, "USD", f"{self.words}, at today's prices", None)]
        texts = ["a"]
        for asset, dollars in sorted(self.payoff.moving.items()):
            terms.append(Term(f"m_{asset}", dollars, "USD", f"of it moving with {asset}", None))
            texts.append(f"m_{asset} · {move}")
        for (asset, currency), dollars in sorted(self.payoff.crossing.items()):
            name = f"m_{asset}_{currency}"
            terms.append(Term(name, dollars, "USD", f"PnL on {asset}, whose {currency} moves too", None))
            texts.append(f"{name} · {move} · {move}")
        return " + ".join(texts), terms


def books(facts: Facts) -> tuple[Worth, Worth, Worth]:
    """The book with its futures closed today, as the plan leaves it, and with spot trades in place of its futures."""
    portfolio = facts.portfolio
    closed = worth.added(
        [*holdings(facts.before, portfolio), *(worth.closed(each, portfolio) for each in facts.before.listed)]
    )
    left = facts.after.listed
    spot = (worth.in_spot(part, each.contract, portfolio) for each in left for part in each.parts)
    return (
        Worth(closed, "coins, dollars and the PnL of all futures, closed today"),
        Worth(_kept(facts.after, left, portfolio), "coins, dollars and the futures that are open after the plan"),
        Worth(worth.added([closed, *spot]), "the same as unhedged, with the spot trades that futures stand in for"),
    )


def _kept(book: Book, left: Iterable[Position], portfolio: Portfolio) -> Payoff:
    return worth.added([*holdings(book, portfolio), *(worth.held(each, portfolio) for each in left)])


def payoff(facts: Facts) -> Iterator[Derivation]:
    """Every figure of what the book is worth; rows are named by their move in percent."""
    lines: Sequence[PayoffLine] = facts.plan.payoff
    if not lines:
        return
    unhedged, hedged, in_spot = books(facts)
    for line in lines:
        at, move = f"payoff.{plain(line.shock * 100)}", Term("x", line.shock, "", "move of all coins", None)
        for field, book, worth_of in (
            ("equity_unhedged", unhedged, line.equity_unhedged),
            ("equity_rebalanced_in_spot", in_spot, line.equity_rebalanced_in_spot),
        ):
            text, terms = book.told("x")
            title = f"{field.removeprefix('equity_').replace('_', ' ')}, all coins moved by {plain(line.shock * 100)} %"
            yield derived(f"{at}.{field}", worth_of, text, terms=[*terms, move], title=title, unit="USD")
        yield _hedged(line, at, hedged, move, facts=facts)


def _hedged(line: PayoffLine, at: str, book: Worth, move: Term, *, facts: Facts) -> Derivation:
    figure, title = f"{at}.equity_hedged", f"as planned, all coins moved by {plain(line.shock * 100)} %"
    text, terms = book.told("x")
    lost = worth.added(_backing(row, facts) for row in facts.plan.wallets if _loses(row, line.shock))
    gone = lost.fixed + total(chain(lost.moving.values())) * line.shock
    gone += total(lost.crossing.values()) * line.shock * line.shock
    if gone:
        text, terms = f"{text} − l", [*terms, Term("l", gone, "USD", "what backs the wallets it liquidates", None)]
    made = derived(figure, line.equity_hedged, text, terms=[*terms, move], title=title, unit="USD")
    if made.agrees or not facts.portfolio.pools:
        return made
    return untold(figure, line.equity_hedged, title=title, unit="USD", note=_LOST)


def _loses(row: Wallet, shock: Fraction) -> bool:
    below, above = row.distance_below, row.distance_above
    if 0 in (below, above):
        return True
    return (below is not None and shock < -below) or (above is not None and shock > above)


def _backing(row: Wallet, facts: Facts) -> Payoff:
    account = facts.left.get(facts.wallet(row))
    if account is None:
        return worth.NOTHING
    positions = (facts.after.positions[held.contract.name] for held in account.held_after)
    balance = worth.coins(account.currency, account.balance, facts.portfolio)
    return worth.added([balance, *(worth.held(each, facts.portfolio) for each in positions)])


def days(facts: Facts) -> Iterator[Derivation]:
    """What the plan has cost by some days."""
    for line in facts.plan.costs.by_day:
        yield _day(line, facts.plan.costs)


def _day(line: DayCost, costs: Costs) -> Derivation:
    terms = [
        Term("f", costs.fees_usd, "USD", "fees, once", "costs.fees_usd"),
        Term("d", costs.funding_usd_per_day or ZERO, "USD", "funding a day", "costs.funding_usd_per_day"),
        Term("n", Fraction(line.day), "days", "from today", None),
    ]
    title = f"cost by day {line.day}, at today's rates"
    return derived(
        f"costs.by_day.{line.day}.cost_usd", line.cost_usd, "f + n · d", terms=terms, title=title, unit="USD"
    )
