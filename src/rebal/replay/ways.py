"""The ways of going through a course: by the plan, with nothing done, by the hedge alone, unhedged, in spot."""

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from rebal.amounts import ZERO, Fraction
from rebal.book import Event, HedgeAsked, Purpose
from rebal.findings import Finding
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.candidates import SHORT, SOONEST_EXPIRY, rolling
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge, hedge_moves
from rebal.planner.hedge_legs import Ask, in_the_way
from rebal.planner.lines import hedge_lines
from rebal.planner.rescue import build_rescue
from rebal.planner.rowless import BarePlan, bare_plan, desk_of
from rebal.planner.unwind import build_unwind
from rebal.portfolio import Portfolio
from rebal.replay.acting import Placed, carried_out, inputs_at
from rebal.replay.incidents import closing
from rebal.replay.tally import Refusal
from rebal.replay.walk import Walk
from rebal.reports.replay import Refused


@frozen
class Planned:
    """Whatever is due is planned and placed.

    ``refused``: what is done in the place of a plan that is refused. ``hedge_only``: the targets are left alone.
    """

    name: str
    slippage: Fraction
    refused: Refused = Refused.HOLD
    hedge_only: bool = False

    def begin(self, walk: Walk) -> None:
        """The stated book; for the hedge alone without what stands in for spot."""
        if self.hedge_only:
            close_all(walk, purpose=Purpose.REBALANCE)

    def act(self, walk: Walk, n: int) -> None:
        """The plan, or the rescue in its place; then the hedges that are asked for."""
        laid = walk.quotes.at(n)
        laid = replace(laid, targets=None) if self.hedge_only else laid
        desk = desk_of(laid, walk.book)
        found = bare_plan(desk)
        error = found.error()
        if error is None:
            self._place(walk, _placed(found, walk), laid)
        else:
            _refused(walk, error, laid)
            self._instead(walk, desk, laid)
        self._hedge(walk, laid)

    def _instead(self, walk: Walk, desk: Desk, laid: Portfolio) -> None:
        """Do what a refused plan leads to."""
        match self.refused:
            case Refused.HOLD:
                pass
            case Refused.RESCUE:
                rescue = build_rescue(laid, walk.book, inputs=inputs_at(laid))
                if not rescue.refused:
                    self._place(walk, Placed.of(rescue), laid)
            case Refused.FIT:
                found = bare_plan(desk, fit=True)
                if found.error() is None:
                    self._place(walk, _placed(found, walk), laid)
            case _:
                assert_never(self.refused)

    def _hedge(self, walk: Walk, laid: Portfolio) -> None:
        """What status would have done about hedges: those overdue closed, the others ordered again or rolled."""
        if not walk.book.hedges:
            return
        inputs = inputs_at(laid)
        overdue = frozenset(asset for asset, each in walk.book.hedges.items() if each.is_over(inputs.now))
        if overdue:
            unwind = build_unwind(laid, walk.book, inputs=inputs, assets=overdue, purpose=Purpose.HEDGE)
            if not unwind.refused:
                self._place(walk, Placed.of(unwind), laid)
        asks = tuple(_asks(Desk.of(laid, walk.book, now=inputs.now)))
        if asks:
            plan = build_hedge(laid, walk.book, asks=asks, inputs=inputs)
            if plan.refused:
                _refused(walk, plan.findings[0], laid)
            else:
                self._place(walk, Placed.of(plan), laid)

    def _place(self, walk: Walk, placed: Placed, laid: Portfolio) -> None:
        walk.place(tuple(carried_out(placed, walk.book, laid, slippage=self.slippage)), laid)
        walk.tally.plans += bool(placed.orders or placed.transfers)
        walk.tally.orders += len(placed.orders)


@frozen
class Still:
    """Nothing is ever done. ``unhedged``: every future is closed at the start, at its mark and free of cost."""

    name: str
    unhedged: bool = False

    def begin(self, walk: Walk) -> None:
        """The stated book, or its coins alone."""
        if self.unhedged:
            close_all(walk)

    def act(self, walk: Walk, n: int) -> None:
        """Do nothing."""


def close_all(walk: Walk, *, purpose: Purpose | None = None) -> None:
    """Close futures at their marks, free of cost: all of them, or the parts of one purpose."""
    laid = walk.quotes.at(0)
    events: list[Event] = []
    for position in walk.book.listed:
        fill = closing(position, laid.market.mark(position.contract), ZERO)
        parts = tuple(part for part in fill.parts if purpose in (None, part.purpose))
        signed = sum((part.contracts for part in parts), ZERO)
        if parts:
            events.append(replace(fill, contracts=signed, parts=parts))
    if purpose is None:
        events += [HedgeAsked(asset, ZERO) for asset in walk.book.hedges]
    walk.happen(tuple(events), laid, into="slippage")


def _asks(laid: Desk) -> Iterator[Ask]:
    """The hedges that have left what was asked, or sit on what expires soon, as they are ordered again."""
    covered = cover(laid.portfolio, laid.book)
    for asset, asked in sorted(laid.book.hedges.items()):
        if asked.is_over(laid.now):
            continue
        sits_on = tuple(position.contract for position in in_the_way(asset, laid))
        if any(_expires_soon(contract, laid) for contract in sits_on):
            found, stays = rolling(
                asset, sits_on, until=asked.until, portfolio=laid.portfolio, served=laid.served, now=laid.now
            )
            yield Ask(asset, asked.fraction, found, asked.until, stays=stays)
        elif hedge_moves(asset, asked.fraction, covered, desk=laid):
            found = tuple(sorted(laid.candidates(asset, SHORT), key=lambda each: each.contract not in sits_on))
            yield Ask(asset, asked.fraction, found, asked.until)


def _expires_soon(contract: Contract, laid: Desk) -> bool:
    return contract.expiry is not None and contract.expiry - laid.now < SOONEST_EXPIRY


def _placed(found: BarePlan, walk: Walk) -> Placed:
    return Placed(found.done.orders, found.done.transfers, hedge_lines(walk.book.hedges))


def _refused(walk: Walk, error: Finding, laid: Portfolio) -> None:
    """Count a plan that was refused, by the first of its findings."""
    walk.tally.refusals.append(Refusal(walk.time_of(laid), error.code.value, error.subject, error.message))
