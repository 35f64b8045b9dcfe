"""A saved plan into the journal: what was ordered as it was filled, what was moved, and what was asked for.

Everything is recorded as the plan's own: under ids made of its digest, so that recording it twice changes nothing, and
with the digest beside each entry, so that a plan filled in parts can be recorded in parts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction, plain, total
from rebal.book import Book, HedgeAsked, Part, Purpose
from rebal.errors import Refused
from rebal.journal.drafts import contract_called
from rebal.journal.filling import Filling, Leg, filled_so_far, legs
from rebal.journal.fold import fold
from rebal.journal.placed import Names, Placed
from rebal.journal.saved import SavedOrder, SavedPart, SavedPlan, SavedStep
from rebal.journal.spelling import shortened
from rebal.journal.stale import refuse_moved
from rebal.journal.transferring import Transferring, still_to_move
from rebal.ledger import Draft, Entry, Fill, Journal, Ordered, OrderedPart
from rebal.placing import DIGEST_DIGITS
from rebal.portfolio import Portfolio
from rebal.times import SKEW, rfc3339


def drafts(
    plan: SavedPlan, portfolio: Portfolio, *, journal: Journal, placed: Placed, time: datetime
) -> tuple[Draft, ...]:
    """What recording the plan adds: transfers and fills in the plan's order, then the hedges it was asked for.

    Coins to move out wait for the orders before them. Raises Refused where the plan was, and where statement, journal
    or a contract is no longer what the plan was made from, saying what moved; a plan that is recorded already stays as
    it is.
    """
    if plan.refused:
        raise Refused(f"{plan.source}: the plan was refused and cannot be recorded: {' '.join(plan.refusals)}")
    names = Names(journal, placed)
    filled = tuple(legs(plan, placed, journal=journal, names=names))
    moved = Transferring(plan, journal, placed=placed, names=names)
    again = _recorded(plan, filled, moved, journal)
    if again is not None and not _is_open_after_all(plan, placed, journal):
        return again
    refuse_moved(plan, portfolio, journal)
    return tuple(_drafts(plan, filled, moved=moved, portfolio=portfolio, journal=journal, time=time))


def called(placed: Placed, portfolio: Portfolio) -> Placed:
    """What was placed, contracts and coins called as the plan calls them though they are said with their account."""
    alone = f"{portfolio.accounts[0].name}:"
    fills = placed.fills and [
        replace(each, contract=contract_called(each.contract, portfolio, portfolio.contracts)) for each in placed.fills
    ]
    if portfolio.has_several:
        return replace(placed, fills=fills)
    return replace(
        placed, fills=fills, moved=[replace(each, name=each.name.removeprefix(alone)) for each in placed.moved]
    )


def refuse_future(plan: SavedPlan, *, now: datetime) -> None:
    """Raise Refused for a plan that was made, or whose prices are, more than a minute ahead of the clock."""
    for what, moment in (("the plan is", plan.now), ("its prices are", plan.market_as_of)):
        if moment is not None and moment > now + SKEW:
            raise Refused(
                f"{plan.source}: {what} of {rfc3339(moment)}, and it is {rfc3339(now)}; set the clock, or plan again"
            )


def at_old_prices(plan: SavedPlan, portfolio: Portfolio, *, time: datetime) -> Iterator[str]:
    """That orders recorded as planned, at a time, count as filled at prices that were too old by then to place them."""
    limit, of = portfolio.policy.max_price_age, plan.market_as_of
    if plan.orders and limit is not None and of is not None and time - of > limit:
        yield (
            f"the orders count as filled at the plan's prices, of {rfc3339(of)}, older than policy.max_price_age; if "
            "they filled at others, void these and write --fill CONTRACT=CONTRACTS@PRICE"
        )


def taken_as_filled(plan: SavedPlan, placed: Placed, new: Sequence[Entry]) -> Iterator[str]:
    """That orders count as filled as planned, where something is said of the transfers and nothing of the orders."""
    fills = [entry for entry in new if entry.plan == plan.digest and isinstance(entry.event, Fill)]
    if placed.moved and fills:
        listed = ", ".join(order.contract for order in plan.orders)
        yield (
            f"{listed}: taken as filled in full at the plan's prices, as no --fill says otherwise; what is not filled, "
            f"void, and say so with its transfers: --fill {plan.orders[0].contract}=0"
        )


def left_open(plan: SavedPlan, placed: Placed, *, before: Journal, after: Journal) -> Iterator[str]:
    """What the record leaves open of the plan, in sentences: fills that count as known, orders, and transfers."""
    done = filled_so_far(plan, after)
    rest = {order.contract: abs(order.contracts) - done.get(order.contract, ZERO) for order in plan.orders}
    yield from _known(plan, placed, before, rest)
    for order in plan.orders:
        if rest[order.contract] == abs(order.contracts):
            yield f"{order.contract}: taken as not filled, {plain(abs(order.contracts))} contracts were ordered"
        elif rest[order.contract]:
            yield (
                f"{order.contract}: {plain(rest[order.contract])} of {plain(abs(order.contracts))} contracts are not "
                "filled yet; record them with the same command when they are"
            )
    yield from still_to_move(plan, after)


def _known(plan: SavedPlan, placed: Placed, before: Journal, rest: Mapping[str, Fraction]) -> Iterator[str]:
    """The fills without id or time that are in the journal already, and could fill what is left of their order."""
    there = {entry.id: entry for entry in before.entries}
    for leg in legs(plan, placed, journal=before, names=Names(before, placed)):
        known, given = there.get(leg.id), leg.given
        if known is None or given is None or given.id or given.time or placed.time or not rest[given.contract]:
            continue
        yield (
            f"{given.contract}: {plain(given.contracts)} at {plain(given.price)} are entry {known.seq} of "
            f"{rfc3339(known.time)} and were not counted again; another of the same size and price is told by its "
            "--time, or by --again"
        )


def _is_open_after_all(plan: SavedPlan, placed: Placed, journal: Journal) -> bool:
    """Whether orders are said to be unfilled that the journal had as filled, until that was voided."""
    done = filled_so_far(plan, journal)
    said = {fill.contract for fill in placed.fills or () if not fill.contracts}
    waits = any(order.contract in said and order.contract not in done for order in plan.orders)
    return waits and any(ordered_of(plan, journal, time=plan.now))


def _recorded(
    plan: SavedPlan, filled: Sequence[Leg], moved: Transferring, journal: Journal
) -> tuple[Draft, ...] | None:
    """The plan's entries as drafts again, where all that is due is in the journal; None where something is not."""
    mine = {entry.id: entry for entry in journal.entries if entry.plan == plan.digest}
    done = filled_so_far(plan, journal)
    wanted: set[str | None] = {leg.id for leg in filled}
    for step, is_free in _in_turn(plan, lambda order: done.get(order.contract, ZERO) == abs(order.contracts)):
        if step.kind == "transfer":
            wanted |= {draft.id for draft in moved.drafts(step.index, is_free=is_free, time=plan.now)}
    if not mine or not wanted <= mine.keys():
        return None
    return tuple(
        Draft(entry.event, entry.time, entry.id, entry.plan)
        for entry in mine.values()
        if entry.id in wanted or (isinstance(entry.event, HedgeAsked) and entry.voided_by is None)
    )


