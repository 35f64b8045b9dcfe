"""A hedge over several accounts: each protects what it may, what is left goes on, the finest lot closes the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.amounts import ONE, ZERO, Fraction
from rebal.planner.candidates import Candidate
from rebal.planner.change import MOST_MORE
from rebal.planner.collateral import last_that
from rebal.planner.desk import Desk
from rebal.planner.sizing import Leg, Passed, least_lots
from rebal.planner.splitting import in_the_way, lacking, purse, uncapped
from rebal.planner.targets import lot_usd
from rebal.policy import Route

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
    parts = _Parts(tally, ask)
    parts.go_round(desk.still, _Books(desk.still, taken, own))
    if parts.route is None:
        parts.go_round(desk, _Books(desk, taken, own))
    if parts.route is None:
        _leave_the_rest(tally, ask, parts.passed)
    if parts.taken or parts.passed:
        tally.skipped.pop(ask.asset, None)
    return tuple(replace(each, carried=parts.carried(each.candidate)) for each in parts.passed)


def closed_with_the_finest(tally: "Tally", ask: "Ask", legs: Sequence[Leg], *, start: "Mark", desk: Desk) -> list[Leg]:
    """The legs that make a hedge smaller, with less than the finest lot left: the last coarse one takes a lot more.

    Finer ones are sized anew behind it, coarse before fine. ``start``: before any of them.
    """
    done, sizes = tally.taken(), {leg: lot_usd(ask.asset, leg.contract, desk.portfolio) for leg in legs}
    if not _is_left(tally, ask, min(sizes.values()), desk):
        return list(legs)
    for coarse in reversed(legs):
        room = int(tally.held(coarse.contract, ask.asset) / coarse.contract.lot_size)
        for lots in range(1, min(room, MOST_MORE) + 1):
            made = _sized_behind(coarse, lots, legs, start=start, tally=tally, ask=ask, sizes=sizes)
            if (
                made
                and not _is_left(tally, ask, min(sizes.values()), desk)
                and not _leaves_scraps(made, tally, ask, desk)
            ):
                tally.skipped.pop(ask.asset, None)
                return made
            tally.back_to(done)
    return list(legs)


def _sized_behind(
    coarse: Leg,
    lots: int,
    legs: Sequence[Leg],
    *,
    start: "Mark",
    tally: "Tally",
    ask: "Ask",
    sizes: Mapping[Leg, Fraction],
) -> list[Leg]:
    """The legs with so many lots more of a coarse one, finer ones sized anew behind it; none where that is too much."""
    direction = ONE if coarse.contracts > 0 else -ONE
    tally.back_to(start)
    made: list[Leg] = []
    for leg in sorted(legs, key=lambda each: -sizes[each]):
        more = direction * lots * coarse.contract.lot_size if leg is coarse else ZERO
        finer = sizes[leg] < sizes[coarse]
        again = tally.closing(ask, leg.contract, direction=direction) if finer else _with(leg, more)
        if again is not None:
            tally.take(again)
            made.append(again)
    return made if tally.missing(ask) * direction <= 0 else []


def _leaves_scraps(made: Sequence[Leg], tally: "Tally", ask: "Ask", desk: Desk) -> bool:
    """Whether less of a hedge than an order of its own is left of a contract that trades."""
    held = [(leg.contract, tally.held(leg.contract, ask.asset)) for leg in made]
    return any(0 < left < least_lots(each, desk.portfolio) * each.lot_size for each, left in held)


def _is_left(tally: "Tally", ask: "Ask", lot: Fraction, desk: Desk) -> bool:
    return abs(tally.missing(ask)) * desk.portfolio.price(ask.asset) >= lot


def _with(leg: Leg, more: Fraction) -> Leg:
    return replace(leg, contracts=leg.contracts + more)


class _Parts:
    """A hedge while it is given to accounts, as a leg is in ``splitting``: ``taken`` by what carries it."""

    __slots__ = ("_ask", "_start", "_tally", "passed", "route", "taken")

    def __init__(self, tally: "Tally", ask: "Ask") -> None:
        self._tally = tally
        self._ask = ask
        self._start = tally.taken()
        self.taken: dict[Candidate, Leg] = {}
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
            legs = list(self.taken.values())
            if desk.travels and _lots(whole) < least_lots(candidate.contract, desk.portfolio):
                self.route = candidate.route  # too little for coins to come from another account
                continue
            most = books.most(whole, legs)
            if most == whole:
                self.route = candidate.route
            elif is_first and self.route is None and coins not in {purse(each.candidate, desk) for each in self.passed}:
                self.passed.append(books.passed(candidate, whole, before=legs))
            if most is not None:
                asked.add(coins)
                self._take(candidate, most)
            if most == whole:
                self._close_with_the_finest(desk, books)

    def carried(self, candidate: Candidate) -> Fraction:
        """Signed contracts that a candidate opens."""
        leg = self.taken.get(candidate)
        return ZERO if leg is None else leg.contracts

    def _take(self, candidate: Candidate, leg: Leg) -> None:
        self._tally.take(leg)
        self.taken[candidate] = replace(leg, contracts=self.carried(candidate) + leg.contracts)

    def _close_with_the_finest(self, desk: Desk, books: "_Books") -> None:
        """One lot more of the last coarse part and so much less of the finest, where that leaves less of it open."""
        sizes = {each: lot_usd(self._ask.asset, each.contract, desk.portfolio) for each in self.taken}
        finest, kept, done = min(sizes, key=sizes.__getitem__), self.taken, self._tally.taken()
        left = self._tally.missing(self._ask) * desk.portfolio.price(self._ask.asset)
        if len(kept) < 2 or left < sizes[finest]:
            return
        for coarse in reversed([each for each in kept if sizes[each] > sizes[finest]]):
            self._tally.back_to(self._start)
            self.taken = {}
            for candidate, leg in kept.items():
                if candidate != finest:
                    more = -leg.contract.lot_size if candidate == coarse else ZERO
                    self._take(candidate, replace(leg, contracts=leg.contracts + more))
            rest = self._tally.opening(self._ask, finest)
            if rest is not None and books.carry([*self.taken.values(), rest]):
                self._take(finest, rest)
                return
        self._tally.back_to(done)
        self.taken = kept


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
        least, lots = least_lots(contract, self._desk.portfolio), _lots(whole)
        if lots < least or not self.carry([*before, _sized(whole, sign * least)]):
            return None
        more = last_that(lambda n: self.carry([*before, _sized(whole, sign * (least + n))]), lots - least)
        return _sized(whole, sign * (least + more))

    def passed(self, candidate: Candidate, whole: Leg, *, before: Sequence[Leg]) -> Passed:
        """What a contract cannot carry whole, and what is in the way."""
        every = [*self._own, *before, whole]
        free = uncapped(candidate.contract, self._desk)
        is_capped = free is not None and not lacking(every, free, self._taken)
        told = in_the_way(lacking(every, self._desk, self._taken), candidate.contract)
        return Passed(candidate, whole.contracts, told, capped=is_capped)


def _lots(leg: Leg) -> int:
    return int(abs(leg.contracts) / leg.contract.lot_size)


def _sized(leg: Leg, lots: Fraction) -> Leg:
    return Leg(leg.contract, lots * leg.contract.lot_size, leg.route, leg.purpose, leg.stands_for)


def _leave_the_rest(tally: "Tally", ask: "Ask", passed: Sequence[Passed]) -> None:
    for each in passed:
        rest = tally.opening(ask, each.candidate)
        if rest is not None:
            tally.take(rest)
            return
