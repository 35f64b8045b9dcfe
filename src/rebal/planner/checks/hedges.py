"""What is refused and what is worth a look about hedges: more short than held, rolls done and due, and the cures."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rebal.amounts import ZERO, Fraction, number, total
from rebal.book import HedgeAsked, Purpose
from rebal.findings import Code, Finding, coins, error, exact_percent, info, percent, price, usd, warning
from rebal.findings import apart as told_apart
from rebal.market.contract import Contract, Kind
from rebal.plan import OrderPart
from rebal.planner.candidates import SHORT, SOONEST_EXPIRY
from rebal.planner.checks.book import over_hedged
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, in_the_way, misplaced
from rebal.planner.review import Check, Review
from rebal.planner.sequence import realised_by
from rebal.times import day_or_time


def refuse_over_hedge(asked: Mapping[str, HedgeAsked]) -> Check:
    """The check that more is not short than is held; what a full hedge itself leaves is no over-hedge."""

    def check(review: Review) -> Iterator[Finding]:
        over = over_hedged(review)
        for line in review.assets:
            wanted = asked.get(line.asset)
            if wanted is None:
                continue
            protected = any(part.stands_for == (line.asset,) for order in review.orders for part in order.parts)
            if wanted.fraction > 1 or (protected and line.asset in over):
                base = cover(review.desk.portfolio, review.desk.book).base(line.asset)
                message = (
                    f"{percent(wanted.fraction)} of {coins(base, line.asset)} asked leave a net exposure of "
                    f"{usd(line.net_exposure_after)}: more would be short than is held; ask for at most 100 %"
                )
                data = {"asked": wanted.fraction, "base_coins": base, "net_exposure_after_usd": line.net_exposure_after}
                yield error(Code.OVER_HEDGED, line.asset, message, **data)

    return check


def sale_note(review: Review) -> Iterator[Finding]:
    """Say once that a tax law may see a sale in a hedge."""
    if review.orders and review.desk.portfolio.tax is not None:
        message = "some tax laws treat a short against coins held as their sale: ask before relying on deferral"
        yield info(Code.CONSTRUCTIVE_SALE, "tax", message)


def rolls(asked: Mapping[str, HedgeAsked]) -> Check:
    """The check that a hedge asked for until a day stands on contracts that last until then.

    In a state, what expires so soon that it is to be rolled now is said elsewhere, with the order.
    """

    def check(review: Review) -> Iterator[Finding]:
        now = review.desk.now
        for position in review.positions_after:
            contract, expiry = position.contract, position.contract.expiry
            for asset in sorted({part.stands_for for part in position.parts if part.purpose is Purpose.HEDGE}):
                until = asked[asset].until if asset in asked else None
                if expiry is None or until is None or not now < expiry < until:
                    continue
                by = expiry - SOONEST_EXPIRY
                if by < now and not review.planned:
                    continue
                message = (
                    f"expires on {day_or_time(expiry)}, and the hedge of {asset} is to last until "
                    f"{day_or_time(until)}: roll it {f'by {day_or_time(by)}' if by > now else 'before then'}"
                )
                yield info(Code.ROLL_DUE, contract.name, message, expiry=expiry, asset=asset, until=until, by=by)

    return check


def rolled(asks: Sequence[Ask]) -> Check:
    """The check that tells what a roll is: from where to where, its two fees, and the calendar spread."""

    def check(review: Review) -> Iterator[Finding]:
        for ask in asks:
            traded = {
                order.contract: part.contracts
                for order in review.orders
                for part in order.parts
                if part.purpose is Purpose.HEDGE and part.stands_for == (ask.asset,)
            }
            onto = next((review.contract(name) for name, signed in traded.items() if signed < 0), None)
            left = ZERO if onto is None else _dollars(onto, traded[onto.name], review)
            for position in misplaced(ask, review.desk):
                contract = position.contract
                dollars = min(left, _dollars(contract, traded.get(contract.name, ZERO), review))
                if onto is not None and dollars > 0:
                    left -= dollars
                    yield _roll(contract, onto, dollars=dollars, asset=ask.asset, review=review)

    return check


def _roll(contract: Contract, onto: Contract, *, dollars: Fraction, asset: str, review: Review) -> Finding:
    """Bought back at ``F1`` and sold at ``F2``: ``N·S·(1/F1 - 1/F2)`` dollars, ``N·(F2/F1 - 1)`` of a linear one."""
    portfolio = review.desk.portfolio
    near, far = portfolio.market.mark(contract), portfolio.market.mark(onto)
    index = portfolio.price(onto.asset)
    earned = dollars * (index * (1 / near - 1 / far) if onto.kind is Kind.INVERSE else far / near - 1)
    fees = dollars * (contract.taker_fee + onto.taker_fee)
    spread = far / near - 1
    terms = "there is no calendar spread"
    if spread:
        side = "earns" if earned > 0 else "pays"
        terms = f"the calendar spread is {percent(abs(spread), 2)}, {usd(abs(earned))} that the hedge {side}"
    message = (
        f"the hedge of {asset} rolls to {onto.name}: {usd(dollars)} bought back at {price(near)} and sold at "
        f"{price(far)}; {terms}, and its two fees are {usd(fees)}"
    )
    return info(
        Code.ROLLED, contract.name, message, asset=asset, onto=onto.name, notional_usd=dollars, spread=spread,
        spread_usd=earned, fees_usd=fees,
    )  # fmt: skip


def measured_anew(review: Review) -> Iterator[Finding]:
    """Say of a rolled hedge what it is a share of: closing makes coins of PnL, which are to be hedged from then on."""
    desk, closed, opened = review.desk, set[str](), set[str]()
    for order in review.orders:
        coin = review.contract(order.contract).settle
        contracts = total(each.contracts for each in order.parts if _protects(each, coin))
        if contracts > 0 and realised_by(order, desk.book, review.contract(order.contract)):
            closed.add(coin)
        elif contracts < 0:
            opened.add(coin)
    then, now = cover(desk.portfolio, desk.book), cover(desk.portfolio, review.done.book)
    for asset in sorted(closed & opened):
        was, is_now = then.ratio(asset), now.ratio(asset)
        if was is None or is_now is None:
            continue
        message = (
            f"its hedge is {percent(was)} of {coins(then.base(asset), asset)} now and {percent(is_now)} of "
            f"{coins(now.base(asset), asset)} then: PnL counts among the coins to be hedged once it is realised"
        )
        data = {"hedge_ratio": was, "base_coins": then.base(asset)}
        yield info(Code.REALISED, asset, message, **data, hedge_ratio_after=is_now, base_coins_after=now.base(asset))


def _protects(part: OrderPart, asset: str) -> bool:
    return part.purpose is Purpose.HEDGE and part.stands_for == (asset,)


def nothing_to_roll(asks: Sequence[Ask]) -> Check:
    """The check that says why a roll that was asked for moves nothing."""

    def check(review: Review) -> Iterator[Finding]:
        for ask in asks:
            sits_on = [position.contract for position in in_the_way(ask.asset, review.desk)]
            if sits_on and not misplaced(ask, review.desk):
                where = ", ".join(_lasting(contract) for contract in sits_on)
                yield info(Code.ROLLED, ask.asset, f"nothing to roll: its hedge sits on {where}")

    return check


def outlasts(asked: Mapping[str, HedgeAsked]) -> Check:
    """The check that says of a hedge whose day has passed that asking for it again keeps it on."""

    def check(review: Review) -> Iterator[Finding]:
        desk = review.desk
        for asset, wanted in sorted(asked.items()):
            kept = desk.book.hedges.get(asset)
            if kept is None or not kept.is_over(desk.now) or not wanted.fraction or not list(in_the_way(asset, desk)):
                continue
            day = day_or_time(kept.until or desk.now)
            on = "with no day to end on" if wanted.until is None else f"until {day_or_time(wanted.until)}"
            message = f"its hedge was meant to end on {day}: recorded, this keeps it, {on}; what ends it"
            yield warning(Code.HEDGE_OVERDUE, asset, message, until=kept.until)

    return check


def under_a_percent(text: str) -> Check:
    """The check that says how a size below one percent was read: as it was typed, where a fraction may be meant."""

    def check(_: Review) -> Iterator[Finding]:
        fraction = number(text)
        small, large = exact_percent(fraction / 100), exact_percent(fraction)
        message = f"{text} is read as {small} of the coins; write otherwise where {large} of them are meant"
        yield warning(Code.HEDGE_OFF, "size", message, asked=fraction / 100, meant=fraction)

    return check


def stays_on(asked: HedgeAsked, desk: Desk) -> tuple[str | None, datetime | None]:
    """What keeps a hedge that is asked for again where it sits: the contract to name, and the day it is to last.

    Both None where it would stay by itself.
    """
    sits_on = [position.contract.name for position in in_the_way(asked.asset, desk)]
    opens_on = [candidate.contract.name for candidate in desk.candidates(asked.asset, SHORT)[:1]]
    until = asked.until if asked.until is not None and asked.until > desk.now else None
    return (sits_on[0], until) if len(sits_on) == 1 and (until is not None or sits_on != opens_on) else (None, None)


def apart(asked: Fraction, now: Fraction | None) -> tuple[str, str]:
    """The share asked and the one there is, in percent, with the digits by which they differ."""
    return (percent(asked), "nothing to hedge") if now is None else told_apart(asked, now, percent, places=1)


def _lasting(contract: Contract) -> str:
    return f"{contract.name}{'' if contract.expiry is None else f' until {contract.expiry.date().isoformat()}'}"


def _dollars(contract: Contract, signed: Fraction, review: Review) -> Fraction:
    return review.desk.portfolio.notional_usd(contract, signed)
