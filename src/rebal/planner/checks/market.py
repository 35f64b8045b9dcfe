"""What is worth a look in the figures that a plan is told: prices, rates, and what is assumed of contracts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from rebal.amounts import ZERO, Fraction, plain, rounded, toward_zero
from rebal.findings import Code, Figure, Finding, coins, exact_percent, info, percent, price, warning
from rebal.market.carry import annualised, basis, days_between
from rebal.market.contract import Contract
from rebal.planner.review import Check, Review
from rebal.policy import Sizing
from rebal.portfolio import Doubt, Doubtful, Portfolio
from rebal.times import spoken

_USUAL_BASIS, _USUAL_BASIS_DATED = Fraction(5, 100), Fraction(25, 100)
_USUAL_TICK = Fraction(1, 100)
_FRESH_DAYS = 30
_USUAL_FUNDING = Fraction(3, 1000)


def _stale(review: Review) -> Iterator[Finding]:
    market, limit = review.desk.portfolio.market, review.desk.portfolio.policy.max_price_age
    if limit is None:
        return
    if market.as_of is None:
        yield warning(Code.STALE_PRICES, "prices", "carry no time; set market.as_of to when they were true")
    elif review.desk.now - market.as_of > limit:
        age = review.desk.now - market.as_of
        hours = age // timedelta(hours=1)
        message = f"are {spoken(age)} old, older than policy.max_price_age; refresh market before placing orders"
        yield warning(Code.STALE_PRICES, "prices", message, hours=hours, as_of=market.as_of)


def _assumptions(review: Review) -> Iterator[Finding]:
    for contract in review.contracts_in_play:
        for assumption in contract.assumed:
            message = f"{assumption.figure} is assumed: {assumption.stands_in}; set {assumption.key} to your account's"
            data = {"figure": assumption.figure, "stands_in": assumption.stands_in, "key": assumption.key}
            yield warning(Code.ASSUMED_FIGURE, contract.name, message, **data)


def _refreshed(review: Review) -> Iterator[Finding]:
    """Which venues' contracts are as their exchange printed them, and when; of the others they are as shipped."""
    for name, asked in review.desk.portfolio.asked.items():
        days = int(days_between(asked, review.desk.now))
        message = f"its inverse contracts are live: as the exchange printed them at {asked:%Y-%m-%dT%H:%M:%SZ}"
        if days > _FRESH_DAYS:
            message += f", {days} days ago; ask it again"
        yield (warning if days > _FRESH_DAYS else info)(Code.REFRESHED, name, message, asked=asked, days=days)


def _doubts(review: Review) -> Iterator[Finding]:
    """What an exchange said that may be wrong, of the coins and of the contracts in play."""
    portfolio = review.desk.portfolio
    others = portfolio.contracts.keys() - {contract.name for contract in review.contracts_in_play}
    for each in portfolio.market.doubts:
        if each.subject not in others:
            make = info if each.doubt in _HARMLESS else warning
            data: dict[str, Figure] = {"doubt": each.doubt.value, "source": each.source, **each.figures}
            yield make(Code.PRICE_IN_DOUBT, each.subject, _doubt_words(each, portfolio), **data)


_HARMLESS = frozenset({Doubt.UNDATED, Doubt.IN_TETHER})


def _doubt_words(each: Doubtful, portfolio: Portfolio) -> str:
    figures = {name: price(figure) for name, figure in each.figures.items()}
    match each.doubt:
        case Doubt.UNPRICED:
            contract = portfolio.contracts.get(each.subject)
            instead = "what stands in the file is used" if contract is None else f"{contract.asset}'s price is used"
            return f"{each.source} gives no price of it: {instead}"
        case Doubt.STALE:
            return f"its price is {_seconds(each)} seconds older than others of {each.source}"
        case Doubt.CROSSED:
            return f"its bid {figures.get('bid')} is above its ask {figures.get('ask')} at {each.source}"
        case Doubt.ONE_SIDED:
            sides = f"bid {figures.get('bid')}, ask {figures.get('ask')}"
            return f"a side of its order book is empty at {each.source}: {sides}"
        case Doubt.SKEWED:
            side = "behind" if each.figures.get("seconds", ZERO) < 0 else "ahead of"
            return f"its clock is {_seconds(each)} seconds {side} this one: set the one that is wrong"
        case Doubt.UNDATED:
            return f"{each.source} does not say when its price was true: it counts as of now"
        case Doubt.IN_TETHER:
            return f"its price is {each.source}'s index in another currency than dollars, taken as dollars"
        case _:
            assert_never(each.doubt)


