"""By which contract the leg of each asset is carried, and what of it no contract or no coin can carry."""

from collections.abc import Iterable, Mapping, Sequence

from rebal.amounts import ONE, Fraction, total, up
from rebal.book import Purpose
from rebal.frozen import frozen
from rebal.planner.collateral import Shortage, last_that
from rebal.planner.desk import Desk
from rebal.planner.routes import Candidate
from rebal.planner.sizing import Leg, Passed, carried_usd, fully_reducing, legs_for
from rebal.portfolio import Portfolio

_Taken = Mapping[str, Sequence[Leg]]


@frozen
class Carried:
    """The legs that carry what an asset is off by; ``opening``: the contract of what closing does not do.

    ``passed``: the contracts better liked for which the coins do not do. ``covered``: False where no contract serves
    the asset, where no coin margins the least order of one, or where the leg was shrunk to what is margined.
    """

    opening: Candidate | None
    legs: tuple[Leg, ...]
    opens: bool
    passed: tuple[Passed, ...] = ()
    covered: bool = True


@frozen
class Shrink:
    """What becomes of a leg that coins do not carry whole: ``to_nothing`` where they carry none of it, ``to_fit``."""

    to_nothing: bool
    to_fit: bool


def carry(
    wanted: Mapping[str, Fraction], desk: Desk, *, shrink: Shrink, settled: Mapping[str, Carried] | None = None
) -> dict[str, Carried]:
    """Carry the dollars that each asset's exposure is to move by, each by the first contract that has its collateral.

    Where the coins do for the first contract of every asset, that is it. Otherwise they are given out in turn: first to
    what is ``settled`` already, then to legs that only close, then by name.
    """
    known = settled or {}
    plain = {asset: known.get(asset) or _by_first(asset, dollars, desk) for asset, dollars in sorted(wanted.items())}
    legs: dict[str, list[Leg]] = {}
    for leg in (leg for each in plain.values() for leg in each.legs):
        legs.setdefault(desk.pot(leg.contract), []).append(leg)
    opened = {desk.pot(each.opening.contract) for each in plain.values() if each.opening is not None and each.opens}
    if not any(desk.shortages(pot, legs[pot]) for pot in sorted(opened)):
        return plain
    taken: dict[str, list[Leg]] = {}
    carried: dict[str, Carried] = {}
    for asset in sorted(plain, key=lambda asset: (asset not in known, plain[asset].opens, asset)):
        in_turn = plain[asset].opens and asset not in known
        carried[asset] = _in_turn(asset, wanted[asset], desk, taken, shrink=shrink) if in_turn else plain[asset]
        for leg in carried[asset].legs:
            taken.setdefault(desk.pot(leg.contract), []).append(leg)
    return dict(sorted(carried.items()))


def moved_usd(carried: Carried, portfolio: Portfolio) -> Fraction:
    """Dollars that the legs move the exposure of their asset by."""
    return total(carried_usd(leg, portfolio) for leg in carried.legs)


def _by_first(asset: str, dollars: Fraction, desk: Desk) -> Carried:
    found = desk.candidates(asset)
    closing = _legs(asset, dollars, None, desk)
    if not found:
        undone = dollars - total(carried_usd(leg, desk.portfolio) for leg in closing)
        return Carried(None, closing, opens=False, covered=fully_reducing(closing, undone, desk.portfolio))
    legs = _legs(asset, dollars, found[0], desk)
    return Carried(found[0], legs, opens=len(legs) > len(closing))


def _in_turn(asset: str, dollars: Fraction, desk: Desk, taken: _Taken, *, shrink: Shrink) -> Carried:
    closing = _legs(asset, dollars, None, desk)
    passed: list[Passed] = []
    for candidate in desk.candidates(asset):
        legs = _legs(asset, dollars, candidate, desk)
        if len(legs) == len(closing):
            continue  # its lot is too large for this leg
        lacking = _lacking(legs, desk, taken)
        if not lacking:
            return Carried(candidate, legs, opens=True, passed=tuple(passed))
        passed.append(Passed(candidate, legs[-1].contracts, lacking[0]))
    first = passed[0].candidate
    whole = Carried(first, _legs(asset, dollars, first, desk), opens=True, passed=tuple(passed))
    if not shrink.to_nothing:
        return whole
    legs, opening = closing, first
    for each in passed:
        tried = _Shrinking(asset, dollars, legs, each.candidate, desk, taken)
        if not tried.opens():
            continue
        if not shrink.to_fit:
            return whole
        legs, opening = tried.largest(), each.candidate
    return Carried(opening, legs, opens=len(legs) > len(closing), passed=tuple(passed), covered=False)


@frozen
class _Shrinking:
    """What the ``before`` legs of an asset leave of its dollars, on a contract whose coins do not carry all of it."""

    asset: str
    dollars: Fraction
    before: tuple[Leg, ...]
    candidate: Candidate
    desk: Desk
    taken: _Taken

    @property
    def least(self) -> int:
        """The lots of the least order that the venue and the policy take."""
        contract, portfolio = self.candidate.contract, self.desk.portfolio
        one = contract.notional(ONE, portfolio.market.mark(contract))
        smallest = max(contract.lot_size, contract.min_contracts, portfolio.policy.min_order / one)
        return int(up(smallest, contract.lot_size) / contract.lot_size)

    @property
    def whole(self) -> int:
        """The lots of all that is left, signed."""
        portfolio = self.desk.portfolio
        left = self.dollars - total(carried_usd(leg, portfolio) for leg in self.before)
        return int(left / carried_usd(self.leg(1), portfolio))

    def leg(self, lots: int) -> Leg:
        contracts = lots * self.candidate.contract.lot_size
        return Leg(self.candidate.contract, contracts, self.candidate.route, Purpose.REBALANCE, self.asset)

    def fits(self, lots: int) -> bool:
        return not _lacking((*self.before, self.leg(lots)), self.desk, self.taken)

    def opens(self) -> bool:
        """Whether the coins do for a least order of what is left."""
        whole = self.whole
        return abs(whole) >= self.least and self.fits(self.least if whole > 0 else -self.least)

    def largest(self) -> tuple[Leg, ...]:
        """The legs before, and the most whole lots that the coins margin, where they do the least order's.

        What an account needs is convex in the contracts opened, so that what fits is one stretch of them: it is halved.
        """
        least, whole = self.least, self.whole
        sign = 1 if whole > 0 else -1
        more = last_that(lambda lots: self.fits(sign * (least + lots)), abs(whole) - least)
        return (*self.before, self.leg(sign * (least + more)))


def _lacking(legs: Iterable[Leg], desk: Desk, taken: _Taken) -> tuple[Shortage, ...]:
    """What the accounts of some legs lack, counting what the legs before them already take."""
    own = tuple(legs)
    return tuple(
        shortage
        for pot in sorted({desk.pot(leg.contract) for leg in own})
        for shortage in desk.shortages(pot, [*taken.get(pot, ()), *_in(pot, own, desk)])
    )


def _in(pot: str, legs: Iterable[Leg], desk: Desk) -> list[Leg]:
    return [leg for leg in legs if desk.pot(leg.contract) == pot]


def _legs(asset: str, dollars: Fraction, opening: Candidate | None, desk: Desk) -> tuple[Leg, ...]:
    positions = desk.positions_for.get(asset, ())
    return legs_for(asset, dollars, opening, positions=positions, portfolio=desk.portfolio, now=desk.now)
