"""Contracts that have expired and are open still: delivered by the exchange, and not recorded."""

from collections.abc import Iterator

from rebal.book import Position, Purpose
from rebal.findings import Code, Finding, error, warning
from rebal.planner.desk import Desk
from rebal.planner.review import Check, Review
from rebal.times import day_or_time


def _undelivered(review: Review) -> Iterator[Finding]:
    """A position that is open no more, in the figures still: they are none to open anything by."""
    say = error if review.planned and not review.only_lowers_risk else warning  # without orders risk is as it was
    for position in expired(review.desk):
        contract = position.contract
        purposes = [purpose for purpose in Purpose if position.held_for(purpose)]
        for purpose in purposes:
            of = f" for {purpose}" if len(purposes) > 1 else ""
            yield say(
                Code.EXPIRED,
                contract.name,
                f"expired on {day_or_time(contract.expiry or review.desk.now)}, and these figures have it open: record "
                f"its delivery{of} as a fill at the delivery price",
                expiry=contract.expiry,
                contracts=-position.held_for(purpose),
                purpose=purpose.value if of else None,
            )


def delivered_hedges(desk: Desk) -> frozenset[str]:
    """The assets of which a hedge sits on a contract that has expired: what is left of it, its delivery tells."""
    return frozenset(part.stands_for for each in expired(desk) for part in each.parts if part.purpose is Purpose.HEDGE)


def expired(desk: Desk) -> Iterator[Position]:
    """The positions whose contract has expired."""
    for position in desk.book.listed:
        expiry = position.contract.expiry
        if expiry is not None and expiry <= desk.now and position.parts:
            yield position


EXPIRY_CHECKS: tuple[Check, ...] = (_undelivered,)
