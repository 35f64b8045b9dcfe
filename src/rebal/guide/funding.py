"""Funding and basis, contango and backwardation."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.guide import Given, Reader
from rebal.guide._figures import days, percent, price, rate, usd
from rebal.guide._worked import Subject, planned, subject
from rebal.market.carry import DAYS_PER_YEAR, annualised, basis, days_between, funding_usd_per_day
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.reports.guide import Part

TITLE = "Funding and basis, contango and backwardation"
PLACE = 5
_DOLLARS = Fraction(10_000)
_RATES = (Fraction(-1, 10_000), Fraction(1, 20_000), Fraction(1, 10_000), Fraction(5, 10_000))
_PREMIUM, _QUARTER_DAYS = Fraction(2, 100), Fraction(91)


def parts(reader: Reader) -> tuple[Part, ...]:
    """What perpetuals pay by the hour, what dated contracts pay by their price, and what the plan comes to."""
    on, said = subject(reader)
    given, plan, _ = planned(reader)
    dated = tuple(_dated_rows(given))
    return (
        Part("", (*said, *_funding(on)), headings=_RATE_HEADINGS, rows=tuple(_rate_rows(on))),
        Part("Dated contracts", (*_basis(on), _listed(dated)), headings=_DATED_HEADINGS if dated else (), rows=dated),
        Part("In your plan", tuple(_planned(plan))),
    )


def _funding(on: Subject) -> Iterator[str]:
    every = on.contract.funding_interval_hours
    yield (
        "A perpetual has no expiry that would pull it to the index; instead, one side pays the other every few hours"
        f"{'' if every is None else f', on {on.contract.name} every {days(every)} hours'}. While the rate is positive, "
        "longs pay shorts: people want to be long, and the mark stands above the index. It is paid in coin on the "
        f"dollars of the position, whatever the price. What {usd(_DOLLARS)} pay and receive at several rates:"
    )


_RATE_HEADINGS = ("rate per interval", "short, a day", "short, a year", "long, a year", "of the position, a year")


def _rate_rows(on: Subject) -> Iterator[tuple[str, ...]]:
    known = on.portfolio.market.funding_rate(on.contract)
    for each in sorted({*_RATES, *([] if known is None else [known])}):
        paid = funding_usd_per_day(on.contract, -_DOLLARS / on.contract.multiplier, price=on.mark, rate=each)
        if paid is not None:
            year = paid * DAYS_PER_YEAR
            yield (
                f"{rate(each)}{' (today)' if each == known else ''}", _flow(paid), _flow(year), _flow(-year),
                percent(abs(year) / _DOLLARS),
            )  # fmt: skip


def _flow(paid: Fraction) -> str:
    return f"{'pays' if paid > 0 else 'receives'} {usd(abs(paid))}"


def _basis(on: Subject) -> Iterator[str]:
    future = on.index * (1 + _PREMIUM)
    year = annualised(basis(future, on.index), _QUARTER_DAYS)
    yield (
        "A dated contract has no funding. Its price stands above the index (contango) or below it (backwardation) and "
        "meets it on its last day: that difference, the basis, is what a short earns by then and a long pays, or the "
        f"other way round. With {on.asset} at {price(on.index)} and a contract of {days(_QUARTER_DAYS)} days at "
        f"{price(future)}, the basis is {percent(basis(future, on.index))}, or {percent(year)} a year."
    )
    yield (
        "It is fixed on the day that you open, where funding is not; to stay longer it is rolled, closed and opened "
        "further out, for two fees and the basis of that day. `rebal hedge --until DATE` picks one, `--roll` rolls."
    )


def _listed(dated: tuple[tuple[str, ...], ...]) -> str:
    if dated:
        return "The dated contracts of this portfolio's coins, by their marks:"
    return "No dated contract of its coins has a mark of its own in the file; `market.prices` takes one by its name."


_DATED_HEADINGS = ("contract", "mark", "basis", "days left", "a year")


def _dated_rows(given: Given) -> Iterator[tuple[str, ...]]:
    market = given.portfolio.market
    for name, contract in sorted(given.portfolio.contracts.items()):
        if contract.expiry is not None and name in market.marks and contract.asset in market.prices:
            left = days_between(given.inputs.now, contract.expiry)
            if left > 0:
                yield _dated_row(contract, market.marks[name], market.prices[contract.asset], left)


def _dated_row(contract: Contract, mark: Fraction, index: Fraction, left: Fraction) -> tuple[str, ...]:
    gap = basis(mark, index)
    return contract.name, price(mark), percent(gap), days(left), percent(annualised(gap, left))


def _planned(plan: Plan) -> Iterator[str]:
    costs = plan.costs
    if costs.funding_usd_per_day is None or costs.funding_usd_per_year is None:
        yield "What the plan's book pays in funding is not known: `market.funding` lacks the rate of a perpetual."
    else:
        day, year = costs.funding_usd_per_day, costs.funding_usd_per_year
        yield (
            f"The book that the plan leaves {_flow(day)} a day at today's rates, {usd(abs(year))} a year, after "
            f"{usd(costs.fees_usd)} of fees."
            if day
            else "At today's rates the book that the plan leaves pays as much as it receives, after "
            f"{usd(costs.fees_usd)} of fees."
        )
    yield (
        "Funding leaves the wallet in coin, so it also eats into the distance to liquidation; `rebal plan` says after "
        "how many days of it a wallet comes to its alert, and `rebal stress --funding-times 5` what more of it does."
    )