def _seconds(each: Doubtful) -> str:
    return rounded(abs(each.figures.get("seconds", ZERO)), 0)


def _far_marks(review: Review) -> Iterator[Finding]:
    portfolio, usual = review.desk.portfolio, _usual_basis(review)
    market = portfolio.market
    for contract in review.contracts_in_play:
        mark, index = market.mark(contract), portfolio.price(contract.asset)
        if abs(mark - index) > (usual if contract.expiry is None else _USUAL_BASIS_DATED) * index:
            apart = abs(mark / index - 1)
            message = (
                f"its mark {price(mark)} and {contract.asset}'s price {price(index)} are {percent(apart)} apart: "
                "one of them is old or mistyped"
            )
            yield warning(Code.MARK_OFF, contract.name, message, mark=mark, index=index, apart=apart)
    for order in review.orders:
        if order.limit_price is not None and abs(order.limit_price - order.price) > _USUAL_TICK * order.price:
            message = (
                f"the tick moves its price from {price(order.price)} to {price(order.limit_price)}; check tick_size"
            )
            tick_size = review.contract(order.contract).tick_size
            data = {"price": order.price, "limit_price": order.limit_price, "tick_size": tick_size}
            yield warning(Code.MARK_OFF, order.contract, message, **data)


def _far_entries(review: Review) -> Iterator[Finding]:
    """Prices that positions were hardly opened near, as where a point was typed between thousands; one for a coin."""
    portfolio, told = review.desk.portfolio, set[str]()
    for position in review.desk.book.open_positions:
        contract, entry = position.contract, position.entry_price
        today = portfolio.price(contract.asset)
        if contract.asset in told or not all(map(position.is_far_from, (portfolio.market.mark(contract), today))):
            continue
        told.add(contract.asset)
        instead = plain(1000 * today)
        slip = "" if position.is_far_from(1000 * today) else f"; write {instead} if its point was to part thousands"
        message = f"its price {plain(today)} is far from {plain(entry)}, the entry price of {contract.name}{slip}"
        yield warning(Code.PRICE_IN_DOUBT, contract.asset, message, price=today, entry_price=entry)


def _usual_basis(review: Review) -> Fraction:
    """How far a perpetual's mark may be from its index; what an exchange gave has to lie within the band too."""
    portfolio = review.desk.portfolio
    return min(_USUAL_BASIS, portfolio.policy.band.points) if portfolio.market.sources else _USUAL_BASIS


def _dated(review: Review) -> Iterator[Finding]:
    portfolio, now = review.desk.portfolio, review.desk.now
    ordered = {order.contract: order for order in review.orders if not order.reduce_only}
    for held in review.held_after:
        contract, expiry = held.contract, held.contract.expiry
        if expiry is None or contract.name not in ordered or expiry <= now:
            continue
        if contract.name not in portfolio.market.marks:
            yield _unmarked(contract, expiry, now)
            continue
        index = portfolio.price(contract.asset)
        days, off = days_between(now, expiry), basis(held.mark_price, index)
        yearly = annualised(off, days)
        when = f"expires on {expiry.date().isoformat()}, in {rounded(days, 0)} days"
        terms = f"its basis is {percent(off, 2)}, {percent(yearly, 2)} a year"
        fee = "" if contract.delivery_fee is None else f", its delivery fee {exact_percent(contract.delivery_fee)}"
        data: dict[str, Figure] = {"expiry": expiry, "days": days, "basis": off, "basis_annualised": yearly}
        if contract.delivery_fee is not None:
            data["delivery_fee"] = contract.delivery_fee
        if off and (off > 0) == (held.contracts > 0):
            yield warning(Code.BASIS_PAID, contract.name, f"{when}; {terms}, which this side pays{fee}", **data)
        else:
            earned = ", which this side earns" if off else ""
            yield info(Code.DATED, contract.name, f"{when}; {terms}{earned}{fee}", **data)


