"""What holding futures costs over days: fees in, at every roll and out, slippage, and funding or basis."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil, floor

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.market.carry import basis, basis_usd_per_day, days_between, days_of, funding_usd_per_day
from rebal.market.contract import Contract
from rebal.planner.exposure import leg_value
from rebal.policy import Sizing
from rebal.portfolio import Portfolio

ROLL_DAYS = 91
"""How long the contract lasts that an expiring one is rolled into: a quarter, the term that every venue lists."""


@frozen
class Carried:
    """A futures position opened for a leg at today's mark.

    ``contracts`` signed; ``notional``: its dollars; ``spot_usd``: signed dollars of the contract's asset that it stands
    in for, the ``X`` of the formulas. ``days_left``: to expiry, None for a perpetual. ``basis``: ``F/S - 1``; None for
    a perpetual, and where a dated contract's own price is not known.
    """

    contract: Contract
    contracts: Fraction
    notional: Fraction
    spot_usd: Fraction
    days_left: Fraction | None
    basis: Fraction | None


@frozen
class Range:
    """A figure at its least, as expected, and at its most."""

    low: Fraction
    base: Fraction
    high: Fraction

    def plus(self, amount: Fraction) -> "Range":
        """The range with an amount added."""
        return Range(self.low + amount, self.base + amount, self.high + amount)

    def times(self, count: Fraction) -> "Range":
        """The range a number of times over; not below 0."""
        return Range(self.low * count, self.base * count, self.high * count)


@frozen
class Term:
    """What positions that end together pay for being traded, in USD.

    ``days_left``: None for perpetuals. ``opening`` and ``closing``: each way once; ``delivery``: in place of closing on
    the day of an expiry. A roll is a closing and an opening.
    """

    days_left: Fraction | None
    opening: Fraction
    closing: Fraction
    delivery: Fraction

    def rolls(self, days: Fraction) -> int:
        """Expiries behind a position that is held on after this many days."""
        if self.days_left is None or days <= self.days_left:
            return 0
        return ceil((days - self.days_left) / ROLL_DAYS)

    def rolling(self, days: Fraction) -> Fraction:
        """Paid for the rolls until then."""
        return self.rolls(days) * (self.closing + self.opening)

    def leaving(self, days: Fraction) -> Fraction:
        """Paid for getting out then."""
        if self.days_left is None or days < self.days_left or (days - self.days_left) % ROLL_DAYS:
            return self.closing
        return self.delivery

    def breaks(self, last: int) -> Iterator[int]:
        """The whole days, up to a last one, on which what is paid may leap."""
        expiry = self.days_left
        while expiry is not None and expiry <= last:
            yield ceil(expiry)
            yield floor(expiry) + 1
            expiry += ROLL_DAYS


@frozen
class HoldingCost:
    """What some positions cost together; slippage and the carry of a day are None where they are not known."""

    fees: tuple[Term, ...]
    slippage: tuple[Term, ...] | None
    carry_per_day: Range | None

    def fees_usd(self, days: Fraction) -> Fraction:
        """Fees in, at every roll, and out on a day."""
        return _paid(self.fees, days)

    def slippage_usd(self, days: Fraction) -> Fraction | None:
        """Slippage in, at every roll, and out on a day."""
        return None if self.slippage is None else _paid(self.slippage, days)

    def carry_usd(self, days: Fraction) -> Range | None:
        """Funding and basis until a day."""
        return None if self.carry_per_day is None else self.carry_per_day.times(days)

    def total_usd(self, days: Fraction) -> Range | None:
        """All of it, were the positions closed on a day."""
        carry, slippage = self.carry_usd(days), self.slippage_usd(days)
        return None if carry is None or slippage is None else carry.plus(self.fees_usd(days) + slippage)

    def breaks(self, last: int) -> Iterator[int]:
        """The whole days between which the total is a straight line."""
        for term in self.fees:
            yield from term.breaks(last)


def carry(contract: Contract, leg_usd: Fraction, *, beta: Fraction, portfolio: Portfolio, now: datetime) -> Carried:
    """Carry a leg of some dollars on a contract, ``beta`` dollars of it for each; not rounded to lots."""
    spot_usd = leg_usd * beta
    contracts = spot_usd / leg_value(contract, Fraction(1), portfolio)
    mark, index = portfolio.market.mark(contract), portfolio.price(contract.asset)
    priced = contract.expiry is not None and contract.name in portfolio.market.marks
    return Carried(
        contract=contract,
        contracts=contracts,
        notional=portfolio.notional_usd(contract, contracts),
        spot_usd=spot_usd,
        days_left=None if contract.expiry is None else days_between(now, contract.expiry),
        basis=basis(mark, index) if priced else None,
    )


def carry_per_day(held: Carried, portfolio: Portfolio) -> Range | None:
    """Dollars a position pays a day; None where its funding, or its own price, is not known.

    Perpetual: ``s·N·r·24/interval``, also at the low and the high rate. Dated: ``X·b/D``, converging in a straight
    line, and earned or paid at the same annual rate after a roll; ``b = 1 - S/F`` under notional sizing and
    ``F/S - 1`` under coin sizing. At expiry that is exact: a coin-sized short has earned ``coins·(F - S)`` dollars at
    whatever price; a notional-sized one ``coins·(1 - S/F)`` coins.
    """
    contract = held.contract
    if held.days_left is not None:
        if held.basis is None:
            return None
        earned = held.basis if portfolio.policy.sizing is Sizing.COIN else held.basis / (1 + held.basis)
        daily = held.spot_usd * earned / held.days_left
        return Range(daily, daily, daily)
    known, mark = portfolio.market.funding.get(contract.name), portfolio.mark_usd(contract)
    if known is None or contract.funding_interval_hours is None:
        return None
    rates = (known.low, known.base, known.high)
    paid = [funding_usd_per_day(contract, held.contracts, price=mark, rate=rate) or ZERO for rate in rates]
    return Range(min(paid), paid[1], max(paid))


def held_a_day(contract: Contract, side: Fraction, *, portfolio: Portfolio, now: datetime) -> Fraction:
    """Dollars a day that one dollar of a contract costs, held long (``side`` above 0) or short; 0 where not known.

    Funding, or the basis of a dated contract that has a price of its own, converging in a straight line.
    """
    mark = portfolio.mark_usd(contract)
    held = (ONE if side > 0 else -ONE) / contract.notional(ONE, mark)
    if contract.expiry is None:
        rate = portfolio.market.funding_rate(contract)
        return funding_usd_per_day(contract, held, price=mark, rate=rate) or ZERO
    days, index = days_between(now, contract.expiry), portfolio.price(contract.asset)
    if contract.name not in portfolio.market.marks or not days:
        return ZERO
    return basis_usd_per_day(contract, held, price=mark, index=index, days=days)


def held_over(candidate: Contract, side: Fraction, *, portfolio: Portfolio, now: datetime) -> Fraction | None:
    """Dollars that one dollar of spot costs, opened now and closed once the policy's horizon is over.

    Fees in, at every roll and out, funding and basis; negative where it earns, None where funding or basis is not
    known. Slippage is the same wherever it is traded.
    """
    held = carry(candidate, ONE if side > 0 else -ONE, beta=ONE, portfolio=portfolio, now=now)
    days = days_of(portfolio.policy.horizon)
    if held.days_left == 0:
        return None
    paid = cost((held,), portfolio)
    carried = paid.carry_usd(days)
    return None if carried is None else paid.fees_usd(days) + carried.base


def cost(positions: Sequence[Carried], portfolio: Portfolio) -> HoldingCost:
    """What positions cost that are opened now, all of them closed on the same day."""
    slippage = portfolio.costs.slippage
    daily = [carry_per_day(held, portfolio) for held in positions]
    known = [each for each in daily if each is not None]
    together = Range(
        total(each.low for each in known), total(each.base for each in known), total(each.high for each in known)
    )
    return HoldingCost(
        fees=_terms(positions, _fees),
        slippage=None if slippage is None else _terms(positions, _slipping(slippage)),
        carry_per_day=together if len(known) == len(daily) else None,
    )


def traded_usd(positions: Sequence[Carried], days: Fraction) -> Fraction:
    """Dollars traded that slip: in, at every roll, and out on a day."""
    return _paid(_terms(positions, _slipping(ONE)), days)


def first_day(excess: Callable[[int], Fraction], *, breaks: Iterable[int], last: int) -> int | None:
    """The first whole day from 0 to a last one on which a figure is above zero; None where it never is.

    The figure must run in a straight line from each break to the day before the next.
    """
    starts = sorted({0, *(day for day in breaks if 0 < day <= last)})
    for start, after in pairwise((*starts, last + 1)):
        at_start, at_end = excess(start), excess(after - 1)
        if at_start > 0:
            return start
        if at_end > 0:
            slope = (at_end - at_start) / (after - 1 - start)
            return start + -at_start // slope + 1
    return None


def _fees(contract: Contract) -> tuple[Fraction, Fraction]:
    taker = contract.taker_fee
    return taker, taker if contract.delivery_fee is None else contract.delivery_fee


def _slipping(slippage: Fraction) -> Callable[[Contract], tuple[Fraction, Fraction]]:
    # A delivery is not traded. Where its fee is not known, the position is taken to be closed just before it.
    return lambda contract: (slippage, slippage if contract.delivery_fee is None else ZERO)


def _terms(positions: Iterable[Carried], rates: Callable[[Contract], tuple[Fraction, Fraction]]) -> tuple[Term, ...]:
    together: dict[Fraction | None, Term] = {}
    for held in positions:
        traded, delivered = (held.notional * rate for rate in rates(held.contract))
        so_far = together.get(held.days_left, Term(held.days_left, ZERO, ZERO, ZERO))
        together[held.days_left] = Term(
            held.days_left, so_far.opening + traded, so_far.closing + traded, so_far.delivery + delivered
        )
    return tuple(together.values())


def _paid(terms: Iterable[Term], days: Fraction) -> Fraction:
    return total(term.opening + term.rolling(days) + term.leaving(days) for term in terms)
