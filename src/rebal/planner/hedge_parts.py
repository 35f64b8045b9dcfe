"""A hedge over several accounts: each protects what it may, what is left goes on, the finest lot closes the rest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.amounts import ONE, ZERO, Fraction
from rebal.planner.collateral import last_that
from rebal.planner.desk import Desk
from rebal.planner.routes import Candidate
from rebal.planner.sizing import Leg, Passed, least_lots
from rebal.planner.splitting import lacking, purse, uncapped
from rebal.planner.targets import lot_usd
from rebal.portfolio import Route

if TYPE_CHECKING:
    from rebal.planner.hedge_legs import Ask, Mark, Tally


def open_in_parts(
    tally: "Tally", ask: "Ask", own: Sequence[Leg], *, taken: Sequence[Leg], desk: Desk
) -> tuple[Passed, ...]:
    """Sell what is missing of a hedge on its candidates in turn, each as far as its cap, its lots and its coins go.

    ``own``: the hedge's legs so far, ``taken``: those of the hedges before. What the lots of one leave goes on by the
    same route alone. What no account carries is left on the first that could not, for its shortage to be told.
    """
    books = _Books(desk, taken, own)
    parts: list[tuple[Candidate, Leg]] = []
    passed: list[Passed] = []
    route: Route | None = None
    start = tally.taken()
    for candidate in ask.candidates:
        is_asked = any(purse(each, desk) == purse(candidate, desk) for each, _ in parts)
        whole = None if is_asked or route not in (None, candidate.route) else tally.opening(ask, candidate)
        if whole is None:
            continue
        legs = [leg for _, leg in parts]
        most = books.most(whole, legs)
        if most is not None:
            tally.take(most)
            parts.append((candidate, most))
        if most == whole:
            route = candidate.route
        elif route is None and not any(purse(each.candidate, desk) == purse(candidate, desk) for each in passed):
            passed.append(books.passed(candidate, whole, most, before=legs))
    if route is None:
        _leave_the_rest(tally, ask, passed)
    else:
        _close_with_the_finest(tally, ask, parts, books=books, start=start, desk=desk)
    if parts or passed:
        tally.skipped.pop(ask.asset, None)
    carried = {leg.contract: leg.contracts for leg in tally.legs[len(start[-1]) :]} if route is not None else {}
    return tuple(replace(each, carried=carried.get(each.candidate.contract, each.carried)) for each in passed)


class _Books:
    """Whether the coins are there for legs, after those that are decided."""

    __slots__ = ("_desk", "_own", "_taken")

    def __init__(self, desk: Desk, taken: Sequence[Leg], own: Sequence[Leg]) -> None:
        self._desk = desk
        self._own = own
        self._taken: dict[str, list[Leg]] = {}
        for leg in taken:
            self._taken.setdefault(desk.pot(leg.contract), []).append(leg)

    def carry(self, legs: Sequence[Leg]) -> bool:
        """Whether nothing lacks."""
        return not lacking([*self._own, *legs], self._desk, self._taken)

    def most(self, whole: Leg, before: Sequence[Leg]) -> Leg | None:
        """The most lots of a leg that the coins margin; None where they do not margin the least order."""
        if self.carry([*before, whole]):
            return whole
        contract = whole.contract
        sign = ONE if whole.contracts > 0 else -ONE
        least, lots = least_lots(contract, self._desk.portfolio), int(abs(whole.contracts) / contract.lot_size)
        if lots < least or not self.carry([*before, _sized(whole, sign * least)]):
            return None
        more = last_that(lambda n: self.carry([*before, _sized(whole, sign * (least + n))]), lots - least)
        return _sized(whole, sign * (least + more))

    def passed(self, candidate: Candidate, whole: Leg, most: Leg | None, *, before: Sequence[Leg]) -> Passed:
        """What a contract carries less than it was asked for, and what is in the way."""
        every = [*self._own, *before, whole]
        free = uncapped(candidate.contract, self._desk)
        is_capped = free is not None and not lacking(every, free, self._taken)
        carried = ZERO if most is None else most.contracts
        return Passed(candidate, whole.contracts, lacking(every, self._desk, self._taken)[0], carried, is_capped)


def _sized(leg: Leg, lots: Fraction) -> Leg:
    return Leg(leg.contract, lots * leg.contract.lot_size, leg.route, leg.purpose, leg.stands_for)


def _leave_the_rest(tally: "Tally", ask: "Ask", passed: Sequence[Passed]) -> None:
    for each in passed:
        rest = tally.opening(ask, each.candidate)
        if rest is not None:
            tally.take(rest)
            return


def _close_with_the_finest(
    tally: "Tally", ask: "Ask", parts: Sequence[tuple[Candidate, Leg]], *, books: _Books, start: "Mark", desk: Desk
) -> None:
    """One lot more of the last coarse part and so much less of the finest, where that leaves less of the hedge open."""

    def size(candidate: Candidate) -> Fraction:
        return lot_usd(ask.asset, candidate.contract, desk.portfolio)

    done, price = tally.taken(), desk.portfolio.price(ask.asset)
    finest, _ = min(parts, key=lambda part: size(part[0]))
    if len(parts) < 2 or tally.missing(ask) * price < size(finest):
        return
    for coarse, leg in reversed([part for part in parts if size(part[0]) > size(finest)]):
        tally.back_to(start)
        others = [each for candidate, each in parts if candidate not in (coarse, finest)]
        turned = [*others, Leg(leg.contract, leg.contracts - leg.contract.lot_size, leg.route, leg.purpose, ask.asset)]
        for each in turned:
            tally.take(each)
        rest = tally.opening(ask, finest)
        if rest is not None and books.carry([*turned, rest]):
            tally.take(rest)
            return
    tally.back_to(done)