def unusual_funding(portfolio: Portfolio) -> Iterator[Finding]:
    """The rates of a file that are hardly what was meant, of contracts in play or not."""
    for name, rate in sorted(portfolio.market.funding.items()):
        yield from _unusual(name, rate.base)


def _unusual(contract: str, rate: Fraction) -> Iterator[Finding]:
    if abs(rate) > _USUAL_FUNDING:
        message = f"funding of {exact_percent(rate)} an interval is unusually large; is its percent sign missing?"
        yield warning(Code.FUNDING_LARGE, contract, message, funding_rate=rate)


def _unmarked(contract: Contract, expiry: datetime, now: datetime) -> Finding:
    days = days_between(now, expiry)
    message = (
        f"expires on {expiry.date().isoformat()}, in {rounded(days, 0)} days; no mark of it is given, so the index is "
        f"taken for its price and its basis is not known: ask the exchange, and add market.prices.{contract.name}"
    )
    return warning(Code.DATED, contract.name, message, expiry=expiry, days=days)


def _funding(review: Review) -> Iterator[Finding]:
    market = review.desk.portfolio.market
    perpetual = [held for held in review.held_after if held.contract.expiry is None]
    for held in perpetual:
        rate = market.funding_rate(held.contract)
        if rate is not None and rate < 0 and held.contracts < 0:
            message = f"funding is {exact_percent(rate)} an interval: the short pays it"
            yield warning(Code.NEGATIVE_FUNDING, held.contract.name, message, funding_rate=rate)
        if rate is not None:
            yield from _unusual(held.contract.name, rate)
    rates = dict.fromkeys(held.contract.name for held in perpetual if market.funding_rate(held.contract) is None)
    if rates:
        message = f"no rate is known for {', '.join(rates)}, so the cost per day is not; add it under market.funding"
        yield info(Code.FUNDING_UNKNOWN, "funding", message, contracts=tuple(rates))
    for held in perpetual:
        if held.contract.funding_interval_hours is None and held.contract.name not in rates:
            name = held.contract.name
            message = (
                f"how often it funds is not known, so the cost per day is not; set contracts.{name}.funding_interval"
            )
            yield info(Code.FUNDING_UNKNOWN, name, message, key=f"contracts.{name}.funding_interval")


def _sizing(review: Review) -> Iterator[Finding]:
    portfolio = review.desk.portfolio
    for order in review.orders:
        index = portfolio.price(order.asset)
        if order.price == index or order.reduce_only:
            continue
        contract = review.contract(order.contract)
        coin_sized = portfolio.policy.sizing is Sizing.COIN
        factor = index / order.price if coin_sized else order.price / index
        other = toward_zero(order.contracts * factor, contract.lot_size)
        left = abs(order.coins - order.notional / index)
        name = "notional" if coin_sized else "coin"
        yield info(
            Code.SIZING,
            order.contract,
            f"mark {price(order.price)} and index {price(index)} differ by {coins(left, order.asset)} on this order; "
            f"{name} sizing would trade {plain(other)} contracts",
            mark=order.price,
            index=index,
            difference_coins=left,
            asset=order.asset,
            sizing=name,
            contracts=other,
        )


MARKET_CHECKS: tuple[Check, ...] = (
    _stale,
    _doubts,
    _refreshed,
    _assumptions,
    _far_marks,
    _far_entries,
    _dated,
    _funding,
    _sizing,
)
