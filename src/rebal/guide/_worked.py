"""What a topic is worked on: a coin of the reader's with an inverse perpetual, or the example's where there is none."""

from rebal.amounts import ONE, ZERO, Fraction, toward_zero
from rebal.book import Book
from rebal.frozen import frozen
from rebal.guide import Given, Reader
from rebal.market.contract import Contract, Kind
from rebal.market.margin import Held
from rebal.names import within
from rebal.plan import Plan, Wallet
from rebal.planner import build_plan
from rebal.planner.candidates import tradable
from rebal.portfolio import Portfolio


@frozen
class Subject:
    """A coin and the inverse perpetual on it. ``index`` and ``mark``: dollars; ``held``: coins, 1 where none are."""

    asset: str
    contract: Contract
    index: Fraction
    mark: Fraction
    held: Fraction
    portfolio: Portfolio

    def short(self, dollars: Fraction) -> Held:
        """A short of so many dollars, in whole lots, opened at today's mark."""
        return self._opened(-dollars)

    def long(self, dollars: Fraction) -> Held:
        """A long of so many dollars, in whole lots, opened at today's mark."""
        return self._opened(dollars)

    def _opened(self, dollars: Fraction) -> Held:
        lot = self.contract.lot_size
        whole = toward_zero(dollars / self.contract.multiplier, lot)
        return Held(self.contract, whole or (lot if dollars > 0 else -lot), self.mark, self.mark)


def subject(reader: Reader) -> tuple[Subject, tuple[str, ...]]:
    """The reader's largest coin that has such a contract, else the example's, and a sentence that says so."""
    found = _subject(reader.given())
    if found is not None:
        return found, ()
    stand_in = _subject(reader.example())
    assert stand_in is not None
    said = "No coin of this portfolio has an inverse perpetual that could be traded, so the figures are the example's."
    return stand_in, (said,)


def planned(reader: Reader) -> tuple[Given, Plan, tuple[str, ...]]:
    """The reader's plan, else the example's, and a sentence that says so."""
    given = reader.given()
    if given.portfolio.targets is not None:
        return given, _plan(given), ()
    given = reader.example()
    said = "This portfolio has no targets, so there is nothing to plan: the figures are the example's."
    return given, _plan(given), (said,)


def named(wallet: Wallet, *, several: bool) -> str:
    """What a wallet is called, with its account where there are several."""
    return wallet.contract or within(wallet.account if several else None, wallet.currency)


def _plan(given: Given) -> Plan:
    return build_plan(given.portfolio, given.book, inputs=given.inputs)


def _subject(given: Given) -> Subject | None:
    portfolio, book = given.portfolio, given.book
    found = [
        (book.holdings.get(each.asset, ZERO) * portfolio.price(each.asset), each)
        for _, each in sorted(portfolio.contracts.items())
        if _suits(each, given)
    ]
    if not found:
        return None
    _, contract = max(found, key=lambda each: each[0])
    held = _owned(contract.asset, book)
    mark = portfolio.market.mark(contract)
    return Subject(contract.asset, contract, portfolio.price(contract.asset), mark, held, portfolio)


def _owned(asset: str, book: Book) -> Fraction:
    return book.holdings.get(asset, ZERO) or ONE


def _suits(contract: Contract, given: Given) -> bool:
    perpetual = contract.kind is Kind.INVERSE and contract.expiry is None and contract.asset == contract.settle
    known = contract.asset in given.portfolio.market.prices and contract.asset not in given.portfolio.aside
    return perpetual and known and tradable(contract, now=given.inputs.now)
