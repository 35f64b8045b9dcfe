"""A leg over several accounts: each carries what it may and its coins margin, what is left goes on to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import COIN_STEP, ZERO, Fraction, total
from rebal.book import Purpose
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import INVERSE, Contract
from rebal.market.margin import Held, asks_no_less
from rebal.planner.candidates import Candidate
from rebal.planner.collateral import Shortage, last_that, need
from rebal.planner.desk import Desk
from rebal.planner.sizing import Leg, Passed, carried_usd, closing_legs, least_lots
from rebal.planner.targets import lot_usd
from rebal.policy import Route

Taken = Mapping[str, Sequence[Leg]]
"""The legs that coins are given to already, by the pot that margins them."""


@frozen
class Offer(Worked):
    """What the ``before`` legs of an asset leave of its dollars, on a contract whose coins may not carry all of it."""

    asset: str
    dollars: Fraction
    before: tuple[Leg, ...]
    candidate: Candidate
    desk: Desk
    taken: Taken

    @property
    def least(self) -> int:
        """The lots of the least order that venue and policy take; of several accounts what an order lacks of it.

        Not where coins would come from another account for it: less than an order of its own sets nothing in motion.
        Nor at a sole account, whose desk is never still.
        """
        contract = self.candidate.contract
        if self.desk.travels:
            return self.minimum
        ordered = abs(total(leg.contracts for leg in self.before if leg.contract.name == contract.name))
        return max(1, self.minimum - int(ordered / contract.lot_size))

    @property
    def minimum(self) -> int:
        """The same of an order of its own."""
        return least_lots(self.candidate.contract, self.desk.portfolio)

    @property
    def first(self) -> int:
        """The lots from which on it opens: those of the least order beyond what other legs on the contract undo of it.

        Legs against each other are one order, their net: where that is below the least nothing is ordered, and nothing
        lacks.
        """
        contract, sign = self.candidate.contract, 1 if self.whole > 0 else -1
        others = [*self.taken.get(self.desk.pot(contract), ()), *self.before]
        if not others:
            return self.least  # as of most coins, of which nothing is undone
        against = total(leg.contracts for leg in others if leg.contract.name == contract.name) * -sign
        undone = int(against / contract.lot_size)
        return self.least if undone <= 0 or undone - self.least >= self.minimum else undone + self.minimum

    @once
    def whole(self) -> int:
        """The lots of all that is left, signed."""
        left = self.dollars
        if self.before:
            left -= total([carried_usd(leg, self.desk.portfolio) for leg in self.before])
        return int(left / self.lot_usd)

    @property
    def lot_usd(self) -> Fraction:
        """Dollars of the asset in one lot."""
        return lot_usd(self.asset, self.candidate.contract, self.desk.portfolio)

    def left_usd(self, legs: Iterable[Leg]) -> Fraction:
        """Dollars of the leg that some legs leave, positive."""
        return abs(self.dollars - total(carried_usd(leg, self.desk.portfolio) for leg in legs))

    def leg(self, lots: int) -> Leg:
        """So many lots as a leg."""
        return _leg(self.asset, self.candidate, lots)

    def lacking(self, lots: int) -> tuple[Shortage, ...]:
        """What accounts would lack with so many lots."""
        return lacking((*self.before, self.leg(lots)), self.desk, self.taken)

    def opens(self, lacked: Shortage | None = None) -> bool:
        """Whether the coins do for a least order of what is left; ``lacked``: what all of it lacks, where it does."""
        if lacked is not None and self._is_alone(lacked):
            return self._opens_alone(lacked)
        whole, first = self.whole, self.first
        return abs(whole) >= first and not self.lacking(first if whole > 0 else -first)

    def _is_alone(self, lacked: Shortage) -> bool:
        """Whether an inverse contract is all that its coins, in a cross wallet, would carry."""
        portfolio, contract = self.desk.portfolio, self.candidate.contract
        pot = self.desk.pot(contract)
        return (
            contract.kind is INVERSE
            and lacked.account.contract is None
            and not (portfolio.is_linked or portfolio.has_several)
            and not (self.before or self.taken.get(pot) or pot in self.desk.positions_in)
        )

    def _opens_alone(self, lacked: Shortage) -> bool:
        """What ``opens`` tells then: there is as much to post for some of a leg as for all, if all of it lacks.

        All of it is an order, or it would lack nothing, and so no less than the least of them.
        """
        contract, portfolio = self.candidate.contract, self.desk.portfolio
        (whole,) = lacked.account.held_after
        least = self.least * contract.lot_size
        # a step more, as the fee of every order is rounded up
        if least / abs(whole.contracts) * lacked.needed + COIN_STEP <= lacked.available and asks_no_less(contract):
            return True
        mark, signed = portfolio.market.mark(contract), least if whole.contracts > 0 else -least
        asked = need((Held(contract, signed, mark, mark),), portfolio)
        return asked.least(contract.fee(signed, mark, contract.taker_fee)) <= lacked.available

    def most(self) -> int:
        """The most whole lots, signed, that the coins margin, where they do the least order's.

        What an account needs is convex in the contracts opened, so that what fits is one stretch of them: it is halved.
        """
        first, whole = self.first, self.whole
        sign = 1 if whole > 0 else -1
        return sign * (first + last_that(lambda more: not self.lacking(sign * (first + more)), abs(whole) - first))

    def largest(self) -> tuple[Leg, ...]:
        """The legs before, and the most of this one."""
        return (*self.before, self.leg(self.most()))


def lacking(legs: Iterable[Leg], desk: Desk, taken: Taken) -> tuple[Shortage, ...]:
    """What the accounts of some legs lack, counting what the legs before them already take.

    Of several accounts, without what those before them lack as much themselves: one leg that no coin carries is no
    reason to leave the others.
    """
    in_pot = desk.by_pot(legs).items()
    return tuple([shortage for pot, own in in_pot for shortage in _shortages(pot, own, desk, taken)])


def in_the_way(short: Sequence[Shortage], contract: Contract) -> Shortage:
    """Which of several shortages is told of a contract: that of what margins it, or of its account, the first by name.

    Another is of what closes first, and says nothing of the coins that the contract would take.
    """

    def apart(shortage: Shortage) -> tuple[bool, bool, str]:
        account = shortage.account
        is_own = account.wallet == contract.wallet if account.contract is None else account.contract == contract.name
        return not is_own, account.at != contract.account, account.name

    return short[0] if len(short) == 1 else min(short, key=apart)


def _shortages(pot: str, own: list[Leg], desk: Desk, taken: Taken) -> Iterable[Shortage]:
    before = taken.get(pot, ())
    found = desk.shortages(pot, [*before, *own])
    if not found or not before or not desk.portfolio.has_several:
        return found
    known = {each.account.name: each.missing for each in desk.shortages(pot, before, decided=True)}
    more = [each for each in found if each.missing > known.get(each.account.name, ZERO)]
    # coins of an account may stay there for its own legs, but not such as legs before them have sent for
    return more if more or desk.travels else _shortages(pot, own, desk.moving, taken)


@frozen
class Split:
    """A leg in parts: all its legs, what carries less than was left when its turn came, and what no account takes.

    ``left``: the first contract on which coins, not lots, leave something over; None where all of it is carried.
    ``opens``: whether any account opens a part.
    """

    legs: tuple[Leg, ...]
    passed: tuple[Passed, ...]
    left: Candidate | None
    opens: bool


def split(asset: str, dollars: Fraction, desk: Desk, *, taken: Taken) -> Split:
    """Give a leg to the accounts in turn, each as far as its cap, its lots and its coins go.

    First with the coins that are there or come from spot, what that leaves with such as another account can do without.
    The rest is closed with the finest lot among the parts that can still carry one: whose account has the coins, and
    that does not open on one side while a position on the other is still open elsewhere.
    """
    closing, remaining = _closing(asset, dollars, desk)
    if remaining is None:
        return Split(closing, (), None, opens=False)
    parts = _Parts(asset, dollars, closing, taken=taken)
    parts.go_round(desk.still)
    parts.go_round(desk)
    legs = parts.legs()
    over = (each.candidate for each in parts.passed if _takes(Offer(asset, dollars, legs, each.candidate, desk, taken)))
    told = tuple(replace(each, carried=parts.carried(each.candidate)) for each in parts.passed)
    return Split(legs, told, next(over, None) if parts.route is None else None, opens=bool(parts.lots))


class _Parts:
    """A leg while it is given to accounts: ``lots`` by what carries them, ``passed`` with what is in the way of more.

    ``route``: of the part that took all that was left, once there is one. What its lots leave goes on to another
    account by the same route alone: it is no reason to open another kind of contract.
    """

    __slots__ = ("_asset", "_closing", "_desk", "_dollars", "_taken", "lots", "passed", "route")

    def __init__(self, asset: str, dollars: Fraction, closing: tuple[Leg, ...], *, taken: Taken) -> None:
        self._asset = asset
        self._dollars = dollars
        self._closing = closing
        self._taken = taken
        self._desk: Desk | None = None
        self.lots: dict[Candidate, int] = {}
        self.passed: list[Passed] = []
        self.route: Route | None = None

    def go_round(self, desk: Desk) -> None:
        """Offer what is left to each contract in turn, one for each purse."""
        asked, is_first = set(), self._desk is None
        self._desk = desk
        for candidate in desk.candidates(self._asset, self._dollars):
            offer, coins = self._offer(candidate), purse(candidate, desk)
            whole = offer.whole
            if coins in asked or abs(whole) < offer.least or self.route not in (None, candidate.route):
                continue
            short = offer.lacking(whole)
            lots = whole if not short else offer.most() if offer.opens() else 0
            if not short:
                self.route = candidate.route
            elif is_first and self.route is None and not self._is_passed(coins, desk):
                told = in_the_way(short, candidate.contract)
                self.passed.append(Passed(candidate, offer.leg(whole).contracts, told, capped=_is_capped(offer)))
            if lots:
                asked.add(coins)
                self.lots[candidate] = self.lots.get(candidate, 0) + lots
            if not short:
                self.close_with_the_finest()

    def carried(self, candidate: Candidate) -> Fraction:
        """Signed contracts that a candidate opens."""
        return self.lots.get(candidate, 0) * candidate.contract.lot_size

    def close_with_the_finest(self) -> None:
        """Give the last coarse part one lot more and the finest less where that brings the leg nearer.

        The finest may stand first, filled to what it can carry, so that what the lots of those after it leave finds no
        room on it: they take a lot more then, and it so much less that its own lot is all that is left.
        """
        if len(self.lots) < 2:
            return
        finest = min(self.lots, key=lambda each: self._offer(each).lot_usd)
        fine, kept = self._offer(finest), dict(self.lots)
        over = fine.left_usd(self.legs())
        for candidate in reversed(kept):
            coarse = self._offer(candidate)
            fewer = -int((over - coarse.lot_usd) // fine.lot_usd)
            if over >= fine.lot_usd and coarse.lot_usd > fine.lot_usd and abs(kept[finest]) - fewer >= fine.minimum:
                sign = 1 if kept[finest] > 0 else -1
                self.lots |= {candidate: kept[candidate] + sign, finest: kept[finest] - sign * fewer}
                if not lacking(self.legs(), fine.desk, self._taken):
                    return
                self.lots = dict(kept)

    def legs(self) -> tuple[Leg, ...]:
        """All legs as they stand."""
        return (*self._closing, *(_leg(self._asset, each, lots) for each, lots in self.lots.items()))

    def _offer(self, candidate: Candidate) -> Offer:
        assert self._desk is not None
        return Offer(self._asset, self._dollars, self.legs(), candidate, self._desk, self._taken)

    def _is_passed(self, coins: str, desk: Desk) -> bool:
        return any(purse(each.candidate, desk) == coins for each in self.passed)


def _leg(asset: str, candidate: Candidate, lots: int) -> Leg:
    return Leg(candidate.contract, lots * candidate.contract.lot_size, candidate.route, Purpose.REBALANCE, asset)


def goes_on(asset: str, dollars: Fraction, desk: Desk, *, legs: tuple[Leg, ...]) -> bool:
    """Whether what the orders of the first account leave of a leg is an order at another."""
    if not desk.portfolio.has_several or _closing(asset, dollars, desk)[1] is None:
        return False
    found = desk.candidates(asset, dollars)
    ordered = {order.contract for order in desk.orders_of(legs)}
    placed = tuple(leg for leg in legs if leg.contract.name in ordered)
    return any(
        each.route is found[0].route and purse(each, desk) != purse(found[0], desk)
        and _takes(Offer(asset, dollars, placed, each, desk.still, {}))
        for each in found[1:]
    )  # fmt: skip


def served_at(asset: str, dollars: Fraction, desk: Desk) -> int:
    """At how many accounts a leg of an asset could go."""
    return len({candidate.contract.account for candidate in desk.candidates(asset, dollars)})


def _closing(asset: str, dollars: Fraction, desk: Desk) -> tuple[tuple[Leg, ...], Fraction | None]:
    found = desk.candidates(asset, dollars)
    positions = desk.positions_for.get(asset, ())
    return closing_legs(
        asset, dollars, found[0] if found else None, positions=positions, portfolio=desk.portfolio, now=desk.now
    )


def _takes(offer: Offer) -> bool:
    return abs(offer.whole) >= offer.least


def purse(candidate: Candidate, desk: Desk) -> str:
    """What margins a contract: the coins of one kind at its account, or all of a pooled one's."""
    contract = candidate.contract
    pooled = desk.portfolio.account(contract.account).pooling is not None
    return contract.account if pooled else contract.wallet


def _is_capped(offer: Offer) -> bool:
    """Whether more may not sit at the account, where the coins for it are held."""
    desk = uncapped(offer.candidate.contract, offer.desk)
    return desk is not None and not replace(offer, desk=desk).lacking(offer.whole)


def uncapped(contract: Contract, desk: Desk) -> Desk | None:
    """The desk were there no end to what may sit at a contract's account; None where there is none."""
    portfolio = desk.portfolio
    account = portfolio.account(contract.account)
    if account.most_usd is None:
        return None
    told = tuple(replace(each, most_usd=None) if each is account else each for each in portfolio.accounts)
    return replace(desk, portfolio=replace(portfolio, told_accounts=told))
