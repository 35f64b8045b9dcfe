"""A leg over several accounts: each carries what it may and its coins margin, what is left goes on to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import ZERO, Fraction, total
from rebal.book import Purpose
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.planner.collateral import Shortage, last_that
from rebal.planner.desk import Desk
from rebal.planner.routes import Candidate
from rebal.planner.sizing import Leg, Passed, carried_usd, closing_legs, least_lots
from rebal.portfolio import Route

Taken = Mapping[str, Sequence[Leg]]
"""The legs that coins are given to already, by the pot that margins them."""


@frozen
class Offer:
    """What the ``before`` legs of an asset leave of its dollars, on a contract whose coins may not carry all of it."""

    asset: str
    dollars: Fraction
    before: tuple[Leg, ...]
    candidate: Candidate
    desk: Desk
    taken: Taken

    @property
    def least(self) -> int:
        """The lots of the least order that the venue and the policy take."""
        return least_lots(self.candidate.contract, self.desk.portfolio)

    @property
    def whole(self) -> int:
        """The lots of all that is left, signed."""
        portfolio = self.desk.portfolio
        left = self.dollars - total(carried_usd(leg, portfolio) for leg in self.before)
        return int(left / self.lot_usd)

    @property
    def lot_usd(self) -> Fraction:
        """Dollars of the asset in one lot."""
        return carried_usd(self.leg(1), self.desk.portfolio)

    def left_usd(self, legs: Iterable[Leg]) -> Fraction:
        """Dollars of the leg that some legs leave, positive."""
        return abs(self.dollars - total(carried_usd(leg, self.desk.portfolio) for leg in legs))

    def leg(self, lots: int) -> Leg:
        """So many lots as a leg."""
        contracts = lots * self.candidate.contract.lot_size
        return Leg(self.candidate.contract, contracts, self.candidate.route, Purpose.REBALANCE, self.asset)

    def lacking(self, lots: int) -> tuple[Shortage, ...]:
        """What accounts would lack with so many lots."""
        return lacking((*self.before, self.leg(lots)), self.desk, self.taken)

    def opens(self) -> bool:
        """Whether the coins do for a least order of what is left."""
        whole = self.whole
        return abs(whole) >= self.least and not self.lacking(self.least if whole > 0 else -self.least)

    def most(self) -> int:
        """The most whole lots, signed, that the coins margin, where they do the least order's.

        What an account needs is convex in the contracts opened, so that what fits is one stretch of them: it is halved.
        """
        least, whole = self.least, self.whole
        sign = 1 if whole > 0 else -1
        return sign * (least + last_that(lambda more: not self.lacking(sign * (least + more)), abs(whole) - least))

    def largest(self) -> tuple[Leg, ...]:
        """The legs before, and the most of this one."""
        return (*self.before, self.leg(self.most()))


def lacking(legs: Iterable[Leg], desk: Desk, taken: Taken) -> tuple[Shortage, ...]:
    """What the accounts of some legs lack, counting what the legs before them already take.

    Of several accounts, without what those before them lack as much themselves: one leg that no coin carries is no
    reason to leave the others.
    """
    own = tuple(legs)
    return tuple(
        shortage
        for pot in sorted({desk.pot(leg.contract) for leg in own})
        for shortage in _shortages(pot, [leg for leg in own if desk.pot(leg.contract) == pot], desk, taken)
    )


def _shortages(pot: str, own: list[Leg], desk: Desk, taken: Taken) -> Iterable[Shortage]:
    before = taken.get(pot, ())
    found = desk.shortages(pot, [*before, *own])
    if not found or not before or not desk.portfolio.has_several:
        return found
    known = {each.account.name: each.missing for each in desk.shortages(pot, before)}
    return [each for each in found if each.missing > known.get(each.account.name, ZERO)]


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

    What the lots of one leave goes on to another account by the same route alone: it is no reason to open another kind
    of contract. The rest is closed with the finest lot among the parts.
    """
    closing, remaining = _closing(asset, dollars, desk)
    if remaining is None:
        return Split(closing, (), None, opens=False)
    parts: list[tuple[Offer, int]] = []
    passed: list[Passed] = []
    route: Route | None = None
    for candidate in desk.candidates(asset, dollars):
        offer = Offer(asset, dollars, _with(closing, parts), candidate, desk, taken)
        whole = offer.whole
        if _is_asked(candidate, parts, desk) or abs(whole) < offer.least or route not in (None, candidate.route):
            continue
        short = offer.lacking(whole)
        lots = whole if not short else offer.most() if offer.opens() else 0
        if lots:
            parts.append((offer, lots))
        if not short:
            route = candidate.route
        elif route is None and not any(purse(each.candidate, desk) == purse(candidate, desk) for each in passed):
            passed.append(Passed(candidate, offer.leg(whole).contracts, short[0], capped=_is_capped(offer)))
    parts = _closed_with_the_finest(parts, closing)
    legs = _with(closing, parts)
    over = (each.candidate for each in passed if _takes(Offer(asset, dollars, legs, each.candidate, desk, taken)))
    carried = {offer.candidate: offer.leg(lots).contracts for offer, lots in parts}
    told = tuple(replace(each, carried=carried.get(each.candidate, ZERO)) for each in passed)
    return Split(legs, told, next(over, None) if route is None else None, opens=bool(parts))


