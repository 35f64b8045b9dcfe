"""A plan with the books before and after it: what its figures were made from, made again by the planner's own steps."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rebal.amounts import ZERO, Fraction
from rebal.book import Book
from rebal.formula import evaluated, symbols
from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind
from rebal.names import within
from rebal.plan import AssetLine, Order, Plan, Transfer, Wallet
from rebal.planner.collateral import Account
from rebal.planner.exposure import Valuation, value
from rebal.planner.step import carried, standing
from rebal.portfolio import Portfolio
from rebal.reports.explanation import Derivation, Term

_ROUNDED = Fraction(1, 10**12)
"""How far a sum of figures that a saved plan rounds to 18 digits may be from its own figure, as a share."""

GIVEN, ASKED = "given", "asked for"


@frozen
class Facts:
    """``before`` and ``after``: the books; ``accounts``: as the orders find them; ``left``: as the plan leaves them."""

    plan: Plan
    portfolio: Portfolio
    before: Book
    after: Book
    valued: Valuation
    later: Valuation
    accounts: Mapping[str, Account]
    left: Mapping[str, Account]

    def asset(self, name: str) -> AssetLine | None:
        """The plan's row of an asset."""
        return next((each for each in self.plan.assets if each.asset == name), None)

    def order(self, contract: str) -> Order | None:
        """The plan's order on a contract."""
        return next((each for each in self.plan.orders if each.contract == contract), None)

    def wallet(self, row: Wallet | Transfer) -> str:
        """What the wallet of a row is called: its isolated position, or its coin, at its account if it has several."""
        coin = row.currency if isinstance(row, Wallet) else row.asset
        return row.contract or within(self.portfolio.at(row.account), coin)


def facts(plan: Plan, portfolio: Portfolio, before: Book) -> Facts:
    """The plan's orders and transfers carried out again on the book that it was made on, at its own prices."""
    market = portfolio.market
    prices = {**market.prices, **{each.asset: each.price for each in plan.assets if each.asset in market.prices}}
    marks = {**market.marks, **{each.contract: each.mark_price for each in plan.positions}}
    priced = replace(portfolio, market=replace(market, prices=prices, marks=marks))
    done = carried(priced, before, orders=plan.orders, transfers=plan.transfers)
    stood = standing(priced, before)
    nothing = not plan.orders and not plan.transfers
    return Facts(
        plan=plan,
        portfolio=priced,
        before=before,
        after=before if nothing else done.book,
        valued=value(priced, before),
        later=value(priced, before if nothing else done.book),
        accounts={each.name: each for each in done.before},
        left={each.name: each for each in (stood.after if nothing else done.after)},
    )


def derived(
    figure: str,
    value_of: Fraction | None,
    formula: str,
    *,
    terms: Iterable[Term],
    title: str,
    unit: str,
    source: str = "",
    note: str = "",
) -> Derivation:
    """A figure with the formula that comes to it, and those of the terms that it needs."""
    needed = symbols(formula)
    put_in = tuple({each.symbol: each for each in terms if each.symbol in needed}.values())
    agrees = _agrees(formula, put_in, value_of)
    return Derivation(figure, title, formula, put_in, value_of, unit, agrees, source, note)


def untold(figure: str, value_of: Fraction | None, *, title: str, unit: str, note: str) -> Derivation:
    """A figure that is given, asked for, or not there."""
    return Derivation(figure, title, None, (), value_of, unit, True, "", note)


def _agrees(formula: str, terms: Iterable[Term], figure: Fraction | None) -> bool:
    if figure is None:
        return False
    try:
        found = evaluated(formula, {each.symbol: each.value for each in terms})
    except (KeyError, ZeroDivisionError):
        return False
    return alike(found, figure)


def alike(found: Fraction, figure: Fraction) -> bool:
    """Whether a number is the figure of a plan, which may have been rounded when it was saved."""
    return found == figure or abs(found - figure) <= _ROUNDED * max(abs(figure), Fraction(1))


def indexed(symbols: str, n: str) -> dict[str, str]:
    """Each letter with an index: n1 for n, where there are several."""
    return {letter: f"{letter}{n}" for letter in symbols.split()}


def of_contract(contract: Contract, n: str) -> Term:
    """The multiplier."""
    unit = "USD" if contract.kind is Kind.INVERSE else contract.asset
    return Term(f"V{n}", contract.multiplier, unit, f"of one contract of {contract.name}", f"contracts.{contract.name}")


def index_of(asset: str, facts: Facts, symbol: str = "S") -> Term:
    """The index price of an asset."""
    row = facts.asset(asset)
    found = f"assets.{asset}.price" if row else None
    return Term(symbol, facts.portfolio.price(asset), "USD", f"index price of {asset}", found)


def mark_of(contract: Contract, facts: Facts, symbol: str) -> Term:
    """The mark of a contract."""
    mark, found = facts.portfolio.market.mark(contract), f"positions.{contract.name}.mark_price"
    return Term(symbol, mark, "USD", f"mark of {contract.name}", found)


def step_of(step: Fraction, unit: str, symbol: str = "step") -> Term:
    """What is rounded to."""
    return Term(symbol, step, unit, "rounded to whole steps of this", None)


def summed(texts: Iterable[str]) -> str:
    """Texts added up; nothing is 0."""
    return " + ".join(texts) or "0"


def held_coins(asset: str, book: Book) -> Fraction:
    """Coins owned."""
    return book.holdings.get(asset, ZERO)
