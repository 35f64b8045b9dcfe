"""Contracts that have expired and are open still: delivered by the exchange, and not recorded."""

from collections.abc import Iterator

from rebal.book import Position, Purpose
from rebal.findings import Code, Finding, warning
from rebal.planner.desk import Desk
from rebal.planner.review import Check, Review
from rebal.times import day_or_time


def _undelivered(review: Review) -> Iterator[Finding]:
    for position in _expired(review.desk):
        contract = position.contract
        purposes = [purpose for purpose in Purpose if position.held_for(purpose)]
        for purpose in purposes:
            of = f" for {purpose}" if len(purposes) > 1 else ""
            yield warning(
                Code.EXPIRES_SOON,
                contract.name,
                f"expired on {day_or_time(contract.expiry or review.desk.now)}: record its delivery{of} as a fill at "
                "the delivery price",
                expiry=contract.expiry,
                contracts=-position.held_for(purpose),
                purpose=purpose.value if of else None,
            )


def delivered_hedges(desk: Desk) -> frozenset[str]:
    """The assets of which a hedge sits on a contract that has expired: what is left of it, its delivery tells."""
    return frozenset(part.stands_for for each in _expired(desk) for part in each.parts if part.purpose is Purpose.HEDGE)


def _expired(desk: Desk) -> Iterator[Position]:
    for position in desk.book.listed:
        expiry = position.contract.expiry
        if expiry is not None and expiry <= desk.now and position.parts:
            yield position


EXPIRY_CHECKS: tuple[Check, ...] = (_undelivered,)