def goes_on(asset: str, dollars: Fraction, desk: Desk, *, legs: tuple[Leg, ...]) -> bool:
    """Whether what the legs of the first account leave of a leg is an order at another."""
    if not desk.portfolio.has_several or _closing(asset, dollars, desk)[1] is None:
        return False
    found = desk.candidates(asset, dollars)
    return any(
        each.route is found[0].route and purse(each, desk) != purse(found[0], desk)
        and _takes(Offer(asset, dollars, legs, each, desk, {}))
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


def _with(closing: tuple[Leg, ...], parts: Iterable[tuple[Offer, int]]) -> tuple[Leg, ...]:
    return (*closing, *(offer.leg(lots) for offer, lots in parts))


def _takes(offer: Offer) -> bool:
    return abs(offer.whole) >= offer.least


def _is_asked(candidate: Candidate, parts: Iterable[tuple[Offer, int]], desk: Desk) -> bool:
    """Whether the coins behind a contract carry a part already, as much as they do."""
    return any(purse(offer.candidate, desk) == purse(candidate, desk) for offer, _ in parts)


def purse(candidate: Candidate, desk: Desk) -> str:
    """What margins a contract: the coins of one kind at its account, or all of a pooled one's."""
    contract = candidate.contract
    pooled = desk.portfolio.account(contract.account).pooling is not None
    return contract.account if pooled else contract.wallet


def _closed_with_the_finest(parts: list[tuple[Offer, int]], closing: tuple[Leg, ...]) -> list[tuple[Offer, int]]:
    """The parts, one lot more of the last coarse one and less of the finest where that brings them nearer.

    The finest may stand first, filled to what it can carry, so that what the lots of those after it leave finds no room
    on it: they take a lot more then, and it so much less that its own lot is all that is left.
    """
    if len(parts) < 2:
        return parts
    finest = min(range(len(parts)), key=lambda n: parts[n][0].lot_usd)
    fine, lots = parts[finest]
    over = fine.left_usd(_with(closing, parts))
    for n in reversed(range(len(parts))):
        coarse, taken = parts[n]
        fewer = -int((over - coarse.lot_usd) // fine.lot_usd)
        if over >= fine.lot_usd and coarse.lot_usd > fine.lot_usd and abs(lots) - fewer >= fine.least:
            sign = 1 if lots > 0 else -1
            turned = [*parts]
            turned[n], turned[finest] = (coarse, taken + sign), (fine, lots - sign * fewer)
            if not lacking(_with(closing, turned), fine.desk, fine.taken):
                return turned
    return parts


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
