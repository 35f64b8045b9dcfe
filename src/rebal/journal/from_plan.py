"""A saved plan into the journal: what was ordered as it was filled, what was moved, and what was asked for.

Everything is recorded as the plan's own: under ids made of its digest, so that recording it twice changes nothing, and
with the digest beside each entry, so that a plan filled in parts can be recorded in parts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from rebal.amounts import ONE, ZERO, total
from rebal.book import Book, HedgeAsked, Part, Purpose
from rebal.errors import Refused
from rebal.journal.columns import instant_text, shortened
from rebal.journal.filling import ID_DIGITS, Filling, Given, Leg, legs
from rebal.journal.fold import fold
from rebal.journal.moved import refuse_moved
from rebal.journal.saved import SavedOrder, SavedPart, SavedPlan
from rebal.journal.times import SKEW
from rebal.ledger import Draft, Fill, Journal, Transfer
from rebal.portfolio import Portfolio


def drafts(
    plan: SavedPlan, portfolio: Portfolio, journal: Journal, *, given: Sequence[Given] | None, time: datetime
) -> tuple[Draft, ...]:
    """What recording the plan adds: transfers and fills in the plan's order, then the hedges it was asked for.

    ``given``: the fills that happened, None for every order at the plan's price. Raises Refused where the plan was, and
    where statement, journal or a contract is no longer what the plan was made from, saying what moved; a plan that is
    recorded already stays as it is.
    """
    if plan.refused:
        raise Refused(f"{plan.source}: the plan was refused and cannot be recorded: {' '.join(plan.refusals)}")
    filled = tuple(legs(plan, given))
    again = _recorded(plan, filled, journal)
    if again is not None:
        return again
    refuse_moved(plan, portfolio, journal)
    return tuple(_drafts(plan, filled, portfolio, journal, time=time))


def refuse_future(plan: SavedPlan, *, now: datetime) -> None:
    """Raise Refused for a plan that was made, or whose prices are, more than a minute ahead of the clock."""
    for what, moment in (("the plan is", plan.now), ("its prices are", plan.market_as_of)):
        if moment is not None and moment > now + SKEW:
            raise Refused(
                f"{plan.source}: {what} of {instant_text(moment)}, and it is {instant_text(now)}; set the clock, or "
                "plan again"
            )


def unfilled(plan: SavedPlan, given: Sequence[Given] | None, journal: Journal) -> tuple[SavedOrder, ...]:
    """The orders that no given fill names, nor one in the journal: they are taken as not filled."""
    if given is None:
        return ()
    own = (entry.event for entry in journal.entries if entry.plan == plan.digest and entry.voided_by is None)
    named = {fill.contract for fill in given} | {event.contract for event in own if isinstance(event, Fill)}
    return tuple(order for order in plan.orders if order.contract not in named)


def _recorded(plan: SavedPlan, filled: Sequence[Leg], journal: Journal) -> tuple[Draft, ...] | None:
    """The plan's entries as drafts again, where every leg of it is in the journal; None where one is not."""
    mine = {entry.id: entry for entry in journal.entries if entry.plan == plan.digest}
    wanted = {leg.id for leg in filled}
    if not mine or not wanted <= mine.keys():
        return None
    return tuple(
        Draft(entry.event, entry.time, entry.id, entry.plan)
        for entry in mine.values()
        if entry.id in wanted or not isinstance(entry.event, Fill)
    )


def _drafts(
    plan: SavedPlan, filled: Sequence[Leg], portfolio: Portfolio, journal: Journal, *, time: datetime
) -> Iterator[Draft]:
    name = plan.digest[:ID_DIGITS]
    before = fold(portfolio, journal.entries[: plan.journal_seq]).book
    filling = Filling(plan, portfolio, journal)
    for step in plan.steps:
        if step.kind == "transfer":
            moved = plan.transfers[step.index]
            event = Transfer(moved.asset, moved.quantity, moved.contract)
            yield Draft(event, time, f"{name}.transfer.{step.index}", plan.digest)
        else:
            for leg in filled:
                if leg.order is plan.orders[step.index]:
                    yield filling.draft(leg, time=time)
    for asked in _asked(plan, before):
        yield Draft(asked, time, f"{name}.hedge.{asked.asset}", plan.digest)


def _asked(plan: SavedPlan, before: Book) -> Iterator[HedgeAsked]:
    """What is asked for from now on, where the plan changes it: a hedge's new fraction, or what closing leaves."""
    if plan.command == "hedge":
        for asked in plan.hedges:
            kept = HedgeAsked(asked.asset, shortened(asked.fraction), asked.until)
            if before.hedges.get(asked.asset) != kept:
                yield kept
    elif plan.command in ("unwind", "rescue"):
        for asset, asked in before.hedges.items():
            left = _left(plan, before, asset)
            if left < 1:
                yield HedgeAsked(asset, shortened(asked.fraction * left), asked.until)


def _left(plan: SavedPlan, before: Book, asset: str) -> Fraction:
    """The share of an asset's hedge contracts that the plan's orders leave, by their size."""
    was = now = ZERO
    for name, position in before.positions.items():
        held = total(part.contracts for part in position.parts if _protects(part, asset))
        traded = total(
            part.contracts
            for order in plan.orders
            if order.contract == name
            for part in order.parts
            if _protects(part, asset)
        )
        was += abs(held) * position.contract.multiplier
        now += abs(held + traded) * position.contract.multiplier
    return now / was if was else ONE


def _protects(part: Part | SavedPart, asset: str) -> bool:
    return part.purpose is Purpose.HEDGE and part.stands_for == asset