def _drafts(
    plan: SavedPlan,
    filled: Sequence[Leg],
    *,
    moved: Transferring,
    portfolio: Portfolio,
    journal: Journal,
    time: datetime,
) -> Iterator[Draft]:
    filling = Filling(plan, portfolio, journal)
    for step, is_free in _in_turn(plan, filling.is_filled):
        if step.kind == "transfer":
            yield from moved.drafts(step.index, is_free=is_free, time=time)
        else:
            for leg in filled:
                if leg.order is plan.orders[step.index]:
                    yield filling.draft(leg, time=time)
    yield from asked_of(plan, portfolio, journal, time=time)
    if not all(map(filling.is_filled, plan.orders)):
        yield from ordered_of(plan, journal, time=time)


def ordered_of(plan: SavedPlan, journal: Journal, *, time: datetime) -> Iterator[Draft]:
    """What a plan ordered, once, so that what is not filled of it is known until it is."""
    name = f"{plan.digest[:DIGEST_DIGITS]}.orders"
    if not any(entry.id == name for entry in journal.entries):
        rows = (
            OrderedPart(order.contract, part.contracts, part.purpose, part.stands_for)
            for order in plan.orders
            for part in order.parts
            if part.contracts
        )
        yield Draft(Ordered(tuple(rows)), time, name, plan.digest)


def asked_of(plan: SavedPlan, portfolio: Portfolio, journal: Journal, *, time: datetime) -> Iterator[Draft]:
    """What a plan asks for from now on, but what was voided since."""
    name, voided = plan.digest[:DIGEST_DIGITS], {entry.id for entry in journal.entries if entry.voided_by is not None}
    for asked in _asked(plan, fold(portfolio, journal.entries[: plan.journal_seq]).book):
        draft = Draft(asked, time, f"{name}.hedge.{asked.asset}", plan.digest)
        if draft.id not in voided:
            yield draft


def _in_turn(plan: SavedPlan, is_filled: Callable[[SavedOrder], bool]) -> Iterator[tuple[SavedStep, bool]]:
    """The plan's steps, and whether every order before each is filled; asked once the step before is done."""
    is_free = True
    for step in plan.steps:
        yield step, is_free
        is_free = is_free and (step.kind == "transfer" or is_filled(plan.orders[step.index]))


def _asked(plan: SavedPlan, before: Book) -> Iterator[HedgeAsked]:
    """What is asked for from now on, where the plan changes it: a hedge's new fraction, or what closing leaves."""
    if plan.command == "hedge":
        for asked in plan.hedges:
            kept = HedgeAsked(asked.asset, shortened(asked.fraction), asked.until, plan.prices.get(asked.asset))
            if not kept.asks_as(before.hedges.get(asked.asset)):
                yield kept
    elif plan.command in ("unwind", "rescue"):
        for asset, asked in before.hedges.items():
            left = _left(plan, before, asset)
            if left < 1:
                yield HedgeAsked(asset, shortened(asked.fraction * left), asked.until, plan.prices.get(asset))


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
