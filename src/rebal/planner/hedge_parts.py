"""A hedge over several accounts: each protects what it may, what is left goes on, the finest lot closes the rest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.amounts import ONE, Fraction, total
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

    ``own``: the hedge's legs so far, ``taken``: those of the hedges before. First with the coins that are there or come
    from spot, what that leaves with such as another account can do without. What no account carries is left on the
    first that could not, for its shortage to be told.
    """
    start, parts = tally.taken(), _Parts(tally, ask)
    parts.go_round(desk.still, _Books(desk.still, taken, own))
    if parts.route is None and desk.still is not desk:
        parts.go_round(desk, _Books(desk, taken, own))
    if parts.route is None:
        _leave_the_rest(tally, ask, parts.passed)
    else:
        _close_with_the_finest(tally, ask, parts.taken, books=_Books(desk, taken, own), start=start, desk=desk)
    if parts.taken or parts.passed:
        tally.skipped.pop(ask.asset, None)
    return tuple(replace(each, carried=parts.carried(each.candidate, since=start)) for each in parts.passed)


class _Parts:
    """A hedge while it is given to accounts; see ``splitting``."""

    __slots__ = ("_ask", "_tally", "passed", "route", "taken")

    def __init__(self, tally: "Tally", ask: "Ask") -> None:
        self._tally = tally
        self._ask = ask
        self.taken: list[tuple[Candidate, Leg]] = []
        self.passed: list[Passed] = []
        self.route: Route | None = None

    def go_round(self, desk: Desk, books: "_Books") -> None:
        """Offer what is left to each contract in turn, one for each purse."""
        asked, is_first = set(), not self.passed
        for candidate in self._ask.candidates:
            coins = purse(candidate, desk)
            is_left = coins not in asked and self.route in (None, candidate.route)
            whole = self._tally.opening(self._ask, candidate) if is_left else None
            if whole is None:
                continue
            legs = [leg for _, leg in self.taken]
            most = books.most(whole, legs)
            if most == whole:
                self.route = candidate.route
            elif is_first and self.route is None and coins not in {purse(each.candidate, desk) for each in self.passed}:
                self.passed.append(books.passed(candidate, whole, before=legs))
            if most is not None:
                asked.add(coins)
                self._tally.take(most)
                self.taken.append((candidate, most))

    def carried(self, candidate: Candidate, *, since: "Mark") -> Fraction:
        """Signed contracts that a candidate opens where the accounts carry all; else those that its coins margin."""
        legs = self._tally.legs[len(since[-1]) :] if self.route is not None else [leg for _, leg in self.taken]
        return total(leg.contracts for leg in legs if leg.contract is candidate.contract)


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

    def passed(self, candidate: Candidate, whole: Leg, *, before: Sequence[Leg]) -> Passed:
        """What a contract cannot carry whole, and what is in the way."""
        every = [*self._own, *before, whole]
        free = uncapped(candidate.contract, self._desk)
        is_capped = free is not None and not lacking(every, free, self._taken)
        return Passed(candidate, whole.contracts, lacking(every, self._desk, self._taken)[0], capped=is_capped)


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
